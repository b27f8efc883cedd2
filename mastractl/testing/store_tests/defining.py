"""Definitions as they change: their status, their versions, and the resources that stand meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mastractl import errors
from mastractl.resources.conditions import holds
from mastractl.testing.store_tests.foundation import Foundation, changed, definition, put, taken, widget

if TYPE_CHECKING:
    from mastractl.store import StateStore
    from mastractl.values import JsonObject

NAME = "widgets.example.com"


def with_size(**rules: Any) -> JsonObject:
    """The schema of widgets, with rules for their size."""
    size = {"type": "integer", **rules}
    fields = {
        "size": size,
        "color": {"type": "string"},
        "deep": {"type": "object", "properties": {"n": size}},
    }
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}


def versions(*names: str, schema: JsonObject | None = None, stored: str = "") -> JsonObject:
    """The definition of widgets in several versions, of which the last, or another, is stored."""
    made = definition()
    (one,) = made["spec"]["versions"]
    last = stored or names[-1]
    if schema is not None:
        one = {**one, "schema": {"openAPIV3Schema": schema}}
    made["spec"]["versions"] = [{**one, "name": name, "storage": name == last} for name in names]
    return made


class DefiningTests(Foundation):
    """What becomes of a kind and its resources when its definition is written again."""

    def test_a_definition_is_in_force_when_it_is_written(self, store: StateStore) -> None:
        made = store.apply(definition()).resource
        assert holds(made, "Established")
        assert holds(made, "NamesAccepted")
        assert made.status["acceptedNames"]["plural"] == "widgets"
        assert made.status["acceptedNames"]["listKind"] == "WidgetList"
        assert made.status["storedVersions"] == ["v1"]
        assert store.apply(definition()).operation == "unchanged"
        assert store.require("crd", name=NAME) == made

    def test_a_rule_about_changes_holds_for_every_way_to_change(self, store: StateStore) -> None:
        grows = {"rule": "self >= oldSelf", "message": "it only grows"}
        schema = with_size(**{"x-kubernetes-validations": [grows]})
        schema["properties"]["status"] = {
            "type": "object",
            "properties": {"seen": {"type": "integer", "x-kubernetes-validations": [grows]}},
        }
        store.apply_all([definition(schema=schema), widget(size=3)])
        before = store.update_status({**widget(size=3), "status": {"seen": 2}})

        def shrink(document: JsonObject) -> JsonObject:
            return {**document, "spec": {"size": 2}}

        for write in (
            lambda: store.apply(widget(size=2)),
            lambda: store.update(changed(before, size=2)),
            lambda: store.update_all([changed(before, size=2)]),
            lambda: store.modify("widgets", name="w", change=shrink),
            lambda: store.update_status({**widget(size=3), "status": {"seen": 1}}),
        ):
            with pytest.raises(errors.Invalid, match="it only grows"):
                write()
        assert store.require("widgets", name="w") == before
        assert store.update(changed(before, size=4)).spec == {"size": 4}
        assert store.update_status({**widget(), "status": {"seen": 3}}).status == {"seen": 3}

    def test_what_stands_since_when_stays(self, store: StateStore) -> None:
        first = store.apply(definition()).resource
        second = store.apply(definition(schema=with_size())).resource
        assert second.generation == 2
        assert second.status["conditions"] == first.status["conditions"]
        assert second.status["observedGeneration"] == 2

    def test_resources_outlive_a_change_of_the_storage_version(self, store: StateStore) -> None:
        old = {**widget(), "apiVersion": "example.com/v1alpha1"}
        store.apply_all([versions("v1alpha1"), old])
        made = store.apply(versions("v1alpha1", "v1")).resource
        assert made.status["storedVersions"] == ["v1alpha1", "v1"]
        assert store.require("widgets", name="w").api_version == "example.com/v1"
        assert [r.api_version for r in store.list("widgets")] == ["example.com/v1"]
        assert [r.api_version for r in store.list_all(["widgets", "agents"])] == ["example.com/v1"]
        assert store.apply(old).resource.api_version == "example.com/v1"

    def test_a_version_can_be_asked_for(self, store: StateStore) -> None:
        store.apply_all([versions("v1", "v2"), widget()])
        older = store.require("widgets.v1.example.com", name="w")
        assert (older.api_version, older.spec) == ("example.com/v1", {"size": 1})
        assert [r.api_version for r in store.list("widgets.v1.example.com")] == ["example.com/v1"]
        assert store.require("widgets", name="w").api_version == "example.com/v2"
        assert store.update(changed(older, size=2)).api_version == "example.com/v2"
        with store.watch("widgets.v1.example.com") as events:
            assert [e.resource.api_version for e in taken(events, 1)] == ["example.com/v1"]
            store.apply(widget(size=3))
            assert [e.resource.api_version for e in taken(events, 1)] == ["example.com/v1"]

    def test_a_version_that_is_served_no_more(self, store: StateStore) -> None:
        store.apply_all([versions("v1", "v2"), widget()])
        ended = versions("v1", "v2")
        ended["spec"]["versions"][0]["served"] = False
        store.apply(ended)
        with pytest.raises(errors.UnknownKind):
            store.resolve("widgets.v1.example.com")
        with pytest.raises(errors.UnknownKind, match="not served as"):
            store.apply(widget())
        assert store.require("widgets", name="w").spec == {"size": 1}

    def test_a_version_goes_when_nothing_is_stored_in_it(self, store: StateStore) -> None:
        store.apply_all([versions("v1"), widget()])
        store.apply(versions("v1", "v2"))
        with pytest.raises(errors.Invalid, match="the version v1 cannot go: 1 resource is stored in it"):
            store.apply(versions("v2"))
        store.apply(widget())
        assert store.apply(versions("v2")).resource.status["storedVersions"] == ["v2"]

    def test_defaults_that_came_later_show(self, store: StateStore) -> None:
        store.apply_all([definition(schema=with_size()), {**widget(), "spec": {"deep": {}}}])
        before = store.require("widgets", name="w")
        assert before.spec == {"deep": {}}
        store.apply(definition(schema=with_size(default=7)))
        assert store.require("widgets", name="w").spec == {"size": 7, "deep": {"n": 7}}
        assert [r.spec["size"] for r in store.list("widgets")] == [7]
        assert store.require("widgets", name="w").resource_version == before.resource_version

    def test_fields_that_went_are_kept_until_the_next_write(self, store: StateStore) -> None:
        store.apply_all([definition(schema=with_size(default=1)), {**widget(), "spec": {"color": "red"}}])
        without = with_size(default=1)
        del without["properties"]["spec"]["properties"]["color"]
        store.apply(definition(schema=without))
        stands = store.require("widgets", name="w")
        assert stands.spec["color"] == "red"
        assert "color" not in store.update(stands, fields="ignore").spec

    def test_a_schema_that_resources_do_not_obey_is_remarked_upon(self, store: StateStore) -> None:
        store.apply_all([definition(), *(widget(f"w{n}", size=n) for n in range(6))])
        tight = definition(schema=with_size(maximum=1))
        for dry in (True, False):
            (remark,) = store.apply(tight, dry_run=dry).warnings
            assert (remark.code, remark.warning) == ("MA134", True)
            assert (
                "4 stored widgets do not obey the new schema: default/w2 (spec.size: must be"
                in remark.message
            )
            assert "and 1 more" in remark.message
        assert store.apply(definition(schema=with_size(maximum=9))).warnings == ()

    def test_resources_mended_in_the_same_run_are_no_remark(self, store: StateStore) -> None:
        store.apply_all([definition(), widget(size=5)])
        applied = store.apply_all([definition(schema=with_size(maximum=1)), widget(size=1)])
        assert [a.warnings for a in applied] == [(), ()]

    def test_what_is_forbidden_by_now_can_be_read_and_mended(self, store: StateStore) -> None:
        store.apply_all([definition(schema=with_size()), widget(size=5)])
        store.apply(definition(schema=with_size(maximum=1)))
        stands = store.require("widgets", name="w")
        assert store.update(changed(stands, color="red")).spec == {"size": 5, "color": "red"}
        declared = {**widget(size=5), "spec": {"size": 5, "color": "blue"}}
        assert store.apply(declared).resource.spec == {"size": 5, "color": "blue"}
        with pytest.raises(errors.Invalid, match="must be at most 1, found 6"):
            store.apply(widget(size=6))
        with pytest.raises(errors.Invalid, match="must be at most 1, found 5"):
            store.apply(widget("another", size=5))
        assert store.apply(widget(size=1)).operation == "configured"

    def test_a_definition_of_older_rules_still_makes_its_kind(self, store: StateStore) -> None:
        loose = definition(
            schema={"type": "object", "properties": {"spec": {"x-kubernetes-map-type": "odd"}}}
        )
        with pytest.raises(errors.Invalid, match="every field needs a type"):
            store.apply(loose)
        put(store.engine, f"res/customresourcedefinition/_cluster/{NAME}", loose)
        assert store.resolve("widgets").kind == "Widget"
        assert store.problems() == ()
