"""Hearing the bell of other processes: one inotify watch on one file.

A watcher of directories would be woken by everything else that lies beside a database, and by SQLite's own
files; this one hears of the bell alone, costs one thread that sleeps, and loses nothing: all it has to say
is "look". Linux only; elsewhere there is no push, and waits poll.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import struct
import sys
from _thread import allocate_lock
from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

AVAILABLE = sys.platform == "linux"

_CLOSED_WRITTEN, _DELETED, _MOVED, _IGNORED = 0x008, 0x400, 0x800, 0x8000


class Hearing:
    """A `waiting.Listen` for the bell at `path`. `present` tells the revision to pass on.

    It sleeps until the bell is rung or `rouse` is called.
    """

    def __init__(self, path: str, present: Callable[[], int]) -> None:
        self._path = path
        self._present = present
        self._lock = allocate_lock()
        self._alarm = -1
        self.trouble: errors.MastraError | None = None
        """Why nothing is heard at present."""

    def rouse(self) -> None:
        """Have the listener look whether it was stopped."""
        with self._lock:
            if self._alarm >= 0:
                os.eventfd_write(self._alarm, 1)

    def __call__(self, heard: Callable[[int], None], stopped: threading.Event) -> None:
        """Until `stopped`, or until the bell's file is gone: the next call makes it anew.

        Raises StorageConnectionError if the system grants no watch.
        """
        descriptor = self._watch()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        with self._lock:
            self._alarm = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        poll.register(self._alarm, select.POLLIN)
        try:
            heard(self._present())
            while not stopped.is_set():
                poll.poll()
                if not self._hear(descriptor, heard):
                    return
        finally:
            os.close(descriptor)
            with self._lock:
                os.close(self._alarm)
                self._alarm = -1

    def _hear(self, descriptor: int, heard: Callable[[int], None]) -> bool:
        """Pass on what there is to hear; False if the bell's file is gone."""
        try:
            events = os.read(descriptor, 65536)
        except BlockingIOError:  # it was roused
            return True
        heard(self._present())
        return not _tells_of_an_end(events)

    def _watch(self) -> int:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self.trouble = None
        system = ctypes.CDLL(None, use_errno=True)
        descriptor = system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if descriptor < 0:
            raise self._refused(ctypes.get_errno(), "max_user_instances")
        wanted = _CLOSED_WRITTEN | _DELETED | _MOVED
        if system.inotify_add_watch(descriptor, os.fsencode(self._path), wanted) < 0:
            number = ctypes.get_errno()
            os.close(descriptor)
            raise self._refused(number, "max_user_watches")
        return int(descriptor)

    def _refused(self, number: int, setting: str) -> errors.MastraError:
        message = f"{self._path} cannot be watched: {os.strerror(number)}"
        hint = f"raise the limit with sysctl fs.inotify.{setting}, or see what else watches files"
        self.trouble = errors.StorageConnectionError(message, hint=hint)
        return self.trouble


def _tells_of_an_end(events: bytes) -> bool:
    """Whether the file that is watched was removed or renamed."""
    at = 0
    while at < len(events):
        _, mask, _, length = struct.unpack_from("iIII", events, at)
        if mask & (_DELETED | _MOVED | _IGNORED):
            return True
        at += 16 + length
    return False
