"""The promises of every engine, kept by libSQL: in a file, and on a server."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines.libsql import LibsqlEngine
from mastractl.engines.opening import open_engine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from tests.servers.base import shared
from tests.servers.hrana import Hrana


class Fixtures:
    @pytest.fixture
    def opened(self):
        opened = []
        yield opened
        for engine in opened:
            engine.close()

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


class TestLibsqlFile(Fixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def open_another(self, clock, tmp_path, opened):
        def open_another():
            opened.append(LibsqlEngine(tmp_path / "store.db", clock=clock))
            return opened[-1]

        return open_another

    @pytest.fixture
    def pusher(self, open_another):
        return open_another()


class TestLibsqlServer(Fixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite):
    @pytest.fixture
    def open_another(self, clock, opened):
        server = shared(Hrana)
        url = f"{server.url(server.new_store())}&poll=0.05"

        def open_another():
            opened.append(open_engine(url, clock=clock))
            return opened[-1]

        return open_another


class FileMachine(EngineMachine):
    @classmethod
    def make(cls, clock, stack):
        path = stack.enter_context(TemporaryDirectory())
        return lambda: LibsqlEngine(f"{path}/store.db", clock=clock)


class ServerMachine(EngineMachine):
    @classmethod
    def make(cls, clock, stack):
        server = shared(Hrana)
        url = server.url(server.new_store())
        return lambda: open_engine(url, clock=clock)


TestLibsqlFileModel = FileMachine.TestCase
TestLibsqlFileModel.settings = settings(max_examples=20, stateful_step_count=25)
TestLibsqlServerModel = ServerMachine.TestCase
TestLibsqlServerModel.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
