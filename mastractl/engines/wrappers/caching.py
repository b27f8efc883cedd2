"""A cache that is never stale: before it answers it makes sure that nothing happened since.

Everything it holds is as it stood at one revision. A read asks the store for its revision, which is a few
bytes, reads what the log has since then, applies it, and answers from memory: the answer is the state at
the revision that was asked for during the read, so reads stay linearizable. Saved are the transfer and
the decoding of values, which is what lists of remote stores cost. If the log does not reach back, or tells
too much, everything is forgotten.

What is read into the cache is kept only if no revision was applied meanwhile: what another thread reads
between may be older than what has been applied.

Where a store takes in external edits, looking for these is the price of a read and cannot be saved: such
an engine is asked every time, and the cache stands aside.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.contract import Page
from mastractl.engines.wrappers.remembered import Listing, Remembered, Single, expiry
from mastractl.engines.wrappers.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Commit, Engine, Entry, Op

ENTRIES = 10_000
"""The most entries a cache holds unless it is told otherwise."""

SIZE = 64 * 2**20
"""The most bytes."""

_MOST_NEWS = 1000
"""From so many changes on it is cheaper to forget everything than to follow the log."""


class CachingEngine(Wrapper):
    """Keeps what was read, up to so many entries and bytes (`size`), whichever is reached first.

    `clock` is the engine's: what is due by it is never answered from memory.
    """

    def __init__(
        self, inner: Engine, *, entries: int = ENTRIES, size: int = SIZE, clock: Clock | None = None
    ) -> None:
        super().__init__(inner)
        self._bounds = entries, size
        self._clock = clock or SystemClock()
        self._aside = inner.capabilities.external_edits
        self._begin()

    def _begin(self) -> None:
        """What belongs to this process alone: in a fork the lock may be held by a thread that is gone."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        entries, size = self._bounds
        self._memory = Remembered(entries=entries, size=size)
        self._revision = -1
        self._identity = ""
        self._turn = 0
        """Counts up whenever what is remembered was brought forward."""

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        if self._aside:
            return self.inner.get(key)
        return self.get_many([key])[0]

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key; only what is not remembered is read."""
        if self._aside:
            return super().get_many(keys)
        present = self._catch_up()
        with self._lock:
            turn = self._turn
            known = self._revision >= present
            remembered = {key: found for key in keys if known and (found := self._memory.key(key))}
        now = self._clock.now()
        result = {key: found.entry for key, found in remembered.items() if found.expires > now}
        missing = [key for key in dict.fromkeys(keys) if key not in result]
        read = self._read(missing)
        with self._lock:
            if turn == self._turn:
                for key, entry in read.items():
                    self._memory.keep(Single(key, entry))
        return [(result | read)[key] for key in keys]

    def _read(self, keys: Sequence[str]) -> dict[str, Entry | None]:
        """What the engine within says of the keys."""
        if len(keys) == 1:
            return {keys[0]: self.inner.get(keys[0])}
        return dict(zip(keys, super().get_many(keys), strict=True)) if keys else {}

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        if self._aside:
            return self.inner.range(prefix, limit=limit, after=after)
        present = self._catch_up()
        with self._lock:
            found, revision = self._memory.listing(prefix, limit, after), self._revision
        if found and revision >= present and found.expires > self._clock.now():
            return Page(revision, found.entries, found.next)
        page = self.inner.range(prefix, limit=limit, after=after)
        with self._lock:
            if page.revision == self._revision:
                listing = Listing(prefix, limit, after, page.entries, page.next, expiry(page.entries))
                self._memory.keep(listing)
        return page

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        made = self.inner.commit(ops, origin=origin)
        if self._aside or os.getpid() != self._pid:
            return made
        with self._lock:
            if made.changes and made.revision == self._revision + 1:
                self._memory.follow(made.changes)
                self._revision = made.revision
                self._turn += 1
        return made

    def _catch_up(self) -> int:
        """Bring what is remembered to the present revision, or forget it. The present revision.

        A slower thread may set it back meanwhile, so whoever answers looks at the revision again.
        """
        if os.getpid() != self._pid:
            self._begin()
        present, identity = self.inner.revision(), self.inner.identity
        with self._lock:
            known = self._revision
            if identity != self._identity or known < 0 or not self._memory:
                self._forget(present, identity)
                return present
        if present == known:
            return present
        try:
            # Below what is known, this makes sure that another thread was quicker and nothing was undone.
            news = self.inner.changes(known, limit=_MOST_NEWS)
        except errors.Expired:
            news = None
        with self._lock:
            if news is None or news.more:
                self._forget(present, identity)
            elif self._revision == known:
                self._memory.follow(news.changes)
                self._advance(news.revision)
        return present

    def _forget(self, present: int, identity: str) -> None:
        """Begin anew, at the present revision. A thread that asked earlier changes nothing."""
        if identity == self._identity and self._revision == present:
            return
        self._memory.clear()
        self._identity = identity
        self._advance(present)

    def _advance(self, revision: int) -> None:
        self._revision = revision
        self._turn += 1
