from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.histories import Client, race, read_journals
from mastractl.testing.linearizability import Operation, violation


def read(value, called, returned):
    return Operation(process="p", key="k", kind="read", value=value, called=called, returned=returned)


def write(value, called, returned=None):
    return Operation(process="p", key="k", kind="write", value=value, called=called, returned=returned)


def swap(expected, value, called, returned=None, *, done=True):
    return Operation(
        process="p",
        key="k",
        kind="swap",
        value=value,
        called=called,
        returned=returned,
        expected=expected,
        done=done,
    )


GOOD = {
    "nothing happened": [],
    "one after another": [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)],
    "a read beside a write sees either": [write(1, 0, 9), read(None, 1, 2), read(1, 3, 4)],
    "a delete": [write(1, 0, 1), write(None, 2, 3), read(None, 4, 5)],
    "one of two swaps": [write(1, 0, 1), swap(1, 2, 2, 5), swap(1, 3, 2, 5, done=False), read(2, 6, 7)],
    "a swap fails on what an unfinished write did": [
        write(1, 0, 1),
        write(2, 2),
        swap(1, 3, 4, 5, done=False),
        read(2, 6, 7),
    ],
    "an unfinished write happened": [write(1, 0, 1), write(2, 2), read(1, 3, 4), read(2, 5, 6)],
    "an unfinished write did not happen": [write(1, 0, 1), write(2, 2), read(1, 3, 4), read(1, 5, 6)],
    "an unfinished swap happened": [write(1, 0, 1), swap(1, 2, 2), read(2, 3, 4)],
    "an unfinished swap came too late": [write(1, 0, 1), swap(1, 2, 2), write(3, 3, 4), read(3, 5, 6)],
    "an unfinished read saw what it saw": [write(1, 0, 1), read(9, 2, None), read(1, 3, 4)],
    "touching moments count as at once": [write(1, 0, 1), read(None, 1, 2)],
}

BAD = {
    "a stale read": [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
    "a read of what nobody wrote": [write(1, 0, 1), read(2, 2, 3)],
    "a lost write": [write(1, 0, 1), read(None, 2, 3)],
    "reads that go back": [write(1, 0, 1), write(2, 2, 9), read(2, 3, 4), read(1, 5, 6)],
    "two swaps from one value": [write(1, 0, 1), swap(1, 2, 2, 5), swap(1, 3, 2, 5)],
    "a lost update": [
        write(1, 0, 1),
        swap(1, 2, 2, 3),
        swap(1, 3, 4, 5, done=False),
        read(1, 6, 7),
    ],
    "a swap that should have failed": [write(1, 0, 1), write(2, 2, 3), swap(1, 3, 4, 5)],
    "a swap that should have been done": [write(1, 0, 1), swap(1, 2, 2, 3, done=False)],
    "a failed swap that wrote": [write(1, 0, 1), swap(7, 2, 2, 3, done=False), read(2, 4, 5)],
    "a delete undone": [write(1, 0, 1), write(None, 2, 3), read(1, 4, 5)],
    "an unfinished write that came and went": [
        write(1, 0, 1),
        write(2, 2),
        read(2, 3, 4),
        read(1, 5, 6),
    ],
    "an unfinished write before its call": [write(1, 0, 1), read(2, 2, 3), write(2, 4)],
    "two readers that disagree on the order": [
        write(1, 0, 20),
        write(2, 0, 20),
        read(1, 1, 2),
        read(2, 3, 4),
        read(1, 5, 6),
    ],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_what_can_have_happened_is_accepted(history):
    assert violation(history) is None


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_what_cannot_have_happened_is_rejected(history):
    assert violation(history) is not None


def test_the_order_of_notes_does_not_matter():
    for history in itertools.permutations(BAD["a lost update"]):
        assert violation(history) is not None
    for history in itertools.permutations(GOOD["one of two swaps"]):
        assert violation(history) is None


def test_keys_are_judged_one_by_one():
    other = Operation(process="p", key="a", kind="read", value=None, called=8, returned=9)
    assert violation([write(1, 0, 1), other]) is None
    found = violation([write(1, 0, 1), read(2, 2, 3), other])
    assert found.key == "k"


def test_a_register_may_hold_something_at_first():
    assert violation([read(5, 0, 1)], initial=5) is None
    assert violation([read(None, 0, 1)], initial=5) is not None


def test_a_violation_says_how_far_it_could_be_explained():
    found = violation([write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)])
    assert found.order == (write(1, 0, 1), write(2, 2, 3))
    assert found.register == 2
    assert found.stuck == (read(1, 4, 5),)
    assert "k is not linearizable" in str(found)


def possible(history):
    """The definition itself: some order, with or without each unfinished operation, explains it all."""
    finished = [op for op in history if op.returned is not None]
    unfinished = [op for op in history if op.returned is None and op.kind != "read"]
    for count in range(len(unfinished) + 1):
        for chosen in itertools.combinations(unfinished, count):
            if any(explains(order) for order in itertools.permutations([*finished, *chosen])):
                return True
    return False


def explains(order):
    for earlier, later in itertools.combinations(order, 2):
        if later.returned is not None and later.returned < earlier.called:
            return False
    register = None
    for op in order:
        if op.kind == "read" and op.value != register:
            return False
        if op.kind == "swap":
            matches = op.expected == register
            if op.returned is not None and op.done != matches:
                return False
            register = op.value if matches else register
        if op.kind == "write":
            register = op.value
    return True


SMALL = st.none() | st.integers(0, 2)


@st.composite
def operations(draw):
    called = draw(st.integers(0, 12))
    returned = None if draw(st.integers(0, 4)) == 0 else called + draw(st.integers(0, 6))
    kind = draw(st.sampled_from(["read", "write", "swap"]))
    if kind == "read":
        return read(draw(SMALL), called, returned)
    if kind == "write":
        return write(draw(SMALL), called, returned)
    return swap(draw(SMALL), draw(SMALL), called, returned, done=draw(st.booleans()))


@given(st.lists(operations(), max_size=5))
def test_the_search_agrees_with_the_definition(history):
    assert (violation(history) is None) == possible(history)


@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_every_story_of_a_real_register_is_accepted(dice, length):
    """Operations that take effect at 0, 1, 2, ... are called before and return after, as far as may be."""
    history, register = [], None
    for moment in range(length):
        called, returned = moment - dice.uniform(0, 4), moment + dice.uniform(0, 4)
        kind = dice.choice(["read", "write", "swap"])
        if kind == "read":
            history.append(read(register, called, returned))
        elif kind == "write":
            register = moment
            history.append(write(moment, called, dice.choice([returned, None])))
        else:
            expected = dice.choice([register, register, -1])
            done = expected == register
            history.append(swap(expected, moment, called, returned, done=done))
            register = moment if done else register
    assert violation(history) is None


def test_a_long_history_is_judged():
    engine = MemoryEngine()
    history = race([Client(engine, f"c{n}") for n in range(4)], ["res/a"], 1000, random.Random(1))
    assert len(history) > 4000
    assert violation(history) is None


class Forgetful(MemoryEngine):
    """Reads what stood one change earlier."""

    def get(self, key):
        entry = super().get(key)
        changes = [change for change in self.changes(0, limit=0).changes if change.key == key]
        return changes[-1].previous if entry and changes[-1].previous else entry


class Blind(MemoryEngine):
    """Compares and swaps without comparing."""

    def commit(self, ops, *, origin=""):
        return super().commit([Put(op.key, op.value) for op in ops], origin=origin)


def test_an_engine_that_reads_stale_values_is_found_out():
    client = Client(Forgetful(), "c")
    client.write("res/a")
    client.write("res/a")
    client.read("res/a")
    assert violation(client.history) is not None


def test_an_engine_that_does_not_compare_is_found_out():
    engine = Blind()
    one, two = Client(engine, "one"), Client(engine, "two")
    one.write("res/a")

    class Interrupting:
        """Lets another client in between reading and writing."""

        def get(self, key):
            entry = engine.get(key)
            two.write(key)
            return entry

        def commit(self, ops, *, origin):
            return engine.commit(ops, origin=origin)

    three = Client(Interrupting(), "three")
    assert three.swap("res/a"), "the engine let it through"
    assert violation([*one.history, *two.history, *three.history]) is not None


def test_a_write_of_unknown_outcome_is_noted_as_such():
    class Lost:
        def get(self, key):
            return None

        def commit(self, ops, *, origin):
            raise errors.UnknownOutcome("the line went dead")

    client = Client(Lost(), "c")
    assert not client.swap("res/a")
    client.write("res/a")
    assert [(op.kind, op.returned is None) for op in client.history] == [
        ("read", False),
        ("swap", True),
        ("write", True),
    ]


def test_a_journal_tells_the_history(tmp_path):
    client = Client(MemoryEngine(), "c", tmp_path / "journal")
    client.write("res/a")
    client.swap("res/a")
    client.delete("res/a")
    client.read("res/a")
    client.close()
    assert read_journals([tmp_path / "journal"]) == client.history
    assert [op.value for op in client.history] == ["c-0", "c-0", "c-1", None, None]


def test_the_journal_of_a_killed_process_ends_with_an_open_call(tmp_path):
    script = """
import os, signal, sys
from mastractl.engines.memory import MemoryEngine
from mastractl.testing.histories import Client

class Deadly(MemoryEngine):
    def commit(self, ops, *, origin=""):
        made = super().commit(ops, origin=origin)
        if made.revision == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

client = Client(Deadly(), "c", sys.argv[1])
while True:
    client.write("res/a")
"""
    journal = tmp_path / "journal"
    child = subprocess.run([sys.executable, "-c", script, os.fspath(journal)], check=False)
    assert child.returncode == -9
    history = read_journals([journal])
    assert [op.returned is None for op in history] == [False, False, True]
    with journal.open("a") as file:
        file.write(json.dumps([3, {}])[:-1])
    assert read_journals([journal]) == history
