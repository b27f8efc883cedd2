"""What an openAPIV3Schema may contain: the rules that make a schema structural.

These are the rules of apiextensions.k8s.io/v1 (`schema/validation.go`, `apis/apiextensions/validation`): a
schema that passes can be pruned, defaulted and compiled, and a real API server takes it unchanged. Every
broken rule is a cause MA130 at the field that breaks it, in words; an unknown keyword is MA101. What
Kubernetes takes although it does not do what it seems to is a warning among the causes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.default_rules import default_causes
from mastractl.resources.jsontypes import TYPES, shown
from mastractl.resources.junctor_rules import junctor_causes, value_causes
from mastractl.resources.rule_forms import rule_form_causes
from mastractl.resources.schema_forms import broken, form_causes, remark
from mastractl.resources.schema_words import (
    EMBEDDED,
    INT_OR_STRING,
    LIST_TYPE,
    MAP_KEYS,
    MAP_TYPE,
    META_FIELDS,
    PRESERVE,
    RULES,
    has_default,
)
from mastractl.resources.sensitive import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.values import JsonObject


def schema_causes(schema: JsonObject, path: FieldPath, *, status: bool = False) -> list[Cause]:
    """Every rule that the schema of a kind breaks, and remarks as warnings among them.

    `path` is where the schema stands in its definition; `status` says that its version has the status
    subresource, which narrows what the root may say.
    """
    found = list(form_causes(schema, path))
    if any(not cause.warning for cause in found):
        return found
    found += [*_root(schema, path, status=status), *_node(schema, path, _Where(root=True))]
    if any(not cause.warning for cause in found):
        return found
    return found + list(default_causes(schema, path))


def ruled_fields(schema: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The fields with CEL rules (x-kubernetes-validations), as document paths; `*` stands for any key."""
    if not isinstance(schema, dict):
        return
    if schema.get(RULES):
        yield path
    for name, child in (schema.get("properties") or {}).items():
        yield from ruled_fields(child, (*path, name))
    for keyword in ("items", "additionalProperties"):
        yield from ruled_fields(schema.get(keyword), (*path, "*"))


class _Where(NamedTuple):
    """Where a schema node stands: the root, in apiVersion, kind or metadata of a resource, or of the root."""

    root: bool = False
    in_meta: bool = False
    in_root_meta: bool = False


_WITH_STATUS = frozenset(
    (
        *("type", "description", "title", "format", "pattern", "multipleOf", "required", "items"),
        *("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength"),
        *("maxItems", "minItems", "uniqueItems", "properties", "externalDocs", "example", PRESERVE, RULES),
    )
)
"""What the root may say beside a status subresource, so that status can be checked by itself."""


def _root(schema: JsonObject, path: FieldPath, *, status: bool) -> Iterator[Cause]:
    if schema.get("type") != "object":
        yield broken("the schema of a kind must have type: object", (*path, "type"))
    if "additionalProperties" in schema:
        yield broken("additionalProperties is not allowed at the root", (*path, "additionalProperties"))
    if schema.get("nullable") is True:
        yield broken("a resource cannot be null", (*path, "nullable"))
    for word, value in schema.items():
        if status and value and word not in _WITH_STATUS and word not in _SAID_ELSEWHERE:
            message = f"{word} is not allowed at the root of a version with the status subresource"
            yield broken(message, (*path, word), hint="status is checked by itself: write it at spec")
    yield from _root_metadata(schema.get("properties", {}).get("metadata", {}), path)


_SAID_ELSEWHERE = ("additionalProperties", "nullable", MARK)


def _root_metadata(metadata: JsonObject, path: FieldPath) -> Iterator[Cause]:
    at = (*path, "properties", "metadata")
    for word, value in metadata.items():
        if value and word not in ("type", "properties", "default"):
            message = f"{word} is not allowed: metadata may only restrict name and generateName"
            yield broken(message, (*at, word))
    for name in metadata.get("properties", {}):
        if name not in ("name", "generateName"):
            message = f"{name} cannot be restricted: metadata may only restrict name and generateName"
            yield broken(message, (*at, "properties", name))


def _node(schema: JsonObject, path: FieldPath, where: _Where) -> Iterator[Cause]:
    if not where.root:
        yield from _typed(schema, path)
    yield from value_causes(schema, path)
    yield from _in_meta(schema, path, where)
    yield from _extensions(schema, path)
    yield from _lists(schema, path)
    yield from _objects(schema, path)
    yield from rule_form_causes(schema, path)
    yield from junctor_causes(schema, path, root=where.root)
    if where.root or schema.get(EMBEDDED):
        yield from _meta_types(schema, path)
    inner = where._replace(root=False)
    for name, child in schema.get("properties", {}).items():
        below = inner
        if name in META_FIELDS and (where.root or schema.get(EMBEDDED)):
            below = _Where(in_meta=True, in_root_meta=where.root)
        yield from _node(child, (*path, "properties", name), below)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict) and not (where.root and word == "additionalProperties"):
            below = inner._replace(in_root_meta=where.in_root_meta or _no_defaults(where, word))
            yield from _node(schema[word], (*path, word), below)


def _no_defaults(where: _Where, word: str) -> bool:
    """Defaults for any key of metadata cannot be told from what is to be pruned there."""
    return where.in_meta and word == "additionalProperties"


def _typed(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    kind = schema.get("type") or None
    if kind is None and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        yield broken("every field needs a type", path, hint=f"one of {', '.join(sorted(TYPES))}")
    elif kind == "null":
        hint = "write nullable: true beside the type of the field"
        yield broken("null is no type", (*path, "type"), hint=hint)
    elif kind is not None and kind not in TYPES:
        yield broken(f"{shown(kind)} is no type", (*path, "type"), hint=f"one of {', '.join(sorted(TYPES))}")
    elif kind is not None and schema.get(INT_OR_STRING):
        message = f"a field with {INT_OR_STRING} takes integers and texts, whatever its type says"
        yield remark(message, (*path, "type"), hint="leave the type out")
    if kind == "array" and "items" not in schema:
        yield broken("an array needs items: the schema of its items", path)


def _in_meta(schema: JsonObject, path: FieldPath, where: _Where) -> Iterator[Cause]:
    if where.in_root_meta and has_default(schema):
        yield broken("there can be no default in apiVersion, kind and metadata", (*path, "default"))
    if where.in_meta and schema.get(EMBEDDED):
        yield broken("no resource can be embedded in apiVersion, kind and metadata", (*path, EMBEDDED))


def _extensions(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if schema.get(PRESERVE) is False:
        yield broken("can only be true; leave it out otherwise", (*path, PRESERVE))
    if schema.get(INT_OR_STRING):
        for word in (PRESERVE, EMBEDDED):
            if schema.get(word):
                yield broken(f"cannot stand beside {INT_OR_STRING}", (*path, word))
    elif schema.get(EMBEDDED):
        if schema.get("type") != "object":
            yield broken("needs type: object beside it", (*path, EMBEDDED))
        if not schema.get("properties") and not schema.get(PRESERVE):
            yield broken(f"needs properties or {PRESERVE}: true beside it", (*path, EMBEDDED))
    if MAP_TYPE in schema and (
        schema.get("type") != "object" or schema[MAP_TYPE] not in ("atomic", "granular")
    ):
        yield broken("must be atomic or granular, on a field of type object", (*path, MAP_TYPE))


def _meta_types(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """apiVersion, kind and metadata of a resource have the types they have everywhere."""
    wanted = {"apiVersion": "string", "kind": "string", "metadata": "object"}
    for name, kind in wanted.items():
        field = schema.get("properties", {}).get(name)
        if field is not None and field.get("type") in TYPES - {kind}:
            at = (*path, "properties", name, "type")
            yield broken(f"{name} of a resource must have type: {kind}", at)


def _objects(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if "additionalProperties" not in schema:
        return
    at = (*path, "additionalProperties")
    if schema.get("properties") and schema["additionalProperties"] is False:
        hint = "leave it out: unknown fields are refused anyway"
        yield broken("additionalProperties and properties exclude each other", at, hint=hint)
    elif schema.get("properties") and schema["additionalProperties"] is not True:
        yield broken("additionalProperties and properties exclude each other", at)
    if schema.get(EMBEDDED):
        yield broken("additionalProperties cannot stand in an embedded resource", at)


def _lists(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    word = schema.get(LIST_TYPE)
    keys = schema.get(MAP_KEYS)
    if word is not None and schema.get("type") != "array":
        yield broken(f"{LIST_TYPE} belongs to a field of type array", (*path, LIST_TYPE))
    elif word not in (None, "atomic", "set", "map"):
        yield broken("must be atomic, set or map", (*path, LIST_TYPE))
    elif word == "map":
        yield from _map_list(schema, keys or [], path)
    elif word == "set":
        yield from _set_list(schema.get("items", {}), (*path, "items"))
    if keys and word != "map":
        yield broken(f"{MAP_KEYS} belongs to {LIST_TYPE}: map", (*path, MAP_KEYS))


def _map_list(schema: JsonObject, keys: list[str], path: FieldPath) -> Iterator[Cause]:
    item = schema.get("items", {})
    if not keys:
        yield broken(f"a map-list needs {MAP_KEYS}: the fields that tell its items apart", path)
    if len(set(keys)) != len(keys):
        yield broken("names a field twice", (*path, MAP_KEYS))
    if item.get("type") != "object":
        yield broken("the items of a map-list must be objects", (*path, "items"))
        return
    if item.get("nullable"):
        yield broken("the items of a map-list cannot be null", (*path, "items", "nullable"))
    for index, key in enumerate(keys):
        yield from _key(key, item, (*path, MAP_KEYS, index))


def _key(key: str, item: JsonObject, path: FieldPath) -> Iterator[Cause]:
    field = item.get("properties", {}).get(key)
    if field is None or field.get("type") in ("array", "object"):
        yield broken(f"{key} must be a field of the items, and a text, number or boolean", path)
        return
    if key not in item.get("required", ()) and not has_default(field):
        yield broken(f"{key} must be required in the items, or have a default", path)
    if field.get("nullable"):
        yield broken(f"{key} cannot be nullable: it tells the items apart", path)


def _set_list(item: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if item.get("nullable"):
        yield broken("the items of a set cannot be null", (*path, "nullable"))
    whole = {"object": (MAP_TYPE, ("atomic",)), "array": (LIST_TYPE, ("atomic", None))}
    word, allowed = whole.get(item.get("type", ""), ("", ()))
    if word and item.get(word) not in allowed:
        yield broken(f"an {item['type']} in a set must be compared as a whole: {word}: atomic", path)
