"""Engines that stand in for what a network does: handles on one store, losses, late arrivals, slowness."""

from __future__ import annotations

import contextlib

from mastractl import errors
from mastractl.engines.wrappers.wrapper import Wrapper


class Handle(Wrapper):
    """One of several handles on a memory engine: closing it leaves the others.

    With `ttl` and all else as the memory engine has it, but shared.
    """

    def __init__(self, inner):
        super().__init__(inner)
        self.closed = False

    @property
    def capabilities(self):
        return self.inner.capabilities._replace(multi_process=True)

    @property
    def identity(self):
        return self.inner.identity

    def close(self):
        self.closed = True

    def _open(self):
        if self.closed:
            raise errors.StorageClosed("this handle is closed")
        return self.inner

    def get(self, key):
        return self._open().get(key)

    def range(self, prefix, *, limit=0, after=""):
        return self._open().range(prefix, limit=limit, after=after)

    def commit(self, ops, *, origin=""):
        return self._open().commit(ops, origin=origin)

    def changes(self, since, prefix="", *, limit=1000):
        return self._open().changes(since, prefix, limit=limit)

    def wait(self, since, timeout):
        slept = 0.0
        while slept < timeout and not self.closed:
            if self._open().wait(since, 0.02):
                return True
            slept += 0.02
        return self._open().wait(since, 0)

    def revision(self):
        return self._open().revision()

    def compact(self, before):
        self._open().compact(before)

    def health(self):
        return self._open().health()


class Network(Wrapper):
    """Loses what it is told to: `faults` are taken in turn by commits, `read_faults` by reads.

    A commit's fault: "" none, "refused" (certainly not written), "request" (lost before the store),
    "answer" (lost after it), "zombie" (arrives when `arrive` is called). A read's: "" none, "lost".
    """

    def __init__(self, inner, faults=(), read_faults=()):
        super().__init__(inner)
        self.faults, self.read_faults = list(faults), list(read_faults)
        self.late = []
        self.sent = 0

    def commit(self, ops, *, origin=""):
        self.sent += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "refused":
            raise errors.Unavailable("too busy")
        if fault == "zombie":
            self.late.append((tuple(ops), origin))
        if fault == "answer":
            self.inner.commit(ops, origin=origin)
        if fault:
            raise errors.UnknownOutcome("the connection was lost", hint="read to see what stands")
        return self.inner.commit(ops, origin=origin)

    def arrive(self):
        """Let what was under way arrive, whoever asked for it having given up or not."""
        for ops, origin in self.late:
            with contextlib.suppress(errors.Conflict):
                self.inner.commit(ops, origin=origin)
        self.late = []

    def get(self, key):
        self._lose()
        return self.inner.get(key)

    def range(self, prefix, *, limit=0, after=""):
        self._lose()
        return self.inner.range(prefix, limit=limit, after=after)

    def changes(self, since, prefix="", *, limit=1000):
        self._lose()
        return self.inner.changes(since, prefix, limit=limit)

    def revision(self):
        self._lose()
        return self.inner.revision()

    def _lose(self):
        if self.read_faults and self.read_faults.pop(0):
            raise errors.StorageConnectionError("connection reset")
