"""What an engine promises only if its capabilities say so: one suite for each of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

import pytest

from mastractl import errors
from mastractl.engines.contract import EXPIRED, Changes, ChangeType, Check, Delete, Entry, Put
from mastractl.engines.feed import watch
from mastractl.testing.engine_tests.commits import increment_racing
from mastractl.testing.engine_tests.foundation import (
    SOON,
    Foundation,
    await_changes,
    document,
    fold,
    number_of,
    state_of,
)
from mastractl.testing.engine_tests.racing import race_and_judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.engines.contract import Engine, Health
    from mastractl.testing.clocks import FakeClock


class ExpirySuite(Foundation):
    """For engines with the capability `ttl`."""

    capability: ClassVar[str] = "ttl"

    def fleeting(self, clock: FakeClock, name: str, seconds: float, number: int = 0) -> Put:
        """A put that is to last so many seconds."""
        return Put(self.home + name, document(number), expires_at=clock.now() + seconds)

    def test_an_entry_is_gone_the_moment_it_expires(self, engine: Engine, clock: FakeClock) -> None:
        engine.commit([self.fleeting(clock, "a", 10), self.put("b", 1)])
        clock.advance(9.5)
        entry = engine.get(self.home + "a")
        assert entry is not None
        assert entry.expires_at == clock.now() + 0.5
        assert len(engine.range(self.home).entries) == 2
        clock.advance(0.5)
        assert engine.get(self.home + "a") is None
        assert [found.key for found in engine.range(self.home).entries] == [self.home + "b"]
        clock.advance(10**9)
        assert engine.get(self.home + "b") is not None

    def test_what_expired_is_told_as_deleted(self, engine: Engine, clock: FakeClock) -> None:
        engine.commit([self.fleeting(clock, "a", 10, 7)], origin="me")
        clock.advance(10)
        stretch = engine.changes(1)
        assert stretch.revision == engine.revision() == 2
        (change,) = stretch.changes
        assert (change.type, change.key, change.origin) == (ChangeType.DELETED, self.home + "a", EXPIRED)
        assert number_of(change.previous) == 7

    @pytest.mark.parametrize("look", ["range", "changes", "revision", "commit", "health"])
    def test_whatever_looks_first_what_is_due_is_logged_once(
        self, engine: Engine, clock: FakeClock, look: str
    ) -> None:
        engine.commit([self.fleeting(clock, name, 5) for name in ("c", "a", "b")] + [self.put("z", 0)])
        clock.advance(5)
        looks: dict[str, Callable[[], int]] = {
            "range": lambda: engine.range("").revision,
            "changes": lambda: engine.changes(1).revision,
            "revision": engine.revision,
            "commit": lambda: engine.commit([]).revision,
            "health": lambda: engine.health().revision,
        }
        assert looks[look]() == 2
        told = engine.changes(1)
        assert [(c.revision, c.key) for c in told.changes] == [(2, self.home + name) for name in "abc"]
        assert engine.changes(1) == told
        assert list(state_of(engine)) == [self.home + "z"]

    def test_a_list_and_the_log_after_it_agree(self, engine: Engine, clock: FakeClock) -> None:
        state: dict[str, Entry] = {}
        since = 0
        for step in range(8):
            engine.commit([self.fleeting(clock, f"n{step}", 3, step)])
            clock.advance(1)
            page = engine.range(self.home)
            fold(state, engine.changes(since, self.home).changes)
            since = page.revision
            assert state == {entry.key: entry for entry in page.entries}
        assert len(state) == 2

    def test_an_expired_key_does_not_exist_to_a_condition(self, engine: Engine, clock: FakeClock) -> None:
        engine.commit([self.fleeting(clock, "a", 1), self.fleeting(clock, "b", 1)])
        clock.advance(1)
        with pytest.raises(errors.Conflict) as caught:
            engine.commit([Put(self.home + "a", document(1), if_revision=1)])
        assert caught.value.actual == 0
        made = engine.commit([self.put("a", 1, if_revision=0), Check(self.home + "b", 0)])
        assert [change.type for change in made.changes] == [ChangeType.ADDED]
        assert made.changes[0].entry == Entry(self.home + "a", document(1), 3, 3, clock.now())

    def test_a_put_sets_the_expiry_anew(self, engine: Engine, clock: FakeClock) -> None:
        engine.commit([self.fleeting(clock, "a", 5), self.fleeting(clock, "b", 5)])
        made = engine.commit([self.put("a", 0), self.fleeting(clock, "b", 50)])
        assert [change.type for change in made.changes] == [ChangeType.MODIFIED] * 2
        assert engine.commit([Put(self.home + "a", document(0))]).changes == ()
        clock.advance(49)
        assert len(engine.range(self.home).entries) == 2
        clock.advance(1)
        assert list(state_of(engine)) == [self.home + "a"]

    def test_a_deleted_key_does_not_expire_again(self, engine: Engine, clock: FakeClock) -> None:
        engine.commit([self.fleeting(clock, "a", 5)])
        engine.commit([Delete(self.home + "a")])
        self.write(engine, "a", 1)
        clock.advance(5)
        assert engine.revision() == 3
        assert number_of(engine.get(self.home + "a")) == 1

    def test_what_is_born_expired_is_logged_and_gone(self, engine: Engine, clock: FakeClock) -> None:
        made = engine.commit([self.fleeting(clock, "a", -1)])
        assert [change.type for change in made.changes] == [ChangeType.ADDED]
        assert engine.get(self.home + "a") is None
        told = engine.changes(0).changes
        assert [change.type for change in told] == [ChangeType.ADDED, ChangeType.DELETED]

    def test_an_expiry_that_is_no_number_is_refused(self, engine: Engine) -> None:
        with pytest.raises(ValueError, match="NaN"):
            engine.commit([Put(self.home + "a", document(0), expires_at=float("nan"))])

    def test_a_watcher_is_told_of_an_expiry_though_nobody_writes(
        self, engine: Engine, clock: FakeClock
    ) -> None:
        engine.commit([self.fleeting(clock, "a", 60)])
        with watch(engine, prefix=self.home, poll=0.05) as feed, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(await_changes, feed, 1)
            clock.advance(60)
            (change,) = waiting.result(SOON)
        assert change.type is ChangeType.DELETED


def _lasting(health: Health) -> Health:
    """What is as it was when the store is opened again: sizes and the like may differ."""
    return health._replace(details=())


class DurableSuite(Foundation):
    """For engines with the capability `durable`. What a crash may do is for the engine's own tests."""

    capability: ClassVar[str] = "durable"

    @pytest.fixture
    def reopen(self) -> Callable[[], Engine]:
        """Close the engine and open its store again, with the same clock; may be called several times."""
        message = f"{type(self).__name__} has to give a fixture `reopen`"
        raise NotImplementedError(message)

    def test_everything_outlives_the_engine(
        self, engine: Engine, reopen: Callable[[], Engine], clock: FakeClock
    ) -> None:
        engine.commit([self.put("a", 1), Put("rec/run/x", document(1), expires_at=clock.now() + 60)])
        clock.advance(1.125)
        engine.commit([self.put("a", 2)], origin="me")
        engine.commit([self.put("b", 3)])
        engine.commit([Delete(self.home + "b")])
        engine.compact(1)
        told = (engine.identity, engine.range(""), engine.changes(1), _lasting(engine.health()))
        for _ in range(2):
            engine = reopen()
            now = (engine.identity, engine.range(""), engine.changes(1), _lasting(engine.health()))
            assert now == told
            with pytest.raises(errors.Expired):
                engine.changes(0)

    def test_revisions_go_on_where_they_were(self, engine: Engine, reopen: Callable[[], Engine]) -> None:
        self.write(engine, "a", 1)
        engine.commit([Delete(self.home + "a")])
        engine.compact(2)
        engine = reopen()
        assert engine.revision() == 2
        assert self.write(engine, "b", 1).revision == 3
        with pytest.raises(errors.Conflict):
            engine.commit([self.put("b", 2, if_revision=2)])

    def test_a_watch_goes_on_in_the_next_life(self, engine: Engine, reopen: Callable[[], Engine]) -> None:
        with watch(engine, prefix=self.home) as feed:
            self.write(engine, "a", 1)
            await_changes(feed, 1)
            bookmark, identity = feed.revision, engine.identity
        self.write(engine, "a", 2)
        with watch(reopen(), prefix=self.home, since=bookmark, identity=identity) as feed:
            assert number_of(await_changes(feed, 1)[0].entry) == 2

    def test_what_is_due_when_a_store_is_opened_is_gone(
        self, engine: Engine, reopen: Callable[[], Engine], clock: FakeClock
    ) -> None:
        """That, and nothing else, and the log says so."""
        expires = clock.now() + 60 if engine.capabilities.ttl else None
        engine.commit([Put(self.home + "a", document(1), expires_at=expires), self.put("b", 1)])
        before = state_of(engine)
        engine.close()
        clock.advance(60)
        engine = reopen()
        left = {key for key, entry in before.items() if entry.expires_at is None}
        assert set(state_of(engine)) == left
        told = engine.changes(1).changes
        assert {change.key for change in told} == set(before) - left
        assert {change.origin for change in told} <= {EXPIRED}


class SharedSuite(Foundation):
    """For engines with the capability `multi_process`: two handles here; processes in the engine's tests."""

    capability: ClassVar[str] = "multi_process"

    @pytest.fixture
    def open_another(self) -> Callable[[], Engine]:
        """Open the same store once more, as another process would, with the same clock."""
        message = f"{type(self).__name__} has to give a fixture `open_another`"
        raise NotImplementedError(message)

    def test_a_handle_sees_at_once_what_another_did(
        self, engine: Engine, open_another: Callable[[], Engine]
    ) -> None:
        other = open_another()
        assert other.identity == engine.identity
        for number in range(5):
            made = self.write(engine, "a", number)
            assert other.get(self.home + "a") == made.changes[0].entry
            assert other.range("").revision == other.revision() == made.revision
            assert other.changes(made.revision - 1) == Changes(made.revision, made.changes)
            engine, other = other, engine

    def test_a_handle_conflicts_with_what_another_did(
        self, engine: Engine, open_another: Callable[[], Engine]
    ) -> None:
        other = open_another()
        self.write(engine, "a", 1)
        self.write(other, "a", 2)
        with pytest.raises(errors.Conflict):
            engine.commit([self.put("a", 3, if_revision=1)])
        assert engine.commit([self.put("a", 3, if_revision=2)]).revision == 3

    def test_a_counter_loses_no_increment_between_handles(
        self, engine: Engine, open_another: Callable[[], Engine]
    ) -> None:
        self.write(engine, "count", 0)
        increment_racing([engine, open_another(), open_another()], self.home + "count", 15)
        assert number_of(engine.get(self.home + "count")) == 45
        told = engine.changes(0, limit=0).changes
        assert [number_of(change.entry) for change in told] == list(range(46))
        assert [change.revision for change in told] == list(range(1, 47))

    def test_racing_handles_see_one_register_to_a_key(
        self, engine: Engine, open_another: Callable[[], Engine]
    ) -> None:
        race_and_judge(engine, [engine, open_another(), open_another()], self.home)

    def test_a_watcher_hears_of_what_another_handle_did(
        self, engine: Engine, open_another: Callable[[], Engine]
    ) -> None:
        other = open_another()
        with watch(engine, prefix=self.home) as feed, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(await_changes, feed, 3)
            made = [self.write(other, name, 1) for name in ("a", "b", "c")]
            told = waiting.result(SOON)
        assert told == [change for commit in made for change in commit.changes]

    def test_compaction_is_for_all_handles(self, engine: Engine, open_another: Callable[[], Engine]) -> None:
        other = open_another()
        for number in range(3):
            self.write(engine, "a", number)
        with watch(other, prefix=self.home, since=0, limit=1) as feed:
            assert feed.take(SOON) is not None
            engine.compact(2)
            with pytest.raises(errors.Expired):
                feed.take(SOON)
        assert other.health().compacted == 2

    def test_a_handle_closed_leaves_the_others(
        self, engine: Engine, open_another: Callable[[], Engine]
    ) -> None:
        other = open_another()
        self.write(other, "a", 1)
        other.close()
        assert number_of(engine.get(self.home + "a")) == 1
        assert self.write(engine, "a", 2).revision == 2

    def test_what_is_due_is_logged_once_whoever_finds_it(
        self, engine: Engine, open_another: Callable[[], Engine], clock: FakeClock
    ) -> None:
        other = open_another()
        expires = clock.now() + 5 if engine.capabilities.ttl else None
        engine.commit([Put(self.home + name, document(1), expires_at=expires) for name in ("a", "b")])
        due = [key for key, entry in state_of(other).items() if entry.expires_at is not None]
        clock.advance(5)
        with ThreadPoolExecutor(2) as pool:
            looks = [pool.submit(handle.revision) for handle in (engine, other) for _ in range(4)]
            assert {look.result(SOON) for look in looks} == {2 if due else 1}
        assert engine.changes(0) == other.changes(0)
        assert [change.key for change in engine.changes(1).changes] == due


class PushSuite(Foundation):
    """For engines with the capability `push_watch`."""

    capability: ClassVar[str] = "push_watch"

    @pytest.fixture
    def pusher(self, engine: Engine) -> Engine:
        """Who commits while `engine` waits: where it can be shared, override this with another handle."""
        return engine

    def test_a_wait_wakes_at_a_commit(self, engine: Engine, pusher: Engine) -> None:
        """And not when its time is over, which is later than the test will wait."""
        with ThreadPoolExecutor(1) as pool:
            for number in range(5):
                waiting = pool.submit(engine.wait, number, 2 * SOON)
                self.write(pusher, "a", number)
                assert waiting.result(SOON)
                assert engine.wait(number, 2 * SOON), "what happened before the wait counts too"
