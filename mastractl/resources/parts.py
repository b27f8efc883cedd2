"""What is checked of a document that is to be merged: defaults come after the merge, and so may the rest.

A manifest that is applied says what its author wants and nothing else. If defaults were filled in before
the merge, whoever applies would claim fields that the manifest does not name; so they are filled in
afterwards (as the Kubernetes API server does). And what is applied by one manager of several need not be a
whole resource: then only what it has is checked, and the rest when the merge is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mastractl.resources.schema_words import has_default
from mastractl.resources.structural import compile_schema, version_program

if TYPE_CHECKING:
    from mastractl.errors import Cause
    from mastractl.resources.kinds import Version
    from mastractl.resources.structural import Program, Unknown
    from mastractl.values import JsonObject

Extent = Literal["whole", "declared", "part"]
"""What a document is: a resource with its defaults; one without them, which they would complete; or some
fields of one."""

_OF_THE_WHOLE = frozenset(
    (
        "default",
        "required",
        "minItems",
        "minProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "x-kubernetes-validations",
    )
)
"""What only the whole can obey."""

_PROPERTIES = ("properties", "patternProperties")


def run(
    version: Version,
    document: JsonObject,
    extent: Extent,
    *,
    unknown: Unknown,
    old: JsonObject | None = None,
) -> tuple[JsonObject, list[Cause]]:
    """The document pruned, defaulted if it is to be whole, and everything that is wrong with it.

    `old` is what stood in its place, as the version has it.
    """
    if extent == "part":
        return part_program(version).run(document, unknown=unknown, old=old)
    complete, causes = version_program(version).run(document, unknown=unknown, old=old)
    if extent == "whole" or complete is document:
        return complete, causes
    return part_program(version).scan(document, unknown="prune").document, causes


def part_program(version: Version) -> Program:
    """The program that checks some fields of a resource, compiled once."""
    program: Program | None = version.part_program
    if program is None:
        program = version.part_program = compile_schema(part_schema(version.schema))
    return program


def part_schema(schema: JsonObject) -> JsonObject:
    """What a part must obey. The keys of a list's items must be there: they say which item is meant."""
    return _part(schema, ())


def _part(schema: JsonObject, keys: tuple[str, ...]) -> JsonObject:
    out: dict[str, Any] = {word: value for word, value in schema.items() if word not in _OF_THE_WHOLE}
    for word in _PROPERTIES:
        if isinstance(out.get(word), dict):
            out[word] = {name: _part(child, ()) for name, child in out[word].items()}
    if isinstance(out.get("additionalProperties"), dict):
        out["additionalProperties"] = _part(out["additionalProperties"], ())
    if isinstance(out.get("items"), dict):
        named = (
            out.get("x-kubernetes-list-map-keys", ()) if out.get("x-kubernetes-list-type") == "map" else ()
        )
        out["items"] = _part(out["items"], tuple(named))
    properties = schema.get("properties", {})
    needed = [key for key in keys if not has_default(properties.get(key, {}))]
    return out | {"required": needed} if needed else out
