"""The promises of every engine, kept by etcd: the shipped suites, and random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.etcd import EtcdEngine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from tests.servers.base import shared
from tests.servers.etcd import QuickEtcd


class TestEtcd(EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def opened(self):
        opened = []
        yield opened
        for engine in opened:
            engine.close()

    @pytest.fixture
    def open_another(self, clock, opened):
        server = shared(QuickEtcd)
        url = server.url(server.new_store())

        def open_another():
            opened.append(EtcdEngine(url, clock=clock))
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


class EtcdMachine(EngineMachine):
    """Two handles on one prefix."""

    @classmethod
    def make(cls, clock, stack):
        server = shared(QuickEtcd)
        url = server.url(server.new_store())
        return lambda: EtcdEngine(url, clock=clock)


TestEtcdModel = EtcdMachine.TestCase
TestEtcdModel.settings = settings(max_examples=30, stateful_step_count=25)
