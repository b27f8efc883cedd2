"""Paths that no document of a schema can have: a field's name misspelt, or put in the wrong place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import spelling

if TYPE_CHECKING:
    from mastractl.resources.paths import Path
    from mastractl.values import JsonObject


class Astray(NamedTuple):
    """The first name on a path that its schema does not know, and those that it knows at that place."""

    name: str
    known: tuple[str, ...]

    @property
    def hint(self) -> str:
        """What may have been meant, "" if nothing is near."""
        return spelling.hint(self.name, self.known)


def astray(path: Path, schema: JsonObject) -> Astray | None:
    """Where a path leaves a schema for good; None if it may lead somewhere.

    What the schema leaves open, and what comes after a wildcard, a filter or `..`, may be anything, unless
    a list's items say what they are.
    """
    node = schema
    for name in path.names:
        if name is None:
            inner = node.get("items")
        else:
            properties = _properties(node)
            if not properties or (node is schema and name in _EVERYWHERE):
                return None
            if name not in properties:
                return Astray(name, tuple(properties))
            inner = properties[name]
        if not isinstance(inner, dict):
            return None
        node = inner
    return None


_EVERYWHERE = ("apiVersion", "kind", "metadata")
"""What every document has, whether or not its schema says so."""


def _properties(node: JsonObject) -> JsonObject:
    """The fields a schema node knows, {} if it leaves open which there are."""
    if node.get("x-kubernetes-preserve-unknown-fields") or node.get("additionalProperties"):
        return {}
    properties = node.get("properties")
    return properties if isinstance(properties, dict) else {}
