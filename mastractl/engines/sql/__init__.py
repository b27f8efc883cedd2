"""The engine of SQL databases: `sql:<SQLAlchemy's URL>?prefix=mastractl_&<parameters of the driver>`.

    sql:mysql://user:password@host:3306/database      MySQL and MariaDB, by pymysql (mariadb:// too)
    sql:postgresql://user:password@host/database      PostgreSQL, by psycopg
    sql:sqlite:///path/of/a/file                      SQLite

A store is three tables (`tables`) in a database that may hold others. A commit is one transaction that locks
the one row of the head first, so that revisions come without a gap and in the order of the commits;
then it reads where its keys stand, has `planning` say what changes, and writes that (`transactions`).
Nothing pushes: who waits looks at the head twice a second.

How long a connection, an answer and a lock may take is in `dialect`; parameters of the URL say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.sql import address as addresses
from mastractl.engines.sql.engine import SqlEngine

if TYPE_CHECKING:
    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt
    from mastractl.engines.sql.address import Address
    from mastractl.engines.sql.dialect import Dialect

__all__ = ["SqlEngine", "open_url"]


def open_url(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> SqlEngine:
    """The engine at a URL, its tables made if they are missing. `adopt` is for engines with external edits.

    Raises ConfigError for a URL that cannot be understood, or a driver that is not installed.
    """
    del adopt
    address = addresses.read(url)
    return SqlEngine(_dialect(address, read_only=read_only), clock=clock, read_only=read_only)


def _dialect(address: Address, *, read_only: bool) -> Dialect:
    """Only the driver that is asked for is imported."""
    try:
        if address.kind == addresses.MYSQL:
            from mastractl.engines.sql.mysql import MySQL  # noqa: PLC0415 - as said

            return MySQL(address)
        if address.kind == addresses.POSTGRESQL:
            from mastractl.engines.sql.postgres import PostgreSQL  # noqa: PLC0415 - as said

            return PostgreSQL(address)
    except ModuleNotFoundError as error:
        message = f"{address.shown} needs the package {error.name}, which is not installed"
        extra = "sql" if address.kind == addresses.MYSQL else "sql,postgres"
        raise errors.ConfigError(message, hint=f"pip install 'mastractl[{extra}]'") from error
    from mastractl.engines.sql.sqlite import SQLite  # noqa: PLC0415 - as said

    return SQLite(address, read_only=read_only)
