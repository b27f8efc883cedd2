"""Where one who waits for changes has to look, and when: the hints of a watcher, and a plan without one.

With a watcher running, only what it hints at is looked at, and everything now and then: at its start,
after a burst, and every half a minute to a minute, or so rarely that looking costs a thousandth of the
time. Without one (no watches left, a network filesystem) everything is looked at every second or so.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from mastractl.engines import tree
from mastractl.engines.wakeup import Hints, Watcher, exhausted

if TYPE_CHECKING:
    from mastractl.engines.contract import Problem
    from mastractl.engines.wakeup import Bell

_EVERY = 30.0
_SHARE = 0.001
_POLL_EVERY, _POLL_SHARE = 1.0, 0.05


class Lookout:
    """Keeps the watcher of an engine, once somebody has waited. Thread-safe."""

    def __init__(self, base: str, bell: Bell, *, watch: bool) -> None:
        self._base = base
        self._bell = bell
        self._watch = watch
        self._lock = threading.Lock()
        self._watcher: Watcher | None = None
        self._next = 0.0
        self.problem: Problem | None = None
        """Why files are polled, where a person can change that."""

    @property
    def live(self) -> bool:
        """Whether every external edit will be hinted at."""
        return self._watcher is not None and self.problem is None and self._watcher.alive()

    def hints(self) -> Hints:
        """Where to look now. The first call starts the watcher."""
        with self._lock:
            if self._watch and (self._watcher is None or not self._watcher.alive()):
                self._start()
            hints = self._watcher.drain() if self._watcher else Hints()
            if time.monotonic() >= self._next:
                self._next = float("inf")  # until `looked`: one thread looks everywhere, the others go on
                hints.everywhere = True
        return hints

    def due_in(self) -> float:
        """Seconds until there may be hints although the bell was not rung."""
        due = self._next - time.monotonic()
        return max(min(due, self._watcher.due_in()) if self._watcher else due, 0.0)

    def looked(self, seconds: float) -> None:
        """Everywhere was looked, and it took that long."""
        if self._watcher and not self._watcher.covers(inode for _, _, inode in tree.namespaces(self._base)):
            self.problem = exhausted(OSError("some directories are not watched"), self._base)
        jitter = 1 + time.monotonic_ns() % 1024 / 1024
        if self.live:
            self._next = time.monotonic() + max(_EVERY * jitter, seconds / _SHARE)
        else:
            self._next = time.monotonic() + max(_POLL_EVERY, seconds / _POLL_SHARE)

    def lost(self) -> None:
        """Hints were taken and could not be followed: look everywhere."""
        self._next = 0.0

    def stop(self) -> None:
        """End the watcher."""
        with self._lock:
            self._watch = False
            if self._watcher:
                self._watcher.stop()

    def _start(self) -> None:
        if self._watcher:
            self._watcher.stop()
            self._watcher = None
        try:
            self._watcher = Watcher(self._base, self._bell)
        except OSError as error:
            self._watch = False
            self.problem = exhausted(error, self._base)
        self._next = 0.0
