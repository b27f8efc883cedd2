"""What stands in a YAML document without being written out: anchors, the aliases of them, and their price.

An alias is a copy, so a value never shares parts with another or contains itself; and each copy is paid
for out of a budget, so a few lines cannot stand for a billion values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.events import AliasEvent, ScalarEvent

from mastractl import values
from mastractl.errors import Cause, ManifestError
from mastractl.manifests import tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mastractl.manifests.limits import Limits


class Anchors:
    """The anchored nodes of one document, and the budget that their aliases draw on."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._nodes: dict[str, Any] = {}
        self._weights: dict[str, tuple[int, int]] = {}
        self._left = limits.nodes

    def clear(self) -> None:
        """Begin another document."""
        if self._nodes:
            self._nodes.clear()
            self._weights.clear()
            self._left = self._limits.nodes

    def define(self, name: str | None, value: Any) -> None:
        """Give a node its anchor, if it has one; an earlier node of that name is no longer meant."""
        if name is not None:
            self._nodes[name] = value
            self._weights.pop(name, None)

    def scalar(self, event: Any, plain: Mapping[str, Any]) -> Any:
        """The value of a scalar that has an anchor or a tag."""
        value = plain[event.value] if event.tag is None and not event.style else tags.value(event)
        self.define(event.anchor, value)
        return value

    def collection(self, event: Any, new: Any) -> None:
        """Note the anchor of a collection that is about to be filled, and refuse a foreign tag."""
        tags.check_collection(event)
        self.define(event.anchor, new)

    def key(self, event: Any, keys: Mapping[str, Any]) -> Any:
        """The text of a key that is no bare scalar: tagged, anchored or an alias."""
        if event.__class__ is AliasEvent:
            value = self._nodes.get(str(event.anchor))
            if isinstance(value, str):
                return value
        elif event.__class__ is ScalarEvent:
            if event.tag == tags.MERGE and event.value == "<<":
                return keys["<<"]
            text = keys[event.value] if event.tag is None and not event.style else tags.key(event)
            if isinstance(text, str):  # and no `<<`
                self.define(event.anchor, text)
            return text
        raise fault(event.start_mark, "MA005", "a key must be text")

    def expand(self, event: Any, stack: list[tuple[Any, bool]], container: Any) -> Any:
        """A copy of the node an alias names, paid for out of the budget."""
        name, mark = event.anchor, event.start_mark
        if name not in self._nodes:
            raise fault(mark, "MA002", f"no anchor &{name} stands before this alias")
        value = self._nodes[name]
        if not isinstance(value, (dict, list)):
            self._spend(1 + len(value) // 64 if isinstance(value, str) else 1, mark)
            return value
        if value is container or any(value is outer for outer, _ in stack):
            raise fault(mark, "MA004", f"the alias *{name} stands inside the node that it names")
        if name not in self._weights:
            self._weights[name] = _weigh(value)
        size, height = self._weights[name]
        self._spend(size, mark)
        if len(stack) + height > self._limits.depth:
            message = f"nested more than {self._limits.depth} levels deep, aliases included"
            raise fault(mark, "MA004", message)
        return values.copy(value)

    def _spend(self, size: int, mark: Any) -> None:
        self._left -= size
        if self._left < 0:
            message = f"the aliases of this document stand for more than {self._limits.nodes:,} values"
            raise fault(mark, "MA004", message)


def fault(mark: Any, code: str, message: str) -> ManifestError:
    """A ManifestError at a mark, with the diagnostic code in its one cause."""
    cause = Cause(code=code, path=(), message=message)
    return ManifestError(message, line=mark.line + 1, column=mark.column + 1, causes=(cause,))


def _weigh(value: Any) -> tuple[int, int]:
    """How many values a collection holds, itself included, and how many levels of collections."""
    size, height, level = 0, 0, [value]
    while level:
        below: list[Any] = []
        for node in level:
            size += 1
            if isinstance(node, dict):
                below += node.values()
                size += sum(len(k) // 64 for k in node if isinstance(k, str))
            elif isinstance(node, list):
                below += node
            elif isinstance(node, str):
                size += len(node) // 64
        height += any(isinstance(node, (dict, list)) for node in level)
        level = below
    return size, height
