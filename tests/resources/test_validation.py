"""A whole document against a version of its kind: what is tolerated on update, and the scale subresource."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.resources.kinds import Version
from mastractl.resources.validation import filled, result_causes

TEXT = {"type": "string"}
SHORT = {"type": "string", "maxLength": 3}
ITEM = {"type": "object", "properties": {"name": TEXT, "v": SHORT}, "required": ["name"]}
SPEC = {
    "type": "object",
    "properties": {
        "a": SHORT,
        "b": TEXT,
        "must": TEXT,
        "tags": {"type": "object", "additionalProperties": SHORT},
        "deep": {"type": "object", "required": ["x"], "properties": {"x": TEXT, "y": TEXT}},
        "plain": {"type": "array", "items": SHORT, "maxItems": 3},
        "set": {"type": "array", "items": SHORT, "x-kubernetes-list-type": "set"},
        "keyed": {
            "type": "array",
            "items": ITEM,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        "either": {
            "type": "object",
            "properties": {"p": TEXT, "q": TEXT},
            "anyOf": [{"properties": {"p": {"minLength": 3}}}, {"required": ["q"]}],
        },
        "later": TEXT | {"default": "now"},
    },
}
VERSION = Version(name="v1", schema={"type": "object", "properties": {"spec": SPEC}})


def document(**spec):
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}


def paths(new, old=None):
    _, causes = result_causes(VERSION, new, old)
    return [cause.path[1:] for cause in causes if not cause.warning]


LONG = "too long"
TOLERATED = [
    # what stood there, what is written: nothing that is wrong changed
    ({"a": LONG}, {"a": LONG, "b": "new"}),
    ({"a": LONG, "b": "x"}, {"a": LONG}),
    ({"tags": {"k": LONG}}, {"tags": {"k": LONG, "l": "new"}}),
    ({"deep": {"y": "1"}}, {"deep": {"y": "1"}, "b": "new"}),
    ({"plain": [LONG]}, {"plain": [LONG], "b": "new"}),
    ({"plain": ["1", "2", "3", "4"]}, {"plain": ["1", "2", "3", "4"], "b": "new"}),
    ({"set": ["1", "1"]}, {"set": ["1", "1"], "b": "new"}),
    ({"set": ["1", "1"]}, {"set": ["1", "1", "2", "2"]}),
    ({"keyed": [{"name": "n", "v": LONG}]}, {"keyed": [{"name": "m"}, {"name": "n", "v": LONG}]}),
    ({"a": 5}, {"a": 5, "b": "new"}),
    ({"either": {"p": "1"}}, {"either": {"p": "1"}, "b": "new"}),
]
REFUSED = [
    # what stood there, what is written, where the fault is
    ({"a": LONG}, {"a": LONG + "er"}, [("a",)]),
    ({}, {"a": LONG}, [("a",)]),
    ({"a": LONG, "tags": {"k": LONG}}, {"a": LONG, "tags": {"k": LONG, "l": LONG}}, [("tags", "l")]),
    ({"deep": {"y": "1"}}, {"deep": {"y": "2"}}, [("deep", "x")]),
    ({"plain": [LONG]}, {"plain": [LONG, "2"]}, [("plain", 0)]),
    ({"plain": ["1"] * 4}, {"plain": ["1"] * 5}, [("plain",)]),
    ({"set": [LONG]}, {"set": [LONG, "2"]}, [("set", 0)]),
    ({"keyed": [{"name": "n", "v": LONG}]}, {"keyed": [{"name": "m", "v": LONG}]}, [("keyed", 0, "v")]),
    ({"set": ["1"]}, {"set": ["1", "1"]}, [("set", 1)]),
    ({"either": {"p": "1"}}, {"either": {"p": "2"}}, [("either", "p")]),
]


@pytest.mark.parametrize(("before", "after"), TOLERATED)
def test_what_did_not_change_is_tolerated(before, after):
    assert paths(document(**after))
    assert paths(document(**after), document(**before)) == []


@pytest.mark.parametrize(("before", "after", "found"), REFUSED)
def test_what_changed_must_be_valid(before, after, found):
    assert paths(document(**after), document(**before)) == found


def test_defaults_count_as_unchanged_and_come_in():
    version = Version(
        name="v1",
        schema={
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "required": ["c"],
                    "properties": {"a": TEXT | {"default": "x"}, "c": TEXT},
                }
            },
        },
    )
    result, causes = result_causes(version, document(), document())
    assert (result["spec"], causes) == ({"a": "x"}, [])
    assert filled(version, document(c="y", gone=1))["spec"] == {"a": "x", "c": "y"}


def test_the_version_that_is_written_is_never_tolerated():
    old = {**document(), "kind": 5}
    assert [c.path for c in result_causes(VERSION, copy.deepcopy(old) | {"spec": {"b": "x"}}, old)[1]] == [
        ("kind",)
    ]


def test_parts_that_are_shared_are_told_apart():
    shared = {"v": LONG, "name": "n"}
    new = document(keyed=[shared], deep=shared | {"x": "1"}, b="new")
    old = document(keyed=[dict(shared)])
    assert ("keyed", 0, "v") not in paths(new, old)


SPECS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(["ok", LONG, 5, None]),
        "b": st.sampled_from(["1", "2"]),
        "tags": st.dictionaries(st.sampled_from("xy"), st.sampled_from(["ok", LONG]), max_size=2),
        "plain": st.lists(st.sampled_from(["ok", LONG]), max_size=4),
        "set": st.lists(st.sampled_from(["ok", LONG]), max_size=3),
        "keyed": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from("nm")}, optional={"v": st.sampled_from(["ok", LONG])}
            ),
            max_size=3,
        ),
        "deep": st.dictionaries(st.sampled_from("xy"), st.just("1"), max_size=2),
    },
)


@settings(max_examples=300)
@given(SPECS, SPECS)
def test_an_update_is_never_judged_more_strictly_than_a_creation(before, after):
    alone = set(paths(document(**after)))
    assert set(paths(document(**after), document(**before))) <= alone
    assert paths(document(**after), document(**after)) == []
    if not paths(document(**before)) and before.keys().isdisjoint(after):
        assert set(paths(document(**after), document(**before))) == alone


SCALED = Version(
    name="v1",
    schema={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    scale={
        "specReplicasPath": ".spec.pool.size",
        "statusReplicasPath": ".status.size",
        "labelSelectorPath": ".status.selector",
    },
)


@pytest.mark.parametrize(
    ("spec", "status", "found"),
    [
        ({"pool": {"size": 3}}, {"size": 1, "selector": "a=b"}, []),
        ({"pool": {"size": -1}}, {}, [("MA106", ("spec", "pool", "size"))]),
        ({"pool": {"size": 2**31}}, {}, [("MA106", ("spec", "pool", "size"))]),
        ({"pool": {"size": "3"}}, {}, [("MA106", ("spec", "pool", "size"))]),
        ({}, {"size": 1.5}, [("MA106", ("status", "size"))]),
        ({}, {"selector": {"a": "b"}}, [("MA103", ("status", "selector"))]),
    ],
)
def test_the_numbers_of_a_scale_are_checked(spec, status, found):
    _, causes = result_causes(SCALED, {**document(**spec), "status": status})
    assert [(cause.code, cause.path) for cause in causes] == found
