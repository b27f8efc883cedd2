"""Laws of reading, on generated texts: nothing crashes, both parsers and both paths agree, JSON survives."""

from __future__ import annotations

import io
import json
import re

import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mastractl.manifests import streams, yamldoc
from mastractl.manifests.documents import Document
from mastractl.manifests.locate import locate_all

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


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _texts(each)


def _number_of_yaml_1_2(text):
    """A text that PyYAML, which writes YAML 1.1, leaves without quotes, and that is a number in YAML 1.2."""
    return bool(_NUMBER.fullmatch(text)) and yaml.safe_dump(text).startswith(text)


_NUMBER = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|0o[0-7]+", re.ASCII)


@settings(max_examples=150)
@given(JSON, st.booleans(), st.sampled_from(["libyaml", "python"]))
def test_what_yaml_writes_is_read_back(value, flow, backend):
    assume(not any(map(_number_of_yaml_1_2, _texts(value))))
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
    [
        *"ab:[]{},|>'\"#~=@`%!*&-\\\n\té食\u2028\x85\ufeff\x07",
        *(
            ": ",
            "- ",
            "? ",
            " #",
            "\n  ",
            "\n    ",
            "&x ",
            "*x",
            "!!str ",
            "!t ",
            "<<: ",
            "NO",
            "1:30",
            ".nan",
        ),
        *("---\n", "\n---\n", "...\n", "%YAML 1.2\n", "0777", "\\u12", "1e999"),
    ]
)
FUZZ = st.lists(_TOKENS, max_size=30).map("".join) | st.text(max_size=60)


@settings(max_examples=1500)
@given(FUZZ, st.sampled_from(["libyaml", "python"]))
@example("a: &a {b: 1}\nc: {<<: *a}\n...\nd: [\n---\ne", "libyaml")
@example("? {a: [b]}\n: c", "python")
@example("? &x .nan", "libyaml")
@example("a: &a {b: 1}\nc: {&m <<: *a, d: *m}", "libyaml")
@example("---\n\n  ", "libyaml")
@example("a: [\n", "python")
@example("---\n#", "python")
def test_any_text_gives_documents_or_findings_with_a_place(text, backend):
    lines = len(text.splitlines()) + 2
    for found in _read(text, backend):
        if isinstance(found, Document):
            json.dumps(found.value, allow_nan=False).encode()
            assert 1 <= found.first_line <= lines
            again = list(yamldoc.scan(found.text, backend=backend))
            assert [d.value for d in again if isinstance(d, Document)][:1] == [found.value]
            for span in locate_all(
                found, [((), False), (("a",), True), (("a", 0, "b"), False), ((0,), False)]
            ):
                assert 1 <= span.line <= found.text.count("\n") + 1
                assert 1 <= span.column < span.end_column
        else:
            assert found.code in ("MA002", "MA003", "MA004", "MA005", "MA006")
            assert 1 <= found.line <= lines
            assert found.column >= 1
            assert found.end_column > found.column
            assert found.message


@settings(max_examples=500)
@given(st.binary(max_size=80), st.sampled_from(["libyaml", "python"]), st.booleans())
@example(b"\xff\xfe\x00\xd8", "libyaml", False)
@example(b"\xef\xbb\xbf", "python", False)
@example(b"\xff\xfe", "python", True)
def test_any_bytes_give_documents_or_findings(data, backend, as_json):
    for found in yamldoc.scan(data, backend=backend, json=as_json):
        if not isinstance(found, Document):
            assert found.line >= 1


@settings(max_examples=600)
@given(FUZZ)
def test_ambiguity_and_faults_are_judged_alike_on_both_paths(text):
    """What the fast path took has no fault for the careful one, and is ambiguous for both or neither."""
    from mastractl.manifests import faults

    for found in yamldoc.scan(text):
        if isinstance(found, Document) and found.value is not None:
            inspected = faults.inspect(found, depth=200)
            assert [d for d in inspected if d.severity == "error"] == []
            assert bool(inspected) == found.ambiguous


@settings(max_examples=600)
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
    whole = [
        (d.value, d.first_line) if isinstance(d, Document) else (d.code, d.line) for d in yamldoc.scan(text)
    ]

    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, piece))

    found = yamldoc.scan(Slow(text.encode()))
    assert [(d.value, d.first_line) if isinstance(d, Document) else (d.code, d.line) for d in found] == whole


def test_ends_without_documents_are_nothing(scan):
    assert scan("...\n" * 3) == ([], [])
    assert scan("a: 1\n...\n...\n# x\n...\n---\nb: 2\n") == ([{"a": 1}, {"b": 2}], [])


def test_splitting_finds_every_document_start():
    text = "# c\n---\na: 1\n--- b\n---x\n---\n\n---\tc\n----\n"
    assert [part for part, _ in streams.split(text)] == [
        "# c\n---\na: 1\n",
        "--- b\n---x\n",
        "---\n\n",
        "---\tc\n----\n",
    ]
