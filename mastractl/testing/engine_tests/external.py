"""External edits: what an editor, git or rsync does to a store's documents is told like any commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import pytest

from mastractl import errors, values
from mastractl.engines.contract import EXTERNAL, ChangeType
from mastractl.engines.feed import watch
from mastractl.testing.engine_tests.foundation import (
    SOON,
    Foundation,
    await_changes,
    document,
    fold,
    number_of,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.engines.contract import Change, Engine, Entry, Health


class Outside(Protocol):
    """A hand that changes the store behind the engine's back, as an editor or git would."""

    def write(self, key: str, data: bytes) -> None:
        """Let what stands for the key hold these bytes, whatever they are."""
        ...

    def remove(self, key: str) -> None:
        """Remove what stands for the key."""
        ...


class ExternalEditSuite(Foundation):
    """For engines with the capability `external_edits`."""

    capability: ClassVar[str] = "external_edits"

    @pytest.fixture
    def outside(self, engine: Engine) -> Outside:
        """The hand."""
        message = f"{type(self).__name__} has to give a fixture `outside`"
        raise NotImplementedError(message)

    def test_an_edit_is_told_as_if_it_had_been_committed(self, engine: Engine, outside: Outside) -> None:
        state: dict[str, Entry] = {}
        with watch(engine, prefix=self.home) as feed:
            outside.write(self.home + "a", document(1))
            added = await_changes(feed, 1)
            outside.write(self.home + "a", document(2))
            modified = await_changes(feed, 1)
            outside.remove(self.home + "a")
            deleted = await_changes(feed, 1)
        told = [*added, *modified, *deleted]
        fold(state, told)
        assert state == {}
        assert [change.type for change in told] == list(ChangeType)
        assert {change.origin for change in told} == {EXTERNAL}
        assert [change.revision for change in told] == [1, 2, 3]

    def test_bytes_are_the_document_however_it_was_laid_out(self, engine: Engine, outside: Outside) -> None:
        with watch(engine, prefix=self.home) as feed:
            outside.write(self.home + "a", b'{\n  "text": "caf\\u00e9",\n  "n": 1\n}\n')
            (change,) = await_changes(feed, 1)
        assert change.entry is not None
        assert change.entry.value == values.dump({"text": "café", "n": 1})

    def test_a_stale_write_conflicts_with_an_edit(self, engine: Engine, outside: Outside) -> None:
        """The edit is logged before the commit that meets it, whether it was noticed yet or not."""
        self.write(engine, "a", 1)
        outside.write(self.home + "a", document(2))
        with pytest.raises(errors.Conflict) as caught:
            engine.commit([self.put("a", 3, if_revision=1)])
        assert caught.value.actual == 2
        assert number_of(engine.get(self.home + "a")) == 2

    def test_a_write_over_an_edit_loses_nothing_from_the_log(self, engine: Engine, outside: Outside) -> None:
        self.write(engine, "a", 1)
        outside.write(self.home + "a", document(2))
        assert self.write(engine, "a", 3).revision == 3
        told = engine.changes(0).changes
        assert [number_of(change.entry) for change in told] == [1, 2, 3]
        assert [change.origin for change in told] == ["", EXTERNAL, ""]

    def test_writing_the_same_again_is_no_change(self, engine: Engine, outside: Outside) -> None:
        self.write(engine, "a", 1)
        with watch(engine, prefix=self.home) as feed:
            outside.write(self.home + "a", document(1))
            outside.write(self.home + "b", document(2))
            (change,) = await_changes(feed, 1)
        assert change.key == self.home + "b"
        assert engine.revision() == 2

    def test_what_cannot_be_read_keeps_the_last_good_value(self, engine: Engine, outside: Outside) -> None:
        self.write(engine, "a", 1)
        with watch(engine, prefix=self.home) as feed:
            outside.write(self.home + "a", b'{"number": ')
            outside.write(self.home + "b", document(2))
            (change,) = await_changes(feed, 1)
            assert change.key == self.home + "b"
            assert number_of(engine.get(self.home + "a")) == 1
            self.await_health(engine, lambda health: len(health.problems) == 1)
            (problem,) = engine.health().problems
            assert problem.key == self.home + "a"
            assert problem.location
            assert problem.message
            outside.write(self.home + "a", document(3))
            assert number_of(await_changes(feed, 1)[0].entry) == 3
        self.await_health(engine, lambda health: health.problems == ())

    def test_many_edits_at_once_are_all_told(self, engine: Engine, outside: Outside) -> None:
        state: dict[str, Entry] = {}
        told: list[Change] = []
        with watch(engine, prefix=self.home) as feed:
            for number in range(200):
                outside.write(f"{self.home}n{number}", document(number))
            told += await_changes(feed, 200)
        fold(state, told)
        assert {key: number_of(entry) for key, entry in state.items()} == {
            f"{self.home}n{number}": number for number in range(200)
        }
        assert state == state_of(engine, self.home)

    def await_health(self, engine: Engine, wanted: Callable[[Health], bool]) -> None:
        """Look until the health is as wanted; each look waits for news first."""
        for _ in range(int(SOON / 0.1)):
            if wanted(engine.health()):
                return
            engine.changes(0)
            engine.wait(engine.revision(), 0.1)
        message = f"the health stayed {engine.health()}"
        raise AssertionError(message)
