"""Random histories of any engine, each step compared with the memory engine's.

Two writers (two handles on one store, where the engine can be shared), readers, compaction, the
passing of time, and watchers that fold what they are told and must end up with what is there.

    class MyMachine(EngineMachine):
        @classmethod
        def make(cls, clock, stack):
            path = stack.enter_context(TemporaryDirectory())
            return lambda: MyEngine(path, clock=clock)

    TestMyModel = MyMachine.TestCase
    TestMyModel.settings = settings(max_examples=50, stateful_step_count=30)
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mastractl import errors
from mastractl.engines.contract import Check, Commit, Delete, Put
from mastractl.engines.feed import watch
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document, fold, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.engines.contract import Change, Engine, Entry, Op
    from mastractl.engines.feed import Feed

KEYS = (
    "rec/run/default/a",
    "res/agent/default/a",
    "res/agent/default/b",
    "res/agent/other/a",
    "res/tool/default/a",
)
PREFIXES = ("", "none/", "rec/", "res/", "res/agent/", "res/agent/default/", "res/agent/default/b")


@dataclass(frozen=True, slots=True)
class Intent:
    """An operation before it is known at which revisions the keys stand."""

    kind: str
    key: str
    number: int
    condition: str
    lasting: int | None

    def operation(self, engine: Engine, now: float) -> Op:
        """The operation as a writer would state it that sees this engine now."""
        entry = engine.get(self.key)
        present = entry.revision if entry else 0
        stale = max(present - 1, 1)
        condition = {"any": None, "absent": 0, "current": present, "stale": stale}[self.condition]
        if self.kind == "put":
            expires_at = None if self.lasting is None else now + self.lasting
            return Put(self.key, document(self.number), condition, expires_at)
        if self.kind == "delete":
            return Delete(self.key, condition)
        return Check(self.key, condition or 0)


@dataclass(slots=True)
class Watcher:
    """A feed and the state that its changes add up to."""

    prefix: str
    feed: Feed
    state: dict[str, Entry] = field(default_factory=dict)


WRITERS = st.integers(0, 1)
COMMITS = st.lists(
    st.builds(
        Intent,
        kind=st.sampled_from(["put", "put", "put", "delete", "check"]),
        key=st.sampled_from(KEYS),
        number=st.integers(0, 2),
        condition=st.sampled_from([*["any"] * 4, *["current"] * 4, "absent", "stale"]),
        lasting=st.none() | st.none() | st.integers(0, 4),
    ),
    max_size=4,
    unique_by=lambda intent: intent.key,
)


class EngineMachine(RuleBasedStateMachine):
    """A hypothesis state machine; `make` says which engine. Subclasses may add rules of their own.

    `handles` are the two writers' handles, `model` is the memory engine, `clock` the time of all.
    """

    @classmethod
    def make(cls, clock: FakeClock, stack: ExitStack) -> Callable[[], Engine]:
        """A new, empty store, cleaned up by what is pushed on `stack`: the function that opens it."""
        message = f"{cls.__name__} has to say with `make` which engine it is about"
        raise NotImplementedError(message)

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.stack = ExitStack()
        self.open = self.make(self.clock, self.stack)
        self.handles = self.open_handles()
        self.model = MemoryEngine(clock=self.clock)
        self.watchers = [
            Watcher(prefix, watch(handle, prefix=prefix, since=0, limit=2))
            for prefix, handle in zip(("", "res/agent/"), self.handles, strict=True)
        ]

    def open_handles(self) -> list[Engine]:
        """Two handles on the store, or one twice where it cannot be shared."""
        first = self.open()
        return [first, self.open() if first.capabilities.multi_process else first]

    @rule(writer=WRITERS, intents=COMMITS)
    def commit(self, writer: int, intents: list[Intent]) -> None:
        """Both accept it, as the same revision with the same changes, or both find the same conflict."""
        if not self.handles[writer].capabilities.ttl:
            intents = [Intent(i.kind, i.key, i.number, i.condition, None) for i in intents]
        ops = [intent.operation(self.model, self.clock.now()) for intent in intents]
        unmet = {op.key: self.stands_at(op.key) for op in ops}
        expected = attempt(lambda: self.model.commit(ops, origin=f"writer-{writer}"))
        actual = attempt(lambda: self.handles[writer].commit(ops, origin=f"writer-{writer}"))
        if isinstance(expected, Commit):
            assert actual == expected
            return
        assert isinstance(actual, errors.Conflict), f"{expected!r} was expected, not {actual!r}"
        assert isinstance(expected, errors.Conflict)
        (op,) = [op for op in ops if op.key == actual.key]
        assert actual.expected == op.if_revision != actual.actual == unmet[op.key]

    @rule(writer=WRITERS, key=st.sampled_from(KEYS))
    def get(self, writer: int, key: str) -> None:
        """Both have the key alike."""
        assert self.handles[writer].get(key) == self.model.get(key)

    @rule(writer=WRITERS, prefix=st.sampled_from(PREFIXES), limit=st.integers(1, 4))
    def list(self, writer: int, prefix: str, limit: int) -> None:
        """Both give the same pages."""
        after, more = "", True
        while more:
            expected = self.model.range(prefix, limit=limit, after=after)
            page = self.handles[writer].range(prefix, limit=limit, after=after)
            assert (page.revision, page.entries) == (expected.revision, expected.entries)
            assert bool(page.next) == bool(expected.next)
            assert not page.next or page.next >= page.entries[-1].key, "the next page would repeat this one"
            after, more = page.next, bool(page.next)

    @rule(writer=WRITERS, prefix=st.sampled_from(PREFIXES), back=st.integers(-1, 8), limit=st.integers(1, 4))
    def read_log(self, writer: int, prefix: str, back: int, limit: int) -> None:
        """Both tell the same from the same revision, or both cannot."""
        since = self.model.revision() - back
        expected = attempt(lambda: told_by(self.model, since, prefix, limit))
        actual = attempt(lambda: told_by(self.handles[writer], since, prefix, limit))
        if isinstance(expected, errors.Expired):
            assert type(actual) is type(expected), f"{expected!r} was expected, not {actual!r}"
            return
        assert actual == expected

    @rule(writer=WRITERS, back=st.integers(-1, 6))
    def compact(self, writer: int, back: int) -> None:
        """Both forget alike."""
        before = max(self.model.revision() - back, 0)
        expected = attempt(lambda: self.model.compact(before))
        actual = attempt(lambda: self.handles[writer].compact(before))
        assert type(actual) is type(expected)
        assert self.handles[writer].health().compacted == self.model.health().compacted

    @rule(seconds=st.integers(1, 3))
    def let_time_pass(self, seconds: int) -> None:
        """What is due goes, in both."""
        self.clock.advance(seconds)

    @rule(which=WRITERS)
    def follow(self, which: int) -> None:
        """A watcher takes the next item; when there is none, what it was told adds up to what is there."""
        watcher = self.watchers[which]
        try:
            news = watcher.feed.take(0)
        except errors.Expired:
            self.list_again(watcher, self.handles[which])
            return
        if news is None:
            assert watcher.state == state_of(self.model, watcher.prefix)
            assert watcher.feed.revision == self.model.revision()
        else:
            fold(watcher.state, news.changes)

    def list_again(self, watcher: Watcher, handle: Engine) -> None:
        """What a watcher does that lost its place: it is so only if the log was compacted above it."""
        assert watcher.feed.revision < self.model.health().compacted
        page = handle.range(watcher.prefix)
        watcher.state = {entry.key: entry for entry in page.entries}
        watcher.feed = watch(handle, prefix=watcher.prefix, since=page.revision, limit=2)

    @precondition(lambda self: self.handles[0].capabilities.durable)
    @rule()
    def reopen(self) -> None:
        """All processes end and begin again; watchers go on from their bookmarks."""
        identity = self.handles[0].identity
        for handle in self.handles:
            handle.close()
        self.handles = self.open_handles()
        for watcher, handle in zip(self.watchers, self.handles, strict=True):
            since = watcher.feed.revision
            watcher.feed = watch(handle, prefix=watcher.prefix, since=since, identity=identity, limit=2)

    @invariant()
    def same(self) -> None:
        """Both are at one revision, hold the same, and remember the same."""
        since = self.model.health().compacted
        for handle in self.handles:
            assert handle.range("") == self.model.range("")
            assert handle.revision() == self.model.revision()
            assert handle.changes(since, limit=0) == self.model.changes(since, limit=0)

    def stands_at(self, key: str) -> int:
        """The revision of a key in the model, 0 if it has none."""
        entry = self.model.get(key)
        return entry.revision if entry else 0

    def teardown(self) -> None:
        """Close everything and clean up."""
        for handle in (*self.handles, self.model):
            handle.close()
        self.stack.close()


def told_by(engine: Engine, since: int, prefix: str, limit: int) -> tuple[int, list[Change]]:
    """The log after a revision, however many stretches it takes, and where it ends."""
    told: list[Change] = []
    while True:
        stretch = engine.changes(since, prefix, limit=limit)
        told += stretch.changes
        if not stretch.more:
            return stretch.revision, told
        assert stretch.revision > since, f"{stretch} makes no progress"
        since = stretch.revision


def attempt(call: Callable[[], Any]) -> Any:
    """What the call gives, or the error that it raises."""
    try:
        return call()
    except errors.MastraError as raised:
        return raised
