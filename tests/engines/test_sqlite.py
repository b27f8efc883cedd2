"""The promises of every engine, kept by one SQLite file: the shipped suites, and random histories."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines.sqlite import SqliteEngine
from mastractl.testing.by_url import ByUrl
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite


class TestSqlite(ByUrl, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:{tmp_path / 'store.db'}"


class SqliteMachine(EngineMachine):
    """Two handles on one file."""

    @classmethod
    def make(cls, clock, stack):
        path = stack.enter_context(TemporaryDirectory())
        return lambda: SqliteEngine(f"{path}/store.db", clock=clock)


TestSqliteModel = SqliteMachine.TestCase
TestSqliteModel.settings = settings(max_examples=30, stateful_step_count=25)
