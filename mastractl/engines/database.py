"""One SQLite file: how it is opened, its pooled connections, its transactions, what its errors mean.

Any thread borrows a connection for one transaction and gives it back, so that readers never wait for
each other. Writers queue on a lock within the process and on `BEGIN IMMEDIATE` between processes; the
latter is tried again in small steps of our own, because SQLite's busy handler sleeps up to a tenth of a
second at a time and cannot be interrupted from the keyboard.

SQLite keeps book of its locks per process, and a forked child inherits the book without the locks. So no
connection is open at the moment of a fork: idle ones are closed before it, borrowed ones waited for.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
import weakref
from _thread import allocate_lock
from typing import TYPE_CHECKING, TypeVar

from mastractl import errors
from mastractl.engines.contract import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a writer waits for the writers of other processes."""

PAGE_BYTES = 8192
"""Five values of the usual size fit, and the fewest bytes are lost; larger pages make commits slower."""

_IDLE_CONNECTIONS = 4
"""How many connections are kept for the next borrower."""

_FORK_SECONDS = 5.0
"""How long a fork waits for transactions under way."""


class Connection(sqlite3.Connection):
    """A connection that knows how its commits reach the disk, so as not to say so each time."""

    durable = True


_MOVE = "move it away and open the store again: resources are read back from their files"


def _connect(name: str) -> Connection:
    """A connection to a path or a `file:` URI, in autocommit mode, for any one thread at a time."""
    return sqlite3.connect(
        name,
        timeout=5.0,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
        uri=name.startswith("file:"),
    )


class Database:
    """A SQLite file in use by this process. Thread-safe; a forked child may go on with it.

    `journal` is "wal" or, where shared memory cannot be trusted, "delete"; afterwards, what it became.
    `still`: where a reader may not make the journal's files, and nobody has made them, the file is read
    as one that nobody writes, for as long as it stays as it is. `connect` opens a path or a `file:` URI; a
    driver other than `sqlite3` raises its errors all the same. `remedy` says what to do about a damaged
    file. Raises what `explain` makes of SQLite's errors.
    """

    def __init__(
        self,
        path: str,
        *,
        journal: str = "wal",
        read_only: bool = False,
        still: bool = False,
        connect: Callable[[str], Connection] | None = None,
        remedy: str = _MOVE,
    ) -> None:
        self.path = path
        self.journal = journal
        self._read_only = read_only
        self._still = still
        self._taken: tuple[int, int] | None = None
        self._connect = connect or _connect
        self._remedy = remedy
        self._pool = allocate_lock()
        self._idle: list[Connection] = []
        self._borrowed = 0
        self._writer = allocate_lock()
        self._file: tuple[int, int] | None = None
        self._closed = False
        _open_databases.add(self)

    def prepare(self, version: int, create: Callable[[Connection], None]) -> None:
        """Make sure that the file holds tables of this version; `create` makes them, in a transaction.

        Raises StorageValidationError for a newer version; nothing is changed then.
        """
        if self.version() == version:
            return
        with self.writing() as connection:
            found = _version(connection)
            if found > version:
                raise newer(self.path, found, version)
            if found < version:
                create(connection)
                connection.execute(f"PRAGMA user_version = {version:d}")

    def version(self) -> int:
        """The version of the tables in the file; 0 if there are none."""
        with self.reading() as connection:
            return _version(connection)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for single statements, each of which sees a moment of its own."""
        connection = self._take()
        try:
            yield connection
        except sqlite3.Error as error:
            raise explain(error, self.path, self._remedy) from error
        finally:
            self._give(connection)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read transaction: every statement sees the same moment."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True, patience: float | None = None) -> Iterator[Connection]:
        """A write transaction, committed at the end and rolled back on any exception.

        With `durable` the commit is on the disk before this returns; without, it will be by the time the
        next durable one is. Raises Unavailable if other processes keep the file locked for `patience`
        seconds (BUSY_SECONDS if not given), StorageFull, Forbidden, UnknownOutcome, StorageTransactionError.
        """
        with self._writer, self.reading() as connection:
            self.refuse_replaced()
            durable = durable or self.journal != "wal"  # without WAL, less is not safe
            if connection.durable != durable:
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                connection.durable = durable
            _insist(connection, "BEGIN IMMEDIATE", BUSY_SECONDS if patience is None else patience)
            try:
                yield connection
                self._commit(connection)
            finally:
                # Where SQLite has rolled back by itself (a full disk), a ROLLBACK would hide why.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def write(self, body: Callable[[Connection], T]) -> T:
        """What `body` makes of a write transaction; as `writing`."""
        with self.writing() as connection:
            return body(connection)

    def refuse_replaced(self) -> None:
        """Raises StorageConnectionError if the file was removed or replaced since it was opened."""
        if self._file is None or _identity(self.path) == self._file:
            return
        message = f"{self.path} was removed or replaced while it was in use"
        raise errors.StorageConnectionError(
            message, hint="open the store again: it is another one now, and watches begin anew"
        )

    def problems(self, connection: Connection) -> list[Problem]:
        """What SQLite finds wrong with the file."""
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found == "ok":
            return []
        return [
            Problem(
                key="", location=self.path, message=f"the database is damaged: {found}", hint=self._remedy
            )
        ]

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._pool:
            self._closed = True
            self._close_idle()

    def __del__(self) -> None:
        if hasattr(self, "_idle"):
            self._close_idle()

    def before_fork(self) -> None:
        """Let no connection be open, and none be opened, until `after_fork`."""
        deadline = time.monotonic() + _FORK_SECONDS
        while True:
            self._pool.acquire()
            if not self._borrowed or time.monotonic() > deadline:
                break
            self._pool.release()
            time.sleep(0.001)
        self._close_idle()

    def after_fork(self, *, child: bool) -> None:
        """Go on, in the parent and in the child."""
        self._pool.release()
        if child:
            self._borrowed = 0
            self._writer = allocate_lock()

    def _take(self) -> Connection:
        with self._pool:
            if self._taken and self._taken != _stillness(self.path):
                self._taken = None
                self._close_idle()
            self._borrowed += 1
            if self._idle:
                return self._idle.pop()
        try:
            return self._open()
        except BaseException:
            with self._pool:
                self._borrowed -= 1
            raise

    def _give(self, connection: Connection) -> None:
        with self._pool:
            self._borrowed -= 1
            if self._closed or len(self._idle) >= _IDLE_CONNECTIONS:
                connection.close()
            else:
                self._idle.append(connection)

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> Connection:
        self.refuse_replaced()
        connection = None
        try:
            if self._read_only:
                connection = self._open_for_reading()
            else:
                connection = self._connect(self.path)
                self._settle(connection)
        except sqlite3.Error as error:
            if connection:
                connection.close()
            raise explain(error, self.path, self._remedy) from error
        self._file = self._file or _identity(self.path)
        return connection

    def _open_for_reading(self) -> Connection:
        name = self.path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        connection = self._connect(f"file:{name}?mode=ro")
        if not self._still:
            return connection
        try:
            _version(connection)
        except sqlite3.OperationalError as error:
            connection.close()
            self._taken = _stillness(self.path)
            if error.sqlite_errorcode & 0xFF not in _NO_JOURNAL or not self._taken:
                raise
            connection = self._connect(f"file:{name}?mode=ro&immutable=1")
        except BaseException:
            connection.close()
            raise
        return connection

    def _settle(self, connection: Connection) -> None:
        """Set what SQLite keeps for each connection and, once, what it keeps in the file."""
        if self._file is None:
            found = connection.execute("PRAGMA journal_mode").fetchone()[0]
            if found != self.journal:
                if _version(connection) == 0:
                    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                _insist(connection, f"PRAGMA journal_mode = {self.journal}", BUSY_SECONDS)
                self.journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        connection.execute("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":  # where fsync leaves the data in the disk's own cache
            connection.execute("PRAGMA fullfsync = 1")
        connection.execute("PRAGMA journal_size_limit = 16777216")

    def _commit(self, connection: Connection) -> None:
        try:
            if self.journal == "wal":  # where a commit waits for nobody
                connection.execute("COMMIT")
            else:
                _insist(connection, "COMMIT", BUSY_SECONDS)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_IOERR:
                raise
            message = f"{self.path}: the commit failed while it was written to the disk: {error}"
            raise errors.UnknownOutcome(
                message, hint="check the disk, then read to see what stands"
            ) from error


def explain(error: sqlite3.Error, path: str, remedy: str = _MOVE) -> errors.MastraError:
    """The error of ours that says what SQLite's means for the one who uses the store."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return errors.Unavailable(
            f"{path} is locked by another process",
            hint="another mastractl is writing; try again when it is done",
        )
    if code == sqlite3.SQLITE_FULL:
        return errors.StorageFull(f"no space left for {path}", hint="free some space and try again")
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return errors.Forbidden(f"{path} may not be written", hint="check its owner and mode")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return errors.StorageValidationError(
            f"{path} is damaged: {error}",
            hint=remedy,
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return errors.StorageConnectionError(f"{path} cannot be opened: {error}")
    return errors.StorageTransactionError(f"{path}: {error}")


def newer(path: str, found: int, version: int) -> errors.StorageValidationError:
    """The refusal of a file that a later mastractl has written."""
    message = f"{path} was written by a newer mastractl (format {found}; this one knows {version})"
    return errors.StorageValidationError(message, hint="upgrade mastractl; nothing was changed")


_NO_JOURNAL = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
"""What a reader is told that may not make the files of a journal."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - at every commit, and Path costs more than the call
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _stillness(path: str) -> tuple[int, int] | None:
    """What a file is while nobody writes it; None while somebody does, or might."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at every read, as above
    except OSError:
        return None
    if any(os.path.exists(f"{path}-{end}") for end in ("wal", "journal")):  # noqa: PTH110 - as above
        return None
    return found.st_mtime_ns, found.st_size


def _insist(connection: Connection, statement: str, seconds: float) -> None:
    """Execute a statement that needs a lock of other processes, again and again until it gets it."""
    deadline = time.monotonic() + seconds
    pause = 0.0002
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute(statement)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(pause * (0.5 + time.monotonic_ns() % 1024 / 1024))  # out of step with others
                pause = min(pause * 1.5, 0.005)
            else:
                return
    finally:
        connection.execute("PRAGMA busy_timeout = 5000")


_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_forking: list[Database] = []


def _before_fork() -> None:
    _forking.extend(database for database in _open_databases if not database._closed)  # noqa: SLF001
    for database in _forking:
        database.before_fork()


def _after_fork(*, child: bool) -> None:
    while _forking:
        _forking.pop().after_fork(child=child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(child=False),
        after_in_child=lambda: _after_fork(child=True),
    )
