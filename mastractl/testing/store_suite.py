"""The conformance suite of stores: `StateStore` keeps its promises over an engine.

A store is written once, so what this shows is that an engine carries it. Inherit, and give the engine:

    class TestMyStore(StoreSuite):
        @pytest.fixture
        def engine(self, tmp_path):
            engine = MyEngine(tmp_path)
            yield engine
            engine.close()

`StoreMachine` in `mastractl.testing.store_model` is the other half: random histories of two writers.
"""

from __future__ import annotations

from mastractl.testing.store_tests.applying import ApplyingTests
from mastractl.testing.store_tests.defining import DefiningTests
from mastractl.testing.store_tests.deleting import DeletingTests
from mastractl.testing.store_tests.history import HistoryTests
from mastractl.testing.store_tests.kinds import KindsTests
from mastractl.testing.store_tests.modifying import ModifyingTests
from mastractl.testing.store_tests.owning import OwningTests
from mastractl.testing.store_tests.pruning import PruningTests
from mastractl.testing.store_tests.reading import ReadingTests
from mastractl.testing.store_tests.watching import WatchingTests
from mastractl.testing.store_tests.writing import WritingTests

__all__ = ["StoreSuite"]


class StoreSuite(
    ReadingTests,
    WritingTests,
    ApplyingTests,
    OwningTests,
    PruningTests,
    ModifyingTests,
    DeletingTests,
    KindsTests,
    DefiningTests,
    WatchingTests,
    HistoryTests,
):
    """What a store promises over every engine."""
