"""The table people read: `get` without `-o`, `-o wide`, and `watch`.

The columns are those of kubectl: EVENT in a watch, NAMESPACE with `-A`, NAME, the kind's printer
columns, the labels of `-L`, LABELS. Several kinds give several tables, names then carrying their kind.
Nothing heavier than this package is imported, and nothing a resource holds can break a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli.printers.layout import Layout
from mastractl.cli.printers.name import qualified_kind
from mastractl.cli.printers.palette import COLORED_COLUMNS, paint
from mastractl.resources.columns import compile_cells, harmless, header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mastractl.cli.printers.printer import PrintOptions
    from mastractl.resources.kinds import Column
    from mastractl.resources.resource import Resource

_NO_LABELS = "<none>"


class TablePrinter:
    """Writes tables. Called again for the same kind it goes on with the same columns, without a header."""

    def __init__(self, options: PrintOptions, *, wide: bool = False) -> None:
        self._options = options
        self._wide = wide
        self._tables: dict[tuple[str, str, bool], _Table] = {}
        self._prefix = options.show_kind
        self._last: _Table | None = None

    def print_object(self, resource: Resource) -> None:
        """Write one row."""
        self.print_list((resource,))

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write the rows, grouped by kind in the order of their first appearance."""
        del resource_version
        self._write([("", resource) for resource in resources], watching=False)

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write one row behind an EVENT column, and flush it."""
        self.print_events(((event_type, resource),))

    def print_events(self, events: Iterable[tuple[str, Resource]]) -> None:
        """Write rows behind an EVENT column, and flush them."""
        self._write(list(events), watching=True)
        self._options.out.flush()

    def _write(self, rows: list[tuple[str, Resource]], *, watching: bool) -> None:
        groups: dict[tuple[str, str, bool], list[tuple[str, Resource]]] = {}
        for row in rows:
            groups.setdefault((row[1].group, row[1].kind, watching), []).append(row)
        self._prefix = self._prefix or len(groups) > 1
        now = self._options.clock.now()
        for key, members in groups.items():
            table = self._tables.get(key)
            if table is None:
                table = self._tables[key] = _Table(members[0][1], self._options, self._wide, watching)
                if self._last is not None and self._options.headers:
                    self._options.out.write("\n")
            self._last = table
            self._options.out.write(table.text(members, now=now, prefix=self._prefix))


class _Table:
    """The columns of one kind, and how far its rows have been laid out."""

    def __init__(self, example: Resource, options: PrintOptions, wide: bool, watching: bool) -> None:  # noqa: FBT001
        kind = options.kinds.find(example.group, example.kind)
        self._options = options
        self._watching = watching
        self._namespaced = options.all_namespaces and (kind is None or kind.namespaced)
        self._kind_name = qualified_kind(example, options.kinds)
        columns: Sequence[Column] = ()
        if kind is not None:
            version = kind.version(example.api_version.rpartition("/")[2]) or kind.storage_version
            columns = version.columns
        self._cells = compile_cells(columns, wide=wide)
        self._header = self._headers(header(columns, wide=wide))
        self._layout = Layout(*([len("MODIFIED")] if watching else []))
        self._began = not options.headers
        self._paint = (
            {i: _painter(name) for i, name in enumerate(self._header) if name in COLORED_COLUMNS}
            if options.color
            else None
        )

    def _headers(self, own: list[str]) -> list[str]:
        return [
            *(["EVENT"] if self._watching else []),
            *(["NAMESPACE"] if self._namespaced else []),
            "NAME",
            *own,
            *(harmless(key.rpartition("/")[2].upper()) for key in self._options.label_columns),
            *(["LABELS"] if self._options.show_labels else []),
        ]

    def text(self, rows: Iterable[tuple[str, Resource]], *, now: float, prefix: bool) -> str:
        """The lines of the rows, the header before them if it has not been given yet."""
        before = f"{self._kind_name}/" if prefix else ""
        lines = [self._row(event, resource, now, before) for event, resource in rows]
        if not self._began:
            self._began = True
            lines.insert(0, self._header)
        return self._layout.lines(lines, paint=self._paint)

    def _row(self, event: str, resource: Resource, now: float, prefix: str) -> list[str]:
        row = [f"{prefix}{harmless(resource.name)}", *self._cells(resource.document, now)]
        if self._namespaced:
            row.insert(0, harmless(resource.namespace))
        if self._watching:
            row.insert(0, event)
        if self._options.label_columns or self._options.show_labels:
            row.extend(self._labels(resource.labels))
        return row

    def _labels(self, labels: dict[str, str]) -> Iterable[str]:
        for key in self._options.label_columns:
            yield harmless(str(labels.get(key, "")))
        if self._options.show_labels:
            joined = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
            yield harmless(joined) if joined else _NO_LABELS


def _painter(header: str) -> Callable[[str], str]:
    """What colours the words of a column, but not its header (READY)."""
    return lambda word: word if word == header else paint(word)
