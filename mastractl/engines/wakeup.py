"""Hints from watchdog: where files were touched.

They are hints and never the truth. watchdog loses events when the kernel's queue overflows, tells nothing
of the children of a directory that is renamed away, and on a network filesystem tells nothing at all.
So what it says is only where to look first; whoever waits looks everywhere now and then in any case.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from mastractl.engines import tree
from mastractl.engines.contract import Problem
from mastractl.engines.tree import BELL

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable

    from watchdog.events import FileSystemEvent

    from mastractl.engines.bell import Bell

_SETTLING = 0.02
"""Seconds after which a new file or directory is looked at: it is not written yet when it is made."""

_LATE = 0.25
"""Seconds after which a new directory is looked at once more: watchdog may have come too late into it."""

_FLOOD = 500
"""Events in a second above which it is cheaper to look everywhere: watchdog needs 0.4 ms for each, and
loses some when the kernel's queue overflows."""


class Hints:
    """Where to look: single keys, prefixes of keys, or everywhere."""

    __slots__ = ("everywhere", "keys", "prefixes")

    def __init__(
        self, *, keys: Iterable[str] = (), prefixes: Iterable[str] = (), everywhere: bool = False
    ) -> None:
        self.keys = set(keys)
        self.prefixes = set(prefixes)
        self.everywhere = everywhere

    def __bool__(self) -> bool:
        return bool(self.keys or self.prefixes or self.everywhere)


class Watcher:
    """Collects hints from watchdog until they are drained, and rings the bell when there are any.

    Raises OSError if the system grants no watch: see `exhausted`.
    """

    def __init__(self, base: str, bell: Bell) -> None:
        self._skip = len(base.rstrip("/")) + 1
        self._bell = bell
        self._lock = threading.Lock()
        self._hints = Hints()
        self._later: list[tuple[float, Hints]] = []
        self._counted = 0
        self._counting_since = 0.0
        self.flooded = False
        """Whether events came too fast to be told, or were lost: stop this watcher and look everywhere."""
        before = _inotify_descriptors()
        self._silence: list[Callable[[], None]] = []
        self._observer = self._start(base)
        self._descriptors = _inotify_descriptors() - before

    def alive(self) -> bool:
        """Whether watchdog's threads still run: they end if the base is removed, or by an error in them."""
        return self._observer.is_alive() and all(emitter.is_alive() for emitter in self._observer.emitters)

    def stop(self) -> None:
        """End watchdog's threads."""
        self._observer.stop()
        self._observer.join()
        while self._silence:
            self._silence.pop()()

    def covers(self, inodes: Iterable[int]) -> bool:
        """Whether these directories are all watched, as far as the system tells.

        watchdog keeps silent about directories for which it was granted no watch.
        """
        watched = _watched(self._descriptors)
        return watched is None or watched.issuperset(inodes)

    def drain(self) -> Hints:
        """The hints that are due, to be acted upon by the caller."""
        now = time.monotonic()
        with self._lock:
            due, self._hints = self._hints, Hints()
            later = [item for item in self._later if item[0] <= now]
            self._later = [item for item in self._later if item[0] > now]
            for _, hints in later:
                due.keys |= hints.keys
                due.prefixes |= hints.prefixes
        return due

    def due_in(self) -> float:
        """Seconds until there may be something to drain without the bell being rung."""
        with self._lock:
            times = [at for at, _ in self._later]
        return max(min(times) - time.monotonic(), 0.0) if times else float("inf")

    def dispatch(self, event: FileSystemEvent) -> None:
        """Hear of an event: watchdog calls this, from a thread of its own."""
        if self.flooded:
            return
        rings = False
        for path in (event.src_path, event.dest_path):
            if path:
                relative = os.fsdecode(path)[self._skip :]
                rings |= relative == BELL or self._note(relative.split("/"), event)
        if rings:
            self._bell.ring()

    def _note(self, parts: list[str], event: FileSystemEvent) -> bool:
        hints = _hints(parts, directory=event.is_directory)
        if not hints:
            return False
        now = time.monotonic()
        new = event.event_type == "created" or event.is_directory
        with self._lock:
            if now - self._counting_since > 1:
                self._counted, self._counting_since = 0, now
            self._counted += 1
            self.flooded = self.flooded or self._counted > _FLOOD
            if event.is_directory or not new:
                self._hints.keys |= hints.keys
                self._hints.prefixes |= hints.prefixes
            if new:
                self._later.append((now + _SETTLING, hints))
            if event.is_directory:
                self._later.append((now + _LATE, hints))
        return True

    def _start(self, base: str) -> Any:
        from watchdog.events import (  # noqa: PLC0415 - only who waits pays for it
            DirCreatedEvent,
            DirDeletedEvent,
            DirMovedEvent,
            FileClosedEvent,
            FileCreatedEvent,
            FileDeletedEvent,
            FileMovedEvent,
        )
        from watchdog.observers import Observer  # noqa: PLC0415

        # Without those of opening, closing unwritten and modifying: reading a file must not wake its reader.
        wanted: list[type[FileSystemEvent]] = [
            DirCreatedEvent, DirDeletedEvent, DirMovedEvent,
            FileClosedEvent, FileCreatedEvent, FileDeletedEvent, FileMovedEvent,
        ]  # fmt: skip
        self._hush()
        observer = Observer()
        try:
            observer.schedule(self, base, recursive=True, event_filter=wanted)  # type: ignore[arg-type]
            observer.start()
        except BaseException:
            observer.on_thread_stop()
            raise
        return observer

    def _hush(self) -> None:
        """Hear watchdog's warnings in the place of the user."""
        import logging  # noqa: PLC0415 - as watchdog does
        import warnings  # noqa: PLC0415

        # A directory that is made while its parent is scanned is watched twice, which it warns about.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")

        def note_overflow(record: logging.LogRecord) -> bool:
            if "overflow" in record.getMessage():
                self.flooded = True
                self._bell.ring()
            return False

        for name in ("inotify", "inotify_c"):
            logger = logging.getLogger(f"watchdog.observers.{name}")
            logger.addFilter(note_overflow)
            self._silence.append(partial(logger.removeFilter, note_overflow))


def exhausted(base: str, error: OSError | None = None) -> Problem:
    """What to tell a person when the system grants no watch, or not enough of them."""
    setting = "max_user_instances" if error and error.errno == errno.EMFILE else "max_user_watches"
    why = error.strerror if error else "some directories are not watched"
    return Problem(
        key="",
        location=base,
        message=f"files are polled, not watched: {why}",
        hint=f"raise the limit with sysctl fs.inotify.{setting}, or see what else watches files",
    )


def _hints(parts: list[str], *, directory: bool) -> Hints:
    """What a path below the base says about keys; nothing for a path that is none of ours."""
    if not tree.legal_kind(parts[0]) or len(parts) > 3:
        return Hints(everywhere=False)
    if len(parts) == 3:
        key = None if tree.foreign(parts[2]) else tree.key_of(*parts)
        return Hints(keys={key}) if key and tree.legal_namespace(parts[1]) else Hints()
    return Hints(prefixes={f"{tree.SPACE}{'/'.join(parts)}/"}) if directory else Hints()


def _inotify_descriptors() -> set[str]:
    """The inotify instances of this process, by descriptor; empty where the system does not tell."""
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - as elsewhere, without Path
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:inotify":  # noqa: PTH115
                    found.add(name)
    return found


def _watched(descriptors: Iterable[str]) -> set[int] | None:
    """The inodes that inotify instances watch; None where the system does not tell."""
    found = set()
    told = False
    for name in descriptors:
        try:
            with open(f"/proc/self/fdinfo/{name}", encoding="ascii") as file:  # noqa: PTH123
                told = True
                for line in file:
                    if line.startswith("inotify ") and (at := line.find("ino:")) > 0:
                        found.add(int(line[at + 4 :].split(" ", 1)[0], 16))
        except OSError:
            return None
    return found if told else None
