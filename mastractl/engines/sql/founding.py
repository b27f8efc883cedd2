"""Opening a store: its tables are found, made, or refused untouched.

The row of the head is written last and says which format the tables are in. Without it there is no store:
whoever finds tables without it, left by a crash, goes on making what is missing. A format is reached by
`STEPS`, each of which may be repeated.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.sql.tables import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.engines.sql.connections import Connections
    from mastractl.engines.sql.dialect import Connection
    from mastractl.engines.sql.statements import Statements


def found(connections: Connections, statements: Statements, *, read_only: bool) -> str:
    """Open the store, made if it is missing; its uid.

    Raises StorageConnectionError (there is none, and `read_only` makes none), StorageValidationError
    (tables of a newer format or of another program) and Forbidden. Nothing is changed then.
    """
    with connections.borrowed() as connection:
        known = _known(connections, statements, connection)
        if known is None or known[0] < FORMAT:
            if read_only:
                raise _nothing(connections)
            for step in STEPS[known[0] if known else 0 :]:
                step(connections, statements, connection)
            known = _known(connections, statements, connection)
    if known is None:
        raise _headless(connections, statements)
    version, uid = known
    if version > FORMAT:
        where = connections.dialect.address.shown
        message = f"{where} was written by a newer mastractl (format {version}; this one knows {FORMAT})"
        raise errors.StorageValidationError(message, hint="upgrade mastractl; nothing was changed")
    return uid


def _known(
    connections: Connections, statements: Statements, connection: Connection
) -> tuple[int, str] | None:
    """Format and uid of what is there; None if there are no tables, or not yet all of them.

    Raises StorageValidationError for tables of another program.
    """
    there = 0
    for table in reversed(statements.tables.all):
        columns = connections.dialect.columns(connection, statements.nothing_of(table))
        if columns is None:
            continue
        there += 1
        if table is statements.tables.head and "format" in columns and "uid" in columns:
            answer = connections.sent(connection, [statements.opening])[0]
            if len(answer) == 1 and int(answer[0][0]) > FORMAT:
                return int(answer[0][0]), str(answer[0][1])
        if columns != {column.name for column in table.c}:
            message = f"{table.name} at {connections.dialect.address.shown} is a table of another program"
            hint = "choose another prefix: ?prefix=... at the end of the URL; nothing was changed"
            raise errors.StorageValidationError(message, hint=hint)
    if there < len(statements.tables.all):
        return None
    answer = connections.sent(connection, [statements.opening])[0]
    return (int(answer[0][0]), str(answer[0][1])) if answer else None


def _make(connections: Connections, statements: Statements, connection: Connection) -> None:
    """Format 1."""
    first = statements.begin_head(os.urandom(16).hex())
    for parcel in connections.dialect.founding(statements, first):
        connections.sent(connection, parcel)


STEPS: tuple[Callable[[Connections, Statements, Connection], None], ...] = (_make,)
"""What leads from each format to the next; the first, from nothing to 1."""


def _nothing(connections: Connections) -> errors.StorageConnectionError:
    message = f"there is no store at {connections.dialect.address.shown}"
    return errors.StorageConnectionError(message, hint="a first write makes it; is the prefix right?")


def _headless(connections: Connections, statements: Statements) -> errors.StorageValidationError:
    name = statements.tables.head.name
    message = f"{name} at {connections.dialect.address.shown} has no row: the store is not whole"
    return errors.StorageValidationError(message, hint="restore all its tables from a backup")
