"""The tree of an expression. `at` is the offset that a message about the node points to.

Plain classes: nine named tuples would take longer to define than a rule to compile.
"""

from __future__ import annotations

from typing import Any


class Literal:
    """A value written out; its CEL type is that of the value."""

    __slots__ = ("at", "value")

    def __init__(self, value: Any, at: int) -> None:
        self.value = value
        self.at = at


class Name:
    """A variable, a type, or the beginning of a qualified name; a leading dot stays in front of it."""

    __slots__ = ("at", "name")

    def __init__(self, name: str, at: int) -> None:
        self.name = name
        self.at = at


class Select:
    """`operand.field`, or `operand.?field` if optional."""

    __slots__ = ("at", "field", "operand", "optional")

    def __init__(self, operand: Node, field: str, at: int, *, optional: bool) -> None:
        self.operand = operand
        self.field = field
        self.optional = optional
        self.at = at


class Index:
    """`operand[key]`, or `operand[?key]` if optional."""

    __slots__ = ("at", "key", "operand", "optional")

    def __init__(self, operand: Node, key: Node, at: int, *, optional: bool) -> None:
        self.operand = operand
        self.key = key
        self.optional = optional
        self.at = at


class Call:
    """A function, method or macro; operators are calls whose name is the operator."""

    __slots__ = ("args", "at", "name", "target")

    def __init__(self, name: str, target: Node | None, args: tuple[Node, ...], at: int) -> None:
        self.name = name
        self.target = target
        self.args = args
        self.at = at


class Logic:
    """Several terms joined by `&&`, or by `||`."""

    __slots__ = ("at", "terms", "word")

    def __init__(self, word: str, terms: tuple[Node, ...], at: int) -> None:
        self.word = word
        self.terms = terms
        self.at = at


class Choice:
    """`test ? yes : no`."""

    __slots__ = ("at", "no", "test", "yes")

    def __init__(self, test: Node, yes: Node, no: Node, at: int) -> None:
        self.test = test
        self.yes = yes
        self.no = no
        self.at = at


class Items:
    """`[a, ?b]`; `optional` are the indexes of items with a question mark."""

    __slots__ = ("at", "items", "optional")

    def __init__(self, items: tuple[Node, ...], optional: frozenset[int], at: int) -> None:
        self.items = items
        self.optional = optional
        self.at = at


class Entries:
    """`{a: b, ?c: d}` as triples of key, value and whether there is a question mark."""

    __slots__ = ("at", "entries")

    def __init__(self, entries: tuple[tuple[Node, Node, bool], ...], at: int) -> None:
        self.entries = entries
        self.at = at


Node = Literal | Name | Select | Index | Call | Logic | Choice | Items | Entries
