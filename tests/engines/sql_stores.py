"""Stores of the engine `sql:`, and the fixtures by which it is put through the shipped suites."""

from __future__ import annotations

import pytest

from mastractl.engines.opening import open_engine
from mastractl.testing.clocks import FakeClock
from tests.servers.base import shared
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import Postgres


class SqlFixtures:
    """For a class with a fixture `url`: a new and empty store."""

    @pytest.fixture
    def opened(self):
        opened = []
        yield opened
        for engine in opened:
            engine.close()

    @pytest.fixture
    def open_another(self, clock, url, opened):
        def open_another():
            opened.append(open_engine(url, clock=clock))
            return opened[-1]

        return open_another

    @pytest.fixture
    def engine(self, open_another):
        return open_another()

    @pytest.fixture
    def reopen(self, opened, open_another):
        def reopen():
            for engine in opened:
                engine.close()
            return open_another()

        return reopen

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
