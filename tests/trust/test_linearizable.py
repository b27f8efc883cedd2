"""What real processes saw of a store, some of them killed with -9, could have happened step by step."""

from __future__ import annotations

import pytest

from tests.trust import races

KEYS = ("res/agent/default/x", "rec/run/y", "rec/run/z")


def judge(place, directory, **how):
    history = races.history_of(place.url, directory, keys=KEYS, **how)
    engine = place.open()
    assert races.faults(engine, history) == []
    engine.close()
    kinds = {(operation.kind, operation.returned is None) for operation in history}
    assert {("read", False), ("swap", False), ("write", False)} <= kinds


def test_racing_processes_see_one_register_to_a_key(place, tmp_path):
    judge(place, tmp_path, processes=3, steps=60, kills=0, seed=1)


def test_racing_processes_of_which_some_are_killed(place, tmp_path):
    judge(place, tmp_path, processes=4, steps=50, kills=2, seed=2)


@pytest.mark.soak
def test_many_races(place, tmp_path):
    for seed in range(3, 9):
        judge(place, tmp_path, processes=3 + seed % 2, steps=60, kills=seed % 3, seed=seed)
        place = place.kind.new(tmp_path)
