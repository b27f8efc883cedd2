"""An engine that is nothing but the log in SQL: what `sqlite:` and `libsql:` have in common.

The statements are those of `sqllog`. What differs is where they are executed, and how a transaction is
made of them: the `logstore.LogStore`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines import sqllog
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import Changes, Commit, Health
from mastractl.engines.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Capabilities, Entry, Flaw, Op, Page, Problem
    from mastractl.engines.logstore import LogStore
    from mastractl.engines.sqllog import Connection, Head
    from mastractl.engines.waiting import Waiting


class LogEngine:
    """An `Engine` over a `LogStore`. Subclasses open it, and say how a wait hears of other processes.

    `location` is the path or masked URL for people, `identity` the uid of the log that was opened.
    """

    def __init__(
        self, store: LogStore, *, location: str, clock: Clock, capabilities: Capabilities, writable: bool
    ) -> None:
        self._store = store
        self._location = location
        self._clock = clock
        self._capabilities = capabilities
        self._writable = writable
        self._closed = False
        with store.reading() as connection:
            self._identity = sqllog.identity(connection)
        self._pid = os.getpid()
        self._waiting = self._begin()

    def _begin(self) -> Waiting:
        """The waits of this process: a fork has its own."""
        raise NotImplementedError

    def _tell(self, revision: int) -> None:
        """Wake who waits for a revision that this process made."""
        self._waiting.heard(revision)

    def _problems(self, connection: Connection) -> tuple[Problem, ...]:
        """What in the store needs a person."""
        del connection
        return ()

    def _details(self, connection: Connection) -> tuple[tuple[str, str], ...]:
        """Further facts about it."""
        del connection
        return ()

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do, as it was opened."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """The uid of this store."""
        return self._identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        self._ready()
        if not speakable(key):
            return None
        with self._store.reading() as connection:
            entry = sqllog.get(connection, key)
        if entry is None or entry.expires_at is None or entry.expires_at > self._clock.now():
            return entry
        return None

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        self._ready()
        self._store.refuse_replaced()
        if not speakable(prefix + after):
            prefix, after = "\0", ""  # under which there is no key
        while True:
            now = self._clock.now()
            with self._store.snapshot() as connection:
                page, head = sqllog.page_and_head(connection, prefix, limit=limit, after=after, now=now)
            self._refuse_stranger(head)
            if not self._sweep(head):
                return page

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        self._ready()
        check_operations(ops, self._capabilities)
        self._refuse_read_only()
        while True:
            made = self._store.write(lambda connection: self._append(connection, ops, origin))
            if isinstance(made, Commit):
                failpoint("committed")
                if made.changes:
                    self._tell(made.revision)
                return made
            self._sweep(made)

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        if self._settled().revision == since:
            return Changes(since, ())
        if not speakable(prefix):
            prefix = "\0/"
        with self._store.snapshot() as connection:
            return sqllog.changes(connection, since, prefix, limit=limit)

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        self._ready()
        return self._waiting.wait(since, timeout)

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return self._settled().revision

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched."""
        self._ready()
        self._refuse_read_only()
        self._store.write(lambda connection: self._compact(connection, before))

    def health(self) -> Health:
        """Whether the store can be written, and what in it needs a person. May read all of it."""
        self._settled()
        with self._store.snapshot() as connection:
            head = sqllog.head(connection)
            problems, details = self._problems(connection), self._details(connection)
        return Health(self._writable, head.revision, head.compacted, problems, details)

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """As `contract.Checkable`: the log against its index. With `repair`, the index is made to agree."""
        from mastractl.engines import sqlcheck  # noqa: PLC0415 - only who asks for it pays

        self._settled()
        if repair:
            self._refuse_read_only()
        yield from sqlcheck.check(self._store, location=self._location, repair=repair)

    def close(self) -> None:
        """Give everything back. Waiting calls return; later calls raise StorageClosed."""
        if self._closed:
            return
        self._closed = True
        if self._pid == os.getpid():
            self._waiting.close()
        self._store.close()

    def _ready(self) -> None:
        """What every call begins with: the store is open, and it is this process that opened it."""
        if self._closed:
            message = f"the store at {self._location} is closed"
            raise errors.StorageClosed(message)
        if os.getpid() != self._pid:
            self._pid = os.getpid()
            self._waiting = self._begin()

    def _settled(self) -> Head:
        """Where the log stands, once what is due was removed."""
        self._ready()
        while True:
            head = self._look()
            if not self._sweep(head):
                return head

    def _look(self) -> Head:
        """Where the log stands."""
        self._store.refuse_replaced()
        with self._store.reading() as connection:
            head = sqllog.head(connection)
        self._refuse_stranger(head)
        return head

    def _present(self) -> int:
        """The present revision, for one who waits. What is due when it is asked for is removed then."""
        if self._closed:
            message = f"the store at {self._location} is closed"
            raise errors.StorageClosed(message)
        return self._look().revision

    def _sweep(self, head: Head) -> bool:
        """Remove what is due; whether there was anything."""
        if not self._writable or head.due is None or head.due > self._clock.now():
            return False
        gone = self._store.write(lambda connection: sqllog.expire(connection, self._clock.now()))
        if gone:
            self._tell(gone.revision)
        return True

    def _append(self, connection: Connection, ops: Sequence[Op], origin: str) -> Commit | Head:
        """The commit within its transaction; where the log stands, if something is due and goes first."""
        head, places = sqllog.survey(connection, [op.key for op in ops])
        self._refuse_stranger(head)
        now = self._clock.now()
        if head.due is not None and head.due <= now:
            return head
        made = sqllog.extend(connection, ops, head, places, origin=origin, now=now)
        failpoint("logged")
        return made

    def _compact(self, connection: Connection, before: int) -> None:
        sqllog.compact(connection, before)

    def _refuse_read_only(self) -> None:
        if not self._writable:
            message = f"the store at {self._location} is open for reading only"
            raise errors.Forbidden(message, hint="check who may write it, and how it was opened")

    def _refuse_stranger(self, head: Head) -> None:
        if head.uid != self._identity:
            message = f"the store at {self._location} was replaced while it was in use"
            raise errors.StorageConnectionError(
                message, hint="open the store again: it is another one now, and watches begin anew"
            )


def speakable(text: str) -> bool:
    """Whether a text can be in a database at all: one with a lone surrogate cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
