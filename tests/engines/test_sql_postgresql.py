"""The promises of every engine, kept by PostgreSQL through SQLAlchemy: the suites, and random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.opening import open_engine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, SharedSuite
from tests.engines.sql_stores import SqlFixtures, postgresql_url


class TestPostgres(SqlFixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite):
    @pytest.fixture
    def url(self):
        return postgresql_url()


class PostgresMachine(EngineMachine):
    """Two handles on one store."""

    @classmethod
    def make(cls, clock, stack):
        url = postgresql_url()
        return lambda: open_engine(url, clock=clock)


TestPostgresModel = PostgresMachine.TestCase
TestPostgresModel.settings = settings(max_examples=15, stateful_step_count=25)
