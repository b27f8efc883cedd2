"""How a store stood at one revision, read in pages while others go on writing; and a sum to compare by.

A page of `Engine.range` is one moment, but the next page is a later one. What changed between is in
the log, with what was there before: so the whole store as it stood at any revision that the log still
reaches comes out of pages and log together, each entry once, and no more than a page is held.
"""

from __future__ import annotations

from bisect import bisect_left
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from mastractl.engines.contract import Change, Engine, Entry

PAGE = 500
"""How many entries are read at a time."""

STRETCH = 250
"""How many changes are read at a time, softly: a commit is never split."""


class Step(NamedTuple):
    """One commit of a log: its changes in order, who made it and when (epoch seconds)."""

    revision: int
    origin: str
    at: float
    changes: tuple[Change, ...]


class Tally(NamedTuple):
    """How many entries there are, and the sum of their SHA-256 modulo 2^256: the order does not matter."""

    entries: int
    total: int

    @property
    def digest(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self.total:064x}"


def no_log(entry: Entry, revision: int) -> None:
    """What to make of an entry that is ahead of its store: raises StorageValidationError."""
    message = (
        f"{entry.key!a} is of revision {entry.revision}, and the store is at {revision}: it keeps no log"
    )
    hint = "a directory of files gets its log when it is first used where it can be written"
    raise errors.StorageValidationError(message, hint=hint)


def standing(
    engine: Engine, revision: int, *, ahead: Callable[[Entry, int], None] = no_log
) -> Iterator[Entry]:
    """Every entry that stood at the revision, each once, in no order that is promised.

    Others may write meanwhile. Raises Expired if the log does not reach back to the revision, or is
    compacted beyond it meanwhile. `ahead` is told of entries whose revision the store has not reached.
    """
    lasts: list[str] = []
    moments: list[int] = []
    after = ""
    while True:
        page = engine.range("", limit=PAGE, after=after)
        moments.append(page.revision)
        for entry in page.entries:
            if entry.revision <= revision:
                yield entry
            elif entry.revision > page.revision:
                ahead(entry, page.revision)
        after = page.next
        if not after:
            break
        lasts.append(after)
    for step in log(engine, revision, upto=max(moments)):
        for change in step.changes:
            before = change.previous
            if before is None or before.revision > revision:
                continue
            # A page that is older than the change has shown what was before it.
            if step.revision <= moments[bisect_left(lasts, change.key)]:
                yield before


def log(engine: Engine, since: int, *, upto: int) -> Iterator[Step]:
    """The commits after revision `since` up to and including `upto`, in order. Raises as `Engine.changes`."""
    while since < upto:
        stretch = engine.changes(since, limit=STRETCH)
        for step in steps(stretch.changes):
            if step.revision > upto:
                return
            yield step
        since = stretch.revision
        if not stretch.more:
            return


def steps(changes: Iterable[Change]) -> Iterator[Step]:
    """The changes of a log, put together to the commits that they were."""
    held: list[Change] = []
    for change in changes:
        if held and held[0].revision != change.revision:
            yield _step(held)
            held = []
        held.append(change)
    if held:
        yield _step(held)


def tally(entries: Iterable[Entry], *, without: Container[str] = (), alive_at: float = -inf) -> Tally:
    """The tally of entries, but for some keys, and for what has expired at that time."""
    count = total = 0
    for entry in entries:
        expired = entry.expires_at is not None and entry.expires_at <= alive_at
        if entry.key not in without and not expired:
            count += 1
            total += weight(entry)
    return Tally(count, total % (1 << 256))


def weight(entry: Entry) -> int:
    """What an entry adds to a tally: the SHA-256 of its key, value and expiry."""
    return number(entry.key.encode(), b"\0", entry.value, b"\0", repr(entry.expires_at).encode())


def number(*parts: bytes) -> int:
    """The SHA-256 of the parts, one after the other, as a number."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return int.from_bytes(digest.digest(), "big")


def _step(changes: list[Change]) -> Step:
    first = changes[0]
    return Step(first.revision, first.origin, first.at, tuple(changes))
