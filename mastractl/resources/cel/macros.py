"""Macros: forms that look like calls but name variables of their own, or ask whether a field is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import access, budget, calls, loops, types
from mastractl.resources.cel.code import Code
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.literals import literal_key
from mastractl.resources.cel.syntax import Items, Name, Select
from mastractl.resources.cel.types import BOOL, DYN, INT, OPEN, list_of, map_of, optional_of
from mastractl.resources.cel.values import MISSING, Maybe

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.code import Frame, Run
    from mastractl.resources.cel.scope import Scope
    from mastractl.resources.cel.syntax import Call, Node
    from mastractl.resources.cel.types import Type


def _has(compiler: Scope, node: Call) -> Code | None:
    if node.target is not None or len(node.args) != 1:
        return None
    asked = node.args[0]
    if not isinstance(asked, Select) or asked.optional:
        message = "has() asks for a field, as in has(self.name)"
        raise CelError(message, asked.at)
    operand = compiler.code(asked.operand)
    inner = operand.type.args[0] if operand.type.name == "optional_type" else operand.type
    field = access.member(inner, asked.field, asked.at)
    if inner is not operand.type:
        find = access.optional_selection(operand, field)
        return Code(BOOL, lambda f: find(f).found, operand.cost)
    return Code(BOOL, access.presence(operand, field), operand.cost)


class _Loop:
    """A comprehension: where its items come from, and the variables that hold them."""

    def __init__(self, compiler: Scope, node: Call, names: int) -> None:
        assert node.target is not None  # noqa: S101 - a macro of a target
        self.compiler = compiler
        self.source = compiler.code(node.target)
        words = [_variable(each, node.name) for each in node.args[:names]]
        if len(set(words)) < len(words):
            message = f"the variables of {node.name}() must have different names"
            raise CelError(message, node.args[1].at)
        self.slots = [compiler.place() for _ in words]
        kinds = _item_types(self.source.type, names, node)
        self.variables = {w: (s, k) for w, s, k in zip(words, self.slots, kinds, strict=True)}
        self.each = loops.rounds(self.source, self.slots)

    def body(self, node: Node) -> Code:
        return self.compiler.within(node, self.variables)

    def test(self, node: Node, name: str) -> Code:
        found = self.body(node)
        if found.type.name != "bool" and found.type.name not in OPEN:
            message = f"the condition of {name}() must be a bool, but this is of type {found.type}"
            raise CelError(message, node.at)
        return found

    def code(self, kind: Type, run: Run) -> Code:
        return Code(kind, run, self.source.cost + budget.STEP)


def _variable(node: Node, macro: str) -> str:
    if not isinstance(node, Name) or node.name.startswith("."):
        message = f"{macro}() wants the name of a variable here, as in {macro}(x, ...)"
        raise CelError(message, node.at)
    return node.name


def _item_types(kind: Type, names: int, node: Call) -> tuple[Type, ...]:
    if kind.name in OPEN:
        return (DYN,) * names
    if kind.name == "list":
        return (kind.args[0],) if names == 1 else (INT, kind.args[0])
    if kind.name == "map":
        return kind.args[:names]
    message = f"{node.name}() goes through a list or a map, but this is of type {kind}"
    raise CelError(message, node.at)


_QUANTIFIERS = {
    "all": loops.every,
    "exists": loops.some,
    "exists_one": loops.exactly_one,
    "existsOne": loops.exactly_one,
}


def _quantifier(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) not in (2, 3):
        return None
    loop = _Loop(compiler, node, len(node.args) - 1)
    test = loop.test(node.args[-1], node.name)
    return loop.code(BOOL, _QUANTIFIERS[node.name](loop.each, test.run, test.cost + budget.ROUND))


def _filter(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) != 2:
        return None
    loop = _Loop(compiler, node, 1)
    test = loop.test(node.args[1], node.name)
    ((slot, kind),) = loop.variables.values()
    cost = test.cost + budget.ROUND + budget.LIST
    return loop.code(list_of(kind), loops.collected(loop.each, test.run, lambda f: f[slot], cost))


def _map(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) not in (2, 3):
        return None
    return _list(_Loop(compiler, node, 1), node.args[1:], node.name)


def _transform_list(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) not in (3, 4):
        return None
    return _list(_Loop(compiler, node, 2), node.args[2:], node.name)


def _list(loop: _Loop, args: tuple[Node, ...], name: str) -> Code:
    test = loop.test(args[0], name) if len(args) == 2 else None
    item = loop.body(args[-1])
    cost = item.cost + budget.ROUND + budget.LIST + (test.cost if test else 0)
    return loop.code(list_of(item.type), loops.collected(loop.each, test and test.run, item.run, cost))


def _transform_map(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) not in (3, 4):
        return None
    loop = _Loop(compiler, node, 2)
    test = loop.test(node.args[2], node.name) if len(node.args) == 4 else None
    value = loop.body(node.args[-1])
    slot, kind = next(iter(loop.variables.values()))
    cost = value.cost + budget.ROUND + budget.MAP + (test.cost if test else 0)

    def pair(f: Frame) -> dict[Any, Any]:
        return {literal_key(f[slot]): value.run(f)}

    return loop.code(map_of(kind, value.type), loops.gathered(loop.each, test and test.run, pair, cost))


def _transform_entry(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) not in (3, 4):
        return None
    loop = _Loop(compiler, node, 2)
    test = loop.test(node.args[2], node.name) if len(node.args) == 4 else None
    entry = loop.body(node.args[-1])
    if entry.type.name != "map" and entry.type.name not in OPEN:
        message = f"{node.name}() makes maps of entries, but this is of type {entry.type}"
        raise CelError(message, node.args[-1].at)
    kind = entry.type if entry.type.name == "map" else map_of(DYN, DYN)
    cost = entry.cost + budget.ROUND + budget.MAP + (test.cost if test else 0)
    return loop.code(kind, loops.gathered(loop.each, test and test.run, entry.run, cost))


def _sort_by(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) != 2:
        return None
    loop = _Loop(compiler, node, 1)
    key = loop.body(node.args[1])
    keys = loops.collected(loop.each, None, key.run, key.cost + budget.ROUND + budget.LIST)
    args = (loop.source, loop.code(list_of(key.type), keys))
    return calls.resolved("lists.@sortByKeys", args, member=False, at=node.at)


def _bind(compiler: Scope, node: Call) -> Code | None:
    if len(node.args) != 3:
        return None
    word, value = _variable(node.args[0], "cel.bind"), compiler.code(node.args[1])
    slot = compiler.place()
    body = compiler.within(node.args[2], {word: (slot, value.type)})

    def run(f: Frame) -> Any:
        f[slot] = value.run(f)
        return body.run(f)

    return Code(body.type, run, value.cost + body.cost + budget.STEP)


def _opt_map(compiler: Scope, node: Call) -> Code | None:
    if node.target is None or len(node.args) != 2:
        return None
    flat = node.name == "optFlatMap"
    source = compiler.code(node.target)
    if source.type.name != "optional_type" and source.type.name not in OPEN:
        message = f"{node.name}() belongs to an optional, but this is of type {source.type}"
        raise CelError(message, node.at)
    inner = source.type.args[0] if source.type.name == "optional_type" else DYN
    slot = compiler.place()
    body = compiler.within(node.args[1], {_variable(node.args[0], node.name): (slot, inner)})
    if flat and body.type.name != "optional_type" and body.type.name not in OPEN:
        message = f"optFlatMap() makes an optional, but this is of type {body.type}"
        raise CelError(message, node.args[1].at)

    def run(f: Frame) -> Any:
        found = source.run(f)
        if not found.found:
            return MISSING
        f[slot] = found.value
        value = body.run(f)
        return value if flat else Maybe(value)

    return Code(body.type if flat else optional_of(body.type), run, source.cost + body.cost + budget.STEP)


def _or(compiler: Scope, node: Call) -> Code | None:
    """`or` and `orValue`: the argument is evaluated only if there is no value."""
    if node.target is None or len(node.args) != 1:
        return None
    source, other = compiler.code(node.target), compiler.code(node.args[0])
    inner = source.type.args[0] if source.type.name == "optional_type" else DYN
    kind = types.join(optional_of(inner) if node.name == "or" else inner, other.type)
    if (source.type.name != "optional_type" and source.type.name not in OPEN) or kind is None:
        message = f"found no matching overload for {source.type}.{node.name}({other.type})"
        raise CelError(message, node.at)
    value = node.name == "orValue"

    def run(f: Frame) -> Any:
        found = source.run(f)
        if found.found:
            return found.value if value else found
        return other.run(f)

    return Code(kind, run, source.cost + other.cost + budget.STEP)


def _extreme(compiler: Scope, node: Call) -> Code | None:
    """math.greatest and math.least: of any number of numbers, or of a list of them."""
    name = f"math.@{'max' if node.name == 'greatest' else 'min'}"
    if not node.args:
        message = f"math.{node.name}() needs at least one argument"
        raise CelError(message, node.at)
    args = tuple(map(compiler.code, node.args))
    for code, arg in zip(args, node.args, strict=True):
        fine = code.type.name in types.NUMBERS | OPEN or (len(args) == 1 and _numbers(code.type))
        if not fine or (isinstance(arg, Items) and not arg.items):
            message = f"math.{node.name}() compares numbers, but this is of type {code.type}"
            raise CelError(message, arg.at)
    if len(args) == 1:
        return calls.resolved(name, args, member=False, at=node.at)
    kinds = {code.type for code in args}
    kind = kinds.pop() if len(kinds) == 1 else DYN
    runs = [code.run for code in args]
    cost = sum(code.cost for code in args)
    made = Code(list_of(kind), lambda f: [run(f) for run in runs], cost)
    return calls.resolved(name, (made,), member=False, at=node.at)


def _numbers(kind: Type) -> bool:
    return kind.name == "list" and kind.args[0].name in types.NUMBERS | OPEN


MACROS: dict[str, Callable[[Scope, Call], Code | None]] = {
    "has": _has,
    **dict.fromkeys(_QUANTIFIERS, _quantifier),
    "filter": _filter,
    "map": _map,
    "transformList": _transform_list,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_entry,
    "sortBy": _sort_by,
    "cel.bind": _bind,
    "optMap": _opt_map,
    "optFlatMap": _opt_map,
    "or": _or,
    "orValue": _or,
    "math.greatest": _extreme,
    "math.least": _extreme,
}
"""The macros by name; each gives None where the arguments are not those of the macro."""
