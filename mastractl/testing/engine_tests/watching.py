"""Watching: the ways in which etcd's watches have failed, and ours must not.

etcd's recorded failures: a delete lost at compaction (#18089, #19179), events lost by a slow watcher
(#17529), events told twice (#17247), a watch from a future revision (#20221), revisions that go back
(#15271), bookmarks ahead of events (#15220).
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.engines.contract import ChangeType, Delete, Put
from mastractl.engines.feed import watch
from mastractl.testing.engine_tests.foundation import (
    SOON,
    Foundation,
    await_changes,
    document,
    drain,
    fold,
    number_of,
    state_of,
)

if TYPE_CHECKING:
    from mastractl.engines.contract import Change, Engine, Entry, Page


class WatchTests(Foundation):
    """What `mastractl.engines.feed.watch` makes of the engine's `changes` and `wait`."""

    def test_a_watch_begins_now(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        with watch(engine, prefix=self.home) as feed:
            assert feed.take(0) is None
            self.write(engine, "a", 2)
            (change,) = await_changes(feed, 1)
        assert change.type is ChangeType.MODIFIED
        assert number_of(change.entry) == 2
        assert number_of(change.previous) == 1

    def test_a_watch_tells_only_what_is_under_its_prefix(self, engine: Engine) -> None:
        with watch(engine, prefix=self.home, since=0) as feed:
            engine.commit([Put("rec/run/x", document(0)), self.put("a", 1)])
            engine.commit([Put("rec/run/x", document(1))])
            engine.commit([Delete(self.home + "a"), Delete("rec/run/x")])
            told = await_changes(feed, 2)
        assert [(c.type, c.key) for c in told] == [
            (ChangeType.ADDED, self.home + "a"),
            (ChangeType.DELETED, self.home + "a"),
        ]

    def test_a_waiting_watcher_hears_of_a_commit(self, engine: Engine) -> None:
        with watch(engine, prefix=self.home) as feed, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(await_changes, feed, 1)
            self.write(engine, "a", 1)
            assert waiting.result(SOON)[0].key == self.home + "a"

    def test_every_watcher_is_told_everything_once_in_order(self, engine: Engine) -> None:
        """Two writers, three watchers, among them a slow one: all tell the same story, the log's."""
        commits = 40

        def write(name: str) -> None:
            for number in range(commits):
                engine.commit([self.put(name, number), self.put(f"{name}-copy", number)])

        feeds = [watch(engine, prefix=self.home, since=0, limit=limit) for limit in (1, 7, 1000)]
        with ThreadPoolExecutor(5) as pool:
            stories = [pool.submit(await_changes, feed, 4 * commits) for feed in feeds]
            for writer in [pool.submit(write, name) for name in ("a", "b")]:
                writer.result(SOON)
            log = list(engine.changes(0, limit=0).changes)
            for story in stories:
                assert story.result(SOON) == log
        state: dict[str, Entry] = {}
        fold(state, log)
        assert state == state_of(engine)
        assert [change.revision for change in log] == [n for r in range(1, 2 * commits + 1) for n in (r, r)]
        for feed in feeds:
            feed.close()

    def test_a_list_and_a_watch_after_it_have_no_gap(self, engine: Engine) -> None:
        last = 100

        def write() -> None:
            for number in range(1, last + 1):
                name = f"n{number % 7}"
                engine.commit([Delete(self.home + name)] if number % 3 == 0 else [self.put(name, number)])

        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(write)
            lists: list[Page] = []
            while not writer.done() or not lists:
                lists.append(engine.range(self.home))
            writer.result()
        final = state_of(engine, self.home)
        for page in lists:
            state = {entry.key: entry for entry in page.entries}
            with watch(engine, prefix=self.home, since=page.revision) as feed:
                fold(state, drain(feed))
            assert state == final

    def test_a_commit_is_told_in_one_piece(self, engine: Engine) -> None:
        for number in range(3):
            engine.commit([self.put(f"n{n}", number) for n in range(5)])
        with watch(engine, prefix=self.home, since=0, limit=1) as feed:
            for revision in (1, 2, 3):
                news = feed.take(SOON)
                assert news is not None
                assert [change.revision for change in news.changes] == [revision] * 5
                assert news.revision == feed.revision >= revision

    def test_a_watch_goes_on_from_any_bookmark(self, engine: Engine) -> None:
        """Stopped after any item and begun again from there, a story has no gap and no repetition."""
        for number in range(6):
            engine.commit([self.put("a", number), Put("rec/run/x", document(number))])
        whole = list(engine.changes(0, self.home).changes)
        for cut in range(1, 6):
            with watch(engine, prefix=self.home, since=0, limit=1) as feed:
                told: list[Change] = []
                while len(told) < cut:
                    told += await_changes(feed, 1)
                bookmark = feed.revision
            with watch(engine, prefix=self.home, since=bookmark, identity=engine.identity, limit=1) as feed:
                assert told + drain(feed) == whole

    def test_a_bookmark_of_another_store_raises(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        with watch(engine, since=1, identity="another") as feed, pytest.raises(errors.Expired):
            feed.take(0)

    def test_a_bookmark_is_never_ahead_of_a_change(self, engine: Engine) -> None:
        """From whatever revision a feed says, going on from it misses nothing that it has not told."""
        for number in range(12):
            engine.commit([Put("rec/run/x", document(number))])
            if number % 3 == 0:
                self.write(engine, "a", number)
        whole = list(engine.changes(0, self.home).changes)
        told: list[Change] = []
        with watch(engine, prefix=self.home, since=0, limit=1, poll=0.001) as feed:
            for _ in range(2 * engine.revision()):
                news = feed.take(0)
                told += news.changes if news else ()
                assert told + list(engine.changes(feed.revision, self.home).changes) == whole
        assert told == whole

    def test_the_revision_moves_on_though_nothing_is_told(self, engine: Engine) -> None:
        with watch(engine, prefix=self.home, poll=0.01) as feed:
            for number in range(3):
                engine.commit([Put("rec/run/x", document(number))])
            told = 0
            while told < 3:
                bookmark = feed.take(SOON)
                assert bookmark is not None
                assert bookmark.changes == ()
                assert bookmark.revision > told
                told = bookmark.revision
            engine.compact(3)
            self.write(engine, "a", 1)
            (change,) = await_changes(feed, 1)
            assert change.revision == 4

    def test_a_delete_is_never_lost_to_compaction(self, engine: Engine) -> None:
        """Whatever was compacted, a watch that may start tells every delete above its start."""
        for _ in range(3):
            engine.commit([self.put("a", 1), self.put("b", 1)])
            engine.commit([Delete(self.home + "a")])
            engine.commit([Delete(self.home + "b")])
        history = list(engine.changes(0).changes)
        for floor in range(engine.revision() + 1):
            engine.compact(floor)
            for since in range(engine.revision() + 1):
                with watch(engine, prefix=self.home, since=since) as feed:
                    if since < floor:
                        with pytest.raises(errors.Expired):
                            feed.take(0)
                    else:
                        assert drain(feed) == [c for c in history if c.revision > since]

    def test_compaction_does_not_disturb_a_watcher_that_kept_up(self, engine: Engine) -> None:
        with watch(engine, prefix=self.home) as feed:
            for number in range(5):
                self.write(engine, "a", number)
                assert number_of(await_changes(feed, 1)[0].entry) == number
                engine.compact(engine.revision())

    def test_a_slow_watcher_is_told_that_it_lost_its_place(self, engine: Engine) -> None:
        """Never a gap: the changes up to somewhere, then Expired, then nothing more."""
        for number in range(10):
            self.write(engine, "a", number)
        with watch(engine, prefix=self.home, since=0, limit=2) as feed:
            first = feed.take(SOON)
            assert first is not None
            assert [number_of(change.entry) for change in first.changes] == [0, 1]
            engine.compact(5)
            with pytest.raises(errors.Expired) as caught:
                next(feed)
            assert caught.value.floor == 5
            assert list(feed) == []

    def test_compaction_under_a_racing_watcher_makes_no_gap(self, engine: Engine) -> None:
        def write() -> None:
            for number in range(1, 101):
                self.write(engine, "a", number)
                if number % 5 == 0:
                    engine.compact(number - 2)

        def follow() -> tuple[list[int], int]:
            """The revisions told, and the floor below which the log was found to be lost (101: never)."""
            told: list[int] = []
            with watch(engine, prefix=self.home, since=0, limit=3) as feed:
                while 100 not in told[-3:]:
                    try:
                        news = feed.take(SOON)
                    except errors.Expired as lost:
                        return told, lost.floor
                    assert news is not None
                    told += [change.revision for change in news.changes]
            return told, 101

        with ThreadPoolExecutor(2) as pool:
            story = pool.submit(follow)
            pool.submit(write).result(SOON)
            told, floor = story.result(SOON)
        assert told == list(range(1, len(told) + 1))
        assert len(told) < floor

    def test_a_watch_from_the_future_raises_and_does_not_wait(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        with watch(engine, prefix=self.home, since=2) as feed:
            with pytest.raises(errors.FutureRevision):
                feed.take(SOON)
            self.write(engine, "a", 2)
            self.write(engine, "a", 3)
            assert list(feed) == []

    def test_watchers_do_not_disturb_one_another(self, engine: Engine) -> None:
        one, two = watch(engine, prefix=self.home), watch(engine, prefix=self.home)
        self.write(engine, "a", 1)
        assert len(await_changes(one, 1)) == 1
        one.close()
        self.write(engine, "a", 2)
        assert [number_of(change.entry) for change in await_changes(two, 2)] == [1, 2]
        assert list(one) == []
        two.close()

    def test_a_waiting_watch_can_be_closed_from_another_thread(self, engine: Engine) -> None:
        feed = watch(engine, prefix=self.home)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(list, feed)
            feed.close()
            assert waiting.result(SOON) == []
        assert feed.closed

    def test_one_signal_stops_many_watches(self, engine: Engine) -> None:
        stop = threading.Event()
        feeds = [watch(engine, prefix=self.home, stop=stop) for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(list, feed) for feed in feeds]
            stop.set()
            assert [story.result(SOON) for story in waiting] == [[], [], []]

    def test_a_waiting_watch_ends_with_its_engine(self, engine: Engine) -> None:
        feed = watch(engine, prefix=self.home)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(list, feed)
            engine.close()
            assert waiting.result(SOON) == []
        assert feed.closed

    def test_a_wait_ends_with_its_time(self, engine: Engine) -> None:
        """A hint may lie, so nothing can be asked of its answer: only that it comes."""
        self.write(engine, "a", 1)
        assert engine.wait(1, 0.01) in {True, False}
        assert engine.wait(1, 0) in {True, False}
        assert engine.wait(0, SOON) in {True, False}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(engine.wait, 1, 5.0)
            self.write(engine, "a", 2)
            assert waiting.result(SOON) in {True, False}
