"""FieldSet: an immutable set of fields of a document, kept as fieldsV1 keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.resources.ownership import trees

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.resources.ownership.trees import Tree
    from mastractl.values import JsonObject

Path = tuple[str, ...]
"""A field's path as elements: `("f:spec", "f:tools", 'k:{"name":"search"}', "f:ref")`."""


class FieldSet:
    """A set of fields. Equal sets are equal, whatever the order in which they were made.

    A field is in the set or not; that one below it is says nothing about it. Iteration gives the paths,
    each field before those below it.
    """

    __slots__ = ("tree",)

    def __init__(self, tree: Tree = trees.LEAF) -> None:
        self.tree = tree
        """The set as `trees` has it; not to be changed."""

    @classmethod
    def of(cls, *paths: Path) -> FieldSet:
        """The set of these paths; their elements in canonical spelling (`elements`)."""
        return cls(trees.planted(iter(paths)))

    @classmethod
    def from_json(cls, fields: Any) -> FieldSet:
        """The set that a fieldsV1 object says, whoever wrote it. ValueError if it is no such object."""
        return cls(trees.read(fields))

    def to_json(self) -> JsonObject:
        """The set as a fieldsV1 object, keys in a fixed order: equal sets give equal bytes."""
        return trees.written(self.tree)

    def union(self, other: FieldSet) -> FieldSet:
        """The fields in either."""
        return FieldSet(trees.union(self.tree, other.tree))

    def difference(self, other: FieldSet) -> FieldSet:
        """The fields that are not in the other; one above or below a field of the other stays."""
        return FieldSet(trees.difference(self.tree, other.tree))

    def recursive_difference(self, other: FieldSet) -> FieldSet:
        """The fields that are neither in the other nor below one that is."""
        return FieldSet(trees.recursive_difference(self.tree, other.tree))

    def intersection(self, other: FieldSet) -> FieldSet:
        """The fields in both."""
        return FieldSet(trees.intersection(self.tree, other.tree))

    __or__ = union
    __sub__ = difference
    __and__ = intersection

    def leaves(self) -> FieldSet:
        """The fields that have none below them."""
        return FieldSet(trees.leaves(self.tree))

    def has(self, path: Iterable[str]) -> bool:
        """Whether the field at the path is in the set."""
        return trees.has(self.tree, tuple(path))

    __contains__ = has

    def __iter__(self) -> Iterator[Path]:
        return trees.walk(self.tree)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return bool(self.tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldSet) and self.tree == other.tree

    def __hash__(self) -> int:
        return hash(values.dump(self.to_json()))

    def __repr__(self) -> str:
        return f"FieldSet({values.text(self.to_json())})"
