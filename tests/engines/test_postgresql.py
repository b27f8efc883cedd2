"""The promises of every engine, kept by PostgreSQL: the shipped suites, and random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.postgresql import PostgresEngine
from mastractl.testing.by_url import ByUrl
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from tests.servers.base import shared
from tests.servers.postgresql import Postgres


class TestPostgres(ByUrl, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def url(self):
        server = shared(Postgres)
        return server.url(server.new_store())


class TestThroughAPooler(ByUrl, EngineSuite, DurableSuite, SharedSuite, ExpirySuite):
    """Without prepared statements, session settings and listening; with a name that has to be quoted."""

    @pytest.fixture
    def url(self):
        server = shared(Postgres)
        return server.url(f'{server.new_store()} 100%25 "Küche"') + "&pooled=1"


class PostgresMachine(EngineMachine):
    """Two handles on one schema."""

    @classmethod
    def make(cls, clock, stack):
        server = shared(Postgres)
        url = server.url(server.new_store())
        return lambda: PostgresEngine(url, clock=clock)


TestPostgresModel = PostgresMachine.TestCase
TestPostgresModel.settings = settings(max_examples=30, stateful_step_count=25)
