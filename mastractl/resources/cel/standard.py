"""The standard functions: sizes, texts and conversions (the CEL specification's standard definitions)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from mastractl.resources import patterns
from mastractl.resources.cel import budget
from mastractl.resources.cel.arithmetic import int_of, timestamp_of, uint_of
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.times import parse_duration, parse_timestamp, show_duration, show_timestamp
from mastractl.resources.cel.values import SECOND, TypeValue, type_name

if TYPE_CHECKING:
    from mastractl.resources.cel.values import UInt

_DIGITS = r"[-+]?[0-9]{1,30}"
_DECIMAL = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|inf|infinity|nan)"


def matches(text: str, pattern: str) -> bool:
    """Whether a pattern of RE2 is found in the text."""
    return found(patterned(pattern), text)


def patterned(pattern: str) -> patterns.Matcher:
    """The matcher of a pattern. Raises CelError where it is not RE2."""
    try:
        return patterns.matcher(pattern)
    except ValueError as error:
        message = f"{pattern[:60]!r} is no regular expression: {error}"
        raise CelError(message) from None


def found(matcher: patterns.Matcher, text: str) -> bool:
    """Whether the pattern is found. Raises CelError for a text that is too long to be searched for it."""
    if len(text) > matcher.limit:
        message = f"the text is too long for this pattern ({len(text)} characters, at most {matcher.limit})"
        raise CelError(message)
    return matcher.found(text)


def _int_from_double(value: float) -> int:
    if not math.isfinite(value) or not -(2.0**63) < value < 2.0**63:
        message = "integer overflow"
        raise CelError(message)
    return int(value)


def _uint_from_double(value: float) -> UInt:
    if not math.isfinite(value) or not -1.0 < value < 2.0**64:
        message = "unsigned integer overflow"
        raise CelError(message)
    return uint_of(int(value))


def _whole(text: str) -> int:
    if re.fullmatch(_DIGITS, text) is None:
        message = f"{text[:60]!r} is no whole number"
        raise CelError(message)
    return int(text)


def _double(text: str) -> float:
    if len(text) > 400 or re.fullmatch(_DECIMAL, text, re.IGNORECASE) is None:
        message = f"{text[:60]!r} is no number"
        raise CelError(message)
    return float(text)


_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


def _bool(text: str) -> bool:
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    message = f"{text[:60]!r} is neither true nor false"
    raise CelError(message)


def show_double(value: float) -> str:
    """The number as Go prints it: no more digits than needed, no `.0`."""
    if not math.isfinite(value):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"  # noqa: PLR0124 - only NaN differs from itself
    text = repr(value)
    if "e" in text:
        digits, _, power = text.partition("e")
        if -5 < int(power) < 21:
            return f"{value:.0f}" if int(power) > 0 else f"{value:.{len(digits) + 6}f}".rstrip("0")
        return f"{digits}e{int(power):+03d}"
    return text.removesuffix(".0")


def _decode(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        message = "the bytes are no valid UTF-8"
        raise CelError(message) from None


def _same(value: Any) -> Any:
    return value


ROWS: tuple[tuple[Any, ...], ...] = (
    *(("size", "", kind, "int", len) for kind in ("string", "bytes", "list(A)", "map(A, B)")),
    *(("size", kind, "", "int", len) for kind in ("string", "bytes", "list(A)", "map(A, B)")),
    ("contains", "string", "string", "bool", lambda text, part: part in text, budget.within),
    ("startsWith", "string", "string", "bool", str.startswith, budget.scan),
    ("endsWith", "string", "string", "bool", str.endswith, budget.scan),
    ("matches", "string", "string", "bool", matches, budget.pattern),
    ("matches", "", "string, string", "bool", matches, budget.pattern),
    ("type", "", "A", "type(A)", lambda value: TypeValue(type_name(value))),
    ("dyn", "", "A", "dyn", _same),
    ("int", "", "int", "int", _same),
    ("int", "", "uint", "int", lambda value: int_of(int(value))),
    ("int", "", "double", "int", _int_from_double),
    ("int", "", "string", "int", lambda text: int_of(_whole(text))),
    ("int", "", "timestamp", "int", lambda value: value.ns // SECOND),
    ("int", "", "duration", "int", lambda value: value.ns // SECOND),
    ("uint", "", "uint", "uint", _same),
    ("uint", "", "int", "uint", uint_of),
    ("uint", "", "double", "uint", _uint_from_double),
    ("uint", "", "string", "uint", lambda text: uint_of(_whole(text))),
    ("double", "", "double", "double", _same),
    ("double", "", "int", "double", float),
    ("double", "", "uint", "double", float),
    ("double", "", "string", "double", _double),
    ("bool", "", "bool", "bool", _same),
    ("bool", "", "string", "bool", _bool),
    ("string", "", "string", "string", _same),
    ("string", "", "int", "string", str),
    ("string", "", "uint", "string", lambda value: str(int(value))),
    ("string", "", "double", "string", show_double),
    ("string", "", "bool", "string", lambda value: "true" if value else "false"),
    ("string", "", "bytes", "string", _decode, budget.scan),
    ("string", "", "timestamp", "string", show_timestamp),
    ("string", "", "duration", "string", show_duration),
    ("bytes", "", "bytes", "bytes", _same),
    ("bytes", "", "string", "bytes", str.encode, budget.scan),
    ("timestamp", "", "timestamp", "timestamp", _same),
    ("timestamp", "", "string", "timestamp", parse_timestamp),
    ("timestamp", "", "int", "timestamp", lambda seconds: timestamp_of(seconds * SECOND)),
    ("duration", "", "duration", "duration", _same),
    ("duration", "", "string", "duration", parse_duration),
)
