"""What a lost answer may never lead to: a commit applied twice, or one reported that was not made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl import errors, values
from mastractl.engines.contract import Check, Commit, Delete, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.wrappers.retrying import LIMIT, RetryingEngine
from mastractl.engines.wrappers.wrapper import Wrapper
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document, fold, number_of, state_of
from mastractl.testing.linearizability import Operation, violation
from tests.engines.faulty import Network

KEY = "res/agent/default/a"
OTHER = "res/agent/default/b"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def memory(clock):
    return MemoryEngine(clock=clock)


@pytest.fixture
def network(memory):
    return Network(memory)


@pytest.fixture
def engine(network, clock):
    return RetryingEngine(network, clock=clock)


def put(number, if_revision=None, key=KEY):
    return Put(key, document(number), if_revision)


def test_reads_are_asked_again(engine, network, memory):
    memory.commit([put(1)])
    for read in (
        lambda: engine.get(KEY),
        lambda: engine.range(""),
        lambda: engine.changes(0),
        engine.revision,
    ):
        network.read_faults = [True, True]
        assert read()


def test_reads_are_asked_so_often_and_no_more(engine, network):
    network.read_faults = [True] * 6
    with pytest.raises(errors.StorageConnectionError):
        engine.get(KEY)
    assert network.read_faults == []


def test_pauses_grow_and_end_with_the_time_there_is(network, clock):
    engine = RetryingEngine(network, tries=1000, clock=clock)
    network.read_faults = [True] * 1000
    began = clock.monotonic()
    with pytest.raises(errors.StorageConnectionError):
        engine.get(KEY)
    assert LIMIT / 2 < clock.monotonic() - began <= LIMIT
    assert 1000 - len(network.read_faults) < 25


@pytest.mark.parametrize(
    "error",
    [errors.StorageClosed("closed"), errors.Forbidden("no"), errors.BadRequest("no"), errors.Expired("gone")],
    ids=lambda error: type(error).__name__,
)
def test_what_will_not_change_is_not_asked_again(error, clock):
    class Broken(Wrapper):
        asked = 0

        def revision(self):
            self.asked += 1
            raise error

    broken = Broken(MemoryEngine())
    with pytest.raises(type(error)):
        RetryingEngine(broken, clock=clock).revision()
    assert broken.asked == 1


def test_a_commit_that_was_refused_is_asked_again_as_it_stands(engine, network, memory):
    network.faults = ["refused", "refused"]
    made = engine.commit([put(1, 0), Check(OTHER, 0)], origin="me")
    assert made == Commit(1, memory.changes(0).changes)


@pytest.mark.parametrize("faults", [["answer"], ["request"], ["request", "answer"], ["answer", "refused"]])
@pytest.mark.parametrize("if_revision", [None, 1])
def test_a_change_without_an_answer_is_made_once(engine, network, memory, faults, if_revision):
    memory.commit([put(1)])
    network.faults = list(faults)
    made = engine.commit([put(2, if_revision)], origin="me")
    assert made == Commit(2, memory.changes(1).changes)
    assert memory.revision() == 2


def test_a_delete_without_an_answer_is_made_once(engine, network, memory):
    memory.commit([put(1)])
    network.faults = ["answer"]
    assert engine.commit([Delete(KEY)], origin="me") == Commit(2, memory.changes(1).changes)
    network.faults = ["answer"]
    assert engine.commit([Delete(KEY)], origin="me") == Commit(2, ())


def test_a_creation_whose_answer_was_lost_is_found_in_the_log(engine, network, memory):
    network.faults = ["answer"]
    assert engine.commit([put(1, 0)], origin="me") == Commit(1, memory.changes(0).changes)
    network.faults = ["answer"]
    made = engine.commit([put(1, key=OTHER), Delete("res/none")], origin="me")
    assert made == Commit(2, memory.changes(1).changes)


@pytest.mark.parametrize("fault", ["request", "zombie"])
def test_a_creation_that_may_yet_arrive_is_not_asked_again(engine, network, memory, fault):
    """It could be made, deleted by somebody, and made again by the copy that was under way."""
    network.faults = [fault]
    with pytest.raises(errors.UnknownOutcome) as caught:
        engine.commit([put(1)], origin="me")
    assert caught.value.hint
    assert network.sent == 1


def test_a_copy_that_arrives_late_does_nothing(engine, network, memory):
    memory.commit([put(1)])
    network.faults = ["zombie", "zombie"]
    assert engine.commit([put(2)], origin="me").revision == 2
    memory.commit([put(3)])
    network.arrive()
    assert number_of(memory.get(KEY)) == 3
    assert memory.revision() == 3


def test_a_creation_beside_a_change_is_as_safe_as_the_change(engine, network, memory):
    memory.commit([put(1)])
    network.faults = ["zombie"]
    assert engine.commit([put(2), put(1, key=OTHER)], origin="me").revision == 2
    memory.commit([Delete(OTHER)])
    network.arrive()
    assert memory.get(OTHER) is None


def test_an_unmet_condition_is_told_once_it_is_certain(engine, network, memory):
    """Somebody else was quicker, and what was under way can never be applied."""
    memory.commit([put(1)])

    class Quicker(Network):
        def commit(self, ops, *, origin=""):
            if not self.sent:
                memory.commit([put(7)], origin="they")
            return super().commit(ops, origin=origin)

    quicker = Quicker(memory, ["zombie"])
    with pytest.raises(errors.Conflict) as caught:
        RetryingEngine(quicker, clock=FakeClock()).commit([put(2, 1)], origin="me")
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    quicker.arrive()
    assert number_of(memory.get(KEY)) == 7


def test_an_unconditional_change_is_pinned_anew_when_it_was_outrun(memory, clock):
    memory.commit([put(1)])

    class Quicker(Network):
        def commit(self, ops, *, origin=""):
            if self.sent < 3:
                memory.commit([put(100 + self.sent)], origin="they")
            return super().commit(ops, origin=origin)

    made = RetryingEngine(Quicker(memory, ["zombie"]), clock=clock).commit([put(2)], origin="me")
    assert number_of(memory.get(KEY)) == 2
    assert memory.changes(made.revision - 1).changes == made.changes


def test_two_that_cannot_be_told_apart_are_not_guessed_at(network, memory, clock):
    """Without an origin, the same bytes from the same revision may be another client's."""
    memory.commit([put(1)])
    network.faults = ["answer"]
    with pytest.raises(errors.UnknownOutcome):
        RetryingEngine(network, clock=clock).commit([put(2, 1)])
    network.faults = ["answer"]
    made = RetryingEngine(network, clock=clock).commit([put(3)])
    assert made.revision == 3, "without a condition it makes no difference whose it was"


def test_another_ones_commit_is_not_taken_for_ours(memory, clock):
    memory.commit([put(1)])

    class Quicker(Network):
        def commit(self, ops, *, origin=""):
            if not self.sent:
                memory.commit([put(2)], origin="they")
            return super().commit(ops, origin=origin)

    with pytest.raises(errors.Conflict):
        RetryingEngine(Quicker(memory, ["request"]), clock=clock).commit([put(2, 1)], origin="me")


def test_a_log_that_was_compacted_beyond_tells_nothing(memory, clock):
    class Compacted(Network):
        def commit(self, ops, *, origin=""):
            try:
                return super().commit(ops, origin=origin)
            finally:
                memory.compact(memory.revision())

    memory.commit([put(1)])
    with pytest.raises(errors.UnknownOutcome):
        RetryingEngine(Compacted(memory, ["answer"]), clock=clock).commit([put(2, 1)], origin="me")


def test_what_is_unknown_stays_so_whatever_comes_after(engine, network, memory):
    memory.commit([put(1)])
    network.faults = ["request", *["refused"] * 10]
    with pytest.raises(errors.UnknownOutcome):
        engine.commit([put(2)], origin="me")
    network.faults = ["refused"] * 10
    with pytest.raises(errors.Unavailable):
        engine.commit([put(2)], origin="me")


STEPS = st.lists(
    st.tuples(
        st.sampled_from("wwwsssdr"),
        st.integers(0, 2),
        st.sampled_from(["", "", "refused", "request", "answer", "zombie"]),
        st.sampled_from(["", "request", "answer", "zombie"]),
        st.booleans(),
    ),
    max_size=25,
)


class Witness:
    """Clients that take turns, each noting what it did and was told, by a clock that counts."""

    def __init__(self):
        self.memory = MemoryEngine()
        self.networks = [Network(self.memory) for _ in range(3)]
        clock = FakeClock()
        self.clients = [RetryingEngine(network, tries=3, clock=clock) for network in self.networks]
        self.history = []
        self.ticks = 0

    def tick(self):
        self.ticks += 1
        return self.ticks

    def read(self, who):
        called = self.tick()
        entry = self.clients[who].get(KEY)
        value = entry and values.load(entry.value)["v"]
        self.note(who, "read", value, called)
        return entry, value

    def change(self, who, kind, faults):
        value = None if kind == "d" else f"{who}-{self.ticks}"
        entry, expected = self.read(who) if kind == "s" else (None, None)
        condition = None if kind != "s" else entry.revision if entry else 0
        op = Delete(KEY) if value is None else Put(KEY, values.dump({"v": value}), condition)
        self.networks[who].faults = [fault for fault in faults if fault]
        called = self.tick()
        kind = "swap" if kind == "s" else "write"
        try:
            made = self.clients[who].commit([op], origin=f"client-{who}")
        except errors.Conflict:
            self.note(who, kind, value, called, expected=expected, done=False)
        except errors.UnknownOutcome:
            self.note(who, kind, value, called, expected=expected, returned=None)
        except errors.Unavailable:
            pass  # certainly not done
        else:
            assert made.changes == self.memory.changes(max(made.revision - 1, 0)).changes[: len(made.changes)]
            self.note(who, kind, value, called, expected=expected)
        self.networks[who].faults = []

    def note(self, who, kind, value, called, returned=0, **more):
        operation = Operation(
            process=f"client-{who}",
            key=KEY,
            kind=kind,
            value=value,
            called=called,
            returned=self.tick() if returned == 0 else None,
            **more,
        )
        self.history.append(operation)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_whatever_is_lost_or_late_there_is_one_register(steps):
    """Requests and answers get lost, copies arrive after the retry and after others wrote: linearizable."""
    witness = Witness()
    for kind, who, first, second, arriving in steps:
        if kind == "r":
            witness.read(who)
        else:
            witness.change(who, kind, [first, second])
        if arriving:
            witness.networks[who].arrive()
            witness.read(who)
    for network in witness.networks:
        network.arrive()
    witness.read(0)
    found = violation(witness.history)
    assert found is None, str(found)
    told = witness.memory.changes(0, limit=0).changes
    state = {}
    fold(state, told)
    assert state == state_of(witness.memory)
    written = [change.entry.value for change in told if change.entry]
    assert len(written) == len(set(written)), "a commit was applied twice"


def test_the_register_would_notice_a_retry_that_does_not_care():
    """The test above can fail: a wrapper that only asks again applies commits twice."""
    witness = Witness()

    class Careless(Wrapper):
        def commit(self, ops, *, origin=""):
            try:
                return self.inner.commit(ops, origin=origin)
            except errors.UnknownOutcome:
                return self.inner.commit(ops, origin=origin)

    witness.clients = [Careless(network) for network in witness.networks]
    witness.change(0, "w", ["zombie"])
    witness.change(1, "w", [])
    witness.networks[0].arrive()
    witness.read(2)
    assert violation(witness.history) is not None
