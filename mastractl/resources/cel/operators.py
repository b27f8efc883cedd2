"""Operators compiled for the types of their operands."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.arithmetic import TABLES, by_value, comparable, negated
from mastractl.resources.cel.budget import exceeded
from mastractl.resources.cel.code import Code, applied, metered
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.keyed_lists import comparison, merged
from mastractl.resources.cel.schema_types import KeyedList
from mastractl.resources.cel.types import BOOL, DYN, NUMBERS, OPEN
from mastractl.resources.cel.values import CLASSES, INT_MAX, INT_MIN, contains, equal, key_of, no_overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.code import Frame, Run
    from mastractl.resources.cel.types import Type


def binary(word: str, left: Code, right: Code, at: int) -> Code:
    """The code of `left word right`. Raises CelError where the types do not go together."""
    if word in ("==", "!="):
        return _equality(word, left, right, at)
    if word == "in":
        return _membership(left, right, at)
    if word in _ORDER:
        return _order(word, left, right, at)
    return _arithmetic(word, left, right, at)


def unary(word: str, operand: Code, at: int) -> Code:
    """The code of `!operand` or `-operand`."""
    run, kind = operand.run, operand.type
    if word == "!_":
        if kind.name != "bool" and kind.name not in OPEN:
            raise _mismatch(word[0], at, (kind,))
        return Code(BOOL, _not(run), operand.cost + 1)
    if kind.name not in ("int", "double") and kind.name not in OPEN:
        raise _mismatch(word[0], at, (kind,))
    return Code(kind, lambda f: negated(run(f)), operand.cost + 1)


def _not(run: Run) -> Run:
    def negate(f: Frame) -> bool:
        value = run(f)
        if value is True:
            return False
        if value is False:
            return True
        raise no_overload()

    return negate


def _mismatch(word: str, at: int, given: tuple[Type, ...]) -> CelError:
    shown = ", ".join(map(repr, given))
    hint = ""
    if len(given) == 2 and given[0].name in NUMBERS and given[1].name in NUMBERS:
        hint = "; convert one of them, as in double(x)"
    return CelError(f"found no matching overload for '{word}' applied to ({shown}){hint}", at)


def _equality(word: str, left: Code, right: Code, at: int) -> Code:
    a, b = left.type, right.type
    if types.join(a, b) is None:
        raise _mismatch(word, at, (a, b))
    cost = left.cost + right.cost + 1
    x, y = left.run, right.run
    negate = word == "!="
    if (a.name == b.name and a.name in types.SIMPLE) or (a.name in NUMBERS and b.name in NUMBERS):
        if a.name in ("string", "bytes") and not left.const and not right.const:
            return Code(BOOL, _measured(x, y, operator.ne if negate else operator.eq), cost)
        return Code(BOOL, (lambda f: x(f) != y(f)) if negate else (lambda f: x(f) == y(f)), cost)
    test = comparison(a) or equal
    if a.name in ("list", "map", "dyn", "object"):
        return Code(BOOL, _measured(x, y, (lambda p, q: not test(p, q)) if negate else test), cost)
    return Code(BOOL, (lambda f: not test(x(f), y(f))) if negate else (lambda f: test(x(f), y(f))), cost)


def _measured(x: Run, y: Run, test: Callable[[Any, Any], bool]) -> Run:
    """A comparison charged by the size of what is compared."""

    def compare(f: Frame) -> bool:
        a, b = x(f), y(f)
        f[0] -= budget.smaller(a, b)
        if f[0] < 0:
            raise exceeded()
        return test(a, b)

    return compare


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = frozenset(("string", "bytes", "bool", types.DURATION.name, types.TIMESTAMP.name))


def _order(word: str, left: Code, right: Code, at: int) -> Code:
    a, b = left.type.name, right.type.name
    cost = left.cost + right.cost + 1
    x, y, test = left.run, right.run, _ORDER[word]
    if (a in NUMBERS and b in NUMBERS) or (a == b and a in _ORDERED):
        if a in ("string", "bytes"):
            return Code(BOOL, _measured(x, y, test), cost)
        if a != b and "double" in (a, b):
            return Code(BOOL, applied(lambda p, q: test(float(p), float(q)), (left, right)), cost)
        return Code(BOOL, _plain_order(word, x, y), cost)
    open_a, open_b = a in OPEN, b in OPEN
    if not (open_a or open_b) or any(
        not o and n not in NUMBERS | _ORDERED for o, n in ((open_a, a), (open_b, b))
    ):
        raise _mismatch(word, at, (left.type, right.type))

    def compare(p: Any, q: Any) -> bool:
        if not comparable(p, q):
            raise no_overload()
        return test(float(p), float(q)) if type(p) is float or type(q) is float else test(p, q)

    return Code(BOOL, _measured(x, y, compare), cost)


def _plain_order(word: str, x: Run, y: Run) -> Run:
    if word == "<":
        return lambda f: x(f) < y(f)
    if word == "<=":
        return lambda f: x(f) <= y(f)
    if word == ">":
        return lambda f: x(f) > y(f)
    return lambda f: x(f) >= y(f)


_IN = "in"


def _membership(left: Code, right: Code, at: int) -> Code:
    kind = right.type
    cost = left.cost + right.cost + 1
    if kind.name == "list":
        if types.join(left.type, kind.args[0]) is None:
            raise _mismatch(_IN, at, (left.type, kind))
        return Code(BOOL, _in_list(left, right), cost)
    if kind.name == "map":
        if types.join(left.type, kind.args[0]) is None:
            raise _mismatch(_IN, at, (left.type, kind))
        return Code(BOOL, applied(lambda key, entries: key_of(key) in entries, (left, right)), cost)
    if kind.name not in OPEN:
        raise _mismatch(_IN, at, (left.type, kind))
    return Code(BOOL, metered(_in_any, lambda _v, items: budget.items(items), (left, right)), cost)


def _in_list(left: Code, right: Code) -> Run:
    """Whether a value is in a list; a list of literals is charged and looked through as a set."""
    x, y = left.run, right.run
    item = right.type.args[0]
    simple = left.type.name == item.name and item.name in types.SIMPLE
    if simple and right.const and item.name != "type":
        literals = frozenset(right.const[0])
        return lambda f: x(f) in literals
    test: Callable[[Any, Any], bool] = operator.contains if simple else contains

    def found(f: Frame) -> bool:
        value, items = x(f), y(f)
        f[0] -= budget.items(items)
        if f[0] < 0:
            raise exceeded()
        return test(items, value)

    return found


def _in_any(value: Any, items: Any) -> bool:
    if type(items) is list:
        return contains(items, value)
    if type(items) is dict:
        return key_of(value) in items
    raise no_overload()


def _arithmetic(word: str, left: Code, right: Code, at: int) -> Code:
    a, b = left.type, right.type
    cost = left.cost + right.cost + 1
    if a.name in OPEN or b.name in OPEN:
        if not any(_possible(word, a, b)):
            raise _mismatch(word, at, (a, b))
        return Code(DYN, metered(by_value(word), budget.both, (left, right)), cost)
    known = a.name in CLASSES and b.name in CLASSES
    call = TABLES[word].get((CLASSES[a.name][0], CLASSES[b.name][0])) if known else None
    result = _result(word, a, b) if call is not None else None
    if call is None or result is None:
        raise _mismatch(word, at, (a, b))
    if a.name == "int" and word in "+-":
        return Code(result, _whole(word, left.run, right.run), cost)
    if isinstance(a, KeyedList):
        return Code(result, metered(merged(a), budget.product, (left, right)), cost)
    if a.name in ("string", "bytes", "list"):
        return Code(result, metered(call, budget.both, (left, right)), cost)
    return Code(result, applied(call, (left, right)), cost)


def _possible(word: str, a: Type, b: Type) -> list[bool]:
    """For each form of the operator, whether the operand whose type is known can take part in it."""
    x, y = (CLASSES.get(kind.name, (None,))[0] for kind in (a, b))
    return [(a.name in OPEN or x is p) and (b.name in OPEN or y is q) for p, q in TABLES[word]]


def _whole(word: str, x: Run, y: Run) -> Run:
    """The sum or difference of two integers, without a further call."""

    def plus(f: Frame) -> int:
        value: int = x(f) + y(f)
        if INT_MIN <= value <= INT_MAX:
            return value
        message = "integer overflow"
        raise CelError(message)

    def minus(f: Frame) -> int:
        value: int = x(f) - y(f)
        if INT_MIN <= value <= INT_MAX:
            return value
        message = "integer overflow"
        raise CelError(message)

    return plus if word == "+" else minus


def _result(word: str, a: Type, b: Type) -> Type | None:
    if a.name == "list":
        joined = types.join(a, b)
        return a if joined == a else joined
    if a == types.DURATION and b == types.TIMESTAMP:
        return b
    return types.DURATION if word == "-" and b == types.TIMESTAMP else a
