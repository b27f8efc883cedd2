"""What pymysql alone does at MariaDB: one table, each statement a transaction of its own."""

from __future__ import annotations

import json
from contextlib import contextmanager

from tests.servers.mariadb import MariaDB


class Raw:
    """An upsert, a look-up and a scan, over the same loopback, with the same durability."""

    def __init__(self, server):
        self._connection = server.connect(binary_prefix=True)
        self._cursor = self._connection.cursor()
        self._cursor.execute(
            "CREATE TABLE raw (name VARBINARY(1024) PRIMARY KEY, value LONGBLOB NOT NULL) ENGINE=InnoDB"
        )

    def put(self, key, value):
        self._cursor.execute(
            "INSERT INTO raw VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = VALUES(value)",
            (key.encode(), value),
        )

    def get(self, key):
        self._cursor.execute("SELECT value FROM raw WHERE name = %s", (key.encode(),))
        return json.loads(self._cursor.fetchone()[0])

    def list(self, prefix):
        self._cursor.execute(
            "SELECT name, value FROM raw WHERE name >= %s AND name < %s ORDER BY name",
            (prefix.encode(), prefix.encode() + b"\xff"),
        )
        return [json.loads(value) for _, value in self._cursor.fetchall()]

    def close(self):
        self._cursor.close()
        self._connection.close()


@contextmanager
def opened(directory):
    """The URL of a new store and a `Raw` beside it, on one server of their own with its data on the disk."""
    server = MariaDB(directory, in_memory=False).start()
    try:
        raw = Raw(server)
        try:
            yield server.url("bench"), raw
        finally:
            raw.close()
    finally:
        server.stop()
