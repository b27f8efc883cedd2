"""Watching: what there is, and then every change of it, as events.

The first list and the log behind it meet at one revision, so nothing is missed and nothing told twice.
Several kinds make one stream in the order of the log. With selectors the stream is of what passes
them: what comes to pass is ADDED, what ceases to is DELETED, as in Kubernetes.

Reading the log is the feed's work (`engines.feed`); here its changes become events.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Self

from mastractl import errors
from mastractl.engines import feed
from mastractl.resources.resource import Resource
from mastractl.store import documents, keys, reads
from mastractl.store.api import WatchEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from mastractl.engines.contract import Change, Changes, Engine, Entry
    from mastractl.resources.kinds import Kind
    from mastractl.store.api import EventType
    from mastractl.store.reads import Test

    Handler = Callable[[EventType, Resource], object]


class Subscription:
    """A stream of `WatchEvent`s for one consumer at a time; `close` may be called from any thread.

    Iterating waits for what comes next, and ends when the subscription or the store is closed. It raises
    Expired when the log no longer reaches back to where the stream stands (a slow consumer, or a
    `since` of long ago): list again and go on from there.
    """

    def __init__(  # noqa: PLR0913 - `StateStore.watch` is the face
        self,
        engine: Engine,
        kinds: Sequence[Kind],
        *,
        namespace: str | None,
        test: Test | None,
        since: int | None,
        initial: bool,
        bookmarks: bool,
        show: Callable[[Resource], None] | None = None,
    ) -> None:
        self._prefixes = tuple(keys.prefix(kind, namespace) for kind in kinds)
        self._kind = kinds[0] if len(kinds) == 1 else None
        self._test = test
        self._show = show
        self._bookmarks = bookmarks
        self._ready: deque[WatchEvent] = deque()
        self._standing: deque[Entry] = deque()
        self._told = ""
        if since is None and initial:
            since, entries = reads.snapshot(engine, self._prefixes)
            self._standing.extend(entries)
        self._from = engine.revision() if since is None else since
        common = self._prefixes[0] if len(self._prefixes) == 1 else keys.EVERYTHING
        self._feed = feed.watch(engine, prefix=common, since=self._from)
        self._listed = not self._standing
        if self._listed:
            self._told = str(self._from)
        self._mark_first_list = bookmarks and initial

    @property
    def resource_version(self) -> str:
        """Where another watch can go on after the events given so far; "" amid the first list."""
        return self._told

    @property
    def closed(self) -> bool:
        """Whether the stream has ended."""
        return self._feed.closed

    def next(self, timeout: float | None = None) -> WatchEvent | None:
        """The next event; None once the stream has ended, or `timeout` seconds have passed without one.

        Raises what the iteration raises.
        """
        event = self._next(timeout)
        if event is not None and event.resource_version:
            self._told = event.resource_version
        return event

    def close(self) -> None:
        """End the stream. A thread waiting in it goes on within half a second."""
        self._feed.close()

    def unsubscribe(self) -> None:
        """Close, in the word of seed 000."""
        self.close()

    def drive(self, handler: Handler) -> None:
        """Call the handler with the type and resource of each event from a thread of its own, until closed.

        An exception of the handler is reported by `threading.excepthook` and keeps no later event from it.
        What ends the stream itself is reported there too.
        """
        threading.Thread(target=self._drive, args=(handler,), name="mastractl-watch", daemon=True).start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> WatchEvent:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self, timeout: float | None) -> WatchEvent | None:
        if self.closed:
            return None
        if not self._listed:
            event = self._next_standing()
            if event is not None:
                return event
        if self._mark_first_list:
            self._mark_first_list = False
            return self._bookmark(self._from)
        return self._next_live(timeout)

    def _resource(self, entry: Entry, revision: int = 0) -> Resource:
        resource = documents.resource(entry, revision)
        if self._show is not None:
            self._show(resource)
        return resource

    def _next_standing(self) -> WatchEvent | None:
        """What the first list still has to tell. One resource is held back, to know which is the last."""
        while self._standing:
            resource = self._resource(self._standing.popleft())
            if self._test is None or self._test(resource):
                self._ready.append(WatchEvent(type="ADDED", resource=resource))
            if len(self._ready) > 1:
                return self._ready.popleft()
        self._listed = True
        self._told = str(self._from)
        if not self._ready:
            return None
        last = self._ready.popleft()
        return WatchEvent(type="ADDED", resource=last.resource, resource_version=self._told)

    def _next_live(self, timeout: float | None) -> WatchEvent | None:
        end = None if timeout is None else monotonic() + timeout
        while not self._ready:
            stretch = self._feed.take(None if end is None else max(end - monotonic(), 0.0))
            if stretch is None:
                return None
            self._ready.extend(self._events(stretch))
            if not self._ready:
                self._told = str(stretch.revision)
                if self._bookmarks:
                    return self._bookmark(stretch.revision)
        return self._ready.popleft()

    def _events(self, stretch: Changes) -> list[WatchEvent]:
        """The events of some commits; the last event of each commit carries its revision."""
        events: list[WatchEvent] = []
        resume = self._told
        revision = 0
        for change in stretch.changes:
            event = self._event(change)
            if event is None:
                continue
            if events and change.revision != revision:
                resume = str(revision)
                events[-1] = _carrying(events[-1], resume)
            revision = change.revision
            events.append(_carrying(event, resume))
        if events:
            events[-1] = _carrying(events[-1], str(stretch.revision))
        return events

    def _event(self, change: Change) -> WatchEvent | None:
        if not change.key.startswith(self._prefixes):
            return None
        old = self._resource(change.previous) if change.previous else None
        new = self._resource(change.entry) if change.entry else None
        was = old is not None and (self._test is None or self._test(old))
        is_now = new is not None and (self._test is None or self._test(new))
        if is_now and new is not None:
            return WatchEvent(type="MODIFIED" if was else "ADDED", resource=new, old=old if was else None)
        if was and change.previous:
            last = self._resource(change.previous, change.revision)
            return WatchEvent(type="DELETED", resource=last, old=old)
        return None

    def _bookmark(self, revision: int) -> WatchEvent:
        document: dict[str, object] = {"metadata": {"resourceVersion": str(revision)}}
        if self._kind is not None:
            document = {"apiVersion": self._kind.api_version, "kind": self._kind.kind} | document
        return WatchEvent(type="BOOKMARK", resource=Resource(document), resource_version=str(revision))

    def _drive(self, handler: Handler) -> None:
        try:
            for event in self:
                if self.closed:  # since it was taken: who unsubscribed hears no more
                    return
                try:
                    handler(event.type, event.resource)
                except Exception:  # noqa: BLE001 - reported in full, and the events after it are still due
                    _report()
        except errors.MastraError:
            _report()


def _carrying(event: WatchEvent, resource_version: str) -> WatchEvent:
    return WatchEvent(
        type=event.type, resource=event.resource, old=event.old, resource_version=resource_version
    )


def _report() -> None:
    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
