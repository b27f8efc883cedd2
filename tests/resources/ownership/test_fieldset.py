"""FieldSet: fieldsV1 in and out, and the algebra against Python's own sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.resources.ownership import elements
from mastractl.resources.ownership.fieldset import FieldSet
from mastractl.resources.ownership.managers import Manager

steps = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"', "v:1", "i:0"])
paths = st.lists(steps, min_size=1, max_size=4).map(tuple)
sets = st.frozensets(paths, max_size=10)


@given(sets, sets)
def test_it_is_a_set_of_paths(one, other):
    a, b = FieldSet.of(*one), FieldSet.of(*other)
    assert frozenset(a) == one
    assert len(a) == len(one)
    assert bool(a) is bool(one)
    assert frozenset(a | b) == one | other
    assert frozenset(a & b) == one & other
    assert frozenset(a - b) == one - other
    assert frozenset(a.recursive_difference(b)) == {
        p for p in one if not any(p[: len(q)] == q for q in other)
    }
    assert frozenset(a.leaves()) == {p for p in one if not any(q[: len(p)] == p and q != p for q in one)}
    assert all(p in a for p in one)
    assert all(a.has(p) is (p in one) for p in other)
    assert (a == b) is (one == other)
    if one == other:
        assert hash(a) == hash(b)


@given(sets)
def test_json_and_back(one):
    fields = FieldSet.of(*one)
    assert FieldSet.from_json(fields.to_json()) == fields


@given(sets, sets)
def test_operations_change_no_argument(one, other):
    a, b = FieldSet.of(*one), FieldSet.of(*other)
    for operation in (a.union, a.difference, a.recursive_difference, a.intersection):
        operation(b)
    assert (frozenset(a), frozenset(b)) == (one, other)


def test_no_path_is_the_whole_document():
    assert () not in FieldSet.of(("f:a",))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({'k:{ "b": 1.0, "a":"x" }': {}}, {'k:{"a":"x","b":1}': {}}),
        ({'v:"\\u003cb\\u003e"': {}}, {'v:"<b>"': {}}),
        ({"v:1.0": {}}, {"v:1": {}}),
        ({"v:true": {}}, {"v:true": {}}),
        ({"v:1.5": {}}, {"v:1.5": {}}),
        ({"i:0": {}}, {"i:0": {}}),
        ({".": {}, "f:a": {".": {}}}, {"f:a": {}}),
        ({"f:a": {"x:new": {}, "f:b": {}}, "x:new": {}}, {"f:a": {"f:b": {}}}),
        ({"f:a": {"x:new": {}}}, {}),
        ({"f:a": {".": {}, "x:new": {}}}, {"f:a": {}}),
        ({"v:1": {}, "v:1.0": {".": {}, "f:a": {}}}, {"v:1": {".": {}, "f:a": {}}}),
    ],
)
def test_what_others_write_is_read(written, read):
    assert FieldSet.from_json(written).to_json() == read


@pytest.mark.parametrize(
    "bad", [None, [], "x", {"f:a": 1}, {"k:1": {}}, {"k:x": {}}, {"v:x": {}}, {"i:x": {}}]
)
def test_what_is_no_fields_v1_is_refused(bad):
    with pytest.raises(ValueError, match=r"fieldsV1|names no keys|Expecting value|invalid literal"):
        FieldSet.from_json(bad)


def test_equal_sets_are_written_in_equal_bytes():
    one = FieldSet.of(("f:b",), ("f:a", "f:c"), ("f:a",))
    other = FieldSet.of(("f:a",), ("f:a", "f:c"), ("f:b",))
    assert repr(one) == repr(other) == 'FieldSet({"f:a":{".":{},"f:c":{}},"f:b":{}})'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:tools", 'k:{"name":"x"}', "f:ref"), '.spec.tools[name="x"].ref'),
        (("f:ports", 'k:{"port":80,"protocol":"TCP"}'), '.ports[port=80,protocol="TCP"]'),
        (("f:labels", "f:a.b/c"), '.labels["a.b/c"]'),
        (("f:names", 'v:"x"'), '.names["x"]'),
        (("f:counts", "v:1"), ".counts[1]"),
        (("f:plain", "i:3"), ".plain[3]"),
    ],
)
def test_a_path_as_people_read_it(path, text):
    assert elements.shown(path) == text


def test_elements():
    assert elements.field("a.b") == "f:a.b"
    assert elements.key({"b": 1, "a": "x"}) == 'k:{"a":"x","b":1}'
    assert elements.item("é\n") == 'v:"é\\n"'
    assert elements.item(2.0) == elements.item(2) == "v:2"
    assert elements.item(True) == "v:true"
    assert elements.item({"b": 1, "a": [1.0]}) == 'v:{"a":[1],"b":1}'


ENTRY = {
    "manager": "ci",
    "operation": "Update",
    "apiVersion": "mastra.ai/v1",
    "time": "2026-01-01T00:00:00Z",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:spec": {"f:text": {}}},
    "subresource": "status",
}


class TestManager:
    def test_json_and_back(self):
        manager = Manager.from_json(ENTRY)
        assert manager == Manager(
            "ci",
            "Update",
            "mastra.ai/v1",
            "2026-01-01T00:00:00Z",
            FieldSet.of(("f:spec", "f:text")),
            "status",
        )
        assert manager.to_json() == ENTRY

    def test_what_may_be_left_out(self):
        manager = Manager.from_json({"operation": "Apply"})
        assert manager == Manager("unknown", "Apply", "", "", FieldSet())
        assert manager.to_json() == {
            "manager": "unknown",
            "operation": "Apply",
            "apiVersion": "",
            "fieldsType": "FieldsV1",
            "fieldsV1": {},
        }

    @pytest.mark.parametrize(
        "bad",
        [
            None,
            {},
            {"operation": "Delete"},
            {"operation": "Apply", "fieldsType": "FieldsV2"},
            {"operation": "Apply", "manager": 1},
            {"operation": "Apply", "fieldsV1": []},
        ],
    )
    def test_what_is_no_entry_is_refused(self, bad):
        with pytest.raises(ValueError, match=r"managedFields|fieldsType|fieldsV1"):
            Manager.from_json(bad)
