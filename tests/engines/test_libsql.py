"""The promises of every engine, kept by libSQL: in a file, and on a server."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines.libsql import LibsqlEngine
from mastractl.engines.opening import open_engine
from mastractl.testing.by_url import ByUrl
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from tests.servers.base import shared
from tests.servers.hrana import Hrana


class TestLibsqlFile(ByUrl, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def url(self, tmp_path):
        return f"libsql:{tmp_path / 'store.db'}"


class TestLibsqlServer(ByUrl, EngineSuite, DurableSuite, SharedSuite, ExpirySuite):
    @pytest.fixture
    def url(self):
        server = shared(Hrana)
        return f"{server.url(server.new_store())}&poll=0.05"


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
