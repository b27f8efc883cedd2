"""Ownership: who owns which field, what an apply takes away and what it leaves, and edits from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mastractl import errors, values
from mastractl.engines.contract import EXTERNAL, Put
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import (
    Foundation,
    Meddling,
    Unwritable,
    agent,
    changed,
    definition,
    owner,
    put,
    tool,
    widget,
)

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.testing.clocks import FakeClock
    from mastractl.values import JsonObject

KEY = "res/agent/default/cook"
RECORD = "own/agent/default/cook"


def owners(store: StateStore, name: str = "cook", kind: str = "agents") -> dict[tuple[str, str], set[str]]:
    """The leaves each manager owns, as dotted paths, by manager and operation."""
    found = {}
    for entry in store.managed_fields(kind, name=name):
        found[entry["manager"], entry["operation"]] = set(_leaves(entry["fieldsV1"], ""))
    return found


def _leaves(fields: JsonObject, above: str) -> list[str]:
    below = {element: sub for element, sub in fields.items() if element != "."}
    if not below:
        return [above.lstrip(".")]
    return [leaf for element, sub in below.items() for leaf in _leaves(sub, f"{above}.{element[2:]}")]


def edit(engine: Engine, document: JsonObject) -> None:
    """Write a resource as an editor would, past the store."""
    kept = {k: v for k, v in document["metadata"].items() if k != "resourceVersion"}
    name = document["metadata"]["name"]
    value = values.dump({**document, "metadata": kept})
    engine.commit([Put(f"res/agent/default/{name}", value)], origin=EXTERNAL)


def part(**spec: Any) -> JsonObject:
    """Some fields of the Agent `cook`."""
    document = agent()
    return {**document, "spec": spec}


class OwningTests(Foundation):
    """What the store promises about the owners of fields."""

    def test_an_apply_owns_what_it_declares(self, store: StateStore) -> None:
        store.apply(agent(labels={"a": "1"}))
        fields = {"metadata.labels.a", "spec.instructions", "spec.model.provider", "spec.model.name"}
        assert owners(store) == {("mastractl", "Apply"): fields}
        (entry,) = store.managed_fields("agents", name="cook")
        assert entry["apiVersion"] == "mastra.ai/v1"
        assert entry["time"] == "2026-11-21T08:40:00Z"

    def test_create_and_update_own_what_they_change(self, store: StateStore) -> None:
        made = store.create(agent(), manager="maker")
        store.update(changed(made, instructions="Bake."), manager="mender")
        held = owners(store)
        assert held["mender", "Update"] == {"spec.instructions"}
        assert held["maker", "Update"] == {"spec.model.provider", "spec.model.name"}

    def test_a_status_is_owned_apart(self, store: StateStore) -> None:
        store.apply(agent())
        store.update_status({**agent(), "status": {"phase": "Running"}}, manager="controller")
        entry = next(e for e in store.managed_fields("agents", name="cook") if e["manager"] == "controller")
        assert entry["subresource"] == "status"
        assert store.apply(agent(says="Bake.")).resource.status == {"phase": "Running"}
        assert ("controller", "Update") in owners(store)

    def test_what_the_applier_drops_goes_and_what_others_own_stays(self, store: StateStore) -> None:
        store.apply(agent(labels={"mine": "1", "both": "1"}))
        store.apply(
            part() | {"metadata": {"name": "cook", "labels": {"both": "1", "theirs": "1"}}},
            manager="team",
            partial=True,
        )
        after = store.apply(agent()).resource
        assert after.labels == {"both": "1", "theirs": "1"}

    def test_a_field_set_by_an_update_survives_the_next_apply(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        store.update(changed(made, description="x"), manager="mastractl-edit")
        again = store.apply(agent(says="Bake."))
        assert again.operation == "configured"
        assert again.resource.spec["description"] == "x"
        assert store.apply(agent(says="Bake.")).operation == "unchanged"

    def test_an_apply_takes_back_what_an_update_changed(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        store.update(changed(made, instructions="Bake."), manager="mastractl-edit")
        assert ("mastractl-edit", "Update") in owners(store)
        applied = store.apply(agent())
        assert applied.resource.spec["instructions"] == "Cook."
        assert applied.warnings == ()
        assert ("mastractl-edit", "Update") not in owners(store)

    def test_items_of_map_lists_are_owned_one_by_one(self, store: StateStore) -> None:
        def with_tools(*names: str) -> JsonObject:
            return part(**agent()["spec"], tools=[{"name": name, "ref": {"name": name}} for name in names])

        store.apply(with_tools("a", "b"))
        store.apply(part(tools=[{"name": "c", "ref": {"name": "c"}}]), manager="team", partial=True)
        after = store.apply(with_tools("b")).resource
        assert sorted(item["name"] for item in after.spec["tools"]) == ["b", "c"]

    def test_without_force_another_manager_is_a_conflict(self, store: StateStore) -> None:
        store.apply(agent(), manager="team")
        revision = store.engine.revision()
        for dry_run in (True, False):
            with pytest.raises(errors.FieldConflict, match='conflict with "team"') as caught:
                store.apply(agent(says="Bake."), manager="other", force=False, dry_run=dry_run)
            assert [cause.path for cause in caught.value.causes] == [("spec", "instructions")]
            assert caught.value.key == KEY
            assert "--force-conflicts" in caught.value.hint
        assert store.engine.revision() == revision
        forced = store.apply(agent(says="Bake."), manager="other")
        assert forced.resource.spec["instructions"] == "Bake."
        assert "spec.instructions" not in owners(store)["team", "Apply"]

    def test_taking_over_from_another_applier_is_remarked(self, store: StateStore) -> None:
        store.apply(agent(), manager="team")
        applied = store.apply(agent(says="Bake."))
        (remark,) = applied.warnings
        assert remark.code == "MA161"
        assert remark.warning
        assert remark.path == ("spec", "instructions")
        assert 'applied by the manager "team" and is taken over' in remark.message
        assert store.apply(agent(says="Fry.")).warnings == ()

    def test_equal_values_are_shared(self, store: StateStore) -> None:
        store.apply(agent(), manager="team")
        assert store.apply(agent(), force=False).operation == "unchanged"
        assert owners(store)["team", "Apply"] == owners(store)["mastractl", "Apply"]

    def test_only_the_result_of_a_partial_apply_must_be_whole(self, store: StateStore) -> None:
        with pytest.raises(errors.Invalid, match="instructions"):
            store.apply(part(description="x"), manager="team", partial=True)
        store.apply(agent())
        with pytest.raises(errors.Invalid, match="description"):
            store.apply(part(description=3), manager="team", partial=True)
        applied = store.apply(part(description="x"), manager="team", partial=True)
        assert applied.resource.spec["description"] == "x"
        assert applied.resource.spec["instructions"] == "Cook."
        with pytest.raises(errors.Invalid):
            store.apply(part(description="y"))

    def test_a_merge_that_does_not_hold_together_is_refused(self, store: StateStore) -> None:
        spec = {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "maxProperties": 1,
        }
        store.apply(definition(schema={"type": "object", "properties": {"spec": spec}}))
        store.apply({**widget(), "spec": {"a": 1}})
        revision = store.engine.revision()
        with pytest.raises(errors.Invalid, match=r'widget.example.com "w" is invalid: spec'):
            store.apply({**widget(), "spec": {"b": 1}}, manager="team", partial=True)
        assert store.engine.revision() == revision
        assert store.apply({**widget(), "spec": {"b": 1}}).resource.spec == {"b": 1}

    def test_defaults_belong_to_nobody(self, store: StateStore) -> None:
        fields = {"size": {"type": "integer", "default": 5}, "colour": {"type": "string"}}
        spec = {"type": "object", "properties": fields}
        store.apply(definition(schema={"type": "object", "properties": {"spec": spec}}))
        bare = {**widget(), "spec": {"colour": "red"}}
        made = store.apply(bare).resource
        assert made.spec == {"colour": "red", "size": 5}
        assert owners(store, "w", "widgets")["mastractl", "Apply"] == {"spec.colour"}
        assert store.apply(bare).operation == "unchanged"
        store.update(changed(made, size=7), manager="mastractl-edit")
        assert store.apply({**bare, "spec": {"colour": "blue"}}).resource.spec == {
            "colour": "blue",
            "size": 7,
        }

    def test_a_new_default_comes_with_the_next_apply(self, store: StateStore) -> None:
        def sized(size: JsonObject) -> JsonObject:
            spec = {"type": "object", "properties": {"size": size}}
            return definition(schema={"type": "object", "properties": {"spec": spec}})

        bare = {**widget(), "spec": {}}
        store.apply(sized({"type": "integer"}))
        store.apply(bare)
        assert store.apply(bare).operation == "unchanged"
        store.apply(sized({"type": "integer", "default": 5}))
        assert store.apply(bare).resource.spec == {"size": 5}

    def test_ownership_alone_makes_no_event(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        watch = store.watch("agents", initial=False)
        shared = store.apply(agent(), manager="team")
        assert shared.operation == "unchanged"
        assert shared.resource == made
        assert ("team", "Apply") in owners(store)
        assert watch.next(0) is None
        assert store.require("agents", name="cook") == made

    def test_apply_twice_is_apply_once(self, store: StateStore, clock: FakeClock) -> None:
        store.apply(agent(labels={"a": "1"}))
        revision = store.engine.revision()
        clock.advance(60)
        assert store.apply(agent(labels={"a": "1"})).operation == "unchanged"
        turned = agent(labels={"a": "1"})
        turned["spec"] = dict(reversed(turned["spec"].items()))
        assert store.apply(turned).operation == "unchanged"
        assert store.engine.revision() == revision

    def test_the_record_is_in_the_commit_of_the_resource(self, store: StateStore) -> None:
        store.apply(agent())
        store.update(agent(says="Bake."))
        store.update_status({**agent(), "status": {"phase": "Running"}})
        store.delete("agents", name="cook")
        commits: dict[int, set[str]] = {}
        for change in store.engine.changes(0, limit=0).changes:
            if not change.key.startswith("idx/"):
                commits.setdefault(change.revision, set()).add(change.key)
        assert list(commits.values()) == [{KEY, RECORD}] * 4
        assert store.engine.get(RECORD) is None

    def test_what_goes_with_a_resource_leaves_no_record(self, store: StateStore) -> None:
        boss = store.apply(agent("boss")).resource
        store.apply(tool("child", ownerReferences=[owner(boss)]))
        store.delete("agents", name="boss")
        assert store.engine.range("own/").entries == ()

    def test_what_the_store_changes_belongs_to_nobody_new(self, store: StateStore) -> None:
        one, two = store.apply(agent("one")).resource, store.apply(agent("two")).resource
        store.apply(tool("child", ownerReferences=[owner(one), owner(two)]))
        held = agent(finalizers=["example.com/f"])
        store.apply(held)
        store.delete("agents", name="one")
        store.delete("agents", name="cook")
        assert set(owners(store, "child", "tools")) == {("mastractl", "Apply")}
        assert set(owners(store)) == {("mastractl", "Apply")}
        assert store.apply(held).operation == "unchanged"

    def test_a_record_lost_in_a_race_is_worked_out_anew(self, store: StateStore, other: StateStore) -> None:
        store.apply(agent())
        share = lambda: other.apply(agent(), manager="team")  # noqa: E731 - the meddler
        meddled = StateStore(Meddling(store.engine, share))
        meddled.apply(agent(labels={"a": "1"}))
        assert {name for name, _ in owners(store)} == {"mastractl", "team"}

    def test_an_edit_from_outside_belongs_to_external_edit(self, store: StateStore) -> None:
        made = store.apply(agent(labels={"a": "1"})).resource
        edit(store.engine, changed(made, description="x"))
        assert owners(store)[EXTERNAL, "Update"] == {"spec.description"}
        applied = store.apply(agent(says="Bake."))
        assert applied.resource.spec["description"] == "x"
        assert applied.resource.labels == {}
        assert owners(store)[EXTERNAL, "Update"] == {"spec.description"}

    def test_several_edits_add_up(self, store: StateStore, clock: FakeClock) -> None:
        made = store.apply(agent(labels={"a": "1", "b": "1"})).resource
        clock.advance(60)
        edit(store.engine, changed(made, description="x"))
        clock.advance(60)
        edit(store.engine, agent(says="Bake.", labels={"a": "1"}, uid=made.uid))
        held = owners(store)
        assert held[EXTERNAL, "Update"] == {"spec.instructions"}
        assert "metadata.labels.b" not in held["mastractl", "Apply"]
        times = {e["manager"]: e["time"] for e in store.managed_fields("agents", name="cook")}
        assert times[EXTERNAL] == "2026-11-21T08:42:00Z"

    def test_edits_are_told_apart_even_where_the_log_was_compacted(self, store: StateStore) -> None:
        made = store.apply(agent(labels={"a": "1", "b": "1"})).resource
        edited = changed(made, description="x")
        edited["metadata"] = {**edited["metadata"], "labels": {"a": "1"}}
        edit(store.engine, edited)
        put(store.engine, "res/tool/default/other", tool("other"))
        store.engine.compact(store.engine.revision() - 1)
        held = owners(store)
        assert "spec.description" in held[EXTERNAL, "Update"]
        assert "metadata.labels.b" not in held["mastractl", "Apply"]
        assert store.apply(agent()).resource.spec["description"] == "x"

    def test_an_edit_in_force_is_a_conflict_for_who_asks(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        edit(store.engine, changed(made, instructions="Bake."))
        with pytest.raises(errors.FieldConflict, match=EXTERNAL):
            store.apply(agent(), force=False)
        assert store.apply(agent()).resource.spec["instructions"] == "Cook."

    def test_what_has_no_record_belongs_to_the_applier(self, store: StateStore) -> None:
        metadata: JsonObject = {"uid": "u", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        put(store.engine, KEY, agent(labels={"a": "1"}, **metadata) | {"status": {"phase": "Running"}})
        assert set(owners(store)) == {("mastractl", "Apply")}
        after = store.apply(agent(says="Bake.")).resource
        assert after.labels == {}
        assert after.status == {"phase": "Running"}

    def test_a_record_that_says_nothing_new_is_not_worth_failing_for(self, store: StateStore) -> None:
        metadata: JsonObject = {"uid": "u", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
        put(store.engine, KEY, agent(labels={"a": "1"}, **metadata))
        reader = StateStore(Unwritable(store.engine))
        assert reader.apply(agent(labels={"a": "1"})).operation == "unchanged"
        assert reader.apply(agent(labels={"a": "1"}), force=False).operation == "unchanged"
        with pytest.raises(errors.Forbidden):
            reader.apply(agent(labels={"a": "1"}), manager="team")
        with pytest.raises(errors.Forbidden):
            reader.apply(agent(says="Bake.", labels={"a": "1"}))
        with pytest.raises(errors.Forbidden):
            reader.apply_all([agent(labels={"a": "1"}), agent("new")])
        store.apply(agent(labels={"a": "1"}), manager="team")
        with pytest.raises(errors.Forbidden):
            reader.apply(agent(), manager="team")  # the label is mastractl's too, so nothing but the record

    def test_the_record_of_another_resource_does_not_count(self, store: StateStore) -> None:
        store.apply(agent(), manager="team")
        metadata: JsonObject = {
            "uid": "another",
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        put(store.engine, KEY, agent(**metadata))
        assert set(owners(store)) == {("mastractl", "Apply")}

    def test_a_resource_made_anew_has_new_owners(self, store: StateStore) -> None:
        store.apply(agent(labels={"a": "1"}), manager="team")
        store.delete("agents", name="cook")
        store.create(agent())
        assert set(owners(store)) == {("mastractl", "Update")}

    def test_a_broken_record_is_told(self, store: StateStore) -> None:
        store.apply(agent())
        put(store.engine, RECORD, {"odd": 1})
        with pytest.raises(errors.StorageValidationError, match="no record of ownership"):
            store.apply(agent(says="Bake."))
        assert store.require("agents", name="cook").name == "cook"
        store.delete("agents", name="cook")
        assert store.apply(agent()).operation == "created"

    def test_what_was_applied_last(self, store: StateStore) -> None:
        given = agent(labels={"a": "1"})
        given["spec"]["tools"] = [{"name": "oven", "ref": {"name": "oven"}}]
        made = store.apply(given).resource
        store.update(changed(made, description="x"), manager="mastractl-edit")
        assert store.last_applied("agents", name="cook") == given
        assert store.last_applied("agents", name="cook", manager="team") is None
        with pytest.raises(errors.NotFound):
            store.last_applied("agents", name="nobody")

    def test_commits_bear_the_name_of_the_manager(self, store: StateStore) -> None:
        store.apply(agent(), manager="team")
        store.delete("agents", name="cook", manager="broom")
        changes = store.engine.changes(0, limit=0).changes
        assert [c.origin for c in changes if c.key == KEY] == ["team", "broom"]
