"""An engine whose calls are counted and timed.

With a path, the numbers are written to a file as node_exporter's textfile collector reads it (its name
must end in `.prom`): whole or not at all, every `EVERY` seconds and when the engine is closed. `{pid}` in
the path is the process: processes that share a store do not share a file. A file that cannot be written
never keeps the store from working: the trouble is among the problems of its health.
"""

from __future__ import annotations

import os
import tempfile
import threading
from typing import TYPE_CHECKING

from mastractl.clock import SystemClock
from mastractl.engines.contract import Problem
from mastractl.engines.wrappers.meter import Meter
from mastractl.engines.wrappers.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Change, Changes, Commit, Engine, Entry, Health, Op, Page

# ruff: noqa: PTH105, PTH108, PTH120 - as in config

EVERY = 15.0
"""Seconds between two writings of the file: Prometheus' usual interval."""


class MeteredEngine(Wrapper):
    """Counts what is asked of `inner`; `name` is its label. `text` tells; with `path`, a file does too.

    Every method of the contract is written out rather than made: a call costs about a microsecond.
    """

    def __init__(
        self,
        inner: Engine,
        *,
        name: str = "engine",
        path: str = "",
        every: float = EVERY,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(inner)
        self.meter = Meter(name)
        self._now = (clock or SystemClock()).monotonic
        self._path, self._every = path, every
        self._trouble = ""
        self._begin()

    def _begin(self) -> None:
        """What belongs to this process alone: threads are gone in a fork."""
        self._pid = os.getpid()
        self._writing = threading.Lock()
        self._stopped = threading.Event()
        self._writer: threading.Thread | None = None
        if self._path:
            self._writer = threading.Thread(target=self._run, name="mastractl-metrics", daemon=True)
            self._writer.start()

    def text(self) -> str:
        """What was counted so far, in Prometheus' text exposition format."""
        return self.meter.text()

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        began = self._now()
        try:
            entry = self.inner.get(key)
        except Exception as error:
            self._failed("get", began, error)
            raise
        if entry is None:
            self.meter.done("get", self._now() - began)
        else:
            self.meter.done("get", self._now() - began, 1, len(entry.value))
        return entry

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key."""
        began = self._now()
        try:
            found = super().get_many(keys)
        except Exception as error:
            self._failed("get_many", began, error)
            raise
        there = [entry for entry in found if entry is not None]
        took = self._now() - began
        self.meter.done("get_many", took, len(there), sum([len(entry.value) for entry in there]))
        return found

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        began = self._now()
        try:
            page = self.inner.range(prefix, limit=limit, after=after)
        except Exception as error:
            self._failed("range", began, error)
            raise
        took = self._now() - began
        self.meter.done("range", took, len(page.entries), sum([len(entry.value) for entry in page.entries]))
        return page

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        began = self._now()
        try:
            made = self.inner.commit(ops, origin=origin)
        except Exception as error:
            self._failed("commit", began, error)
            raise
        self.meter.done("commit", self._now() - began, len(made.changes), _size(made.changes))
        return made

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        began = self._now()
        try:
            stretch = self.inner.changes(since, prefix, limit=limit)
        except Exception as error:
            self._failed("changes", began, error)
            raise
        self.meter.done("changes", self._now() - began, len(stretch.changes), _size(stretch.changes))
        return stretch

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        began = self._now()
        try:
            news = self.inner.wait(since, timeout)
        except Exception as error:
            self._failed("wait", began, error)
            raise
        self.meter.done("wait", self._now() - began)
        return news

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        began = self._now()
        try:
            revision = self.inner.revision()
        except Exception as error:
            self._failed("revision", began, error)
            raise
        self.meter.done("revision", self._now() - began)
        return revision

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched."""
        began = self._now()
        try:
            self.inner.compact(before)
        except Exception as error:
            self._failed("compact", began, error)
            raise
        self.meter.done("compact", self._now() - began)

    def health(self) -> Health:
        """The inner engine's, and what is wrong with the file of numbers."""
        began = self._now()
        try:
            health = self.inner.health()
        except Exception as error:
            self._failed("health", began, error)
            raise
        self.meter.done("health", self._now() - began)
        if not self._trouble:
            return health
        hint = "make its directory writable, or name another file"
        problem = Problem("", self._target(), f"the metrics cannot be written: {self._trouble}", hint)
        return health._replace(problems=(*health.problems, problem))

    def close(self) -> None:
        """Close the engine within, and write the file a last time."""
        if os.getpid() == self._pid:
            self._stopped.set()
            if self._writer and self._writer is not threading.current_thread():
                self._writer.join()
            if self._path and self._writer:
                self._write()
            self._writer = None
        self.inner.close()

    def _failed(self, call: str, began: float, error: Exception) -> None:
        self.meter.failed(call, self._now() - began, type(error).__name__)

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self._write()

    def _target(self) -> str:
        return self._path.replace("{pid}", str(os.getpid()))

    def _write(self) -> None:
        """Replace the file as a whole; the trouble with that is kept for `health`."""
        path = self._target()
        with self._writing:
            try:
                _replace(path, self.text())
            except OSError as error:
                self._trouble = error.strerror or str(error)
            else:
                self._trouble = ""


def _size(changes: Sequence[Change]) -> int:
    return sum([len(change.entry.value) for change in changes if change.entry])


def _replace(path: str, text: str) -> None:
    """Write a file that others may read, in one step. The collector ignores what does not end in .prom."""
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".mastractl-metrics")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # noqa: PTH101 - numbers without secrets, for another user's collector
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
