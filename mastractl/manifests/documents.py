"""A document of a source: its value, its text and its place, enough to find any part of it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mastractl.manifests.diagnostics import ERROR, WARNING, Diagnostic, Related, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.errors import FieldPath


class Parts(Protocol):
    """The parts of a document that are documents of their own, by their paths; `items.Items` is one."""

    def get(self, path: FieldPath) -> Document | None:
        """The part at a path, None where there is none."""
        ...


class Document:
    """One document. `first_line` and `first_column` say where `text` starts, `index` which one it is, from 1.

    `parse` gives the parsing events of a text, as the parser did that read this one. `ambiguous` says
    that there is a scalar in it that YAML 1.1 reads otherwise. `told` counts the faults that were reported of
    it; `items` are the parts of a list of resources, once they are looked for.
    """

    __slots__ = (
        "_seen",
        "ambiguous",
        "first_column",
        "first_line",
        "index",
        "items",
        "order",
        "parse",
        "source",
        "text",
        "told",
        "value",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know of a document
        self,
        text: str,
        first_line: int,
        parse: Callable[[str], Callable[[], Any]],
        source: str = "",
        order: int = 0,
        index: int = 1,
        value: Any = None,
        *,
        ambiguous: bool = False,
        first_column: int = 1,
    ) -> None:
        self.text = text
        self.first_line = first_line
        self.parse = parse
        self.source = source
        self.order = order
        self.index = index
        self.value = value
        self.ambiguous = ambiguous
        self.first_column = first_column
        self.told = 0
        self.items: Parts | None = None
        self._seen = (1, 0)  # the number of a line and where it starts

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
        span = span or Span(1, 1, 2)
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
        """A line of the text by its number from 1; "" beyond the end. Cheap in ascending order."""
        at, start = self._seen if self._seen[0] <= number else (1, 0)
        while at < number:
            start = self.text.find("\n", start) + 1
            if not start:
                return ""
            at += 1
        self._seen = (at, start)
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end]

    def span(self, start: Any, end: Any = None) -> Span:
        """The span between two marks, cut at the end of the first line; one character without an end."""
        if start.index >= len(self.text):
            return self._end()
        if end is None:
            last = start.column + 1
        elif end.line == start.line:
            last = max(end.column, start.column + 1)
        else:
            newline = self.text.find("\n", start.index)
            last = start.column + (len(self.text) if newline < 0 else newline) - start.index
        return Span(start.line + 1, start.column + 1, max(last, start.column + 1) + 1)

    def _end(self) -> Span:
        """Where the text says its last word; parsers count lines beyond it."""
        text = self.text.rstrip()
        column = len(text) - text.rfind("\n")
        return Span(text.count("\n") + 1, column, column + 1)


class Span(NamedTuple):
    """Part of one line of a document's text: line and columns from 1, `end_column` after the last."""

    line: int
    column: int
    end_column: int
