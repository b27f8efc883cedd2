"""The three tables of a store, as SQLAlchemy knows them.

As in `mastractl.engines.sqllog`, the log is the store: a row is written once and never changed, its `id`
is `revision << 20 | seq`, and a value stands nowhere but in its row. `current` points at the row of each
living key, `prev` at the row that a row replaced. Unlike there, `head` counts the revisions: its one row
is what writers lock, and whoever holds it is alone. `compacted` is where the log begins; up to the row
`cleaned` what nobody can ask for any more has been removed.

Keys and origins are bytes in the database, so that they sort and compare as UTF-8 and nothing else,
whatever its collations are.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

from mastractl.engines.checks import MAX_KEY_BYTES

FORMAT = 1
"""The version of the tables. What brings older ones here stands in `founding`."""

SEQ_BITS = 20
MAX_COMMIT = 1 << SEQ_BITS
"""The most operations in one commit: their numbers share a 64-bit id with the revision."""

LAST_SEQ = MAX_COMMIT - 1


class Tables:
    """The tables under a prefix."""

    def __init__(self, prefix: str) -> None:
        self._metadata = MetaData()
        # 1024 bytes and an id are well within the 3072 that an index of InnoDB may have.
        key = LargeBinary().with_variant(mysql.VARBINARY(MAX_KEY_BYTES), "mysql")
        blob = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")
        self.log = self._table(
            f"{prefix}log",
            Column("id", BigInteger, primary_key=True, autoincrement=False),
            Column("key", key, nullable=False),
            Column("prev", BigInteger),
            Column("created_rev", BigInteger, nullable=False),
            Column("created_at", Double, nullable=False),
            Column("expires_at", Double),
            Column("at", Double, nullable=False),
            Column("origin", blob, nullable=False),
            Column("value", blob),
            # Unique by nature. Stated so, an index is made with its table and not after it.
            UniqueConstraint("key", "id", name=f"{prefix}log_key"),
        )
        self.current = self._table(
            f"{prefix}current",
            Column("key", key, primary_key=True),
            Column("id", BigInteger, nullable=False),
            Column("expires_at", Double),
            UniqueConstraint("expires_at", "key", name=f"{prefix}current_due"),
        )
        self.head = self._table(
            f"{prefix}head",
            Column("one", Integer, primary_key=True, autoincrement=False),
            Column("format", Integer, nullable=False),
            Column("uid", String(32), nullable=False),
            Column("revision", BigInteger, nullable=False),
            Column("compacted", BigInteger, nullable=False),
            Column("cleaned", BigInteger, nullable=False),
        )
        self.all = (self.log, self.current, self.head)
        """In the order in which they are made: the head is last, and its row comes after it."""

    def _table(self, name: str, *parts: Any) -> Table:
        return Table(name, self._metadata, *parts, mysql_engine="InnoDB", mysql_row_format="DYNAMIC")
