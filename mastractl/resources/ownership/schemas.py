"""From a schema of a resource to its shape. Compiled once per schema, and each part when first met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources.metadata import resource_schema
from mastractl.resources.ownership.lists import List
from mastractl.resources.ownership.maps import OPEN, Map
from mastractl.resources.ownership.shapes import WHOLE

if TYPE_CHECKING:
    from mastractl.resources.ownership.shapes import Shape
    from mastractl.values import JsonObject

_MOST_SCHEMAS = 256
_shapes: dict[int, tuple[JsonObject, Shape]] = {}
"""By the identity of the schema, which is kept as well, so that no other can have it."""


def shape_of(schema: JsonObject) -> Shape:
    """The shape of the documents of an openAPIV3Schema, completed by what every resource has.

    It is kept for the schema object, which must not be changed any more.
    """
    found = _shapes.get(id(schema))
    if found is not None:
        return found[1]
    if len(_shapes) >= _MOST_SCHEMAS:
        _shapes.clear()
    shape = _object(resource_schema(schema))
    _shapes[id(schema)] = schema, shape
    return shape


def shape(schema: JsonObject) -> Shape:
    """The shape of the values of one schema.

    Objects are owned field by field unless `x-kubernetes-map-type` says `atomic`, lists as a whole unless
    `x-kubernetes-list-type` says `map` or `set` (the defaults of Kubernetes for custom resources). Where
    unknown fields are preserved, nothing is known of them: objects field by field, lists as a whole.
    """
    if schema.get("x-kubernetes-int-or-string") is True:
        return WHOLE
    if schema.get("x-kubernetes-embedded-resource") is True:
        schema = resource_schema(schema, embedded=True)
    match schema.get("type"):
        case "object":
            return _object(schema)
        case "array":
            return _list(schema)
        case None if "properties" in schema or "additionalProperties" in schema:
            return _object(schema)
        case None if schema.get("x-kubernetes-preserve-unknown-fields") is True:
            return OPEN
    return WHOLE


def _object(schema: JsonObject) -> Shape:
    if schema.get("x-kubernetes-map-type") == "atomic":
        return WHOLE
    others = schema.get("additionalProperties")
    return Map(schema.get("properties") or {}, others if isinstance(others, dict) else None, shape)


def _list(schema: JsonObject) -> Shape:
    items = schema.get("items") or {}
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return List()
        case "map":
            keys = schema.get("x-kubernetes-list-map-keys") or []
            fields = items.get("properties") or {}
            defaults = {key: fields[key]["default"] for key in keys if "default" in fields.get(key, {})}
            return List(shape(items), keys, defaults) if keys else WHOLE
    return WHOLE
