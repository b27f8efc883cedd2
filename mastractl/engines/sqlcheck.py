"""Whether the log in SQL agrees with its index, and how it is made to.

The log is the truth: its rows are written once. The last row of each key says how it stands, so that the
index (`current`) can be made anew from the log, key by key. What the log itself has lost (a row that a later
one says it replaced, a revision between two others) is named and left: nothing can be made up for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.engines.contract import Flaw
from mastractl.engines.sqllog import SEQ_BITS, fetch_together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.logstore import LogStore
    from mastractl.engines.sqllog import Connection

_PART = 500
"""Rows read at a time, each time as a moment of its own: others go on writing."""

_LOST = "restore a backup, or compact the log beyond it: watches that are behind will list again"
_REPAIR = "have it repaired: the index is made anew from the log"

_INDEX = (
    "SELECT c.key, c.expires_at IS l.expires_at, l.id IS NOT NULL, l.key = c.key, l.value IS NOT NULL,"
    " EXISTS (SELECT 1 FROM log n WHERE n.prev = c.id)"
    " FROM current c LEFT JOIN log l ON l.id = c.id WHERE c.key > ? ORDER BY c.key LIMIT ?"
)
"""Each key of the index, and what the log says of the row that it points at."""

_LOG = (
    "SELECT l.id, l.key, l.value IS NOT NULL, l.prev, p.key = l.key AND p.id < l.id,"
    " EXISTS (SELECT 1 FROM log n WHERE n.prev = l.id), c.id"
    " FROM log l LEFT JOIN log p ON p.id = l.prev LEFT JOIN current c ON c.key = l.key"
    " WHERE l.id > ? ORDER BY l.id LIMIT ?"
)
"""Each row of the log, whether what it replaced is there and it was replaced, and where its key stands."""

_COMPACTED = "SELECT compacted FROM head"


def check(store: LogStore, *, location: str, repair: bool) -> Iterator[Flaw]:
    """Every place where database, log and index disagree; with `repair`, the index is mended.

    A database that SQLite finds damaged is reported and looked at no further.
    """
    damage = _damage(store)
    if damage:
        for text in damage:
            yield Flaw("", location, f"the database is damaged: {text}", "restore a backup")
        return
    for faults in (_index_faults(store), _log_faults(store)):
        for part in faults:
            mended = repair and _mend(store, [key for key, _, hint in part if hint == _REPAIR])
            for key, text, hint in part:
                indexed = hint == _REPAIR
                yield Flaw(key, location, text, hint, repaired=bool(mended and indexed))


_Fault = tuple[str, str, str]
"""A key, what is wrong, and what to do."""


def _damage(store: LogStore) -> list[str]:
    """What SQLite finds wrong; nothing where it may not be asked, as on a server."""
    if not getattr(store, "checks_pages", True):
        return []
    with store.reading() as connection:
        found = [row[0] for row in connection.execute("PRAGMA quick_check(20)").fetchall()]
    return [] if found == ["ok"] else found


def _index_faults(store: LogStore) -> Iterator[list[_Fault]]:
    key = ""
    while True:
        with store.snapshot() as connection:
            rows = connection.execute(_INDEX, (key, _PART)).fetchall()
        if not rows:
            return
        key = rows[-1][0]
        faults = [(row[0], text, _REPAIR) for row in rows if (text := _index_fault(row))]
        if faults:
            yield faults


def _index_fault(row: Any) -> str:
    _, same_expiry, there, same_key, lives, replaced = row
    if not there:
        return "the index points at a row that the log does not have"
    if not same_key:
        return "the index points at a row of another key"
    if not lives:
        return "the index shows a key that was deleted"
    if replaced:
        return "the index points at a row that a later one replaced"
    return "" if same_expiry else "the index has another expiry than the log"


def _log_faults(store: LogStore) -> Iterator[list[_Fault]]:
    last = 0
    while True:
        with store.snapshot() as connection:
            heads, rows = fetch_together(connection, (_COMPACTED, ()), (_LOG, (last, _PART)))
        if not rows:
            return
        compacted = heads[0][0]
        faults: list[_Fault] = []
        for row in rows:
            faults += _log_fault(row, last, compacted)
            last = row[0]
        if faults:
            yield faults


def _log_fault(row: Any, last: int, compacted: int) -> Iterator[_Fault]:
    number, key, lives, prev, replaces, replaced, stands = row
    revision = number >> SEQ_BITS
    if revision > compacted:
        expected = max(last >> SEQ_BITS, compacted)
        follows = number == last + 1 if revision == expected else number == (expected + 1) << SEQ_BITS
        if not follows:
            yield "", f"the log has lost something before {key!a} of revision {revision}", _LOST
        if prev is not None and not replaces:
            text = f"revision {revision} replaced a row that the log does not have, or has of another key"
            yield key, text, _LOST
    if lives and not replaced and stands != number:
        if stands is None or stands < number:
            yield key, f"the index does not show what revision {revision} wrote", _REPAIR
        else:
            yield key, f"what revision {revision} wrote was replaced by nothing that the log still has", _LOST


def _mend(store: LogStore, keys: list[str]) -> bool:
    """Make the index say of these keys what the log does."""
    if not keys:
        return False

    def body(connection: Connection) -> bool:
        for key, row, lives, expires_at in _ends(connection, sorted(set(keys))):
            connection.execute("DELETE FROM current WHERE key = ?", (key,))
            if lives:
                connection.execute("INSERT INTO current VALUES (?, ?, ?)", (key, row, expires_at))
        return True

    return store.write(body)


def _ends(connection: Connection, keys: list[str]) -> list[Any]:
    """The last row of each key: its id, whether the key lives, its expiry."""
    marks = ", ".join("?" * len(keys))
    found = connection.execute(
        "SELECT key, max(id), value IS NOT NULL, expires_at FROM log"  # noqa: S608 - only marks
        f" WHERE key IN ({marks}) GROUP BY key",
        keys,
    ).fetchall()
    lost = set(keys).difference(row[0] for row in found)
    return [*found, *((key, 0, False, None) for key in sorted(lost))]
