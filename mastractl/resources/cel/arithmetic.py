"""Checked arithmetic: operators by the classes of their operands, as the CEL specification has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import (
    INT_MAX,
    INT_MIN,
    SECOND,
    UINT_MAX,
    Duration,
    Timestamp,
    UInt,
    no_overload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Binary = Callable[[Any, Any], Any]

EARLIEST = -62_135_596_800 * SECOND
LATEST = 253_402_300_800 * SECOND - 1
"""The first and last nanosecond of the years 1 to 9999."""


def int_of(value: int) -> int:
    """The integer, if it fits into 64 bits."""
    if INT_MIN <= value <= INT_MAX:
        return value
    message = "integer overflow"
    raise CelError(message)


def uint_of(value: int) -> UInt:
    """The unsigned integer, if it fits into 64 bits."""
    if 0 <= value <= UINT_MAX:
        return UInt(value)
    message = "unsigned integer overflow"
    raise CelError(message)


def duration_of(ns: int) -> Duration:
    """The duration, if its nanoseconds fit into 64 bits."""
    if INT_MIN <= ns <= INT_MAX:
        return Duration(ns)
    message = "duration out of range"
    raise CelError(message)


def timestamp_of(ns: int, offset: int = 0) -> Timestamp:
    """The timestamp, if it lies in the years 1 to 9999."""
    if EARLIEST <= ns <= LATEST:
        return Timestamp(ns, offset)
    message = "timestamp out of range"
    raise CelError(message)


def _quotient(a: int, b: int) -> int:
    """Division towards zero."""
    if b == 0:
        message = "division by zero"
        raise CelError(message)
    return a // b if (a < 0) is (b < 0) else -(-a // b)


def _remainder(a: int, b: int) -> int:
    if b == 0:
        message = "modulus by zero"
        raise CelError(message)
    return int(math.fmod(a, b)) if abs(a) < 1 << 52 and abs(b) < 1 << 52 else a - b * _quotient(a, b)


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    if a != a or a == 0:  # noqa: PLR0124 - only NaN differs from itself
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


_Key = tuple[type, type]
_ADD: dict[_Key, Binary] = {
    (int, int): lambda a, b: int_of(a + b),
    (UInt, UInt): lambda a, b: uint_of(int(a) + b),
    (float, float): lambda a, b: a + b,
    (str, str): lambda a, b: a + b,
    (bytes, bytes): lambda a, b: a + b,
    (list, list): lambda a, b: a + b,
    (Duration, Duration): lambda a, b: duration_of(a.ns + b.ns),
    (Timestamp, Duration): lambda a, b: timestamp_of(a.ns + b.ns, a.offset),
    (Duration, Timestamp): lambda a, b: timestamp_of(a.ns + b.ns, b.offset),
}
_SUBTRACT: dict[_Key, Binary] = {
    (int, int): lambda a, b: int_of(a - b),
    (UInt, UInt): lambda a, b: uint_of(int(a) - b),
    (float, float): lambda a, b: a - b,
    (Duration, Duration): lambda a, b: duration_of(a.ns - b.ns),
    (Timestamp, Duration): lambda a, b: timestamp_of(a.ns - b.ns, a.offset),
    (Timestamp, Timestamp): lambda a, b: duration_of(a.ns - b.ns),
}
_MULTIPLY: dict[_Key, Binary] = {
    (int, int): lambda a, b: int_of(a * b),
    (UInt, UInt): lambda a, b: uint_of(int(a) * b),
    (float, float): lambda a, b: a * b,
}
_DIVIDE: dict[_Key, Binary] = {
    (int, int): lambda a, b: int_of(_quotient(a, b)),
    (UInt, UInt): lambda a, b: UInt(_quotient(a, b)),
    (float, float): _divide,
}
_MODULO: dict[_Key, Binary] = {
    (int, int): _remainder,
    (UInt, UInt): lambda a, b: UInt(_remainder(a, b)),
}
TABLES: dict[str, dict[_Key, Binary]] = {
    "+": _ADD,
    "-": _SUBTRACT,
    "*": _MULTIPLY,
    "/": _DIVIDE,
    "%": _MODULO,
}
"""The operators, by the classes of the operands."""


def by_value(word: str) -> Binary:
    """The operator for operands whose types are known only when they are there."""
    table = TABLES[word]

    def calculate(a: Any, b: Any) -> Any:
        operator = table.get((type(a), type(b)))
        if operator is None:
            raise no_overload()
        return operator(a, b)

    return calculate


def negated(value: Any) -> Any:
    """Minus the value."""
    if type(value) is int:
        return int_of(-value)
    if type(value) is float:
        return -value
    raise no_overload()


_ORDERED = (str, bytes, bool, Duration, Timestamp)


def comparable(a: Any, b: Any) -> bool:
    """Whether `<` can be asked of two values: numbers of any type, and others of the same type."""
    kind = type(a)
    if kind in _NUMBERS:
        return type(b) in _NUMBERS
    return kind is type(b) and kind in _ORDERED


_NUMBERS = frozenset((int, UInt, float))
