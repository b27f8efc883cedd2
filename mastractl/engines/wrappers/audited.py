"""Who changed what and when, from the log: also what others did, and what happened while nobody looked.

Whatever the log tells is appended to a file (`auditfile`): when the store is opened, after each commit of
this process before it returns, before the log is compacted, every `EVERY` seconds and at the end. Values are
not written but their SHA-256, so that a value can be compared with one in hand.

What was compacted away before it could be read is said to be missing, in a line of its own. While the file
cannot be written nothing is committed or compacted; a commit that was made already is never reported as
failed, as the log still has it.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock, rfc3339
from mastractl.engines.contract import Problem
from mastractl.engines.wrappers.auditfile import AuditFile
from mastractl.engines.wrappers.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Change, Changes, Commit, Engine, Entry, Health, Op
    from mastractl.engines.wrappers.auditfile import Writer
    from mastractl.values import JsonObject

EVERY = 5.0
"""Seconds between the looks at what others did."""


class AuditedEngine(Wrapper):
    """Keeps the audit of `inner` in the file at `path`; `clock` says when a gap was found.

    Raises StorageTransactionError where the file cannot be written, StorageValidationError where it is
    something else.
    """

    def __init__(self, inner: Engine, path: str, *, every: float = EVERY, clock: Clock | None = None) -> None:
        super().__init__(inner)
        self._clock = clock or SystemClock()
        self._file = AuditFile(path, inner.identity)
        self._every = every
        self._trouble: errors.MastraError | None = None
        self._closed = False
        self._begin()
        self._catch_up()

    def _begin(self) -> None:
        """What belongs to this process alone: a fork has neither the thread nor who held the lock."""
        self._pid = os.getpid()
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="mastractl-audit", daemon=True)
        self._follower.start()

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision, which is audited when this returns."""
        if self._trouble:
            self._catch_up()
        made = self.inner.commit(ops, origin=origin)
        if made.changes:
            self._try_to_catch_up()
        return made

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`, once it is audited."""
        self._catch_up()
        self.inner.compact(before)

    def health(self) -> Health:
        """The inner engine's, and what is wrong with the audit."""
        health = self.inner.health()
        if not self._trouble:
            return health
        message = f"nothing is committed until the audit can go on: {self._trouble.message}"
        problem = Problem("", self._file.path, message, self._trouble.hint)
        return health._replace(problems=(*health.problems, problem))

    def close(self) -> None:
        """Audit what is left, and close the engine within."""
        if not self._closed and os.getpid() == self._pid:
            self._closed = True
            self._stopped.set()
            self._follower.join()
            self._try_to_catch_up()
        self.inner.close()

    def _follow(self) -> None:
        while not self._stopped.wait(self._every):
            self._try_to_catch_up()

    def _try_to_catch_up(self) -> None:
        """Audit what there is; what hinders is kept for `health`, and is tried again."""
        with suppress(errors.MastraError):  # a lost connection shows at the next call
            self._catch_up()

    def _catch_up(self) -> None:
        """Append what the log has beyond the file.

        Raises StorageTransactionError where that fails, StorageValidationError for a file, or a value in the
        log, that makes no sense; either is kept until it is mended.
        """
        if os.getpid() != self._pid:
            self._begin()
        try:
            with self._turn, self._file.opened() as writer:
                self._append(writer)
        except OSError as error:
            message = f"the audit in {self._file.path} cannot be written: {error.strerror}"
            hint = "nothing is committed without it: make room, or make the file writable"
            self._trouble = errors.StorageTransactionError(message, hint=hint)
            raise self._trouble from error
        except errors.StorageValidationError as error:
            self._trouble = error
            raise
        self._trouble = None

    def _append(self, writer: Writer) -> None:
        more = True
        while more:
            since = writer.position.since
            try:
                stretch = self.inner.changes(since)
            except errors.FutureRevision:
                writer.append([self._gap(since, self.inner.revision(), "the store was set back")])
                continue
            except errors.Expired as expired:
                writer.append([self._gap(since, expired.floor, "the log was compacted")])
                continue
            lines = _lines(stretch, writer)
            if lines:
                writer.append(lines)
            elif stretch.more:  # no commit is without a change
                return
            more = stretch.more

    def _gap(self, after: int, revision: int, why: str) -> JsonObject:
        """The line that says what is missing."""
        return {
            "revision": revision,
            "at": rfc3339(self._clock.now()),
            "type": "GAP",
            "after": after,
            "message": f"{why}: the changes after revision {after} and up to {revision} are not in this file",
        }


def _lines(stretch: Changes, writer: Writer) -> list[JsonObject]:
    """The lines of whole commits, but for the changes that are in the file already."""
    lines = []
    done = writer.position
    for revision, group in groupby(stretch.changes, key=lambda change: change.revision):
        changes = list(group)
        for part, change in enumerate(changes, 1):
            if revision > done.revision or part > done.part:
                lines.append(_line(change, part, len(changes)))
    return lines


def _line(change: Change, part: int, parts: int) -> JsonObject:
    return {
        "revision": change.revision,
        "part": part,
        "parts": parts,
        "at": rfc3339(change.at),
        "origin": change.origin,
        "type": str(change.type),
        "key": change.key,
        "old": _hash(change.previous),
        "new": _hash(change.entry),
    }


def _hash(entry: Entry | None) -> str | None:
    return None if entry is None else sha256(entry.value).hexdigest()
