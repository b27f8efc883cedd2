"""Shapes: what of a value is one field and what is many, as a schema says. This is the simplest: one field.

A shape is asked about values at its place in a document. Values may be of any type, for what is stored need
not fit the schema of today: what a shape cannot take apart is one field to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mastractl.resources.ownership.trees import LEAF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.errors import Cause, FieldPath
    from mastractl.resources.ownership.trees import Tree


class Changes(NamedTuple):
    """What differs between two values: the fields that went, and those that came or have another value.

    A field of which items have become one, or one many, can be in both. None stands for nothing.
    """

    gone: Tree | None
    put: Tree | None


class Shape(Protocol):
    """What is asked about a value, or about two, at one place."""

    def owned(self, value: Any, *, parents: bool, repeats: list[str] | None = None) -> Tree:
        """The fields of a value, LEAF if it is one field as a whole.

        An applier owns items and leaves, and what holds others only where it is empty or an item itself; an
        updater (`parents`) owns what holds others as well. Elements that occur twice go into `repeats`.
        """
        ...

    def merged(self, live: Any, given: Any) -> Any:
        """The live value with the given one's fields put in; the live one itself if that changes nothing."""
        ...

    def changes(self, before: Any, after: Any) -> Changes | None:
        """What differs; None if nothing does."""
        ...

    def without(self, value: Any, dropped: Tree, kept: Sequence[Tree]) -> Any:
        """The value less the dropped fields that none of `kept` holds; itself if that changes nothing."""
        ...

    def reconciled(self, tree: Tree) -> Tree:
        """What was owned under an earlier schema as it is owned under this one."""
        ...

    def faults(self, value: Any, path: FieldPath) -> Iterator[Cause]:
        """The items of an applied value that are there twice."""
        ...


class Whole:
    """One field, whatever stands in it: scalars, and what is atomic."""

    __slots__ = ()

    def owned(self, value: Any, *, parents: bool, repeats: list[str] | None = None) -> Tree:  # noqa: ARG002 - the protocol's
        """The field itself."""
        return LEAF

    def merged(self, live: Any, given: Any) -> Any:
        """The given value."""
        return live if equal(live, given) else given

    def changes(self, before: Any, after: Any) -> Changes | None:
        """The field itself, if the values are not equal."""
        return None if equal(before, after) else Changes(None, LEAF)

    def without(self, value: Any, dropped: Tree, kept: Sequence[Tree]) -> Any:  # noqa: ARG002 - the protocol's
        """The value: nothing of it goes alone."""
        return value

    def reconciled(self, tree: Tree) -> Tree:  # noqa: ARG002 - the protocol's
        """Who owned a part owns the whole."""
        return LEAF

    def faults(self, value: Any, path: FieldPath) -> Iterator[Cause]:  # noqa: ARG002 - the protocol's
        """None."""
        return iter(())


WHOLE = Whole()


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal in JSON's sense: 1 equals 1.0, and true does not equal 1."""
    if one is other:
        return True
    if one != other:
        return False
    kind = type(one)
    if kind is dict:
        return all(equal(value, other[name]) for name, value in one.items())
    if kind is list:
        return all(map(equal, one, other))
    return (kind is bool) is (type(other) is bool)
