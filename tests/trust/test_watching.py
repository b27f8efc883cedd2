"""Watches across processes that write, compact, die and come back: etcd's list of failures, and ours.

etcd: a delete lost at compaction (#18089, #19179), events lost by a slow watcher (#17529), events told
twice (#17247), a watch from a future revision (#20221), bookmarks ahead of events (#15220).
"""

from __future__ import annotations

import random
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.feed import watch
from mastractl.testing.engine_tests.foundation import document, fold, state_of
from mastractl.testing.ledgers import audit, read_ledgers
from tests.trust import follower, processes
from tests.trust.writer import HOME

END = HOME + follower.END


@pytest.fixture
def engine(place):
    engine = place.open()
    yield engine
    engine.close()


def told_by(notes):
    """What a follower was told in all its lives, and the bookmarks that it noted."""
    lines = follower.read(notes)
    return [tuple(change) for line in lines for change in line["told"]], lines


def logged(engine):
    return [(c.revision, c.key, c.type) for c in engine.changes(0, HOME, limit=0).changes]


def judge_bookmarks(lines, log):
    """No bookmark is ahead of an event, or goes back; no commit is told in two pieces."""
    told, before = 0, 0
    for line in lines:
        told += len(line["told"])
        assert line["revision"] > before, "a bookmark goes back"
        before = line["revision"]
        due = len([change for change in log if change[0] <= before])
        assert told == due, f"at {before} {due} changes were due, and {told} were told"


def test_watchers_that_are_killed_go_on_without_gap_or_repetition(place, engine, tmp_path):
    """Two watchers, of which one is killed again and again: both tell the one story, in its order."""
    journals = [tmp_path / f"w{n}.journal" for n in range(2)]
    notes = [tmp_path / "steady.notes", tmp_path / "killed.notes"]
    steady = processes.start_follower(place.url, notes[0], HOME, 2)
    writers = [processes.start_writer(place.url, journal, journal.stem, rest=0.002) for journal in journals]
    processes.ready(steady, *writers)
    processes.let_go(*writers)
    for number in range(1, 5):
        killed = processes.start_follower(place.url, notes[1], HOME, 5)
        processes.ready(killed)
        assert processes.kill_at(killed, notes[1], processes.lines_in(notes[1]) + 4 * number) == -9
    processes.kill(*writers)
    engine.commit([Put(END, document(0))], origin="end")
    last = processes.start_follower(place.url, notes[1], HOME, 5)
    processes.finish(steady, last)
    log = logged(engine)
    for note in notes:
        told, lines = told_by(note)
        assert told == log
        judge_bookmarks(lines, log)
    (end,) = engine.changes(engine.revision() - 1).changes
    assert end.key == END
    faults = audit(engine, read_ledgers(journals))
    assert [fault for fault in faults if "'end'" not in fault] == []


def overtaken(since, expired):
    """Whoever lost its place was where the log no longer is."""
    assert not isinstance(expired, errors.FutureRevision)
    assert since < expired.floor
    return 1


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_watch_while_another_process_compacts_closely(place, engine, tmp_path, limit):
    """Slow or quick, who lost its place is told so and lists again: what it knows then is always right."""
    journal = tmp_path / "w.journal"
    writer = processes.start_writer(place.url, journal, "w", commits=120, keys=4, keep=3)
    processes.ready(writer)
    processes.let_go(writer)
    dice, lost, state, since = random.Random(limit), 0, {}, 0
    while END not in state:
        if writer.poll() is not None and engine.get(END) is None:
            assert writer.returncode == 0
            engine.commit([Put(END, document(0))])
        try:
            with watch(engine, prefix=HOME, since=since, limit=limit) as feed:
                while END not in state:
                    news = feed.take(0.02)
                    if news is None and writer.poll() is not None:
                        break
                    fold(state, news.changes if news else ())
                    since = feed.revision
                    threading.Event().wait(dice.choice([0, 0, 0.01]))
        except errors.Expired as expired:
            lost += overtaken(since, expired)
            page = engine.range(HOME)
            state, since = {entry.key: entry for entry in page.entries}, page.revision
    processes.finish(writer)
    assert state == state_of(engine, HOME)
    assert lost or limit > 1, "the slowest was never overtaken: this tests nothing"
