"""The file of an audit: JSON lines, only ever appended to, by any number of processes, for any stores.

A line is one change, `part` of `parts` of its commit, or a note that something is not in the file:

    {"store":"<identity>","revision":7,"part":1,"parts":2,"at":"2026-11-25T08:00:00Z","origin":"apply",
     "type":"MODIFIED","key":"res/agent/default/chef","old":"<sha256>","new":"<sha256>"}
    {"store":"<identity>","revision":90,"at":"...","type":"GAP","after":7,"message":"..."}

`revision` of the last line of a store says where its audit goes on. A line that a crash cut off is removed
before the next is written. To rotate the file, leave its last line in it, or the audit of each store begins
anew with whatever its log still has.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.values import JsonObject

# ruff: noqa: PTH116 - as in config

_BLOCK = 65536


class Position(NamedTuple):
    """Up to where a store was audited: of commit `revision` the first `part` of `parts` changes are there."""

    revision: int = 0
    part: int = 0
    parts: int = 0

    @property
    def since(self) -> int:
        """The revision after which the log is to be read: before the last one if that is not whole."""
        return self.revision if self.part >= self.parts else self.revision - 1


class AuditFile:
    """The lines of one store, `identity`, in the file at `path`."""

    def __init__(self, path: str, identity: str) -> None:
        self.path = path
        self._identity = identity
        self._known: tuple[int, int, int, Position] | None = None
        """Device, inode, size, and the position at that size."""

    @contextmanager
    def opened(self) -> Iterator[Writer]:
        """The file, locked against all other writers, and repaired. Made for its owner alone.

        Raises OSError, and StorageValidationError for a file that is none of ours.
        """
        descriptor = self._locked()
        try:
            size = _repaired(descriptor)
            found = os.fstat(descriptor)
            writer = Writer(descriptor, self._identity, self._position(descriptor, found, size))
            yield writer
            self._known = (found.st_dev, found.st_ino, os.fstat(descriptor).st_size, writer.position)
        finally:
            os.close(descriptor)

    def _locked(self) -> int:
        """The file that has the name once the lock is held: it may be moved away while one waits."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                held, named = os.fstat(descriptor), os.stat(self.path)
                if (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino):
                    if stat.S_IMODE(held.st_mode) & 0o077:
                        os.fchmod(descriptor, 0o600)
                    return descriptor
            except FileNotFoundError:
                pass
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _position(self, descriptor: int, found: os.stat_result, size: int) -> Position:
        """Where this store's audit stands: only what was appended since the last look is read again."""
        start, position = 0, Position()
        if self._known and self._known[:2] == (found.st_dev, found.st_ino) and self._known[2] <= size:
            start, position = self._known[2:]
        for line in _backwards(descriptor, start, size):
            read = self._read(line)
            if read is not None:
                return read
        return position

    def _read(self, line: bytes) -> Position | None:
        """The position that a line says; None if it is another store's. Raises StorageValidationError."""
        try:
            said = json.loads(line)
            if said["store"] != self._identity:
                return None
            return Position(int(said["revision"]), int(said.get("part", 0)), int(said.get("parts", 0)))
        except (ValueError, KeyError, TypeError) as fault:
            message = f"{self.path} is no audit of ours: a line in it is none"
            hint = "name a file of its own for the audit; nothing was written to this one"
            raise errors.StorageValidationError(message, hint=hint) from fault


class Writer:
    """Appends the lines of one store; `position` is that of the last one."""

    def __init__(self, descriptor: int, identity: str, position: Position) -> None:
        self._descriptor = descriptor
        self._identity = identity
        self.position = position

    def append(self, lines: list[JsonObject]) -> None:
        """Write lines, each with its `revision`, and have them on the disk before it returns."""
        data = b"".join(values.dump({"store": self._identity, **line}) + b"\n" for line in lines)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        os.fsync(self._descriptor)
        last = lines[-1]
        self.position = Position(last["revision"], last.get("part", 0), last.get("parts", 0))


def _repaired(descriptor: int) -> int:
    """Cut off a last line that has no end, or is the zeros of a crash; the size of the file then.

    Raises StorageValidationError for what no crash of ours leaves.
    """
    size = os.fstat(descriptor).st_size
    end = size
    while end > 0:
        start = max(end - _BLOCK, 0)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        torn = os.pread(descriptor, 9, end)
        if torn.strip(b"\0") and not torn.startswith(b'{"store":'[: size - end]):
            message = "the file of the audit holds something else"
            hint = "name a file of its own for the audit; nothing was written to this one"
            raise errors.StorageValidationError(message, hint=hint)
        os.ftruncate(descriptor, end)
    return end


def _backwards(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    """The lines between two places in the file, the last one first."""
    rest = b""
    while end > start:
        begin = max(end - _BLOCK, start)
        lines = (os.pread(descriptor, end - begin, begin) + rest).split(b"\n")
        rest = lines[0]
        end = begin
        yield from (line for line in reversed(lines[1:]) if line)
    if rest:
        yield rest
