"""Diagnostics as text: for people, for grep, for programs.

What comes from a manifest is hostile until proven otherwise: control characters are shown, never sent, and
a line is cut around what it is shown for.
"""

from __future__ import annotations

import json as encoder
from typing import TYPE_CHECKING, Any, Protocol

from mastractl.errors import format_path
from mastractl.manifests.codes import name_of
from mastractl.manifests.visible import line, visible, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.manifests.diagnostics import Diagnostic, Excerpt, Summary

_COLOURS = {"error": "1;31", "warning": "1;33", "quiet": "1;34", "bold": "1"}


class Format(Protocol):
    """Diagnostics to text that ends in a newline ("" for none). `colour` permits ANSI colours."""

    def __call__(self, found: Sequence[Diagnostic], total: Summary, *, colour: bool = False) -> str:
        """The text. `total` is the summary of the run; only formats for programs show it."""
        ...


def text(found: Sequence[Diagnostic], total: Summary, *, colour: bool = False) -> str:  # noqa: ARG001 - Format
    """For people: what, where, the line with a caret under the place, and what to do."""
    return "\n".join("\n".join(_block(each, colour=colour)) + "\n" for each in found)


def concise(found: Sequence[Diagnostic], total: Summary, *, colour: bool = False) -> str:  # noqa: ARG001 - Format
    """One line each, `file:line:col: error[MA101] message`, as compilers write and editors read it."""
    return "".join(f"{_concise(each, colour=colour)}\n" for each in found)


def json(found: Sequence[Diagnostic], total: Summary, *, colour: bool = False) -> str:  # noqa: ARG001 - Format
    """One JSON object: `diagnostics` and `summary`. Positions count from 1; empty fields are left out."""
    counts = {"errors": total.errors, "warnings": total.warnings, "sources": total.sources}
    whole = {"diagnostics": [_object(each) for each in found], "summary": counts}
    return encoder.dumps(whole, indent=2) + "\n"


FORMATS: dict[str, Format] = {"text": text, "concise": concise, "json": json}
"""Every format by the name it has on the command line."""


def _paint(words: str, name: str, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[name]}m{words}\x1b[0m" if colour else words


def _block(found: Diagnostic, *, colour: bool) -> Iterator[str]:
    head = _paint(f"{found.severity}[{name_of(found.code)}]", found.severity, colour=colour)
    yield f"{head}: {_paint(visible(found.message), 'bold', colour=colour)}"
    number = str(found.line) if found.excerpt else ""
    gutter = " " * (len(number) + 1)
    path = f"  ({visible(format_path(found.path))})" if found.path else ""
    if found.source:
        yield f"{gutter}{_paint('-->', 'quiet', colour=colour)} {visible(found.place)}{path}"
    elif path:
        yield f"{gutter}{path.lstrip()}"
    bar = _paint("|", "quiet", colour=colour)
    if found.excerpt:
        shown, caret = _pointed(found.excerpt, found.column, found.end_column)
        yield f"{_paint(f' {number} |', 'quiet', colour=colour)} {shown}"
        yield f"{gutter} {bar} {_paint(caret, found.severity, colour=colour)}"
    sign = _paint("=", "quiet", colour=colour)
    for other in found.related:
        where = f"{other.source}:{other.line}:{other.column}" if other.line else other.source
        yield f"{gutter} {sign} note: {visible(where)}: {visible(other.message)}"
    if found.hint:
        yield f"{gutter} {sign} help: {visible(found.hint)}"


def _pointed(excerpt: Excerpt, column: int, end_column: int) -> tuple[str, str]:
    """The line as it is shown, and carets under the columns from `column` up to `end_column`."""
    start = max(0, column - 1 - excerpt.offset)
    end = max(start + 1, end_column - 1 - excerpt.offset)
    left = "..." if excerpt.offset else ""
    right = "..." if excerpt.more else ""
    before, at = line(excerpt.text[:start]), line(excerpt.text[start:end])
    shown = f"{left}{before}{at}{line(excerpt.text[end:])}{right}"
    return shown.rstrip(), " " * (len(left) + width(before)) + "^" * max(1, width(at))


def _concise(found: Diagnostic, *, colour: bool) -> str:
    where = f"{visible(found.place)}: " if found.source else ""
    head = _paint(f"{found.severity}[{found.code}]", found.severity, colour=colour)
    return f"{where}{head} {visible(found.message)}"


def _object(found: Diagnostic) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "code": found.code,
        "name": name_of(found.code),
        "severity": found.severity,
        "message": found.message,
        "source": found.source,
        "document": found.document,
        "line": found.line,
        "column": found.column,
        "endColumn": found.end_column,
        "path": format_path(found.path),
        "hint": found.hint,
        "related": [
            {"message": r.message, "source": r.source, "line": r.line, "column": r.column}
            for r in found.related
        ],
    }
    return {name: value for name, value in fields.items() if value}
