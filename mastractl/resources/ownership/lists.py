"""The shape of a list whose items are owned one by one: list-type `map` and `set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources.ownership import elements
from mastractl.resources.ownership.elements import SELF
from mastractl.resources.ownership.interleaving import interleaved
from mastractl.resources.ownership.shapes import WHOLE, Changes, equal
from mastractl.resources.ownership.trees import LEAF, is_member, with_self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.ownership.shapes import Shape
    from mastractl.resources.ownership.trees import Tree
    from mastractl.values import JsonObject


class List:
    """A list, owned item by item.

    Items of a map list are told apart by their keys (`defaults` stand in for those left out), those of a
    set by their values. A list in which an item cannot be told apart is one field. An element that occurs
    more than once (which a stored list may hold, a given one not) is owned as one field.
    """

    __slots__ = ("_defaults", "_items", "_keys", "_prefix")

    def __init__(
        self, items: Shape = WHOLE, keys: Sequence[str] = (), defaults: JsonObject | None = None
    ) -> None:
        """A set, if there are no keys."""
        self._items = items
        self._keys = tuple(sorted(keys))
        self._defaults = defaults or {}
        self._prefix = "k:{" + elements.quoted(self._keys[0]) + ":" if len(self._keys) == 1 else ""

    def _elements(self, value: Any) -> list[str] | None:
        """The element of each item in turn; None if this is no list whose items can be told apart."""
        if type(value) is not list:
            return None
        out: list[str] = []
        for item in value:
            element = self._element(item)
            if element is None:
                return None
            out.append(element)
        return out

    def _element(self, item: Any) -> str | None:
        if not self._keys:
            return None if item is None else elements.item(item)
        if type(item) is not dict:
            return None
        if self._prefix and type(name := item.get(self._keys[0])) is str:
            return self._prefix + elements.quoted(name) + "}"
        found = {
            k: item.get(k, self._defaults.get(k)) for k in self._keys if k in item or k in self._defaults
        }
        return elements.key(found) if found else None

    def owned(self, value: Any, *, parents: bool, repeats: list[str] | None = None) -> Tree:
        """Its items and what is in them; the list itself if it is empty."""
        found = self._elements(value)
        if not found:
            return LEAF
        out: Tree = {}
        for element, item in zip(found, value, strict=True):
            if element in out:
                out[element] = LEAF
                if repeats is not None:
                    repeats.append(element)
            elif self._items is WHOLE:
                out[element] = LEAF
            else:
                tree = self._items.owned(item, parents=parents, repeats=repeats)
                out[element] = {SELF: LEAF, **tree} if tree else LEAF
        return out

    def merged(self, live: Any, given: Any) -> Any:
        """The items of both: the given in their order, the live ones kept where they stood between them."""
        old = self._elements(live)
        new = self._elements(given)
        if not old or not new:
            stays = (live and old is not None and (given is None or given == [])) or equal(live, given)
            return live if stays else given
        out = []
        for mine, theirs in interleaved(old, new):
            if theirs < 0:
                out.append(live[mine])
            elif mine < 0:
                out.append(given[theirs])
            else:
                out.append(self._items.merged(live[mine], given[theirs]))
        same = len(out) == len(live) and all(one is other for one, other in zip(out, live, strict=True))
        return live if same else out

    def changes(self, before: Any, after: Any) -> Changes | None:
        """Item by item, wherever they stand."""
        old = [] if before is None else self._elements(before)
        new = [] if after is None else self._elements(after)
        if old is None or new is None:
            return self._retyped(before, after)
        if not old and not new:
            return None if before == after else Changes(None, LEAF)
        lost, found = _grouped(old, before), _grouped(new, after)
        gone: Tree = {}
        put: Tree = {}
        for element in lost | found:
            self._compare(element, (lost.get(element, ()), found.get(element, ())), gone, put)
        return Changes(gone or None, put or None) if gone or put else None

    def _compare(
        self, element: str, items: tuple[Sequence[Any], Sequence[Any]], gone: Tree, put: Tree
    ) -> None:
        """What became of one element, with the items it had and has."""
        old, new = items
        if len(old) == 1 == len(new):
            difference = self._items.changes(old[0], new[0]) if old[0] is not new[0] else None
            if difference and difference.gone is not None:
                gone[element] = difference.gone
            if difference and difference.put is not None:
                put[element] = difference.put
        elif len(old) > 1 and len(new) > 1:
            if len(old) != len(new) or not all(map(equal, old, new)):
                put[element] = LEAF
        else:
            if old:
                gone[element] = self._everything(old)
            if new:
                put[element] = self._everything(new)

    def _everything(self, items: Sequence[Any]) -> Tree:
        return LEAF if len(items) > 1 else with_self(self._items.owned(items[0], parents=True))

    def _retyped(self, before: Any, after: Any) -> Changes | None:
        if equal(before, after):
            return None
        gone = self.owned(before, parents=True)
        return Changes(gone or None, with_self(self.owned(after, parents=True)))

    def without(self, value: Any, dropped: Tree, kept: Sequence[Tree]) -> Any:
        """The list less what is dropped; one that loses all its items stays, empty."""
        found = self._elements(value)
        if not found:
            return value
        out = []
        for element, item in zip(found, value, strict=True):
            tree = dropped.get(element)
            if tree is None:
                out.append(item)
                continue
            holding = [k[element] for k in kept if element in k]
            if is_member(tree) and not any(map(is_member, holding)):
                continue
            out.append(self._lessened(item, self._items.without(item, tree, holding)) if tree else item)
        same = len(out) == len(value) and all(one is other for one, other in zip(out, value, strict=True))
        return value if same else out

    def _lessened(self, item: Any, left: Any) -> Any:
        """What is left of an item that stays: it stays the item that it is, so it keeps its keys."""
        if left is item or self._element(left) == self._element(item):
            return left
        return {name: left.get(name, v) for name, v in item.items() if name in left or name in self._keys}

    def reconciled(self, tree: Tree) -> Tree:
        """Item by item."""
        out = tree
        for element, sub in tree.items():
            if sub and element[0] == "k":
                now = self._items.reconciled(sub)
                if now is not sub:
                    out = dict(tree) if out is tree else out
                    out[element] = with_self(now) if is_member(sub) else now
        return out

    def faults(self, value: Any, path: FieldPath) -> Iterator[Cause]:
        """Each item whose element an earlier one has, and the faults in the items."""
        first: dict[str, int] = {}
        for index, element in enumerate(self._elements(value) or ()):
            if first.setdefault(element, index) != index:
                message = (
                    f"the item {elements.shown([element])} is already in the list, at index {first[element]}"
                )
                hint = f"items of this list are told apart by {', '.join(self._keys)}" if self._keys else ""
                yield Cause("MA107", (*path, index), message, "FieldValueDuplicate", hint)
            yield from self._items.faults(value[index], (*path, index))


def _grouped(found: list[str], value: Any) -> dict[str, list[Any]]:
    """The items of each element, in the order in which they are met."""
    out: dict[str, list[Any]] = {}
    for index, element in enumerate(found):
        out.setdefault(element, []).append(value[index])
    return out
