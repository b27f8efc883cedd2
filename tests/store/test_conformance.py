from __future__ import annotations

from functools import partial
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines.filesystem import FileEngine
from mastractl.engines.memory import MemoryEngine
from mastractl.manifests import bundled
from mastractl.resources.adoption import adopt
from mastractl.testing.store_model import StoreMachine
from mastractl.testing.store_suite import StoreSuite

ADOPT = partial(adopt, kinds=bundled.kinds())


class TestStoreInMemory(StoreSuite):
    @pytest.fixture
    def engine(self, clock):
        engine = MemoryEngine(clock=clock)
        yield engine
        engine.close()


class TestStoreOfFiles(StoreSuite):
    @pytest.fixture
    def engine(self, clock, tmp_path):
        engine = FileEngine(tmp_path / "store", adopt=ADOPT, clock=clock)
        yield engine
        engine.close()


class MemoryMachine(StoreMachine):
    @classmethod
    def make(cls, clock, stack):
        engine = MemoryEngine(clock=clock)
        return lambda: engine


class FileMachine(StoreMachine):
    """Two handles on one directory, as two processes have."""

    @classmethod
    def make(cls, clock, stack):
        path = stack.enter_context(TemporaryDirectory())
        return lambda: FileEngine(path, adopt=ADOPT, clock=clock)


TestModelInMemory = MemoryMachine.TestCase
TestModelInMemory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestModelOfFiles = FileMachine.TestCase
TestModelOfFiles.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
