"""Printer columns: what a table shows of a resource, and what `--sort-by` orders it by.

The rules are those of the Kubernetes table conversion: a missing value is an empty cell, a date is
shown as an age, columns of a priority above 0 are for `-o wide`. Cells are one harmless line each:
text of a resource can neither break a table nor reach the terminal as a control sequence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mastractl import clock, errors
from mastractl.resources.jsonpath import compile_path, relaxed, text_of
from mastractl.resources.kinds import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mastractl.resources.jsonpath import Path
    from mastractl.values import JsonObject

INVALID = "<invalid>"
"""What stands in a cell whose value is not of the column's type (Kubernetes' word for a bad date)."""

AGE = Column(name="Age", type="date", json_path=".metadata.creationTimestamp")
"""The one column of a kind that defines none."""

# Patterns are compiled when first used: most tables need none of them.
_LINE_BREAK = r"[\n\r\f\v\x1c-\x1e\x85\u2028\u2029]"
_DIGITS = r"([0-9]+)"
_KEPT = "\u3000\u200c\u200d"
"""Not printable to Python, yet part of text: the ideographic space, and what joins letters and emoji."""
_QUANTITY = r"([+-]?[0-9]+(?:\.[0-9]+)?)(m|k|[KMGTPE]i?)?"
_SUFFIXES = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18} | {
    f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)
}


def visible(columns: Sequence[Column], *, wide: bool) -> tuple[Column, ...]:
    """The columns that show: all with `-o wide`, otherwise those of priority 0. AGE if there are none."""
    return tuple(c for c in columns or (AGE,) if wide or c.priority <= 0)


def header(columns: Sequence[Column], *, wide: bool = False) -> list[str]:
    """The names of the visible columns, in capitals."""
    return [harmless(c.name.upper()) for c in visible(columns, wide=wide)]


def cells(columns: Sequence[Column], document: JsonObject, *, now: float, wide: bool = False) -> list[str]:
    """The cells of one document, one for each visible column; `now` is in epoch seconds."""
    return compile_cells(columns, wide=wide)(document, now)


def compile_cells(
    columns: Sequence[Column], *, wide: bool = False
) -> Callable[[JsonObject, float], list[str]]:
    """A function from a document and the time to its cells: for many rows of the same kind.

    Raises BadRequest for a column whose path cannot be understood.
    """
    makers = [_maker(column) for column in visible(columns, wide=wide)]
    return lambda document, now: [make(document, now) for make in makers]


def _maker(column: Column) -> Callable[[JsonObject, float], str]:
    path = compile_path(column.json_path)
    if column.type == "date":
        return lambda document, now: _age(path, document, now)
    accepts = _TYPES.get(column.type, (str,))
    if accepts == (str,):
        return lambda document, _now: _text(path, document)
    whole = column.type == "integer"
    return lambda document, _now: _typed(path, document, accepts, whole=whole)


_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
}


def _text(path: Path, document: JsonObject) -> str:
    """Every value found, joined by commas; text as it is, lists and objects as JSON."""
    try:
        found = path.find(document)
    except errors.BadRequest:
        return INVALID  # a filter met what it cannot compare: one row's fault must not hide the others
    text = ",".join([v if isinstance(v, str) else text_of(v) for v in found if v is not None])
    return text if text.isprintable() else one_line(text)


def _typed(path: Path, document: JsonObject, accepts: tuple[type, ...], *, whole: bool) -> str:
    """The first value if it is of the column's type; a value of another type has no cell in Kubernetes.

    `whole` cuts off the fraction of a number, as a column of integers does.
    """
    try:
        value = path.first(document)
    except errors.BadRequest:
        return INVALID
    if not isinstance(value, accepts) or (isinstance(value, bool) and bool not in accepts):
        return ""
    return text_of(int(value) if whole and isinstance(value, float) else value)


def _age(path: Path, document: JsonObject, now: float) -> str:
    try:
        value = path.first(document)
        return clock.age(now - clock.parse_rfc3339(value)) if value else ""
    except (errors.BadRequest, ValueError, TypeError):
        return INVALID


def one_line(text: str) -> str:
    """The first line of a text, with dots if it goes on (kubectl), and harmless."""
    first = re.split(_LINE_BREAK, text, maxsplit=1)[0]
    return harmless(first) + ("..." if len(first) < len(text) else "")


def harmless(text: str) -> str:
    """A text in which control, bidirectional and other unprintable characters are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else c.encode("unicode_escape").decode() for c in text)


def sort_key(path: str) -> Callable[[JsonObject], tuple[Any, ...]]:
    """A key function that orders documents by the first value a path leads to.

    Missing and null come first (kubectl), then numbers and quantities (`500m`, `2Gi`) by their size,
    then text with its digits as numbers (`v1.9` before `v1.10`), then lists and objects.
    Raises BadRequest for a path it does not understand.
    """
    compiled = relaxed(path)
    return lambda document: _rank(compiled.first(document))


def _rank(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (0,)
    if isinstance(value, (int, float)):
        return (1, value)
    if not isinstance(value, str):
        return (3, text_of(value))
    quantity = re.fullmatch(_QUANTITY, value)
    if quantity and (quantity[2] or "." not in quantity[1]):
        return (1, float(quantity[1]) * _SUFFIXES[quantity[2] or ""])
    return (2, [_digits(part) if odd % 2 else part for odd, part in enumerate(re.split(_DIGITS, value))])


def _digits(text: str) -> tuple[int, str]:
    """Orders runs of digits as numbers, however long: by length, then by the digits."""
    bare = text.lstrip("0")
    return len(bare), bare
