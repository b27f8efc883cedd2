"""Reads of a store, each of one moment: etcd keeps versions, so a long list is read in parts at one revision.

A part is as large as some megabytes of answer. If etcd compacts itself in between, the list begins anew.
A stretch of the log needs no such care: lines of the log are only ever added, or forgotten from below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.engines.contract import Changes, Page
from mastractl.engines.etcd import txn
from mastractl.engines.etcd.records import load_changes, load_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.engines.contract import Change, Entry
    from mastractl.engines.etcd.records import Head
    from mastractl.engines.etcd.store import Store

_FIRST_PART = 500
_PART_BYTES = 4 * 1024 * 1024
_LEAST, _MOST = 20, 5000
_BEGINNINGS = 5
"""How often a list begins anew because etcd compacted itself."""

_NOTED = 256
"""A page of so many entries at most is remembered for commits that follow."""


def get(store: Store, key: str, now: float) -> Entry | None:
    """The key as it stands, unless it is due."""
    try:
        name = store.names.entry(key)
        name.decode()
    except UnicodeDecodeError:  # a lone surrogate: no such key was ever written
        return None
    answer = store.gateway.ask("/v3/kv/range", txn.span(name))
    entries = load_entries(store.names, answer.get("kvs", ()))
    entry = entries[0] if entries else None
    store.seen.note(key, entry, int(answer["header"]["revision"]))
    return None if entry and _due(entry, now) else entry


def page(store: Store, prefix: str, *, limit: int, after: str, now: float) -> tuple[Head, Page]:
    """The keys under a prefix that are not due, and the head of the same moment."""
    for _ in range(_BEGINNINGS):
        try:
            return _page(store, prefix, limit=limit, after=after, now=now)
        except errors.Expired:
            continue
    message = f"etcd at {store.shown} compacts itself faster than the list can be read"
    raise errors.Unavailable(message, hint="let --auto-compaction-retention be a minute or more")


def _page(store: Store, prefix: str, *, limit: int, after: str, now: float) -> tuple[Head, Page]:
    low, high = store.names.entry_span(prefix, after)
    if low >= high:  # nothing sorts between
        head, _ = store.head()
        return head, Page(head.revision, ())
    part = min(limit or _FIRST_PART, _FIRST_PART)
    (first, found), moment = store.look(txn.span(store.names.head), txn.span(low, high, limit=part))
    head, _ = store.head_in(first)
    entries = load_entries(store.names, found.get("kvs", ()))
    while (more := found.get("more", False)) and not (limit and len(entries) >= limit):
        low = store.names.entry(entries[-1].key) + b"\0"
        part = _next_part(found["kvs"], limit - len(entries) if limit else 0)
        at = f',"revision":"{moment}"'
        found = store.gateway.ask("/v3/kv/range", txn.span(low, high, limit=part, more=at))
        entries += load_entries(store.names, found.get("kvs", ()))
    if len(entries) <= _NOTED:
        store.seen.note_all(entries, int(moment))
    following = entries[-1].key if more else ""
    living = [entry for entry in entries if entry.expires_at is None or not _due(entry, now)]
    return head, Page(head.revision, tuple(living), following)


def changes(store: Store, since: int, prefix: str, *, limit: int) -> tuple[Head, Changes]:
    """The log after a revision, for the keys under a prefix, and the head of the moment.

    The log is by revision alone: a narrow prefix costs what all changes cost.
    """
    names = store.names
    told: list[Change] = []
    place, part = since, min(limit or _FIRST_PART, 100)
    while True:
        # By both its ends: asked for a number, etcd counts all that follow, too.
        begin = max(place + 1, 0)
        lines = txn.span(names.line(begin), names.line(begin + part))
        (first, found), _ = store.look(txn.span(names.head), lines)
        head, _ = store.head_in(first)
        if place < head.compacted and place > since:  # compacted meanwhile: the next call says so
            return head, Changes(place, tuple(told), more=True)
        refuse(head, place)
        if place < head.revision and "kvs" not in found:
            raise gap(store, place + 1)
        for pair in found.get("kvs", ()):
            if limit and len(told) >= limit:
                return head, Changes(place, tuple(told), more=True)
            place = _follow(store, pair, place, prefix, told)
        if place >= head.revision:
            return head, Changes(head.revision, tuple(told))
        if limit and len(told) >= limit:
            return head, Changes(place, tuple(told), more=True)
        part = _next_part(found.get("kvs", ()), limit - len(told) if limit else 0)


def _follow(store: Store, pair: dict[str, Any], place: int, prefix: str, told: list[Change]) -> int:
    """Take in the line of the log that comes after `place`; gives its revision."""
    revision, made = load_changes(store.names, pair)
    if revision != place + 1:
        raise gap(store, place + 1)
    told += [change for change in made if change.key.startswith(prefix)] if prefix else made
    return revision


def gap(store: Store, revision: int) -> errors.StorageValidationError:
    """A line of the log is not there."""
    name = store.names.line(revision).decode()
    message = f"the log of {store.shown} has no line for revision {revision} ({name})"
    return errors.StorageValidationError(message, hint="something else removed it; list again and go on")


def refuse(head: Head, since: int) -> None:
    """Raises Expired below the log, FutureRevision above it."""
    if since < head.compacted:
        message = f"the log begins after revision {head.compacted}; revision {since} is forgotten"
        raise errors.Expired(message, floor=head.compacted, hint="list again and go on from there")
    if since > head.revision:
        message = f"revision {since} is ahead of the store, which is at {head.revision}"
        raise errors.FutureRevision(message, floor=head.compacted, hint="it belongs to another store")


def _due(entry: Entry, now: float) -> bool:
    return entry.expires_at is not None and entry.expires_at <= now


def _next_part(pairs: Sequence[dict[str, Any]], left: int) -> int:
    """How many to ask for next, by the size of those that came; `left` are wanted at most, 0 = all."""
    size = sum([len(pair.get("value", "")) for pair in pairs]) // max(len(pairs), 1)
    part = max(_LEAST, min(_MOST, _PART_BYTES // (size + 200)))
    return min(part, left) if left > 0 else part
