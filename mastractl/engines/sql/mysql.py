"""MySQL and MariaDB, by pymysql.

Statements of one parcel go in one packet: a commit is two round trips, however many statements it has.
Transactions are REPEATABLE READ: those that read see one moment, and those that write look at nothing before
they have the lock on the head, so that they see all that was committed before it. READ COMMITTED
would do for writing too, but servers with a statement-based binary log refuse to write under it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pymysql
from pymysql.constants import CLIENT
from sqlalchemy.dialects import mysql

from mastractl import errors
from mastractl.engines.contract import MAX_VALUE_BYTES, Problem
from mastractl.engines.sql import address as addresses
from mastractl.engines.sql.dialect import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    LOCK_SECONDS,
    Facts,
    busy,
    disconnected,
    failed,
    full,
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

OPTIONS: dict[str, type] = {
    "bind_address": str,
    "connect_timeout": int,
    "lock_timeout": int,
    "program_name": str,
    "read_timeout": int,
    "ssl_ca": str,
    "ssl_cert": str,
    "ssl_disabled": bool,
    "ssl_key": str,
    "ssl_key_password": str,
    "ssl_verify_cert": bool,
    "ssl_verify_identity": bool,
    "unix_socket": str,
    "write_timeout": int,
}
"""The parameters of a URL that go to pymysql; but for `lock_timeout`, which is the server's: for how many
seconds a writer waits for another.

TLS: without any, a connection is encrypted if the server offers it, but nobody knows whose server it is.
`ssl_ca=/path/ca.pem&ssl_verify_identity=true` trusts that authority only and compares the host's name;
`ssl_cert` and `ssl_key` are the client's own; `ssl_disabled=true` does without encryption.
"""

TLS_HINT = (
    "TLS: ssl_ca=/path/ca.pem&ssl_verify_identity=true names the authority and compares the host's name, "
    "ssl_cert= and ssl_key= are a client's own certificate, ssl_disabled=true does without"
)

_SESSION = (
    # Whatever the server's defaults: nothing is cut short, and backslashes escape as the driver thinks.
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', completion_type = 0,"
    " innodb_lock_wait_timeout = {}"
    # A client that stops in mid-commit would hold the head for hours. MySQL has no such setting, and reads
    # this as a comment.
    " /*M!100300 , idle_transaction_timeout = 5 */; "
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
)

_PARCEL = 1 << 20
"""Bytes of statements in one packet; a statement that is larger goes alone."""

_SLACK = 1 << 16
"""Bytes of a packet that are left for what is not the value."""

_GONE, _LOST = 2006, 2013
_CLIENT = range(2000, 3000)
"""The driver's own errors; all others come from the server, over a connection that stood."""

_KILLED = {1053, 1317, 1927, 4031}
"""The server ended the connection or the statement, and says so."""

_UNSURE = 1180
"""An error during COMMIT, of which the server says no more."""

_BUSY = {1020, 1205, 1213, 3572}
"""A deadlock, a wait for a lock that took too long, a commit that lost against another node's."""

_FULL = {3, 28, 1021, 1026, 1034, 1114}
_DENIED = {1044, 1142, 1143, 1227, 1370}
_READ_ONLY = {1290, 1792, 1836, 1874, 3100}
_ABSENT, _PACKET = 1146, 1153


def _oversized(address: Address, error: object) -> errors.TooLarge:
    return errors.TooLarge(f"{address.shown}: {error}", hint="raise max_allowed_packet at the server")


_VERDICTS: tuple[tuple[set[int], Verdict], ...] = (
    (_BUSY, busy),
    ({_ABSENT}, vanished),
    (_FULL, full),
    (_READ_ONLY, unwritable),
    ({_PACKET}, _oversized),
)


class MySQL:
    """A server of MySQL or MariaDB."""

    failures: ClassVar[tuple[type[Exception], ...]] = (pymysql.MySQLError,)
    begin: ClassVar = Question("START TRANSACTION READ ONLY")
    begin_write: ClassVar = Question("START TRANSACTION")
    commit: ClassVar = Question("COMMIT")
    rollback: ClassVar = Question("ROLLBACK")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.core: Core = mysql.dialect(paramstyle="format")
        self._options: dict[str, Any] = addresses.options(address, OPTIONS)
        self._lock_seconds = int(self._options.pop("lock_timeout", LOCK_SECONDS))
        self._parcel = _PARCEL

    @staticmethod
    def upsert(
        table: Table, rows: list[dict[str, ColumnElement[Any]]], replaced: Sequence[str]
    ) -> ClauseElement:
        """INSERT ... ON DUPLICATE KEY UPDATE."""
        made = mysql.insert(table).values(rows)
        columns = replaced or [column.name for column in table.primary_key]
        return made.on_duplicate_key_update({name: made.inserted[name] for name in columns})

    def connect(self) -> Connection:
        """A new connection, each of whose statements commits itself."""
        url = self.address.url
        told = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "write_timeout": ANSWER_SECONDS,
        }
        try:
            return pymysql.connect(
                **(told | self._options),
                host=url.host or "localhost",
                port=url.port or 3306,
                user=url.username or "",
                password=str(url.password or ""),
                database=url.database,
                charset="utf8mb4",
                autocommit=True,
                client_flag=CLIENT.MULTI_STATEMENTS,
                binary_prefix=True,
                init_command=_SESSION.format(self._lock_seconds),
            )
        except (OSError, ValueError) as error:  # of a certificate that cannot be read, a name too long
            raise unreachable(self.address, error, TLS_HINT) from error

    def settle(self, facts: Facts) -> None:
        """Send no more at once than the server takes."""
        self._parcel = min(_PARCEL, 2 * facts.max_value)

    def parcels(self, connection: Connection, questions: Sequence[Question]) -> list[list[str]]:
        """The statements, written out, as many to a packet as may be."""
        parcels: list[list[str]] = [[]]
        filled = 0
        with connection.cursor() as cursor:
            for question in questions:
                text = cursor.mogrify(question.text, question.values) if question.values else question.text
                filled += len(text) + 1
                if filled > self._parcel and parcels[-1]:
                    parcels.append([])
                    filled = len(text)
                parcels[-1].append(text)
        return parcels

    @staticmethod
    def send(connection: Connection, parcel: list[str]) -> Iterator[Sequence[Row]]:
        """One packet there, and back the answer to each of its statements."""
        with connection.cursor() as cursor:
            cursor.execute(";".join(parcel))
            yield cursor.fetchall()
            while cursor.nextset():
                yield cursor.fetchall()

    def columns(self, connection: Connection, table: Question) -> set[str] | None:
        """The columns of a table, None if there is no such table."""
        with connection.cursor() as cursor:
            try:
                cursor.execute(table.text)
            except pymysql.MySQLError as error:
                if self.absent(error):
                    return None
                raise
            return {column[0] for column in cursor.description}

    def founding(self, statements: Statements, first: Question) -> list[list[Question]]:
        """One after the other under a lock by name; each commits itself, so each may be repeated.

        Where the lock means nothing (a cluster of several nodes), the statements themselves see to it that
        the row of the head is made once, and last.
        """
        name = f"mastractl:{hash_of(self.address)}"
        return [
            [Question("SELECT GET_LOCK(%s, %s)", (name, LOCK_SECONDS))],
            *[[statements.create(table)] for table in statements.tables.all],
            [first],
            [Question("SELECT RELEASE_LOCK(%s)", (name,))],
        ]

    def facts(self, connection: Connection, tables: Tables) -> Facts:
        """Version, durability, sizes. Raises StorageValidationError for tables that are not InnoDB's."""
        with connection.cursor() as cursor:
            cursor.execute(_FACTS)
            told = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
            names = [table.name for table in tables.all]
            cursor.execute(_TABLES, (names,))
            kept = cursor.fetchall()
        self._refuse_others(kept)
        used = sum(int(size or 0) for _, _, size in kept)
        return self._facts({name: _plain(value) for name, value in told.items()}, used)

    def _refuse_others(self, kept: Sequence[Row]) -> None:
        for name, engine, _ in kept:
            if engine is not None and str(engine).lower() != "innodb":
                message = (
                    f"the table {name} of {self.address.shown} is kept by {engine}, without transactions"
                )
                raise errors.StorageValidationError(message, hint=f"ALTER TABLE {name} ENGINE = InnoDB")

    def _facts(self, told: dict[str, str], used: int) -> Facts:
        problems = list(self._problems(told))
        packet = int(told["max_allowed_packet"])
        # Escaped, each byte may become two; read back, a change may hold two values.
        largest = max(min(MAX_VALUE_BYTES, (packet - _SLACK) // 2), 1)
        details = (
            ("server", f"{'MariaDB' if 'mariadb' in told['version'].lower() else 'MySQL'} {told['version']}"),
            ("database", told["database"]),
            (
                "tables",
                f"{self.address.prefix}head, {self.address.prefix}log, {self.address.prefix}current (InnoDB)",
            ),
            ("size", size(used)),
            ("largest value", f"{largest} bytes (max_allowed_packet = {packet})"),
            *[(name, told[name]) for name in _PROMISES],
        )
        return Facts(not problems, told["read_only"] == "0", details, tuple(problems), largest)

    def _problems(self, told: dict[str, str]) -> Iterator[Problem]:
        """What keeps an acknowledged commit from surviving a power failure."""
        wrong = []
        if told["innodb_flush_log_at_trx_commit"] != "1":
            wrong.append("innodb_flush_log_at_trx_commit")
        if told["log_bin"] == "1" and told["sync_binlog"] != "1":
            wrong.append("sync_binlog")  # after a crash, what is not in the binary log is rolled back
        for name in wrong:
            yield Problem(
                key="",
                location=self.address.shown,
                message=f"{name} = {told[name]}: the server acknowledges commits that a power failure undoes",
                hint=f"SET GLOBAL {name} = 1, and in the server's configuration file for its next start",
            )

    def absent(self, error: BaseException | None) -> bool:
        """Whether there is no such table."""
        return code_of(error) == _ABSENT

    def lost(self, error: BaseException | None) -> bool:
        """Whether the connection is gone."""
        code = code_of(error)
        return isinstance(error, pymysql.MySQLError) and (code in _CLIENT or code == 0 or code in _KILLED)

    def doubtful(self, error: Exception, *, committing: bool) -> bool:
        """Lost after the packet had gone out whole, or ended by the server at the COMMIT itself."""
        code = code_of(error)
        if code == _GONE:  # it could not be sent to its end, and half a packet is none
            return False
        return committing if code in {*_KILLED, _UNSURE} else self.lost(error)

    def explain(self, error: Exception) -> errors.MastraError:
        """By the server's code; a certificate that does not do has only words."""
        code, where = code_of(error), self.address
        said = error.args[1] if len(error.args) > 1 else error
        if code in _REFUSALS:
            hint = TLS_HINT if "SSL" in str(said) or "certificate" in str(said) else _REFUSALS[code]
            return unreachable(where, said, hint.format(**self._names()))
        if code in _DENIED:
            return errors.Forbidden(f"{where.shown}: {said}", hint=_GRANT.format(**self._names()))
        if self.lost(error):
            return disconnected(where, said)
        for codes, verdict in _VERDICTS:
            if code in codes:
                return verdict(where, said)
        return failed(where, f"{said} ({code})")

    def _names(self) -> dict[str, str]:
        url = self.address.url
        return {
            "host": url.host or "localhost",
            "port": str(url.port or 3306),
            "user": url.username or "",
            "database": url.database or "",
        }


_FACTS = (
    "SELECT VERSION() AS version, DATABASE() AS `database`, @@max_allowed_packet AS max_allowed_packet,"
    " @@innodb_flush_log_at_trx_commit AS innodb_flush_log_at_trx_commit, @@log_bin AS log_bin,"
    " @@sync_binlog AS sync_binlog, @@innodb_doublewrite AS innodb_doublewrite, @@read_only AS read_only"
)

_TABLES = (
    "SELECT TABLE_NAME, ENGINE, DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN %s"
)

_PROMISES = ("innodb_flush_log_at_trx_commit", "log_bin", "sync_binlog", "innodb_doublewrite", "read_only")

_GRANT = (
    "ask for GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `{database}`.* TO '{user}'@'...';"
    " for reading only, SELECT is enough"
)

_REACH = (
    "is the server running at {host}:{port}, and does it listen on that interface (bind-address, firewalls)?"
)

_REFUSALS = {
    1040: "the server has too many connections: raise max_connections, or have fewer programs",
    1045: "check the user and the password; in a URL @ is written %40, / %2F, : %3A. "
    "A server that insists on TLS says no more than this either. " + TLS_HINT,
    1049: "CREATE DATABASE `{database}`, then open the store again",
    1129: "mysqladmin flush-hosts at the server, or raise max_connect_errors",
    1130: "allow this host: CREATE USER '{user}'@'<this host>' IDENTIFIED BY '...'",
    1203: "the user '{user}' has too many connections: raise max_user_connections",
    1226: "the user '{user}' has used up what it may: see SHOW GRANTS",
    1698: "this account is for the Unix socket: give it a password, or add unix_socket=/path to the URL",
    2002: _REACH,
    2003: _REACH,
    2005: "is the host's name {host} right?",
    2026: TLS_HINT,
    3159: "the server insists on TLS. " + TLS_HINT,
    4151: "the account is locked",
}


def code_of(error: BaseException | None) -> int:
    """The server's number of an error, 0 if it has none."""
    number = error.args[0] if error is not None and error.args else 0
    return number if isinstance(number, int) else 0


def hash_of(address: Address) -> str:
    """A short name of the tables, for a lock by name: these are the server's, not the database's."""
    from hashlib import sha256  # noqa: PLC0415 - for a store that is made, once

    return sha256(f"{address.url.database}.{address.prefix}".encode()).hexdigest()[:32]


def _plain(value: object) -> str:
    """A setting as one number or word: what is ON here is 1 there."""
    text = value.decode() if isinstance(value, bytes) else str(value)
    return {"ON": "1", "OFF": "0"}.get(text.upper(), text)
