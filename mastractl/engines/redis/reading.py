"""Reads in parts: what a server can tell at once without keeping others waiting, put together to one moment.

A script keeps everybody else waiting, so it reads at most `KEYS` entries or `MESSAGES` of the log, and
`BYTES` besides the first. A list in several parts sees several moments; what the log says happened since
the first, applied to all of them, makes it the last moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.engines import planning
from mastractl.engines.contract import Changes, Page
from mastractl.engines.redis import packing

if TYPE_CHECKING:
    from mastractl.engines.contract import Change, Entry
    from mastractl.engines.redis.session import Session

KEYS = 2000
"""A few milliseconds of a server's time."""

MESSAGES = 1000

BYTES = 4 << 20

_ATTEMPTS = 3
"""How often a list is begun anew because the log was compacted from under it, before it is read at once."""


def page(session: Session, prefix: str, *, limit: int, after: str) -> Page:
    """As `Engine.range`."""
    for _ in range(_ATTEMPTS):
        try:
            return _page(session, prefix, limit=limit, after=after, keys=KEYS, most=BYTES)
        except errors.Expired:
            continue
    return _page(session, prefix, limit=limit, after=after, keys=1 << 40, most=1 << 40)


def _page(session: Session, prefix: str, *, limit: int, after: str, keys: int, most: int) -> Page:
    """The list, read in parts of no more than so many keys and bytes. Raises Expired."""
    low, high = planning.span(prefix, after)
    found: list[Entry] = []
    now, hides = session.now(), False
    first = revision = -1
    more: Any = True
    while more and not (limit and len(found) >= limit):
        count = min(keys, limit - len(found)) if limit else keys
        asked = (_low(low), _high(high), count, most)
        _, number, more, part, packed, hides = session.ask("range", *asked, now=now)
        revision = int(number)
        first = revision if first < 0 else first
        found.extend(packing.entries(part, packed))
        if part:
            low = part[-1].decode() + "\0"
    end = low[:-1] if more else ""
    if revision == first:
        return Page(revision, tuple(found), end)
    since = changes(session, first, prefix, limit=0)
    made = _as_of(found, since, after=after, end=end, limit=limit)
    return _without_due(made, now) if hides else made


def _as_of(found: list[Entry], since: Changes, *, after: str, end: str, limit: int) -> Page:
    """The part of a list between `after` and `end` once these changes have happened to it."""
    state = {entry.key: entry for entry in found}
    for change in since.changes:
        if change.key > after and not (end and change.key > end):
            if change.entry:
                state[change.key] = change.entry
            else:
                state.pop(change.key, None)
    entries = [state[key] for key in sorted(state)]
    if limit and len(entries) > limit:
        entries = entries[:limit]
        end = entries[-1].key
    return Page(since.revision, tuple(entries), end)


def _without_due(page: Page, now: float) -> Page:
    """What is hidden in a store that cannot be written, and so cannot remove what is due."""
    left = [entry for entry in page.entries if entry.expires_at is None or entry.expires_at > now]
    return page._replace(entries=tuple(left))


def changes(session: Session, since: int, prefix: str, *, limit: int) -> Changes:
    """As `Engine.changes`: up to the revision that was the present one when the reading began."""
    found: list[Change] = []
    cursor, present = b"%d-18446744073709551615" % since, -1
    start = prefix.encode("utf-8", "surrogatepass")
    while True:
        want = max(limit - len(found), 1) if limit else 0
        asked = (since, cursor, start, want, MESSAGES, BYTES)
        answer = session.ask("changes", *asked, rewound=lambda floor: _refuse_rewound(since, floor))
        _refuse(answer, since)
        present = int(answer[1]) if present < 0 else present
        for change in map(packing.change, answer[3]):
            full = limit and len(found) >= limit and change.revision != found[-1].revision
            if full and change.revision <= present:
                return Changes(change.revision - 1, tuple(found), more=True)
            if change.revision > present:
                return Changes(present, tuple(found))
            found.append(change)
        cursor = answer[2]
        told = packing.revision_of(cursor) - 1 if cursor else present
        if told >= present:
            return Changes(present, tuple(found))
        if limit and len(found) >= limit and told >= found[-1].revision:
            return Changes(told, tuple(found), more=True)


def refuse_future(since: int, present: int, floor: int) -> None:
    """Raises FutureRevision for a revision above the present one."""
    if since > present:
        message = f"revision {since} is ahead of the store, which is at {present}"
        raise errors.FutureRevision(message, floor=floor, hint="it belongs to another store")


def _refuse(answer: list[Any], since: int) -> None:
    if answer[0] == b"expired":
        floor = int(answer[1])
        message = f"the log begins after revision {floor}; revision {since} is forgotten"
        raise errors.Expired(message, floor=floor, hint="list again and go on from there")
    if answer[0] == b"future":
        refuse_future(since, int(answer[1]), int(answer[2]))


def _refuse_rewound(since: int, floor: int) -> None:
    if since > floor:
        message = f"the server began anew at revision {floor}; what was revision {since} may be forgotten"
        raise errors.Expired(message, floor=floor, hint="list again and go on from there")


def _low(low: str) -> bytes:
    """A bound as ZRANGEBYLEX has it."""
    return b"[" + low.encode("utf-8", "surrogatepass") if low else b"-"


def _high(high: str | None) -> bytes:
    return b"+" if high is None else b"(" + high.encode("utf-8", "surrogatepass")
