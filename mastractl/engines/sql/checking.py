"""The two accounts that a store keeps, the log and its index, compared a part at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.engines.contract import Flaw
from mastractl.engines.sql.tables import SEQ_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.sql.connections import Connections
    from mastractl.engines.sql.statements import Row, Statements

_PART = 1000
"""Rows that are read at once."""

_HINT = "restore the store's tables from a backup of one moment, or write the key anew"


def flaws(connections: Connections, statements: Statements) -> Iterator[Flaw]:
    """What does not agree: in the index first, then in the log, then in the head.

    Each row is judged by what was there at one moment, so what is written meanwhile is no flaw.
    """
    where = connections.dialect.address.shown
    for part, judge in ((_index, _judge_index), (_log, _judge_log)):
        for rows in part(connections, statements):
            for row in rows:
                fault = judge(row)
                if fault:
                    yield Flaw(bytes(row[0]).decode(errors="replace"), where, fault, _HINT)
    yield from _judge_head(connections, statements)


def _index(connections: Connections, statements: Statements) -> Iterator[list[Row]]:
    """Rows of `Statements.accounts`, by parts."""
    after = b""
    while True:
        (found,) = connections.ask(statements.accounts(after=after, limit=_PART))
        yield [tuple(row) for row in found]
        if len(found) < _PART:
            return
        after = bytes(found[-1][0])


def _judge_index(row: Row) -> str:
    """What is wrong with where `current` points; "" if nothing is."""
    key, points, expires_at, number, written, written_expiry, deletion = row
    if number is None:
        return f"the index points at row {points} of the log, which is not there"
    if bytes(written) != bytes(key):
        return f"the index points at row {points} of the log, which is another key's"
    if deletion:
        return f"the index points at row {points} of the log, which says that the key was deleted"
    if expires_at != written_expiry:
        return "the index and the log do not agree on when the key expires"
    return ""


def _log(connections: Connections, statements: Statements) -> Iterator[list[Row]]:
    """Rows of `Statements.rows`, by parts."""
    after = -1
    while True:
        (found,) = connections.ask(statements.rows(after=after, limit=_PART))
        yield [tuple(row) for row in found]
        if len(found) < _PART:
            return
        after = int(found[-1][1])


def _judge_log(row: Row) -> str:
    """What is wrong with a row of the log."""
    key, number, prev, deletion, points, before, newest, compacted = row
    revision = number >> SEQ_BITS
    if prev is not None and before is None and revision > compacted:
        return f"what revision {revision} replaced is not in the log"
    if before is not None and bytes(before) != bytes(key):
        return f"revision {revision} replaced a row of another key"
    if newest == number and points != (None if deletion else number):
        return f"the index does not say what revision {revision} made of the key"
    return ""


def _judge_head(connections: Connections, statements: Statements) -> Iterator[Flaw]:
    """Whether the head counts as the log does."""
    ((found,),) = connections.ask(statements.counts)
    revision, compacted, last = (int(number or 0) for number in found)
    told = last >> SEQ_BITS
    if told > revision or (told < revision and revision > compacted):
        message = f"the head is at revision {revision}, and the log ends at {told}"
        yield Flaw("", connections.dialect.address.shown, message, _HINT)
