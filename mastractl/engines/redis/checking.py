"""The store's accounts of itself, compared: entries with index and dues, and the log with itself and them.

Each part is one moment of the store, so what others commit meanwhile is no flaw. A key may be told of
twice: so scan a Redis's sets and hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.contract import Flaw
from mastractl.engines.redis import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.contract import Change
    from mastractl.engines.redis.session import Session

_FAULTS = {
    "unreadable": ("what stands there cannot be read", "put it anew or delete it"),
    "ahead": ("it stands at a revision that the store has not reached", "put it anew"),
    "unlisted": ("it is missing from the index, and so from lists", ""),
    "due": ("it is to expire by what is due, and not by itself", ""),
    "undue": ("it is to expire by itself, and not by what is due", ""),
    "gone": ("the index or what is due has it, and the store has not", ""),
}
_MENDED = frozenset({"unlisted", "due", "undue", "gone"})


def flaws(session: Session, *, repair: bool) -> Iterator[Flaw]:
    """As `Checkable.check`."""
    for which in ("entries", "index", "due"):
        cursor = b"0"
        while True:
            _, cursor, found = session.ask("audit", which, cursor, b"1" if repair else b"0")
            for key, fault in found:
                yield _flaw(session, key.decode(errors="replace"), fault.decode(), repair=repair)
            if cursor == b"0":
                break
    yield from _log(session)


def _flaw(session: Session, key: str, fault: str, *, repair: bool) -> Flaw:
    message, hint = _FAULTS[fault]
    mends = fault in _MENDED
    return Flaw(
        key, session.address.shown, message, hint or "check again with repair", repaired=repair and mends
    )


def _log(session: Session) -> Iterator[Flaw]:
    """Whether the log has every revision above the compacted one, and each change follows on the last."""
    where = session.address.shown
    _, _, compacted, *_ = session.ask("head")
    since = told = int(compacted)
    stands: dict[str, int] = {}
    more = True
    while more:
        try:
            stretch = reading.changes(session, since, "", limit=reading.MESSAGES)
        except errors.Expired:  # compacted meanwhile: what follows is checked by the next check
            return
        for change in stretch.changes:
            if change.revision > told + 1:
                message = f"the log goes from revision {told} to {change.revision}"
                yield Flaw("", where, message, "list again rather than follow the log across the gap")
            told = change.revision
            if not _follows(change, stands):
                message = f"revision {change.revision} does not follow on what was before it"
                yield Flaw(change.key, where, message, "compact the log up to that revision")
            stands[change.key] = change.revision if change.entry else 0
        since, more = stretch.revision, stretch.more
    if told < since:
        message = f"the log ends at revision {told}, and the store is at {since}"
        yield Flaw("", where, message, "compact the log up to the present revision, and list again")


def _follows(change: Change, stands: dict[str, int]) -> bool:
    before = change.previous.revision if change.previous else 0
    return stands.get(change.key, before) == before
