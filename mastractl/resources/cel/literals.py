"""Lists and maps written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.code import Code, constant
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.types import DYN, NOTHING, OPEN, list_of, map_of
from mastractl.resources.cel.values import Maybe, key_of, no_overload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.resources.cel.code import Frame, Run
    from mastractl.resources.cel.scope import Scope
    from mastractl.resources.cel.syntax import Entries, Items, Node
    from mastractl.resources.cel.types import Type


def items(compiler: Scope, node: Items) -> Code:
    """The code of a list literal."""
    found = [compiler.code(item) for item in node.items]
    given = [
        _plain(code.type, optional=i in node.optional, at=node.items[i].at) for i, code in enumerate(found)
    ]
    kind = list_of(_joined(given, node.items, homogeneous=compiler.homogeneous))
    cost = sum(code.cost for code in found) + budget.LIST
    if all(code.const for code in found) and not node.optional:
        return constant(kind, [code.const[0] for code in found], cost)
    runs = [code.run for code in found]
    if node.optional:
        return Code(kind, _sparse_list(runs, node.optional), cost)
    return Code(kind, lambda f: [run(f) for run in runs], cost)


def _sparse_list(runs: list[Run], optional: frozenset[int]) -> Run:
    def make(f: Frame) -> list[Any]:
        made = []
        for index, run in enumerate(runs):
            value = run(f)
            if index not in optional:
                made.append(value)
            elif type(value) is not Maybe:
                raise no_overload()
            elif value.found:
                made.append(value.value)
        return made

    return make


def entries(compiler: Scope, node: Entries) -> Code:
    """The code of a map literal."""
    keys = [compiler.code(key) for key, _, _ in node.entries]
    values = [compiler.code(value) for _, value, _ in node.entries]
    for code, (key, _, _) in zip(keys, node.entries, strict=True):
        if code.type.name not in _KEYS:
            message = f"unsupported key type: {code.type}"
            raise CelError(message, key.at)
    strict = compiler.homogeneous
    key_type = _joined([code.type for code in keys], [key for key, _, _ in node.entries], homogeneous=strict)
    given = [
        _plain(code.type, optional=optional, at=value.at)
        for code, (_, value, optional) in zip(values, node.entries, strict=True)
    ]
    value_type = _joined(given, [value for _, value, _ in node.entries], homogeneous=strict)
    parts = [(k.run, v.run, o) for k, v, (_, _, o) in zip(keys, values, node.entries, strict=True)]
    cost = sum(code.cost for code in (*keys, *values)) + budget.MAP
    return Code(map_of(key_type, value_type), _map(parts), cost)


_KEYS = frozenset(("int", "uint", "bool", "string")) | OPEN


def _map(parts: list[tuple[Run, Run, bool]]) -> Run:
    def make(f: Frame) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, value, optional in parts:
            where = literal_key(key(f))
            if where in made:
                message = f"the key {where!r} is there twice"
                raise CelError(message)
            what = value(f)
            if optional:
                if type(what) is not Maybe:
                    raise no_overload()
                if not what.found:
                    continue
                what = what.value
            made[where] = what
        return made

    return make


def literal_key(value: Any) -> Any:
    """The value as the key of a new map. Raises CelError where it can be none."""
    if type(value) is float:
        message = "unsupported key type: double"
        raise CelError(message)
    return key_of(value)


def _plain(kind: Type, *, optional: bool, at: int) -> Type:
    if not optional or kind.name in OPEN:
        return kind
    if kind.name != "optional_type":
        message = f"only an optional can stand behind ?, but this is of type {kind}"
        raise CelError(message, at)
    return kind.args[0]


def _joined(given: list[Type], nodes: Iterable[Node], *, homogeneous: bool) -> Type:
    kind: Type = NOTHING
    for each, node in zip(given, nodes, strict=True):
        found = types.join(kind, each)
        if found is None and homogeneous:
            message = f"expected type {kind} but found {each}: the parts of a literal must be of one type"
            raise CelError(message, node.at)
        kind = DYN if found is None else found
    return kind
