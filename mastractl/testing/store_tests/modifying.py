"""Modifying: a change worked out on what stands there, and several written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors, values
from mastractl.store import StateStore
from mastractl.testing.store_tests.foundation import (
    Foundation,
    Meddling,
    Narrow,
    agent,
    definition,
    put,
    tool,
    widget,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.values import JsonObject

    Change = Callable[[JsonObject], JsonObject]


def says(text: str) -> Change:
    """The change of an agent's instructions."""
    return lambda document: {**document, "spec": {**document["spec"], "instructions": text}}


def labelled(**labels: str) -> Change:
    """The change that adds labels."""

    def change(document: JsonObject) -> JsonObject:
        metadata = document["metadata"]
        return {**document, "metadata": {**metadata, "labels": metadata.get("labels", {}) | labels}}

    return change


def with_field(*path: str, value: object) -> Change:
    """The change of one field, taken away if the value is None."""

    def change(document: JsonObject) -> JsonObject:
        inner = document
        for field in path[:-1]:
            inner = inner[field]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        return document

    return change


class ModifyingTests(Foundation):
    """What modify, create_all and update_all promise."""

    def test_a_change_is_made_on_what_stands(self, store: StateStore) -> None:
        made = store.create(agent(labels={"app": "kitchen"}))
        applied = store.modify("agents", name="cook", change=says("Bake."), manager="me")
        assert applied.operation == "configured"
        assert applied.before == made
        assert applied.resource == store.require("agents", name="cook")
        assert applied.resource.spec["instructions"] == "Bake."
        assert (applied.resource.uid, applied.resource.labels) == (made.uid, {"app": "kitchen"})
        assert applied.resource.generation == 2
        (change,) = store.engine.changes(int(made.resource_version), "res/").changes
        assert change.origin == "me"

    def test_metadata_alone_is_no_new_generation(self, store: StateStore) -> None:
        store.create(agent())
        applied = store.modify("agents", name="cook", change=labelled(a="b"))
        assert (applied.resource.labels, applied.resource.generation) == ({"a": "b"}, 1)

    def test_a_change_that_is_none_makes_no_revision(self, store: StateStore) -> None:
        made = store.create(agent())
        applied = store.modify("agents", name="cook", change=lambda document: document)
        assert (applied.operation, applied.resource) == ("unchanged", made)
        same = store.modify("agents", name="cook", change=says("Cook."))
        assert same.operation == "unchanged"
        assert store.engine.revision() == int(made.resource_version)

    def test_the_document_is_the_changes_own(self, store: StateStore) -> None:
        made = store.create(agent())

        def spoil(document: JsonObject) -> JsonObject:
            document["spec"]["instructions"] = "Spoilt."
            message = "no"
            raise RuntimeError(message)

        with pytest.raises(RuntimeError):
            store.modify("agents", name="cook", change=spoil)
        assert store.require("agents", name="cook") == made

    def test_overtaken_it_is_worked_out_anew(self, store: StateStore, other: StateStore) -> None:
        store.create(agent())

        def meddle() -> None:
            other.modify("agents", name="cook", change=labelled(mine="no"))

        racing = StateStore(Meddling(store.engine, meddle, meddle))
        calls: list[JsonObject] = []

        def change(document: JsonObject) -> JsonObject:
            calls.append(values.copy(document))
            return says("Bake.")(document)

        applied = racing.modify("agents", name="cook", change=change)
        assert len(calls) > 1
        assert applied.resource.labels == {"mine": "no"}
        assert applied.resource.spec["instructions"] == "Bake."

    def test_a_stale_resource_version_is_a_conflict(self, store: StateStore) -> None:
        first = store.create(agent())
        second = store.modify("agents", name="cook", change=says("Bake.")).resource
        stale = first.resource_version
        with pytest.raises(errors.Conflict, match="was changed since it was read"):
            store.modify("agents", name="cook", change=says("Boil."), resource_version=stale)
        with pytest.raises(errors.Conflict, match="was changed since it was read"):
            store.modify("agents", name="cook", change=with_field("metadata", "resourceVersion", value=stale))
        fresh = second.resource_version
        store.modify("agents", name="cook", change=says("Boil."), resource_version=fresh)

    def test_what_is_not_there_is_not_found(self, store: StateStore) -> None:
        with pytest.raises(errors.NotFound, match=r'agents.mastra.ai "cook" not found'):
            store.modify("agents", name="cook", change=says("Bake."))

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("metadata", "name"), "chef"),
            (("metadata", "name"), None),
            (("metadata", "namespace"), "cooking"),
            (("metadata", "uid"), "0" * 36),
            (("kind",), "Tool"),
            (("apiVersion",), "acme.io/v1"),
            (("apiVersion",), None),
        ],
    )
    def test_who_it_is_cannot_be_changed(
        self, store: StateStore, path: tuple[str, ...], value: object
    ) -> None:
        made = store.create(agent())
        with pytest.raises(errors.Invalid, match="the field is immutable") as refused:
            store.modify("agents", name="cook", change=with_field(*path, value=value))
        assert [(cause.code, cause.path) for cause in refused.value.causes] == [("MA151", path)]
        assert refused.value.hint
        assert store.require("agents", name="cook") == made

    @pytest.mark.parametrize("field", ["namespace", "uid", "generation", "creationTimestamp"])
    def test_what_the_store_writes_may_be_left_out(self, store: StateStore, field: str) -> None:
        made = store.create(agent())
        without = with_field("metadata", field, value=None)
        applied = store.modify("agents", name="cook", change=lambda d: says("Bake.")(without(d)))
        assert applied.resource.metadata[field] == (2 if field == "generation" else made.metadata[field])

    @pytest.mark.parametrize("broken", [[], "text", {"metadata": "text"}, {"kind": "Agent"}])
    def test_what_is_no_resource_is_refused(self, store: StateStore, broken: JsonObject) -> None:
        store.create(agent())
        with pytest.raises(errors.Invalid):
            store.modify("agents", name="cook", change=lambda _: broken)

    def test_the_result_is_checked(self, store: StateStore) -> None:
        made = store.create(agent())
        with pytest.raises(errors.Invalid) as refused:
            store.modify("agents", name="cook", change=with_field("spec", "instuctions", value="x"))
        assert refused.value.causes[0].code == "MA101"
        with pytest.raises(errors.Invalid):
            store.modify("agents", name="cook", change=with_field("spec", "instructions", value=None))
        applied = store.modify(
            "agents", name="cook", change=with_field("spec", "instuctions", value="x"), fields="warn"
        )
        assert (applied.operation, [w.code for w in applied.warnings]) == ("unchanged", ["MA101"])
        assert store.require("agents", name="cook") == made

    def test_status_is_changed_by_its_name_alone(self, store: StateStore) -> None:
        store.create(agent())
        running = with_field("status", value={"phase": "Running"})
        applied = store.modify("agents", name="cook", change=running)
        assert (applied.operation, [w.code for w in applied.warnings]) == ("unchanged", ["MA120"])
        both = lambda document: says("Bake.")(running(document))  # noqa: E731 - a change of two
        applied = store.modify("agents", name="cook", change=both, subresource="status")
        assert applied.operation == "configured"
        assert applied.resource.status == {"phase": "Running"}
        assert applied.resource.spec["instructions"] == "Cook."
        assert applied.resource.generation == 1
        applied = store.modify("agents", name="cook", change=says("Bake."))
        assert (applied.resource.status, applied.warnings) == ({"phase": "Running"}, ())

    def test_a_status_that_is_no_subresource_is_an_ordinary_field(self, store: StateStore) -> None:
        spec = {"type": "object", "properties": {"size": {"type": "integer"}}}
        status = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
        schema = {"type": "object", "properties": {"spec": spec, "status": status}}
        store.create(definition(schema=schema))
        store.create({**widget(), "status": {"ok": True}})
        applied = store.modify("widgets", name="w", change=with_field("spec", "size", value=2))
        assert applied.resource.status == {"ok": True}
        applied = store.modify("widgets", name="w", change=with_field("status", "ok", value=False))
        assert applied.resource.status == {"ok": False}

    def test_scale_is_a_number_wherever_the_kind_keeps_it(self, store: StateStore) -> None:
        defined = definition()
        defined["spec"]["versions"][0]["subresources"] = {
            "status": {},
            "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
        }
        store.create(defined)
        made = store.create(widget(size=2))
        seen: list[JsonObject] = []

        def change(scale: JsonObject) -> JsonObject:
            seen.append(values.copy(scale))
            return {**scale, "spec": {"replicas": 5}}

        applied = store.modify("widgets", name="w", change=change, subresource="scale", manager="scaler")
        assert applied.resource.spec["size"] == 5
        assert (seen[0]["kind"], seen[0]["spec"], seen[0]["status"]) == (
            "Scale",
            {"replicas": 2},
            {"replicas": 0},
        )
        assert seen[0]["metadata"]["resourceVersion"] == made.resource_version
        (entry,) = (e for e in store.managed_fields("widgets", name="w") if e.get("subresource") == "scale")
        assert (entry["manager"], entry["operation"]) == ("scaler", "Update")
        assert entry["fieldsV1"] == {"f:spec": {"f:size": {}}}
        for wrong in (-1, "3", 2.5, True, 2**31):
            with pytest.raises(errors.Invalid, match="a whole number"):
                store.modify(
                    "widgets",
                    name="w",
                    change=with_field("spec", "replicas", value=wrong),
                    subresource="scale",
                )

    def test_a_kind_without_scale_says_so(self, store: StateStore) -> None:
        store.create(agent())
        with pytest.raises(errors.BadRequest, match="no scale subresource") as refused:
            store.modify("agents", name="cook", change=lambda scale: scale, subresource="scale")
        assert "maxReplicas" in refused.value.hint

    def test_a_dry_run_writes_nothing(self, store: StateStore) -> None:
        made = store.create(agent())
        applied = store.modify("agents", name="cook", change=says("Bake."), dry_run=True)
        assert (applied.operation, applied.resource.generation) == ("configured", 2)
        assert store.require("agents", name="cook") == made

    def test_the_last_finalizer_ends_a_deletion(self, store: StateStore) -> None:
        store.create(agent(finalizers=["example.com/f"]))
        store.delete("agents", name="cook")
        applied = store.modify("agents", name="cook", change=with_field("metadata", "finalizers", value=None))
        assert applied.resource.name == "cook"
        assert store.get("agents", name="cook") is None

    def test_what_is_not_valid_any_more_can_be_mended(self, store: StateStore) -> None:
        document = store.create(agent()).document
        put(store.engine, "res/agent/default/cook", {**document, "spec": {"instructions": 7}})
        same = store.modify("agents", name="cook", change=lambda document: document)
        assert same.operation == "unchanged"
        assert store.modify("agents", name="cook", change=says("Bake.")).operation == "configured"

    def test_a_workflow_that_cannot_run_can_be_changed_elsewhere(self, store: StateStore) -> None:
        broken: JsonObject = {"steps": [{"id": "a", "next": ["gone"]}]}
        whole = {**agent("w"), "kind": "Workflow", "spec": {"steps": [{"id": "a"}]}}
        made = store.create(whole)
        put(store.engine, "res/workflow/default/w", {**made.document, "spec": broken})
        assert store.modify("workflows", name="w", change=labelled(a="b")).resource.labels == {"a": "b"}
        described = with_field("spec", "description", value="x")
        assert store.modify("workflows", name="w", change=described).resource.spec["description"] == "x"
        stands = store.require("workflows", name="w")
        assert store.update({**stands.document, "metadata": {"name": "w"}}).labels == {}
        part = {**whole, "metadata": {"name": "w", "labels": {"c": "d"}}, "spec": {}}
        assert store.apply(part, manager="team", partial=True).resource.labels == {"c": "d"}
        for change in (
            with_field("spec", "initialStep", value="a"),
            with_field("spec", "steps", value=[{"id": "b", "next": ["gone"]}]),
        ):
            with pytest.raises(errors.Invalid, match="there is no step"):
                store.modify("workflows", name="w", change=change)
        with pytest.raises(errors.Invalid, match="there is no step"):
            store.apply({**part, "spec": broken | {"timeout": "5m"}}, manager="team", partial=True)
        mended = with_field("spec", "steps", value=[{"id": "a"}])
        assert store.modify("workflows", name="w", change=mended).operation == "configured"

    def test_a_part_of_a_workflow_need_not_run_by_itself(self, store: StateStore) -> None:
        def workflow(*steps: JsonObject) -> JsonObject:
            return {**agent("w"), "kind": "Workflow", "spec": {"steps": [*steps]}}

        store.apply(workflow({"id": "a", "next": ["b"]}, {"id": "b"}, {"id": "c"}))
        applied = store.apply(workflow({"id": "b", "next": ["c"]}), manager="team", partial=True)
        assert [step.get("next") for step in applied.resource.spec["steps"]][:2] == [["b"], ["c"]]
        with pytest.raises(errors.Invalid, match='there is no step "d"'):
            store.apply(workflow({"id": "c", "next": ["d"]}), manager="team", partial=True)

    def test_what_a_tightened_schema_forbids_can_be_changed_elsewhere(self, store: StateStore) -> None:
        def sized(**rule: int) -> JsonObject:
            fields = {"size": {"type": "integer", **rule}, "color": {"type": "string"}}
            spec = {"type": "object", "properties": fields}
            return definition(schema={"type": "object", "properties": {"spec": spec}})

        store.apply_all([sized(), widget(size=5)])
        store.apply(sized(maximum=1))
        red = with_field("spec", "color", value="red")
        assert store.modify("widgets", name="w", change=red).resource.spec == {"size": 5, "color": "red"}
        assert store.modify("widgets", name="w", change=labelled(a="b")).operation == "configured"
        (again,) = store.update_all([{**widget(size=5), "spec": {"size": 5, "color": "blue"}}])
        assert again.resource.spec == {"size": 5, "color": "blue"}
        with pytest.raises(errors.Invalid, match="must be at most 1, found 6"):
            store.modify("widgets", name="w", change=with_field("spec", "size", value=6))

    def test_all_are_created_or_none(self, store: StateStore) -> None:
        store.create(tool("there"))
        with pytest.raises(errors.AlreadyExists, match=r'tools.mastra.ai "there" already exists'):
            store.create_all([agent(), tool("there")])
        assert store.get("agents", name="cook") is None
        before = store.engine.revision()
        made = store.create_all([widget(), definition(), agent()], manager="me")
        assert [a.operation for a in made] == ["created"] * 3
        assert [a.resource.kind for a in made] == ["Widget", "CustomResourceDefinition", "Agent"]
        assert store.engine.revision() == before + 1
        assert {c.origin for c in store.engine.changes(before, "res/").changes} == {"me"}

    def test_all_are_updated_or_none(self, store: StateStore) -> None:
        store.create_all([agent("a"), agent("b")])
        with pytest.raises(errors.NotFound):
            store.update_all([agent("a", says="Bake."), agent("c")])
        assert store.require("agents", name="a").generation == 1
        done = store.update_all([agent("a", says="Bake."), agent("b")])
        assert [a.operation for a in done] == ["configured", "unchanged"]
        dry = store.update_all([agent("b", says="Bake.")], dry_run=True)
        assert [a.operation for a in dry] == ["configured"]
        assert store.require("agents", name="b").generation == 1

    def test_what_an_engine_cannot_take_at_once_is_refused_whole(self, store: StateStore) -> None:
        narrow = StateStore(Narrow(store.engine, max_commit=2))
        with pytest.raises(errors.TooLarge):
            narrow.create_all([agent("a"), agent("b"), agent("c")])
        assert len(store.list("agents")) == 0
