"""History: what happened to a resource and lately to all of them, as the log tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.store import history
from mastractl.testing.store_tests.foundation import Foundation, Wrapped, agent, tool

if TYPE_CHECKING:
    from mastractl.engines.contract import Changes
    from mastractl.store import StateStore
    from mastractl.store.history import Revision
    from mastractl.testing.clocks import FakeClock


def told(revisions: list[Revision]) -> list[tuple[str, str, int, str]]:
    """The type, the name, the generation and the manager of each."""
    return [(str(r.type), r.resource.name, r.generation, r.manager) for r in revisions]


def everything(_key: str) -> bool:
    """Every key."""
    return True


class Counted(Wrapped):
    """An engine that counts the changes it gave out."""

    given = 0

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """Give them, and count."""
        stretch: Changes = self.engine.changes(since, prefix, limit=limit)
        self.given += len(stretch.changes)
        return stretch


class HistoryTests(Foundation):
    """What history promises."""

    def test_each_change_is_told_with_who_and_when(self, store: StateStore, clock: FakeClock) -> None:
        began = clock.now()
        store.create(agent("cook2"))
        first = store.create(agent())
        clock.advance(60)
        second = store.modify(
            "agents", name="cook", change=lambda d: d | {"spec": agent(says="Bake.")["spec"]}, manager="me"
        ).resource
        store.update_status({**second.document, "status": {"phase": "Running"}})
        store.delete("agents", name="cook")
        store.create(agent(says="Again."))
        found = store.history("agents", name="cook")
        assert told(found) == [
            ("ADDED", "cook", 1, "mastractl"),
            ("MODIFIED", "cook", 2, "me"),
            ("MODIFIED", "cook", 2, "mastractl"),
            ("DELETED", "cook", 2, "mastractl"),
            ("ADDED", "cook", 1, "mastractl"),
        ]
        assert [r.at - began for r in found] == [0, 60, 60, 60, 60]
        assert (found[0].resource, found[0].before) == (first, None)
        assert (found[1].resource, found[1].before) == (second, first)
        assert found[3].resource.status == {"phase": "Running"}
        assert [r.revision for r in found] == [int(r.resource.resource_version) for r in found]
        assert not any(r.forgotten for r in found)

    def test_nothing_is_known_of_a_name_that_never_was(self, store: StateStore) -> None:
        store.create(agent("cook2"))
        assert store.history("agents", name="cook") == []

    def test_a_compacted_log_says_so(self, store: StateStore) -> None:
        store.create(agent("idle"))
        store.create(agent())
        store.update(agent(says="Bake."))
        store.engine.compact(store.engine.revision())
        (first,) = store.history("agents", name="cook")
        assert (first.forgotten, first.generation, first.manager, first.at) == (True, 2, "", 0.0)
        assert first.resource.spec["instructions"] == "Bake."
        store.update(agent(says="Boil."))
        first, second = store.history("agents", name="cook")
        assert (first.forgotten, first.generation) == (True, 2)
        assert (second.forgotten, second.generation, second.before) == (False, 3, first.resource)
        (idle,) = store.history("agents", name="idle")
        assert (idle.forgotten, str(idle.type), idle.generation) == (True, "ADDED", 1)
        assert idle.at > 0
        store.delete("agents", name="cook")
        store.engine.compact(store.engine.revision())
        assert store.history("agents", name="cook") == []

    def test_one_history_does_not_cost_the_whole_log(self, store: StateStore) -> None:
        store.create(agent())
        for number in range(50):
            store.apply(agent("busy", says=str(number)))
        counted = Counted(store.engine)
        assert len(history.of_key(counted, "res/agent/default/cook")) == 1
        assert counted.given <= 2

    def test_the_latest_changes_are_found_from_the_end(self, store: StateStore) -> None:
        for number in range(700):
            store.apply(agent("busy", says=str(number)))
        store.apply_all([agent("a"), agent("b"), tool("c")])
        counted = Counted(store.engine)
        found = history.recent(counted, "res/", wanted=everything, limit=4)
        assert [r.resource.name for r in found.revisions] == ["busy", "a", "b", "c"]
        assert (found.cut, found.revision) == (True, store.engine.revision())
        assert counted.given < 400
        agents = history.recent(store.engine, "res/agent/", wanted=everything, limit=1000)
        assert (len(agents.revisions), agents.cut, agents.compacted) == (702, False, 0)
        assert (
            agents.revisions
            == history.recent(store.engine, "res/agent/", wanted=everything, limit=0).revisions
        )
        store.engine.compact(700)
        left = history.recent(store.engine, "res/", wanted=everything, limit=10)
        assert ([r.resource.name for r in left.revisions], left.compacted) == (["a", "b", "c"], 700)

    def test_namespaces_are_told_apart(self, store: StateStore) -> None:
        store.create_all([agent(), agent(namespace="cooking"), tool(namespace="cooking-too")])
        found = history.recent(store.engine, "res/", wanted=history.within("cooking"), limit=10)
        assert [r.resource.namespace for r in found.revisions] == ["cooking"]
        every = history.recent(store.engine, "res/", wanted=history.within(None), limit=10)
        assert len(every.revisions) == 3

    def test_what_happens_is_followed(self, store: StateStore) -> None:
        store.create(agent())
        since = store.engine.revision()
        stream = history.follow(store.engine, "res/", wanted=history.within("default"), since=since)
        store.create(agent("elsewhere", namespace="cooking"))
        store.update(agent(says="Bake."))
        (revision,) = next(stream)
        assert told([revision]) == [("MODIFIED", "cook", 2, "mastractl")]
        stream.close()
