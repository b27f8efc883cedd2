"""How the files follow the log: what is still to be written, and what each file was when last looked at.

A commit marks its keys as pending in its own transaction. Their files are placed afterwards, within a
second transaction, so that renames happen under the write lock alone and in the order of the log; it
stores their signatures and takes the marks away. Whoever finds marks left over, because a process died
between the two, places the files again from the log: doing it twice is the same as doing it once.

A file that was changed since it was last looked at is never overwritten by that: it is newer than the
commit. It is handed back as a suspect, and taken in as an external edit.

A file that cannot be placed is put aside with its reason. It hinders nothing else, and is tried again.
"""

from __future__ import annotations

import contextlib
import errno
import time
from typing import TYPE_CHECKING

from mastractl import errors, values
from mastractl.engines import sqllog, tree
from mastractl.engines.contract import Problem
from mastractl.engines.failpoints import failpoint
from mastractl.engines.tree import ABSENT, SPACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from mastractl.engines.contract import Commit
    from mastractl.engines.tree import Place, Signature, Staged, Tree

SCHEMA = """
CREATE TABLE files (
    key     TEXT PRIMARY KEY,
    ino     INTEGER NOT NULL,
    mtime   INTEGER NOT NULL,
    ctime   INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    trust   INTEGER NOT NULL,
    problem TEXT,
    hint    TEXT
) WITHOUT ROWID;
CREATE INDEX files_problem ON files (key) WHERE problem IS NOT NULL;
CREATE TABLE directories (
    path  TEXT PRIMARY KEY,
    ino   INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    ctime INTEGER NOT NULL,
    size  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE pending (
    key      TEXT PRIMARY KEY,
    id       INTEGER NOT NULL,
    tries    INTEGER NOT NULL DEFAULT 0,
    retry_at REAL NOT NULL DEFAULT 0,
    problem  TEXT,
    hint     TEXT
) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

SURE, RACY, UNREADABLE = 0, 1, 2
"""How far a signature can be trusted: as long as it is the same; not at all, for it was taken within a
tick of the file's last change; as long as the file stays as unreadable as it was."""

_LONGEST_RETRY = 60.0


class Known:
    """What is known of a file: as it was when its content was last looked at.

    `retry_at` is when it is to be placed, None if it is in place.
    """

    __slots__ = ("problem", "retry_at", "signature", "trust")

    def __init__(self, signature: Signature, trust: int, problem: str | None, retry_at: float | None) -> None:
        self.signature = signature
        self.trust = trust
        self.problem = problem
        self.retry_at = retry_at


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, in the transaction that is open."""
    for statement in SCHEMA.split(";\n"):
        connection.execute(statement)


class Projection:
    """The tables that tie files to the log. `tick_ns`: see `mounts.Mount`."""

    def __init__(self, files: Tree, *, tick_ns: int) -> None:
        self._tree = files
        self._tick_ns = tick_ns

    def known(self, connection: sqlite3.Connection, key: str) -> Known:
        """What is known of the file of one key."""
        row = connection.execute(_KNOWN, (key,)).fetchone()
        if row[0] is None:
            return Known(ABSENT, SURE, None, row[6])
        return Known(row[:4], row[4], row[5], row[6])

    def record(
        self,
        connection: sqlite3.Connection,
        key: str,
        signature: Signature,
        *,
        trust: int | None = None,
        problem: str | None = None,
        hint: str = "",
    ) -> None:
        """Store what a file was when its content was looked at, just now."""
        if trust is None:
            trust = RACY if self.racy(signature) else SURE
        connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key, *signature, trust, problem, hint or None),
        )

    def racy(self, signature: Signature) -> bool:
        """Whether a change that comes now might leave the same signature."""
        return bool(self._tick_ns) and max(signature[1:3]) + self._tick_ns >= time.time_ns()

    def forget(self, connection: sqlite3.Connection, key: str) -> None:
        """There is no file any more."""
        connection.execute("DELETE FROM files WHERE key = ?", (key,))

    def mark(self, connection: sqlite3.Connection, commit: Commit) -> list[str]:
        """Mark the files of a commit as still to be placed, in its own transaction; their keys."""
        marked = []
        for row, change in sqllog.row_ids(commit):
            if change.key.startswith(SPACE):
                self._mark(connection, change.key, row)
                marked.append(change.key)
        return marked

    def mark_present(self, connection: sqlite3.Connection, key: str) -> bool:
        """Mark a file as still to be placed from the row its key stands at; False if it stands at none."""
        row = connection.execute("SELECT id FROM current WHERE key = ?", (key,)).fetchone()
        if row:
            self._mark(connection, key, row[0])
        return row is not None

    def mark_deleted(self, connection: sqlite3.Connection, key: str) -> None:
        """Mark a file as still to be removed."""
        self._mark(connection, key, -1)

    def any_due(self, connection: sqlite3.Connection, *, put_aside: bool = False) -> bool:
        """Whether there is a file to be placed: one that was not put aside until later, or any."""
        found = connection.execute(
            "SELECT 1 FROM pending WHERE retry_at <= ? LIMIT 1", (_horizon(put_aside=put_aside),)
        )
        return found.fetchone() is not None

    def place_due(self, connection: sqlite3.Connection, *, put_aside: bool = False) -> list[str]:
        """Place all files that are due, those of dead processes; the keys whose files are newer."""
        rows = connection.execute(
            f"{_PENDING} WHERE p.retry_at <= ?", (_horizon(put_aside=put_aside),)
        ).fetchall()
        return self._place_all(connection, rows, {})

    def rows_marked(self, connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, int]:
        """Which row of the log the file of each key is to follow, for those that are marked."""
        rows = [connection.execute(f"{_PENDING} WHERE p.key = ?", (key,)).fetchone() for key in keys]
        return {row[0]: row[1] for row in rows if row}

    def place_marked(
        self,
        connection: sqlite3.Connection,
        keys: Iterable[str],
        staged: dict[str, Staged],
        rows: Mapping[str, int],
    ) -> list[str]:
        """Place those files of a commit that nobody else has placed yet; the keys whose files are newer.

        `staged` holds files that are ready, each for the row of the log that `rows` names: by now another
        commit may have marked the same key for a row of its own. Those that were used are taken out.
        """
        marked = [connection.execute(f"{_PENDING} WHERE p.key = ?", (key,)).fetchone() for key in keys]
        due = [row for row in marked if row]
        fit = {key: staged.pop(key) for key, row, _ in due if key in staged and rows.get(key) == row}
        try:
            return self._place_all(connection, due, fit)
        finally:
            staged.update(fit)

    def problems(self, connection: sqlite3.Connection) -> list[Problem]:
        """Every file that cannot be read or written."""
        rows = connection.execute(
            "SELECT key, problem, hint FROM files WHERE problem IS NOT NULL"
            " UNION ALL SELECT key, problem, hint FROM pending WHERE problem IS NOT NULL ORDER BY key"
        )
        return [
            Problem(key=key, location=self._location(key), message=text, hint=hint or "")
            for key, text, hint in rows
        ]

    def overdue(self, known: Known) -> bool:
        """Whether a file is to be placed, and was not put aside until later."""
        return known.retry_at is not None and known.retry_at <= time.time()

    def directory(self, connection: sqlite3.Connection, path: str) -> Signature | None:
        """What a directory was when its names were last read; None if they never were."""
        row: Signature | None = connection.execute(
            "SELECT ino, mtime, ctime, size FROM directories WHERE path = ?", (path,)
        ).fetchone()
        return row

    def record_directories(
        self, connection: sqlite3.Connection, directories: Mapping[str, Signature]
    ) -> None:
        """Store what directories were just before their names were read."""
        connection.executemany(
            "INSERT OR REPLACE INTO directories VALUES (?, ?, ?, ?, ?)",
            [(path, *signature) for path, signature in directories.items() if not self.racy(signature)],
        )

    def fact(self, connection: sqlite3.Connection, name: str) -> str:
        """Something remembered about the store; "" if it never was."""
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def remember(self, connection: sqlite3.Connection, name: str, value: str) -> None:
        """Remember something about the store."""
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def _mark(self, connection: sqlite3.Connection, key: str, row: int) -> None:
        connection.execute("INSERT OR REPLACE INTO pending (key, id) VALUES (?, ?)", (key, row))

    def _place_all(
        self,
        connection: sqlite3.Connection,
        rows: Iterable[tuple[str, int, int]],
        staged: dict[str, Staged],
    ) -> list[str]:
        newer = []
        for key, row, lives in rows:
            where = tree.place(key)
            if where is None:  # no key without a place is ever marked
                continue
            try:
                if not self._place(connection, key, where, row if lives else None, staged):
                    newer.append(key)
            except OSError as error:
                self._put_aside(connection, key, error)
            else:
                connection.execute("DELETE FROM pending WHERE key = ?", (key,))
                failpoint("placed")
        return newer

    def _place(
        self,
        connection: sqlite3.Connection,
        key: str,
        where: Place,
        row: int | None,
        staged: dict[str, Staged],
    ) -> bool:
        """Make the file what the row of the log says, None for a delete; False if the file is newer."""
        if self._tree.signature(where) != self.known(connection, key).signature:
            return self._stands(connection, key, where, row)
        if row is None:
            self._tree.remove(where)
            self.forget(connection, key)
            return True
        ready = staged.pop(key, None)
        if ready:
            # The directory may be gone meanwhile, or the file swept by who thought us dead.
            with contextlib.suppress(FileNotFoundError):
                self.record(connection, key, self._tree.put(ready))
                return True
        content = render(sqllog.row_value(connection, row))
        self.record(connection, key, self._tree.put(self._tree.stage(where, content)))
        return True

    def _stands(self, connection: sqlite3.Connection, key: str, where: Place, row: int | None) -> bool:
        """Whether a file that was changed since is already what it should be."""
        try:
            data, signature = self._tree.read(where)
        except (FileNotFoundError, NotADirectoryError):
            if row is None:
                self.forget(connection, key)
            return row is None
        if row is None or data != render(sqllog.row_value(connection, row)):
            return False
        self.record(connection, key, signature)
        return True

    def _put_aside(self, connection: sqlite3.Connection, key: str, error: OSError) -> None:
        problem = tree.refusal(error, self._location(key))
        connection.execute(
            "UPDATE pending SET problem = ?, hint = ?, tries = tries + 1,"
            " retry_at = ? + min(?, 1 << min(tries, 6)) WHERE key = ?",
            (problem.message, problem.hint, time.time(), _LONGEST_RETRY, key),
        )

    def _location(self, key: str) -> str:
        return self._tree.location(f"{key[len(SPACE) :]}.json")


_KNOWN = (
    "SELECT f.ino, f.mtime, f.ctime, f.size, f.trust, f.problem, p.retry_at FROM (SELECT ? AS key) k"
    " LEFT JOIN files f ON f.key = k.key LEFT JOIN pending p ON p.key = k.key"
)

_PENDING = "SELECT p.key, p.id, l.value IS NOT NULL FROM pending p LEFT JOIN log l ON l.id = p.id"


def _horizon(*, put_aside: bool) -> float:
    return float("inf") if put_aside else time.time()


def render(value: bytes) -> bytes:
    """What the file of a value holds: the same JSON for people, in the order of its keys. Raises OSError."""
    try:
        return values.pretty(values.load(value)).encode()
    except RecursionError as error:
        raise OSError(errno.E2BIG, "its value is nested too deeply to be written") from error


def check_value(key: str, value: bytes) -> bytes:
    """What the file of a value will hold. Raises BadRequest for what is no JSON object."""
    try:
        document = values.load(value)
        if isinstance(document, dict):
            return values.pretty(document).encode()
    except (ValueError, RecursionError) as error:
        message = f"the value of {key!a} is not JSON: {error}"
        raise errors.BadRequest(message) from error
    message = f"the value of {key!a} is no JSON object"
    raise errors.BadRequest(message)
