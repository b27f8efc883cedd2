"""Deletion: finalizers, owners, and all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors, values
from mastractl.engines.contract import Delete, Put
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import (
    Foundation,
    Meddling,
    Narrow,
    Overheard,
    agent,
    definition,
    owner,
    put,
    tool,
    widget,
)

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.resources.resource import Resource
    from mastractl.testing.clocks import FakeClock

HOLD = ["example.com/hold"]


class DeletingTests(Foundation):
    """What delete and delete_all promise."""

    def test_delete_gives_back_what_it_was(self, store: StateStore) -> None:
        made = store.create(agent())
        gone = store.delete("agents", name="cook")
        assert store.get("agents", name="cook") is None
        assert gone.resource_version == str(store.engine.revision())
        assert (gone.uid, gone.spec) == (made.uid, made.spec)
        again = store.create(agent())
        assert again.uid != made.uid
        assert again.generation == 1

    def test_delete_of_what_is_not_there(self, store: StateStore) -> None:
        with pytest.raises(errors.NotFound, match=r'agents.mastra.ai "cook" not found'):
            store.delete("agents", name="cook")

    def test_delete_on_condition(self, store: StateStore) -> None:
        read = store.create(agent())
        newer = store.update(agent(says="newer"))
        with pytest.raises(errors.Conflict):
            store.delete("agents", name="cook", resource_version=read.resource_version)
        store.delete("agents", name="cook", resource_version=newer.resource_version)
        with pytest.raises(errors.NotFound):
            store.delete("agents", name="cook", resource_version=newer.resource_version)

    def test_a_dry_run_deletes_nothing(self, store: StateStore) -> None:
        made = store.create(agent())
        assert store.delete("agents", name="cook", dry_run=True) == made
        assert store.get("agents", name="cook") == made

    def test_a_finalizer_holds_a_resource_until_it_is_dropped(
        self, store: StateStore, clock: FakeClock
    ) -> None:
        store.create(agent(finalizers=HOLD))
        clock.advance(5)
        held = store.delete("agents", name="cook")
        assert held.deletion_timestamp == "2026-11-21T08:40:05Z"
        assert held == store.require("agents", name="cook")
        clock.advance(5)
        assert store.delete("agents", name="cook") == held
        last = store.update(agent())
        assert last.finalizers == []
        assert store.get("agents", name="cook") is None

    def test_deletion_is_told_apart_from_its_being_under_way(self, store: StateStore) -> None:
        held, free = store.create(agent("held", finalizers=HOLD)), store.create(agent("free"))
        results = store.delete_all([held.key, free.key])
        assert [(d.resource.name, d.pending) for d in results] == [("held", True), ("free", False)]

    def test_one_of_two_finalizers_still_holds(self, store: StateStore) -> None:
        store.apply(agent(finalizers=["example.com/a", "example.com/b"]))
        store.delete("agents", name="cook")
        store.apply(agent(finalizers=["example.com/b"]))
        assert store.require("agents", name="cook").deletion_timestamp
        applied = store.apply(agent(finalizers=[]))
        assert applied.operation == "configured"
        assert store.get("agents", name="cook") is None

    def test_no_finalizer_can_be_added_while_it_is_deleted(self, store: StateStore) -> None:
        store.create(agent(finalizers=HOLD))
        store.delete("agents", name="cook")
        with pytest.raises(errors.Invalid, match="no finalizer can be added") as caught:
            store.update(agent(finalizers=[*HOLD, "example.com/more"]))
        assert caught.value.causes[0].path == ("metadata", "finalizers")

    def test_other_changes_are_possible_while_it_is_deleted(self, store: StateStore) -> None:
        store.create(agent(finalizers=HOLD))
        store.delete("agents", name="cook")
        changed = store.update(agent(says="Bake.", finalizers=HOLD))
        assert changed.deletion_timestamp
        assert changed.spec["instructions"] == "Bake."

    def test_dependents_go_with_their_owner_in_one_commit(self, store: StateStore) -> None:
        boss = store.create(agent("boss"))
        child = store.create(tool("child", ownerReferences=[owner(boss)]))
        store.create(tool("grandchild", ownerReferences=[owner(child)]))
        store.create(tool("stranger"))
        revision = store.engine.revision()
        (gone,) = store.delete_all([boss.key])
        assert {key.name for key in gone.dependents} == {"child", "grandchild"}
        assert store.engine.revision() == revision + 1
        assert [r.name for r in store.list("tools")] == ["stranger"]

    def test_the_last_finalizer_of_an_owner_takes_its_dependents_too(self, store: StateStore) -> None:
        boss = store.create(agent("boss", finalizers=HOLD))
        store.create(tool("child", ownerReferences=[owner(boss)]))
        store.delete("agents", name="boss")
        assert store.get("tools", name="child")
        store.update(agent("boss"))
        assert store.get("tools", name="child") is None

    def test_a_dependent_with_another_owner_stays_and_loses_the_reference(self, store: StateStore) -> None:
        one, two = store.create(agent("one")), store.create(agent("two"))
        store.create(tool("child", ownerReferences=[owner(one), owner(two)]))
        store.delete("agents", name="one")
        assert store.require("tools", name="child").owner_references == [owner(two)]
        store.delete("agents", name="two")
        assert store.get("tools", name="child") is None

    def test_dependents_may_be_orphaned(self, store: StateStore, other: StateStore) -> None:
        boss = store.create(agent("boss"))
        child = store.create(tool("child", ownerReferences=[owner(boss)]))
        store.create(tool("grandchild", ownerReferences=[owner(child)]))
        late = Meddling(store.engine, lambda: other.create(tool("late", ownerReferences=[owner(boss)])))
        (gone,) = StateStore(late).delete_all([boss.key], orphan=True)
        assert gone.dependents == ()
        assert [(r.name, r.owner_references) for r in store.list("tools")] == [
            ("child", []),
            ("grandchild", [owner(child)]),
            ("late", []),
        ]

    def test_another_owner_that_is_gone_does_not_count(self, store: StateStore) -> None:
        boss, ghost = store.create(agent("boss")), store.create(agent("ghost"))
        store.delete("agents", name="ghost")
        store.create(agent("ghost"))  # of the same name, but not the one that is meant
        store.create(tool("child", ownerReferences=[owner(ghost), owner(boss)]))
        store.delete("agents", name="boss")
        assert store.get("tools", name="child") is None

    def test_two_owners_that_go_together_take_the_dependent(self, store: StateStore) -> None:
        one, two = store.create(agent("one")), store.create(agent("two"))
        store.create(tool("child", ownerReferences=[owner(one), owner(two)]))
        results = store.delete_all([one.key, two.key])
        assert sum(len(d.dependents) for d in results) == 1
        assert store.get("tools", name="child") is None

    def test_an_owner_and_its_dependent_may_both_be_asked_for(self, store: StateStore) -> None:
        boss = store.create(agent("boss"))
        child = store.create(tool("child", ownerReferences=[owner(boss)]))
        results = store.delete_all([boss, child])
        assert [(d.resource.name, d.pending, d.dependents) for d in results] == [
            ("boss", False, ()),
            ("child", False, ()),
        ]

    def test_an_owner_may_have_no_namespace(self, store: StateStore) -> None:
        boss = store.create(definition())
        store.create(tool("child", ownerReferences=[owner(boss)]))
        store.delete("crd", name="widgets.example.com")
        assert store.get("tools", name="child") is None

    def test_an_owner_in_another_namespace_is_none(self, store: StateStore) -> None:
        """Kubernetes' rule: so another owner there does not keep a dependent."""
        boss, far = store.create(agent("boss")), store.create(agent("far", namespace="other"))
        store.create(tool("child", ownerReferences=[owner(boss), owner(far)]))
        store.delete("agents", name="boss")
        assert store.get("tools", name="child") is None

    def test_cycles_end(self, store: StateStore) -> None:
        one = store.create(agent("one"))
        two = store.create(agent("two", ownerReferences=[owner(one)]))
        store.update(agent("one", ownerReferences=[owner(two)]))
        (gone,) = store.delete_all([one.key])
        assert [key.name for key in gone.dependents] == ["two"]
        assert list(store.list("agents")) == []
        own = store.create(agent("own"))
        store.update(agent("own", ownerReferences=[owner(own)]))
        store.delete("agents", name="own")
        assert store.get("agents", name="own") is None

    def test_block_owner_deletion_holds_no_owner_back(self, store: StateStore) -> None:
        """Owners go first here, as in Kubernetes' background propagation; only foreground deletion waits."""
        boss = store.create(agent("boss"))
        reference = owner(boss) | {"blockOwnerDeletion": True, "controller": True}
        store.create(tool("child", finalizers=HOLD, ownerReferences=[reference]))
        (gone,) = store.delete_all([boss.key])
        assert not gone.pending
        assert store.get("agents", name="boss") is None
        assert store.require("tools", name="child").deletion_timestamp

    def test_what_a_held_dependent_owns_waits_for_it(self, store: StateStore) -> None:
        boss = store.create(agent("boss"))
        child = store.create(tool("child", finalizers=HOLD, ownerReferences=[owner(boss)]))
        store.create(tool("grandchild", ownerReferences=[owner(child)]))
        store.delete("agents", name="boss")
        assert [r.name for r in store.list("tools")] == ["child", "grandchild"]
        store.update(tool("child"))
        assert list(store.list("tools")) == []

    def test_ownership_that_changed_elsewhere_is_seen(self, store: StateStore, other: StateStore) -> None:
        boss = store.create(agent("boss"))
        store.create(agent("nobody"))
        store.create(tool("freed", ownerReferences=[owner(boss)]))
        store.delete("agents", name="nobody")  # from here on the owners are known
        other.update(tool("freed"))
        other.create(tool("child", ownerReferences=[owner(boss)]))
        store.delete("agents", name="boss")
        assert [r.name for r in store.list("tools")] == ["freed"]

    def test_ownership_is_found_though_the_log_was_compacted(
        self, store: StateStore, other: StateStore
    ) -> None:
        boss = store.create(agent("boss"))
        store.create(agent("nobody"))
        store.delete("agents", name="nobody")
        other.create(tool("child", ownerReferences=[owner(boss)]))
        store.engine.compact(store.engine.revision())
        store.delete("agents", name="boss")
        assert store.get("tools", name="child") is None

    def test_a_dependent_that_comes_while_its_owner_goes_is_swept_up(
        self, store: StateStore, other: StateStore
    ) -> None:
        boss = store.create(agent("boss"))
        meddling = Meddling(store.engine, lambda: other.create(tool("late", ownerReferences=[owner(boss)])))
        StateStore(meddling).delete("agents", name="boss")
        assert store.get("tools", name="late") is None

    def test_a_resource_that_comes_while_its_kind_goes_is_swept_up(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.apply_all([definition(), widget("early")])
        meddling = Meddling(store.engine, lambda: other.create(widget("late")))
        StateStore(meddling).delete("crd", name="widgets.example.com")
        assert store.engine.range("res/widget.example.com/").entries == ()

    def test_all_or_none(self, store: StateStore) -> None:
        one, two = store.create(agent("one")), store.create(agent("two"))
        store.delete("agents", name="two")
        with pytest.raises(errors.NotFound, match="two"):
            store.delete_all([one.key, two.key])
        assert store.get("agents", name="one") == one
        results = store.delete_all([one.key, two.key, one.key], ignore_missing=True)
        assert [d.resource.name for d in results] == ["one"]

    def test_resources_are_deleted_only_as_they_were_read(self, store: StateStore) -> None:
        one, two = store.create(agent("one")), store.create(agent("two"))
        store.update(agent("two", says="newer"))
        with pytest.raises(errors.Conflict, match='"two" was changed'):
            store.delete_all([one, two])
        assert len(store.list("agents")) == 2

    def test_a_deletion_that_was_overtaken_is_worked_out_anew(
        self, store: StateStore, other: StateStore
    ) -> None:
        made = store.create(agent())
        meddled = StateStore(Meddling(store.engine, lambda: other.update(agent(finalizers=HOLD))))
        (result,) = meddled.delete_all([made.key])
        assert result.pending
        assert store.require("agents", name="cook").deletion_timestamp

    def test_more_than_one_commit_takes_goes_dependents_first(
        self, engine: Engine, store: StateStore
    ) -> None:
        boss = store.create(agent("boss"))
        children = [store.create(tool(f"child{i}", ownerReferences=[owner(boss)])) for i in range(5)]
        for child in children:
            store.create(tool(f"of-{child.name}", ownerReferences=[owner(child)]))
        narrow = Narrow(engine, max_commit=8)
        (gone,) = StateStore(narrow).delete_all([boss.key])
        assert len(gone.dependents) == 10
        assert list(store.list("tools")) == []
        ops = [op for ops in narrow.commits for op in ops if isinstance(op, Delete)]
        order = [op.key.rpartition("/")[2] for op in ops if op.key.startswith("res/")]
        assert order[-1] == "boss"
        for child in children:
            assert order.index(f"of-{child.name}") < order.index(child.name)

    def test_the_last_finalizer_of_an_owner_of_many(self, engine: Engine, store: StateStore) -> None:
        boss = store.apply(agent("boss", finalizers=HOLD)).resource
        for number in range(7):
            store.create(tool(f"child{number}", ownerReferences=[owner(boss)]))
        store.delete("agents", name="boss")
        narrow = Narrow(engine, max_commit=8)
        StateStore(narrow).apply(agent("boss", finalizers=[]))
        sizes = [len(ops) for ops in narrow.commits]
        assert max(sizes) <= 8 < sum(sizes)
        assert [op.key for op in narrow.commits[-1]] == ["res/agent/default/boss", "own/agent/default/boss"]
        assert list(store.list("tools")) == list(store.list("agents")) == []

    def test_what_was_asked_for_must_fit_one_commit(self, engine: Engine, store: StateStore) -> None:
        agents: list[Resource] = [store.create(agent(f"a{i}")) for i in range(4)]
        with pytest.raises(errors.TooLarge):
            StateStore(Narrow(engine, max_commit=7)).delete_all([a.key for a in agents])
        assert len(store.list("agents")) == 4

    def test_a_reference_that_came_with_a_copy_counts(self, store: StateStore) -> None:
        """Written past the store, as by a tool that copies keys and knows nothing of resources."""
        boss = store.create(agent("boss"))
        document = tool("child", ownerReferences=[owner(boss)])
        put(store.engine, "res/tool/default/child", document)
        store.delete("agents", name="boss")
        assert store.get("tools", name="child") is None

    def test_the_dependents_of_a_store_made_of_another_are_found(
        self, engine: Engine, store: StateStore
    ) -> None:
        """The index of dependents that came with a copy may lack what was edited by hand before it."""
        boss = store.create(agent("boss"))
        foreign = values.dump({"identity": "another store"})
        engine.commit([Put("idx/dependents", foreign)])
        for number in range(60):
            put(engine, f"res/tool/default/c{number}", tool(f"c{number}", ownerReferences=[owner(boss)]))
        store.create(agent("last"))
        store.delete("agents", name="last")
        StateStore(engine).delete("agents", name="boss")
        assert list(store.list("tools")) == list(store.list("agents")) == []

    def test_what_no_longer_names_an_owner_stays(self, engine: Engine, store: StateStore) -> None:
        boss, other = store.create(agent("boss")), store.create(agent("other"))
        store.create(tool("child", ownerReferences=[owner(boss)]))
        store.update(tool("child", ownerReferences=[owner(other)]))
        for leaver in ("boss", "other"):
            StateStore(engine).delete("agents", name=leaver)
            assert (store.get("tools", name="child") is None) == (leaver == "other")
        assert engine.range("dep/").entries == ()

    def test_dependents_are_found_without_reading_the_store(self, engine: Engine, store: StateStore) -> None:
        """But for files, which may have been edited: there every process reads them once."""
        boss = store.create(agent("boss"))
        store.create(tool("child", ownerReferences=[owner(boss)]))
        store.create(agent("first"))
        store.delete("agents", name="first")
        overheard = Overheard(engine)
        StateStore(overheard).delete("agents", name="boss")
        assert store.get("tools", name="child") is None
        assert ("res/" in overheard.listed) == engine.capabilities.external_edits
