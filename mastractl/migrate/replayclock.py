"""The clock of a store that is written to as if it were then."""

from __future__ import annotations

import heapq
from math import inf, nextafter
from typing import TYPE_CHECKING

from mastractl.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.clock import Clock
    from mastractl.engines.contract import Entry

BEGINNING = -62135596800.0
"""The first second of the year 1: nothing has expired then."""


class ReplayClock:
    """A `mastractl.clock.Clock` that shows the time it is set to; the present once it is released.

    It begins at `BEGINNING`, so that a store opened with it removes nothing before it is told to.
    `present` is the clock that knows better (None: the machine's).
    """

    def __init__(self, present: Clock | None = None) -> None:
        self._present = present or SystemClock()
        self._now: float | None = BEGINNING

    def now(self) -> float:
        """The time it was set to, or the present."""
        return self.present() if self._now is None else self._now

    def present(self) -> float:
        """What time it really is."""
        return self._present.now()

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return self._present.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that long, really."""
        self._present.sleep(seconds)

    def set(self, now: float) -> None:
        """Show this time from now on."""
        self._now = now

    def release(self) -> None:
        """Show the present from now on."""
        self._now = None


class Dues:
    """When which of the entries that stand somewhere expire."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        """A line is stale unless `_due` says the same."""

    def stands(self, entry: Entry) -> None:
        """An entry stands from now on, in the place of the one before."""
        if entry.expires_at is None:
            self._due.pop(entry.key, None)
        else:
            self._due[entry.key] = entry.expires_at
            heapq.heappush(self._heap, (entry.expires_at, entry.key))

    def gone(self, key: str) -> None:
        """A key is gone."""
        self._due.pop(key, None)

    def latest(self, keys: Iterable[str]) -> float:
        """When the last of these keys expires; infinite if one of them never does, or is not there."""
        return max((self._due.get(key, inf) for key in keys), default=inf)

    def before_next(self, at: float) -> float:
        """That time or, if an entry expires by then, the moment before the first of them does."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return min(at, nextafter(self._heap[0][0], -inf)) if self._heap else at
