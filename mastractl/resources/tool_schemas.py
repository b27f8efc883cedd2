"""The JSON Schemas that tools carry (`inputSchema`, `outputSchema`): are they JSON Schemas at all?

jsonschema's metaschemas decide, but importing them costs more than all other checks of a small command. So a
schema of well-known keywords in their plain use is let through here; only others go to the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.jsontypes import TYPES, has_type, identity, is_number, objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.values import JsonObject

TOOL_BEARERS = frozenset(("Tool", "System"))
"""The kinds that carry such schemas."""

FIELDS = ("inputSchema", "outputSchema")
DEPTH_LIMIT = 60
"""Schemas within schemas; nobody writes so many, and the metaschema's recursion is not free."""


def tool_schema_causes(kind: str, document: JsonObject) -> list[Cause]:
    """The faults (MA140) of every tool schema in a Tool or System in canonical form."""
    return [cause for path, schema in _schemas(kind, document) for cause in schema_causes(schema, path)]


def schema_causes(schema: Any, path: FieldPath = ()) -> list[Cause]:
    """What is wrong with one JSON Schema (MA140); `path` is where it stands."""
    if is_plain_schema(schema):
        return []
    from mastractl.resources.judge import check_json_schema  # noqa: PLC0415 - it imports jsonschema

    return check_json_schema(schema, path)


def _schemas(kind: str, document: JsonObject) -> Iterator[tuple[FieldPath, Any]]:
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return
    if kind == "Tool":
        yield from _tool(spec, ("spec",))
    elif kind == "System":
        for index, child in objects(spec.get("tools")):
            yield from _tool(child.get("spec"), ("spec", "tools", index, "spec"))


def _tool(spec: Any, at: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if not isinstance(spec, dict):
        return
    for field in FIELDS:
        if isinstance(spec.get(field), dict):
            yield (*at, field), spec[field]
    for index, function in objects(spec.get("functions")):
        yield from _tool(function, (*at, "functions", index))


def is_plain_schema(schema: Any, depth: int = 0) -> bool:
    """Whether this is a JSON Schema beyond doubt. False means only that it takes a closer look."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict) or depth >= DEPTH_LIMIT:
        return False
    for word, value in schema.items():
        check = _KEYWORDS.get(word)
        if check is None or not check(value, depth + 1):
            return False
    return True


def _text(value: Any, _depth: int) -> bool:
    return isinstance(value, str)


def _anything(_value: Any, _depth: int) -> bool:
    return True


def _number(value: Any, _depth: int) -> bool:
    return is_number(value)


def _positive(value: Any, _depth: int) -> bool:
    return is_number(value) and value > 0


def _size(value: Any, _depth: int) -> bool:
    return has_type(value, "integer") and value >= 0


def _flag(value: Any, _depth: int) -> bool:
    return isinstance(value, bool)


def _values(value: Any, _depth: int) -> bool:
    return isinstance(value, list)


def _words(value: Any, _depth: int) -> bool:
    return (
        isinstance(value, list) and all(isinstance(v, str) for v in value) and len(set(value)) == len(value)
    )


_TYPE_NAMES = TYPES | {"null"}


def _types(value: Any, _depth: int) -> bool:
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name in _TYPE_NAMES for name in names):
        return False
    return len(set(map(identity, names))) == len(names)


def _schema_list(value: Any, depth: int) -> bool:
    return isinstance(value, list) and bool(value) and all(is_plain_schema(each, depth) for each in value)


def _schema_map(value: Any, depth: int) -> bool:
    return isinstance(value, dict) and all(is_plain_schema(each, depth) for each in value.values())


_KEYWORDS: dict[str, Callable[[Any, int], bool]] = {
    **dict.fromkeys(("title", "description", "$comment", "format"), _text),
    **dict.fromkeys(("default", "const"), _anything),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _size
    ),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _flag),
    **dict.fromkeys(("enum", "examples"), _values),
    **dict.fromkeys(
        ("items", "additionalProperties", "not", "if", "then", "else", "contains"), is_plain_schema
    ),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _schema_list),
    **dict.fromkeys(("properties", "$defs"), _schema_map),
    "type": _types,
    "required": _words,
    "multipleOf": _positive,
}
