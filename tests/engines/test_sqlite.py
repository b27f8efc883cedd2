"""The promises of every engine, kept by one SQLite file: the shipped suites, and random histories."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines.sqlite import SqliteEngine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite


class TestSqlite(EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def opened(self):
        opened = []
        yield opened
        for engine in opened:
            engine.close()

    @pytest.fixture
    def open_another(self, clock, tmp_path, opened):
        def open_another():
            opened.append(SqliteEngine(tmp_path / "store.db", clock=clock))
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
    def pusher(self, open_another):
        return open_another()


class SqliteMachine(EngineMachine):
    """Two handles on one file."""

    @classmethod
    def make(cls, clock, stack):
        path = stack.enter_context(TemporaryDirectory())
        return lambda: SqliteEngine(f"{path}/store.db", clock=clock)


TestSqliteModel = SqliteMachine.TestCase
TestSqliteModel.settings = settings(max_examples=30, stateful_step_count=25)
