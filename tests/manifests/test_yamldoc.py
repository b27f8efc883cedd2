"""Streams of documents: isolation, positions, limits, and the same answer from both parsers."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl.errors import ManifestError
from mastractl.manifests import streams, yamldoc
from mastractl.manifests.documents import Document
from mastractl.manifests.limits import Limits

# -- documents and their places


def test_each_document_knows_its_number_and_line():
    text = "# first\na: 1\n---\nb: 2\n--- # third\nc: 3\n...\nd: 4\n---\n"
    found = list(yamldoc.load(text))
    assert [(d.index, d.first_line, d.value) for d in found] == [
        (1, 2, {"a": 1}),
        (2, 3, {"b": 2}),
        (3, 5, {"c": 3}),
        (4, 8, {"d": 4}),
        (5, 9, None),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "\ufeff", "   \n# x"])
def test_a_text_without_documents_has_none(scan, text):
    assert scan(text) == ([], [])


def test_a_fault_in_one_document_hides_nothing_in_the_others(scan):
    text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: 'x\n---\ne: 5\n--- {\n---\nf: 6\n"
    values, found = scan(text)
    assert values == [{"a": 1}, {"c": 3}, {"e": 5}, {"f": 6}]
    assert [(d.document, d.code) for d in found] == [(2, "MA002"), (4, "MA002"), (6, "MA002")]
    assert [d.line for d in found] == [4, 7, 11] or [d.line for d in found] == [4, 7, 10]


def test_every_fault_of_a_document_is_found_in_one_run(scan):
    text = "a: 1\na: 2\nb: .nan\n? [x]\n: 1\nc: !foo 1\nd: *nope\ne: {x: 1, x: 2}\nf: [1\ng: 2\n"
    values, found = scan(text)
    assert values == []
    assert [(d.line, d.code) for d in found] == [
        (2, "MA003"),
        (3, "MA005"),
        (4, "MA005"),
        (6, "MA005"),
        (7, "MA002"),
        (8, "MA003"),
        (10, "MA002"),
    ]


def test_faults_in_a_long_stream_keep_their_lines(scan):
    pieces = [f"---\nname: n{i}\ntext: |\n  {'x' * 50}\n" for i in range(3000)]
    pieces[1234] = "---\nname: a\nname: b\n"
    pieces[2345] = "---\nname: 'open\n"
    values, found = scan("".join(pieces).encode())
    assert len(values) == 2998
    before = sum(p.count("\n") for p in pieces[:1234])
    between = sum(p.count("\n") for p in pieces[:2345])
    assert [(d.line, d.column, d.document) for d in found] == [
        (before + 3, 1, 1235),
        (between + 2, 7, 2346),
    ]


def test_directives_belong_to_the_document_after_them(scan):
    text = "%YAML 1.2\n---\na: 1\n...\n# note\n%TAG !y! tag:yaml.org,2002:\n\n---\nb: !y!str 2\n---\nc: !y!str 1\n"
    values, [found] = scan(text)
    assert values == [{"a": 1}, {"b": "2"}]
    assert (found.line, found.code) == (11, "MA002")


def test_at_most_a_hundred_faults_of_a_document_are_told(scan):
    _, found = scan("".join("a: 1\n" for _ in range(1000)))
    assert len(found) == 100


def test_load_raises_at_the_first_fault():
    documents = yamldoc.load("a: 1\n---\nb: 1\nb: 2\n")
    assert next(documents).value == {"a": 1}
    with pytest.raises(ManifestError, match='key "b" is already set') as caught:
        next(documents)
    assert (caught.value.line, caught.value.column) == (4, 1)
    assert caught.value.hint


@pytest.mark.parametrize(("text", "value"), [("", None), ("# x\n", None), ("a: 1\n", {"a": 1}), ("---\n", None)])
def test_load_one(text, value):
    assert yamldoc.load_one(text) == value


def test_load_one_refuses_several():
    with pytest.raises(ManifestError, match="only one document"):
        yamldoc.load_one("a: 1\n---\nb: 2\n")


# -- limits


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


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{a: ", '{"a": ', "[[", "!!seq [", "&a [", "a: [", "[?"])
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
    ("line", "json"),
    [(b"a: xxxxxxxxxxxxxxxxxxxxx\n", False), (b"[" * 4 + b"]" * 4 + b",", False), (b'["a", 1.5, {}],\n', True)],
)
def test_a_document_of_50_mib_is_refused_in_flat_memory(line, json):
    stream = _endless(line, 50 * 2**20 // len(line), first=b"[" if json else b"")
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


# -- laws

_KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


def _read(text, backend, *, json=False):
    return list(yamldoc.scan(text, backend=backend, json=json))


@settings(max_examples=150)
@given(JSON, st.booleans())
def test_what_json_writes_is_read_back(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    [document] = _read(text, "", json=True)
    assert document.value == value
    [document] = _read(text.encode(), "", json=True)
    assert document.value == value


@settings(max_examples=150)
@given(JSON, st.booleans(), st.sampled_from(["libyaml", "python"]))
def test_what_yaml_writes_is_read_back(value, flow, backend):
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, width=60)
    try:
        theirs = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return  # PyYAML cannot read back what it wrote
    if theirs != value:
        return
    [document] = _read(text, backend)
    assert document.value == value


@settings(max_examples=100)
@given(st.lists(st.dictionaries(st.text("abc", min_size=1), JSON, min_size=1), min_size=1, max_size=6))
def test_documents_do_not_depend_on_their_neighbours(values):
    texts = ["---\n" + json.dumps(v, indent=1) + "\n" for v in values]
    apart = [_read(t, "")[0] for t in texts]
    together = _read("".join(texts), "")
    assert [d.value for d in together] == [d.value for d in apart] == values
    line = 1
    for document, text in zip(together, texts, strict=True):
        assert document.first_line in (line, line + 1)
        line += text.count("\n")


_TOKENS = st.sampled_from(
    ["a", "b", ": ", ":", "- ", "-", "? ", "[", "]", "{", "}", ",", "\n", "\n  ", "\n    ", "&x ", "*x", "!!str ",
     "!t ", "<<: ", "|", ">", "'", '"', "#", " #", "---\n", "\n---\n", "...\n", "%YAML 1.2\n", "NO", "1:30", "~", ".nan",
     "0777", "é", "食", "\t", "\u2028", "\x85", "\ufeff", "\x07", "\\", "\\u12", "1e999", "=", "@", "`", "%", "!", "*", "&"]
)  # fmt: skip
FUZZ = st.lists(_TOKENS, max_size=30).map("".join) | st.text(max_size=60)


@settings(max_examples=1500, deadline=None)
@given(FUZZ, st.sampled_from(["libyaml", "python"]))
@example("a: &a {b: 1}\nc: {<<: *a}\n...\nd: [\n---\ne", "libyaml")
@example("? {a: [b]}\n: c", "python")
def test_any_text_gives_documents_or_findings_with_a_place(text, backend):
    lines = len(text.splitlines()) + 2
    for found in _read(text, backend):
        if isinstance(found, Document):
            json.dumps(found.value, allow_nan=False).encode()
            assert 1 <= found.first_line <= lines
            again = list(yamldoc.scan(found.text, backend=backend))
            assert [d.value for d in again if isinstance(d, Document)][:1] == [found.value]
        else:
            assert found.code in ("MA002", "MA003", "MA004", "MA005", "MA006")
            assert 1 <= found.line <= lines
            assert found.column >= 1
            assert found.end_column > found.column
            assert found.message


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=80), st.sampled_from(["libyaml", "python"]), st.booleans())
@example(b"\xff\xfe\x00\xd8", "libyaml", False)
@example(b"\xef\xbb\xbf", "python", False)
@example(b"\xff\xfe", "python", True)
def test_any_bytes_give_documents_or_findings(data, backend, as_json):
    for found in yamldoc.scan(data, backend=backend, json=as_json):
        if not isinstance(found, Document):
            assert found.line >= 1


@settings(max_examples=600, deadline=None)
@given(FUZZ)
def test_ambiguity_and_faults_are_judged_alike_on_both_paths(text):
    """A document the fast path took has no fault for the careful one, and is ambiguous for both or neither."""
    from mastractl.manifests import faults

    for found in yamldoc.scan(text):
        if isinstance(found, Document) and found.value is not None:
            inspected = faults.inspect(found, depth=200)
            assert [d for d in inspected if d.severity == "error"] == []
            assert bool(inspected) == found.ambiguous


@settings(max_examples=600, deadline=None)
@given(FUZZ)
def test_what_both_parsers_take_they_take_alike(text):
    one, other = (_read(text, b) for b in ("libyaml", "python"))
    if all(isinstance(d, Document) for d in one + other):
        assert [(d.value, d.first_line, d.ambiguous) for d in one] == [
            (d.value, d.first_line, d.ambiguous) for d in other
        ]


@settings(max_examples=300)
@given(st.text("a-\n \r%#.\ufeff", max_size=60), st.integers(1, 9))
def test_the_pieces_of_a_stream_do_not_show(text, piece):
    """However a stream is cut into pieces, the same documents come out of it."""
    whole = [(d.value, d.first_line) if isinstance(d, Document) else (d.code, d.line) for d in yamldoc.scan(text)]

    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, piece))

    found = yamldoc.scan(Slow(text.encode()))
    assert [(d.value, d.first_line) if isinstance(d, Document) else (d.code, d.line) for d in found] == whole


def test_splitting_finds_every_document_start():
    text = "# c\n---\na: 1\n--- b\n---x\n---\n\n---\tc\n----\n"
    assert [part for part, _ in streams.split(text)] == ["# c\n---\na: 1\n", "--- b\n---x\n", "---\n\n", "---\tc\n----\n"]
