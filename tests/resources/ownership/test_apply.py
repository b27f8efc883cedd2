"""What an apply makes of a resource: one act after another on the stage."""

from __future__ import annotations

import copy

import pytest

from mastractl import errors
from tests.resources.ownership.stage import Stage, doc

A = {"name": "a"}
B = {"name": "b"}
C = {"name": "c"}


@pytest.mark.parametrize(
    ("spec", "owned"),
    [
        ({"text": "t"}, {"f:text": {}}),
        ({"either": 1}, {"f:either": {}}),
        ({"nothing": None}, {"f:nothing": {}}),
        ({"model": {"name": "m"}}, {"f:model": {"f:name": {}}}),
        ({"model": {}}, {"f:model": {}}),
        ({"whole": {"a": "1"}}, {"f:whole": {}}),
        ({"words": {"a": "1"}}, {"f:words": {"f:a": {}}}),
        ({"words": None}, {"f:words": {}}),
        ({"groups": {"g": {"size": 1}}}, {"f:groups": {"f:g": {".": {}, "f:size": {}}}}),
        ({"groups": {"g": {}}}, {"f:groups": {"f:g": {}}}),
        (
            {"free": {"a": {"b": [1]}, "c": 1}},
            {"f:free": {"f:a": {".": {}, "f:b": {}}, "f:c": {}}},
        ),
        ({"any": [1, {"a": 1}]}, {"f:any": {}}),
        ({"any": {"a": {"b": 1}}}, {"f:any": {"f:a": {".": {}, "f:b": {}}}}),
        ({"plain": ["a"]}, {"f:plain": {}}),
        ({"names": ["a", "b"]}, {"f:names": {'v:"a"': {}, 'v:"b"': {}}}),
        ({"names": []}, {"f:names": {}}),
        ({"counts": [1, 2.0]}, {"f:counts": {"v:1": {}, "v:2": {}}}),
        (
            {"tools": [{"name": "a", "limit": 1}]},
            {"f:tools": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:limit": {}}}},
        ),
        (
            {"ports": [{"port": 80}]},
            {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}},
        ),
        (
            {
                "inner": {
                    "kind": "K",
                    "metadata": {"labels": {"a": "b"}, "finalizers": ["f"]},
                    "spec": {"x": 1},
                }
            },
            {
                "f:inner": {
                    "f:kind": {},
                    "f:metadata": {"f:finalizers": {'v:"f"': {}}, "f:labels": {"f:a": {}}},
                    "f:spec": {".": {}, "f:x": {}},
                }
            },
        ),
    ],
)
def test_what_an_applier_owns(spec, owned):
    stage = Stage().apply("x", spec)
    assert stage.owns("x") == owned
    assert stage.spec == spec


def test_nobody_owns_what_the_store_writes_nor_what_a_resource_is_called():
    metadata = {
        "name": "x",
        "namespace": "n",
        "uid": "u",
        "generation": 1,
        "creationTimestamp": "t",
        "resourceVersion": "1",
        "labels": {"a": "b"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": "n", "uid": "1"}],
    }
    owned = {"f:metadata": {"f:labels": {"f:a": {}}, "f:ownerReferences": {'k:{"uid":"1"}': {}}}}
    assert Stage().apply("x", None, metadata=metadata).entry("x").fields.to_json() == owned
    updated = Stage().update("x", None, metadata=metadata).entry("x", "Update").fields.to_json()
    assert updated == {
        "f:metadata": {
            "f:labels": {".": {}, "f:a": {}},
            "f:ownerReferences": {".": {}, 'k:{"uid":"1"}': {}},
        }
    }


def test_what_the_store_wrote_stays_whatever_is_given():
    stage = Stage().update("x", {"text": "a"}, metadata={"uid": "u", "generation": 3})
    stage.apply("y", {"count": 1}, metadata={"uid": "other", "generation": 1, "resourceVersion": "9"})
    assert stage.live["metadata"] == {"name": "x", "uid": "u", "generation": 3}


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        # a field left out goes, its object with it
        ({"text": "t", "count": 1}, {"count": 1}, {"count": 1}),
        ({"model": {"name": "m"}, "count": 1}, {"count": 1}, {"count": 1}),
        ({"model": {"name": "m", "provider": "p"}}, {"model": {"name": "m"}}, {"model": {"name": "m"}}),
        # an object given empty stays, empty
        ({"model": {"name": "m"}}, {"model": {}}, {"model": {}}),
        ({"tools": [A]}, {"tools": []}, {"tools": []}),
        ({"names": ["a"]}, {"names": []}, {"names": []}),
        ({"words": {"a": "1"}}, {"words": {}}, {"words": {}}),
        ({"words": {"a": "1"}}, {"words": None}, {"words": None}),
        ({"words": {}}, {"words": None}, {"words": None}),
        ({"words": None}, {"words": {}}, {"words": {}}),
        ({"model": {}}, {"count": 1}, {"count": 1}),
        # items
        ({"tools": [A, B]}, {"tools": [B]}, {"tools": [B]}),
        ({"tools": [A, B]}, {"tools": [B, A]}, {"tools": [B, A]}),
        ({"tools": [A | {"limit": 1}]}, {"tools": [A]}, {"tools": [A]}),
        ({"names": ["a", "b"]}, {"names": ["b", "c"]}, {"names": ["b", "c"]}),
        ({"ports": [{"port": 1}]}, {"ports": [{"port": 1, "protocol": "TCP"}]}, None),
        ({"ports": [{"port": 1}]}, {"ports": [{"port": 1, "protocol": "UDP"}]}, None),
        ({"groups": {"g": {"size": 1}, "h": {}}}, {"groups": {"h": {}}}, None),
        # wholes
        ({"whole": {"a": "1", "b": "2"}}, {"whole": {"b": "3"}}, None),
        ({"plain": ["a", "b"]}, {"plain": ["b"]}, None),
        ({"either": "50%"}, {"either": 50}, None),
        # unknown values change their type
        ({"any": {"a": {"b": 1}}}, {"any": {"a": [1]}}, None),
        ({"any": [1]}, {"any": {"a": 1}}, None),
        ({"any": {"a": 1}}, {"any": "text"}, None),
        ({"any": {"a": 1, "b": 1}}, {"any": {"b": 2, "c": {"d": []}}}, None),
    ],
)
def test_the_only_applier_gets_what_it_applies(first, second, result):
    stage = Stage().apply("x", first).apply("x", second)
    assert stage.spec == (second if result is None else result)
    alone = Stage().apply("x", second)
    assert stage.owns("x") == alone.owns("x")


def test_a_field_left_out_stays_while_another_owns_it():
    stage = (
        Stage().apply("x", {"text": "t", "tools": [A]}).apply("y", {"text": "t", "tools": [A | {"limit": 1}]})
    )
    stage.apply("x", {"count": 1})
    assert stage.spec == {"text": "t", "tools": [A | {"limit": 1}], "count": 1}
    stage.apply("y", {})
    assert stage.spec == {"count": 1}


def test_what_nobody_owns_stays():
    stage = Stage().apply("x", {"text": "t"})
    stage.live = doc({"text": "t", "count": 7})
    assert stage.apply("x", {"text": "u"}).spec == {"text": "u", "count": 7}


def test_an_item_given_up_takes_along_what_others_put_into_it():
    """As Kubernetes has it: who owns the item, and not who owns a field of it, says whether it is there."""
    stage = Stage().apply("x", {"tools": [A, B]}).update("y", {"tools": [A | {"limit": 3}, B]})
    assert stage.owns("y", "Update") == {"f:tools": {'k:{"name":"a"}': {"f:limit": {}}}}
    assert stage.apply("x", {"tools": [B]}).spec == {"tools": [B]}
    assert stage.entry("y", "Update") is None


def test_an_updater_that_made_the_object_keeps_it():
    stage = Stage().update("y", {"tools": []}).apply("x", {"tools": [A]}).apply("x", {})
    assert stage.spec == {"tools": []}


def test_a_named_object_stays_for_the_field_another_owns_in_it():
    stage = (
        Stage().apply("x", {"model": {"name": "m"}}).update("y", {"model": {"name": "m", "provider": "p"}})
    )
    assert stage.apply("x", {}).spec == {"model": {"provider": "p"}}


def test_equal_values_are_shared_and_differing_ones_conflict():
    stage = Stage().apply("x", {"count": 1, "text": "t"}).apply("y", {"count": 1.0})
    assert stage.owns("x") == {"f:count": {}, "f:text": {}}
    assert stage.owns("y") == {"f:count": {}}
    with pytest.raises(errors.FieldConflict) as caught:
        stage.apply("y", {"count": 2})
    assert caught.value.causes[0].path == ("spec", "count")
    assert caught.value.causes[0].message == 'conflict with "x"'
    assert stage.live == doc({"count": 1, "text": "t"})


def test_true_and_one_are_no_equal_values():
    stage = Stage().apply("x", {"any": 1})
    with pytest.raises(errors.FieldConflict):
        stage.apply("y", {"any": True})


def test_a_conflict_says_who_owns_what_and_what_to_do():
    stage = Stage().apply("ci", {"model": {"name": "m"}, "tools": [B, A | {"limit": 1}]})
    stage.update("bob", {**stage.spec, "names": ["n"], "text": "t"})
    given = {"model": {"name": "n"}, "tools": [A | {"limit": 2}], "text": "u", "names": ["n"]}
    with pytest.raises(errors.FieldConflict) as caught:
        stage.apply("me", given)
    error = caught.value
    assert isinstance(error, errors.Conflict)
    assert error.message == (
        "Apply failed with 3 conflicts: "
        'conflicts with "ci":\n- .spec.model.name\n- .spec.tools[name="a"].limit\n'
        'conflicts with "bob" using mastra.ai/v1 at 2026-01-01T00:00:02Z:\n- .spec.text'
    )
    assert [(c.path, c.reason) for c in error.causes] == [
        (("spec", "model", "name"), "FieldManagerConflict"),
        (("spec", "tools", 0, "limit"), "FieldManagerConflict"),
        (("spec", "text"), "FieldManagerConflict"),
    ]
    for word in ("--force-conflicts", "leave", "value"):
        assert word in error.hint
    assert error.to_status()["causes"][0]["field"] == ".spec.model.name"
    assert (error.code, error.exit_code, error.reason) == (409, 5, "Conflict")


def test_one_conflict_is_said_in_one_line():
    stage = Stage().apply("ci", {"groups": {"a.b/c": {"size": 1}}}, subresource="scale")
    with pytest.raises(errors.FieldConflict) as caught:
        stage.apply("me", {"groups": {"a.b/c": {"size": 2}}})
    assert caught.value.message == (
        "Apply failed with 1 conflict: conflict with "
        '"ci" with subresource "scale": .spec.groups["a.b/c"].size'
    )


def test_a_whole_conflicts_as_a_whole():
    stage = Stage().apply("x", {"whole": {"a": "1"}, "plain": ["a"]})
    with pytest.raises(errors.FieldConflict) as caught:
        stage.apply("y", {"whole": {"a": "1", "b": "2"}, "plain": ["b"]})
    assert [c.path for c in caught.value.causes] == [("spec", "plain"), ("spec", "whole")]
    assert stage.apply("y", {"whole": {"b": "2"}}, force=True).spec == {"whole": {"b": "2"}, "plain": ["a"]}


def test_force_takes_over_and_leaves_the_rest():
    stage = Stage().apply("x", {"text": "t", "count": 1}).apply("y", {"text": "u"}, force=True)
    assert stage.spec == {"text": "u", "count": 1}
    assert stage.owns("x") == {"f:count": {}}
    assert stage.owns("y") == {"f:text": {}}
    stage.apply("z", {"count": 2}, force=True)
    assert stage.entry("x") is None


def test_a_manager_does_not_conflict_with_itself():
    stage = Stage().update("x", {"text": "t", "count": 1}).apply("x", {"text": "u"})
    assert stage.spec == {"text": "u", "count": 1}
    assert stage.owns("x") == {"f:text": {}}
    assert stage.owns("x", "Update") == {".": {}, "f:count": {}}


def test_subresources_are_managers_of_their_own():
    stage = Stage().apply("x", {"count": 1}).apply("x", {"count": 1, "text": "t"}, subresource="scale")
    assert stage.owns("x") == {"f:count": {}}
    assert stage.owns("x", subresource="scale") == {"f:count": {}, "f:text": {}}
    with pytest.raises(errors.FieldConflict):
        stage.apply("x", {"text": "u"})


def test_an_apply_that_changes_nothing_leaves_managers_and_times():
    stage = (
        Stage()
        .apply("x", {"text": "t", "tools": [A, B]})
        .update("y", {"text": "t", "tools": [A, B], "count": 1})
    )
    live, managers = stage.live, stage.managers
    stage.apply("x", {"tools": [A, B], "text": "t"})
    assert stage.live is live
    assert stage.managers == managers


def test_the_time_is_that_of_the_last_change():
    stage = Stage().apply("x", {"text": "t"}).apply("y", {"count": 1}).apply("x", {"text": "u"})
    assert stage.entry("x").time == "2026-01-01T00:00:03Z"
    assert stage.entry("y").time == "2026-01-01T00:00:02Z"
    assert [m.name for m in stage.managers] == ["y", "x"]
    stage.apply("z", {"count": 1})
    assert stage.entry("z").time == stage.now


def test_an_applier_of_another_version_stays_one_applier():
    stage = Stage().apply("x", {"text": "t"}).apply("x", {"text": "t"}, version="mastra.ai/v2")
    assert [(m.name, m.api_version) for m in stage.managers] == [("x", "mastra.ai/v2")]
    assert stage.live["apiVersion"] == "mastra.ai/v2"


@pytest.mark.parametrize(
    ("live", "given", "merged"),
    [
        ("abc", "b", "abc"),
        ("abc", "d", "abcd"),
        ("abc", "cba", "cba"),
        ("abc", "xb", "axbc"),
        ("abc", "bx", "abcx"),
        ("abc", "ca", "bca"),
        ("abcd", "db", "acdb"),
        ("", "ab", "ab"),
        ("ab", "xyz", "abxyz"),
        ("abcde", "ebx", "acdebx"),
    ],
)
@pytest.mark.parametrize("field", ["names", "tools"])
def test_the_order_of_items(live, given, merged, field):
    def listed(text):
        return [{"name": c} if field == "tools" else c for c in text]

    stage = Stage().apply("x", {field: listed(live)}).apply("y", {field: listed(given)})
    assert stage.spec == {field: listed(merged)}


def test_a_given_list_may_not_hold_an_item_twice():
    stage = Stage().apply("x", {"text": "t"})
    with pytest.raises(errors.Invalid) as caught:
        stage.apply("x", {"names": ["a", "b", "a"], "tools": [A, A | {"tags": ["t", "t"]}]})
    assert [(c.code, c.path, c.reason) for c in caught.value.causes] == [
        ("MA107", ("spec", "names", 2), "FieldValueDuplicate"),
        ("MA107", ("spec", "tools", 1), "FieldValueDuplicate"),
        ("MA107", ("spec", "tools", 1, "tags", 1), "FieldValueDuplicate"),
    ]
    assert "told apart by name" in caught.value.causes[1].hint


def test_ports_that_differ_only_by_a_default_are_one():
    with pytest.raises(errors.Invalid):
        Stage().apply("x", {"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]})


def test_stored_repeats_are_taken_as_one_and_replaced_by_a_given_item():
    stage = Stage().update("y", {"tools": [A | {"limit": 1}, B, A | {"limit": 2}], "names": ["a", "a", "b"]})
    assert stage.owns("y", "Update")["f:tools"]['k:{"name":"a"}'] == {}
    stage.apply("x", {"tools": [C], "names": ["c"]})
    assert stage.spec["tools"] == [A | {"limit": 1}, B, A | {"limit": 2}, C]
    assert stage.spec["names"] == ["a", "a", "b", "c"]
    stage.apply("x", {"tools": [A | {"limit": 3}], "names": ["a"]}, force=True)
    assert stage.spec == {"tools": [A | {"limit": 3}, B], "names": ["a", "b"]}


def test_a_list_whose_items_cannot_be_told_apart_is_one_field():
    stage = Stage().apply("x", {"tools": [{"limit": 1}]})
    assert stage.owns("x") == {"f:tools": {}}
    stage.apply("x", {"tools": [A]})
    assert stage.spec == {"tools": [A]}


def test_arguments_are_never_changed():
    stage = Stage().apply("x", {"tools": [A, B], "model": {"name": "m"}, "names": ["a"]})
    live, given = (
        stage.live,
        doc({"tools": [C, B | {"limit": 1}], "names": ["b"], "model": {"provider": "p"}}),
    )
    before = copy.deepcopy((live, given))
    fields = [m.to_json() for m in stage.managers]
    managers = stage.managers
    stage.apply("x", given).apply("y", doc({"tools": [B]})).apply("x", doc({}))
    assert (live, given) == before
    assert [m.to_json() for m in managers] == fields


class TestSchemaChanges:
    def listed(self, **words):
        schema = copy.deepcopy(Stage().schema)
        schema["properties"]["spec"]["properties"]["tools"] |= words
        return schema

    def test_from_items_to_a_whole(self):
        stage = Stage().apply("x", {"tools": [A, B]}).update("y", {"tools": [A | {"limit": 1}, B]})
        stage.schema = self.listed(**{"x-kubernetes-list-type": "atomic"})
        stage.apply("z", {"text": "t"})
        assert stage.owns("x") == stage.owns("y", "Update") == {"f:tools": {}}
        with pytest.raises(errors.FieldConflict):
            stage.apply("z", {"tools": [C]})

    def test_from_a_whole_to_items(self):
        stage = Stage(self.listed(**{"x-kubernetes-list-type": "atomic"})).apply("x", {"tools": [A, B]})
        stage.schema = Stage().schema
        assert stage.apply("y", {"tools": [C]}).spec == {"tools": [A, B, C]}
        stage.apply("x", {"tools": [A, B]})
        assert stage.apply("x", {"tools": [B]}).spec == {"tools": [B, C]}

    def test_an_item_that_stays_keeps_its_key(self):
        """Under the earlier schema items were wholes, so that nobody but x owns the key by itself."""
        items = Stage().schema["properties"]["spec"]["properties"]["tools"]["items"]
        stage = Stage(self.listed(items=items | {"x-kubernetes-map-type": "atomic"}))
        stage.apply("y", {"tools": [A | {"limit": 1}]})
        stage.schema = Stage().schema
        stage.apply("x", {"tools": [A | {"limit": 1}]})
        assert stage.apply("x", {}).spec == {"tools": [A]}

    def test_from_an_object_to_text(self):
        stage = Stage().apply("x", {"model": {"name": "m"}, "text": "t"})
        stage.schema = copy.deepcopy(stage.schema)
        stage.schema["properties"]["spec"]["properties"]["model"] = {"type": "string"}
        stage.apply("x", {"model": "m", "text": "t"})
        assert stage.spec == {"model": "m", "text": "t"}
        assert stage.owns("x") == {"f:model": {}, "f:text": {}}
