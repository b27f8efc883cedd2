"""The engine: what `contract.Engine` promises, over one store in etcd."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import Capabilities
from mastractl.engines.etcd import address, inspection, reading, watching
from mastractl.engines.etcd.store import Store
from mastractl.engines.etcd.writing import Writer, is_due
from mastractl.engines.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import (
        Adopt,
        Changes,
        Commit,
        Engine,
        Entry,
        Flaw,
        Health,
        Op,
        Page,
    )
    from mastractl.engines.etcd.records import Head

MAX_COMMIT = 4000
"""The most operations in one commit: each takes three in etcd if it has to do with expiry, and these
12,000 fit in nested transactions of a server that allows 128 at each level (`txn`)."""

_Found = TypeVar("_Found")

_SETTLING = 10
"""How often a read removes what has expired in the meantime before it gives what it has."""


class EtcdEngine:
    """An `Engine` over a prefix of etcd, shared by any number of processes and machines. Thread-safe.

    The URL is as in `address`. A store that is not there is made, unless `read_only`. Raises ConfigError
    for a URL that makes no sense, StorageConnectionError where no etcd or no store can be reached.
    """

    def __init__(self, url: str, *, clock: Clock | None = None, read_only: bool = False) -> None:
        where = address.parse(url)
        self._store = Store(where, read_only=read_only)
        self._clock = clock or SystemClock()
        self._read_only = read_only
        self._capabilities = Capabilities(
            durable=True,
            multi_process=True,
            push_watch=True,
            max_commit=MAX_COMMIT,
            # A commit holds a value up to four times: the entry, its shadow in `due/` if it expires, and
            # deflated (to nine tenths at the very most, as UTF-8) what the log says of it, before and after.
            max_value=where.max_request_bytes // 4,
        )
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """What belongs to this process alone."""
        self._pid = os.getpid()
        self._writer = Writer(self._store, self._clock)
        self._waiting = Waiting(self._present, self._listen)

    @property
    def capabilities(self) -> Capabilities:
        """Durable, as etcd is unless it runs with `--unsafe-no-fsync`; shared; woken by etcd's watch."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """The uid of this store."""
        return self._store.identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        self._ready()
        return reading.get(self._store, key, self._clock.now())

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        return self._settled(lambda now: reading.page(self._store, prefix, limit=limit, after=after, now=now))

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        self._ready()
        self._refuse_reader()
        check_operations(ops, self._capabilities)
        made = self._writer.commit(ops, origin)
        self._waiting.heard(made.revision)
        return made

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0.

        The log is kept by revision alone, so a narrow prefix costs what all changes since then cost.
        """
        return self._settled(lambda _: reading.changes(self._store, since, prefix, limit=limit))

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        self._ready()
        return self._waiting.wait(since, timeout)

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return self._settled(lambda _: self._head()).revision

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched.

        etcd's own compaction is its operator's: what is removed here takes space in its database until then.
        """
        self._ready()
        self._refuse_reader()
        self._writer.compact(before)

    def health(self) -> Health:
        """Whether etcd can write, its version and members, how large its database is, and its alarms."""
        head = self._settled(lambda _: self._head())
        return inspection.health(self._store, head, read_only=self._read_only)

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """Compare entries, log, expiries and head, and yield what does not agree (`contract.Checkable`)."""
        self._ready()
        if repair:
            self._refuse_reader()
        return inspection.check(self._store, self._writer, repair=repair)

    def close(self) -> None:
        """Hang up. Waiting calls return; later calls raise StorageClosed."""
        if self._closed:
            return
        self._closed = True
        if self._pid == os.getpid():
            self._store.gateway.close()
            self._waiting.close()

    def _ready(self) -> None:
        """What every call begins with."""
        if self._closed:
            message = f"the store {self._store.shown} is closed"
            raise errors.StorageClosed(message)
        if self._pid != os.getpid():
            with _forking:
                if self._pid != os.getpid():
                    self._store.another_process()
                    self._begin()

    def _refuse_reader(self) -> None:
        if self._read_only:
            message = f"the store {self._store.shown} was opened read-only"
            raise errors.Forbidden(message, hint="open it for writing")

    def _settled(self, read: Callable[[float], tuple[Head, _Found]]) -> _Found:
        """What a read gives once nothing is due; where nothing can be written, it only hides that."""
        self._ready()
        now = self._clock.now()
        head, found = read(now)
        for _ in range(_SETTLING):
            if self._read_only or not is_due(head, now):
                break
            try:
                self._writer.expire(now)
            except (errors.Forbidden, errors.StorageFull):
                break
            now = self._clock.now()
            head, found = read(now)
        return found

    def _head(self) -> tuple[Head, Head]:
        head, _ = self._store.head()
        return head, head

    def _present(self) -> int:
        self._ready()
        return self._store.head()[0].revision

    def _listen(self, heard: Callable[[int], None], stopped: threading.Event) -> None:
        watching.listen(self._store, self._present, heard, stopped)


_forking = threading.Lock()
"""Of threads of a forked child, one begins anew. A fork while the parent holds it is all but impossible:
it is held for a moment, and only by one that was forked itself."""


def open_url(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The engine for a URL. Nobody edits a store in etcd by hand, so there is nothing to adopt."""
    del adopt
    return EtcdEngine(url, clock=clock, read_only=read_only)
