"""Calls of functions and methods: types choose the overload, or values where types say too little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import budget, functions
from mastractl.resources.cel.code import Code, applied, constant, metered
from mastractl.resources.cel.fault import FAULTS, CelError
from mastractl.resources.cel.types import DYN, OPEN, fits, replaced
from mastractl.resources.cel.values import accepts, no_overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.functions import Overload
    from mastractl.resources.cel.scope import Scope
    from mastractl.resources.cel.syntax import Call
    from mastractl.resources.cel.types import Bound, Type


def call(compiler: Scope, node: Call, name: str) -> Code:
    """The code of a call. `name` is the qualified name, where the target may only be a part of it."""
    qualified = name != node.name and functions.exists(name.lstrip("."))
    if not qualified and not functions.exists(node.name.lstrip(".")):
        return compiler.refused(CelError(_undeclared(name), node.at))
    if qualified:
        args, member = tuple(map(compiler.code, node.args)), False
    else:
        name = node.name
        given = node.args if node.target is None else (node.target, *node.args)
        code = compiler.mixed if name == "format" else compiler.code
        args, member = tuple(map(code, given)), node.target is not None
    try:
        return resolved(name.lstrip("."), args, member=member, at=node.at)
    except CelError as fault:
        return compiler.refused(fault)


def resolved(name: str, args: tuple[Code, ...], *, member: bool, at: int) -> Code:
    """The code of a call with compiled arguments."""
    known = functions.overloads(name)
    shaped = [each for each in known if each.member is member and len(each.params) == len(args)]
    if not shaped:
        raise CelError(_unknown(name, known, args, member=member), at)
    found = [(each, result) for each in shaped if (result := _result(each, args)) is not None]
    if not found:
        raise CelError(_mismatch(name, args, member=member), at)
    cost = sum(arg.cost for arg in args) + budget.STEP
    chosen, kind = found[0]
    if not any(_unsure(p, a.type) for p, a in zip(chosen.params, args, strict=True)):
        return _chosen(name, chosen, args, kind, cost, at)
    kinds = {kind for _, kind in found}
    kind = kinds.pop() if len(kinds) == 1 else DYN
    return Code(
        kind, metered(_dispatch([each for each, _ in found]), _cost([e for e, _ in found]), args), cost
    )


def _result(form: Overload, args: tuple[Code, ...]) -> Type | None:
    """The type of the result if the arguments fit."""
    bound: Bound = {}
    if not all(fits(p, a.type, bound) for p, a in zip(form.params, args, strict=True)):
        return None
    return replaced(form.result, bound)


def _unsure(param: Type, given: Type) -> bool:
    """Whether only a value can tell that it is of the type."""
    if param.name in OPEN or len(param.name) == 1:
        return False
    return given.name in OPEN or any(map(_unsure, param.args, given.args))


_EARLY = frozenset(("duration", "timestamp", "matches", "find", "findAll"))
"""Functions that Kubernetes tries on literals when a rule is compiled, so that a bad one is found at once."""


def _chosen(name: str, form: Overload, args: tuple[Code, ...], kind: Type, cost: int, at: int) -> Code:
    if name in _PURE and args and all(arg.const for arg in args):
        try:
            return constant(kind, form.call(*(arg.const[0] for arg in args)), cost)
        except FAULTS as fault:
            if name in _EARLY and isinstance(fault, CelError):
                raise CelError(fault.message, at) from None
    special = _PATTERNS.get(name)
    if special is not None and args[1].const:
        return Code(kind, _with_pattern(args, special(args[1].const[0], at)), cost)
    if form.cost is not None:
        return Code(kind, metered(form.call, form.cost, args), cost)
    return Code(kind, applied(form.call, args), cost)


_PURE = frozenset(
    ("duration", "timestamp", "size", "quantity", "url", "ip", "cidr", "semver", "int", "uint", "double")
)


def _matching(pattern: str, at: int) -> Callable[[str], bool]:
    from mastractl.resources.cel import standard  # noqa: PLC0415 - it is one of the libraries

    try:
        matcher = standard.patterned(pattern)
    except CelError as fault:
        raise CelError(fault.message, at) from None
    return lambda text: standard.found(matcher, text)


_PATTERNS: dict[str, Callable[[str, int], Callable[[str], bool]]] = {"matches": _matching}


def _with_pattern(args: tuple[Code, ...], test: Callable[[str], bool]) -> Any:
    pattern = args[1].const[0]
    return metered(test, lambda text: budget.pattern(text, pattern), args[:1])


def _dispatch(forms: list[Overload]) -> Callable[..., Any]:
    """The call of the first overload that takes the values."""

    def choose(*values: Any) -> Any:
        for form in forms:
            if all(map(accepts, form.params, values)):
                return form.call(*values)
        raise no_overload()

    return choose


def _cost(forms: list[Overload]) -> budget.Cost:
    def measure(*values: Any) -> int:
        for form in forms:
            if form.cost is not None and all(map(accepts, form.params, values)):
                return form.cost(*values)
        return 0

    return measure


def _mismatch(name: str, args: tuple[Code, ...], *, member: bool) -> str:
    shown = [repr(arg.type) for arg in args]
    written = f"{shown[0]}.{name}({', '.join(shown[1:])})" if member else f"{name}({', '.join(shown)})"
    forms = "; ".join(_shown(name, form) for form in functions.overloads(name) if form.member is member)
    return f"found no matching overload for {written}; there is {forms}"


def _shown(name: str, form: Overload) -> str:
    params = list(map(repr, form.params))
    return f"{params[0]}.{name}({', '.join(params[1:])})" if form.member else f"{name}({', '.join(params)})"


def _unknown(name: str, known: tuple[Overload, ...], args: tuple[Code, ...], *, member: bool) -> str:
    if known:
        forms = "; ".join(_shown(name, form) for form in known)
        given = f"{len(args) - member} arguments{'' if member else ' and no target'}"
        return f"found no overload of {name!r} with {given}; there is {forms}"
    return _undeclared(name)


def _undeclared(name: str) -> str:
    from mastractl.spelling import nearest  # noqa: PLC0415 - for messages only

    known = tuple(functions.names())
    near = nearest(name, known) or nearest(name.rpartition(".")[2], known)
    hint = f'; did you mean "{near}"?' if near else ""
    return f"undeclared reference to {name!r}: there is no such function{hint}"
