"""What every part of the suite stands on: the fixtures an implementer gives, and the fold of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from mastractl import values
from mastractl.engines.contract import ChangeType, Put
from mastractl.testing.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.engines.contract import Change, Commit, Engine, Entry
    from mastractl.engines.feed import Feed

SOON = 30.0
"""Seconds after which something that should happen at once counts as not happening."""


class Foundation:
    """The fixtures. A subclass gives `engine`: a new, empty store, opened with `clock`, closed at the end."""

    home: ClassVar[str] = "res/agent/default/"
    """Where the tests keep their keys: they add lower-case names. Override it to run them elsewhere."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        """The time the engine goes by."""
        return FakeClock()

    @pytest.fixture
    def engine(self, clock: FakeClock) -> Engine:
        """The engine under test."""
        message = f"{type(self).__name__} has to give a fixture `engine`"
        raise NotImplementedError(message)

    def put(self, name: str, number: int, *, if_revision: int | None = None) -> Put:
        """A put of `{"number": number}` under `home`."""
        return Put(self.home + name, document(number), if_revision)

    def write(self, engine: Engine, name: str, number: int) -> Commit:
        """Commit such a put."""
        return engine.commit([self.put(name, number)])


def document(number: int) -> bytes:
    """The value that stands for a number."""
    return values.dump({"number": number})


def number_of(entry: Entry | None) -> int:
    """The number a value stands for."""
    assert entry is not None, "there is no such key"
    return int(values.load(entry.value)["number"])


def fold(state: dict[str, Entry], changes: Iterable[Change]) -> None:
    """Apply a stretch of the log to a state, holding it to what the contract says of a change.

    `previous` is what the state held, `type` says what happened, revisions never go back, and an entry
    carries the revision of its change.
    """
    told = 0
    for change in changes:
        before = state.get(change.key)
        assert change.previous == before, f"{change} does not follow on {before}"
        assert change.revision >= told, f"{change} comes after revision {told}"
        told = change.revision
        if change.entry is None:
            assert change.type is ChangeType.DELETED, change
            assert before is not None, f"{change} removes what is not there"
            del state[change.key]
            continue
        assert change.type is (ChangeType.MODIFIED if before else ChangeType.ADDED), change
        assert (change.entry.key, change.entry.revision) == (change.key, change.revision), change
        lives_since = before.created_revision if before else change.revision
        assert change.entry.created_revision == lives_since, change
        state[change.key] = change.entry


def state_of(engine: Engine, prefix: str = "") -> dict[str, Entry]:
    """Everything under a prefix, by key."""
    return {entry.key: entry for entry in engine.range(prefix).entries}


def drain(feed: Feed) -> list[Change]:
    """All changes that a feed has to tell now."""
    told: list[Change] = []
    revision = feed.revision
    while (news := feed.take(0)) is not None:
        assert news.revision > revision, f"{news} is told twice"
        revision = news.revision
        told += news.changes
    return told


def await_changes(feed: Feed, count: int) -> list[Change]:
    """The next changes of a feed, as many as asked for, however long they take up to SOON."""
    told: list[Change] = []
    while len(told) < count:
        news = feed.take(SOON)
        assert news is not None, f"only {len(told)} of {count} changes came: {told}"
        told += news.changes
    assert len(told) == count, f"more than {count} changes came: {told}"
    return told
