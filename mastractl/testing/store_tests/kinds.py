"""Kinds that are defined in the store: usable at once, gone with their definition, never lost track of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.resources import definitions
from mastractl.resources.kinds import KindRegistry
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import (
    Foundation,
    Meddling,
    agent,
    definition,
    owner,
    put,
    widget,
)

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.values import JsonObject

HOLD = ["example.com/hold"]


class KindsTests(Foundation):
    """What CustomResourceDefinitions in a store bring about."""

    def test_a_defined_kind_is_usable_at_once(self, store: StateStore) -> None:
        with pytest.raises(errors.UnknownKind):
            store.apply(widget())
        store.apply(definition())
        made = store.apply(widget()).resource
        assert made.namespace == "default"
        assert store.get("widgets", name="w") == made
        assert store.get("widget.example.com", name="w") == made
        assert [k.kind for k in store.kinds if not k.bundled] == ["Widget"]

    def test_a_program_may_bring_kinds_of_its_own(self, engine: Engine, store: StateStore) -> None:
        registry = KindRegistry(parent=store.kinds)
        registry.add(definitions.kind_from_definition(definition())[0])
        mine = StateStore(engine, kinds=registry)
        assert mine.apply(widget()).operation == "created"
        assert [r.name for r in mine.list("widgets")] == ["w"]

    def test_its_schema_is_enforced(self, store: StateStore) -> None:
        store.apply(definition())
        wrong = widget()
        wrong["spec"]["size"] = "large"
        with pytest.raises(errors.Invalid, match=r"spec\.size"):
            store.apply(wrong)

    @pytest.mark.parametrize("turn", [1, -1])
    def test_a_kind_and_its_resources_are_one_commit_in_any_order(self, store: StateStore, turn: int) -> None:
        given = [definition(), widget("a"), widget("b")][::turn]
        revision = store.engine.revision()
        dry = store.apply_all(given, dry_run=True)
        wet = store.apply_all(given)
        assert [a.operation for a in dry] == [a.operation for a in wet] == ["created"] * 3
        assert [a.resource.name for a in wet] == [d["metadata"]["name"] for d in given]
        assert store.engine.revision() == revision + 1

    def test_other_stores_of_the_engine_see_it(self, store: StateStore, other: StateStore) -> None:
        assert not [k for k in other.kinds if not k.bundled]
        store.apply(definition())
        assert other.resolve("widgets").group == "example.com"
        other.create(widget())
        store.delete("crd", name="widgets.example.com")
        with pytest.raises(errors.UnknownKind):
            other.list("widgets")

    def test_kinds_are_found_though_the_log_was_compacted(self, store: StateStore, other: StateStore) -> None:
        assert not [k for k in other.kinds if not k.bundled]
        store.apply(definition())
        store.engine.compact(store.engine.revision())
        assert other.resolve("widgets").kind == "Widget"

    def test_a_registry_once_given_does_not_change(self, store: StateStore) -> None:
        before = store.kinds
        store.apply(definition())
        assert before.match("widgets") == []
        assert store.kinds.match("widgets")

    def test_a_changed_definition_changes_the_kind(self, store: StateStore) -> None:
        store.apply_all([definition(), widget()])
        text = {
            "type": "object",
            "properties": {"spec": {"type": "object", "properties": {"size": {"type": "string"}}}},
        }
        store.apply(definition(schema=text))
        large = widget("large")
        large["spec"]["size"] = "large"
        assert store.apply(large).operation == "created"
        assert store.require("widgets", name="w").spec == {"size": 1}

    @pytest.mark.parametrize(
        "change", [definition(scope="Cluster"), definition(kind="Gadget")], ids=["scope", "kind"]
    )
    def test_what_its_resources_depend_on_cannot_change(self, store: StateStore, change: JsonObject) -> None:
        store.apply(definition())
        with pytest.raises(errors.Invalid, match="cannot change from") as caught:
            store.apply(change)
        assert caught.value.causes[0].code == "MA130"

    def test_a_bundled_kind_cannot_be_defined_anew(self, store: StateStore) -> None:
        mine = definition(kind="Agent")
        mine["metadata"]["name"] = "agents.mastra.ai"
        mine["spec"]["group"] = "mastra.ai"
        mine["spec"]["names"]["plural"] = "agents"
        with pytest.raises(errors.Invalid, match="cannot be redefined"):
            store.apply(mine)

    def test_two_definitions_in_one_batch_must_not_clash(self, store: StateStore) -> None:
        second = definition()
        second["metadata"]["name"] = "wijjets.example.com"
        second["spec"]["names"]["plural"] = "wijjets"
        with pytest.raises(errors.Invalid, match="already belongs"):
            store.apply_all([definition(), second])

    def test_the_resources_of_a_kind_go_with_its_definition(self, store: StateStore) -> None:
        store.apply_all([definition(), *(widget(f"w{i}", namespace=f"n{i}") for i in range(3)), agent()])
        revision = store.engine.revision()
        (gone,) = store.delete_all([store.require("crd", name="widgets.example.com").key])
        assert [key.name for key in gone.dependents] == ["w0", "w1", "w2"]
        assert store.engine.revision() == revision + 1
        assert store.engine.range("res/widget.example.com/").entries == ()
        assert store.get("agents", name="cook")

    def test_a_definition_waits_for_the_last_of_its_resources(self, store: StateStore) -> None:
        store.apply_all([definition(), widget("free"), widget("held", finalizers=HOLD)])
        (result,) = store.delete_all([store.require("crd", name="widgets.example.com").key])
        assert result.pending
        assert [key.name for key in result.dependents] == ["free"]
        assert [r.name for r in store.list("widgets")] == ["held"]
        with pytest.raises(errors.Conflict, match="is being deleted"):
            store.create(widget("more"))
        store.update(widget("held"))
        assert store.get("crd", name="widgets.example.com") is None
        with pytest.raises(errors.UnknownKind):
            store.list("widgets")

    def test_it_waits_for_each_of_them(self, store: StateStore) -> None:
        store.apply_all([definition(), widget("a", finalizers=HOLD), widget("b", finalizers=HOLD)])
        held = store.delete("crd", name="widgets.example.com")
        assert store.delete("crd", name="widgets.example.com") == held
        store.update(widget("a"))
        assert store.get("crd", name="widgets.example.com") == held
        store.update(widget("b"))
        assert store.get("crd", name="widgets.example.com") is None

    def test_a_definition_that_one_of_its_resources_owns(self, store: StateStore) -> None:
        store.apply_all([definition(scope="Cluster"), widget("a"), widget("b")])
        owned = definition(scope="Cluster")
        owned["metadata"]["ownerReferences"] = [owner(store.require("widgets", name="a"))]
        store.apply(owned)
        (gone,) = store.delete_all([store.require("crd", name="widgets.example.com").key])
        assert sorted(key.name for key in gone.dependents) == ["a", "b"]
        assert store.engine.range("res/").entries == ()

    def test_a_kind_that_vanishes_while_a_resource_of_it_is_written(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.apply(definition())
        meddled = StateStore(Meddling(store.engine, lambda: other.delete("crd", name="widgets.example.com")))
        with pytest.raises(errors.UnknownKind, match="not defined any more"):
            meddled.apply(widget())
        assert store.engine.range("res/").entries == ()

    def test_a_kind_may_even_be_called_like_a_definition(self, store: StateStore) -> None:
        store.apply(definition(kind="CustomResourceDefinition"))
        mine = {**widget(), "kind": "CustomResourceDefinition"}
        assert store.apply_all([mine, agent()])[0].resource.key.group == "example.com"
        assert [r.name for r in store.list("crd")] == ["widgets.example.com"]

    def test_what_was_let_in_already_still_gets_its_place(self, store: StateStore) -> None:
        store.apply(definition(scope="Cluster"), admitted=True)
        placed = store.apply_all([widget(namespace="odd"), agent(namespace="")], admitted=True)
        assert [a.resource.namespace for a in placed] == ["", "default"]
        with pytest.raises(errors.UnknownKind, match='"Robot"'):
            store.apply({**agent(), "kind": "Robot"}, admitted=True)

    def test_a_definition_with_a_finalizer_of_its_own_outlasts_its_resources(self, store: StateStore) -> None:
        held = definition()
        held["metadata"]["finalizers"] = HOLD
        store.apply_all([held, widget()])
        store.delete("crd", name="widgets.example.com")
        assert list(store.list("widgets")) == []
        store.update(definition())
        assert store.get("crd", name="widgets.example.com") is None

    def test_resources_whose_definition_vanished_stay_readable(
        self, engine: Engine, store: StateStore
    ) -> None:
        put(engine, "res/widget.example.com/default/w", widget(namespace="default"))
        put(engine, "res/gadget.example.com/_cluster/g", {**widget("g"), "kind": "Gadget"})
        assert [r.name for r in store.list("widget.example.com")] == ["w"]
        assert store.require("Widget", name="w").spec == {"size": 1}
        assert store.require("gadget", name="g").kind == "Gadget"
        with store.watch("widget") as events:
            assert events.next(0) is not None
        store.delete("widget", name="w")
        with pytest.raises(errors.UnknownKind):
            store.list("widget")

    def test_a_definition_that_makes_no_sense_is_reported_and_stops_nothing(
        self, engine: Engine, store: StateStore
    ) -> None:
        store.apply(definition())
        broken = definition()
        broken["metadata"]["name"] = "broken.example.com"
        del broken["spec"]["names"]["kind"]
        put(engine, "res/customresourcedefinition/_cluster/broken.example.com", broken)
        assert store.apply(widget()).operation == "created"
        (problem,) = [p for p in store.problems() if "broken" in p.key]
        assert "kind" in problem.message
        store.delete("crd", name="broken.example.com")
        assert store.problems() == ()

    def test_a_status_that_is_an_ordinary_field_is_one(self, store: StateStore) -> None:
        schema = {
            "type": "object",
            "properties": {
                "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                "status": {"type": "object", "properties": {"mood": {"type": "string"}}},
            },
        }
        store.apply(definition(schema=schema))
        made = store.apply({**widget(), "status": {"mood": "good"}}).resource
        assert made.status == {"mood": "good"}
        assert store.apply({**widget(), "status": {"mood": "bad"}}).resource.generation == 2
