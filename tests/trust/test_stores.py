"""Resources over every engine: ownership, apply sets, pruning, watches, as they are over files."""

from __future__ import annotations

import pytest

from mastractl.testing.store_suite import StoreSuite
from tests.trust import stores

KINDS = [kind for kind in stores.STORES if kind.name in {"sqlite", "postgresql", "redis", "etcd", "sql"}]
"""Files are in `tests/store`; libSQL's engine is SQLite's, with another driver beneath."""


class TestStore(StoreSuite):
    @pytest.fixture
    def engine(self, place, clock):
        engine = place.open(clock=clock)
        yield engine
        engine.close()
