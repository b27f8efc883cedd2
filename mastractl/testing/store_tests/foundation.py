"""What the tests of stores share: documents to write, and engines that meddle or are narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mastractl import errors, values
from mastractl.engines.contract import Put
from mastractl.store import StateStore
from mastractl.testing.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.engines.contract import Capabilities, Commit, Engine, Op, Page
    from mastractl.resources.resource import Resource
    from mastractl.store import Subscription, WatchEvent
    from mastractl.values import JsonObject

SOON = 30.0
"""Seconds within which anything that happens at all has happened."""


def agent(
    name: str = "cook", *, says: str = "Cook.", namespace: str = "default", **metadata: Any
) -> JsonObject:
    """An Agent; `metadata` may hold labels, annotations, finalizers, ownerReferences, resourceVersion."""
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": "Agent",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {"instructions": says, "model": {"provider": "echo", "name": "echo"}},
    }


def tool(name: str = "oven", *, namespace: str = "default", **metadata: Any) -> JsonObject:
    """A Tool."""
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": "Tool",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {"description": "It bakes.", "execute": "kitchen.bake"},
    }


def definition(
    *, scope: str = "Namespaced", kind: str = "Widget", schema: JsonObject | None = None
) -> JsonObject:
    """The definition of `widgets.example.com`."""
    spec = {"type": "object", "properties": {"size": {"type": "integer"}}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema or {"type": "object", "properties": {"spec": spec}}},
    }
    names = {"kind": kind, "plural": "widgets", "singular": kind.lower()}
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "names": names, "scope": scope, "versions": [version]},
    }


def widget(name: str = "w", *, size: int = 1, **metadata: Any) -> JsonObject:
    """A resource of the kind that `definition` defines."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name, **metadata},
        "spec": {"size": size},
    }


def owner(resource: Resource) -> JsonObject:
    """The item of ownerReferences that names this owner."""
    document = resource.document
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "name": resource.name,
        "uid": resource.uid,
    }


def changed(resource: Resource, **spec: Any) -> JsonObject:
    """The document of a resource with another spec, to be written again."""
    return {**resource.document, "spec": {**resource.spec, **spec}}


def taken(subscription: Subscription, count: int) -> list[WatchEvent]:
    """So many events, which must come soon."""
    events: list[WatchEvent] = []
    for _ in range(count):
        event = subscription.next(SOON)
        assert event is not None, f"only {len(events)} of {count} events came: {events}"
        events.append(event)
    return events


def told(events: Sequence[WatchEvent]) -> list[tuple[str, str]]:
    """The type and the name of each event."""
    return [(event.type, event.resource.name) for event in events]


class Wrapped:
    """An engine around an engine, as it stands; subclasses change one thing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


class Meddling(Wrapped):
    """An engine in which somebody else gets in before each of the next commits."""

    def __init__(self, engine: Engine, *meddlers: Callable[[], object]) -> None:
        super().__init__(engine)
        self._meddlers = list(meddlers)

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Commit, after the next meddler had its turn."""
        if self._meddlers:
            self._meddlers.pop(0)()
        return self.engine.commit(ops, origin=origin)


class Narrow(Wrapped):
    """An engine that takes few operations in one commit; `commits` are those it was given."""

    def __init__(self, engine: Engine, *, max_commit: int) -> None:
        super().__init__(engine)
        self.commits: list[Sequence[Op]] = []
        self.capabilities: Capabilities = engine.capabilities._replace(max_commit=max_commit)

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Commit what is not too much."""
        assert len(ops) <= self.capabilities.max_commit
        self.commits.append(ops)
        return self.engine.commit(ops, origin=origin)


class Overheard(Wrapped):
    """An engine that notes which prefixes were listed."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.listed: list[str] = []

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """List, and note it."""
        self.listed.append(prefix)
        return self.engine.range(prefix, limit=limit, after=after)


class Unwritable(Wrapped):
    """An engine that can only be read."""

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:  # noqa: ARG002 - the contract's
        """Refuse."""
        message = "the store is open for reading only"
        raise errors.Forbidden(message)


class Foundation:
    """The fixtures: `engine` is the subclass's to give."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        """The time, which tests move."""
        return FakeClock()

    @pytest.fixture
    def store(self, engine: Engine, clock: FakeClock) -> Iterator[StateStore]:
        """The store that is tested."""
        with StateStore(engine, clock=clock) as store:
            yield store

    @pytest.fixture
    def other(self, engine: Engine, clock: FakeClock) -> StateStore:
        """A second store over the same engine, as another part of a program would have it."""
        return StateStore(engine, clock=clock, manager="other")


def put(engine: Engine, key: str, document: JsonObject) -> None:
    """Write a document past the store, as an editor would."""
    engine.commit([Put(key, values.dump(document))])
