"""The promises of every engine, kept by a Redis: the shipped suites, and random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.opening import open_engine
from mastractl.testing.by_url import ByUrl
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from tests.servers.base import shared
from tests.servers.valkey import Valkey


class RedisFixtures(ByUrl):
    @pytest.fixture
    def server(self):
        return shared(Valkey)

    @pytest.fixture
    def url(self, server):
        return server.url(server.new_store())


class TestRedis(RedisFixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    """On one server."""


class RedisMachine(EngineMachine):
    """Two handles on one store."""

    @classmethod
    def make(cls, clock, stack):
        server = shared(Valkey)
        url = server.url(server.new_store())
        return lambda: open_engine(url, clock=clock)


TestRedisModel = RedisMachine.TestCase
TestRedisModel.settings = settings(max_examples=30, stateful_step_count=25)
