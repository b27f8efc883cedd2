"""A change log with its index in one SQLite file: what a commit appends, and every read of it.

The log is the store. A row is written once and never changed: its `id` is `revision << 20 | seq`, so
that one B-tree serves lookups, order and `changes`. A value stands nowhere but in its row. `current`
points at the row of each living key; `prev` at the row it replaced, so that a change can tell what
was before. Each row is replaced at most once (a unique index holds that: compare-and-swap by
constraint, as in kine). Compaction drops what nothing points at any more.

Nothing here knows of files other than the database: see `projection` for those that people see.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mastractl import errors
from mastractl.engines import planning
from mastractl.engines.contract import EXPIRED, Change, Changes, Commit, Delete, Entry, Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mastractl.engines.contract import Op

SEQ_BITS = 20
MAX_COMMIT = 1 << SEQ_BITS
"""The most operations in one commit: their numbers share a 64-bit id with the revision."""

_LAST_ID = (1 << 63) - 1

SCHEMA = """
CREATE TABLE head (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    uid       TEXT NOT NULL,
    compacted INTEGER NOT NULL
);
CREATE TABLE log (
    id          INTEGER PRIMARY KEY,
    key         TEXT NOT NULL,
    prev        INTEGER,
    created_rev INTEGER NOT NULL,
    created_at  REAL NOT NULL,
    expires_at  REAL,
    at          REAL NOT NULL,
    origin      TEXT NOT NULL,
    value       BLOB
);
CREATE UNIQUE INDEX log_prev ON log (prev) WHERE prev IS NOT NULL;
CREATE INDEX log_ends ON log (key) WHERE value IS NULL;
CREATE TABLE current (
    key        TEXT PRIMARY KEY,
    id         INTEGER NOT NULL,
    expires_at REAL
) WITHOUT ROWID;
CREATE INDEX current_due ON current (expires_at) WHERE expires_at IS NOT NULL;
"""
"""`log.value` is NULL where the key was deleted; `log.prev` where it was made. There is no counter: the
present revision is that of the last row or, if compaction took that away, the compacted one. `log_ends`
finds the rows of deletions, so that the history of a key can be followed back from each of its ends
(`_HISTORY`) and an ordinary write has no index by key to keep; a database made before there was such an
index answers the same, only slower."""

REVISION = "max(compacted, coalesce((SELECT max(id) FROM log) >> 20, 0))"

_HEAD = (
    f"SELECT {REVISION}, compacted,"  # noqa: S608 - no value is spliced in
    " (SELECT min(expires_at) FROM current WHERE expires_at IS NOT NULL), uid FROM head"
)

ENTRY = "l.key, l.value, l.id >> 20, l.created_rev, l.created_at, l.expires_at"
"""The columns of an Entry, in its own order, where `l` is the log."""


class Cursor(Protocol):
    """The rows of a statement."""

    def fetchone(self) -> Any:
        """The next row, None at the end."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...


class Connection(Protocol):
    """What the log asks of a connection: `sqlite3` has it, and so have the shims of other drivers.

    One that is far away has `together` besides: see `fetch_together`. It may put off what returns no rows
    until the transaction ends.
    """

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Execute a statement with positional parameters."""
        ...


class Head:
    """Where the log ends and begins, when the next entry expires (None: never), and whose log it is."""

    __slots__ = ("compacted", "due", "revision", "uid")

    def __init__(self, revision: int, compacted: int, due: float | None, uid: str) -> None:
        self.revision = revision
        self.compacted = compacted
        self.due = due
        self.uid = uid


class Place(NamedTuple):
    """Where a key stands: the id of its row, and its entry."""

    row: int
    entry: Entry


def fetch_together(connection: Connection, *asked: tuple[str, Sequence[Any]]) -> list[list[Any]]:
    """The rows of several queries as of one moment, in one go where the connection can do that.

    Where it cannot, the moment is that of the transaction that is open.
    """
    together = getattr(connection, "together", None)
    if together:
        found: list[list[Any]] = together(asked)
        return found
    return [connection.execute(*query).fetchall() for query in asked]


def create(connection: Connection, *, first: int = 0) -> None:
    """Make the tables, in the transaction that is open. The log begins after revision `first`."""
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO head VALUES (1, ?, ?)", (os.urandom(16).hex(), first))


def identity(connection: Connection) -> str:
    """The uid that this log was born with."""
    return str(connection.execute("SELECT uid FROM head").fetchone()[0])


def head(connection: Connection) -> Head:
    """Where the log stands."""
    return _head_of(connection.execute(_HEAD).fetchall())


def revision(connection: Connection) -> int:
    """The present revision."""
    return int(connection.execute(f"SELECT {REVISION} FROM head").fetchone()[0])  # noqa: S608


def span(prefix: str, after: str = "") -> tuple[str, str | bytes]:
    """As `planning.span`, with a high end that sorts after every text where there is no bound."""
    low, high = planning.span(prefix, after)
    return low, b"" if high is None else high


def get(connection: Connection, key: str) -> Entry | None:
    """The key as it stands in the log, due or not."""
    row = connection.execute(_GET, (key,)).fetchone()
    return Entry(*row) if row else None


def page(connection: Connection, prefix: str, *, limit: int, after: str, now: float) -> Page:
    """The keys under a prefix that are not due, within the read transaction that is open."""
    return page_and_head(connection, prefix, limit=limit, after=after, now=now)[0]


def page_and_head(
    connection: Connection, prefix: str, *, limit: int, after: str, now: float
) -> tuple[Page, Head]:
    """As `page`, and where the log stood then."""
    low, high = span(prefix, after)
    most = limit + 1 if limit else -1
    found, heads = fetch_together(connection, (_RANGE, (low, high, now, most)), (_HEAD, ()))
    more = bool(limit) and len(found) > limit
    entries = tuple([Entry(*row) for row in (found[:limit] if more else found)])
    stood = _head_of(heads)
    return Page(stood.revision, entries, entries[-1].key if more else ""), stood


def changes(connection: Connection, since: int, prefix: str, *, limit: int) -> Changes:
    """The log after `since`, within the read transaction that is open. Raises Expired, FutureRevision."""
    low, high = span(prefix)
    first = min((since + 1) << SEQ_BITS, _LAST_ID)  # what is ahead of the store is refused below
    narrow = bool(prefix) and not prefix.endswith("/")  # one key, and those that begin like it
    statement = _HISTORY if narrow else _CHANGES
    values = (low, high, low, high, first) if narrow else (first, low, high)
    most = limit + 1 if limit else -1
    while True:
        heads, rows = fetch_together(connection, (_HEAD, ()), (statement, (*values, most)))
        now = _head_of(heads)
        _refuse_forgotten(now, since)
        refuse_future(now, since)
        stretch = _stretch(rows, now.revision, limit, complete=most < 0 or len(rows) < most)
        if stretch:
            return stretch
        most *= 4  # a commit of more changes than that is not split


def _stretch(rows: list[Any], present: int, limit: int, *, complete: bool) -> Changes | None:
    """Whole commits, at least `limit` changes or all; None where the rows end within a commit."""
    found: list[Change] = []
    for row in rows:
        if limit and len(found) >= limit and row[2] != found[-1].revision:
            return Changes(row[2] - 1, tuple(found), more=True)
        found.append(_change(row))
    return Changes(present, tuple(found)) if complete else None


def _refuse_forgotten(now: Head, since: int) -> None:
    if since < now.compacted:
        message = f"the log begins after revision {now.compacted}; revision {since} is forgotten"
        raise errors.Expired(message, floor=now.compacted, hint="list again and go on from there")


def refuse_future(now: Head, asked: int) -> None:
    """Raises FutureRevision above the present revision."""
    if asked > now.revision:
        message = f"revision {asked} is ahead of the store, which is at {now.revision}"
        raise errors.FutureRevision(message, floor=now.compacted, hint="it belongs to another store")


def append(connection: Connection, ops: Sequence[Op], *, origin: str, now: float) -> Commit:
    """Make the next revision out of what the operations change, in the write transaction that is open.

    Every precondition is checked before the first row is written. Raises Conflict, TooLarge.
    """
    stood, places = survey(connection, [op.key for op in ops])
    return extend(connection, ops, stood, places, origin=origin, now=now)


def survey(connection: Connection, keys: Sequence[str]) -> tuple[Head, dict[str, Place]]:
    """Where the log and these keys stand, as of one moment of the transaction that is open."""
    asked: list[tuple[str, Sequence[Any]]] = [(_HEAD, ())]
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        asked.append((_standing(len(some)), some))
    heads, *found = fetch_together(connection, *asked)
    places = {row[1]: Place(row[0], Entry(*row[1:])) for rows in found for row in rows}
    return _head_of(heads), places


def extend(
    connection: Connection,
    ops: Sequence[Op],
    stood: Head,
    places: Mapping[str, Place],
    *,
    origin: str,
    now: float,
) -> Commit:
    """As `append`, where the log and the keys stand as `survey` found them."""
    if len(ops) > MAX_COMMIT:
        message = f"{len(ops)} operations in one commit; this store numbers no more than {MAX_COMMIT}"
        raise errors.TooLarge(message, hint="split the work into smaller commits")
    present = stood.revision
    standing = {key: place.entry for key, place in places.items()}
    made = planning.plan(ops, standing, revision=present + 1, origin=origin, now=now)
    for seq, change in enumerate(made):
        place = places.get(change.key)
        _write(connection, change, seq=seq, prev=place.row if place else None)
    return Commit(present + 1, made) if made else Commit(present, ())


def expire(connection: Connection, now: float) -> Commit | None:
    """Remove what is due, as a commit of its own, in the write transaction that is open."""
    # Sorted by us: asked to, SQLite walks all keys in their order rather than the few that are due.
    due = sorted(connection.execute("SELECT key FROM current WHERE expires_at <= ?", (now,)).fetchall())
    return append(connection, [Delete(key) for (key,) in due], origin=EXPIRED, now=now) if due else None


def compact(connection: Connection, before: int) -> None:
    """Forget the log up to revision `before`, but for what stands and what a later change replaced."""
    now = head(connection)
    refuse_future(now, before)
    if before <= now.compacted:
        return
    last = ((before + 1) << SEQ_BITS) - 1
    connection.execute(
        "DELETE FROM log WHERE id IN (SELECT prev FROM log WHERE id <= ? AND prev IS NOT NULL)", (last,)
    )
    connection.execute("DELETE FROM log WHERE id <= ? AND value IS NULL", (last,))
    connection.execute("UPDATE head SET compacted = ?", (before,))


def give_back(connection: Connection) -> None:
    """Give the pages that compaction freed back to the file system, in the same transaction."""
    for _ in range(connection.execute("PRAGMA freelist_count").fetchone()[0]):
        connection.execute("PRAGMA incremental_vacuum")  # gives one page back; Python takes no second step


def row_value(connection: Connection, row: int) -> bytes:
    """The value in one row of the log, which must be there."""
    found: bytes = connection.execute("SELECT value FROM log WHERE id = ?", (row,)).fetchone()[0]
    return found


def row_ids(commit: Commit) -> Iterable[tuple[int, Change]]:
    """The changes of a commit with the ids of their rows."""
    return ((commit.revision << SEQ_BITS | seq, change) for seq, change in enumerate(commit.changes))


_GET = f"SELECT {ENTRY} FROM current c JOIN log l ON l.id = c.id WHERE c.key = ?"  # noqa: S608

_RANGE = (
    f"SELECT {ENTRY} FROM current c JOIN log l ON l.id = c.id"  # noqa: S608 - no value is spliced in
    " WHERE c.key >= ? AND c.key < ? AND (c.expires_at IS NULL OR c.expires_at > ?)"
    " ORDER BY c.key LIMIT ?"
)

_CHANGE = f"{ENTRY}, l.origin, l.at, p.id >> 20, p.created_rev, p.created_at, p.expires_at, p.value"

_CHANGES = (
    f"SELECT {_CHANGE} FROM log l LEFT JOIN log p ON p.id = l.prev"  # noqa: S608 - as above
    " WHERE l.id >= ? AND l.key >= ? AND l.key < ? ORDER BY l.id LIMIT ?"
)

_HISTORY = (
    "WITH RECURSIVE chain(id) AS ("  # noqa: S608 - as above
    " SELECT id FROM current WHERE key >= ? AND key < ?"
    " UNION ALL SELECT id FROM log WHERE value IS NULL AND key >= ? AND key < ?"
    " UNION ALL SELECT l.prev FROM chain c JOIN log l ON l.id = c.id WHERE l.prev IS NOT NULL)"
    f" SELECT {_CHANGE} FROM chain c JOIN log l ON l.id = c.id"
    " LEFT JOIN log p ON p.id = l.prev WHERE l.id >= ? ORDER BY l.id LIMIT ?"
)
"""What `_CHANGES` gives for few keys, at the price of their own history and not of the whole log."""


def _change(row: tuple[Any, ...]) -> Change:
    """One row of `_CHANGES` or `_HISTORY`."""
    key, value, number, created, created_at, expires_at, origin, at, *prior = row
    entry = None if value is None else Entry(key, value, number, created, created_at, expires_at)
    was, was_created, was_created_at, was_expires_at, was_value = prior
    previous = (
        None if was is None else Entry(key, was_value, was, was_created, was_created_at, was_expires_at)
    )
    return Change(number, key, entry, previous, origin, at)


_KEYS_AT_ONCE = 500
"""SQLite before 3.32 took no more than 999 parameters."""


def _standing(count: int) -> str:
    """The statement that finds where so many keys stand: the ids of their rows, and their entries."""
    keys = ", ".join("?" * count)
    return f"SELECT l.id, {ENTRY} FROM current c JOIN log l ON l.id = c.id WHERE c.key IN ({keys})"  # noqa: S608


def _head_of(rows: list[Any]) -> Head:
    if not rows:
        message = "the store has lost its head: the table that says whose log it is, and where it begins"
        raise errors.StorageValidationError(message, hint="restore a backup")
    return Head(*rows[0])


def _write(connection: Connection, change: Change, *, seq: int, prev: int | None) -> None:
    row = change.revision << SEQ_BITS | seq
    after = change.entry
    kept = after or change.previous
    if kept is None:  # pragma: no cover - a change is from something or to something
        return
    connection.execute(
        "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row,
            change.key,
            prev,
            kept.created_revision,
            kept.created_at,
            kept.expires_at,
            change.at,
            change.origin,
            after.value if after else None,
        ),
    )
    if after is None:
        connection.execute("DELETE FROM current WHERE key = ?", (change.key,))
    else:
        connection.execute(
            "INSERT INTO current VALUES (?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET id = excluded.id, expires_at = excluded.expires_at",
            (change.key, row, after.expires_at),
        )
