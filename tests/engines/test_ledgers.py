"""The audit finds every way in which a store may deceive its writers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.ledgers import Ledger, audit, read_ledgers

A, B = "rec/run/a", "rec/run/b"


class Altered(MemoryEngine):
    """An engine that commits something else than it was asked, and says what it was told to say."""

    alter = staticmethod(lambda commit, ops, origin: commit(ops, origin=origin))

    def commit(self, ops, *, origin=""):
        return self.alter(super().commit, ops, origin)


def forgets(commit, ops, origin):
    return commit([], origin=origin)._replace(revision=1, changes=(None,))


def tears(commit, ops, origin):
    return commit(ops[:1], origin=origin)


def repeats(commit, ops, origin):
    commit(ops[:1], origin=origin)
    return commit(ops, origin=origin)


def writes_and_fails(commit, ops, origin):
    commit(ops, origin=origin)
    raise errors.Unavailable("try again")


def writes_and_conflicts(commit, ops, origin):
    commit(ops, origin=origin)
    raise errors.Conflict("it was my own")


def misnumbers(commit, ops, origin):
    made = commit(ops, origin=origin)
    return made._replace(revision=made.revision + 1)


def alters(commit, ops, origin):
    return commit([op._replace(value=b"{}") for op in ops], origin=origin)


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        (forgets, "acknowledged at 1, and is at None"),
        (tears, "torn"),
        (repeats, "twice"),
        (writes_and_fails, "in the log"),
        (writes_and_conflicts, "in the log"),
        (misnumbers, "acknowledged at 2, and is at 1"),
        (alters, "torn"),
    ],
)
def test_a_deception_is_found(how, fault):
    engine = Altered()
    engine.alter = how
    ledger = Ledger(engine, "w")
    ledger.commit([A, B])
    assert fault in " ".join(audit(engine, ledger.lines))


def test_an_honest_store_is_found_honest():
    engine = MemoryEngine()
    ledger = Ledger(engine, "w")
    for puts, deletes in (([A, B], []), ([A], [B]), ([], [B]), ([B], [A])):
        assert ledger.commit(puts, deletes).outcome == "done"
    assert audit(engine, ledger.lines) == []
    assert [line.revision for line in ledger.lines] == [1, 2, 2, 3]


@pytest.mark.parametrize("written", [True, False])
def test_an_unknown_outcome_may_be_either(written):
    def loses(commit, ops, origin):
        if written:
            commit(ops, origin=origin)
        raise errors.UnknownOutcome("who knows")

    engine = Altered()
    engine.alter = loses
    ledger = Ledger(engine, "w")
    assert ledger.commit([A, B]).outcome == "unknown"
    assert audit(engine, ledger.lines) == []


def test_what_nobody_asked_for_is_found():
    engine = MemoryEngine()
    engine.commit([Put(A, b"{}")], origin="stranger")
    assert "stranger" in audit(engine, [])[0]


class Gapped(MemoryEngine):
    """Its log has lost a commit."""

    def changes(self, since, prefix="", *, limit=1000):
        stretch = super().changes(since, prefix, limit=limit)
        return stretch._replace(changes=tuple(c for c in stretch.changes if c.revision != 2))


def test_a_gap_is_found_and_what_it_hides():
    engine = Gapped()
    ledger = Ledger(engine, "w")
    for _ in range(3):
        ledger.commit([A])
    told = " ".join(audit(engine, ledger.lines))
    assert "revision 3 comes after 1" in told
    assert "does not follow on" in told


def test_a_closed_store_is_no_outcome():
    engine = MemoryEngine()
    engine.close()
    with pytest.raises(errors.StorageClosed):
        Ledger(engine, "w").commit([A])


WRITER = """
import os, sys
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.ledgers import Ledger

class Dies(MemoryEngine):
    def commit(self, ops, *, origin=""):
        if origin == "w-2":
            os._exit(9)
        return super().commit(ops, origin=origin)

ledger = Ledger(Dies(), "w", sys.argv[1])
while True:
    ledger.commit(["rec/run/a", "rec/run/b"], ["rec/run/c"])
"""


def test_a_ledger_outlives_its_writer(tmp_path):
    journal = tmp_path / "journal"
    assert subprocess.run([sys.executable, "-c", WRITER, journal], check=False).returncode == 9
    with journal.open("a") as cut_off:
        cut_off.write('{"name": "w-3"')
    first, second, last = read_ledgers([journal])
    assert (first.name, first.outcome, first.revision, first.changes) == ("w-0", "done", 1, 2)
    assert second == replace(first, name="w-1", revision=2)
    assert last == replace(first, name="w-2", outcome="unknown", revision=0, changes=0)
    assert len([json.loads(line) for line in journal.read_text().splitlines()[:-1]]) == 5
