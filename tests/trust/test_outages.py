"""Durable servers, killed with -9 and restarted: what was acknowledged is there, and watches go on."""

from __future__ import annotations

import pytest

from tests.trust import outages
from tests.trust.stores import REMOTE

KINDS = REMOTE


@pytest.mark.parametrize("hard", [False, True], ids=["gently", "kill -9"])
def test_processes_outlive_the_restarts_of_their_server(place, tmp_path, hard):
    verdict = outages.survive(place, tmp_path, outages=3, hard=hard)
    assert verdict.faults == []
    assert verdict.acknowledged > 9


@pytest.mark.soak
def test_processes_outlive_many_kills_of_their_server(place, tmp_path):
    verdict = outages.survive(place, tmp_path, outages=12, hard=True, seed=2)
    assert verdict.faults == []
    assert verdict.acknowledged > 36
