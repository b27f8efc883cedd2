from __future__ import annotations

import json

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors, values
from mastractl.resources import patches
from mastractl.resources.diff import ABSENT

VECTORS = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]
"""Appendix A of RFC 7386, whole."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@pytest.mark.parametrize(("target", "patch", "result"), VECTORS)
def test_the_vectors_of_rfc_7386(target, patch, result):
    assert patches.merge_patch(json.loads(target), json.loads(patch)) == json.loads(result)


@given(JSON, JSON)
def test_a_merge_patch_changes_nothing_it_was_given_and_twice_is_once(target, patch):
    before = values.dump([target, patch])
    once = patches.merge_patch(target, patch)
    assert patches.same(patches.merge_patch(once, patch), once)
    assert values.dump([target, patch]) == before


DOCUMENT = {"spec": {"tools": [{"name": "a"}, {"name": "b"}], "n": 1, "a/b": True, "m~n": 2}}


@pytest.mark.parametrize(
    ("operation", "path", "there"),
    [
        ({"op": "add", "path": "/spec/tools/-", "value": {"name": "c"}}, "tools", ["a", "b", "c"]),
        ({"op": "add", "path": "/spec/tools/0", "value": {"name": "c"}}, "tools", ["c", "a", "b"]),
        ({"op": "remove", "path": "/spec/tools/0"}, "tools", ["b"]),
        ({"op": "move", "from": "/spec/tools/0", "path": "/spec/tools/1"}, "tools", ["b", "a"]),
        ({"op": "copy", "from": "/spec/tools/0", "path": "/spec/tools/-"}, "tools", ["a", "b", "a"]),
        ({"op": "replace", "path": "/spec/a~1b", "value": 3}, "a/b", 3),
        ({"op": "replace", "path": "/spec/m~0n", "value": 3}, "m~n", 3),
        ({"op": "test", "path": "/spec/n", "value": 1.0}, "n", 1),
    ],
)
def test_operations_of_rfc_6902(operation, path, there):
    before = values.copy(DOCUMENT)
    found = patches.json_patch(DOCUMENT, [operation])["spec"][path]
    assert ([t["name"] for t in found] if path == "tools" else found) == there
    assert before == DOCUMENT


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "test", "path": "/spec/n", "value": 2}, "the value there is not 2"),
        ({"op": "test", "path": "/spec/n", "value": True}, "the value there is not true"),
        ({"op": "test", "path": "/spec/nope", "value": 2}, "there is nothing at this path"),
        ({"op": "remove", "path": "/spec/nope"}, "nope"),
        ({"op": "replace", "path": "/spec/tools/7", "value": 1}, "outside of list"),
        ({"op": "add", "path": "/spec/tools/x", "value": 1}, "'x'"),
        ({"op": "add", "path": "/nope/deeper", "value": 1}, "there is nothing at /nope"),
        ({"op": "replace", "path": "/spec/tools/0/ref/name", "value": 1}, "nothing at /spec/tools/0/ref"),
        ({"op": "add", "path": "/spec/n/deeper", "value": 1}, "deeper"),
        ({"op": "remove", "path": "/spec/n/deeper"}, ""),
        ({"op": "copy", "from": "/nope", "path": "/spec/n"}, "there is nothing at /nope"),
        ({"op": "move", "from": "/spec", "path": "/spec/n"}, "own children"),
    ],
)
def test_an_operation_that_cannot_be_carried_out_is_named(operation, said):
    fine = {"op": "add", "path": "/spec/new", "value": 1}
    with pytest.raises(errors.Invalid) as refused:
        patches.json_patch(DOCUMENT, [fine, operation])
    assert f"operation 1 ({operation['op']} {operation['path']}): " in refused.value.message
    assert said in refused.value.message
    assert "{" not in refused.value.message  # an object may hold secrets
    assert refused.value.hint


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"spec": {}}, "a JSON patch is a list of operations, not an object"),
        ("x", "not text"),
        ([{"op": "test", "path": "", "value": 1}, 7], "operation 1: expected an object, found 7"),
        ([{"op": "put", "path": "/a"}], 'operation 0: "op" must be one of add, remove, replace'),
        ([{"path": "/a"}], '"op" must be one of'),
        ([{"op": "add", "path": "/a"}], 'add needs "value"'),
        ([{"op": "move", "path": "/a"}], 'move needs "from"'),
        ([{"op": "remove", "path": "spec/a"}], "a JSON pointer is"),
        ([{"op": "remove", "path": "/spec/~2"}], "a JSON pointer is"),
        ([{"op": "copy", "from": 3, "path": "/a"}], '"from" is 3'),
    ],
)
def test_what_is_no_json_patch_is_refused(patch, said):
    with pytest.raises(errors.BadRequest) as refused:
        patches.json_patch(DOCUMENT, patch)
    assert said in refused.value.message


@given(OBJECTS, OBJECTS)
def test_a_json_patch_made_by_the_library_is_understood(before, after):
    made = jsonpatch.make_patch(before, after).patch
    assert patches.json_patch(before, made) == after


@given(OBJECTS, OBJECTS)
def test_a_change_on_one_side_only_is_that_side(base, changed):
    assert patches.merged(base, changed, base) == (changed, [])
    result, clashes = patches.merged(base, base, changed)
    assert patches.same(result, changed)
    assert clashes == []


@given(OBJECTS, OBJECTS, OBJECTS)
def test_a_merge_invents_nothing_and_clashes_where_both_changed(base, mine, theirs):
    result, clashes = patches.merged(base, mine, theirs)
    for path, value in leaves(result):
        assert any(patches.same(at(side, path), value) for side in (mine, theirs))
    for clash in clashes:
        assert not patches.same(clash.mine, clash.theirs)
        assert not patches.same(clash.base, clash.mine)
        assert not patches.same(clash.base, clash.theirs)
        assert patches.same(at(result, clash.path), clash.mine)


def leaves(value, path=()):
    """All that is no object: lists are taken as a whole."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def at(value, path):
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def test_different_fields_meet_and_the_same_field_clashes():
    base = {"spec": {"a": 1, "b": 1, "l": [1]}}
    result, clashes = patches.merged(base, {"spec": {"a": 2, "l": [1]}}, {"spec": {"a": 1, "b": 1, "l": [2]}})
    assert (result, clashes) == ({"spec": {"a": 2, "l": [2]}}, [])
    result, clashes = patches.merged(base, {"spec": {"b": 1, "l": [1]}}, {"spec": {"a": 3, "b": 1, "l": [1]}})
    assert result == {"spec": {"b": 1, "l": [1]}}
    assert clashes == [patches.Clash(("spec", "a"), 1, ABSENT, 3)]
