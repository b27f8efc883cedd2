"""Functions of optional values (cel-go's OptionalTypes)."""

from __future__ import annotations

from typing import Any

from mastractl.resources.cel.arithmetic import EARLIEST
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import MISSING, Duration, Maybe, Timestamp


def _non_zero(value: Any) -> Maybe:
    zero = isinstance(value, Maybe) and not value.found
    if isinstance(value, (Duration, Timestamp)):  # Go's calendar begins with the year 1
        zero = value.ns == (EARLIEST if isinstance(value, Timestamp) else 0)
    plain = isinstance(value, (bool, int, float, str, bytes, list, dict, type(None)))
    return MISSING if zero or (plain and not value) else Maybe(value)


def _value(maybe: Maybe) -> Any:
    if not maybe.found:
        message = "optional.none() dereference"
        raise CelError(message)
    return maybe.value


def _unwrap(items: list[Any]) -> list[Any]:
    return [each.value for each in items if each.found]


ROWS: tuple[tuple[Any, ...], ...] = (
    ("optional.of", "", "A", "optional(A)", Maybe),
    ("optional.none", "", "", "optional(A)", lambda: MISSING),
    ("optional.ofNonZeroValue", "", "A", "optional(A)", _non_zero),
    ("optional.unwrap", "", "list(optional(A))", "list(A)", _unwrap),
    ("unwrapOpt", "list(optional(A))", "", "list(A)", _unwrap),
    ("hasValue", "optional(A)", "", "bool", lambda maybe: maybe.found),
    ("value", "optional(A)", "", "A", _value),
)
"""`or` and `orValue` are macros, since what stands in them is evaluated only if it is needed."""
