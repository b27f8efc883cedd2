"""Functions of numbers (cel-go's math extension)."""

from __future__ import annotations

import math
from typing import Any

from mastractl.resources.cel import budget
from mastractl.resources.cel.arithmetic import int_of
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import UINT_MAX, UInt, no_overload

_NUMBERS = ("int", "uint", "double")


def _extreme(values: list[Any], *, largest: bool) -> Any:
    if not values:
        message = f"math.@{'max' if largest else 'min'}(list) argument must not be empty"
        raise CelError(message)
    found = values[0]
    for value in values:
        if type(value) not in (int, UInt, float):
            raise no_overload()
        if value > found if largest else value < found:
            found = value
    return found


def _largest(values: list[Any]) -> Any:
    return _extreme(values, largest=True)


def _smallest(values: list[Any]) -> Any:
    return _extreme(values, largest=False)


def _round(value: float) -> float:
    """Halves go away from zero."""
    if not math.isfinite(value) or abs(value) >= 2.0**52:
        return value
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _whole(rounded: Any) -> Any:
    return lambda value: float(rounded(value)) if math.isfinite(value) else value


def _sqrt(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _sign(value: Any) -> Any:
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        return value
    return type(value)((value > 0) - (value < 0))


def _signed(value: int) -> int:
    """The integer whose 64 bits these are."""
    value &= UINT_MAX
    return value - (1 << 64) if value >> 63 else value


def _shift_left(value: int, count: int) -> int:
    _checked(count)
    moved = 0 if count > 63 else int(value) << count
    return UInt(moved & UINT_MAX) if type(value) is UInt else _signed(moved)


def _shift_right(value: int, count: int) -> int:
    _checked(count)
    moved = 0 if count > 63 else (value & UINT_MAX) >> count
    return UInt(moved) if type(value) is UInt else _signed(moved)


def _checked(count: int) -> int:
    if count < 0:
        message = f"math.bitShift() negative offset: {count}"
        raise CelError(message)
    return count


ROWS: tuple[tuple[Any, ...], ...] = (
    *(("math.@max", "", kind, kind, lambda value: value) for kind in _NUMBERS),
    *(("math.@min", "", kind, kind, lambda value: value) for kind in _NUMBERS),
    *(("math.@max", "", f"list({kind})", kind, _largest, budget.items) for kind in _NUMBERS),
    *(("math.@min", "", f"list({kind})", kind, _smallest, budget.items) for kind in _NUMBERS),
    ("math.ceil", "", "double", "double", _whole(math.ceil)),
    ("math.floor", "", "double", "double", _whole(math.floor)),
    ("math.trunc", "", "double", "double", _whole(math.trunc)),
    ("math.round", "", "double", "double", _round),
    ("math.isNaN", "", "double", "bool", math.isnan),
    ("math.isInf", "", "double", "bool", math.isinf),
    ("math.isFinite", "", "double", "bool", math.isfinite),
    *(("math.sqrt", "", kind, "double", _sqrt) for kind in _NUMBERS),
    ("math.abs", "", "int", "int", lambda value: int_of(abs(value))),
    ("math.abs", "", "uint", "uint", lambda value: value),
    ("math.abs", "", "double", "double", abs),
    *(("math.sign", "", kind, kind, _sign) for kind in _NUMBERS),
    ("math.bitAnd", "", "int, int", "int", lambda a, b: a & b),
    ("math.bitAnd", "", "uint, uint", "uint", lambda a, b: UInt(int(a) & b)),
    ("math.bitOr", "", "int, int", "int", lambda a, b: a | b),
    ("math.bitOr", "", "uint, uint", "uint", lambda a, b: UInt(int(a) | b)),
    ("math.bitXor", "", "int, int", "int", lambda a, b: a ^ b),
    ("math.bitXor", "", "uint, uint", "uint", lambda a, b: UInt(int(a) ^ b)),
    ("math.bitNot", "", "int", "int", lambda a: ~a),
    ("math.bitNot", "", "uint", "uint", lambda a: UInt(UINT_MAX - a)),
    *(("math.bitShiftLeft", "", f"{kind}, int", kind, _shift_left) for kind in ("int", "uint")),
    *(("math.bitShiftRight", "", f"{kind}, int", kind, _shift_right) for kind in ("int", "uint")),
)
