"""The engine whose store is a schema in a PostgreSQL database.

A commit is one round trip: a function in the database locks the one row with the counter, so that revisions
come in the order of the commits. A read is one statement, and so one moment. Other processes' commits are
heard of by LISTEN.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.numeric import Int8

from mastractl import errors
from mastractl.engines import planning
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import (
    Capabilities,
    Change,
    Changes,
    Check,
    Commit,
    Entry,
    Health,
    Page,
    Put,
)
from mastractl.engines.postgresql import accounts, failures, inspection, listening, migrations
from mastractl.engines.postgresql.address import parse
from mastractl.engines.postgresql.connections import Connections, closed
from mastractl.engines.postgresql.statements import MAX_COMMIT, SEQ_BITS, statements
from mastractl.engines.postgresql.texts import bounds, spoken
from mastractl.engines.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine, Flaw, Op
    from mastractl.engines.postgresql.address import Address
    from mastractl.engines.postgresql.connections import Connection

MAX_COMMIT_BYTES = 512 * 1024 * 1024
"""The most bytes of values in one commit: PostgreSQL takes no parameter of a gigabyte or more."""

_HIGHEST = (1 << 63) - 1
_PRUNED_AT_ONCE = 5000
"""How many rows of the log one statement of a compaction walks over."""


def open_url(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The engine for a `postgresql:` or `postgres:` URL; see `address` for what may stand in it."""
    del adopt  # nothing but mastractl edits the tables
    return PostgresEngine(url, clock=clock, read_only=read_only)


class _Life(NamedTuple):
    """What belongs to one process. `inherited` is what a parent had: kept, lest it be closed here."""

    pid: int
    connections: Connections
    waiting: Waiting
    inherited: object


class PostgresEngine:
    """An `Engine` on PostgreSQL 14 or later. The tables are made if there are none.

    Raises ConfigError for a URL that makes no sense, StorageConnectionError for a server or database that
    cannot be reached, StorageValidationError for tables that are not ours or newer than this program,
    Forbidden for want of permissions.
    """

    def __init__(self, url: str, *, clock: Clock, read_only: bool = False) -> None:
        self._address: Address = parse(url)
        self._clock = clock
        self._read_only = read_only
        self._sql = statements(self._address.schema)
        self._settings: dict[str, str] = {"default_transaction_read_only": "on"} if read_only else {}
        self._beginning = threading.Lock()
        self._closed = False
        self._life = self._begin(None)
        try:
            self._life.connections.repeating(self._open)
        except BaseException:
            self._life.connections.close()
            raise

    @property
    def capabilities(self) -> Capabilities:
        """Durable as far as the server's settings are."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """The uid that the tables were born with."""
        return self._uid

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        connections = self._ready().connections
        if spoken(key) != key:
            return None
        rows = connections.repeating(lambda c: c.run(self._sql.get, (key,)))
        if not rows or rows[0][0] != self._uid:
            raise failures.replaced(self._address)
        _, *found = rows[0]
        if found[0] is None or (found[5] is not None and found[5] <= self._clock.now()):
            return None
        return Entry(*found)

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        low, high = bounds(prefix)
        most = min(limit + 1, _HIGHEST) if limit else None
        asked = {"low": low, "high": high, "after": spoken(after), "limit": most}
        (head, *rows) = self._settled(self._sql.range, asked, head=0)
        more = bool(limit) and len(rows) > limit
        entries = tuple([Entry(*row) for row in (rows[:limit] if more else rows)])
        return Page(head[2], entries, entries[-1].key if more else "")

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        check_operations(ops, self._capabilities)
        _refuse_too_much(ops)
        life = self._ready()
        if self._read_only:
            message = f"{self._address.shown} is open for reading only"
            raise errors.Forbidden(message, hint="check how it was opened")
        if spoken(origin) != origin:
            message = f"the origin {origin!a} holds a NUL or a lone surrogate, which no PostgreSQL text may"
            raise errors.BadRequest(message)
        now = self._clock.now()
        statement = self._sql.commit_one if len(ops) == 1 else self._sql.commit
        values = (self._uid, now, origin, *(_row(ops[0]) if len(ops) == 1 else _columns(ops)))
        ((revision, did, *stood),) = life.connections.once(lambda c: c.run(statement, values))
        if revision is None:
            raise failures.replaced(self._address)
        rows = [stood] if len(ops) == 1 else zip(*stood, strict=True) if ops else ()
        standing = {op.key: Entry(op.key, *row) for op, row in zip(ops, rows, strict=True) if row[1]}
        changes = planning.plan(ops, standing, revision=revision + (not did), origin=origin, now=now)
        if bool(changes) != did:
            message = f"{self._address.shown}: the database does not go by the rules of this program"
            raise errors.StorageValidationError(message, hint="check the store, and report this")
        made = Commit(revision, changes)
        life.waiting.heard(made.revision)
        return made

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        low, high = bounds(prefix)
        narrow = bool(prefix) and not prefix.endswith("/")  # one key, and those that begin like it
        statement = self._sql.log(narrow=narrow, limited=bool(limit))
        first = min(max(since + 1, 0) << SEQ_BITS, _HIGHEST)
        asked = {"low": low, "high": high, "first": first}
        if limit:
            asked["skip"] = min(limit - 1, _HIGHEST)
        (head, *rows) = self._settled(statement, asked, head=1)
        revision, compacted, following = head[3], head[4], head[9]
        if since < compacted:
            message = f"the log begins after revision {compacted}; revision {since} is forgotten"
            raise errors.Expired(message, floor=compacted, hint="list again and go on from there")
        _refuse_future(since, revision, compacted)
        made = tuple([_change(row) for row in rows])
        return Changes(following - 1, made, more=True) if following else Changes(revision, made)

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        return self._ready().waiting.wait(since, timeout)

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return self._head()[0]

    def compact(self, before: int) -> None:
        """Forget the log up to revision `before`, in statements of bounded length."""
        connections = self._ready().connections
        if self._read_only:
            message = f"{self._address.shown} is open for reading only"
            raise errors.Forbidden(message, hint="check how it was opened")
        asked = (min(before, _HIGHEST), self._uid, min(before, _HIGHEST))
        begun = connections.repeating(lambda c: c.run(self._sql.begin_compacting, asked))
        if not begun:
            _refuse_future(before, *self._look())
            raise failures.replaced(self._address)  # unless `_look` has said so
        pruned, compacted = begun[0]
        last, walked = ((compacted + 1) << SEQ_BITS) - 1, _PRUNED_AT_ONCE
        while walked == _PRUNED_AT_ONCE and pruned < last:
            pruned, walked = self._prune(connections, pruned, last)

    def health(self) -> Health:
        """What the server's settings promise, besides where the log stands."""
        connections = self._ready().connections
        connections.repeating(self._take_stock)
        revision, compacted = self._head()
        size = connections.repeating(lambda c: inspection.size(c, self._address))
        return Health(
            self._writable,
            revision,
            compacted,
            problems=tuple(self._promises.problems(self._address)),
            details=self._promises.details(self._address, size),
        )

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """Whether log, index and counter agree; the latter two are mended from the log."""
        return accounts.check(self._ready().connections, repair=repair)

    def close(self) -> None:
        """Close the connections. Waiting calls return; later ones raise StorageClosed."""
        self._closed = True
        if self._life.pid == os.getpid():
            self._life.connections.close()
            self._life.waiting.close()

    def _begin(self, inherited: object) -> _Life:
        connections = Connections(self._address, self._settings)

        def listen(heard: Callable[[int], None], stopped: threading.Event) -> None:
            listening.listen(connections, self._uid, lambda: self._look()[0], heard, stopped)

        waiting = Waiting(lambda: self._look()[0], None if self._address.pooled else listen)
        return _Life(os.getpid(), connections, waiting, inherited)

    def _ready(self) -> _Life:
        """What every call begins with: the store is open, and its connections are this process's own."""
        if self._closed:
            raise closed(self._address)
        if self._life.pid != os.getpid():
            with self._beginning:
                if self._life.pid != os.getpid():
                    self._life = self._begin(self._life)
        return self._life

    def _open(self, connection: Connection) -> None:
        """Find or make the tables; see to it that commits are durable as far as a session can."""
        found = migrations.prepare(connection, self._address, read_only=self._read_only)
        self._uid = found.uid
        self._take_stock(connection)
        promises = self._promises
        if promises.synchronous_commit == "off" and not promises.chosen and not self._address.pooled:
            self._settings["synchronous_commit"] = "on"
            connection.execute("SET synchronous_commit = on")
            self._take_stock(connection)

    def _take_stock(self, connection: Connection) -> None:
        """What the server promises at present, and whether it takes our writes."""
        self._promises = promises = inspection.promises(connection, self._address)
        self._writable = promises.writable and not self._read_only
        self._capabilities = Capabilities(
            durable=promises.durable, multi_process=True, push_watch=not self._address.pooled
        )

    def _look(self) -> tuple[int, int]:
        """Revision and compacted revision as they stand, whatever is due."""
        return self._of_head(self._clock.now())[:2]

    def _head(self) -> tuple[int, int]:
        """Revision and compacted revision, once what is due is removed."""
        now = self._clock.now()
        revision, compacted, due = self._of_head(now)
        if due and self._sweep(now):
            revision, compacted, _ = self._of_head(now)
        return revision, compacted

    def _of_head(self, now: float) -> tuple[int, int, bool]:
        rows = self._ready().connections.repeating(lambda c: c.run(self._sql.head, {"now": now}))
        if not rows or rows[0][0] != self._uid:
            raise failures.replaced(self._address)
        _, revision, compacted, due = rows[0]
        return revision, compacted, due

    def _settled(self, statement: bytes, asked: dict[str, Any], *, head: int) -> list[tuple[Any, ...]]:
        """The rows of a read, the first of which tells of the head from that column on; nothing is due."""
        connections = self._ready().connections
        now = self._clock.now()
        values = asked | {"now": now}
        rows = connections.repeating(lambda c: c.run(statement, values))
        if rows and rows[0][head + 4] and self._sweep(now):
            rows = connections.repeating(lambda c: c.run(statement, values))
        if not rows or rows[0][head + 1] != self._uid.encode():
            raise failures.replaced(self._address)
        return rows

    def _sweep(self, now: float) -> bool:
        """Remove what is due; False if that is not for us to do."""
        if not self._writable:
            return False
        life = self._ready()
        try:
            ((revision,),) = life.connections.repeating(lambda c: c.run(self._sql.sweep, (self._uid, now)))
        except errors.Forbidden:  # since the store was opened, the server or a permission has changed
            return False
        if revision is None:
            raise failures.replaced(self._address)
        life.waiting.heard(revision)
        return True

    def _prune(self, connections: Connections, pruned: int, last: int) -> tuple[int, int]:
        """Remove a part of what nobody needs any more: how far that went, over how many rows of the log."""
        part = (pruned, last, _PRUNED_AT_ONCE, pruned, self._uid)
        rows = connections.repeating(lambda c: c.run(self._sql.prune, part))
        if not rows:
            raise failures.replaced(self._address)
        return rows[0][0], rows[0][1]


def _row(op: Op) -> tuple[Any, ...]:
    """An operation as the function takes it: key, value, whether it is a check, expiry, condition."""
    condition = None if op.if_revision is None else Int8(min(op.if_revision, _HIGHEST))
    if isinstance(op, Put):
        return op.key, op.value, False, op.expires_at, condition
    return op.key, None, isinstance(op, Check), None, condition


def _columns(ops: Sequence[Op]) -> tuple[list[Any], ...]:
    """The operations as parallel arrays of the same."""
    return tuple([list(column) for column in zip(*map(_row, ops), strict=True)]) or ([], [], [], [], [])


def _refuse_too_much(ops: Sequence[Op]) -> None:
    if len(ops) > MAX_COMMIT:
        message = f"{len(ops)} operations in one commit; this store numbers no more than {MAX_COMMIT}"
        raise errors.TooLarge(message, hint="split the work into smaller commits")
    many = sum(len(op.value) for op in ops if isinstance(op, Put))
    if many > MAX_COMMIT_BYTES:
        message = f"{many} bytes in one commit; this store takes {MAX_COMMIT_BYTES}"
        raise errors.TooLarge(message, hint="split the work into smaller commits")


def _refuse_future(asked: int, revision: int, compacted: int) -> None:
    if asked > revision:
        message = f"revision {asked} is ahead of the store, which is at {revision}"
        raise errors.FutureRevision(message, floor=compacted, hint="it belongs to another store")


def _change(row: tuple[Any, ...]) -> Change:
    """One row of the statements that read the log."""
    _, key, value, number, created, created_at, expires_at, origin, at, *prior = row
    entry = None if value is None else Entry(key, value, number, created, created_at, expires_at)
    was, was_created, was_created_at, was_expires_at, was_value = prior
    previous = (
        None if was is None else Entry(key, was_value, was, was_created, was_created_at, was_expires_at)
    )
    return Change(number, key, entry, previous, origin, at)
