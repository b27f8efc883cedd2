"""Waiting for revisions, written once for the engines whose store is a server or another process's file.

A wait ends when this process commits, when the engine's listener hears of somebody else's commit, or
when a look at the store, once in a while, finds one. The listener runs in a thread of its own, which is
started by the first wait, so that whoever never waits pays nothing. Should it fail, it is started
again after a rest, and waits rely on the looks meanwhile.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

from mastractl import errors
from mastractl.engines.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Callable

POLL = 1.0
"""Seconds between the looks of one who has a listener, as kine does."""

_FIRST_REST, _LONGEST_REST = 0.05, 5.0
"""Seconds until a listener that failed is started again, at first and after many failures."""


class Listen(Protocol):
    """Listens for commits until `stopped`, and returns. It may raise MastraError, and is called again."""

    def __call__(self, heard: Callable[[int], None], stopped: threading.Event) -> None:
        """Call `heard(revision)` for the present revision once it listens, and for each one it hears of.

        `stopped` is looked at about twice a second.
        """
        ...


class Waiting:
    """The waits of one engine in one process.

    `present` asks the store for its revision. Without `listen` the store is asked every `poll` seconds;
    with it, only to be sure. `rouse` is called when the listener is to look whether it was stopped: one
    that has it need not look by itself.
    """

    def __init__(
        self,
        present: Callable[[], int],
        listen: Listen | None = None,
        *,
        poll: float = POLL,
        rouse: Callable[[], None] | None = None,
    ) -> None:
        self._present = present
        self._listen = listen
        self._poll = poll
        self._rouse = rouse
        self._bell = Bell()
        self._known = -1
        self._looked_at = float("-inf")
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def heard(self, revision: int) -> None:
        """The store is known to be at this revision: wake who waits for it. What is older is no news."""
        if revision > self._known:
            self._known = revision
            self._bell.ring()

    def wait(self, since: int, timeout: float) -> bool:
        """As `Engine.wait`. Errors of the look are the caller's, except that a closed store ends the wait."""
        deadline = time.monotonic() + timeout
        self._start()
        while not self._stopped.is_set():
            rung = self._bell.rung
            if self._known > since or self._look() > since:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._bell.wait(rung, min(left, self._looked_at + self._poll - time.monotonic()))
        return False

    def close(self) -> None:
        """End all waits and the listener. Returns when the listener is gone, or after some seconds."""
        with self._starting:  # who is just being started is waited for as well
            self._stopped.set()
        self._bell.ring()
        with self._starting:
            thread = self._thread
        if self._rouse:
            self._rouse()
        if thread and thread is not threading.current_thread():
            thread.join(_LONGEST_REST)

    def _look(self) -> int:
        """The present revision, asked for if that is due."""
        now = time.monotonic()
        if now - self._looked_at >= self._poll:
            self._looked_at = now
            try:
                self.heard(self._present())
            except errors.StorageClosed:
                self._stopped.set()
                self._bell.ring()
        return self._known

    def _start(self) -> None:
        if self._listen is None or self._thread or self._stopped.is_set():
            return
        with self._starting:
            if self._thread is None and not self._stopped.is_set():
                thread = threading.Thread(target=self._run, name="mastractl-listener", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        rest = _FIRST_REST
        while self._listen and not self._stopped.is_set():
            began = time.monotonic()
            try:
                self._listen(self.heard, self._stopped)
            except errors.StorageClosed:
                return
            except errors.MastraError:
                if time.monotonic() - began > _LONGEST_REST:
                    rest = _FIRST_REST
            self._stopped.wait(rest)
            rest = min(rest * 2, _LONGEST_REST)
