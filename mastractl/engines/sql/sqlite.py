"""SQLite, by the standard library. (The engine `sqlite:` hears of commits; here they are looked for.)"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from sqlalchemy.dialects import sqlite

from mastractl import errors
from mastractl.engines.sql import address as addresses
from mastractl.engines.sql.dialect import (
    LOCK_SECONDS,
    Facts,
    busy,
    failed,
    full,
    keys_of,
    size,
    unreachable,
    unwritable,
    vanished,
)
from mastractl.engines.sql.statements import Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ClauseElement, Table
    from sqlalchemy.engine.interfaces import Dialect as Core
    from sqlalchemy.sql.elements import ColumnElement

    from mastractl.engines.sql.address import Address
    from mastractl.engines.sql.dialect import Connection, Verdict
    from mastractl.engines.sql.statements import Row, Statements
    from mastractl.engines.sql.tables import Tables

OPTIONS: dict[str, type] = {"timeout": int}
"""`timeout`: seconds to wait for other writers."""


class SQLite:
    """A file of SQLite, in WAL mode, its commits on the disk when they are acknowledged."""

    failures: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)
    begin: ClassVar = Question("BEGIN")
    begin_write: ClassVar = Question("BEGIN IMMEDIATE")
    commit: ClassVar = Question("COMMIT")
    rollback: ClassVar = Question("ROLLBACK")

    def __init__(self, address: Address, *, read_only: bool) -> None:
        self.address = address
        self.core: Core = sqlite.dialect()
        self._timeout = int(addresses.options(address, OPTIONS).get("timeout", LOCK_SECONDS))
        self._read_only = read_only
        self._path = str(address.url.database)
        self._file: tuple[int, int] | None = None

    @staticmethod
    def upsert(
        table: Table, rows: list[dict[str, ColumnElement[Any]]], replaced: Sequence[str]
    ) -> ClauseElement:
        """INSERT ... ON CONFLICT."""
        made = sqlite.insert(table).values(rows)
        if not replaced:
            return made.on_conflict_do_nothing()
        values = {name: made.excluded[name] for name in replaced}
        return made.on_conflict_do_update(index_elements=keys_of(table), set_=values)

    def connect(self) -> Connection:
        """A new connection, each of whose statements commits itself."""
        self._refuse_replaced()
        mode = "ro" if self._read_only else "rwc"
        connection = sqlite3.connect(
            f"file:{quote(self._path)}?mode={mode}",
            uri=True,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not self._read_only:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        self._file = self._file or self._identity()
        return connection

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = Path(self._path).stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _refuse_replaced(self) -> None:
        if self._file is not None and self._identity() != self._file:
            raise vanished(self.address)

    def settle(self, facts: Facts) -> None:
        """Nothing depends on it."""

    def parcels(self, connection: Connection, questions: Sequence[Question]) -> list[list[Question]]:
        """All in one. Raises StorageConnectionError if the file is another by now, or gone."""
        del connection
        self._refuse_replaced()
        return [list(questions)]

    @staticmethod
    def send(connection: Connection, parcel: list[Question]) -> Iterator[Sequence[Row]]:
        """One statement after the other."""
        for question in parcel:
            yield connection.execute(question.text, question.values).fetchall()

    def columns(self, connection: Connection, table: Question) -> set[str] | None:
        """The columns of a table, None if there is no such table."""
        try:
            found = connection.execute(table.text)
        except sqlite3.Error as error:
            if self.absent(error):
                return None
            raise
        return {column[0] for column in found.description}

    def founding(self, statements: Statements, first: Question) -> list[list[Question]]:
        """One transaction."""
        create = [statements.create(table) for table in statements.tables.all]
        return [[self.begin_write, *create, first, self.commit]]

    def facts(self, connection: Connection, tables: Tables) -> Facts:
        """Version and size."""
        del tables
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        used = Path(self._path).stat().st_size
        details = (
            ("server", f"SQLite {sqlite3.sqlite_version}"),
            ("database", self._path),
            ("size", size(used)),
            ("journal_mode", str(journal)),
        )
        return Facts(durable=True, writable=not self._read_only, details=details, problems=())

    def absent(self, error: BaseException | None) -> bool:
        """Whether there is no such table."""
        return isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)

    def lost(self, error: BaseException | None) -> bool:
        """Never: there is no server."""
        del error
        return False

    def doubtful(self, error: Exception, *, committing: bool) -> bool:
        """A COMMIT that failed while it was being written to the disk."""
        return committing and _code(error) == sqlite3.SQLITE_IOERR

    def explain(self, error: Exception) -> errors.MastraError:
        """By SQLite's code."""
        code, where = _code(error), self.address
        if self.absent(error):
            return vanished(where)
        for codes, verdict in _VERDICTS:
            if code in codes:
                return verdict(where, error)
        return failed(where, error)


def _damaged(address: Address, error: object) -> errors.StorageValidationError:
    message = f"{address.shown} is damaged, or no database of SQLite: {error}"
    hint = "restore it from a backup, or name another file"
    return errors.StorageValidationError(message, hint=hint)


def _shut(address: Address, error: object) -> errors.StorageConnectionError:
    return unreachable(address, error, "does the directory exist, and may it be written?")


_VERDICTS: tuple[tuple[set[int], Verdict], ...] = (
    ({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}, busy),
    ({sqlite3.SQLITE_FULL}, full),
    ({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}, unwritable),
    ({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}, _damaged),
    ({sqlite3.SQLITE_CANTOPEN}, _shut),
)


def _code(error: BaseException | None) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
