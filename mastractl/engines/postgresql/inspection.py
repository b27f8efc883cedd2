"""What the server and its settings promise, and how much space a store takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl.engines.contract import Problem
from mastractl.engines.postgresql import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.postgresql.address import Address
    from mastractl.engines.postgresql.connections import Connection


class Promises(NamedTuple):
    """What a session's settings are, and where the server stands."""

    version: str
    database: str
    standby: bool
    read_only: bool
    synchronous_commit: str
    chosen: bool
    """Whether `synchronous_commit` was given with the connection, not by the server's own settings."""
    fsync: bool
    full_page_writes: bool
    permitted: bool
    """Whether the role may write to the tables."""

    @property
    def writable(self) -> bool:
        """Whether commits can be taken."""
        return self.permitted and not self.standby and not self.read_only

    @property
    def durable(self) -> bool:
        """Whether an acknowledged commit survives a power failure."""
        return self.synchronous_commit != "off" and self.fsync and self.full_page_writes

    def problems(self, address: Address) -> Iterator[Problem]:
        """What in the settings breaks the promise."""
        if self.synchronous_commit == "off":
            yield Problem(
                "",
                address.shown,
                "synchronous_commit is off: commits of the last moments are lost if the server crashes",
                "take it out of the URL's options"
                if self.chosen
                else f"ALTER DATABASE {address.database} SET synchronous_commit = on",
            )
        if not self.fsync:
            yield Problem(
                "",
                address.shown,
                "fsync is off: a power failure may destroy the whole database",
                "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()",
            )
        if not self.full_page_writes:
            yield Problem(
                "",
                address.shown,
                "full_page_writes is off: a power failure may leave torn pages",
                "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()",
            )

    def details(self, address: Address, size: str) -> tuple[tuple[str, str], ...]:
        """The facts for people."""
        return (
            ("server", f"PostgreSQL {self.version}"),
            ("role", "standby" if self.standby else "primary"),
            ("database", self.database),
            ("schema", address.schema),
            ("size", size),
            ("synchronous_commit", self.synchronous_commit),
            ("fsync", "on" if self.fsync else "off"),
            ("full_page_writes", "on" if self.full_page_writes else "off"),
        )


def promises(connection: Connection, address: Address) -> Promises:
    """What the settings are in this session. Raises psycopg's error if the tables are gone."""
    return Promises(*connection.run(statements.plain(_PROMISES, address.schema))[0])


def size(connection: Connection, address: Address) -> str:
    """The space that the tables and indexes take, in words."""
    return str(connection.run(_SIZE, {"schema": address.schema})[0][0])


_PROMISES = """
SELECT current_setting('server_version'), current_database()::text, pg_is_in_recovery(),
    current_setting('default_transaction_read_only') = 'on', current_setting('synchronous_commit'),
    (SELECT source = 'client' FROM pg_catalog.pg_settings WHERE name = 'synchronous_commit'),
    current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
    has_table_privilege(c.oid, 'UPDATE')
FROM pg_catalog.pg_class c WHERE c.oid = '{s}.head'::regclass
"""

_SIZE = """
SELECT pg_size_pretty(sum(pg_relation_size(c.oid) + coalesce(pg_relation_size(c.reltoastrelid), 0)))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'i')
"""
