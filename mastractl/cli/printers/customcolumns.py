"""`-o custom-columns=NAME:.metadata.name,...` and its file form: a table the caller drew up.

As with kubectl: paths may leave out the dot and the braces, several values are joined by commas and a
missing one is `<none>`. Unlike kubectl's, a watch shows the values of the resource, not of its event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.cli.printers.layout import Layout
from mastractl.resources.columns import harmless
from mastractl.resources.jsonpath import relaxed, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.cli.printers.printer import PrintOptions
    from mastractl.resources.jsonpath import Path
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject

_NONE = "<none>"
_FORM = "write -o custom-columns=NAME:.metadata.name,MODEL:.spec.model.name"


@dataclass(frozen=True, slots=True)
class CustomColumn:
    """A header as it was written, and the path of its values."""

    header: str
    path: Path


def parse_columns(text: str) -> tuple[CustomColumn, ...]:
    """The columns of `HEADER:path,HEADER:path`; commas inside brackets belong to the path.

    Raises UsageError for a column without its header or path, BadRequest for a path that cannot be
    understood.
    """
    return tuple(_column(part) for part in _split(text))


def parse_columns_file(text: str, *, name: str) -> tuple[CustomColumn, ...]:
    """The columns of a template file: a line of headers and beneath it a line of as many paths.

    Raises UsageError where that is not what the file holds, BadRequest for a path that cannot be
    understood.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) != 2 or len(lines[0]) != len(lines[1]):
        message = f"{name}: expected a line of headers and a line of as many paths"
        raise errors.UsageError(
            message, hint="for example:\nNAME            MODEL\n.metadata.name  .spec.model.name"
        )
    return tuple(CustomColumn(header, relaxed(path)) for header, path in zip(*lines, strict=True))


def _split(text: str) -> Iterator[str]:
    start = depth = 0
    for at, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and depth <= 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _column(part: str) -> CustomColumn:
    header, _, path = part.partition(":")
    if not header.strip() or not path.strip():
        message = f"custom column {part.strip()!r}: expected <header>:<path>"
        raise errors.UsageError(message, hint=_FORM)
    return CustomColumn(header.strip(), relaxed(path))


def astray(columns: Sequence[CustomColumn], schemas: Sequence[JsonObject]) -> Iterator[tuple[str, str]]:
    """For each column whose field is in none of the schemas: what to say, and what may have been meant."""
    from mastractl.resources.astray import astray  # noqa: PLC0415 - for this form only

    for column in columns:
        found = [astray(column.path, schema) for schema in schemas]
        if first := next(iter(found), None) if all(found) else None:
            yield f"custom column {column.header}: there is no field {first.name!r}", first.hint


class CustomColumnsPrinter:
    """Writes a table of the given columns; the header once, widths growing as rows come."""

    def __init__(self, columns: Sequence[CustomColumn], options: PrintOptions) -> None:
        self._columns = columns
        self._out = options.out
        self._began = not options.headers
        self._layout = Layout()

    def print_object(self, resource: Resource) -> None:
        """Write one row."""
        self.print_list((resource,))

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write the rows, after the header unless it stands already."""
        del resource_version
        rows = [[_cell(column.path, resource) for column in self._columns] for resource in resources]
        if not self._began:
            self._began = True
            rows.insert(0, [harmless(column.header) for column in self._columns])
        self._out.write(self._layout.lines(rows))

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write the row of what changed, and flush it."""
        self.print_events(((event_type, resource),))

    def print_events(self, events: Iterable[tuple[str, Resource]]) -> None:
        """Write the rows of what changed, and flush them."""
        self.print_list([resource for _, resource in events])
        self._out.flush()


def _cell(path: Path, resource: Resource) -> str:
    found = path.find(resource.document)
    texts = [_NONE if value is None else text_of(value) for value in found]
    return harmless(",".join(texts)) if texts else _NONE
