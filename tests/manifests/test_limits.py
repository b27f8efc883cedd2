"""What a document may cost: depth, aliases, size; and memory that does not grow with the stream."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest

from mastractl.manifests import yamldoc
from mastractl.manifests.documents import Document
from mastractl.manifests.limits import DEFAULT, Limits


def test_billion_laughs_are_refused(scan):
    lines = ["a0: &a0 [lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    values, [found] = scan("\n".join(lines))
    assert values == []
    assert (found.code, found.line) == ("MA004", 6)
    assert "100,000" in found.message


def test_a_long_text_cannot_be_multiplied_either(scan):
    values, [found] = scan(f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 50)}]")
    assert values == []
    assert (found.code, found.line) == ("MA004", 2)


def test_aliases_within_the_budget_are_copies():
    [document] = yamldoc.load("a: &a {b: [1]}\nc: [*a, *a]")
    document.value["c"][0]["b"].append(2)
    assert document.value == {"a": {"b": [1]}, "c": [{"b": [1, 2]}, {"b": [1]}]}


def test_the_alias_budget_is_per_document(scan):
    one = "a: &a [1, 2, 3, 4]\nb: [*a, *a]\n"
    values, found = scan(one + "---\n" + one, limits=Limits(nodes=10))
    assert (len(values), found) == (2, [])
    assert scan(one, limits=Limits(nodes=9))[1][0].code == "MA004"


@pytest.mark.parametrize("depth", [200, 201])
@pytest.mark.parametrize("shape", ["flow list", "flow map", "block list", "block map", "json"])
def test_depth_is_limited_to_200(scan, depth, shape):
    text = {
        "flow list": "[" * depth + "]" * depth,
        "flow map": "{a: " * depth + "}" * depth,
        "block list": "- " * depth + "x",
        "block map": "".join(" " * i + "a:\n" for i in range(depth)),
        "json": '{"a": [' * (depth // 2) + "{}" * (depth % 2) + "]}" * (depth // 2),
    }[shape]
    values, found = scan(text, json=shape == "json")
    if depth == 200:
        assert (len(values), found) == (1, [])
    else:
        assert values == []
        assert [d.code for d in found] == ["MA004"]
        assert "200 levels" in found[0].message


@pytest.mark.parametrize(
    "opening", ["[", "{", "- ", "? ", "{a: ", '{"a": ', "[[", "!!seq [", "&a [", "a: [", "[?"]
)
@pytest.mark.parametrize("json", [False, True])
def test_nesting_of_a_hundred_thousand_is_refused_at_once(scan, opening, json):
    values, found = scan(opening * 100_000, json=json)
    assert values == []
    assert found[0].line == 1


def test_aliases_cannot_hide_depth(scan):
    nest = "[" * 150 + "]" * 150
    values, [found] = scan(f"a: &a {nest}\nb: {'[' * 100}*a{']' * 100}")
    assert values == []
    assert (found.code, found.line) == ("MA004", 2)


def _endless(line, lines, first=b""):
    """A stream of many MiB that is made while it is read."""

    class Stream(io.RawIOBase):
        left = lines
        start = first

        def read(self, size=-1):
            if self.start:
                self.start = b""
                return first
            count = min(self.left, max(1, size // len(line)))
            self.left -= count
            return line * count

    return Stream()


@pytest.mark.parametrize(
    ("first", "line", "json"),
    [
        (b"", b"a: xxxxxxxxxxxxxxxxxxxxx\n", False),
        (b"", b"[[[[]]]],", False),
        (b'{"a": "', b"x" * 1000, True),
    ],
)
def test_a_document_of_50_mib_is_refused_in_flat_memory(first, line, json):
    stream = _endless(line, 50 * 2**20 // len(line), first)
    tracemalloc.start()
    try:
        [found] = yamldoc.scan(stream, source="big", json=json)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.code, found.line) == ("MA004", 1)
    assert "3 MiB" in found.message
    assert peak < 40 * 2**20


def test_documents_after_one_that_is_too_large_are_read():
    large = b"a: 1\n---\nb:\n" + b"- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 100_000
    found = list(yamldoc.scan(large + b"---\nc: 3\nc: 4\n---\nd: 5\n"))
    assert [d.value for d in found if isinstance(d, Document)] == [{"a": 1}, {"d": 5}]
    assert [(d.code, d.line, d.document) for d in found if not isinstance(d, Document)] == [
        ("MA004", 3, 2),
        ("MA003", 100_006, 3),
    ]


def test_a_document_between_others_is_measured_too(scan):
    text = f"a: 1\n---\nb: {'x' * 1500}\n---\nc: 3\n---\nd: 4\n"
    values, [found] = scan(text, limits=Limits(size=1000))
    assert values == [{"a": 1}, {"c": 3}, {"d": 4}]
    assert (found.code, found.line, found.document) == ("MA004", 3, 2)


def test_the_size_counts_bytes_not_characters(scan):
    limits = Limits(size=1000)
    assert scan(f"a: {'x' * 900}", limits=limits)[1] == []
    assert scan(f"a: {'食' * 300}", limits=limits)[1] == []
    assert scan(f"a: {'食' * 400}", limits=limits)[1][0].code == "MA004"


def test_many_small_documents_are_read_in_flat_memory():
    stream = _endless(b"---\nname: x\ntext: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n", 20_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in yamldoc.scan(stream))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 4 * 2**20


@pytest.mark.parametrize("form", ["json", "compact", "yaml"])
def test_a_list_may_be_as_large_as_its_items_are_many(form):
    """What `get -o json` writes of a whole store can be applied again."""
    item = {
        "apiVersion": "mastra.ai/v1",
        "kind": "Agent",
        "metadata": {"name": "a"},
        "spec": {"x": "y" * 900},
    }
    whole = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [item] * 4000}
    if form == "yaml":
        one = json.dumps(item)
        text = "# a backup\napiVersion: v1\nkind: List\nitems:\n" + f"- {one}\n" * 4000
    else:
        text = json.dumps(whole, indent=2 if form == "json" else None)
    assert len(text) > DEFAULT.size
    (document,) = yamldoc.scan(text)
    assert len(document.value["items"]) == 4000


def test_a_document_that_only_mentions_a_list_is_not_one():
    text = "a: |\n  kind: List\nb: " + "x" * DEFAULT.size + "\n"
    (found,) = yamldoc.scan(text)
    assert found.code == "MA004"
