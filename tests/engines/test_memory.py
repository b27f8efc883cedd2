from __future__ import annotations

import pytest
from hypothesis import settings

from mastractl.engines.memory import MemoryEngine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import EngineSuite, ExpirySuite, PushSuite


class TestMemoryEngine(EngineSuite, ExpirySuite, PushSuite):
    @pytest.fixture
    def engine(self, clock):
        engine = MemoryEngine(clock=clock)
        yield engine
        engine.close()


class MemoryMachine(EngineMachine):
    """The model beside itself: what it shows is that the machine and the suite agree on the contract."""

    @classmethod
    def make(cls, clock, stack):
        return lambda: MemoryEngine(clock=clock)


TestMemoryModel = MemoryMachine.TestCase
TestMemoryModel.settings = settings(max_examples=50, stateful_step_count=30)
