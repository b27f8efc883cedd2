"""The promises of every engine, kept by SQLite through SQLAlchemy: the suites, and random histories."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines.opening import open_engine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, SharedSuite
from tests.engines.sql_stores import SqlFixtures, sqlite_url


class TestSqlite(SqlFixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite):
    @pytest.fixture
    def url(self, tmp_path):
        return sqlite_url(tmp_path)


class SqliteMachine(EngineMachine):
    """Two handles on one store."""

    @classmethod
    def make(cls, clock, stack):
        url = sqlite_url(Path(stack.enter_context(TemporaryDirectory())))
        return lambda: open_engine(url, clock=clock)


TestSqliteModel = SqliteMachine.TestCase
TestSqliteModel.settings = settings(max_examples=15, stateful_step_count=25)
