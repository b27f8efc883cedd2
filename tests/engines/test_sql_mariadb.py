"""The promises of every engine, kept by MariaDB: the shipped suites, and random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.opening import open_engine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, SharedSuite
from tests.engines.sql_stores import SqlFixtures, mariadb_url


class TestMariaDB(SqlFixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite):
    @pytest.fixture
    def url(self):
        return mariadb_url()


class MariaDBMachine(EngineMachine):
    """Two handles on one store."""

    @classmethod
    def make(cls, clock, stack):
        url = mariadb_url()
        return lambda: open_engine(url, clock=clock)


TestMariaDBModel = MariaDBMachine.TestCase
TestMariaDBModel.settings = settings(max_examples=15, stateful_step_count=25)
