"""Writing: identity, generations, conflicts, status, and writes that change nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mastractl import errors, values
from mastractl.store import StateStore
from mastractl.store.drafts import ATTEMPTS
from mastractl.testing.store_tests.foundation import Foundation, Meddling, agent, changed

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.testing.clocks import FakeClock
    from mastractl.values import JsonObject


class WritingTests(Foundation):
    """What create, update and update_status promise."""

    def test_a_created_resource_gets_an_identity(self, store: StateStore, clock: FakeClock) -> None:
        made = store.create(agent(labels={"app": "kitchen"}))
        assert made.generation == 1
        assert made.creation_timestamp == "2026-11-21T08:40:00Z"
        assert made.labels == {"app": "kitchen"}
        assert len(made.uid) == 36
        assert made.resource_version == str(store.engine.revision())
        clock.advance(60)
        assert store.get("agents", name="cook") == made

    def test_documents_are_kept_in_conventional_order_without_resource_version(
        self, store: StateStore
    ) -> None:
        given = agent(labels={"a": "b"})
        store.create(
            {
                "spec": given["spec"],
                "metadata": given["metadata"],
                "kind": "Agent",
                "apiVersion": "mastra.ai/v1",
            }
        )
        entry = store.engine.get("res/agent/default/cook")
        assert entry is not None
        document = values.load(entry.value)
        assert list(document) == ["apiVersion", "kind", "metadata", "spec"]
        assert list(document["metadata"]) == [
            "name",
            "namespace",
            "labels",
            "uid",
            "generation",
            "creationTimestamp",
        ]

    def test_what_a_store_owns_is_not_taken_from_outside(self, store: StateStore) -> None:
        made = store.create(agent(uid="mine", generation=7, creationTimestamp="2001-01-01T00:00:00Z"))
        assert made.uid != "mine"
        assert made.generation == 1
        assert made.creation_timestamp == "2026-11-21T08:40:00Z"

    def test_create_refuses_what_exists(self, store: StateStore) -> None:
        store.create(agent())
        with pytest.raises(errors.AlreadyExists, match=r'agents.mastra.ai "cook" already exists'):
            store.create(agent(says="other"))
        assert store.require("agents", name="cook").spec["instructions"] == "Cook."

    def test_create_refuses_a_resource_version(self, store: StateStore) -> None:
        with pytest.raises(errors.BadRequest, match="has a resourceVersion"):
            store.create(agent(resourceVersion="1"))

    def test_of_two_that_create_the_same_one_is_refused(self, store: StateStore, other: StateStore) -> None:
        store.engine = Meddling(store.engine, lambda: other.create(agent(says="first")))
        racing = StateStore(store.engine)
        with pytest.raises(errors.AlreadyExists):
            racing.create(agent(says="second"))
        assert store.require("agents", name="cook").spec["instructions"] == "first"

    def test_a_dry_run_writes_nothing(self, store: StateStore) -> None:
        made = store.create(agent("made"))
        dry = store.create(agent("new"), dry_run=True)
        assert (dry.name, dry.generation, dry.resource_version) == ("new", 1, "")
        dry = store.update(agent("made", says="Bake."), dry_run=True)
        assert (dry.generation, dry.resource_version) == (2, made.resource_version)
        assert list(store.list("agents")) == [made]

    def test_what_is_given_back_is_the_callers_own(self, store: StateStore) -> None:
        given = agent()
        made = store.create(given)
        made.spec["instructions"] = "changed"
        given["spec"]["instructions"] = "changed too"
        read = store.require("agents", name="cook")
        assert read.spec["instructions"] == "Cook."
        read.metadata["name"] = "changed"
        assert store.require("agents", name="cook").name == "cook"

    def test_what_is_given_is_never_changed(self, store: StateStore) -> None:
        given = agent()
        before = values.copy(given)
        store.create(given)
        store.apply(given)
        store.update(given)
        assert given == before

    def test_generation_counts_changes_of_the_spec_only(self, store: StateStore) -> None:
        first = store.create(agent())
        second = store.update(changed(first, instructions="Bake."))
        third = store.update(agent(says="Bake.", labels={"new": "label"}))
        fourth = store.update_status({**third.document, "status": {"phase": "Running"}})
        assert [r.generation for r in (first, second, third, fourth)] == [1, 2, 2, 2]
        versions = [int(r.resource_version) for r in (first, second, third, fourth)]
        assert versions == sorted(set(versions))
        assert len({r.uid for r in (first, second, third, fourth)}) == 1

    def test_update_takes_the_place_of_all_that_people_write(self, store: StateStore) -> None:
        store.create(agent(labels={"a": "b"}, annotations={"c": "d"}, finalizers=["example.com/f"]))
        updated = store.update(agent(labels={"e": "f"}))
        assert updated.labels == {"e": "f"}
        assert updated.annotations == {}
        assert updated.finalizers == []

    def test_update_of_what_is_not_there(self, store: StateStore) -> None:
        with pytest.raises(errors.NotFound, match=r'agents.mastra.ai "cook" not found'):
            store.update(agent())

    def test_a_stale_update_is_a_conflict_that_teaches(self, store: StateStore) -> None:
        read = store.create(agent())
        newer = store.update(changed(read, instructions="newer"))
        with pytest.raises(errors.Conflict, match="was changed since it was read") as caught:
            store.update(changed(read, instructions="stale"))
        assert caught.value.expected == int(read.resource_version)
        assert caught.value.actual == int(newer.resource_version)
        assert "read it again" in caught.value.hint
        assert store.require("agents", name="cook") == newer

    def test_an_update_that_becomes_stale_at_the_last_moment_is_one_too(
        self, store: StateStore, other: StateStore
    ) -> None:
        read = store.create(agent())
        meddled = StateStore(Meddling(store.engine, lambda: other.apply(agent(says="meddled"))))
        with pytest.raises(errors.Conflict):
            meddled.update(changed(read, instructions="late"))
        assert store.require("agents", name="cook").spec["instructions"] == "meddled"

    def test_without_resource_version_the_last_write_stands(
        self, store: StateStore, other: StateStore
    ) -> None:
        store.create(agent())
        meddled = StateStore(Meddling(store.engine, lambda: other.apply(agent(says="meddled"))))
        meddled.update(agent(says="late"))
        assert store.require("agents", name="cook").spec["instructions"] == "late"
        assert store.require("agents", name="cook").generation == 3

    def test_a_resource_made_anew_is_not_the_one_that_was_read(self, store: StateStore) -> None:
        read = store.create(agent())
        store.delete("agents", name="cook")
        store.create(agent())
        del read.metadata["resourceVersion"]
        with pytest.raises(errors.Conflict, match="is not the one that was read"):
            store.update(read)

    @pytest.mark.parametrize("version", ["latest", "-1", "1.0", "٣"])
    def test_a_resource_version_no_store_gave(self, store: StateStore, version: str) -> None:
        store.create(agent())
        with pytest.raises(errors.BadRequest, match="is no resourceVersion"):
            store.update(agent(resourceVersion=version))

    def test_status_is_written_by_update_status_alone(self, store: StateStore) -> None:
        made = store.create({**agent(), "status": {"phase": "Failed"}})
        assert made.status == {}
        store.update_status({**made.document, "status": {"phase": "Running"}})
        for written in (
            store.update({**agent(says="Bake."), "status": {"phase": "Failed"}}),
            store.apply({**agent(says="Fry."), "status": {"phase": "Failed"}}).resource,
        ):
            assert written.status == {"phase": "Running"}

    def test_update_status_writes_nothing_else(self, store: StateStore) -> None:
        made = store.create(agent(labels={"a": "b"}))
        told = {**agent(says="other", labels={}), "status": {"phase": "Running"}}
        after = store.update_status(told)
        assert after.status == {"phase": "Running"}
        assert after.spec == made.spec
        assert after.labels == {"a": "b"}
        cleared = store.update_status(agent())
        assert "status" not in cleared.document

    def test_a_status_is_checked(self, store: StateStore) -> None:
        store.create(agent())
        with pytest.raises(errors.Invalid, match=r"status\.phase") as caught:
            store.update_status({**agent(), "status": {"phase": "Dancing"}})
        assert caught.value.causes[0].path == ("status", "phase")
        assert store.update_status({**agent(), "status": {"unheard": "of"}}).status == {}

    def test_update_status_conflicts_and_misses_like_update(self, store: StateStore) -> None:
        with pytest.raises(errors.NotFound):
            store.update_status({**agent(), "status": {"phase": "Running"}})
        nameless: object
        for nameless in ({}, {"name": ""}, []):
            with pytest.raises(errors.Invalid, match="metadata"):
                store.update_status({"apiVersion": "mastra.ai/v1", "kind": "Agent", "metadata": nameless})
        read = store.create(agent())
        store.update(agent(says="newer"))
        with pytest.raises(errors.Conflict):
            store.update_status({**read.document, "status": {"phase": "Running"}})

    def test_a_write_that_says_nothing_new_makes_no_revision(self, store: StateStore) -> None:
        store.apply(agent(labels={"a": "b", "c": "d"}))
        made = store.update_status({**agent(), "status": {"phase": "Running"}})
        revision = store.engine.revision()
        turned = agent(labels={"c": "d", "a": "b"})
        turned["spec"] = dict(reversed(turned["spec"].items()))
        assert store.update(turned) == made
        assert store.update(made) == made
        assert store.apply(turned).operation == "unchanged"
        assert store.update_status(made) == made
        assert store.engine.revision() == revision

    def test_numbers_and_booleans_that_compare_equal_are_not_the_same(self, store: StateStore) -> None:
        def with_default(value: object) -> JsonObject:
            schema = {"type": "object", "properties": {"hot": {"default": value}}}
            return {
                "apiVersion": "mastra.ai/v1",
                "kind": "Tool",
                "metadata": {"name": "oven"},
                "spec": {"description": "It bakes.", "execute": "kitchen.bake", "inputSchema": schema},
            }

        store.apply(with_default(1))
        assert store.apply(with_default(True)).operation == "configured"
        assert store.apply(with_default(True)).operation == "unchanged"

    def test_what_breaks_its_schema_is_refused_with_all_causes(self, store: StateStore) -> None:
        broken = agent()
        broken["spec"] = {"instructionz": "x", "model": {"provider": 1, "name": "echo"}}
        for write in (store.create, store.apply):
            with pytest.raises(errors.Invalid, match=r'agent.mastra.ai "cook" is invalid') as caught:
                write(broken)
            assert {cause.code for cause in caught.value.causes} >= {"MA101", "MA102", "MA103"}
        assert store.get("agents", name="cook") is None

    def test_unknown_fields_may_be_let_pass(self, store: StateStore) -> None:
        odd = agent()
        odd["spec"]["odd"] = 1
        applied = store.apply(odd, fields="warn")
        assert [cause.code for cause in applied.warnings] == ["MA101"]
        assert "odd" not in applied.resource.spec

    def test_a_kind_nobody_knows(self, store: StateStore) -> None:
        with pytest.raises(errors.UnknownKind, match="Robot"):
            store.create(
                {"apiVersion": "mastra.ai/v1", "kind": "Robot", "metadata": {"name": "r"}, "spec": {}}
            )

    def test_what_is_no_json_is_refused(self, store: StateStore) -> None:
        odd = agent()
        odd["spec"]["model"]["temperature"] = float("nan")
        with pytest.raises((errors.BadRequest, errors.Invalid)):
            store.create(odd)
        with pytest.raises(errors.BadRequest, match="cannot be kept as JSON"):
            store.create(odd, admitted=True)
        assert store.get("agents", name="cook") is None

    def test_a_race_is_run_again_until_it_is_won(self, store: StateStore, other: StateStore) -> None:
        store.create(agent())
        meddlers = [lambda i=i: other.apply(agent(says=f"meddled {i}")) for i in range(5)]
        meddled = StateStore(Meddling(store.engine, *meddlers))
        assert meddled.apply(agent(says="at last")).operation == "configured"
        assert store.require("agents", name="cook").generation == 7

    def test_but_not_for_ever(self, store: StateStore, other: StateStore, clock: FakeClock) -> None:
        store.create(agent())
        meddlers = [lambda i=i: other.apply(agent(says=f"meddled {i}")) for i in range(ATTEMPTS)]
        meddled = StateStore(Meddling(store.engine, *meddlers), clock=clock)
        with pytest.raises(errors.Conflict, match="overtaken") as caught:
            meddled.apply(agent(says="never"))
        assert "try again" in caught.value.hint

    def test_no_update_gets_lost_between_threads(self, engine: Engine, store: StateStore) -> None:
        store.create(agent(annotations={"count": "0"}))

        def count(times: int) -> None:
            mine = StateStore(engine)
            done = 0
            while done < times:
                read = mine.require("agents", name="cook")
                read.annotations["count"] = str(int(read.annotations["count"]) + 1)
                try:
                    mine.update(read)
                except errors.Conflict:
                    continue
                done += 1

        with ThreadPoolExecutor(4) as pool:
            for each in [pool.submit(count, 15) for _ in range(4)]:
                each.result()
        assert store.require("agents", name="cook").annotations["count"] == "60"
