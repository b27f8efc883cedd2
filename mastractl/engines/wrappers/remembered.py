"""What a cache holds: keys and lists as they all stood at one revision, the least used thrown out first.

It knows nothing of engines, threads or time but what it is told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.engines.contract import Change, Entry

_OVERHEAD = 300
"""Bytes that an entry takes besides key and value, roughly."""

NEVER = float("inf")


class Listing(NamedTuple):
    """A list that was asked for: what was asked, what came, and when the first of it expires."""

    prefix: str
    limit: int
    after: str
    entries: tuple[Entry, ...]
    next: str
    expires: float

    @property
    def name(self) -> tuple[str, int, str]:
        """What was asked."""
        return self.prefix, self.limit, self.after


class Single(NamedTuple):
    """A key that was asked for, and what stood there."""

    key: str
    entry: Entry | None

    @property
    def name(self) -> str:
        """What was asked."""
        return self.key

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What came."""
        return () if self.entry is None else (self.entry,)

    @property
    def expires(self) -> float:
        """When it expires."""
        return expiry(self.entries)


class Remembered:
    """Bounded by the number of entries in it and by their bytes. One thread at a time."""

    def __init__(self, *, entries: int, size: int) -> None:
        self._most, self._largest = entries, size
        self._kept: OrderedDict[str | tuple[str, int, str], Single | Listing] = OrderedDict()
        self._lists: dict[tuple[str, int, str], Listing] = {}
        self.entries = self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def key(self, key: str) -> Single | None:
        """What is known of a key; None if nothing is."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found if isinstance(found, Single) else None

    def listing(self, prefix: str, limit: int, after: str) -> Listing | None:
        """A list that was asked for in the same words; None if it is not known."""
        found = self._lists.get((prefix, limit, after))
        if found is not None:
            self._kept.move_to_end(found.name)
        return found

    def keep(self, item: Single | Listing) -> None:
        """Keep it, and let go of what is used least. What alone would be too much is not kept."""
        self.drop(item.name)
        count, size = _weight(item)
        if count > self._most or size > self._largest:
            return
        self._put(item, count, size)

    def drop(self, name: str | tuple[str, int, str]) -> None:
        """Forget one thing, if it is known."""
        item = self._kept.pop(name, None)
        if item is None:
            return
        if isinstance(item, Listing):
            del self._lists[item.name]
        count, size = _weight(item)
        self.entries -= count
        self.size -= size

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._lists.clear()
        self.entries = self.size = 0

    def follow(self, changes: Iterable[Change]) -> None:
        """Make everything what it is after these changes, which follow on what is known.

        A whole list is corrected; of a page it is not known what moved up into it, so it is dropped.
        """
        latest = {change.key: change.entry for change in changes}
        for key, entry in latest.items():
            if key in self._kept:
                self._replace(Single(key, entry))
        for listing in list(self._lists.values()):
            met = {k: e for k, e in latest.items() if k.startswith(listing.prefix) and k > listing.after}
            if not met:
                continue
            if listing.limit:
                self.drop(listing.name)
            else:
                entries = _merged(listing.entries, met)
                self._replace(listing._replace(entries=entries, expires=expiry(entries)))

    def _replace(self, item: Single | Listing) -> None:
        """Keep it in the place of what was known, as little used as that was."""
        old = self._kept.get(item.name)
        if old is None:
            return
        (count, size), (was_count, was_size) = _weight(item), _weight(old)
        self._put(item, count - was_count, size - was_size)

    def _put(self, item: Single | Listing, count: int, size: int) -> None:
        """Put it into its place, which may be new, as so much more than what was there."""
        self._kept[item.name] = item
        if isinstance(item, Listing):
            self._lists[item.name] = item
        self.entries += count
        self.size += size
        while self.entries > self._most or self.size > self._largest:
            self.drop(next(iter(self._kept)))


def expiry(entries: Iterable[Entry]) -> float:
    """When the first of the entries expires; `NEVER` if none does."""
    return min((e.expires_at for e in entries if e.expires_at is not None), default=NEVER)


def _weight(item: Single | Listing) -> tuple[int, int]:
    entries = item.entries
    # An absent key counts as an entry too: else asking for what is not there would fill the memory.
    size = sum(len(e.value) + len(e.key) + _OVERHEAD for e in entries)
    return max(len(entries), 1), size + _OVERHEAD


def _merged(entries: tuple[Entry, ...], news: dict[str, Entry | None]) -> tuple[Entry, ...]:
    """Sorted entries with some keys replaced, added or removed."""
    merged = list(entries)
    keys = [entry.key for entry in merged]
    for key, entry in news.items():
        at = bisect_left(keys, key)
        there = at < len(keys) and keys[at] == key
        if entry is None:
            if there:
                del keys[at], merged[at]
        elif there:
            merged[at] = entry
        else:
            keys.insert(at, key)
            merged.insert(at, entry)
    return tuple(merged)
