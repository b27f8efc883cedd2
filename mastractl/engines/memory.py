"""The engine that keeps everything in this process, and the model the others are measured by.

It is written to be obviously right rather than fast: one lock, one sorted list of keys, one list of
commits. `mastractl.testing.engine_model` runs it beside every other engine and compares the two.
"""

from __future__ import annotations

import heapq
import os
import threading
from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import (
    EXPIRED,
    MAX_VALUE_BYTES,
    Capabilities,
    Changes,
    Commit,
    Delete,
    Health,
    Page,
)
from mastractl.engines.planning import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import (
        Change,
        Entry,
        Op,
    )


class MemoryEngine:
    """An `Engine` that is gone when it is closed.

    `max_commit` and `max_value` make it as narrow as another engine, to test what must fit there.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        identity: str | None = None,
        max_commit: int = 0,
        max_value: int = MAX_VALUE_BYTES,
    ) -> None:
        self._capabilities = Capabilities(
            durable=False, multi_process=False, push_watch=True, max_commit=max_commit, max_value=max_value
        )
        self._clock = clock or SystemClock()
        self._identity = identity or os.urandom(16).hex()
        self._news = threading.Condition()
        """The one lock, and what `wait` waits on."""
        self._entries: dict[str, Entry] = {}
        self._keys: list[str] = []
        """The keys of `_entries`, sorted."""
        self._log: list[Commit] = []
        """The commits above `_compacted`, one for each revision."""
        self._compacted = 0
        self._due: list[tuple[float, str]] = []
        """A heap of when which key expires. A line is stale unless the entry still says the same."""
        self._closed = False

    @property
    def capabilities(self) -> Capabilities:
        """Neither durable nor shared between processes."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """The uid of this store."""
        return self._identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        with self._news:
            self._settle()
            return self._entries.get(key)

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        with self._news:
            self._settle()
            found: list[Entry] = []
            first = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after))
            for key in self._keys[first:]:
                if not key.startswith(prefix):
                    break
                if limit and len(found) == limit:
                    return Page(self._head(), tuple(found), found[-1].key)
                found.append(self._entries[key])
            return Page(self._head(), tuple(found))

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        check_operations(ops, self._capabilities)
        with self._news:
            self._settle()
            return self._append(ops, origin)

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        with self._news:
            self._settle()
            if since < self._compacted:
                message = f"the log begins after revision {self._compacted}; revision {since} is forgotten"
                raise errors.Expired(message, floor=self._compacted, hint="list again and go on from there")
            self._refuse_future(since)
            found: list[Change] = []
            for commit in self._log[since - self._compacted :]:
                if limit and len(found) >= limit:
                    return Changes(commit.revision - 1, tuple(found), more=True)
                found += [change for change in commit.changes if change.key.startswith(prefix)]
            return Changes(self._head(), tuple(found))

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        with self._news:
            self._refuse_closed()
            self._news.wait_for(lambda: self._closed or self._head() > since, timeout)
            return self._head() > since

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        with self._news:
            self._settle()
            return self._head()

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched."""
        with self._news:
            self._refuse_closed()
            self._refuse_future(before)
            if before > self._compacted:
                del self._log[: before - self._compacted]
                self._compacted = before

    def health(self) -> Health:
        """Always writable, never a problem."""
        with self._news:
            self._settle()
            return Health(writable=True, revision=self._head(), compacted=self._compacted)

    def close(self) -> None:
        """Forget everything. Waiting calls return; later calls raise StorageClosed."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _head(self) -> int:
        return self._compacted + len(self._log)

    def _refuse_closed(self) -> None:
        if self._closed:
            message = "the memory store is closed"
            raise errors.StorageClosed(message)

    def _refuse_future(self, revision: int) -> None:
        if revision > self._head():
            message = f"revision {revision} is ahead of the store, which is at {self._head()}"
            raise errors.FutureRevision(message, floor=self._compacted, hint="it belongs to another store")

    def _settle(self) -> None:
        """What every call begins with: the store is open, and nothing in it is past its expiry."""
        self._refuse_closed()
        now = self._clock.now()
        due = set()
        while self._due and self._due[0][0] <= now:
            at, key = heapq.heappop(self._due)
            entry = self._entries.get(key)
            if entry and entry.expires_at == at:
                due.add(key)
        if due:
            self._append([Delete(key) for key in sorted(due)], EXPIRED)

    def _append(self, ops: Sequence[Op], origin: str) -> Commit:
        """Make the next revision out of what the operations change, if they change anything."""
        revision, now = self._head() + 1, self._clock.now()
        changes = plan(ops, self._entries, revision=revision, origin=origin, now=now)
        for change in changes:
            self._set(change.key, change.entry)
        if not changes:
            return Commit(self._head(), ())
        commit = Commit(revision, changes)
        self._log.append(commit)
        self._news.notify_all()
        return commit

    def _set(self, key: str, entry: Entry | None) -> None:
        if entry is None:
            del self._entries[key]
            del self._keys[bisect_left(self._keys, key)]
            return
        if key not in self._entries:
            insort(self._keys, key)
        self._entries[key] = entry
        if entry.expires_at is not None:
            heapq.heappush(self._due, (entry.expires_at, key))
