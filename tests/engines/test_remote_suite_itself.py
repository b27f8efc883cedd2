"""The suite for engines behind a connection finds out those that deceive, each as some client does."""

from __future__ import annotations

import inspect
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Commit
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.engine_suite import RemoteSuite


class Wire:
    """A `Link` within the process."""

    def __init__(self):
        self.lost = 0
        self.refusing = self.losing_answers = self.losing_requests = self.broken = False
        self.flowing = threading.Event()
        self.flowing.set()

    def cut(self):
        self.broken = True

    def refuse(self):
        self.refusing = True

    def accept(self):
        self.refusing = False

    def lose_answers(self, after=b""):
        self.losing_answers = True

    def lose_requests(self, having=b""):
        self.losing_requests = True

    def stall(self):
        self.flowing.clear()

    def go_on(self):
        self.flowing.set()

    def loses(self, what):
        losing = getattr(self, what)
        setattr(self, what, False)
        self.lost += losing
        return losing


class Through:
    """An honest engine whose store is at the other end of a wire. Others change what they say of a loss."""

    def __init__(self, engine, wire):
        self.engine, self.wire = engine, wire
        self.capabilities, self.identity = engine.capabilities, engine.identity

    def __getattr__(self, name):
        return lambda *args, **how: self.ask(lambda: getattr(self.engine, name)(*args, **how))

    def reach(self):
        self.wire.flowing.wait(30)
        if self.wire.refusing:
            raise errors.StorageConnectionError("refused")

    def ask(self, read):
        self.reach()
        self.wire.broken = False
        return read()

    def commit(self, ops, *, origin=""):
        self.reach()
        if self.wire.loses("losing_requests"):
            return self.not_passed_on(ops, origin)
        made = self.engine.commit(ops, origin=origin)
        return self.not_answered(ops, origin) if self.wire.loses("losing_answers") else made

    def not_passed_on(self, ops, origin):
        raise errors.UnknownOutcome("lost")

    def not_answered(self, ops, origin):
        raise errors.UnknownOutcome("lost")


class CallsItFailed(Through):
    """No answer is taken for a no."""

    def not_answered(self, ops, origin):
        raise errors.Unavailable("no answer; try again")


class CallsItDone(Through):
    """Sent is taken for done."""

    def not_passed_on(self, ops, origin):
        return Commit(self.engine.revision() + 1, (None,))


class AsksAgain(Through):
    """It tries again, and meets what it wrote itself."""

    def not_answered(self, ops, origin):
        return self.engine.commit(ops, origin=origin)


class WritesLater(Through):
    """What could not be sent is kept, and sent when the store is there again."""

    kept = ()

    def commit(self, ops, *, origin=""):
        if self.wire.refusing:
            self.kept = ops, origin
        elif self.kept:
            (late, by), self.kept = self.kept, ()
            self.engine.commit(late, origin=by)
        return super().commit(ops, origin=origin)


class StaysBroken(Through):
    """A connection that was cut is found so by the caller."""

    def ask(self, read):
        if self.wire.broken:
            self.wire.broken = False
            raise errors.StorageConnectionError("broken pipe")
        return super().ask(read)


class ForgetsItsPlace(Through):
    """After its first loss it goes on one further than it was."""

    lost = False

    def changes(self, since, prefix="", *, limit=1000):
        if self.wire.broken and not self.lost and self.engine.revision() > since:
            self.lost, since = True, since + 1
        return self.ask(lambda: self.engine.changes(since, prefix, limit=limit))


FOUND_OUT = [
    (CallsItFailed, "test_a_commit_whose_answer_is_lost_is_never_called_failed"),
    (CallsItFailed, "test_writers_are_told_the_truth_whatever_is_lost"),
    (CallsItDone, "test_a_commit_that_was_not_passed_on_is_never_called_done"),
    (CallsItDone, "test_writers_are_told_the_truth_whatever_is_lost"),
    (AsksAgain, "test_a_conditional_commit_whose_answer_is_lost_is_no_conflict_with_itself"),
    (WritesLater, "test_where_nothing_can_be_reached_nothing_is_written"),
    (StaysBroken, "test_reads_outlive_a_connection_that_was_cut"),
    (ForgetsItsPlace, "test_a_watch_outlives_its_connections"),
]


def run(kind, name):
    test, beside, wire = getattr(RemoteSuite(), name), MemoryEngine(), Wire()
    given = {"engine": kind(beside, wire), "beside": beside, "link": wire}
    test(**{name: given[name] for name in inspect.signature(test).parameters})


@pytest.mark.parametrize(("kind", "name"), FOUND_OUT)
def test_a_deceitful_engine_fails_the_test_meant_for_it(kind, name):
    run(Through, name)
    with pytest.raises((AssertionError, errors.MastraError)):
        run(kind, name)


@pytest.mark.parametrize("name", [name for name in dir(RemoteSuite) if name.startswith("test_")])
def test_an_honest_engine_passes(name):
    run(Through, name)
