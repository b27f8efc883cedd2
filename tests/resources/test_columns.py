"""Cells are what the Kubernetes table conversion makes of printer columns, and harmless."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.clock import parse_rfc3339
from mastractl.errors import BadRequest
from mastractl.resources.columns import AGE, cells, compile_cells, harmless, header, one_line, sort_key
from mastractl.resources.kinds import Column

NOW = parse_rfc3339("2026-11-21T09:00:00Z")
AGENT = {
    "metadata": {"name": "cook", "creationTimestamp": "2026-11-21T08:30:00Z"},
    "spec": {
        "n": 3,
        "f": 1.5,
        "on": True,
        "s": "text",
        "o": {"a": 1},
        "l": ["a", "b"],
        "e": [],
        "null": None,
    },
    "status": {
        "at": "soon",
        "later": "2026-11-21T10:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Late", "status": "False"}],
    },
}


def cell(type_, path):
    (found,) = cells([Column(name="X", type=type_, json_path=path)], AGENT, now=NOW)
    return found


@pytest.mark.parametrize(
    ("type_", "path", "expected"),
    [
        ("string", ".spec.s", "text"),
        ("string", ".spec.n", "3"),
        ("string", ".spec.on", "true"),
        ("string", ".spec.o", '{"a":1}'),
        ("string", ".spec.l", '["a","b"]'),
        ("string", ".spec.l[*]", "a,b"),
        ("string", ".spec.e[*]", ""),
        ("string", ".spec.nope", ""),
        ("string", ".spec.null", ""),
        ("string", '.status.conditions[?(@.type=="Ready")].status', "True"),
        ("string", '.status.conditions[?(@.type=="Nope")].status', ""),
        ("string", ".status.conditions[?(@.type==1)].status", "<invalid>"),
        ("integer", ".spec.n", "3"),
        ("integer", ".spec.s", ""),
        ("integer", ".spec.f", "1"),
        ("string", ".spec.l[]", "a"),
        ("string", ".status.conditions[].type", "Ready"),
        ("string", ".spec.e[].x", ""),
        ("integer", ".spec.on", ""),
        ("integer", ".spec.nope", ""),
        ("number", ".spec.f", "1.5"),
        ("number", ".spec.o", ""),
        ("boolean", ".spec.on", "true"),
        ("boolean", ".spec.n", ""),
        ("boolean", ".status.conditions[?(@.type==1)].status", "<invalid>"),
        ("date", ".metadata.creationTimestamp", "30m"),
        ("date", ".status.later", "<invalid>"),
        ("date", ".status.at", "<invalid>"),
        ("date", ".spec.n", "<invalid>"),
        ("date", ".spec.nope", ""),
        ("date", ".status.conditions[?(@.type==1)].status", "<invalid>"),
        ("any-other", ".spec.s", "text"),
    ],
)
def test_cells(type_, path, expected):
    assert cell(type_, path) == expected


COLUMNS = (
    Column(name="Model Name", type="string", json_path=".spec.s"),
    Column(name="Steps", type="integer", json_path=".spec.n", priority=1),
    AGE,
)


def test_wide_shows_columns_of_every_priority():
    assert header(COLUMNS) == ["MODEL NAME", "AGE"]
    assert cells(COLUMNS, AGENT, now=NOW) == ["text", "30m"]
    assert header(COLUMNS, wide=True) == ["MODEL NAME", "STEPS", "AGE"]
    assert cells(COLUMNS, AGENT, now=NOW, wide=True) == ["text", "3", "30m"]


def test_a_kind_without_columns_shows_the_age():
    assert header(()) == ["AGE"]
    assert cells((), AGENT, now=NOW) == ["30m"]


def test_a_column_that_cannot_be_understood_is_an_error_at_once():
    with pytest.raises(BadRequest):
        compile_cells([Column(name="X", type="string", json_path=".spec[")])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("厨师 é", "厨师 é"),
        ("a\nb", "a..."),
        ("a\r\nb", "a..."),
        ("a\n", "a..."),
        ("\nb", "..."),
        ("a\u2028b", "a..."),
        ("a\tb", "a\\tb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("全角\u3000空格", "全角\u3000空格"),
        ("\ud800", "\\ud800"),
    ],
)
def test_a_cell_is_one_harmless_line(text, expected):
    assert one_line(text) == expected


@given(st.text())
def test_no_text_reaches_the_terminal_as_anything_but_text(text):
    for shown in (harmless(text), one_line(text)):
        assert all(c.isprintable() or c == "\u3000" for c in shown)
        assert shown.splitlines() in ([], [shown])
        assert shown.encode().decode() == shown


@given(st.text().filter(str.isprintable))
def test_printable_text_stays_as_it_is(text):
    assert harmless(text) == one_line(text) == text


def ordered(*found):
    documents = [{"v": value} for value in found if value is not ...]
    documents += [{} for value in found if value is ...]
    return [d.get("v", ...) for d in sorted(documents, key=sort_key("v"))]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([10, 9, 1.5], [1.5, 9, 10]),
        (["10", "9", 1], [1, "9", "10"]),
        (["2Gi", "1500Mi", "1G", "500m"], ["500m", "1G", "1500Mi", "2Gi"]),
        (["1", "500m", "2"], ["500m", "1", "2"]),
        (["v1.10", "v1.9", "v1.9.1"], ["v1.9", "v1.9.1", "v1.10"]),
        (["1.10", "1.9"], ["1.9", "1.10"]),
        (["step-10", "step-2", "step-1"], ["step-1", "step-2", "step-10"]),
        (["b", 5, ..., "a"], [..., 5, "a", "b"]),
        ([{"a": 1}, [1], "z"], ["z", [1], {"a": 1}]),
        (["2026-11-21T09:00:00Z", "2026-02-21T10:00:00Z"], ["2026-02-21T10:00:00Z", "2026-11-21T09:00:00Z"]),
        (["a" + "9" * 6000, "a" + "1" + "0" * 6000], ["a" + "9" * 6000, "a" + "1" + "0" * 6000]),
    ],
)
def test_sorting(found, expected):
    assert ordered(*reversed(found)) == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@given(st.lists(anything, max_size=6))
def test_anything_can_be_sorted_with_anything(found):
    documents = [{"v": value} for value in found]
    keys = [sort_key("v")(document) for document in sorted(documents, key=sort_key("v"))]
    assert all(before <= after for before, after in pairwise(keys))


@given(st.lists(st.integers(), max_size=6))
def test_numbers_are_sorted_as_numbers(found):
    assert ordered(*found) == sorted(found)
    assert [int(text) for text in ordered(*map(str, found))] == sorted(found)
