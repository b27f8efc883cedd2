"""How large and how many the values of a schema can be in a request of 3 MiB, as Kubernetes counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.schema_words import INT_OR_STRING

if TYPE_CHECKING:
    from mastractl.values import JsonObject

REQUEST = 3 * 1024 * 1024
"""Bytes of the largest request."""

_TEXTS = {"duration": (3, 32), "date": (12, 12), "date-time": (21, 32)}
"""The least and the greatest length of a text of a format, with its quotation marks."""


def max_elements(schema: JsonObject | None) -> int:
    """The most items, entries or bytes of a value; 0 for numbers, booleans and described objects."""
    schema = schema or {}
    kind = schema.get("type")
    if schema.get(INT_OR_STRING) is True or kind == "string":
        return _text_length(schema)
    if kind == "array":
        inner = schema.get("items")
        limit = schema.get("maxItems")
        return limit if limit is not None else (REQUEST - 2) // (min_size(inner or {}) + 1)
    inner = schema.get("additionalProperties")
    if kind == "object" and isinstance(inner, dict):
        limit = schema.get("maxProperties")
        return limit if limit is not None else (REQUEST - 2) // (min_size(inner) + 6)
    return 0


def _text_length(schema: JsonObject) -> int:
    name = schema.get("format", "")
    limit = schema.get("maxLength")
    if name in _TEXTS:
        return _TEXTS[name][1]
    if limit is not None:
        return int(limit) * (1 if name == "byte" else 4)
    words = schema.get("enum")
    if words and name != "byte":
        return max(len(word.encode()) if isinstance(word, str) else 0 for word in words)
    return REQUEST - 2


def min_size(schema: JsonObject) -> int:
    """The fewest bytes that a value takes in JSON."""
    kind = schema.get("type")
    if schema.get(INT_OR_STRING) is True or kind in ("integer", "number"):
        return 1
    if kind == "boolean":
        return 4
    if kind == "string":
        return _TEXTS.get(schema.get("format", ""), (2, 0))[0]
    if kind == "object" and not isinstance(schema.get("additionalProperties"), dict):
        return 2 + sum(
            _field_size(name, field, schema) for name, field in (schema.get("properties") or {}).items()
        )
    return 2


def _field_size(name: str, field: Any, schema: JsonObject) -> int:
    needed = name in (schema.get("required") or ()) and "default" not in field
    return len(name) + min_size(field) + 4 if needed else 0


def cardinality(schema: JsonObject) -> int:
    """How many values of the schema fit into a request, where nothing above limits them."""
    return REQUEST // (min_size(schema) + 1)


def children(schema: JsonObject) -> int | None:
    """How many values of each part one value of the schema can have; None where that is not limited."""
    is_map = schema.get("type") == "object" and schema.get("additionalProperties") is not None
    word = "maxItems" if schema.get("type") == "array" else "maxProperties" if is_map else ""
    return schema.get(word) if word else 1
