"""Any store into any other: with its history or without, again and again, interrupted, and under writers."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines.contract import EXPIRED, Delete, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.migrate.copying import How, copy, plan
from mastractl.migrate.marker import unfinished
from mastractl.migrate.replayclock import ReplayClock
from mastractl.testing.clocks import FakeClock
from tests.migrate.conftest import ENGINES, history_of, lived, state_of

ENDLESS = 4e9
"""A time that tests do not reach."""


def put(key, number=1):
    return Put(key, b'{"n":%d}' % number)


class Interrupted(Exception):
    """What a test stops a copy with."""


class Stopping:
    """An engine that stops its caller before, or after, its so many-th commit."""

    def __init__(self, engine, *, after, done=False):
        self._engine = engine
        self._left = after
        self._done = done

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def commit(self, ops, *, origin=""):
        self._left -= 1
        if self._left == 0 and not self._done:
            raise Interrupted
        made = self._engine.commit(ops, origin=origin)
        if self._left == 0:
            raise Interrupted
        return made


@pytest.mark.parametrize("first", ENGINES)
@pytest.mark.parametrize("second", ENGINES)
def test_history_and_state_come_over_from_any_engine_to_any_other(
    stores, clock, replay, live, seen, first, second
):
    source = live(stores.new(first, clock=clock), clock, compact_at=20)
    destination = stores.new(second, clock=replay)
    done = copy(source, destination, replay)
    assert done.revision == source.revision()
    replay.set(clock.now())
    assert seen.state(destination) == seen.state(source)
    assert seen.history(destination) == seen.history(source)
    assert [c[0] for c in seen.history(source)].count(EXPIRED) > 0
    assert done.tally.entries == len(seen.state(source))
    assert not unfinished(destination)


@pytest.mark.parametrize("second", ENGINES)
def test_without_history_only_what_stands_comes(stores, clock, replay, live, seen, second):
    source = live(stores.new(clock=clock), clock)
    destination = stores.new(second, clock=replay)
    done = copy(source, destination, replay, How(history=False))
    replay.set(clock.now())
    assert seen.state(destination) == seen.state(source)
    assert seen.history(destination) == []
    assert done.counts.entries == len(seen.state(source))
    assert done.counts.commits == 0


def test_a_source_that_was_never_compacted_leaves_nothing_forgotten(stores, clock, replay, live):
    destination = stores.new(clock=replay)
    copy(live(stores.new(clock=clock), clock), destination, replay)
    assert destination.health().compacted == 0


def test_what_expires_after_the_copy_expires_in_it(stores, clock):
    source = stores.new(clock=clock)
    source.commit(
        [Put("s/short", b"{}", expires_at=clock.now() + 10), Put("s/long", b"{}", expires_at=ENDLESS)]
    )
    replay = ReplayClock(clock)
    destination = stores.new(clock=replay)
    copy(source, destination, replay)
    replay.set(clock.now() + 11)
    assert list(state_of(destination)) == ["s/long"]


def test_an_empty_store_is_copied(stores, clock, replay):
    done = copy(stores.new(clock=clock), stores.new(clock=replay), replay)
    assert done.tally.entries == 0


def test_copying_again_finds_that_all_of_it_is_there(stores, clock, replay, live):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    copy(source, destination, replay)
    before = destination.revision()
    assert copy(source, destination, replay).same
    assert destination.revision() == before


def test_a_destination_with_something_else_in_it_is_refused_and_replaced_only_on_request(
    stores, clock, replay, live, seen
):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    destination.commit([put("other/thing"), Put("other/due", b"{}", expires_at=clock.now() - 1)])
    with pytest.raises(errors.Conflict, match="2 entries of its own") as raised:
        copy(source, destination, replay)
    assert "--replace" in raised.value.hint
    assert len(destination.range("other/").entries) == 2
    copy(source, destination, replay, How(replace=True))
    replay.set(clock.now())
    assert seen.state(destination) == seen.state(source)
    assert seen.history(destination) == seen.history(source)


def test_a_store_is_not_copied_into_itself(stores, replay):
    engine = stores.new()
    with pytest.raises(errors.BadRequest, match="same store"):
        copy(engine, engine, replay)


def test_a_destination_that_cannot_be_written_is_refused(stores, clock, replay, live):
    url = stores.url("file")
    from mastractl.engines.opening import open_engine

    open_engine(url).close()
    destination = stores.keep(open_engine(url, read_only=True, clock=replay))
    with pytest.raises(errors.Forbidden, match="cannot be written"):
        copy(live(stores.new(clock=clock), clock), destination, replay)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("how", [How(), How(history=False), How(replace=True), How(split=True)])
def test_interrupted_at_any_commit_it_goes_on_and_does_nothing_twice(stores, clock, seen, live, how, done):
    source = live(stores.new(clock=clock), clock, steps=25, compact_at=8)
    source.commit([put(f"many/{n}") for n in range(9)], origin="large")
    for after in range(1, 200):
        replay = ReplayClock(clock)
        limit = 4 if how.split else 0
        destination = stores.new(clock=replay, max_commit=limit)
        if how.replace:
            destination.commit([put("other/a"), put("other/b")])
        try:
            copy(source, Stopping(destination, after=after, done=done), replay, how)
        except Interrupted:
            assert copy(source, destination, replay, how).revision == source.revision()
        else:
            break
        replay.set(clock.now())
        assert seen.state(destination) == seen.state(source)
        if how.history is None and not how.split:
            assert seen.history(destination) == seen.history(source)
    assert after > 3


def test_a_copy_left_open_is_finished_by_a_later_one(stores, clock, replay, live, seen):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    copy(source, destination, replay, How(leave_open=True))
    assert [m.source for m in unfinished(destination)] == [source.identity]
    live(source, clock, seed=2)
    done = copy(source, destination, replay)
    assert done.went_on
    assert 0 < done.counts.commits < source.revision()
    replay.set(clock.now())
    assert seen.history(destination) == seen.history(source)


def test_an_unfinished_copy_is_neither_copied_nor_mixed_with_another(stores, clock, replay, live):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    copy(source, destination, replay, How(leave_open=True))
    with pytest.raises(errors.Conflict, match="itself an unfinished copy"):
        copy(destination, stores.new(), ReplayClock(clock))
    with pytest.raises(errors.Conflict, match="unfinished copy of another store"):
        copy(stores.new(), destination, replay)
    with pytest.raises(errors.Conflict, match="begun with its history"):
        copy(source, destination, replay, How(history=False))


def test_somebody_else_who_writes_to_the_destination_is_noticed(stores, clock, replay, live):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)

    def meddle(doing, done, total):
        if done == 30:
            destination.commit([put("other/thing")])

    with pytest.raises(errors.Conflict, match="somebody else wrote"):
        copy(source, destination, replay, told=meddle)
    with pytest.raises(errors.Conflict, match="somebody else wrote"):
        copy(source, destination, replay)


def test_somebody_else_who_wrote_between_two_runs_is_noticed(stores, clock, replay, live):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    copy(source, destination, replay, How(leave_open=True))
    live(source, clock, seed=2)
    destination.commit([put("other/thing")])
    with pytest.raises(errors.Conflict, match="somebody else wrote"):
        copy(source, destination, replay)


def test_a_source_compacted_beyond_where_the_copy_is_cannot_go_on(stores, clock, replay, live):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    with pytest.raises(Interrupted):
        copy(source, Stopping(destination, after=10), replay)
    source.compact(source.revision())
    with pytest.raises(errors.Expired, match="compacted meanwhile"):
        copy(source, destination, replay)
    copy(source, destination, replay, How(replace=True))


def test_what_does_not_fit_is_told_before_anything_is_written(stores, clock):
    source = stores.new(clock=clock)
    source.commit([put(f"many/{n}") for n in range(9)])
    source.commit([Put("one/large", b'{"x":"%s"}' % (b"x" * 1000))])
    replay = ReplayClock(clock)
    narrow = stores.new(clock=replay, max_commit=4)
    with pytest.raises(
        errors.TooLarge, match="revision 1 changed 9 keys at once; the destination takes 4"
    ) as raised:
        copy(source, narrow, replay)
    assert "--split-commits" in raised.value.hint
    with pytest.raises(errors.TooLarge, match="one/large"):
        copy(source, stores.new(clock=replay, max_value=500), replay)
    assert narrow.revision() == 0
    copy(source, narrow, replay, How(split=True))
    assert state_of(narrow) == state_of(source)
    other = stores.new(clock=(again := ReplayClock(clock)), max_commit=4)
    copy(source, other, again, How(history=False))
    assert state_of(other) == state_of(source)


class Narrow:
    """An engine that takes so many bytes in one commit, and does not say so beforehand."""

    def __init__(self, engine, most):
        self._engine = engine
        self._most = most

    def __getattr__(self, name):
        return getattr(self._engine, name)

    @property
    def capabilities(self):
        return self._engine.capabilities._replace(max_value=self._most // 2)

    def commit(self, ops, *, origin=""):
        if sum(len(op.value) for op in ops if isinstance(op, Put)) > self._most:
            raise errors.TooLarge("too many bytes")
        return self._engine.commit(ops, origin=origin)


def test_a_commit_of_too_many_bytes_is_told_by_its_revision_and_split_on_request(stores, clock, replay):
    source = stores.new(clock=clock)
    source.commit([put("one/small")])
    source.commit([Put(f"many/{n}", b'{"x":"%s"}' % (b"x" * 300)) for n in range(9)], origin="large")
    destination = stores.new(clock=replay)
    narrow = Narrow(destination, 1000)
    with pytest.raises(errors.TooLarge, match="revision 2 of the source: too many bytes") as raised:
        copy(source, narrow, replay)
    assert "--split-commits the same command goes on" in raised.value.hint
    assert copy(source, narrow, replay, How(split=True)).went_on
    assert state_of(destination) == state_of(source)
    assert {c.origin for c in destination.changes(3, limit=0).changes if c.key.startswith("many/")} == {
        "large"
    }


def test_a_plan_says_what_there_is_and_writes_nothing(stores, clock, replay, live):
    source, destination = live(stores.new(clock=clock), clock, compact_at=10), stores.new(clock=replay)
    told = plan(source, destination, replay)
    assert told.found.entries > 0
    assert told.found.commits == source.revision() - told.begins
    assert destination.revision() == 0


@pytest.mark.parametrize("turns", [5, 10**9])
def test_a_writer_under_way_is_caught_up_with_and_never_keeps_a_copy_from_ending(
    stores, clock, replay, live, seen, turns
):
    source, destination = live(stores.new(clock=clock), clock), stores.new(clock=replay)
    began = source.revision()
    written = iter(range(turns))

    def write_on(doing, done, total):
        number = next(written, None)
        if number is not None:
            source.commit([put(f"late/{number % 7}", number), Delete(f"late/{(number + 3) % 7}")])

    done = copy(source, destination, replay, told=write_on)
    assert done.revision > began
    assert seen.history(destination) == seen.history(source)[: done.revision]
    if turns == 5:
        assert done.revision == source.revision()


def test_a_writer_in_a_thread_of_its_own_loses_nothing(stores, replay, seen):
    source = stores.new("file")
    destination = stores.new("memory", clock=replay)
    source.commit([put(f"early/{n}") for n in range(1200)])
    stop = threading.Event()

    def run():
        number = 0
        while not stop.is_set():
            number += 1
            source.commit([put(f"early/{number % 1200}", number)], origin="writer")

    writer = threading.Thread(target=run)
    writer.start()
    try:
        done = copy(source, destination, replay)
    finally:
        stop.set()
        writer.join()
    expected = source.changes(0, limit=0).changes
    mine = [c for c in destination.changes(0, limit=0).changes if not c.key.startswith("copy/")]
    assert [(c.key, c.entry.value, c.at) for c in expected if c.revision <= done.revision] == [
        (c.key, c.entry.value, c.at) for c in mine
    ]


class Losing:
    """An engine whose connection is lost at every third commit, before it or after it."""

    def __init__(self, engine):
        self._engine = engine
        self.calls = 0

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def commit(self, ops, *, origin=""):
        self.calls += 1
        if self.calls % 3 == 0:
            raise errors.Unavailable("not now")
        made = self._engine.commit(ops, origin=origin)
        if self.calls % 3 == 1 and not any(
            isinstance(op, Delete) and op.key.startswith("copy/") for op in ops
        ):
            raise errors.UnknownOutcome("nobody knows")
        return made


def test_a_connection_that_is_lost_now_and_then_changes_nothing(stores, clock, replay, live, seen):
    source, destination = live(stores.new(clock=clock), clock, compact_at=9), stores.new(clock=replay)
    try:
        copy(source, Losing(destination), replay)
    except errors.Unavailable:  # at the very end, where nobody tries again
        copy(source, destination, replay)
    replay.set(clock.now())
    assert seen.history(destination) == seen.history(source)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    steps=st.integers(1, 40),
    compact_at=st.none() | st.integers(0, 39),
    most=st.sampled_from([0, 2, 3, 4, 128]),
    history=st.booleans(),
)
def test_whatever_the_history_and_the_limits_it_comes_over(seed, steps, compact_at, most, history):
    clock = FakeClock()
    replay = ReplayClock(clock)
    source = lived(MemoryEngine(clock=clock), clock, steps=steps, seed=seed, compact_at=compact_at)
    destination = MemoryEngine(clock=replay, max_commit=most)
    copy(source, destination, replay, How(history=history, split=True))
    replay.set(clock.now())
    assert state_of(destination) == state_of(source)
    if history and most in {0, 4, 128}:
        assert history_of(destination) == history_of(source)
