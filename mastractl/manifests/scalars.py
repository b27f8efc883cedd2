"""Plain scalars: what an unquoted word of YAML means here, and whether other readers take it otherwise.

The meaning is that of the YAML 1.2 core schema (yaml.org/spec/1.2.2 §10.3.2), narrowed to what JSON can
hold in 64 bits: `NO`, `yes`, `1:30` and `2026-01-01` are text. Where a YAML 1.1 reader (yaml.org/type)
makes something else of the same word, the second half of a reading says what, so that the writer can be
told to quote it.
"""

from __future__ import annotations

import math
import re
from typing import Any

SMALLEST, LARGEST = -(2**63), 2**64 - 1
"""The integers that every reader of JSON may be expected to keep: int64 and uint64."""

EXACT = 2**53
"""Below this a float without a fraction is the integer it looks like."""

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TEXT_HERE = {
    **{w: "true" for word in ("y", "yes", "on") for w in (word, word.capitalize(), word.upper())},
    **{w: "false" for word in ("n", "no", "off") for w in (word, word.capitalize(), word.upper())},
    "=": "the default-value mark",
}
_NUMERIC = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_OTHER_BASE = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")

_BASE_60 = re.compile(r"([-+]?)([1-9][0-9_]*(?::[0-5]?[0-9])+)\Z")
_BASE_60_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*\Z")
_INTEGER_11 = re.compile(
    r"[-+]?(?:0b(?P<two>[01_]+)|0(?P<eight>[0-7_]+)|0x(?P<sixteen>[0-9a-fA-F_]+)|(?P<ten>0|[1-9][0-9_]*))\Z"
)
_BASES = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}
_FLOAT_11 = re.compile(r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?\Z")
"""As PyYAML has it: the specification lets a sign stand before a point, PyYAML takes `-.5` for text."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?\Z"
)


def read(text: str) -> tuple[Scalar, str]:
    """The value of a plain scalar, and what a YAML 1.1 reader takes it for where that differs ("" if not).

    Raises ValueError, with a message for people, for what is a number but none that JSON can hold.
    """
    if text[:1] in _NUMERIC:
        return _read_number(text)
    if text in _WORDS:
        return _WORDS[text], ""
    return text, _TEXT_HERE.get(text, "")


def read_key(text: str) -> str:
    """What a YAML 1.1 reader takes a plain mapping key for where that is another key; "" if it is the same.

    Keys are always text here, whatever they look like. ValueError where the key is null.
    """
    if text[:1] in _NUMERIC:
        other = _number_11(text)
        return "" if str(other) == text else _describe(other)
    word = _WORDS.get(text, text)
    if word is None:
        message = "a key must be text, not null"
        raise ValueError(message)
    return _TEXT_HERE.get(text, "") if isinstance(word, str) or text.islower() else text.lower()


def integer(text: str) -> int:
    """A decimal integer. ValueError beyond 64 bits, where other readers of JSON would lose digits."""
    too_long = len(text) > 20 and len(text.lstrip("+-0")) > 20
    return _in_range(LARGEST + 1 if too_long else int(text), text)


def real(text: str) -> int | float:
    """A decimal fraction; an integer if it is one exactly. ValueError beyond the range of a double."""
    value = float(text)
    if math.isinf(value):
        message = f"the number {_short(text)} is beyond what a double can hold"
        raise ValueError(message)
    return int(value) if -EXACT < value < EXACT and value.is_integer() else value


def _in_range(value: int, text: str) -> int:
    if SMALLEST <= value <= LARGEST:
        return value
    message = f"the integer {_short(text)} does not fit into 64 bits"
    raise ValueError(message)


def _read_number(text: str) -> tuple[Scalar, str]:
    if text[0] in "123456789" and len(text) < 19 and text.isdecimal() and text.isascii():
        return int(text), ""  # the plainest case, and by far the most frequent
    if _NOT_FINITE.match(text):
        message = f"{text} is no number that JSON can hold"
        raise ValueError(message)
    here, other = _number_here(text), _number_11(text)
    return here, "" if other == here else _describe(other)


def _number_here(text: str) -> int | float | str:
    if _INTEGER.match(text):
        return integer(text)
    if _FLOAT.match(text):
        return real(text)
    if _OTHER_BASE.match(text):
        return _in_range(int(text[2:], 8 if text[1] == "o" else 16), text)
    return text


def _number_11(text: str) -> Any:  # noqa: PLR0911 - one line per type of YAML 1.1
    """What YAML 1.1 makes of it: a number, its text, or a phrase in a tuple for what JSON has no type for."""
    if found := _INTEGER_11.match(text):
        return _integer_11(text, found)
    if _FLOAT_11.match(text):
        return float(text.replace("_", ""))
    if found := _BASE_60.match(text):
        return _base_60(found)
    if _BASE_60_FLOAT.match(text):
        return ("a number in base 60",)
    if _DATE.match(text):
        return ("a date",)
    if _TIME.match(text):
        return ("a timestamp",)
    return text


def _integer_11(text: str, found: re.Match[str]) -> Any:
    base = found.lastgroup or "ten"
    digits = found[base].replace("_", "")
    if not digits or len(digits) > 100:
        return ("a number",)
    value = int(digits, _BASES[base])
    return -value if text[0] == "-" else value


def _base_60(found: re.Match[str]) -> Any:
    if len(found[2]) > 100:
        return ("a number in base 60",)
    value = 0
    for part in found[2].replace("_", "").split(":"):
        value = value * 60 + int(part)
    return -value if found[1] == "-" else value


def _describe(other: Any) -> str:
    if isinstance(other, str):
        return "text"
    return other[0] if isinstance(other, tuple) else f"the number {other}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
