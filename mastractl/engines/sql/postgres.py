"""PostgreSQL, by psycopg. (The engine `postgresql:` hears of commits at once; here they are looked for.)

Statements of one parcel go in one pipeline, so that a commit is two round trips. Transactions that write are
READ COMMITTED: each statement after the lock sees all that was committed before it. Those that read are
REPEATABLE READ, and see one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql import psycopg as core

from mastractl import errors
from mastractl.engines.contract import Problem
from mastractl.engines.sql.dialect import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    LOCK_SECONDS,
    Facts,
    busy,
    disconnected,
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

_NAMED_TWICE = {"host", "port", "user", "password", "dbname"}

_FOUNDING = 0x6D617374_7261637C
"""The advisory lock under which tables are made."""


class PostgreSQL:
    """A server of PostgreSQL. Parameters of the URL are libpq's."""

    failures: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error,)
    begin: ClassVar = Question("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    begin_write: ClassVar = Question("BEGIN")
    commit: ClassVar = Question("COMMIT")
    rollback: ClassVar = Question("ROLLBACK")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.core: Core = core.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
        known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
        unknown = sorted(set(address.options) - (known - _NAMED_TWICE))
        if unknown:
            message = f"{address.shown!r} has a parameter that is not known: {unknown[0]}"
            hint = "known are prefix, connect_timeout, sslmode, sslrootcert, options and libpq's others"
            raise errors.ConfigError(message, hint=hint)

    @staticmethod
    def upsert(
        table: Table, rows: list[dict[str, ColumnElement[Any]]], replaced: Sequence[str]
    ) -> ClauseElement:
        """INSERT ... ON CONFLICT."""
        made = insert(table).values(rows)
        if not replaced:
            return made.on_conflict_do_nothing()
        values = {name: made.excluded[name] for name in replaced}
        return made.on_conflict_do_update(index_elements=keys_of(table), set_=values)

    def connect(self) -> Connection:
        """A new connection, each of whose statements commits itself."""
        url = self.address.url
        told: dict[str, Any] = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "password": None if url.password is None else str(url.password),
            "dbname": url.database,
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": ANSWER_SECONDS * 1000,
            "application_name": "mastractl",
        } | dict(self.address.options)
        given = told.pop("options", "")
        told["options"] = (
            f"-c statement_timeout={ANSWER_SECONDS}s -c lock_timeout={LOCK_SECONDS}s {given}"
            r" -c default_transaction_isolation=read\ committed"
        )
        return psycopg.connect(**told, autocommit=True)

    def settle(self, facts: Facts) -> None:
        """Nothing depends on it."""

    def parcels(self, connection: Connection, questions: Sequence[Question]) -> list[list[Question]]:
        """All in one."""
        del connection
        return [list(questions)]

    @staticmethod
    def send(connection: Connection, parcel: list[Question]) -> Iterator[Sequence[Row]]:
        """One pipeline."""
        if len(parcel) == 1:
            cursors = [connection.execute(*_bound(parcel[0]))]
        else:
            with connection.pipeline():
                cursors = [connection.execute(*_bound(question)) for question in parcel]
        for cursor in cursors:
            yield cursor.fetchall() if cursor.description else ()

    def columns(self, connection: Connection, table: Question) -> set[str] | None:
        """The columns of a table, None if there is no such table."""
        try:
            found = connection.execute(table.text)
        except psycopg.Error as error:
            if self.absent(error):
                return None
            raise
        return {column.name for column in found.description}

    def founding(self, statements: Statements, first: Question) -> list[list[Question]]:
        """One transaction, alone."""
        return [
            [
                self.begin_write,
                Question("SELECT pg_advisory_xact_lock(%s)", (_FOUNDING,)),
                *[statements.create(table) for table in statements.tables.all],
                first,
                self.commit,
            ]
        ]

    def facts(self, connection: Connection, tables: Tables) -> Facts:
        """Version, durability, size."""
        told = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        }
        recovering, database, used = connection.execute(
            "SELECT pg_is_in_recovery(), current_database(),"
            " (SELECT sum(pg_total_relation_size(to_regclass(name))) FROM unnest(%s::text[]) AS t(name))",
            ([table.name for table in tables.all],),
        ).fetchone()
        problems = tuple(
            Problem(
                key="",
                location=self.address.shown,
                message=f"{name} = off: the server acknowledges commits that a power failure undoes",
                hint=f"ALTER SYSTEM SET {name} = on, then SELECT pg_reload_conf()",
            )
            for name in ("fsync", "synchronous_commit")
            if told[name] == "off"
        )
        details = (
            ("server", f"PostgreSQL {told.pop('server_version')}"),
            ("database", database),
            ("size", size(int(used or 0))),
            *told.items(),
        )
        return Facts(not problems, not recovering, details, problems)

    def absent(self, error: BaseException | None) -> bool:
        """Whether there is no such table, or no such schema."""
        return _state(error) in _ABSENT

    def lost(self, error: BaseException | None) -> bool:
        """Whether the connection is gone."""
        if not isinstance(error, psycopg.Error):
            return False
        state = _state(error)
        return (not state and isinstance(error, psycopg.OperationalError)) or state[:3] in {"57P", "080"}

    def doubtful(self, error: Exception, *, committing: bool) -> bool:
        """Whatever ended the connection: in a pipeline nobody can tell which statement it met."""
        del committing
        return self.lost(error)

    def explain(self, error: Exception) -> errors.MastraError:
        """By SQLSTATE; errors of connecting have none, and are told by their words."""
        state, where = _state(error), self.address
        said = str(error).strip()
        for states, words, hint in _REFUSALS:
            if state in states or (not state and any(word in said for word in words)):
                return unreachable(where, said, hint)
        if self.lost(error):
            return disconnected(where, said)
        for states, verdict in _VERDICTS:
            if state in states:
                return verdict(where, said)
        return failed(where, f"{said} ({state})")


def _denied(address: Address, error: object) -> errors.Forbidden:
    hint = "ask for GRANT SELECT, INSERT, UPDATE, DELETE on the tables, and CREATE on the schema"
    return errors.Forbidden(f"{address.shown}: {error}", hint=hint)


_ABSENT = {"42P01", "3F000"}

_VERDICTS: tuple[tuple[set[str], Verdict], ...] = (
    ({"40001", "40P01", "55P03", "57014", "53300"}, busy),
    (_ABSENT, vanished),
    ({"42501"}, _denied),
    ({"25006"}, unwritable),
    ({"53100", "53200"}, full),
)

_REFUSALS: tuple[tuple[set[str], tuple[str, ...], str], ...] = (
    (
        {"28P01", "28000"},
        ("password authentication failed", "no password supplied", "no pg_hba.conf entry"),
        "check the user and the password (in a URL @ is written %40), and pg_hba.conf at the server",
    ),
    ({"3D000"}, ('" does not exist',), "CREATE DATABASE, then open the store again"),
    (
        set(),
        ("SSL", "certificate"),
        "TLS: sslmode=verify-full&sslrootcert=/path/ca.pem names the authority, sslmode=disable does without",
    ),
    (
        set(),
        ("Connection refused", "could not translate", "failed to resolve", "timeout expired", "No such file"),
        "is the server running there, and does it listen on that interface (listen_addresses)?",
    ),
)


def _bound(question: Question) -> tuple[str, tuple[Any, ...] | None]:
    return question.text, question.values or None


def _state(error: BaseException | None) -> str:
    return (getattr(error, "sqlstate", None) or "") if isinstance(error, psycopg.Error) else ""
