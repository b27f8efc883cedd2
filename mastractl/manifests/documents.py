"""A document of a source: its value, its text and its place, enough to find any part of it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mastractl.manifests.diagnostics import ERROR, WARNING, Diagnostic, Related, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.errors import FieldPath


@dataclass(slots=True, eq=False)
class Document:
    """One document. `first_line` and `first_column` say where `text` starts, `index` which one it is.

    All count from 1.

    `parse` gives the parsing events of a text, as the parser did that read this one. `ambiguous` says
    that there is a scalar in it that YAML 1.1 reads otherwise.
    """

    text: str
    first_line: int
    parse: Callable[[str], Callable[[], Any]]
    source: str = ""
    order: int = 0
    index: int = 1
    value: Any = None
    ambiguous: bool = False
    first_column: int = 1

    def note(  # noqa: PLR0913 - the fields of a diagnostic
        self,
        code: str,
        message: str,
        *,
        span: Span | None,
        path: FieldPath = (),
        hint: str = "",
        related: tuple[Related, ...] = (),
        warning: bool = False,
    ) -> Diagnostic:
        """A diagnostic about a span of this document; without one it points at the document's start."""
        span = span or Span(1, 1, 1)
        shift = self.first_column - 1 if span.line == 1 else 0
        return Diagnostic(
            code=code,
            message=message,
            severity=WARNING if warning else ERROR,
            path=path,
            source=self.source,
            order=self.order,
            document=self.index,
            line=self.first_line + span.line - 1,
            column=span.column + shift,
            end_column=span.end_column + shift,
            hint=hint,
            related=related,
            excerpt=excerpt(self.line(span.line), span.column, shift),
        )

    def elsewhere(self, message: str, span: Span) -> Related:
        """Another place in this document that a diagnostic wants to name."""
        line = self.first_line + span.line - 1
        column = span.column + (self.first_column - 1 if span.line == 1 else 0)
        return Related(message=message, source=self.source, line=line, column=column)

    def line(self, number: int) -> str:
        """A line of the text by its number from 1; "" beyond the end."""
        start = 0
        for _ in range(number - 1):
            start = self.text.find("\n", start) + 1
            if not start:
                return ""
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end]

    def span(self, start: Any, end: Any = None) -> Span:
        """The span between two marks, cut at the end of the first line; one character without an end."""
        if end is None:
            last = start.column + 1
        elif end.line == start.line:
            last = max(end.column, start.column + 1)
        else:
            newline = self.text.find("\n", start.index)
            last = start.column + (len(self.text) if newline < 0 else newline) - start.index
        return Span(start.line + 1, start.column + 1, max(last, start.column + 1) + 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Part of one line of a document's text: line and columns from 1, `end_column` after the last."""

    line: int
    column: int
    end_column: int
