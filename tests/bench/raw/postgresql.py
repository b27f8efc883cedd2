"""What psycopg alone does: one table, prepared statements, each a transaction of its own."""

from __future__ import annotations

import json
from contextlib import contextmanager

from tests.servers.postgresql import Postgres


class Raw:
    """An upsert, a look-up and a scan, over the same socket, with the same durability."""

    def __init__(self, server):
        self._connection = server.connect(host="127.0.0.1")
        self._connection.execute('CREATE TABLE raw (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL)')
        self._cursor = self._connection.cursor(binary=True)

    def put(self, key, value):
        self._cursor.execute(
            "INSERT INTO raw VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
            prepare=True,
        )

    def get(self, key):
        found = self._cursor.execute("SELECT value FROM raw WHERE key = %s", (key,), prepare=True).fetchone()
        return json.loads(found[0])

    def list(self, prefix):
        rows = self._cursor.execute(
            "SELECT key, value FROM raw WHERE key >= %s AND key < %s ORDER BY key",
            (prefix, prefix + "\U0010ffff"),
            prepare=True,
        ).fetchall()
        return [json.loads(value) for _, value in rows]

    def close(self):
        self._connection.close()


@contextmanager
def opened(directory):
    """The URL of a new store and a `Raw` beside it, on one server of their own with its data on the disk."""
    server = Postgres(directory, in_memory=False).start()
    try:
        raw = Raw(server)
        try:
            yield server.url("bench"), raw
        finally:
            raw.close()
    finally:
        server.stop()
