"""Reading: lists, their pages, and several kinds at one moment.

A list says at which revision it was true, so that a watch from there misses nothing. Engines read one
prefix consistently; several kinds are brought to one moment by rolling the earlier reads forward
along the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from mastractl import errors
from mastractl.store import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.engines.contract import Engine, Entry
    from mastractl.resources.resource import Resource
    from mastractl.resources.selectors import FieldSelector, LabelSelector

    Test = Callable[[Resource], bool]

_ATTEMPTS = 5
_PAGE = 500


class ResourceList:
    """Resources as they stood at one revision. It is a sequence of them.

    `next` is the following page's `after`, "" at the end. A following page is read later and shows what
    changed meanwhile: to go on watching without a gap, start from the first page's `resource_version`.
    """

    __slots__ = ("items", "next", "resource_version")

    def __init__(self, items: list[Resource], *, resource_version: str, next: str = "") -> None:  # noqa: A002
        self.items = items
        self.resource_version = resource_version
        self.next = next

    def __repr__(self) -> str:
        more = ", more" if self.next else ""
        return f"<ResourceList of {len(self.items)} at {self.resource_version}{more}>"

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Resource: ...
    @overload
    def __getitem__(self, index: slice) -> list[Resource]: ...
    def __getitem__(self, index: int | slice) -> Resource | list[Resource]:
        return self.items[index]


def chosen(labels: LabelSelector | None, fields: FieldSelector | None) -> Test | None:
    """The test of two selectors, None where all pass."""
    if labels is None and fields is None:
        return None
    return lambda resource: (
        (labels is None or labels.matches(resource.labels))
        and (fields is None or fields.matches(resource.document))
    )


def select(
    engine: Engine, prefix: str, test: Test | None, *, limit: int = 0, after: str = ""
) -> ResourceList:
    """The resources under a prefix that pass the test, `limit` of them at most, after the key `after`."""
    if test is None:
        page = engine.range(prefix, limit=limit, after=after)
        items = documents.resources(page.entries)
        return ResourceList(items, resource_version=str(page.revision), next=page.next)
    if not limit:
        page = engine.range(prefix, after=after)
        items = [r for r in documents.resources(page.entries) if test(r)]
        return ResourceList(items, resource_version=str(page.revision))
    return _some(engine, prefix, test, limit=limit, after=after)


def _some(engine: Engine, prefix: str, test: Test, *, limit: int, after: str) -> ResourceList:
    """A page of what passes, gathered from as many pages of the engine as it takes."""
    items: list[Resource] = []
    revision = ""
    while True:
        page = engine.range(prefix, limit=max(limit, _PAGE), after=after)
        revision = revision or str(page.revision)
        for entry in page.entries:
            resource = documents.resource(entry)
            if not test(resource):
                continue
            items.append(resource)
            if len(items) == limit:
                last = not page.next and entry is page.entries[-1]
                return ResourceList(items, resource_version=revision, next="" if last else entry.key)
        after = page.next
        if not after:
            return ResourceList(items, resource_version=revision)


def snapshot(engine: Engine, prefixes: Sequence[str]) -> tuple[int, list[Entry]]:
    """The entries under several prefixes, all as of the one revision given with them.

    Each prefix is one consistent read; the earlier ones are rolled forward to the moment of the last.
    Raises Unavailable if the log is compacted faster than it can be read.
    """
    for _ in range(_ATTEMPTS):
        pages = [(prefix, engine.range(prefix)) for prefix in prefixes]
        revision = max(page.revision for _, page in pages)
        try:
            rolled = [
                page.entries
                if page.revision == revision
                else _rolled(engine, prefix, page.entries, span=(page.revision, revision))
                for prefix, page in pages
            ]
        except errors.Expired:
            continue
        return revision, [entry for entries in rolled for entry in entries]
    message = "the log was compacted while the store was being listed, several times over"
    raise errors.Unavailable(message, hint="try again, or compact less eagerly")


def _rolled(
    engine: Engine, prefix: str, entries: Sequence[Entry], *, span: tuple[int, int]
) -> Sequence[Entry]:
    """The entries read at the first revision of the span, as they stood at the last."""
    since, until = span
    stretch = engine.changes(since, prefix, limit=0)
    news = [change for change in stretch.changes if change.revision <= until]
    if not news:
        return entries
    state = {entry.key: entry for entry in entries}
    for change in news:
        if change.entry is None:
            state.pop(change.key, None)
        else:
            state[change.key] = change.entry
    return [state[key] for key in sorted(state)]
