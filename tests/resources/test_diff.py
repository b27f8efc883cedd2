"""Unified diffs read like kubectl's, and field changes tell the whole difference."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mastractl import values
from mastractl.resources.diff import ABSENT, changed_fields, unified


def test_equal_texts_have_no_diff():
    assert unified("a\n", "a\n", name="x") == ""


def test_a_unified_diff():
    assert unified("a\nb\nc\n", "a\nB\nc\n", name="mastra.ai.v1.Agent.cooking.x") == (
        "--- LIVE/mastra.ai.v1.Agent.cooking.x\n"
        "+++ MERGED/mastra.ai.v1.Agent.cooking.x\n"
        "@@ -1,3 +1,3 @@\n"
        " a\n"
        "-b\n"
        "+B\n"
        " c\n"
    )


def test_a_new_and_a_removed_text():
    assert unified("", "a\n", name="x") == "--- LIVE/x\n+++ MERGED/x\n@@ -0,0 +1 @@\n+a\n"
    assert unified("a\n", "", name="x") == "--- LIVE/x\n+++ MERGED/x\n@@ -1 +0,0 @@\n-a\n"


def test_a_missing_final_newline_is_said():
    assert unified("a", "a\n", name="x") == (
        "--- LIVE/x\n+++ MERGED/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"
    )


def test_changed_fields():
    before = {"spec": {"a": 1, "gone": None, "list": [1, {"x": 1}, 3]}, "kind": "Agent"}
    after = {"spec": {"a": 2, "list": [1, {"x": 2}], "new": {"y": 1}}, "kind": "Agent"}
    assert changed_fields(before, after) == [
        (("spec", "a"), 1, 2),
        (("spec", "gone"), None, ABSENT),
        (("spec", "list", 1, "x"), 1, 2),
        (("spec", "list", 2), 3, ABSENT),
        (("spec", "new"), ABSENT, {"y": 1}),
    ]


def test_booleans_are_no_numbers_and_types_may_change():
    assert changed_fields({"a": 1}, {"a": True}) == [(("a",), 1, True)]
    assert changed_fields({"a": 1}, {"a": 1.0}) == []
    assert changed_fields({"a": [1]}, {"a": {"0": 1}}) == [(("a",), [1], {"0": 1})]
    assert changed_fields([], {}) == [((), [], {})]
    assert repr(ABSENT) == "ABSENT"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def patched(value, changes):
    """The value with the changes made to it."""
    value = [values.copy(value)]
    # Items go from the end of a list first, so that indexes stay true.
    added = [c for c in changes if c[2] is not ABSENT]
    removed = [c for c in reversed(changes) if c[2] is ABSENT]
    for path, _, after in [*added, *removed]:
        holder, (*way, last) = value, (0, *path)
        for part in way:
            holder = holder[part]
        if after is ABSENT:
            del holder[last]
        elif isinstance(holder, list) and last == len(holder):
            holder.append(after)
        else:
            holder[last] = after
    return value[0]


@given(json_values, json_values)
def test_the_changes_lead_from_one_value_to_the_other(before, after):
    changes = changed_fields(before, after)
    assert values.canonical(patched(before, changes)) == values.canonical(after)


@given(json_values, json_values)
def test_the_way_back_has_the_sides_swapped(before, after):
    there = {json.dumps(path): (a, b) for path, a, b in changed_fields(before, after)}
    back = {json.dumps(path): (b, a) for path, a, b in changed_fields(after, before)}
    assert there == back


@given(json_values)
def test_nothing_differs_from_itself(value):
    assert changed_fields(value, values.copy(value)) == []


lines = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=8).map("\n".join)


@given(lines, lines)
def test_a_unified_diff_says_what_went_and_what_came(before, after):
    body = unified(before, after, name="x").splitlines()[2:]
    went, came = (Counter(line[1:] for line in body if line.startswith(sign)) for sign in "-+")
    assert Counter(before.splitlines()) - went + came == Counter(after.splitlines())
