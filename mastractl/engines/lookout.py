"""Where one who waits for changes has to look, and when: the hints of a watcher, and a plan without one.

With a watcher running, only what it hints at is looked at, and everything now and then: at its start,
and every half a minute to a minute, or so rarely that looking costs a thousandth of the time. When more
happens than it can tell, the watcher is stopped, and everything is looked at in short intervals until
nothing is found. Without one (no watches left, a network filesystem) that is done all the time, at
intervals of a second or more.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from mastractl.engines import tree
from mastractl.engines.wakeup import Hints, Watcher, exhausted

if TYPE_CHECKING:
    from mastractl.engines.bell import Bell
    from mastractl.engines.contract import Problem

_EVERY = 30.0
_SHARE = 0.001
"""Seconds between two looks everywhere while a watcher runs, and their share of the time at most."""

_POLL_EVERY, _POLL_SHARE = 1.0, 0.05
"""The same without a watcher."""

_FLOOD_EVERY = 0.5
"""Seconds between two looks while more happens than a watcher can tell."""


class Lookout:
    """Keeps the watcher of an engine, once somebody has waited. Thread-safe."""

    def __init__(self, base: str, bell: Bell, *, watch: bool) -> None:
        self._base = base
        self._bell = bell
        self._watch = watch
        self._lock = threading.Lock()
        self._watcher: Watcher | None = None
        self._flood = False
        self._uncovered = 0
        self._next = 0.0
        self.problem: Problem | None = None
        """Why files are polled, where a person can change that."""

    @property
    def live(self) -> bool:
        """Whether `hints` will tell of every external edit, soon after it is made."""
        return self._flood or (self._watcher is not None and self._watcher.alive() and not self._uncovered)

    def hints(self) -> Hints:
        """Where to look now. The first call starts the watcher."""
        with self._lock:
            if self._watcher and self._watcher.flooded:
                self._drop()
                self._flood = True
            elif self._watch and not self._flood and not (self._watcher and self._watcher.alive()):
                self._start()
            hints = self._watcher.drain() if self._watcher else Hints()
            if time.monotonic() >= self._next:
                self._next = float("inf")  # until `looked`: one thread looks everywhere, the others go on
                hints.everywhere = True
        return hints

    def due_in(self) -> float:
        """Seconds until there may be hints although the bell was not rung."""
        watcher = self._watcher
        due = self._next - time.monotonic()
        return max(min(due, watcher.due_in()) if watcher else due, 0.0)

    def looked(self, seconds: float, *, news: bool) -> None:
        """Everywhere was looked: how long the look took, and whether it found something new."""
        with self._lock:
            self._flood = self._flood and news
            self._check_cover()
            now = time.monotonic()
            if self._flood:
                self._next = now + _FLOOD_EVERY
            elif self._watcher and not self._uncovered:
                jitter = 1 + time.monotonic_ns() % 1024 / 1024
                self._next = now + max(_EVERY * jitter, seconds / _SHARE)
            else:
                self._next = now + max(_POLL_EVERY, seconds / _POLL_SHARE)

    def lost(self) -> None:
        """Hints were taken and could not be followed: look everywhere."""
        self._next = 0.0

    def stop(self) -> None:
        """End the watcher."""
        with self._lock:
            self._watch = False
            self._drop()

    def _start(self) -> None:
        self._drop()
        self._next = 0.0
        try:
            self._watcher = Watcher(self._base, self._bell)
        except OSError as error:
            self._watch = False
            self.problem = exhausted(self._base, error)

    def _drop(self) -> None:
        if self._watcher:
            self._watcher.stop()
            self._watcher = None
            self._next = 0.0

    def _check_cover(self) -> None:
        """See that every directory is watched, and have a new watcher try again if one is not.

        It may have been made in a moment when watchdog overlooked it, or there are no watches left.
        """
        if self._watcher is None:
            return
        if self._watcher.covers(inode for _, _, inode in tree.namespaces(self._base)):
            self._uncovered, self.problem = 0, None
            return
        self._uncovered += 1
        if self._uncovered == 1:
            self._drop()
        else:
            self.problem = exhausted(self._base)
