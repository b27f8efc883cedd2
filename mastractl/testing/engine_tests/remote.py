"""Engines whose store is reached over a connection: what they say of a commit when the connection fails.

The rule is that nobody is deceived. What was acknowledged is there. What raised `UnknownOutcome` is there,
whole and once, or not at all. What raised anything else is certainly not there. And once the store can be
reached again, the engine goes on, watches included, without a gap and without a repetition.

An engine may find out by itself what became of a commit whose answer was lost: then it says so.
"""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Protocol

import pytest

from mastractl import errors
from mastractl.engines.feed import watch
from mastractl.testing.engine_tests.foundation import SOON, Foundation, number_of
from mastractl.testing.histories import Client, race
from mastractl.testing.ledgers import Ledger, audit
from mastractl.testing.linearizability import violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.engines.contract import Change, Engine
    from mastractl.testing.ledgers import Line

UNREACHABLE = (errors.Unavailable, errors.StorageConnectionError)
"""What is raised where nothing was asked of the store, or nothing came of it."""


class Link(Protocol):
    """What stands between the engine and its server, and loses connections when a test says so.

    `lost` counts the connections that `lose_answers` and `lose_requests` have broken.
    """

    lost: int

    def cut(self) -> None:
        """Break every connection now; new ones are taken."""
        ...

    def refuse(self) -> None:
        """Break every connection now, and each new one, until `accept`."""
        ...

    def accept(self) -> None:
        """Take connections again."""
        ...

    def lose_answers(self, after: bytes = b"") -> None:
        """Break a connection, once, when its next answer comes: to a request with these bytes, if any."""
        ...

    def lose_requests(self, having: bytes = b"") -> None:
        """Break a connection, once, before a request with these bytes is passed on."""
        ...

    def stall(self) -> None:
        """Hold everything back, both ways, until `go_on`."""
        ...

    def go_on(self) -> None:
        """Let everything through that was held back."""
        ...


class Progress:
    """Counts what happened, for those who wait until enough has."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._count = 0

    def add(self) -> None:
        """One more."""
        with self._news:
            self._count += 1
            self._news.notify_all()

    def more(self, number: int) -> None:
        """Wait for so many more than there are now."""
        with self._news:
            enough = self._count + number
            came = self._news.wait_for(lambda: self._count >= enough, SOON)
        assert came, f"nothing goes on any more: {self._count} of {enough}"


class RemoteSuite(Foundation):
    """For engines whose store is reached over a connection. `engine` is opened by way of `link`."""

    commit_marker: ClassVar[bytes] = b""
    """Bytes that stand in the request that makes a commit, as it goes over the wire, and in no other."""

    @pytest.fixture
    def link(self) -> Link:
        """What `engine` reaches its server through."""
        message = f"{type(self).__name__} has to give a fixture `link`"
        raise NotImplementedError(message)

    @pytest.fixture
    def beside(self) -> Engine:
        """Another handle on the store, which reaches it directly, closed at the end."""
        message = f"{type(self).__name__} has to give a fixture `beside`"
        raise NotImplementedError(message)

    def test_a_commit_whose_answer_is_lost_is_never_called_failed(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        ledger = Ledger(engine, "writer")
        self.two(ledger)
        link.lose_answers(after=self.commit_marker)
        self.two(ledger)
        assert link.lost == 1
        assert ledger.lines[-1].outcome != "refused", ledger.lines[-1]
        assert self.two(ledger).outcome == "done"
        assert audit(beside, ledger.lines) == []

    def test_a_commit_that_was_not_passed_on_is_never_called_done(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        """Unless it is made after all; the engine cannot always know, and may say so."""
        ledger = Ledger(engine, "writer")
        self.two(ledger)
        link.lose_requests(having=self.commit_marker)
        self.two(ledger)
        assert link.lost == 1
        assert self.two(ledger).outcome == "done"
        assert audit(beside, ledger.lines) == []

    def test_a_conditional_commit_whose_answer_is_lost_is_no_conflict_with_itself(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        """Asked again, it would meet its own traces."""
        self.write(engine, "a", 1)
        link.lose_answers(after=self.commit_marker)
        try:
            made = engine.commit([self.put("a", 2, if_revision=1)])
        except errors.UnknownOutcome:
            assert number_of(beside.get(self.home + "a")) in {1, 2}
        else:
            assert made.changes == beside.changes(1).changes
        assert link.lost == 1
        assert beside.revision() <= 2

    def test_where_nothing_can_be_reached_nothing_is_written(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        ledger = Ledger(engine, "writer")
        self.two(ledger)
        link.refuse()
        for _ in range(3):
            assert self.two(ledger).outcome != "done"
            with pytest.raises(UNREACHABLE):
                engine.get(self.home + "a")
            with pytest.raises(UNREACHABLE):
                engine.changes(0)
        link.accept()
        assert self.two(ledger).outcome == "done"
        assert audit(beside, ledger.lines) == []
        assert number_of_commits(beside) == 2, "what was asked of nobody was written"

    def test_reads_outlive_a_connection_that_was_cut(self, engine: Engine, link: Link) -> None:
        """Each of them, for each may find the pieces of a connection that nobody used meanwhile."""
        self.write(engine, "a", 1)
        reads: list[Callable[[], object]] = [
            lambda: number_of(engine.get(self.home + "a")),
            lambda: engine.range(self.home).revision,
            lambda: engine.changes(0).revision,
            engine.revision,
            lambda: engine.health().revision,
        ]
        for read in reads:
            link.cut()
            assert read() == 1

    def test_a_commit_after_a_cut_is_made_or_named(self, engine: Engine, beside: Engine, link: Link) -> None:
        ledger = Ledger(engine, "writer")
        for _ in range(5):
            self.two(ledger)
            link.cut()
            self.two(ledger)
        assert self.two(ledger).outcome == "done"
        assert audit(beside, ledger.lines) == []

    def test_a_commit_that_is_held_back_is_made_or_named(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        ledger = Ledger(engine, "writer")
        self.two(ledger)
        link.stall()
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(self.two, ledger)
            assert beside.revision() == 1
            link.go_on()
            assert held.result(SOON).outcome != "refused"
        assert audit(beside, ledger.lines) == []

    def test_a_watch_outlives_its_connections(self, engine: Engine, beside: Engine, link: Link) -> None:
        with following(engine, self.home) as told:
            ledger = Ledger(beside, "writer")
            for trouble in (link.cut, link.lose_answers, link.refuse, link.accept, link.cut):
                trouble()
                for _ in range(3):
                    self.two(ledger)
            self.write(beside, "end", 0)
        assert told == list(beside.changes(0, self.home, limit=0).changes)

    def test_racing_clients_see_one_register_to_a_key_whatever_is_lost(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        clients = [Client(handle, f"client-{n}") for n, handle in enumerate((engine, engine, beside))]
        keys = [self.home + "x", self.home + "y"]
        with ThreadPoolExecutor(1) as pool:
            racing = pool.submit(race, clients, keys, 40, random.Random(11))  # noqa: S311 - a test's dice
            lost_at = 0
            while not racing.done():
                # Not too often: each unknown outcome doubles what the verdict has to consider.
                noted = sum(len(client.history) for client in clients)
                if noted >= lost_at + 25:
                    lost_at = noted
                    link.lose_answers(after=self.commit_marker)
                    link.cut()
                threading.Event().wait(0.001)
            history = racing.result(SOON)
        found = violation(history)
        assert found is None, str(found)

    def test_writers_are_told_the_truth_whatever_is_lost(
        self, engine: Engine, beside: Engine, link: Link
    ) -> None:
        """Writers through the link and beside it, a watcher through the link, and every trouble in turn."""

        def refuse() -> None:
            link.refuse()
            progress.more(4)
            link.accept()

        def stall() -> None:
            link.stall()
            threading.Event().wait(0.05)
            link.go_on()

        troubles: list[Callable[[], None]] = [
            link.cut,
            lambda: link.lose_answers(after=self.commit_marker),
            link.lose_answers,
            lambda: link.lose_requests(having=self.commit_marker),
            refuse,
            stall,
        ]
        progress = Progress()
        lines, told = self.storm([engine, engine, beside], troubles * 3, progress)
        assert audit(beside, lines) == []
        assert told == list(beside.changes(0, self.home, limit=0).changes)
        assert [line.outcome for line in lines].count("done") > len(troubles)

    def storm(
        self, handles: Sequence[Engine], troubles: Sequence[Callable[[], None]], progress: Progress
    ) -> tuple[list[Line], list[Change]]:
        """A writer for each handle and a watcher through the first, while there is one trouble after another.

        What the writers noted, and what the watcher was told of them.
        """
        ledgers = [Ledger(handle, f"writer-{n}") for n, handle in enumerate(handles)]
        over = threading.Event()
        with following(handles[0], self.home) as told, ThreadPoolExecutor(len(ledgers)) as pool:
            writing = [pool.submit(self.write_until, over, ledger, progress) for ledger in ledgers]
            try:
                for trouble in troubles:
                    trouble()
                    progress.more(3 * len(ledgers))
            finally:
                over.set()
            for writer in writing:
                writer.result(SOON)
            end = Ledger(handles[-1], "end")
            assert end.commit([self.home + "end"]).outcome == "done"
        return [line for ledger in (*ledgers, end) for line in ledger.lines], told

    def write_until(self, over: threading.Event, ledger: Ledger, progress: Progress) -> None:
        """Commit several keys at a time, again and again, with a rest after what was not acknowledged."""
        dice = random.Random(ledger.name)  # noqa: S311 - a test's dice
        names = [self.home + name for name in "abcdefgh"]
        while not over.is_set():
            keys = dice.sample(names, dice.randint(1, 4))
            line = ledger.commit(keys[1:] or keys, keys[:1] if len(keys) > 1 else ())
            progress.add()
            if line.outcome != "done":
                over.wait(0.01)

    def two(self, ledger: Ledger) -> Line:
        """Commit two keys."""
        return ledger.commit([self.home + "a", self.home + "b"])


class RestartSuite(RemoteSuite):
    """For those whose server can be ended and started again by the tests."""

    @pytest.fixture
    def restart(self) -> Callable[..., None]:
        """`restart(hard=...)` ends the server, gently or with kill -9, and starts it: it answers then."""
        message = f"{type(self).__name__} has to give a fixture `restart`"
        raise NotImplementedError(message)

    @pytest.mark.parametrize("hard", [False, True], ids=["gently", "kill -9"])
    def test_everything_goes_on_after_a_restart(
        self, engine: Engine, beside: Engine, restart: Callable[..., None], *, hard: bool
    ) -> None:
        if hard and not engine.capabilities.durable:
            pytest.skip("this store does not promise to outlive a kill -9")
        ledger, identity = Ledger(engine, "writer"), engine.identity
        self.two(ledger)
        restart(hard=hard)
        assert number_of_commits(engine) == number_of_commits(beside) == 1
        self.two(ledger)
        assert self.two(ledger).outcome == "done"
        assert engine.identity == identity
        assert audit(beside, ledger.lines) == []

    @pytest.mark.parametrize("hard", [False, True], ids=["gently", "kill -9"])
    def test_nothing_acknowledged_is_lost_to_restarts_in_mid_commit(
        self, engine: Engine, beside: Engine, restart: Callable[..., None], *, hard: bool
    ) -> None:
        if hard and not engine.capabilities.durable:
            pytest.skip("this store does not promise to outlive a kill -9")
        progress = Progress()
        lines, told = self.storm([engine, engine, beside], [lambda: restart(hard=hard)] * 3, progress)
        assert audit(beside, lines) == []
        assert told == list(beside.changes(0, self.home, limit=0).changes)


@contextmanager
def following(engine: Engine, prefix: str) -> Iterator[list[Change]]:
    """Watch in a thread from the beginning, whatever happens, until the key `<prefix>end` is told.

    The list grows as it is told; it is whole when the block is left.
    """
    told: list[Change] = []
    given_up = threading.Event()

    def follow() -> None:
        with watch(engine, prefix=prefix, since=0, limit=3, stop=given_up) as feed:
            while not given_up.is_set() and not (told and told[-1].key == f"{prefix}end"):
                try:
                    news = feed.take(1)
                except UNREACHABLE:
                    given_up.wait(0.01)
                    continue
                told.extend(news.changes if news else ())

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(follow)
        try:
            yield told
            wait([watching], SOON)
            assert watching.done(), f"the watcher is not told the end: {len(told)} changes came"
            watching.result()
        finally:
            given_up.set()


def number_of_commits(engine: Engine) -> int:
    """How many commits the log has."""
    return len({change.revision for change in engine.changes(0, limit=0).changes})
