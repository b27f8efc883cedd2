"""The suite and the machine find out engines that break their promises, each in a way that some store has."""

from __future__ import annotations

import inspect
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mastractl import errors
from mastractl.engines.contract import Capabilities, Changes, Check, Commit, Page, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite


class LosesDeletesAtCompaction(MemoryEngine):
    """etcd #18089, #19179."""

    def changes(self, since, prefix="", *, limit=1000):
        stretch, floor = super().changes(since, prefix, limit=limit), self.health().compacted
        lost = [c for c in stretch.changes if c.entry is None and c.previous.revision <= floor]
        return stretch._replace(changes=tuple(c for c in stretch.changes if c not in lost))


class ForgetsWhatWasBefore(MemoryEngine):
    """`previous` is looked up in the log, and gone with it."""

    def changes(self, since, prefix="", *, limit=1000):
        stretch, floor = super().changes(since, prefix, limit=limit), self.health().compacted
        return stretch._replace(
            changes=tuple(
                c._replace(previous=None) if c.entry and c.previous and c.previous.revision <= floor else c
                for c in stretch.changes
            ),
        )


class TellsTwice(MemoryEngine):
    """Going on from a revision tells that revision again (etcd #17247)."""

    def changes(self, since, prefix="", *, limit=1000):
        return super().changes(max(since - 1, self.health().compacted), prefix, limit=limit)


class WaitsForTheFuture(MemoryEngine):
    """etcd #20221."""

    def changes(self, since, prefix="", *, limit=1000):
        with suppress(errors.FutureRevision):
            return super().changes(since, prefix, limit=limit)
        return Changes(since, ())


class SkipsWhatIsLost(MemoryEngine):
    """Below the floor it goes on from the floor, as if nothing had been there."""

    def changes(self, since, prefix="", *, limit=1000):
        return super().changes(max(since, self.health().compacted), prefix, limit=limit)


class SplitsCommits(MemoryEngine):
    """A limit is a limit."""

    def changes(self, since, prefix="", *, limit=1000):
        stretch = super().changes(since, prefix, limit=limit)
        if not limit or len(stretch.changes) <= limit:
            return stretch
        kept = stretch.changes[:limit]
        return Changes(kept[-1].revision, kept, more=True)


class MarksAheadOfEvents(MemoryEngine):
    """A stretch that was cut short says that everything was told (etcd #15220)."""

    def changes(self, since, prefix="", *, limit=1000):
        stretch = super().changes(since, prefix, limit=limit)
        return stretch._replace(revision=self.revision(), more=False)


class ListsAheadOfItself(MemoryEngine):
    """A list says the revision of a later moment than its entries are of."""

    def range(self, prefix, *, limit=0, after=""):
        page = super().range(prefix, limit=limit, after=after)
        return page._replace(revision=page.revision + 1)


class LosesTheLastPage(MemoryEngine):
    """A full page is taken for the last one."""

    def range(self, prefix, *, limit=0, after=""):
        page = super().range(prefix, limit=limit, after=after)
        return page if not limit or len(page.entries) < limit else page._replace(next="")


class TreatsPrefixesAsPatterns(MemoryEngine):
    """SQL's LIKE without ESCAPE."""

    def range(self, prefix, *, limit=0, after=""):
        plain = min((prefix.find(c) for c in "%_" if c in prefix), default=len(prefix))
        page = super().range(prefix[:plain])
        return Page(page.revision, tuple(e for e in page.entries if len(e.key) >= len(prefix)))


class SortsAsPeopleDo(MemoryEngine):
    """A collation that folds case."""

    def range(self, prefix, *, limit=0, after=""):
        page = super().range(prefix, limit=limit, after=after)
        return page._replace(entries=tuple(sorted(page.entries, key=lambda e: e.key.lower())))


class WritesWithoutComparing(MemoryEngine):
    """The last one wins."""

    def commit(self, ops, *, origin=""):
        blind = [op._replace(if_revision=None) for op in ops if not isinstance(op, Check)]
        return super().commit(blind, origin=origin)


class ComparesNothingForEqualBytes(MemoryEngine):
    """A put that changes nothing is waved through before its condition is looked at."""

    def commit(self, ops, *, origin=""):
        entries = {op.key: self.get(op.key) for op in ops}
        same = [op for op in ops if isinstance(op, Put) and entries[op.key]]
        idle = [op for op in same if entries[op.key].value == op.value]
        return super().commit([op for op in ops if op not in idle], origin=origin)


class CommitsPieceByPiece(MemoryEngine):
    """What comes before a conflict stays written."""

    def commit(self, ops, *, origin=""):
        made = Commit(self.revision(), ())
        for op in ops:
            one = super().commit([op], origin=origin)
            made = Commit(one.revision, made.changes + one.changes)
        return made


class CountsWhatChangedNothing(MemoryEngine):
    """Every call makes a revision."""

    def commit(self, ops, *, origin=""):
        made = super().commit(ops, origin=origin)
        if not made.changes:
            made = super().commit([Put("rec/count", b'{"n":%d}' % self.revision())])
        return made


class ForgetsWhoDidIt(MemoryEngine):
    """The origin is lost."""

    def commit(self, ops, *, origin=""):
        return super().commit(ops)


class RewritesValues(MemoryEngine):
    """jsonb: white space and the order of keys are the database's own."""

    def commit(self, ops, *, origin=""):
        return super().commit(
            [op._replace(value=op.value.replace(b":", b": ")) if isinstance(op, Put) else op for op in ops],
            origin=origin,
        )


class NeverExpires(MemoryEngine):
    """Takes an expiry and forgets it."""

    def commit(self, ops, *, origin=""):
        kept = [op._replace(expires_at=None) if isinstance(op, Put) else op for op in ops]
        return super().commit(kept, origin=origin)


class ExpiresInSilence(MemoryEngine):
    """What is due is hidden from lists but never logged."""

    def _settle(self):
        self._refuse_closed()

    def get(self, key):
        entry = super().get(key)
        due = entry and entry.expires_at is not None and entry.expires_at <= self._clock.now()
        return None if due else entry

    def range(self, prefix, *, limit=0, after=""):
        page = super().range(prefix, limit=limit, after=after)
        return page._replace(entries=tuple(e for e in page.entries if self.get(e.key)))


class IsBornOfItsAncestor(MemoryEngine):
    """A key made again keeps the revision of its first creation."""

    def get(self, key):
        entry = super().get(key)
        births = [c.revision for c in self.changes(0, key, limit=0).changes if c.type == "ADDED"]
        return entry and entry._replace(created_revision=births[0])


class AnswersWhenClosed(MemoryEngine):
    """Close does nothing."""

    def close(self):
        pass


class Boasts(MemoryEngine):
    """Claims to be durable."""

    @property
    def capabilities(self):
        return Capabilities(durable=True, multi_process=False, push_watch=True)


class WatchesAsleep(MemoryEngine):
    """Claims to wake its waiters, and lets them sleep: here, not at all."""

    def wait(self, since, timeout):
        return False


class Whole(EngineSuite, ExpirySuite, PushSuite):
    """What the memory engine is held to."""


FOUND_OUT = [
    (LosesDeletesAtCompaction, "test_a_delete_is_never_lost_to_compaction"),
    (ForgetsWhatWasBefore, "test_a_change_keeps_its_previous_though_that_is_forgotten"),
    (TellsTwice, "test_a_watch_goes_on_from_any_bookmark"),
    (TellsTwice, "test_the_log_goes_on_from_any_revision"),
    (WaitsForTheFuture, "test_a_revision_ahead_of_the_store_raises"),
    (SkipsWhatIsLost, "test_a_slow_watcher_is_told_that_it_lost_its_place"),
    (SkipsWhatIsLost, "test_below_the_compacted_revision_the_log_raises"),
    (SplitsCommits, "test_a_commit_is_told_in_one_piece"),
    (MarksAheadOfEvents, "test_a_bookmark_is_never_ahead_of_a_change"),
    (ListsAheadOfItself, "test_a_range_is_one_moment"),
    (LosesTheLastPage, "test_paging_goes_on_though_its_last_key_is_gone"),
    (TreatsPrefixesAsPatterns, "test_a_prefix_is_plain_text"),
    (SortsAsPeopleDo, "test_a_range_is_in_code_point_order"),
    (WritesWithoutComparing, "test_a_put_meets_its_condition_or_conflicts"),
    (WritesWithoutComparing, "test_a_check_guards_the_commit"),
    (ComparesNothingForEqualBytes, "test_a_stale_put_conflicts_even_with_equal_bytes"),
    (CommitsPieceByPiece, "test_one_conflict_undoes_all"),
    (CommitsPieceByPiece, "test_a_commit_makes_one_revision_and_tells_what_it_did"),
    (CountsWhatChangedNothing, "test_what_changes_nothing_makes_no_revision"),
    (ForgetsWhoDidIt, "test_the_log_is_what_the_commits_told"),
    (RewritesValues, "test_an_entry_says_what_when_and_since_when"),
    (NeverExpires, "test_an_expiry_is_kept_or_refused"),
    (NeverExpires, "test_an_entry_is_gone_the_moment_it_expires"),
    (ExpiresInSilence, "test_what_expired_is_told_as_deleted"),
    (ExpiresInSilence, "test_a_list_and_the_log_after_it_agree"),
    (IsBornOfItsAncestor, "test_a_key_that_was_deleted_begins_a_new_life"),
    (Boasts, "test_what_is_declared_is_what_is_proven"),
    (WatchesAsleep, "test_a_wait_wakes_at_a_commit"),
]

FAILURE = (AssertionError, pytest.fail.Exception, errors.MastraError)


def run(kind, name):
    """One test of the suite with such an engine, as pytest would call it."""
    test, clock = getattr(Whole(), name), FakeClock()
    engine = kind(clock=clock)
    given = {"engine": engine, "clock": clock, "pusher": engine}
    test(**{name: given[name] for name in inspect.signature(test).parameters})


@pytest.mark.parametrize(("kind", "name"), FOUND_OUT)
def test_a_broken_engine_fails_the_test_meant_for_it(kind, name):
    run(MemoryEngine, name)
    with pytest.raises(FAILURE):
        run(kind, name)


def test_an_engine_that_answers_when_closed_is_found_out():
    with pytest.raises(pytest.fail.Exception):
        Whole().test_a_closed_engine_says_so(AnswersWhenClosed(), lambda engine: engine.get("res/a"))


@pytest.mark.parametrize("suite", [DurableSuite, SharedSuite])
def test_a_suite_for_what_is_not_declared_is_found_out(suite):
    class Wrong(EngineSuite, ExpirySuite, PushSuite, suite):
        pass

    with pytest.raises(AssertionError):
        Wrong().test_what_is_declared_is_what_is_proven(MemoryEngine())


@pytest.mark.parametrize(
    "kind",
    [
        LosesDeletesAtCompaction,
        ForgetsWhatWasBefore,
        TellsTwice,
        WaitsForTheFuture,
        SkipsWhatIsLost,
        SplitsCommits,
        MarksAheadOfEvents,
        ListsAheadOfItself,
        LosesTheLastPage,
        WritesWithoutComparing,
        ComparesNothingForEqualBytes,
        CommitsPieceByPiece,
        CountsWhatChangedNothing,
        ForgetsWhoDidIt,
        NeverExpires,
        ExpiresInSilence,
        IsBornOfItsAncestor,
    ],
)
def test_the_machine_finds_a_broken_engine_by_itself(kind):
    class Machine(EngineMachine):
        @classmethod
        def make(cls, clock, stack):
            return lambda: kind(clock=clock)

    quick = settings(
        max_examples=1000,
        stateful_step_count=30,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    with pytest.raises((*FAILURE, ExceptionGroup)):
        run_state_machine_as_test(Machine, settings=quick)
