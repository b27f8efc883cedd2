"""Apply: what a manifest declares, dry runs, and several resources at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.resources.resource import Resource
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import Foundation, Meddling, Narrow, agent, owner, tool

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine


class ApplyingTests(Foundation):
    """What apply and apply_all promise."""

    def test_created_configured_unchanged(self, store: StateStore) -> None:
        first = store.apply(agent())
        second = store.apply(agent(says="Bake."))
        third = store.apply(Resource(agent(says="Bake.")))
        assert [a.operation for a in (first, second, third)] == ["created", "configured", "unchanged"]
        assert first.before is None
        assert second.before == first.resource
        assert third.before == third.resource == second.resource

    def test_an_applied_resource_can_be_applied_again(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        assert store.apply(made).operation == "unchanged"

    def test_a_manifest_means_the_name_and_not_the_one_it_was_taken_from(self, store: StateStore) -> None:
        exported = store.apply(agent()).resource
        del exported.metadata["resourceVersion"]
        store.delete("agents", name="cook")
        store.apply(agent(says="Bake."))
        assert store.apply(exported).operation == "configured"

    def test_what_a_manifest_names_is_there_then_and_the_rest_stays(self, store: StateStore) -> None:
        boss = store.create(tool())
        store.create(
            agent(
                labels={"a": "1", "b": "2"},
                annotations={"note": "x"},
                finalizers=["example.com/f"],
                ownerReferences=[owner(boss)],
            )
        )
        silent = store.apply(agent(says="Bake.")).resource
        assert silent.labels == {"a": "1", "b": "2"}
        assert silent.annotations == {"note": "x"}
        assert silent.finalizers == ["example.com/f"]
        assert silent.owner_references == [owner(boss)]
        outspoken = store.apply(agent(says="Bake.", labels={"b": "3"}, annotations={})).resource
        assert outspoken.labels == {"a": "1", "b": "3"}
        assert outspoken.annotations == {"note": "x"}

    def test_a_field_dropped_from_the_spec_is_gone(self, store: StateStore) -> None:
        rich = agent()
        rich["spec"]["memory"] = {"enabled": True}
        store.apply(rich)
        assert "memory" not in store.apply(agent()).resource.spec

    def test_a_stale_resource_version_is_a_conflict(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        store.apply(agent(says="newer"))
        with pytest.raises(errors.Conflict, match="was changed since"):
            store.apply(agent(says="stale", resourceVersion=made.resource_version))
        store.delete("agents", name="cook")
        with pytest.raises(errors.Conflict, match="was deleted since") as caught:
            store.apply(agent(says="stale", resourceVersion=made.resource_version))
        assert caught.value.actual == 0

    def test_a_dry_run_does_all_but_write(self, store: StateStore) -> None:
        store.apply(agent("kept"))
        revision = store.engine.revision()
        dry = store.apply_all(
            [agent("kept", says="Bake."), agent("new"), agent("kept", says="Bake.")], dry_run=True
        )
        assert [a.operation for a in dry] == ["configured", "created", "unchanged"]
        assert dry[0].resource.generation == 2
        assert dry[0].resource.resource_version == str(revision)
        assert dry[1].resource.resource_version == ""
        assert dry[1].resource.uid
        assert store.engine.revision() == revision
        wet = store.apply_all([agent("kept", says="Bake."), agent("new")])
        for one, other in zip(dry, wet, strict=False):
            for volatile in ("uid", "resourceVersion"):
                one.resource.metadata.pop(volatile, None)
                other.resource.metadata.pop(volatile)
            assert one.resource == other.resource

    def test_a_dry_run_raises_what_the_run_would(self, store: StateStore) -> None:
        made = store.apply(agent()).resource
        store.apply(agent(says="newer"))
        with pytest.raises(errors.Conflict):
            store.apply(made, dry_run=True)

    def test_several_resources_are_one_revision(self, store: StateStore) -> None:
        revision = store.engine.revision()
        applied = store.apply_all([agent("a"), tool("b"), agent("c", namespace="other")])
        assert store.engine.revision() == revision + 1
        assert {a.resource.resource_version for a in applied} == {str(revision + 1)}
        assert [a.resource.name for a in applied] == ["a", "b", "c"]

    def test_nothing_is_written_if_one_cannot_be(self, store: StateStore) -> None:
        stale = store.apply(agent("a")).resource
        store.apply(agent("a", says="newer"))
        revision = store.engine.revision()
        broken = agent("broken")
        del broken["spec"]["instructions"]
        for bad, error in ((broken, errors.Invalid), (stale, errors.Conflict)):
            with pytest.raises(error):
                store.apply_all([agent("b"), bad, agent("c")])
            assert store.engine.revision() == revision
        assert [r.name for r in store.list("agents")] == ["a"]

    def test_a_batch_that_was_overtaken_is_applied_again_as_a_whole(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.apply_all([agent("a"), agent("b")])
        meddled = StateStore(Meddling(store.engine, lambda: other.apply(agent("b", says="meddled"))))
        applied = meddled.apply_all([agent("a", says="new"), agent("b", says="new")])
        assert [a.resource.generation for a in applied] == [2, 3]
        assert len({a.resource.resource_version for a in applied}) == 1

    def test_a_resource_given_twice_ends_as_the_later_says(self, store: StateStore) -> None:
        applied = store.apply_all([agent(says="one"), agent(says="two"), agent(says="two")])
        assert [a.operation for a in applied] == ["created", "configured", "unchanged"]
        assert store.require("agents", name="cook").spec["instructions"] == "two"

    def test_there_and_back_in_one_batch_is_no_change(self, store: StateStore) -> None:
        made = store.apply(agent(labels={"a": "1"})).resource
        applied = store.apply_all([agent(labels={"a": "2"}), agent(labels={"a": "1"})])
        assert [a.operation for a in applied] == ["configured", "configured"]
        assert store.require("agents", name="cook") == made

    def test_a_condition_holds_even_for_what_does_not_change(
        self, store: StateStore, other: StateStore
    ) -> None:
        same = store.apply(agent("same")).resource
        meddled = StateStore(Meddling(store.engine, lambda: other.apply(agent("same", says="meddled"))))
        with pytest.raises(errors.Conflict):
            meddled.apply_all([same, agent("new")])
        assert store.get("agents", name="new") is None

    def test_too_much_for_one_commit_is_refused_before_anything_is_written(self, engine: Engine) -> None:
        narrow = Narrow(engine, max_commit=7)
        store = StateStore(narrow)
        many = [agent(f"a{i}") for i in range(4)]
        for dry_run in (True, False):
            with pytest.raises(errors.TooLarge, match="8 changes at once") as caught:
                store.apply_all(many, dry_run=dry_run)
            assert "--keep-going" in caught.value.hint
        assert narrow.commits == []
        store.apply_all(many[:3])
        assert [a.operation for a in store.apply_all(many[1:])] == ["unchanged", "unchanged", "created"]

    def test_too_large_a_resource_is_refused(self, store: StateStore) -> None:
        huge = agent(says="x" * store.engine.capabilities.max_value)
        for dry_run in (True, False):
            with pytest.raises(errors.TooLarge, match="bytes"):
                store.apply_all([agent("small"), huge], dry_run=dry_run)
        assert store.get("agents", name="small") is None

    def test_nothing_to_apply(self, store: StateStore) -> None:
        assert store.apply_all([]) == []
