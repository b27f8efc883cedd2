"""What a feed makes of engines that misbehave: tired, lying, noisy, lost and replaced ones.

That it keeps its promises over an honest engine is shown by the engine suite.
"""

from __future__ import annotations

import itertools
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Changes, Put
from mastractl.engines.feed import watch
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.clocks import FakeClock

SOON = 30.0


class Counting(MemoryEngine):
    """Counts what a feed asks of it."""

    def __init__(self):
        super().__init__()
        self.reads = 0
        self.waits = []

    def changes(self, since, prefix="", *, limit=1000):
        self.reads += 1
        return super().changes(since, prefix, limit=limit)

    def wait(self, since, timeout):
        self.waits.append(timeout)
        return super().wait(since, timeout)


class CriesWolf(Counting):
    """Always says at once that there is news."""

    def wait(self, since, timeout):
        self.waits.append(timeout)
        return True


class Sleepless(Counting):
    """Always says at once that there is none."""

    def wait(self, since, timeout):
        self.waits.append(timeout)
        return False


class Deaf(Counting):
    """Never says that there is news."""

    def wait(self, since, timeout):
        super().wait(since + 10**6, timeout)
        return False


def put(engine, number, key="res/a"):
    return engine.commit([Put(key, b'{"n":%d}' % number)])


def revisions(news):
    return [change.revision for change in news.changes]


@pytest.mark.parametrize("kind", [Counting, Sleepless, Deaf, CriesWolf])
def test_an_idle_feed_rests(kind):
    """Half a second: a slice or two of waiting, a read or two; some more while a wolf is cried."""
    engine = kind()
    with watch(engine) as feed:
        assert feed.take(0.5) is None
    assert engine.reads <= (2 if kind is not CriesWolf else 25)
    assert len(engine.waits) <= (3 if kind is not CriesWolf else 25)
    assert max(engine.waits) <= 0.5


def test_the_log_is_read_once_in_a_poll_however_silent_the_engine():
    clock = FakeClock()

    class Asleep(Counting):
        def wait(self, since, timeout):
            self.waits.append(timeout)
            clock.advance(timeout)
            return False

    engine = Asleep()
    with watch(engine, poll=2, clock=clock) as feed:
        assert feed.take(9) is None
    assert clock.monotonic() == pytest.approx(9)
    assert engine.reads == 6
    assert sum(engine.waits) == pytest.approx(9)
    assert len(engine.waits) == pytest.approx(18, abs=2)


@pytest.mark.parametrize("kind", [Counting, Sleepless, Deaf, CriesWolf])
def test_a_commit_is_told_whatever_the_hints(kind):
    engine = kind()
    with watch(engine, poll=0.05) as feed:
        assert feed.take(0.1) is None
        late = threading.Timer(0.1, put, [engine, 1])
        late.start()
        assert revisions(feed.take(SOON)) == [1]
        late.join()


def test_a_commit_between_reading_and_waiting_is_not_slept_over():
    class Interrupted(Counting):
        def changes(self, since, prefix="", *, limit=1000):
            stretch = super().changes(since, prefix, limit=limit)
            if self.reads == 1:
                put(self, 1)
            return stretch

    engine = Interrupted()
    with watch(engine, since=0, poll=600) as feed:
        assert revisions(feed.take(SOON)) == [1]
    assert len(engine.waits) == 1


def test_nothing_is_fetched_before_it_is_asked_for():
    engine = Counting()
    for number in range(100):
        put(engine, number)
    with watch(engine, since=0, limit=3) as feed:
        assert engine.reads == 0
        assert revisions(feed.take()) == [1, 2, 3]
        assert engine.reads == 1
        assert revisions(next(feed)) == [4, 5, 6]
        assert engine.reads == 2


def test_from_now_on_means_from_the_call():
    engine = MemoryEngine()
    put(engine, 1)
    feed = watch(engine)
    put(engine, 2)
    assert feed.revision == 1
    assert revisions(next(feed)) == [2]


def test_iterating_is_taking_until_the_end():
    engine = MemoryEngine()
    for number in range(4):
        put(engine, number)
    told = []
    with watch(engine, since=0, limit=1) as feed:
        for news in feed:
            told += revisions(news)
            if len(told) == 4:
                feed.close()
    assert told == [1, 2, 3, 4]
    assert feed.closed
    assert feed.take() is None
    assert list(feed) == []


def test_leaving_the_context_closes():
    engine = MemoryEngine()
    put(engine, 1)
    with pytest.raises(KeyError), watch(engine, since=0) as feed:
        raise KeyError
    assert feed.take() is None


def test_a_bookmark_comes_once_in_a_while():
    engine, clock = MemoryEngine(), FakeClock()
    with watch(engine, prefix="res/", poll=5, clock=clock) as feed:
        put(engine, 1, "rec/a")
        assert feed.take(0) is None
        assert feed.revision == 1
        clock.advance(4)
        assert feed.take(0) is None
        clock.advance(1)
        assert feed.take(0) == Changes(1, ())
        put(engine, 2, "rec/a")
        clock.advance(4)
        assert feed.take(0) is None
        put(engine, 3)
        assert revisions(feed.take(0)) == [3]
        put(engine, 4, "rec/a")
        clock.advance(4)
        assert feed.take(0) is None, "telling a change is as good as a bookmark"
        clock.advance(1)
        assert feed.take(0) == Changes(4, ())
        clock.advance(100)
        assert feed.take(0) is None, "there is nothing new to mark"


def test_empty_stretches_of_a_long_log_are_read_on_at_once():
    class Meagre(Counting):
        """Reads the log one revision at a time, whether there is anything under the prefix or not."""

        def changes(self, since, prefix="", *, limit=1000):
            stretch = super().changes(since, limit=1)
            own = tuple(change for change in stretch.changes if change.key.startswith(prefix))
            return Changes(stretch.revision, own, stretch.more)

    engine = Meagre()
    for number in range(50):
        put(engine, number, "rec/a")
    put(engine, 50)
    with watch(engine, prefix="res/", since=0) as feed:
        assert revisions(feed.take(0)) == [51]
        assert engine.waits == []


def test_a_passing_failure_leaves_the_feed_where_it_stood():
    class Shaky(MemoryEngine):
        def __init__(self):
            super().__init__()
            self.failures = itertools.cycle([False, True])

        def changes(self, since, prefix="", *, limit=1000):
            if next(self.failures):
                raise errors.StorageConnectionError("the line went dead")
            return super().changes(since, prefix, limit=limit)

    engine = Shaky()
    for number in range(3):
        put(engine, number)
    told = []
    with watch(engine, since=0, limit=1) as feed:
        for _ in range(3):
            told += revisions(next(feed))
            with pytest.raises(errors.StorageConnectionError):
                next(feed)
        assert not feed.closed
    assert told == [1, 2, 3]


def test_a_failing_wait_is_told_and_can_be_survived():
    class Broken(MemoryEngine):
        broken = True

        def wait(self, since, timeout):
            if self.broken:
                raise errors.StorageConnectionError("the line went dead")
            return super().wait(since, timeout)

    engine = Broken()
    with watch(engine) as feed:
        with pytest.raises(errors.StorageConnectionError):
            feed.take(SOON)
        engine.broken = False
        put(engine, 1)
        assert revisions(feed.take(SOON)) == [1]


@pytest.mark.parametrize("ahead", [True, False])
def test_a_store_that_was_made_anew_beneath_a_feed_is_noticed(ahead):
    """Its revisions mean something else, even where it has already reached the feed's."""

    class Replaced(MemoryEngine):
        name = "first"

        @property
        def identity(self):
            return self.name

    engine = Replaced()
    for number in range(3):
        put(engine, number)
    feed = watch(engine, since=3)
    assert feed.take(0) is None
    engine.name = "second"
    if ahead:
        put(engine, 9)
    with pytest.raises(errors.Expired, match="another store") as caught:
        feed.take(SOON)
    assert caught.value.hint
    assert feed.closed
    assert list(feed) == []


def test_whatever_says_that_it_is_set_stops_a_feed():
    class After:
        def __init__(self, asked):
            self.asked = asked

        def is_set(self):
            self.asked -= 1
            return self.asked <= 0

    with watch(MemoryEngine(), stop=After(4)) as feed:
        assert feed.take(SOON) is None
        assert list(feed) == []


def test_one_feed_that_lost_its_place_does_not_stop_those_it_shares_a_signal_with():
    engine, stop = MemoryEngine(), threading.Event()
    for number in range(3):
        put(engine, number)
    lost, well = watch(engine, since=0, stop=stop), watch(engine, since=2, stop=stop)
    engine.compact(2)
    with pytest.raises(errors.Expired):
        next(lost)
    assert revisions(next(well)) == [3]
    assert not stop.is_set()


def test_watching_an_engine_that_is_closed_already():
    engine = MemoryEngine()
    engine.close()
    with pytest.raises(errors.StorageClosed):
        watch(engine)
    assert list(watch(engine, since=0)) == []
