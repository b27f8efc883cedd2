"""One finding about a manifest, with its place: what every format prints and every caller counts.

Diagnostics are values that flow beside the manifests; nothing raises them. They keep the one line of text
they point at, so that the text itself can be let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mastractl.errors import ManifestError, format_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.errors import FieldPath

Severity = Literal["error", "warning"]
ERROR: Severity = "error"
WARNING: Severity = "warning"

EXCERPT_BEFORE, EXCERPT_AFTER = 80, 120
"""How many characters of a line are kept before and after the start of what is pointed at."""


class Excerpt(NamedTuple):
    """The part of a line that a diagnostic points at; `offset` characters of it were cut off in front."""

    text: str
    offset: int = 0
    more: bool = False


class Related(NamedTuple):
    """Another place that a diagnostic speaks of, with what there is to say of it."""

    message: str
    source: str
    line: int
    column: int

    @property
    def place(self) -> str:
        """`file:line:col`, as far as there is one."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


class Diagnostic(NamedTuple):
    """One finding.

    `line` and `column` count from 1 in characters, `end_column` is the one after the last character; all
    are 0 where the finding has no place in a text. `document` counts the documents of a source from 1.
    `order` is the source's place among those of the run; findings are sorted by it.
    """

    code: str
    message: str
    severity: Severity = ERROR
    path: FieldPath = ()
    source: str = ""
    order: int = 0
    document: int = 0
    line: int = 0
    column: int = 0
    end_column: int = 0
    hint: str = ""
    related: tuple[Related, ...] = ()
    excerpt: Excerpt | None = None

    @property
    def place(self) -> str:
        """`file:line:col`, as far as there is one."""
        where = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.source}{where}"

    def to_error(self) -> ManifestError:
        """The finding as an exception, for callers that read one text and want it or nothing."""
        where = f"{format_path(self.path)}: " if self.path else ""
        return ManifestError(where + self.message, line=self.line, column=self.column, hint=self.hint)


class Summary(NamedTuple):
    """How many findings of each severity there are, and in how many sources."""

    errors: int
    warnings: int
    sources: int

    def __str__(self) -> str:
        """`3 errors, 1 warning in 2 files`; "" if there is nothing."""
        counts = [
            f"{n} {word}{'' if n == 1 else 's'}"
            for n, word in ((self.errors, "error"), (self.warnings, "warning"))
            if n
        ]
        files = f" in {self.sources} file{'' if self.sources == 1 else 's'}" if self.sources else ""
        return ", ".join(counts) + files if counts else ""


class Seen(NamedTuple):
    """A manifest that was read, in order or not: reports that count tests count these.

    `order`, `document` and the path's `prefix` are those that findings about it have; `name` is for people.
    """

    source: str
    order: int
    document: int
    prefix: FieldPath
    name: str


class Run(NamedTuple):
    """What there is to say of a run beside its findings.

    `seen` are the manifests that were read, where they were kept count of. `directory` is where the names
    of sources start from, `root` the root of the repository that it is in, as far as that is known, and
    `version` that of mastractl.
    """

    total: Summary
    seen: Sequence[Seen] = ()
    directory: str = ""
    root: str = ""
    version: str = ""


def summary(diagnostics: Iterable[Diagnostic]) -> Summary:
    """Count findings."""
    found = list(diagnostics)
    errors = sum(d.severity == ERROR for d in found)
    sources = {d.source for d in found if d.source}
    return Summary(errors=errors, warnings=len(found) - errors, sources=len(sources))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings as a reader meets them: by source, line and column; errors before warnings."""
    return sorted(diagnostics, key=lambda d: (d.order, d.line, d.column, d.severity, d.code))


def excerpt(line: str, column: int, before: int = 0) -> Excerpt:
    """What to keep of a line to show what stands at a column (from 1), however long the line is.

    `before` characters of the line are missing in front; `column` does not count them.
    """
    start = max(0, column - 1 - EXCERPT_BEFORE)
    end = column - 1 + EXCERPT_AFTER
    return Excerpt(text=line[start:end], offset=start + before, more=end < len(line))
