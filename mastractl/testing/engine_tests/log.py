"""The log: every change once, in order, by whole commits, from any revision that is not forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.engines.contract import Changes, ChangeType, Delete, Put
from mastractl.testing.engine_tests.foundation import Foundation, document, fold, state_of

if TYPE_CHECKING:
    from mastractl.engines.contract import Change, Engine, Entry
    from mastractl.testing.clocks import FakeClock


class LogTests(Foundation):
    """What `changes` and `compact` promise."""

    def history(self, engine: Engine) -> list[Change]:
        """Six commits: two keys made, one changed, one deleted, one made again, and one elsewhere."""
        made = [
            engine.commit([self.put("a", 1), self.put("b", 1)], origin="one"),
            engine.commit([self.put("a", 2)], origin="two"),
            engine.commit([Delete(self.home + "a")], origin="three"),
            engine.commit([self.put("a", 3), self.put("b", 3), self.put("c", 3)], origin="four"),
            engine.commit([Put("rec/run/x", document(5))], origin="five"),
            engine.commit([Delete(self.home + "b"), self.put("c", 6)], origin="six"),
        ]
        assert [commit.revision for commit in made] == [1, 2, 3, 4, 5, 6]
        return [change for commit in made for change in commit.changes]

    def test_the_history_of_one_key_is_its_part_of_the_log(self, engine: Engine) -> None:
        engine.commit([self.put("ab", 0)])
        for number in range(3):
            engine.commit([self.put("a", number)])
            engine.commit([self.put("b", number), self.put("a", -number - 1)])
            engine.commit([Delete(self.home + "a")])
        engine.commit([self.put("a", 9)])
        engine.commit([Delete(self.home + "b")])
        told = engine.changes(0).changes
        for prefix in ("a", "ab", "b", "abc"):
            wanted = self.home + prefix
            expected = tuple(change for change in told if change.key.startswith(wanted))
            assert engine.changes(0, wanted) == Changes(engine.revision(), expected)
        engine.compact(5)
        expected = tuple(c for c in told if c.key.startswith(self.home + "a") and c.revision > 5)
        assert engine.changes(5, self.home + "a").changes == expected
        stretch = engine.changes(5, self.home + "a", limit=2)
        assert (stretch.more, stretch.changes) == (True, expected[:2])

    def test_the_log_is_what_the_commits_told(self, engine: Engine) -> None:
        history = self.history(engine)
        assert engine.changes(0) == Changes(6, tuple(history))
        assert [change.origin for change in history] == [
            *("one", "one", "two", "three", "four", "four", "four", "five", "six", "six")
        ]

    def test_a_change_says_when_it_was_made(self, engine: Engine, clock: FakeClock) -> None:
        self.write(engine, "a", 1)
        clock.advance(7.25)
        self.write(engine, "a", 2)
        first, second = engine.changes(0).changes
        assert second.at - first.at == 7.25

    def test_the_log_goes_on_from_any_revision(self, engine: Engine) -> None:
        history = self.history(engine)
        for since in range(7):
            assert engine.changes(since) == Changes(
                6, tuple(change for change in history if change.revision > since)
            )

    def test_the_log_of_a_prefix_is_a_part_of_the_log(self, engine: Engine) -> None:
        history = self.history(engine)
        for prefix in (self.home, self.home + "a", "rec/", "rec/run/x", "res", "none/"):
            for since in range(7):
                assert engine.changes(since, prefix) == Changes(
                    6,
                    tuple(c for c in history if c.revision > since and c.key.startswith(prefix)),
                )

    def test_the_fold_of_the_log_is_the_state(self, engine: Engine) -> None:
        self.history(engine)
        state: dict[str, Entry] = {}
        fold(state, engine.changes(0).changes)
        assert state == state_of(engine)

    def test_a_list_and_the_log_after_it_miss_nothing(self, engine: Engine) -> None:
        self.history(engine)
        page = engine.range("")
        state = {entry.key: entry for entry in page.entries}
        engine.commit([self.put("a", 9), Delete(self.home + "c"), self.put("z", 9)])
        engine.commit([Delete(self.home + "a")])
        fold(state, engine.changes(page.revision).changes)
        assert state == state_of(engine)

    @pytest.mark.parametrize("prefix", ["", "res/agent/default/b", "none/"])
    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
    def test_a_limit_never_splits_a_commit_nor_loses_one(
        self, engine: Engine, limit: int, prefix: str
    ) -> None:
        history = [change for change in self.history(engine) if change.key.startswith(prefix)]
        told: list[Change] = []
        since, more = 0, True
        while more:
            stretch = engine.changes(since, prefix, limit=limit)
            revisions = {change.revision for change in stretch.changes}
            assert list(stretch.changes) == [c for c in history if c.revision in revisions], "a split commit"
            assert all(since < revision <= stretch.revision for revision in revisions)
            told += stretch.changes
            more = stretch.more
            assert stretch.revision > since or not more, "no progress"
            since = stretch.revision
        assert told == history
        assert since == 6

    def test_a_limit_is_heeded(self, engine: Engine) -> None:
        for number in range(20):
            engine.commit([self.put("a", number), self.put("b", number)])
        stretch = engine.changes(0, limit=5)
        assert 5 <= len(stretch.changes) <= 6
        assert stretch.more
        assert len(engine.changes(0, limit=0).changes) == 40

    def test_no_news_is_an_empty_stretch(self, engine: Engine) -> None:
        assert engine.changes(0) == Changes(0, ())
        self.write(engine, "a", 1)
        assert engine.changes(1) == Changes(1, ())

    def test_a_revision_ahead_of_the_store_raises(self, engine: Engine) -> None:
        """Waiting for it would be waiting for the history of another store."""
        with pytest.raises(errors.FutureRevision):
            engine.changes(1)
        self.write(engine, "a", 1)
        with pytest.raises(errors.FutureRevision):
            engine.changes(2)
        with pytest.raises(errors.FutureRevision):
            engine.changes(10**15)

    def test_below_the_compacted_revision_the_log_raises(self, engine: Engine) -> None:
        history = self.history(engine)
        for floor in range(7):
            engine.compact(floor)
            assert engine.health().compacted == floor
            for since in range(-1, floor):
                with pytest.raises(errors.Expired) as caught:
                    engine.changes(since)
                assert not isinstance(caught.value, errors.FutureRevision)
                assert caught.value.floor == floor
            for since in range(floor, 7):
                expected = tuple(change for change in history if change.revision > since)
                assert engine.changes(since) == Changes(6, expected)

    def test_a_change_keeps_its_previous_though_that_is_forgotten(self, engine: Engine) -> None:
        """A watcher must see the last object of a DELETED, and MODIFIED where nothing was new."""
        self.write(engine, "a", 1)
        self.write(engine, "b", 1)
        self.write(engine, "a", 2)
        engine.commit([Delete(self.home + "b")])
        told = engine.changes(2)
        engine.compact(2)
        assert engine.changes(2) == told
        modified, deleted = told.changes
        assert (modified.type, deleted.type) == (ChangeType.MODIFIED, ChangeType.DELETED)
        assert modified.previous is not None
        assert modified.previous.value == document(1)
        assert deleted.previous is not None
        assert deleted.previous.value == document(1)

    def test_compaction_leaves_what_stands(self, engine: Engine) -> None:
        self.history(engine)
        before = engine.range("")
        engine.compact(6)
        assert engine.range("") == before
        assert engine.changes(6) == Changes(6, ())
        assert engine.revision() == 6
        a = engine.get(self.home + "a")
        assert a is not None
        assert engine.commit([self.put("a", 7, if_revision=a.revision)]).revision == 7
        assert engine.changes(6).changes[0].previous == a

    def test_compacting_again_or_less_is_no_error(self, engine: Engine) -> None:
        self.history(engine)
        engine.compact(4)
        engine.compact(4)
        engine.compact(2)
        engine.compact(0)
        assert engine.health().compacted == 4

    def test_what_has_not_happened_cannot_be_forgotten(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        with pytest.raises(errors.FutureRevision):
            engine.compact(2)
        assert engine.health().compacted == 0
        assert len(engine.changes(0).changes) == 1
