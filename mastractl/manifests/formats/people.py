"""Diagnostics for people and for grep.

What comes from a manifest is hostile until proven otherwise: control characters are shown, never sent, and
a line is cut around what it is shown for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.errors import format_path
from mastractl.manifests.codes import name_of
from mastractl.manifests.visible import line, visible, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.manifests.diagnostics import Diagnostic, Excerpt

_COLOURS = {"error": "1;31", "warning": "1;33", "quiet": "1;34", "bold": "1"}


def text(found: Iterable[Diagnostic], *, colour: bool = False) -> Iterator[str]:
    """For people: what, where, the line with a caret under the place, and what to do."""
    for number, each in enumerate(found):
        yield "\n" if number else ""
        yield "\n".join(_block(each, colour=colour)) + "\n"


def concise(found: Iterable[Diagnostic], *, colour: bool = False) -> Iterator[str]:
    """One line each, `file:line:col: error[MA101] message`, as compilers write and editors read it."""
    return (f"{_concise(each, colour=colour)}\n" for each in found)


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
        yield f"{gutter} {sign} note: {visible(other.place)}: {visible(other.message)}"
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
