"""Clocks that disagree and jump: an entry goes when some clock said so, once, and the log stays whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastractl.engines.contract import EXPIRED, Delete, Put
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document, fold, state_of

KEYS = [f"rec/run/{name}" for name in "abc"]

WHO = st.integers(0, 1)
SECONDS = st.sampled_from([-3600.0, -5.0, -0.5, 0.25, 1.0, 5.0, 3600.0])
STEPS = st.one_of(
    st.tuples(st.just("jump"), WHO, SECONDS),
    st.tuples(st.just("put"), WHO, st.sampled_from(KEYS), st.sampled_from([None, -1.0, 0.5, 2.0, 60.0])),
    st.tuples(st.just("delete"), WHO, st.sampled_from(KEYS)),
    st.tuples(st.just("look"), WHO, st.sampled_from(["get", "range", "revision", "changes", "health"])),
)


class Two:
    """Two handles on one store, each with a clock of its own; and how far any clock ever was at a call."""

    def __init__(self, place):
        self.clocks = [FakeClock(), FakeClock()]
        self.handles = [place.open(clock=clock) for clock in self.clocks]
        self.latest = [float("-inf")] * 2
        self.number = 0
        self.wanted = {}
        """What was put and not deleted by hand: the entry, as the commit gave it."""

    def jump(self, who, seconds):
        self.clocks[who].set_now(self.clocks[who].now() + seconds)

    def put(self, who, key, lasting):
        self.called(who)
        self.number += 1
        expires_at = None if lasting is None else self.clocks[who].now() + lasting
        made = self.handles[who].commit(
            [Put(key, document(self.number), expires_at=expires_at)], origin="put"
        )
        self.wanted[key] = made.changes[-1].entry

    def delete(self, who, key):
        self.called(who)
        self.handles[who].commit([Delete(key)], origin="delete")
        self.wanted.pop(key, None)

    def look(self, who, how):
        self.called(who)
        now, handle = self.clocks[who].now(), self.handles[who]
        if how == "get":
            seen = [handle.get(key) for key in KEYS]
        elif how == "range":
            seen = handle.range("").entries
        else:
            {"revision": handle.revision, "changes": lambda: handle.changes(0), "health": handle.health}[
                how
            ]()
            seen = ()
        for entry in seen:
            assert entry is None or entry.expires_at is None or entry.expires_at > now, "what is due is shown"

    def called(self, who):
        """From now on, what was due by this clock may be gone."""
        self.latest[who] = max(self.latest[who], self.clocks[who].now())

    def judge(self):
        log = self.handles[0].changes(0, limit=0).changes
        for who in (0, 1):
            self.called(who)
        assert log == self.handles[1].changes(0, limit=0).changes[: len(log)]
        log = self.handles[0].changes(0, limit=0).changes
        state = {}
        fold(state, log)
        revisions = sorted({change.revision for change in log})
        assert revisions == list(range(1, len(revisions) + 1))
        for change in log:
            if change.origin == EXPIRED:
                assert change.entry is None
                assert change.previous.expires_at is not None
                assert change.previous.expires_at <= max(self.latest), "nobody's clock had come so far"
        assert state == {entry.key: entry for entry in self.shown()}
        for key, entry in self.wanted.items():
            if entry.expires_at is None or entry.expires_at > max(self.latest):
                assert state.get(key) == entry, f"{key} was not due by any clock"

    def shown(self):
        """What both handles together have: each hides what is due by its own clock."""
        pages = [state_of(handle) for handle in self.handles]
        return {entry for page in pages for entry in page.values()}

    def close(self):
        for handle in self.handles:
            handle.close()


def test_clocks_that_jump_lose_nothing_that_was_not_due(place):
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=5, max_size=25))
    def story(steps):
        with tempfile.TemporaryDirectory() as directory:
            two = Two(place.kind.new(Path(directory)))
            try:
                for act, *how in steps:
                    getattr(two, act)(*how)
                two.judge()
            finally:
                two.close()

    story()
