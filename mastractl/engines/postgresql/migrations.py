"""The tables of a store come about here, step by step; `head.format` says which step was the last.

A step is a function that takes the store from the format before to its own. All that are missing are taken
in one transaction, under a lock that is the schema's own: of two programs that open a new database at once,
one makes the tables and the other finds them. A step is never changed once it was released: a change of a
table or a function is a further step.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors
from mastractl.engines.postgresql import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from mastractl.engines.postgresql.address import Address
    from mastractl.engines.postgresql.connections import Connection

    Step = Callable[[psycopg.Cursor[tuple[Any, ...]], str], None]


def first_tables(cursor: psycopg.Cursor[tuple[Any, ...]], schema: str) -> None:
    """Format 1: head, log and current, and what commits to them."""
    for table in statements.TABLES.split(";\n"):
        _define(cursor, table, schema)
    for function in (statements.SWEEP, statements.COMMIT):
        _define(cursor, function, schema)
    _define(cursor, f"INSERT INTO {{s}}.head (uid, format) VALUES ('{os.urandom(16).hex()}', 1)", schema)  # noqa: S608 - hex digits


STEPS: tuple[Step, ...] = (first_tables,)
FORMAT = len(STEPS)
"""The format that this program knows."""


class Found(NamedTuple):
    """What there is of a store: format 0 is none."""

    uid: str
    format: int


def prepare(connection: Connection, address: Address, *, read_only: bool) -> Found:
    """The store, with its tables made or brought up to date unless it is opened to be read only.

    Raises StorageValidationError for a newer format, or for tables of another program, with nothing changed;
    StorageConnectionError where there is no store and none is to be made; Forbidden for want of permissions.
    """
    found = look(connection, address)
    if found.format == FORMAT:
        return found
    if read_only:
        raise _missing(address) if not found.format else _older(address, found.format)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"mastractl {address.schema}",)
        )
        found = look(connection, address)
        if not found.format:
            _make_schema(cursor, address)
        for number, step in enumerate(STEPS[found.format :], found.format + 1):
            step(cursor, address.schema)
            _define(cursor, f"UPDATE {{s}}.head SET format = {number:d}", address.schema)  # noqa: S608 - a number
    return look(connection, address)


def look(connection: Connection, address: Address) -> Found:
    """What there is, without a change. Raises as `prepare` does."""
    encoding, usage, tables, ours = connection.run(_LOOK, {"schema": address.schema})[0]
    if encoding not in {"UTF8", "SQL_ASCII"}:
        message = f"{address.shown}: the database is encoded in {encoding}, which not every key fits in"
        raise errors.StorageConnectionError(
            message,
            hint=f"createdb --encoding=UTF8 --template=template0 NAME; {address.database} stays as it is",
        )
    if usage is None:
        return Found("", 0)
    if not usage:
        message = f"{address.shown}: the role may not use the schema {address.schema}"
        raise errors.Forbidden(message, hint=_grants(address))
    if not ours:
        if tables:
            raise _foreign(address, tables)
        return Found("", 0)
    return _read_head(connection, address)


def _read_head(connection: Connection, address: Address) -> Found:
    if not connection.run(_RIGHTS, {"head": f'"{_quoted(address)}".head'})[0][0]:
        message = f"{address.shown}: the role may not read the tables in the schema {address.schema}"
        raise errors.Forbidden(message, hint=_grants(address))
    uid, found = connection.run(statements.plain("SELECT uid, format FROM {s}.head", address.schema))[0]
    if found > FORMAT:
        message = (
            f"{address.shown} was written by a newer mastractl (format {found}; this one knows {FORMAT})"
        )
        raise errors.StorageValidationError(message, hint="upgrade mastractl; nothing was changed")
    return Found(uid, found)


def _quoted(address: Address) -> str:
    return address.schema.replace('"', '""')


def _make_schema(cursor: psycopg.Cursor[tuple[Any, ...]], address: Address) -> None:
    """The schema, unless somebody has made an empty one for us."""
    there, may_fill, may_make, role = cursor.execute(_MAY, {"schema": address.schema}).fetchall()[0]
    if there and not may_fill:
        message = f"{address.shown}: the role {role} may not make tables in the schema {address.schema}"
        raise errors.Forbidden(message, hint=f'GRANT CREATE ON SCHEMA "{_quoted(address)}" TO "{role}"')
    if there:
        return
    if not may_make:
        message = f"{address.shown}: the role {role} may not make the schema {address.schema}"
        raise errors.Forbidden(
            message, hint=f'have an owner run: CREATE SCHEMA "{_quoted(address)}" AUTHORIZATION "{role}"'
        )
    _define(cursor, "CREATE SCHEMA {s}", address.schema)


def _define(cursor: psycopg.Cursor[tuple[Any, ...]], text: str, schema: str) -> None:
    cursor.execute(statements.plain(text, schema))


def _grants(address: Address) -> str:
    schema = f'"{_quoted(address)}"'
    return (
        f"have its owner run: GRANT USAGE ON SCHEMA {schema} TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE "
        f"ON ALL TABLES IN SCHEMA {schema} TO ROLE (SELECT is enough to read)"
    )


def _missing(address: Address) -> errors.StorageConnectionError:
    return errors.StorageConnectionError(
        f"there is no store at {address.shown}", hint="a first write makes it: open it once to write"
    )


def _older(address: Address, found: int) -> errors.StorageValidationError:
    message = f"{address.shown} was written by an older mastractl (format {found}; this one reads {FORMAT})"
    return errors.StorageValidationError(message, hint="open it once to write: that brings it up to date")


def _foreign(address: Address, tables: list[str]) -> errors.StorageValidationError:
    few = ", ".join(tables[:3]) + (", ..." if len(tables) > 3 else "")
    message = f"{address.shown}: the schema {address.schema} holds tables of another program ({few})"
    return errors.StorageValidationError(
        message, hint="choose another with ?schema=NAME, which will be made; nothing was changed"
    )


_LOOK = """
SELECT current_setting('server_encoding'), has_schema_privilege(n.oid, 'USAGE'), coalesce(t.tables, '{}'),
    coalesce(t.ours, false)
FROM (SELECT (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s) AS oid) n
LEFT JOIN LATERAL (
    SELECT array_agg(c.relname::text ORDER BY c.relname) AS tables,
        count(*) FILTER (WHERE c.relname IN ('head', 'log', 'current') AND EXISTS (
            SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
            AND a.attname = CASE c.relname WHEN 'head' THEN 'compacted' WHEN 'log' THEN 'created_rev'
                ELSE 'expires_at' END)) = 3 AS ours
    FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
) t ON true
"""

_RIGHTS = "SELECT has_table_privilege(%(head)s, 'SELECT')"

_MAY = """
SELECT n.oid IS NOT NULL, has_schema_privilege(n.oid, 'CREATE'),
    has_database_privilege(current_database(), 'CREATE'), current_user::text
FROM (SELECT (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s) AS oid) n
"""
