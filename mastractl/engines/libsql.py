"""The engine of `libsql:`: a file by the `libsql` package, or a database on a libSQL server.

`libsql:PATH` is a file as `sqlite:` has it, of the same format; either opens what the other made, though not
both at once in one process: each has its own book of the file's locks. `libsql://HOST` is a server: see
`libsqlremote`.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any, cast

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.sqlitefile import SqliteFileEngine, locate

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine
    from mastractl.engines.database import Connection


class LibsqlEngine(SqliteFileEngine):
    """An `Engine` over one file, opened by the `libsql` package. Raises ConfigError where that is missing."""

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Clock | None = None, read_only: bool = False
    ) -> None:
        _driver()  # before anything is made
        super().__init__(path, connect=_connect, clock=clock or SystemClock(), read_only=read_only)


def open_url(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The `Factory` of `libsql:PATH`, `libsql:///ABSOLUTE` and `libsql://HOST[:PORT][/PATH]?authToken=...`."""
    del adopt
    rest = url.partition(":")[2]
    if rest.startswith("//") and not rest.startswith("///"):
        from mastractl.engines import libsqlremote  # noqa: PLC0415 - a file needs none of it

        return libsqlremote.open_url(url, clock=clock, read_only=read_only)
    path, only_reads = locate(url)
    return LibsqlEngine(path, clock=clock, read_only=read_only or only_reads)


def _connect(name: str) -> Connection:
    """A connection by the package, which looks like one by `sqlite3` to those who know no more of it."""
    try:
        made = _driver().connect(name, timeout=0.0, isolation_level=None, _check_same_thread=False)
    except ValueError as error:
        raise _translated(error) from error
    return cast("Connection", Shim(made))


def _driver() -> Any:
    """The package. Raises ConfigError where it is missing."""
    try:
        import libsql  # type: ignore[import-untyped]  # noqa: PLC0415 - a server needs no driver
    except ModuleNotFoundError as error:
        message = "a file by libsql: needs the package libsql, which is not installed"
        hint = "pip install 'mastractl[libsql]', or write sqlite:PATH for the same file"
        raise errors.ConfigError(message, hint=hint) from error
    return libsql


class Shim:
    """A connection of the `libsql` package with the manners of `sqlite3`, as far as a log needs them.

    Every error of the package is a ValueError; here it is a `sqlite3.Error` with SQLite's code, told by its
    text. It waits for locks here, for the package holds the interpreter's lock meanwhile.
    """

    durable = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._patience = 5.0

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._connection.in_transaction)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Execute a statement, and give its rows."""
        if sql.startswith("PRAGMA busy_timeout ="):
            self._patience = int(sql.rpartition("=")[2]) / 1000
            return Rows([])
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return Rows(self._connection.execute(sql, tuple(parameters)).fetchall() or [])
            except ValueError as error:
                meant = _translated(error)
                if meant.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise meant from error
            time.sleep(0.002)

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement once for each row of parameters."""
        for row in rows:
            self.execute(sql, row)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class Rows:
    """The rows of a statement, all of them read."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = iter(rows)

    def __iter__(self) -> Any:
        return self._rows

    def fetchone(self) -> Any:
        """The next row, None at the end."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self._rows)


_TEXTS = (
    ("database is locked", sqlite3.SQLITE_BUSY),
    ("database table is locked", sqlite3.SQLITE_LOCKED),
    ("database or disk is full", sqlite3.SQLITE_FULL),
    ("readonly database", sqlite3.SQLITE_READONLY),
    ("file is not a database", sqlite3.SQLITE_NOTADB),
    ("malformed", sqlite3.SQLITE_CORRUPT),
    ("unable to open database", sqlite3.SQLITE_CANTOPEN),
    ("Unable to open connection", sqlite3.SQLITE_CANTOPEN),
    ("disk I/O error", sqlite3.SQLITE_IOERR),
    ("constraint failed", sqlite3.SQLITE_CONSTRAINT),
)
"""What SQLite says of its errors, and their codes: of these, `database.explain` makes ours."""


def _translated(error: ValueError) -> sqlite3.Error:
    text = str(error)
    code = next((code for part, code in _TEXTS if part in text), sqlite3.SQLITE_ERROR)
    kind = sqlite3.IntegrityError if code == sqlite3.SQLITE_CONSTRAINT else sqlite3.OperationalError
    made = kind(text)
    made.sqlite_errorcode = code
    return made
