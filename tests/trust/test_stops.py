"""A client that stops in mid-commit and does not die: its machine sleeps, or nobody can reach it any more."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

from mastractl.testing.ledgers import Ledger, audit, read_ledgers
from tests.trust import processes
from tests.trust.stores import REMOTE

KINDS = REMOTE

ENOUGH = 25
"""Seconds. A server that waits for such a client waits for hours, unless it was told not to."""


def test_others_go_on_though_a_client_stops_in_mid_commit(place, tmp_path):
    journals, dice = [tmp_path / "stopped.journal", tmp_path / "other.journal"], random.Random(3)
    writer = processes.start_writer(place.url, journals[0], "stopped")
    processes.ready(writer)
    processes.let_go(writer)
    engine = place.open()
    ledger = Ledger(engine, "other", journals[1])
    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            enough = processes.lines_in(journals[0]) + 3
            processes.until(lambda enough=enough: processes.lines_in(journals[0]) >= enough, writer)
            time.sleep(dice.uniform(0, 0.003))
            with processes.stopped(writer):
                line = pool.submit(ledger.commit, ["rec/run/k0"]).result(ENOUGH)
            assert line.outcome == "done", line
    before = processes.lines_in(journals[0])
    processes.until(lambda: processes.lines_in(journals[0]) >= before + 10, writer)
    assert writer.poll() is None, "it did not go on"
    processes.kill(writer)
    assert audit(engine, read_ledgers(journals)) == []
    engine.close()
