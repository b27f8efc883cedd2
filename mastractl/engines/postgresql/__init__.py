"""The engine `postgresql:`: a store is a schema of a PostgreSQL database, shared by whoever reaches it."""

from __future__ import annotations

from mastractl.engines.postgresql.engine import PostgresEngine, open_url

__all__ = ["PostgresEngine", "open_url"]
