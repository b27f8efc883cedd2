"""After a power loss: files that were renamed into place but had not reached the disk.

The log is on the disk when a commit returns; the files are left to the kernel, which writes them within
half a minute or so. If the machine starts anew, the files that were written shortly before may be old,
empty, torn or missing, and must not be taken for external edits. Those are placed again from the log.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mastractl import values
from mastractl.engines import sqllog, tree
from mastractl.engines.projection import render
from mastractl.engines.tree import BOM, SPACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from mastractl.engines.projection import Projection
    from mastractl.engines.tree import Place, Tree

_DOUBTFUL_SECONDS = 3600.0
"""How long before the last commit a file may have been written that never reached the disk: far more
than any kernel waits, and few files."""

_VERSIONS = 50
"""How many former states of a file are compared with what stands there."""


def booted_at() -> float:
    """When the machine started, in epoch seconds; 0.0 where the system does not tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.time() - time.clock_gettime(clock)


def distrust_recent_files(
    connection: sqlite3.Connection, files: Tree, projection: Projection, *, booted: float
) -> None:
    """Mark those files as to be placed that a power loss has set back, in the write transaction that is open.

    A file that was changed after the machine had `booted` was edited in this life, and is left alone.
    """
    for key, row in _recent_rows(connection).items():
        where = tree.place(key)
        if where is None or not _set_back(connection, key, row, where, files=files, booted=booted):
            continue
        projection.record(connection, key, files.signature(where))
        if not projection.mark_present(connection, key):
            projection.mark_deleted(connection, key)


def _recent_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """The keys that were written lately, each with its last row in the log."""
    rows: dict[str, int] = dict(connection.execute("SELECT key, id FROM pending"))
    horizon = None
    for row, key, at in connection.execute("SELECT id, key, at FROM log ORDER BY id DESC"):
        horizon = at - _DOUBTFUL_SECONDS if horizon is None else horizon
        if at < horizon:
            break
        if key.startswith(SPACE):
            rows.setdefault(key, row)
    return rows


def _set_back(
    connection: sqlite3.Connection, key: str, row: int, where: Place, *, files: Tree, booted: float
) -> bool:
    """Whether what stands for a key is an older state of it, or none at all."""
    entry = sqllog.get(connection, key)
    try:
        data, signature = files.read(where)
    except (FileNotFoundError, NotADirectoryError):
        return entry is not None
    except OSError:
        return False  # something that is no file was put there by hand
    if signature[2] > booted * 1e9 or (entry and data == render(entry.value)):
        return False
    return not _is_json(data) or any(data == render(value) for value in _versions(connection, row))


def _is_json(data: bytes) -> bool:
    try:
        values.load(data.removeprefix(BOM).decode())
    except (ValueError, RecursionError):
        return False
    return True


def _versions(connection: sqlite3.Connection, row: int) -> Iterator[bytes]:
    """The values that a key had up to a row of the log, the newest first, as far as the log is kept."""
    at: int | None = row
    for _ in range(_VERSIONS):
        found = connection.execute("SELECT prev, value FROM log WHERE id = ?", (at,)).fetchone()
        if found is None:
            return
        at, value = found
        if value is not None:
            yield value
