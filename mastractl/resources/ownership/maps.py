"""The shape of an object whose fields are owned one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.diff import ABSENT
from mastractl.resources.ownership.elements import SELF
from mastractl.resources.ownership.shapes import WHOLE, Changes, equal
from mastractl.resources.ownership.trees import LEAF, is_member, with_self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.errors import Cause, FieldPath
    from mastractl.resources.ownership.shapes import Shape
    from mastractl.resources.ownership.trees import Tree
    from mastractl.values import JsonObject


class Map:
    """An object, owned field by field.

    A field that the schema names is not owned for holding others: whoever owns something in it holds it.
    A field that the schema does not name (one of `additionalProperties`, or an unknown one) is an item, and
    owned as one.
    """

    __slots__ = ("_compile", "_others", "_places", "_properties")

    def __init__(
        self,
        properties: JsonObject,
        others: JsonObject | None = None,
        compile_: Callable[[JsonObject], Shape] = lambda _: WHOLE,
    ) -> None:
        """`others` is the schema of the fields that `properties` does not name; None: as they come.

        As they come, objects are owned field by field and everything else as a whole.
        """
        self._properties = properties
        self._compile = compile_
        self._places: dict[str, tuple[str, Shape, bool]] = {}
        self._others: Shape
        if others is not None:
            self._others = compile_(others)
        else:
            self._others = Map({}) if properties else self

    def _place(self, name: str) -> tuple[str, Shape, bool]:
        """A field's element, its shape, and whether the schema names it.

        Asked when a field is first met. Only named ones are kept: there is no end of the others.
        """
        schema = self._properties.get(name)
        if schema is None:
            return "f:" + name, self._others, False
        place = self._places[name] = ("f:" + name, self._compile(schema), True)
        return place

    def owned(self, value: Any, *, parents: bool, repeats: list[str] | None = None) -> Tree:
        """Its fields; the object itself if it is empty."""
        if type(value) is not dict:
            return LEAF
        out: Tree = {}
        known = self._places
        for name, child in value.items():
            element, shape, named = known.get(name) or self._place(name)
            if shape is WHOLE:
                out[element] = LEAF
                continue
            tree = shape.owned(child, parents=parents, repeats=repeats)
            out[element] = {SELF: LEAF, **tree} if tree and (parents or not named) else tree
        return out

    def merged(self, live: Any, given: Any) -> Any:
        """The live object with the given fields. Null says as little as an empty object does."""
        if type(live) is not dict or type(given) is not dict:
            stays = (given is None and type(live) is dict and live) or equal(live, given)
            return live if stays else given
        if not live:
            return given or live
        out = live
        known = self._places
        for name, new in given.items():
            old = live.get(name, ABSENT)
            if old is new:
                continue
            if old is not ABSENT:
                shape = (known.get(name) or self._place(name))[1]
                new = shape.merged(old, new)  # noqa: PLW2901 - what stands there from now on
                if new is old:
                    continue
            if out is live:
                out = dict(live)
            out[name] = new
        return out

    def changes(self, before: Any, after: Any) -> Changes | None:
        """Field by field; where one value is no object, its place as a whole and the fields of the other."""
        old = {} if before is None else before
        new = {} if after is None else after
        if type(old) is not dict or type(new) is not dict:
            return self._retyped(before, after)
        if not old and not new:
            return None if before == after else Changes(None, LEAF)
        gone: Tree = {}
        put: Tree = {}
        for name, value in new.items():
            earlier = old.get(name, ABSENT)
            if earlier is value:
                continue
            element, shape, _ = self._places.get(name) or self._place(name)
            if earlier is ABSENT:
                put[element] = with_self(shape.owned(value, parents=True))
            elif found := shape.changes(earlier, value):
                _note(element, found, gone, put)
        for name in old.keys() - new.keys():
            element, shape, _ = self._places.get(name) or self._place(name)
            gone[element] = with_self(shape.owned(old[name], parents=True))
        return Changes(gone or None, put or None) if gone or put else None

    def _retyped(self, before: Any, after: Any) -> Changes | None:
        if equal(before, after):
            return None
        gone = self.owned(before, parents=True) if type(before) is dict else LEAF
        put = self.owned(after, parents=True) if type(after) is dict else LEAF
        return Changes(gone or None, with_self(put))

    def without(self, value: Any, dropped: Tree, kept: Sequence[Tree]) -> Any:
        """The object less what is dropped; one that loses all its fields stays, empty."""
        if type(value) is not dict:
            return value
        out = value
        for element, tree in dropped.items():
            name = element[2:]
            if name not in value or not element.startswith("f:"):
                continue
            _, shape, named = self._places.get(name) or self._place(name)
            holding = [k[element] for k in kept if element in k]
            if (named or is_member(tree)) and not (holding if named else any(map(is_member, holding))):
                out = dict(value) if out is value else out
                del out[name]
            elif tree:
                left = shape.without(value[name], tree, holding)
                if left is not value[name]:
                    out = dict(value) if out is value else out
                    out[name] = left
        return out

    def reconciled(self, tree: Tree) -> Tree:
        """Field by field."""
        out = tree
        for element, sub in tree.items():
            if sub and element.startswith("f:"):
                name = element[2:]
                shape = (self._places.get(name) or self._place(name))[1]
                now = shape.reconciled(sub)
                if now is not sub:
                    out = dict(tree) if out is tree else out
                    out[element] = with_self(now) if is_member(sub) else now
        return out

    def faults(self, value: Any, path: FieldPath) -> Iterator[Cause]:
        """Field by field."""
        if type(value) is dict:
            for name, child in value.items():
                yield from (self._places.get(name) or self._place(name))[1].faults(child, (*path, name))


def _note(element: str, found: Changes, gone: Tree, put: Tree) -> None:
    if found.gone is not None:
        gone[element] = found.gone
    if found.put is not None:
        put[element] = found.put


OPEN = Map({})
"""A value of which no schema says anything: objects are owned field by field, the rest as a whole."""
