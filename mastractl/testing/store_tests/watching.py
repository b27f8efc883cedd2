"""Watching: what there is, then every change, each once, in order, from anywhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.resources.selectors import parse_field_selector, parse_label_selector
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import (
    SOON,
    Foundation,
    agent,
    definition,
    taken,
    told,
    tool,
    widget,
)

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.store import Subscription, WatchEvent


class WatchingTests(Foundation):
    """What watch promises."""

    def test_first_what_there_is_then_what_happens(self, store: StateStore) -> None:
        store.create(agent("a"))
        store.create(agent("b"))
        with store.watch("agents") as events:
            store.create(agent("c"))
            store.update(agent("a", says="Bake."))
            store.delete("agents", name="b")
            assert told(taken(events, 5)) == [
                ("ADDED", "a"),
                ("ADDED", "b"),
                ("ADDED", "c"),
                ("MODIFIED", "a"),
                ("DELETED", "b"),
            ]
            assert events.next(0) is None

    def test_without_the_first_list_only_what_happens_from_the_call_on(self, store: StateStore) -> None:
        store.create(agent("a"))
        with store.watch("agents", initial=False) as events:
            store.create(agent("b"))
            assert told(taken(events, 1)) == [("ADDED", "b")]

    def test_events_carry_what_is_and_what_was(self, store: StateStore) -> None:
        made = store.create(agent())
        with store.watch("agents", initial=False) as events:
            updated = store.update(agent(says="Bake."))
            deleted = store.delete("agents", name="cook")
            modified, gone = taken(events, 2)
        assert (modified.resource, modified.old) == (updated, made)
        assert (gone.resource, gone.old) == (deleted, updated)
        assert gone.resource.resource_version == gone.resource_version == str(store.engine.revision())

    def test_a_namespace_only(self, store: StateStore) -> None:
        store.create(agent("here"))
        with store.watch("agents", namespace="other") as events:
            store.create(agent("there", namespace="other"))
            store.create(agent("here-too"))
            store.create(agent("over-there", namespace="others"))
            store.delete("agents", namespace="other", name="there")
            assert told(taken(events, 2)) == [("ADDED", "there"), ("DELETED", "there")]

    def test_several_kinds_in_one_stream_in_the_order_of_the_log(self, store: StateStore) -> None:
        store.create(tool("oven"))
        store.create(agent("cook"))
        with store.watch(["agents", "tools", "ag"]) as events:
            store.create(tool("pan"))
            store.create(agent("baker"))
            store.delete("tools", name="oven")
            store.apply({**agent("x"), "kind": "Network", "spec": _NETWORK})
            assert told(taken(events, 5)) == [
                ("ADDED", "cook"),
                ("ADDED", "oven"),
                ("ADDED", "pan"),
                ("ADDED", "baker"),
                ("DELETED", "oven"),
            ]
            assert events.next(0) is None

    def test_selectors_make_a_stream_of_what_passes(self, store: StateStore) -> None:
        store.create(agent("in", labels={"on": "1"}))
        store.create(agent("out"))
        with store.watch("agents", labels=parse_label_selector("on=1")) as events:
            store.update(agent("out", labels={"on": "1"}))
            store.update(agent("out", says="Bake.", labels={"on": "1"}))
            left = store.update(agent("out", says="Fry."))
            store.update(agent("out", says="Boil."))
            store.delete("agents", name="out")
            seen = taken(events, 4)
            assert told(seen) == [("ADDED", "in"), ("ADDED", "out"), ("MODIFIED", "out"), ("DELETED", "out")]
            assert seen[3].resource.spec["instructions"] == "Bake."
            assert seen[3].resource.resource_version == left.resource_version
            assert events.next(0) is None

    def test_field_selectors_too(self, store: StateStore) -> None:
        fields = parse_field_selector("spec.instructions=Bake.")
        with store.watch("agents", fields=fields) as events:
            store.create(agent())
            store.update(agent(says="Bake."))
            store.update(agent(says="Fry."))
            assert told(taken(events, 2)) == [("ADDED", "cook"), ("DELETED", "cook")]

    def test_a_watch_resumes_where_another_stood(self, store: StateStore) -> None:
        with store.watch("agents") as events:
            assert events.resource_version == "0"
            store.create(agent("a"))
            (first,) = taken(events, 1)
            assert events.resource_version == first.resource_version
        store.create(agent("b"))
        store.delete("agents", name="a")
        with store.watch("agents", since=first.resource_version) as events:
            assert told(taken(events, 2)) == [("ADDED", "b"), ("DELETED", "a")]

    def test_wherever_a_watch_breaks_off_nothing_is_lost(self, store: StateStore) -> None:
        """Resources written at once share a revision: resuming amid them must not skip the rest."""
        store.apply_all([agent(n) for n in "ab"])
        with store.watch("agents", since="0") as events:
            store.apply_all([agent(n) for n in "cde"])
            store.delete("agents", name="a")
            everything = taken(events, 6)
        final = {r.name for r in store.list("agents")}
        for position, event in enumerate(everything):
            state = _folded(everything[: position + 1], set())
            with store.watch("agents", since=event.resource_version) as events:
                assert _folded(_all(events), state) == final

    def test_a_first_list_can_only_be_resumed_once_it_is_told(self, store: StateStore) -> None:
        store.apply_all([agent(n) for n in "abc"])
        with store.watch("agents") as events:
            assert events.resource_version == ""
            versions = [e.resource_version for e in taken(events, 3)]
        assert versions == ["", "", str(store.engine.revision())]

    def test_what_the_log_no_longer_holds_is_expired(self, store: StateStore) -> None:
        first = store.create(agent("a"))
        store.create(agent("b"))
        store.engine.compact(store.engine.revision())
        with store.watch("agents", since=first.resource_version) as events, pytest.raises(errors.Expired):
            events.next(0)
        with store.watch("agents", since="999") as events, pytest.raises(errors.FutureRevision):
            events.next(0)
        with pytest.raises(errors.BadRequest):
            store.watch("agents", since="yesterday")

    def test_a_bookmark_follows_the_first_list(self, store: StateStore) -> None:
        store.create(agent())
        with store.watch("agents", bookmarks=True) as events:
            added, mark = taken(events, 2)
        assert (added.type, mark.type) == ("ADDED", "BOOKMARK")
        assert mark.resource.document == {
            "apiVersion": "mastra.ai/v1",
            "kind": "Agent",
            "metadata": {"resourceVersion": str(store.engine.revision())},
        }
        with store.watch(["agents", "tools"], bookmarks=True) as events:
            assert taken(events, 2)[1].resource.resource_version == str(store.engine.revision())

    def test_bookmarks_come_while_others_change(self, store: StateStore) -> None:
        with store.watch("agents", bookmarks=True, initial=False) as events:
            store.create(tool())
            (mark,) = taken(events, 1)
        assert (mark.type, mark.resource_version) == ("BOOKMARK", str(store.engine.revision()))

    def test_close_from_another_thread_ends_the_iteration(self, store: StateStore) -> None:
        events = store.watch("agents")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(list, events)
            events.close()
            assert waiting.result(SOON) == []
        assert events.closed
        assert events.next(0) is None

    def test_closing_the_store_ends_its_watches(self, store: StateStore) -> None:
        events = store.watch("agents")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(list, events)
            store.close()
            assert waiting.result(SOON) == []

    def test_a_watch_sees_what_other_threads_write(self, engine: Engine, store: StateStore) -> None:
        with store.watch("agents", initial=False) as events, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(taken, events, 20)
            writer = StateStore(engine)
            for number in range(20):
                writer.create(agent(f"a{number:02}"))
            assert told(waiting.result(SOON)) == [("ADDED", f"a{number:02}") for number in range(20)]

    def test_a_kind_defined_in_the_store_can_be_watched(self, store: StateStore) -> None:
        store.apply_all([definition(), widget("a")])
        with store.watch(["widgets", "crd"]) as events:
            store.apply(widget("b"))
            assert told(taken(events, 3)) == [
                ("ADDED", "a"),
                ("ADDED", "widgets.example.com"),
                ("ADDED", "b"),
            ]
            store.delete("crd", name="widgets.example.com")
            assert sorted(told(taken(events, 3))) == [
                ("DELETED", "a"),
                ("DELETED", "b"),
                ("DELETED", "widgets.example.com"),
            ]

    def test_nothing_to_watch(self, store: StateStore) -> None:
        with pytest.raises(errors.BadRequest, match="no kind"):
            store.watch([])


_NETWORK = {
    "agents": [{"name": "a", "ref": "cook"}],
    "router": {"model": {"provider": "echo", "name": "echo"}},
}


def _all(events: Subscription) -> list[WatchEvent]:
    there: list[WatchEvent] = []
    while event := events.next(0):
        there.append(event)
    return there


def _folded(events: list[WatchEvent], state: set[str]) -> set[str]:
    state = set(state)
    for event in events:
        (state.discard if event.type == "DELETED" else state.add)(event.resource.name)
    return state
