"""Processes that write to a store and watch it while its server is ended and started again and again."""

from __future__ import annotations

import random
from typing import NamedTuple

from mastractl.engines.contract import Put
from mastractl.testing.engine_tests.foundation import document
from mastractl.testing.ledgers import audit, read_ledgers
from tests.trust import follower, processes
from tests.trust.writer import HOME


class Verdict(NamedTuple):
    """What came of it."""

    outages: int
    acknowledged: int
    unknown: int
    faults: list[str]


def survive(place, directory, *, outages, hard, seed=1, writers=3):
    """End the server so many times, with kill -9 if `hard`, while some processes write and one watches."""
    dice = random.Random(seed)
    journals = [directory / f"outage-{seed}-{n}.journal" for n in range(writers)]
    notes = directory / f"outage-{seed}.notes"
    watching = processes.start_follower(place.url, notes, HOME, 4)
    writing = [processes.start_writer(place.url, path, path.stem, rest=0.002) for path in journals]
    processes.ready(watching, *writing)
    processes.let_go(*writing)
    for _ in range(outages):
        for process, journal in zip(writing, journals, strict=True):
            more = processes.lines_in(journal) + dice.randint(4, 20)
            processes.until(lambda path=journal, enough=more: processes.lines_in(path) >= enough, process)
            assert process.poll() is None, "a writer gave up"
        place.server.restart(hard=hard)
    for process, journal in zip(writing, journals, strict=True):
        done = acknowledged([journal])
        processes.until(lambda path=journal, before=done: acknowledged([path]) > before, process)
    processes.kill(*writing)
    return verdict(place, journals, notes, watching, outages)


def verdict(place, journals, notes, watching, outages):
    engine = place.open()
    try:
        faults = audit(engine, read_ledgers(journals))
        engine.commit([Put(HOME + follower.END, document(0))])
        processes.finish(watching)
        log = [[c.revision, c.key, c.type] for c in engine.changes(0, HOME, limit=0).changes]
        told = [change for line in follower.read(notes) for change in line["told"]]
        if told != log:
            missed = [change for change in log if change not in told]
            false = [change for change in told if change not in log]
            faults.append(f"the watcher was told of {false}, which are not there, and not of {missed}")
    finally:
        engine.close()
    outcomes = [line.outcome for line in read_ledgers(journals)]
    return Verdict(outages, outcomes.count("done"), outcomes.count("unknown"), faults)


def acknowledged(journals):
    return len([line for line in read_ledgers(journals) if line.outcome == "done"])
