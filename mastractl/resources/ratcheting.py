"""Ratcheting: a part of a resource that is as it was may stay as it is, even where a new schema forbids it.

As Kubernetes does it (KEP-4008), so that who tightens a schema does not keep everybody from changing anything
else in what was there before. Old and new are compared field by field; items of a list only where the list is
keyed (list-type map), by their keys. Inside any other list nothing is compared: it is as it was or it is not.
apiVersion and kind are never tolerated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.constraints import map_keys
from mastractl.resources.jsontypes import equal, identity
from mastractl.resources.schema_words import LIST_TYPE, MAP_KEYS

if TYPE_CHECKING:
    from mastractl.values import JsonObject

_NEVER = ("apiVersion", "kind")


class Correlation:
    """A document beside the one that stood in its place before, both canonical, pruned and defaulted.

    Parts of the document are known by what they are, not by where they stand, so none may stand in it twice:
    give a copy of what may share parts.
    """

    def __init__(self, schema: JsonObject, document: JsonObject, old: JsonObject) -> None:
        self._root = document
        self._before: dict[int, Any] = {}
        self._walk(schema, document, old)

    def unchanged(self, parent: Any, step: str | int) -> bool:
        """Whether the child of a part of the document is what it was."""
        before = self._before.get(id(parent), _NOTHING)
        if isinstance(step, int):
            child = parent[step]
            return id(child) in self._before and equal(child, self._before[id(child)])
        if parent is self._root and step in _NEVER:
            return False
        return isinstance(before, dict) and step in before and equal(before[step], parent[step])

    def _walk(self, schema: JsonObject, new: Any, old: Any) -> None:
        if isinstance(new, dict) and isinstance(old, dict):
            self._before[id(new)] = old
            properties, others = schema.get("properties", {}), schema.get("additionalProperties")
            for name, value in new.items():
                inner = properties.get(name, others)
                if isinstance(inner, dict) and name in old:
                    self._walk(inner, value, old[name])
        elif isinstance(new, list) and isinstance(old, list) and schema.get(LIST_TYPE) == "map":
            keys = tuple(schema.get(MAP_KEYS) or ())
            before = dict(zip(map(identity, map_keys(old, keys)), old, strict=True))
            for item, key in zip(new, map(identity, map_keys(new, keys)), strict=True):
                if key in before:
                    self._walk(schema.get("items", {}), item, before[key])


_NOTHING = object()
