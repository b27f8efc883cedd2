"""The tree of an expression. `at` is the offset that a message about the node points to."""

from __future__ import annotations

from typing import Any, NamedTuple


class Literal(NamedTuple):
    """A value written out; its CEL type is that of the value."""

    value: Any
    at: int


class Name(NamedTuple):
    """A variable, a type, or the beginning of a qualified name; a leading dot stays in front of it."""

    name: str
    at: int


class Select(NamedTuple):
    """`operand.field`, or `operand.?field` if optional."""

    operand: Node
    field: str
    optional: bool
    at: int


class Index(NamedTuple):
    """`operand[key]`, or `operand[?key]` if optional."""

    operand: Node
    key: Node
    optional: bool
    at: int


class Call(NamedTuple):
    """A function, method or macro; operators are calls whose name is the operator."""

    name: str
    target: Node | None
    args: tuple[Node, ...]
    at: int


class Logic(NamedTuple):
    """Several terms joined by `&&`, or by `||`."""

    word: str
    terms: tuple[Node, ...]
    at: int


class Choice(NamedTuple):
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node
    at: int


class Items(NamedTuple):
    """`[a, ?b]`; `optional` are the indexes of items with a question mark."""

    items: tuple[Node, ...]
    optional: frozenset[int]
    at: int


class Entries(NamedTuple):
    """`{a: b, ?c: d}` as triples of key, value and whether there is a question mark."""

    entries: tuple[tuple[Node, Node, bool], ...]
    at: int


Node = Literal | Name | Select | Index | Call | Logic | Choice | Items | Entries
