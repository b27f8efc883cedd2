"""Between rows of the tables and what the contract speaks of: entries, changes, the head."""

from __future__ import annotations

from math import copysign, isinf
from sys import float_info
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.engines import planning
from mastractl.engines.contract import Change, Entry
from mastractl.engines.sql.tables import SEQ_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.engines.sql.statements import Question, Row, Statements

_FAR = float_info.max
"""What stands in the tables for infinity, which not every server can hold."""

_END = b"\xff"
"""Sorts after every UTF-8 text."""


class Head(NamedTuple):
    """The row of the head: where the log ends, begins, and has been cleaned up to."""

    uid: str
    revision: int
    compacted: int
    cleaned: int


def spoken(text: str) -> bytes | None:
    """A key or prefix as the tables have it, None for what no key can hold."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def span(prefix: str, after: str = "") -> tuple[bytes, bytes] | None:
    """As `planning.span`, in bytes; None where no key can be."""
    low, high = planning.span(prefix, after)
    first, end = spoken(low), _END if high is None else spoken(high)
    return None if first is None or end is None else (first, end)


def entry(row: Row) -> Entry:
    """An entry row: key, value, id, created_rev, created_at, expires_at."""
    key, value, number, created, created_at, expires_at = row
    expiry = None if expires_at is None else _told(expires_at)
    return Entry(key.decode(), value, number >> SEQ_BITS, created, created_at, expiry)


def change(row: Row) -> Change:
    """A row of `Statements.changes`."""
    key, value, number, created, created_at, expires_at, origin, at = row[:8]
    was, was_created, was_created_at, was_expires_at, was_value = row[8:]
    now = None if value is None else entry((key, value, number, created, created_at, expires_at))
    before = None
    if was is not None:
        before = entry((key, was_value, was, was_created, was_created_at, was_expires_at))
    name = now.key if now else key.decode()
    return Change(number >> SEQ_BITS, name, now, before, origin.decode(errors="surrogatepass"), at)


def writes(
    statements: Statements, made: Sequence[Change], places: dict[str, int], revision: int
) -> Iterator[Question]:
    """What writes the changes of a commit; `places` has the ids of the rows they replace."""
    log, points, gone = [], [], []
    for seq, done in enumerate(made):
        key, number = done.key.encode(), revision << SEQ_BITS | seq
        log.append(_log_row(done, key, number, places.get(done.key)))
        if done.entry is None:
            gone.append(key)
        else:
            points.append({"key": key, "id": number, "expires_at": log[-1]["expires_at"]})
    yield from statements.log(log)
    yield from statements.point(points)
    yield from statements.unpoint(gone)
    yield statements.set_head("revision", revision)


def _log_row(done: Change, key: bytes, number: int, prev: int | None) -> dict[str, Any]:
    kept = done.entry or done.previous
    assert kept is not None, "a change is from something or to something"  # noqa: S101 - for the type checker
    return {
        "id": number,
        "key": key,
        "prev": prev,
        "created_rev": kept.created_revision,
        "created_at": kept.created_at,
        "expires_at": None if kept.expires_at is None else _stored(kept.expires_at),
        "at": done.at,
        "origin": done.origin.encode(errors="surrogatepass"),
        "value": done.entry.value if done.entry else None,
    }


def victims(rows: Iterable[Row]) -> list[int]:
    """Of rows of `Statements.ended`: the ids that nobody can ask for once these rows are forgotten."""
    found: list[int] = []
    for number, prev, deletion in rows:
        if prev is not None:
            found.append(prev)
        if deletion:
            found.append(number)
    return sorted(set(found))


def _stored(seconds: float) -> float:
    return copysign(_FAR, seconds) if isinf(seconds) else float(seconds)


def _told(seconds: float) -> float:
    return copysign(float("inf"), seconds) if abs(seconds) == _FAR else seconds
