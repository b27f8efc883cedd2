"""Commits: all or nothing, one revision, refused if the world is not as the caller thought."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mastractl import errors, values
from mastractl.engines.contract import Change, ChangeType, Check, Commit, Delete, Put
from mastractl.testing.engine_tests.foundation import Foundation, document, number_of, state_of

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine, Op
    from mastractl.testing.clocks import FakeClock

BAD_KEYS = (
    "",
    "/",
    "res",
    "/res/a",
    "res/a/",
    "res//a",
    "res/../a",
    "res/./a",
    "res/a/..",
    "../res/a",
    "res/a\x00b",
    "res/a\nb",
    "res/a\x7fb",
    "res/\ud800",
    "res/" + "x" * 1021,
    "res/" + "菜" * 341,
)


class CommitTests(Foundation):
    """What `commit` promises."""

    def test_a_commit_makes_one_revision_and_tells_what_it_did(
        self, engine: Engine, clock: FakeClock
    ) -> None:
        self.write(engine, "b", 1)
        self.write(engine, "c", 1)
        before = state_of(engine)
        key = {name: self.home + name for name in "abc"}
        made = engine.commit(
            [self.put("b", 2), Delete(key["c"]), self.put("a", 2), Check(self.home + "d", 0)], origin="me"
        )
        now = clock.now()
        assert made == Commit(
            3,
            (
                Change(3, key["b"], engine.get(key["b"]), before[key["b"]], "me", now),
                Change(3, key["c"], None, before[key["c"]], "me", now),
                Change(3, key["a"], engine.get(key["a"]), None, "me", now),
            ),
        )
        types = [change.type for change in made.changes]
        assert types == [ChangeType.MODIFIED, ChangeType.DELETED, ChangeType.ADDED]
        assert engine.revision() == 3

    def test_what_changes_nothing_makes_no_revision(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        idle: list[list[Op]] = [
            [],
            [self.put("a", 1)],
            [self.put("a", 1, if_revision=1)],
            [Delete(self.home + "b")],
            [Delete(self.home + "b", if_revision=0)],
            [Check(self.home + "a", 1), Check(self.home + "b", 0)],
            [self.put("a", 1), Delete(self.home + "b"), Check(self.home + "c", 0)],
        ]
        for ops in idle:
            assert engine.commit(ops) == Commit(1, ()), ops
        assert engine.changes(1).changes == ()
        assert engine.revision() == 1

    def test_only_what_changed_is_told(self, engine: Engine) -> None:
        engine.commit([self.put("a", 1), self.put("b", 1)])
        made = engine.commit([self.put("a", 1), self.put("b", 2), Delete(self.home + "c")])
        assert [change.key for change in made.changes] == [self.home + "b"]
        untouched = engine.get(self.home + "a")
        assert untouched is not None
        assert untouched.revision == 1

    def test_equal_meaning_in_other_bytes_is_a_change(self, engine: Engine) -> None:
        engine.commit([Put(self.home + "a", b'{"x":1,"y":2}')])
        assert engine.commit([Put(self.home + "a", b'{"y":2,"x":1}')]).revision == 2
        entry = engine.get(self.home + "a")
        assert entry is not None
        assert entry.value == b'{"y":2,"x":1}'

    def test_a_put_meets_its_condition_or_conflicts(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        assert engine.commit([self.put("a", 2, if_revision=1)]).revision == 2
        assert engine.commit([self.put("b", 1, if_revision=0)]).revision == 3
        refuse(engine, self.put("a", 3, if_revision=1), actual=2)
        refuse(engine, self.put("a", 3, if_revision=3), actual=2)
        refuse(engine, self.put("a", 3, if_revision=0), actual=2)
        refuse(engine, self.put("c", 3, if_revision=2), actual=0)

    def test_a_stale_put_conflicts_even_with_equal_bytes(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        self.write(engine, "a", 2)
        refuse(engine, self.put("a", 2, if_revision=1), actual=2)
        refuse(engine, self.put("a", 2, if_revision=0), actual=2)

    def test_a_delete_meets_its_condition_or_conflicts(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        refuse(engine, Delete(self.home + "a", if_revision=2), actual=1)
        refuse(engine, Delete(self.home + "a", if_revision=0), actual=1)
        refuse(engine, Delete(self.home + "b", if_revision=1), actual=0)
        assert engine.commit([Delete(self.home + "a", if_revision=1)]).revision == 2
        refuse(engine, Delete(self.home + "a", if_revision=1), actual=0)

    def test_a_new_life_does_not_meet_an_old_condition(self, engine: Engine) -> None:
        """A key deleted and made again with the same bytes is not what it was (the ABA problem)."""
        self.write(engine, "a", 1)
        engine.commit([Delete(self.home + "a")])
        self.write(engine, "a", 1)
        refuse(engine, self.put("a", 2, if_revision=1), actual=3)

    def test_a_check_guards_the_commit(self, engine: Engine) -> None:
        self.write(engine, "lock", 1)
        assert engine.commit([Check(self.home + "lock", 1), self.put("a", 1)]).revision == 2
        self.write(engine, "lock", 2)
        refuse(engine, self.put("a", 2), Check(self.home + "lock", 1), actual=3)
        refuse(engine, Check(self.home + "lock", 0), actual=3)
        refuse(engine, Check(self.home + "gone", 3), actual=0)

    def test_one_conflict_undoes_all(self, engine: Engine) -> None:
        engine.commit([self.put("a", 1), self.put("b", 1)])
        refuse(engine, self.put("c", 1), self.put("a", 2), Delete(self.home + "b", if_revision=9), actual=1)
        assert {key: number_of(entry) for key, entry in state_of(engine).items()} == {
            self.home + "a": 1,
            self.home + "b": 1,
        }

    def test_a_conflict_names_key_and_revisions(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        with pytest.raises(errors.Conflict, match="a") as caught:
            engine.commit([self.put("b", 1), self.put("a", 2, if_revision=7)])
        raised = caught.value
        assert (raised.key, raised.expected, raised.actual) == (self.home + "a", 7, 1)

    @pytest.mark.parametrize("second", ["put", "delete", "check"])
    def test_a_key_twice_is_a_fault_of_the_program(self, engine: Engine, second: str) -> None:
        key = self.home + "a"
        ops: dict[str, Op] = {"put": self.put("a", 2), "delete": Delete(key), "check": Check(key, 0)}
        with pytest.raises(ValueError, match="twice"):
            engine.commit([self.put("a", 1), ops[second]])
        assert engine.revision() == 0

    def test_a_negative_condition_is_a_fault_of_the_program(self, engine: Engine) -> None:
        with pytest.raises(ValueError, match="negative"):
            engine.commit([self.put("a", 1, if_revision=-1)])

    @pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
    def test_a_key_that_is_none_is_refused_by_every_operation(self, engine: Engine, key: str) -> None:
        bad: tuple[Op, ...] = (Put(key, document(1)), Delete(key), Check(key, 0))
        for op in bad:
            with pytest.raises(errors.BadRequest):
                engine.commit([self.put("a", 1), op])
        assert engine.revision() == 0

    def test_the_longest_key_is_taken(self, engine: Engine) -> None:
        key = "rec/" + "x" * 1020
        engine.commit([Put(key, document(1))])
        assert number_of(engine.get(key)) == 1

    def test_a_value_too_large_is_refused_before_anything_is_written(self, engine: Engine) -> None:
        data = values.dump({"text": "x" * engine.capabilities.max_value})
        with pytest.raises(errors.TooLarge):
            engine.commit([self.put("a", 1), Put(self.home + "b", data)])
        assert engine.revision() == 0

    def test_a_commit_too_large_is_refused_before_anything_is_written(self, engine: Engine) -> None:
        most = engine.capabilities.max_commit
        count = most or 300
        assert engine.commit([self.put(f"n{n}", n) for n in range(count)]).revision == 1
        assert len(engine.range(self.home).entries) == count
        if most:
            with pytest.raises(errors.TooLarge):
                engine.commit([self.put(f"n{n}", -1) for n in range(most + 1)])
            assert engine.revision() == 1

    def test_of_many_creators_one_wins(self, engine: Engine) -> None:
        start = threading.Barrier(4)

        def create(number: int) -> bool:
            start.wait()
            try:
                engine.commit([self.put("a", number, if_revision=0)])
            except errors.Conflict:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            won = list(pool.map(create, range(4)))
        assert won.count(True) == 1
        assert number_of(engine.get(self.home + "a")) == won.index(True)
        assert engine.revision() == 1

    def test_a_counter_loses_no_increment(self, engine: Engine) -> None:
        """Threads that read, add one and write if nothing changed: the sum is the number of successes."""
        self.write(engine, "count", 0)
        increment_racing([engine, engine, engine], self.home + "count", 25)
        assert number_of(engine.get(self.home + "count")) == 75
        assert engine.revision() == 76


def increment_racing(handles: list[Engine], key: str, times: int) -> None:
    """Each handle in a thread of its own adds one to the key so many times, by compare and swap."""
    start = threading.Barrier(len(handles))

    def increment(engine: Engine) -> None:
        start.wait()
        done = 0
        while done < times:
            entry = engine.get(key)
            assert entry is not None
            try:
                engine.commit([Put(key, document(number_of(entry) + 1), entry.revision)])
            except errors.Conflict:
                continue
            done += 1

    with ThreadPoolExecutor(len(handles)) as pool:
        list(pool.map(increment, handles))


def refuse(engine: Engine, *ops: Op, actual: int) -> None:
    """The commit conflicts with a key that stands at revision `actual`, and leaves no trace."""
    before, revision = state_of(engine), engine.revision()
    with pytest.raises(errors.Conflict) as caught:
        engine.commit(ops)
    assert caught.value.actual == actual
    assert state_of(engine) == before
    assert engine.revision() == revision
