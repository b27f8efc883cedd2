"""Random histories of a store: two writers against a dictionary, and watches that add up to the list.

class MyMachine(StoreMachine):
    @classmethod
    def make(cls, clock, stack):
        path = stack.enter_context(TemporaryDirectory())
        return lambda: MyEngine(path, clock=clock)

TestMyStoreModel = MyMachine.TestCase
TestMyStoreModel.settings = settings(max_examples=50, stateful_step_count=30)
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mastractl import errors, values
from mastractl.engines.contract import EXTERNAL, Put
from mastractl.resources import lifecycle
from mastractl.store import StateStore
from mastractl.testing.clocks import FakeClock
from mastractl.testing.store_tests.foundation import agent

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.engines.contract import Engine
    from mastractl.resources.resource import Resource
    from mastractl.store import Subscription
    from mastractl.values import JsonObject

HELD = "example.com/held"

WRITERS = st.integers(0, 1)
NAMES = st.sampled_from(["a", "b", "c"])
SPECS = st.integers(0, 2)
LABELS = st.none() | st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"]), max_size=2)
FINALIZERS = st.none() | st.lists(st.just(HELD), max_size=1)
CONDITIONS = st.sampled_from(["none", "none", "current", "stale"])


class Expected(NamedTuple):
    """What a resource should be."""

    says: int
    labels: dict[str, str]
    finalizers: tuple[str, ...]
    generation: int
    phase: str
    deleting: bool


APPLIED, UPDATED, EDITED = "Apply", "Update", "edit"

Pieces = dict[tuple[str, str], str]
"""What is owned piece by piece: ("label", key) with its value, and ("finalizer", name)."""

Owners = dict[tuple[str, str], frozenset[str]]
"""Who owns each piece: the one manager there is, by an apply or by an update, or whoever edited it."""


class StoreMachine(RuleBasedStateMachine):
    """A hypothesis state machine; `make` says which engine carries the stores."""

    @classmethod
    def make(cls, clock: FakeClock, stack: ExitStack) -> Callable[[], Engine]:
        """A new, empty store, cleaned up by what is pushed on `stack`: the function that opens it."""
        message = f"{cls.__name__} has to say with `make` which engine it is about"
        raise NotImplementedError(message)

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.stack = ExitStack()
        engine_of = self.make(self.clock, self.stack)
        first = engine_of()
        second = engine_of() if first.capabilities.multi_process else first
        self.writers = [StateStore(engine, clock=self.clock) for engine in (first, second)]
        for store in self.writers:
            self.stack.callback(store.close)
        self.model: dict[str, Expected] = {}
        self.owners: dict[str, Owners] = {}
        self.watches: list[tuple[Subscription, dict[str, Resource]]] = [
            (store.watch("agents"), {}) for store in self.writers
        ]
        self.uids: set[str] = set()

    def teardown(self) -> None:
        """Close what was opened."""
        self.stack.close()

    @rule(writer=WRITERS, name=NAMES, says=SPECS, labels=LABELS, finalizers=FINALIZERS)
    def create(
        self, writer: int, name: str, says: int, labels: dict[str, str] | None, finalizers: list[str] | None
    ) -> None:
        """It becomes what was given, or was there already."""
        given = _given(name, says, labels, finalizers)
        if name in self.model:
            with pytest.raises(errors.AlreadyExists):
                self.writers[writer].create(given)
            return
        made = self.writers[writer].create(given)
        self._begins(name, says, _pieces(labels, finalizers), UPDATED)
        assert made.uid not in self.uids
        self.uids.add(made.uid)

    @rule(writer=WRITERS, name=NAMES, says=SPECS, labels=LABELS, finalizers=FINALIZERS, condition=CONDITIONS)
    def update(
        self,
        writer: int,
        name: str,
        says: int,
        labels: dict[str, str] | None,
        finalizers: list[str] | None,
        condition: str,
    ) -> None:
        """All is replaced."""
        given = _given(name, says, labels, finalizers)
        if name not in self.model:
            with pytest.raises(errors.NotFound):
                self.writers[writer].update(given)
        elif self._refused(writer, given, condition, tuple(finalizers or ()), "update"):
            self.writers[writer].update(given)
            pieces = _pieces(labels, finalizers)
            owners = {
                piece: self.owners[name][piece]
                if self._stands(name).get(piece) == value
                else frozenset({UPDATED})
                for piece, value in pieces.items()
            }
            self._becomes(name, says, pieces, owners)

    @rule(writer=WRITERS, name=NAMES, says=SPECS, labels=LABELS, finalizers=FINALIZERS, condition=CONDITIONS)
    def apply(
        self,
        writer: int,
        name: str,
        says: int,
        labels: dict[str, str] | None,
        finalizers: list[str] | None,
        condition: str,
    ) -> None:
        """What is named is there then; what was applied before and is not named is gone, unless it was
        also updated.
        """
        given = _given(name, says, labels, finalizers)
        named = _pieces(labels, finalizers)
        before = self.model.get(name)
        if before is None:
            operation = self.writers[writer].apply(given).operation
            assert operation == "created"
            self._begins(name, says, named, APPLIED)
            return
        pieces, owners = self._merged(name, named)
        if self._refused(writer, given, condition, _finalizers(pieces), "apply"):
            dry = self.writers[1 - writer].apply(given, dry_run=True)
            wet = self.writers[writer].apply(given)
            self._becomes(name, says, pieces, owners)
            same = self.model.get(name) == before
            assert dry.operation == wet.operation == ("unchanged" if same else "configured")
            if name in self.model:
                self._applied_again(writer, given, condition)

    def _applied_again(self, writer: int, given: JsonObject, condition: str) -> None:
        """Apply twice is apply once, down to the record of who owns what."""
        if condition == "current":
            del given["metadata"]["resourceVersion"]
        revision = self.writers[writer].engine.revision()
        assert self.writers[writer].apply(given).operation == "unchanged"
        assert self.writers[writer].engine.revision() == revision

    def _merged(self, name: str, named: Pieces) -> tuple[Pieces, Owners]:
        stood, owned = self._stands(name), self.owners[name]
        pieces, owners = {}, {}
        for piece, value in stood.items():
            left = owned[piece] - {APPLIED}
            if piece not in named and left:
                pieces[piece], owners[piece] = value, left
        for piece, value in named.items():
            same = stood.get(piece) == value
            pieces[piece] = value
            owners[piece] = (owned[piece] if same else frozenset()) | {APPLIED}
        return pieces, owners

    def _stands(self, name: str) -> Pieces:
        return _pieces(self.model[name].labels, list(self.model[name].finalizers))

    def _begins(self, name: str, says: int, pieces: Pieces, operation: str) -> None:
        self.model[name] = Expected(says, _labels(pieces), _finalizers(pieces), 1, "", deleting=False)
        self.owners[name] = dict.fromkeys(pieces, frozenset({operation}))

    @rule(writer=WRITERS, name=NAMES, labels=LABELS)
    def edit(self, writer: int, name: str, labels: dict[str, str] | None) -> None:
        """Somebody writes the labels behind the store's back; that belongs to nobody in it."""
        engine = self.writers[writer].engine
        entry = engine.get(f"res/agent/default/{name}")
        if entry is None or name not in self.model:
            return
        document = values.load(entry.value)
        document["metadata"].pop("labels", None)
        edited = lifecycle.arranged({**document, "metadata": document["metadata"] | {"labels": labels or {}}})
        engine.commit([Put(entry.key, values.dump(edited))], origin=EXTERNAL)
        stood, owned = self._stands(name), self.owners[name]
        pieces = _pieces(labels, list(self.model[name].finalizers))
        self.owners[name] = {
            piece: owned[piece] if stood.get(piece) == value else frozenset({EDITED})
            for piece, value in pieces.items()
        }
        self.model[name] = self.model[name]._replace(labels=labels or {})

    @rule(writer=WRITERS, name=NAMES, phase=st.sampled_from(["Pending", "Running"]))
    def update_status(self, writer: int, name: str, phase: str) -> None:
        """Only the status is replaced."""
        given = {**agent(name, says="ignored"), "status": {"phase": phase}}
        if name not in self.model:
            with pytest.raises(errors.NotFound):
                self.writers[writer].update_status(given)
            return
        self.writers[writer].update_status(given)
        self.model[name] = self.model[name]._replace(phase=phase)

    @rule(writer=WRITERS, name=NAMES)
    def delete(self, writer: int, name: str) -> None:
        """It goes, or waits for its finalizers."""
        if name not in self.model:
            with pytest.raises(errors.NotFound):
                self.writers[writer].delete("agents", name=name)
            return
        self.writers[writer].delete("agents", name=name)
        if self.model[name].finalizers:
            self.model[name] = self.model[name]._replace(deleting=True)
        else:
            del self.model[name]

    @rule(reader=WRITERS)
    def catch_up(self, reader: int) -> None:
        """A watch, taken to its end, adds up to the list."""
        watch, state = self.watches[reader]
        while event := watch.next(0):
            name = event.resource.name
            if event.type == "DELETED":
                assert state.pop(name).document["spec"] == event.resource.spec
            else:
                assert (name in state) == (event.type == "MODIFIED")
                state[name] = event.resource
        assert state == {r.name: r for r in self.writers[reader].list("agents")}

    @invariant()
    def both_see_the_model(self) -> None:
        """Whichever store is asked, it has what the model has."""
        for store in self.writers:
            assert {r.name: _expectation(r) for r in store.list("agents")} == self.model

    def _refused(
        self, writer: int, given: JsonObject, condition: str, finalizers: tuple[str, ...], verb: str
    ) -> bool:
        """Give the document its condition, and see to it that it is refused if it must be; False then."""
        write: Callable[[JsonObject], Any] = getattr(self.writers[writer], verb)
        name = given["metadata"]["name"]
        stored = self.writers[1 - writer].require("agents", name=name)
        if condition == "stale":
            with pytest.raises(errors.Conflict):
                write(_on_condition(given, int(stored.resource_version) - 1))
            return False
        if condition == "current":
            given["metadata"]["resourceVersion"] = stored.resource_version
        if self.model[name].deleting and set(finalizers) - set(self.model[name].finalizers):
            with pytest.raises(errors.Invalid):
                write(given)
            return False
        return True

    def _becomes(self, name: str, says: int, pieces: Pieces, owners: Owners) -> None:
        before = self.model[name]
        if before.deleting and not _finalizers(pieces):
            del self.model[name]
            return
        generation = before.generation + (says != before.says)
        self.owners[name] = owners
        self.model[name] = before._replace(
            says=says, labels=_labels(pieces), finalizers=_finalizers(pieces), generation=generation
        )


def _pieces(labels: dict[str, str] | None, finalizers: list[str] | None) -> Pieces:
    pieces = {("label", key): value for key, value in (labels or {}).items()}
    return pieces | {("finalizer", name): "" for name in finalizers or ()}


def _labels(pieces: Pieces) -> dict[str, str]:
    return {name: value for (sort, name), value in pieces.items() if sort == "label"}


def _finalizers(pieces: Pieces) -> tuple[str, ...]:
    return tuple(name for sort, name in pieces if sort == "finalizer")


def _given(name: str, says: int, labels: dict[str, str] | None, finalizers: list[str] | None) -> JsonObject:
    metadata: dict[str, Any] = {}
    if labels is not None:
        metadata["labels"] = labels
    if finalizers is not None:
        metadata["finalizers"] = finalizers
    return agent(name, says=str(says), **metadata)


def _on_condition(given: JsonObject, revision: int) -> JsonObject:
    return {**given, "metadata": {**given["metadata"], "resourceVersion": str(revision)}}


def _expectation(resource: Resource) -> Expected:
    return Expected(
        says=int(resource.spec["instructions"]),
        labels=resource.labels,
        finalizers=tuple(resource.finalizers),
        generation=resource.generation,
        phase=resource.status.get("phase", ""),
        deleting=bool(resource.deletion_timestamp),
    )
