"""From a tree to Python closures, with every type checked that can be known before there is a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel import access, budget, calls, operators, types
from mastractl.resources.cel.code import Code, choice, conjunction, constant, disjunction
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.literals import entries, items
from mastractl.resources.cel.macros import MACROS
from mastractl.resources.cel.syntax import Call, Choice, Entries, Index, Items, Literal, Logic, Name, Select
from mastractl.resources.cel.types import BOOL, DYN, OPEN, Type, optional_of
from mastractl.resources.cel.values import TypeValue, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mastractl.resources.cel.syntax import Node


class Environment(NamedTuple):
    """What expressions may name: variables in the order of the frame, and whose names come first.

    With `homogeneous`, the items of a list literal must be of one type, as Kubernetes wants it. Where not
    `checked`, types are looked at only when there are values, and names need not exist until then.
    """

    variables: Mapping[str, Type]
    container: str = ""
    homogeneous: bool = False
    checked: bool = True


class Compiler:
    """One compilation: the variables in scope and how many places the frame needs."""

    def __init__(self, environment: Environment) -> None:
        self.homogeneous = environment.homogeneous
        self.container = environment.container
        self.checked = environment.checked
        declared = enumerate(environment.variables.items(), 1)
        self.declared = {name: (slot, kind) for slot, (name, kind) in declared}
        self.local: Mapping[str, tuple[int, Type]] = {}
        self.slots = len(self.declared) + 1
        self.dotted = any("." in name for name in self.declared) or bool(self.container)
        self.used: set[str] = set()
        self.seen: dict[int, Type] | None = None
        """The types of the nodes by their ids, for those who want to know."""

    def code(self, node: Node) -> Code:
        """The code of a node. Raises CelError where it cannot be understood."""
        found = _PARTS[type(node)](self, node)
        if self.seen is not None:
            self.seen[id(node)] = found.type
        return found if self.checked else found._replace(type=DYN)

    def mixed(self, node: Node) -> Code:
        """The code of a node in which the items of literals may be of several types."""
        strict, self.homogeneous = self.homogeneous, False
        try:
            return self.code(node)
        finally:
            self.homogeneous = strict

    def place(self) -> int:
        """A new place in the frame, for a variable of a macro."""
        self.slots += 1
        return self.slots - 1

    def within(self, node: Node, variables: Mapping[str, tuple[int, Type]]) -> Code:
        """The code of a node in which further variables are known."""
        outer = self.local
        self.local = {**outer, **variables}
        try:
            return self.code(node)
        finally:
            self.local = outer

    def condition(self, node: Node, what: str) -> Code:
        """The code of a node that has to be a boolean."""
        found = self.code(node)
        if found.type.name != "bool" and found.type.name not in OPEN:
            message = f"{what} must be a bool, but this is of type {found.type}"
            raise CelError(message, node.at)
        return found

    def literal(self, node: Literal) -> Code:
        """A value written out."""
        return constant(type_of(node.value), node.value)

    def name(self, node: Name) -> Code:
        """A variable or a type."""
        found = self.resolved(node.name)
        if found is not None:
            return found
        from mastractl.spelling import nearest  # noqa: PLC0415 - for messages only

        known = [*self.local, *self.declared]
        near = nearest(node.name, [*known, *(n for n in types.NAMED if "." not in n)])
        hint = f'; did you mean "{near}"?' if near else f"; known names: {', '.join(known)}" if known else ""
        return self.refused(CelError(f"undeclared reference to {node.name!r}{hint}", node.at))

    def refused(self, fault: CelError) -> Code:
        """What becomes of something that does not exist. Raises the fault where names are checked."""
        if self.checked:
            raise fault

        def fail(_f: Any) -> Any:
            raise fault

        return Code(DYN, fail)

    def resolved(self, name: str) -> Code | None:
        """The code of a variable or type, by the rules for containers: the innermost scope first."""
        if name in self.local:
            return _variable(*self.local[name])
        outer = "" if name.startswith(".") else self.container
        plain = name.lstrip(".")
        while True:
            full = f"{outer}.{plain}" if outer else plain
            found = self.declared.get(full)
            if found is not None:
                self.used.add(full)
                return _variable(*found)
            if full in types.NAMED:
                return constant(Type("type", types.NAMED[full]), TypeValue(full), budget.STEP)
            if not outer:
                return None
            outer = outer.rpartition(".")[0]

    def qualified(self, node: Node) -> str:
        """`a.b.c` as one name, "" for anything else or where `a` is a variable of its own."""
        parts: list[str] = []
        while isinstance(node, Select) and not node.optional:
            parts.append(node.field)
            node = node.operand
        if not isinstance(node, Name) or node.name in self.local:
            return ""
        if node.name in self.declared and not self.dotted:
            return ""
        return ".".join((node.name, *reversed(parts)))

    def select(self, node: Select) -> Code:
        """A field, or a qualified name."""
        name = self.qualified(node) if not node.optional else ""
        found = self.resolved(name) if name else None
        if found is not None:
            return found
        operand = self.code(node.operand)
        inner = _inside(operand.type)
        field = access.member(inner, node.field, node.at)
        cost = operand.cost + budget.STEP
        if node.optional or inner is not operand.type:
            return Code(optional_of(_inside(field.type)), access.optional_selection(operand, field), cost)
        return Code(field.type, access.selection(operand, field), cost)

    def index(self, node: Index) -> Code:
        """An item of a list or an entry of a map."""
        operand, key = self.code(node.operand), self.code(node.key)
        inner = _inside(operand.type)
        kind = access.item_type(inner, key.type, node.at)
        cost = operand.cost + key.cost + budget.STEP
        if node.optional or inner is not operand.type:
            return Code(optional_of(_inside(kind)), access.optional_indexing(operand, key), cost)
        return Code(kind, access.indexing(operand, key), cost)

    def call(self, node: Call) -> Code:
        """An operator, a macro, a function or a method."""
        if len(node.args) == 2 and node.name in _BINARY and node.target is None:
            left, right = self.code(node.args[0]), self.code(node.args[1])
            return operators.binary(node.name, left, right, node.at)
        if node.name in ("!_", "-_"):
            return operators.unary(node.name, self.code(node.args[0]), node.at)
        name = node.name
        if node.target is not None and (prefix := self.qualified(node.target)):
            name = f"{prefix}.{node.name}"
        macro = MACROS.get(name, MACROS.get(node.name) if node.target is not None else None)
        if macro is not None:
            expanded = macro(self, node)
            if expanded is not None:
                return expanded
        return calls.call(self, node, name)

    def logic(self, node: Logic) -> Code:
        """`&&` and `||`."""
        terms = [self.condition(term, f"what stands beside {node.word}") for term in node.terms]
        join = conjunction if node.word == "&&" else disjunction
        return Code(BOOL, join([term.run for term in terms]), sum(term.cost for term in terms))

    def choice(self, node: Choice) -> Code:
        """`? :`."""
        test = self.condition(node.test, "what stands before ?")
        yes, no = self.code(node.yes), self.code(node.no)
        kind = types.join(yes.type, no.type)
        if kind is None:
            message = f"both values of ? : must be of one type, but these are {yes.type} and {no.type}"
            raise CelError(message, node.at)
        return Code(kind, choice(test.run, yes.run, no.run), test.cost + max(yes.cost, no.cost))

    def items(self, node: Items) -> Code:
        """A list."""
        return items(self, node)

    def entries(self, node: Entries) -> Code:
        """A map."""
        return entries(self, node)


def _variable(slot: int, kind: Type) -> Code:
    return Code(kind, lambda f: f[slot], budget.STEP, (), slot)


_BINARY = frozenset(("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in"))


def _inside(kind: Type) -> Type:
    """What an optional holds; the type itself for any other."""
    return kind.args[0] if kind.name == "optional_type" and kind.args else kind


_PARTS: dict[type, Callable[[Compiler, Any], Code]] = {
    Literal: Compiler.literal,
    Name: Compiler.name,
    Select: Compiler.select,
    Index: Compiler.index,
    Call: Compiler.call,
    Logic: Compiler.logic,
    Choice: Compiler.choice,
    Items: Compiler.items,
    Entries: Compiler.entries,
}
