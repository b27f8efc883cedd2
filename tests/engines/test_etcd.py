"""The promises of every engine, kept by etcd: the shipped suites, and random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.etcd import EtcdEngine
from mastractl.testing.by_url import ByUrl
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from tests.servers.base import shared
from tests.servers.etcd import QuickEtcd


class TestEtcd(ByUrl, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def url(self):
        server = shared(QuickEtcd)
        return server.url(server.new_store())


class EtcdMachine(EngineMachine):
    """Two handles on one prefix."""

    @classmethod
    def make(cls, clock, stack):
        server = shared(QuickEtcd)
        url = server.url(server.new_store())
        return lambda: EtcdEngine(url, clock=clock)


TestEtcdModel = EtcdMachine.TestCase
TestEtcdModel.settings = settings(max_examples=30, stateful_step_count=25)
