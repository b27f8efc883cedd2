"""Stores of the engine `sql:`, and the fixtures by which it is put through the shipped suites."""

from __future__ import annotations

import pytest

from mastractl.testing.by_url import ByUrl
from mastractl.testing.clocks import FakeClock
from tests.servers.base import shared
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import Postgres


class SqlFixtures(ByUrl):
    """For a class with a fixture `url`: a new and empty store."""

    @pytest.fixture
    def clock(self):
        return FakeClock()


def mariadb_url():
    """A new store at the shared MariaDB."""
    server = shared(MariaDB)
    return server.url(server.new_store())


def postgresql_url():
    """A new store at the shared PostgreSQL, by way of SQLAlchemy."""
    server = shared(Postgres)
    return f"sql:postgresql://postgres@127.0.0.1:{server.port}/postgres?prefix={server.new_store()}_"


def sqlite_url(directory):
    """A new store in a file."""
    return f"sql:sqlite:///{directory / 'store.db'}"
