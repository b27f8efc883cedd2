"""`'...'.format([...])`: clauses as in Go's fmt (cel-go's strings extension)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import budget
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.standard import show_double
from mastractl.resources.cel.times import show_duration, show_timestamp
from mastractl.resources.cel.values import Duration, Timestamp, TypeValue, UInt, type_name, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

_CLAUSE = re.compile(r"%(%|(?:\.([0-9]*))?(.|$))", re.DOTALL)
_INTEGERS = (int, UInt)
PRECISION_LIMIT = 100


def _format(text: str, args: list[Any]) -> str:
    remaining = iter(enumerate(args))

    def clause(hit: re.Match[str]) -> str:
        if hit[1] == "%":
            return "%"
        write = _CLAUSES.get(hit[3])
        if write is None:
            message = f'could not parse formatting clause: unrecognized formatting clause "{hit[3]}"'
            raise CelError(message)
        precision = int(hit[2] or 0) if hit[2] is not None and len(hit[2]) < 9 else 6
        if precision > PRECISION_LIMIT:
            message = f"could not parse formatting clause: precision {precision} is too large"
            raise CelError(message)
        _, value = next(remaining, (0, _NONE))
        if value is _NONE:
            message = f"index {len(args)} out of range"
            raise CelError(message)
        return write(value, precision)

    return _CLAUSE.sub(clause, text)


_NONE = object()


def _wrong(rule: str, value: Any) -> CelError:
    return CelError(f"error during formatting: {rule}, was given {type_name(value)}")


def shown(value: Any, _precision: int = 0) -> str:
    """The value as %s writes it."""
    show = _SHOWN.get(type(value))
    if show is None:
        rule = (
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
            "durations, and timestamps"
        )
        raise _wrong(rule, value)
    return show(value)


def _entries(value: dict[Any, Any]) -> str:
    parts = sorted((shown(value_of(key)), shown(item)) for key, item in value.items())
    return "{" + ", ".join(f"{key}: {item}" for key, item in parts) + "}"


def _double(value: float) -> str:
    return _special(value) or show_double(value)


def _special(value: float) -> str:
    if math.isfinite(value):
        return ""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_SHOWN: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    bytes: lambda value: value.decode(errors="replace"),
    int: str,
    UInt: lambda value: str(int(value)),
    float: _double,
    type(None): lambda _value: "null",
    list: lambda value: f"[{', '.join(map(shown, value))}]",
    dict: _entries,
    TypeValue: lambda value: value.name,
    Duration: show_duration,
    Timestamp: show_timestamp,
}


def _decimal(value: Any, _precision: int) -> str:
    if type(value) in _INTEGERS:
        return str(int(value))
    if type(value) is float:
        return _double(value)
    rule = "decimal clause can only be used on integers"
    raise _wrong(rule, value)


def _number(value: Any, rule: str) -> float:
    if type(value) in _INTEGERS or type(value) is float:
        return float(value)
    raise _wrong(rule, value)


def _fixed(value: Any, precision: int) -> str:
    number = _number(value, "fixed-point clause can only be used on doubles")
    return _special(number) or f"{number:.{precision}f}"


def _scientific(value: Any, precision: int) -> str:
    number = _number(value, "scientific clause can only be used on doubles")
    return _special(number) or f"{number:.{precision}e}"


def _binary(value: Any, _precision: int) -> str:
    if type(value) in _INTEGERS or type(value) is bool:
        return f"{int(value):b}"
    rule = "only integers and bools can be formatted as binary"
    raise _wrong(rule, value)


def _octal(value: Any, _precision: int) -> str:
    if type(value) in _INTEGERS:
        return f"{int(value):o}"
    rule = "octal clause can only be used on integers"
    raise _wrong(rule, value)


def _hexadecimal(value: Any, _precision: int) -> str:
    if type(value) in _INTEGERS:
        return f"{int(value):x}"
    if type(value) is str:
        return value.encode().hex()
    if type(value) is bytes:
        return value.hex()
    rule = "only integers, byte buffers, and strings can be formatted as hex"
    raise _wrong(rule, value)


_CLAUSES: dict[str, Callable[[Any, int], str]] = {
    "s": shown,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _binary,
    "o": _octal,
    "x": _hexadecimal,
    "X": lambda value, precision: _hexadecimal(value, precision).upper(),
}


def _cost(text: Any, args: Any) -> int:
    return budget.scan(text) + budget.items(args) + sum(map(budget.scan, args if type(args) is list else ()))


ROWS: tuple[tuple[Any, ...], ...] = (("format", "string", "list(dyn)", "string", _format, _cost),)
