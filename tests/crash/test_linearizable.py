"""What several processes saw of one store, some of which were killed, could have happened step by step."""

from __future__ import annotations

import pytest

from mastractl.engines.filesystem import FileEngine
from mastractl.testing.linearizability import violation
from tests.trust.races import history_of


def judge(directory, **how):
    history = history_of(directory / "store", directory, **how)
    found = violation(history)
    assert found is None, str(found)
    kinds = {(operation.kind, operation.returned is None) for operation in history}
    assert {("read", False), ("swap", False), ("write", False)} <= kinds
    engine = FileEngine(directory / "store")
    told = engine.changes(0, limit=0).changes
    engine.close()
    assert [change.revision for change in told] == list(range(1, len(told) + 1))
    return len(history)


def test_racing_processes_see_one_register_to_a_key(tmp_path):
    judge(tmp_path, processes=3, steps=60, kills=0, seed=1)


def test_racing_processes_of_which_some_are_killed(tmp_path):
    judge(tmp_path, processes=4, steps=60, kills=2, seed=2)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_many_races(tmp_path):
    for seed in range(20):
        directory = tmp_path / str(seed)
        directory.mkdir()
        judge(directory, processes=3 + seed % 3, steps=80, kills=seed % 3, seed=seed)
