"""What ends a wait: a bell that every commit rings, in its own process and, with a file, in all others.

Between processes it is a file that is opened for writing and closed again, which a directory watcher
hears of. So a commit is heard of when it can be read, and not while it is being written, as would be
the case for SQLite's own files.
"""

from __future__ import annotations

import contextlib
import os
from _thread import allocate_lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _thread import LockType


class Bell:
    """Rung at every commit, heard by every `wait` of this process.

    It is what `threading.Condition` is, without the import: every start of a process would pay for that.
    """

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._rung = 0
        self._waiting: list[LockType] = []

    @property
    def rung(self) -> int:
        """How often it has been rung; take it before looking whether there is news."""
        return self._rung

    def ring(self) -> None:
        """Wake those who wait in this process."""
        with self._lock:
            self._rung += 1
            while self._waiting:
                self._waiting.pop().release()

    def wait(self, rung: int, timeout: float) -> None:
        """Wait until it has been rung more often than that, or so many seconds."""
        turn = allocate_lock()
        with self._lock:
            if self._rung != rung:
                return
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire(timeout=max(timeout, 0.0))
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)


class FileBell(Bell):
    """A bell that is heard in other processes, by those who watch its file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def ring_everywhere(self) -> None:
        """Wake those who wait in any process."""
        self.ring()
        with contextlib.suppress(OSError):  # then they hear of it at their next poll
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
