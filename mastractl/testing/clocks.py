"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading

START = 1_795_250_400.0
"""2026-11-21T08:40:00Z: when fake time begins, so that a failing test always shows the same numbers."""


class FakeClock:
    """A `mastractl.clock.Clock` of which the test is master. Thread-safe.

    `sleep` returns at once and moves the time on; nothing else moves it but `advance` and `set_now`.
    """

    def __init__(self, now: float = START) -> None:
        self._now = now
        self._monotonic = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since this clock was made, however the wall clock was set meanwhile."""
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        """Let that much time pass, without waiting for it."""
        self.advance(max(seconds, 0.0))

    def advance(self, seconds: float) -> None:
        """Let that much time pass. ValueError if it is negative: use `set_now` to go back."""
        if seconds < 0:
            message = f"time cannot pass backwards ({seconds} s): use set_now to set the wall clock back"
            raise ValueError(message)
        with self._lock:
            self._now += seconds
            self._monotonic += seconds

    def set_now(self, now: float) -> None:
        """Set the wall clock, backwards too, as an operator or NTP may; the monotonic one goes on."""
        with self._lock:
            self._now = now
