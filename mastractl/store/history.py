"""What happened in a store, as its log tells it: to one resource, lately to all of them, and from now on.

The log is told as `Revision`s: a change of one resource with who made it and when. How far it reaches
back is the engine's business; where it was compacted, that is said.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.engines import feed
from mastractl.resources.adoption import CLUSTER
from mastractl.resources.resource import DEFAULT_NAMESPACE, Resource
from mastractl.store import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from mastractl.engines.contract import Change, Changes, ChangeType, Engine, Entry

    Wanted = Callable[[str], bool]
    """Which keys are meant."""

    Told = Callable[["Revision"], bool]
    """Which revisions are meant."""

_PAGE = 500
_FIRST_STRETCH = 256


class Revision(NamedTuple):
    """One change of one resource.

    `revision` is that of the commit, `at` its time in epoch seconds, `manager` who made it, as they said
    (`engines.contract.EXTERNAL`: an edit behind the store's back). `resource` is the new state, with
    DELETED the last one; `before` the state before, None where there was none. `generation` is that of
    `resource`. `forgotten` says that the log was compacted: this is how the resource stood where it
    begins; `at` and `manager` are 0 and "", unless the resource was made just then.
    """

    revision: int
    generation: int
    at: float
    manager: str
    type: ChangeType
    resource: Resource
    before: Resource | None = None
    forgotten: bool = False


class Recent(NamedTuple):
    """The latest changes, the oldest of them first. `revision` is where to go on from.

    `cut` says that there are older ones which were not asked for, `compacted` up to which revision the
    log is forgotten, where it had to be read that far back.
    """

    revisions: list[Revision]
    revision: int
    cut: bool = False
    compacted: int = 0


def of_key(engine: Engine, key: str) -> list[Revision]:
    """All that is known of one key, the oldest first; the first may be `forgotten`."""
    _, told = _stretch(engine, key, 0, engine.revision())
    changes = [change for change in told if change.key == key]
    first = changes[0].previous if changes else engine.get(key)
    known = [_revision(change) for change in changes]
    return known if first is None else [_forgotten(first), *known]


def recent(engine: Engine, prefix: str, *, wanted: Wanted, limit: int, told: Told | None = None) -> Recent:
    """The latest `limit` changes under a prefix whose keys are `wanted`; 0 for all there are.

    `told` says of each of them whether it counts. The log is read backwards, in stretches that grow, so
    that what is held is never much more than what was asked for.
    """
    until = end = engine.revision()
    length = _FIRST_STRETCH
    floor = 0
    found: list[Revision] = []
    while end > floor and (not limit or len(found) < limit):
        begin = max(end - length, 0) if limit else 0
        floor, changes = _stretch(engine, prefix, begin, end)
        known = (_revision(change) for change in changes if wanted(change.key))
        older = deque(filter(told, known), maxlen=limit - len(found) if limit else None)
        found = [*older, *found]
        end = max(begin, floor)
        length *= 2
    cut = bool(limit) and len(found) == limit
    return Recent(found, until, cut=cut, compacted=0 if cut else floor)


def follow(engine: Engine, prefix: str, *, wanted: Wanted, since: int) -> Generator[list[Revision]]:
    """What happens after a revision, as it happens. Ends when the engine is closed; raises Expired."""
    with feed.watch(engine, prefix=prefix, since=since) as stream:
        for stretch in stream:
            told = [_revision(change) for change in stretch.changes if wanted(change.key)]
            if told:
                yield told


def within(namespace: str | None) -> Wanted:
    """The keys of one namespace, or (None) of all. What is in no namespace counts to `default`.

    That is where Kubernetes has the events of what is cluster-scoped.
    """
    if namespace is None:
        return lambda _key: True
    segments = {namespace, CLUSTER} if namespace == DEFAULT_NAMESPACE else {namespace}
    return lambda key: key.split("/")[2] in segments


def _stretch(engine: Engine, prefix: str, begin: int, end: int) -> tuple[int, Iterator[Change]]:
    """The changes after one revision, up to another; and the revision where the log begins, as far as met."""
    floor = 0
    while True:
        try:
            first = engine.changes(max(begin, floor), prefix, limit=_PAGE)
        except errors.Expired as fault:
            if fault.floor <= floor:
                raise
            floor = fault.floor
        else:
            return floor, _pages(engine, prefix, first, end)


def _pages(engine: Engine, prefix: str, page: Changes, end: int) -> Iterator[Change]:
    """The changes of a page and of those that follow it, up to a revision."""
    while True:
        for change in page.changes:
            if change.revision > end:
                return
            yield change
        if not page.more or page.revision >= end:
            return
        page = engine.changes(page.revision, prefix, limit=_PAGE)


def _revision(change: Change) -> Revision:
    before = documents.resource(change.previous) if change.previous else None
    if change.entry is not None:
        resource = documents.resource(change.entry)
    elif change.previous is not None:
        resource = documents.resource(change.previous, change.revision)
    else:  # the log never tells of a deletion of nothing
        resource = Resource({})
    return Revision(
        revision=change.revision,
        generation=resource.generation,
        at=change.at,
        manager=change.origin,
        type=change.type,
        resource=resource,
        before=before,
    )


def _forgotten(entry: Entry) -> Revision:
    """How a key stood where the log begins."""
    from mastractl.engines.contract import ChangeType  # noqa: PLC0415 - only a compacted log needs it

    resource = documents.resource(entry)
    new = entry.revision == entry.created_revision
    return Revision(
        revision=entry.revision,
        generation=resource.generation,
        at=entry.created_at if new else 0.0,
        manager="",
        type=ChangeType.ADDED if new else ChangeType.MODIFIED,
        resource=resource,
        forgotten=True,
    )
