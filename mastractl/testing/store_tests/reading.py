"""Reading: by any name, in pages, by selectors, several kinds at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.resources.selectors import parse_field_selector, parse_label_selector
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import (
    Foundation,
    Wrapped,
    agent,
    definition,
    put,
    tool,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mastractl.engines.contract import Engine, Page


class ReadingTests(Foundation):
    """What get, require, list and list_all promise."""

    def test_what_is_missing_is_none_or_not_found(self, store: StateStore) -> None:
        assert store.get("agents", name="nobody") is None
        with pytest.raises(errors.NotFound, match=r'agents.mastra.ai "nobody" not found'):
            store.require("agents", name="nobody")

    @pytest.mark.parametrize(
        "word", ["agents", "agent", "Agent", "ag", "AGENTS", "agents.mastra.ai", "agent.v1.mastra.ai"]
    )
    def test_a_kind_goes_by_many_names(self, store: StateStore, word: str) -> None:
        made = store.create(agent())
        assert store.get(word, name="cook") == made
        assert store.get(store.resolve(word), name="cook") == made

    def test_a_name_no_kind_goes_by(self, store: StateStore) -> None:
        with pytest.raises(errors.UnknownKind, match="agnets") as caught:
            store.list("agnets")
        assert "agents" in caught.value.hint

    def test_namespaces_keep_things_apart(self, store: StateStore) -> None:
        here, there = store.create(agent()), store.create(agent(namespace="other", says="Bake."))
        assert store.get("agents", name="cook") == here
        assert store.get("agents", namespace="other", name="cook") == there
        assert list(store.list("agents")) == [here, there]
        assert list(store.list("agents", namespace="other")) == [there]
        assert list(store.list("agents", namespace="oth")) == []

    def test_a_kind_without_namespaces_ignores_them(self, store: StateStore) -> None:
        made = store.create(definition())
        assert made.namespace == ""
        assert store.get("crd", namespace="any", name="widgets.example.com") == made
        assert list(store.list("crd", namespace="any")) == [made]

    def test_a_list_is_in_order_and_knows_its_moment(self, store: StateStore) -> None:
        for name in ("c", "a", "b"):
            store.create(agent(name))
        store.create(tool())
        listed = store.list("agents")
        assert [r.name for r in listed] == ["a", "b", "c"]
        assert listed.resource_version == str(store.engine.revision())
        assert listed.next == ""
        assert repr(listed) == "<ResourceList of 3 at 4>"
        assert repr(store.list("agents", limit=1)) == "<ResourceList of 1 at 4, more>"
        assert (len(listed), listed[1].name, [r.name for r in listed[1:]]) == (3, "b", ["b", "c"])
        assert [int(r.resource_version) for r in listed] == [2, 3, 1]

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
    def test_pages_give_everything_once(self, store: StateStore, limit: int) -> None:
        store.apply_all([agent(f"a{i}", namespace=f"n{i % 2}") for i in range(6)])
        whole = [r.key for r in store.list("agents")]
        paged, after = [], ""
        while True:
            page = store.list("agents", limit=limit, after=after)
            assert 0 < len(page) <= limit
            paged += [r.key for r in page]
            after = page.next
            if not after:
                break
        assert paged == whole

    def test_selectors_choose(self, store: StateStore) -> None:
        store.apply_all([agent(f"a{i}", labels={"even": str(i % 2 == 0).lower()}) for i in range(5)])
        labels, fields = parse_label_selector("even=true"), parse_field_selector("metadata.name!=a2")
        assert [r.name for r in store.list("agents", labels=labels)] == ["a0", "a2", "a4"]
        assert [r.name for r in store.list("agents", labels=labels, fields=fields)] == ["a0", "a4"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    def test_pages_of_what_selectors_choose(self, store: StateStore, limit: int) -> None:
        store.apply_all([agent(f"a{i}", labels={"odd": str(i % 2)}) for i in range(7)])
        labels = parse_label_selector("odd=1")
        names, after = [], ""
        while True:
            page = store.list("agents", labels=labels, limit=limit, after=after)
            assert len(page) <= limit
            names += [r.name for r in page]
            after = page.next
            if not after:
                break
        assert names == ["a1", "a3", "a5"]

    def test_several_kinds_are_listed_as_of_one_moment(self, engine: Engine, store: StateStore) -> None:
        """Between the reading of one kind and the next, both change; neither half of it may show alone."""
        store.apply_all([agent("stays"), agent("goes"), tool("oven")])

        def change() -> None:
            store.delete("agents", name="goes")
            store.apply_all([agent("comes"), tool("pan"), agent("stays", says="Bake.")])

        listed = StateStore(_Interrupted(engine, [change])).list_all(["agents", "tools", "agents"])
        assert [r.name for r in listed] == ["comes", "stays", "oven", "pan"]
        assert listed[1].generation == 2
        assert listed.resource_version == str(engine.revision())

    def test_several_kinds_are_listed_though_the_log_was_compacted(
        self, engine: Engine, store: StateStore
    ) -> None:
        store.apply(agent("a"))

        def compact() -> None:
            store.apply_all([agent("b"), tool("oven")])
            engine.compact(engine.revision())

        listed = StateStore(_Interrupted(engine, [compact])).list_all(["agents", "tools"])
        assert [r.name for r in listed] == ["a", "b", "oven"]

    def test_a_list_that_no_log_can_bring_to_one_moment(self, engine: Engine, store: StateStore) -> None:
        def compact() -> None:
            store.apply(agent(says=str(engine.revision())))
            engine.compact(engine.revision())

        with pytest.raises(errors.Unavailable, match="compacted") as caught:
            StateStore(_Interrupted(engine, [compact] * 20)).list_all(["agents", "tools"])
        assert "try again" in caught.value.hint

    def test_what_changes_after_the_moment_is_left_out(self, engine: Engine, store: StateStore) -> None:
        store.apply_all([agent("a"), tool("oven")])
        moments = [lambda: store.apply(agent("b")), lambda: store.apply(agent("c"))]
        listed = StateStore(_Interrupted(engine, moments)).list_all(["agents", "tools"])
        assert [r.name for r in listed] == ["a", "b", "oven"]

    def test_what_is_no_resource_is_told_by_its_key(self, store: StateStore) -> None:
        put(store.engine, "res/agent/default/odd", {"metadata": {}})
        with pytest.raises(errors.StorageValidationError, match="res/agent/default/odd"):
            store.list("agents")

    def test_problems_and_health_pass_through(self, store: StateStore) -> None:
        assert store.problems() == ()
        assert store.health().writable
        assert store.health().revision == store.engine.revision()

    def test_a_closed_store_says_so(self, store: StateStore) -> None:
        store.close()
        with pytest.raises(errors.StorageClosed):
            store.get("agents", name="cook")


class _Interrupted(Wrapped):
    """An engine in which something happens after each of the first ranges."""

    def __init__(self, engine: Engine, events: Iterable[Callable[[], object]]) -> None:
        super().__init__(engine)
        self._events = list(events)

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        page = self.engine.range(prefix, limit=limit, after=after)
        if self._events:
            self._events.pop(0)()
        return page
