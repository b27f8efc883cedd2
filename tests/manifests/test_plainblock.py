"""The quick reader: whatever it reads libyaml reads the same, and what most people write it reads."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl.manifests import yamldoc
from mastractl.manifests.documents import Document
from mastractl.manifests.plainblock import PlainReader, parts
from tests.bench.corpus import agents_yaml

_KEYS = st.sampled_from(
    ["a", "b", "spec", "a.b/c", "x-y", "_", "no", "1", "null", "true", "<<", "a b", '"q"']
)
_WORDS = st.sampled_from(
    [
        *(
            "x",
            "a b",
            "http://a.b:80/c?d=e",
            "${env.KEY}",
            "厨师 助手",
            "1",
            "-1",
            "0.5",
            "1e3",
            "0777",
            "1:30",
        ),
        *(
            "true",
            "no",
            "null",
            "~",
            "2026-01-01",
            "a: b",
            "a #b",
            "a#b",
            "a:",
            "x ",
            "- y",
            "-",
            "---",
            "...",
        ),
        *('"q"', "'q'", '"a\\tb"', "'it''s'", '"', "'a' b", "[]", "{}", "[a, b]", "[a, , b]", "[1, no]"),
        *(
            "{a: 1, b: x y}",
            "{a: 1, a: 2}",
            "{a:1}",
            "{a: }",
            "&x y",
            "*x",
            "!t y",
            "|",
            "|-",
            ">",
            "|+",
            "@a",
        ),
        *(
            "%x",
            "\ufeff",
            "a\x85b",
            "a\u2028b",
            "\xa0",
            "é",
            "\t",
            "a\tb",
            "=",
            "<<",
            "`",
            "?",
            "? a",
            ",",
            ", a",
        ),
        *(
            ".inf",
            "99999999999999999999",
            "😀",
            "\x07",
            "x" * 90,
            "# c",
            "a,b",
            "👩\u200d🍳",
            "\ue000",
            "\ud83d",
            "1_000",
            "0o7",
            "0x1f",
            "+1",
        ),
    ]
)
_LINES = st.builds(
    lambda indent, dash, key, word, end: " " * indent + dash + key + word + end,
    st.integers(0, 6),
    st.sampled_from(["", "", "", "- ", "- - ", "-"]),
    st.just("") | _KEYS.map(lambda k: f"{k}: ") | _KEYS.map(lambda k: f"{k}:"),
    st.just("") | _WORDS,
    st.sampled_from(["", "", "", " ", "  # c"]),
)
_OTHERS = st.sampled_from(
    [
        "",
        "  ",
        "# c",
        "  # c",
        "# \x07",
        "# \x85",
        "  é\u2028x",
        "---",
        "--- ",
        "...",
        "    text",
        "  deep: |",
        "\t",
    ]
)
_TEXTS = st.lists(_LINES | _LINES | _OTHERS, max_size=12).map("\n".join)


def _seen(found):
    if isinstance(found, Document):
        return found.value, found.text, found.first_line, found.index, found.ambiguous
    return found.code, found.message, found.line, found.column, found.end_column


def _agrees(text):
    quick = [_seen(found) for found in yamldoc.scan(text)]
    assert quick == [_seen(found) for found in yamldoc.scan(text, backend="libyaml")]


@settings(max_examples=1000)
@given(_TEXTS, st.sampled_from(["", "\n", "\n\n", "\n \n"]))
@example("a: |\n  x\n   y\n\n  z\nb: 1", "")
@example("a: |\n  x", "")
@example("a: |-\n  x\n\n  ", "\n")
@example("a:\n- b: |\n    x\n  c: 1\n- d", "\n")
@example("a:\n  - b\n - c", "\n")
@example("a:\nb:\n- c\n# d\n- e", "\n")
@example("a: x\n  y: z", "\n")
@example("---\na: 1\n---\n---\nb: 1", "\n")
def test_what_it_reads_libyaml_reads_the_same(text, end):
    _agrees(text + end)


_SIMPLE = st.sampled_from(
    ["x", "a b", "http://a.b:80/c", "厨师", "1", "-1", "0.5", "true", "", '"no"', "'a: b'"]
)
_PLAIN = st.recursive(
    _SIMPLE,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from("abcdefg"), inner, min_size=1, max_size=4)
    ),
    max_leaves=20,
)


def _written(value, indent, same):
    """A value as people write it below a key: `same` puts the dashes of a list under their key."""
    margin = " " * indent
    if isinstance(value, dict):
        out = ""
        for key, child in value.items():
            deeper = indent if same and isinstance(child, list) else indent + 2
            nested = isinstance(child, (dict, list))
            out += (
                f"{margin}{key}:\n{_written(child, deeper, same)}" if nested else f"{margin}{key}: {child}\n"
            )
        return out
    out = ""
    for item in value:
        if isinstance(item, dict):
            out += f"{margin}- {_written(item, indent + 2, same)[indent + 2 :]}"
        elif not isinstance(item, list):
            out += f"{margin}- {item or 'x'}\n"
    return out or f"{margin}- x\n"


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from("abcdefg"), _PLAIN, min_size=1, max_size=4), st.booleans())
def test_block_mappings_and_lists_of_plain_words_are_its_business(value, same):
    text = _written(value, 0, same)
    assert PlainReader().read(text) is not None
    _agrees(text)


def test_a_stream_of_manifests_is_read_without_libyaml(monkeypatch):
    text = agents_yaml(50)
    reader = PlainReader()
    assert all(reader.read(text[content:end]) is not None for _, content, end in parts(text))
    _agrees(text)


def test_documents_that_are_not_plain_stand_among_those_that_are():
    _agrees("# head\n\na: 1\n---\nb: &x 1\nc: *x\n---\nd: {\n---\ne: no\n---\nf: |\n  g\n")


def test_values_from_lines_met_twice_share_nothing():
    first, second = (
        document.value for document in yamldoc.scan("a: [1]\nb: {c: 1}\n---\na: [1]\nb: {c: 1}\n")
    )
    first["a"].append(2)
    first["b"]["d"] = 2
    assert second == {"a": [1], "b": {"c": 1}}


@pytest.mark.parametrize("depth", [49, 60, 199, 201])
def test_depth_is_limited_as_for_all_yaml(depth):
    _agrees("".join(f"{'  ' * level}a:\n" for level in range(depth)) + "  " * depth + "b: 1\n")
