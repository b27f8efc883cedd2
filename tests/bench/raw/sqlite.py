"""SQLite by the standard library: WAL, FULL, one table, one upsert in autocommit mode."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path


class Raw:
    def __init__(self, path):
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE t (key TEXT PRIMARY KEY, value BLOB NOT NULL)")

    def put(self, key, value):
        self._connection.execute(
            "INSERT INTO t VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def get(self, key):
        row = self._connection.execute("SELECT value FROM t WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0])

    def list(self, prefix):
        rows = self._connection.execute(
            "SELECT value FROM t WHERE key >= ? AND key < ? ORDER BY key", (prefix, prefix + "\U0010ffff")
        ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def close(self):
        self._connection.close()


@contextlib.contextmanager
def opened(directory):
    raw = Raw(Path(directory) / "raw.db")
    try:
        yield f"sqlite:{Path(directory) / 'ours.db'}", raw
    finally:
        raw.close()
