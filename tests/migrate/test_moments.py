"""A store as it stood at one revision, read in pages while others write; sums; the clock of a replay."""

from __future__ import annotations

import random
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines.contract import Delete, Entry, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.opening import open_engine
from mastractl.migrate import aging, moments
from mastractl.migrate.replayclock import BEGINNING, Dues, ReplayClock
from mastractl.testing.clocks import FakeClock


@given(seed=st.integers(0, 10**6), pages=st.integers(1, 9), back=st.integers(0, 20))
def test_each_entry_that_stood_comes_once_whoever_writes_meanwhile(seed, pages, back):
    seeded = random.Random(seed)
    clock = FakeClock()
    engine = MemoryEngine(clock=clock)
    keys = [f"k/{n:02}" for n in range(30)]

    def write():
        ops = [
            Delete(key)
            if seeded.random() < 0.4
            else Put(key, b"%d" % seeded.randint(0, 99), expires_at=seeded.choice([None, clock.now() + 9]))
            for key in seeded.sample(keys, 3)
        ]
        engine.commit(ops)
        clock.advance(seeded.random())

    states = {}
    for _ in range(25):
        write()
        states[engine.revision()] = {e.key: e for e in engine.range("").entries}
    revision = sorted(states)[-1 - back]

    class Restless:
        def range(self, prefix, *, limit, after):
            write()
            return engine.range(prefix, limit=pages, after=after)

        def changes(self, since, *, limit):
            write()
            return engine.changes(since, limit=1)

    found = list(moments.standing(Restless(), revision))
    assert {e.key: e for e in found} == states[revision]
    assert len(found) == len(states[revision])


def test_a_revision_that_is_forgotten_is_refused():
    engine = MemoryEngine()
    engine.commit([Put("a/x", b"{}")])
    engine.commit([Put("a/x", b"[]")])
    engine.compact(2)
    with pytest.raises(errors.Expired):
        list(moments.log(engine, 1, upto=2))


def entry(key, value=b"{}", expires_at=None):
    return Entry(key, value, 1, 1, 0.0, expires_at)


def test_a_tally_knows_no_order_but_every_difference():
    some = [entry("a/x"), entry("a/y", b"1"), entry("a/z", expires_at=5.0)]
    tally = moments.tally(some)
    assert moments.tally(reversed(some)) == tally
    assert len(tally.digest) == 64
    others = [
        [*some[:2]],
        [*some, some[0]],
        [entry("a/x", b"1"), entry("a/y"), some[2]],
        [*some[:2], entry("a/z", expires_at=6.0)],
        [*some[:2], entry("a/z")],
    ]
    for other in others:
        assert moments.tally(other) != tally
    assert (
        moments.tally(some, without={"a/z"}) == moments.tally(some, alive_at=5.0) == moments.tally(some[:2])
    )


def test_the_clock_shows_what_it_is_set_to_until_it_is_released():
    present = FakeClock(1000.0)
    clock = ReplayClock(present)
    assert clock.now() == BEGINNING
    clock.set(7.0)
    assert (clock.now(), clock.present()) == (7.0, 1000.0)
    clock.release()
    present.advance(1)
    assert clock.now() == 1001.0


def test_the_moment_before_something_expires():
    dues = Dues()
    assert dues.before_next(5.0) == 5.0
    dues.stands(entry("a/x", expires_at=4.0))
    dues.stands(entry("a/y", expires_at=3.0))
    assert 2.99 < dues.before_next(5.0) < 3.0
    dues.stands(entry("a/y", expires_at=9.0))
    assert 3.99 < dues.before_next(5.0) < 4.0
    assert dues.latest(["a/x", "a/y"]) == 9.0
    assert dues.latest(["a/x", "a/z"]) == inf
    dues.gone("a/x")
    dues.stands(entry("a/y"))
    assert dues.before_next(5.0) == 5.0


def test_the_last_revision_before_a_time():
    clock = FakeClock(100.0)
    engine = MemoryEngine(clock=clock)
    for number in range(5):
        engine.commit([Put("a/x", b"%d" % number)])
        clock.advance(10)
    assert [aging.last_before(engine, time) for time in (0, 100, 101, 125, 1000)] == [0, 0, 1, 3, 5]
    engine.compact(2)
    assert aging.last_before(engine, 0) == 2


def test_a_store_that_keeps_no_log_is_not_taken_for_an_empty_one(tmp_path):
    file = tmp_path / "agent" / "default" / "a.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"a":1}')
    engine = open_engine(f"file:{tmp_path}", read_only=True)
    with pytest.raises(errors.StorageValidationError, match="it keeps no log"):
        list(moments.standing(engine, engine.revision()))
    engine.close()
