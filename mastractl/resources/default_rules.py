"""What a default may be: something that its own schema takes as it stands.

As apiextensions.k8s.io/v1 has it (`schema/defaulting/validation.go`): a default may hold no field that would
be pruned, it must be valid before any other default comes in, and obey the rules of its schema. Defaults for
the values of a map are not looked at by Kubernetes, so what is wrong with those is only remarked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import cel_rules, metadata
from mastractl.resources.schema_forms import broken
from mastractl.resources.schema_words import EMBEDDED, META_FIELDS, has_default

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.values import JsonObject


def default_causes(schema: JsonObject, path: FieldPath, *, in_map: bool = False) -> Iterator[Cause]:
    """Defaults that their own schema would not accept; asked only of schemas that break no other rule."""
    if has_default(schema):
        found = _default(schema, (*path, "default"))
        yield from (cause._replace(warning=in_map) for cause in found)
    for name, child in schema.get("properties", {}).items():
        at = (*path, "properties", name)
        if schema.get(EMBEDDED) and name in META_FIELDS:
            yield from _meta_default(name, child, at)
        else:
            yield from default_causes(child, at, in_map=in_map)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            within = in_map or word == "additionalProperties"
            yield from default_causes(schema[word], (*path, word), in_map=within)


def _default(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    from mastractl.resources.structural import compile_schema  # noqa: PLC0415 - few schemas have defaults

    bare = {word: value for word, value in schema.items() if word != "default"}
    program = compile_schema(bare, resource=False)
    found = list(program.check(schema["default"]))
    if not found:  # a rule that cannot be asked at all is a fault of its own
        complete = program.filled(schema["default"])
        found = [c for c in cel_rules.rule_causes(bare, complete, root=False) if c.code == "MA132"]
    for cause in found:
        message = f"the default does not fit its own schema: {cause.message}"
        yield broken(message, (*path, *cause.path), hint=cause.hint, at_key=cause.at_key)


def _meta_default(name: str, schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """Defaults in apiVersion, kind and metadata of an embedded resource: the result must be valid there."""
    if has_default(schema):
        yield from _default(schema, (*path, "default"))
    if name != "metadata":
        return
    given = schema.get("default")
    for field, child in schema.get("properties", {}).items():
        at = (*path, "properties", field)
        yield from default_causes(child, at)
        if has_default(child):
            yield from _bad_meta({field: child["default"]}, (*at, "default"), below=1)
    if isinstance(given, dict):
        yield from _bad_meta(given, (*path, "default"), below=0)


def _bad_meta(found: JsonObject, path: FieldPath, *, below: int) -> Iterator[Cause]:
    for cause in metadata.metadata_causes(found, ()):
        message = f"the default makes no valid metadata: {cause.message}"
        yield broken(message, (*path, *cause.path[below:]), hint=cause.hint, at_key=cause.at_key)
