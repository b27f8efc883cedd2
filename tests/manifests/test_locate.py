"""Places: every field of a document is found where somebody wrote it."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.manifests import yamldoc
from mastractl.manifests.locate import locate_all

TEXT = """\
# a comment
apiVersion: mastra.ai/v1
metadata:
  name: 食谱 # the name
  labels: {tier: "1", 'a.b/c': x}
spec:
  model: &model
    provider: openai
    settings:
  other: *model
  merged:
    <<: *model
    extra: 1
  both:
    <<: [*model, {deep: [1, 2]}]
  tools:
    - name: one
      ref: {name: r}
    - two
    - - nested
  text: |
    line one
    line two
  multi: [
    1,
    2]
  'quoted key': "a b"
  ? explicit
  : value
"""


def place(text, path, *, at_key=False, backend="libyaml", number=0):
    document = list(yamldoc.load(text, backend=backend))[number]
    span = yamldoc.locate(document, path, at_key=at_key)
    return (span.line, span.column, span.end_column)


@pytest.mark.parametrize(
    ("path", "at_key", "expected"),
    [
        (("apiVersion",), False, (1, 13, 25)),
        (("apiVersion",), True, (1, 1, 11)),
        (("metadata", "name"), False, (3, 9, 11)),
        (("metadata", "name"), True, (3, 3, 7)),
        (("metadata",), False, (2, 1, 9)),  # a block is shown by its key
        (("metadata", "labels"), False, (4, 11, 34)),  # a flow collection on one line as a whole
        (("metadata", "labels", "a.b/c"), False, (4, 32, 33)),
        (("metadata", "labels", "a.b/c"), True, (4, 23, 30)),
        (("spec", "model", "provider"), False, (7, 15, 21)),
        (("spec", "model", "settings"), False, (8, 5, 13)),  # empty: its key
        (("spec", "other"), False, (9, 10, 16)),
        (("spec", "other", "provider"), False, (7, 15, 21)),  # through the alias
        (("spec", "merged", "provider"), False, (7, 15, 21)),  # through the merge
        (("spec", "merged", "provider"), True, (7, 5, 13)),
        (("spec", "merged", "extra"), False, (12, 12, 13)),
        (("spec", "both", "provider"), False, (7, 15, 21)),
        (("spec", "both", "deep", 1), False, (14, 29, 30)),
        (("spec", "tools"), False, (15, 3, 8)),
        (("spec", "tools", 0), False, (16, 7, 11)),  # an item by its first key
        (("spec", "tools", 0, "name"), False, (16, 13, 16)),
        (("spec", "tools", 0, "ref", "name"), True, (17, 13, 17)),
        (("spec", "tools", 1), False, (18, 7, 10)),
        (("spec", "tools", 2, 0), False, (19, 9, 15)),
        (("spec", "text"), False, (20, 9, 10)),  # a block text by the sign that starts it
        (("spec", "multi"), False, (23, 3, 8)),  # over several lines: its key
        (("spec", "multi", 1), False, (25, 5, 6)),
        (("spec", "quoted key"), False, (26, 17, 22)),
        (("spec", "quoted key"), True, (26, 3, 15)),
        (("spec", "explicit"), False, (28, 5, 10)),
        # what is not there is shown at what is around it
        (("status",), False, (1, 1, 11)),
        (("metadata", "namespace"), False, (2, 1, 9)),
        (("metadata", "labels", "x", "y"), False, (4, 3, 9)),
        (("spec", "tools", 0, "missing"), False, (16, 7, 11)),
        (("spec", "tools", 9), False, (15, 3, 8)),
        (("spec", "other", "missing"), False, (9, 3, 8)),
        (("spec", "merged", "missing"), False, (10, 3, 9)),
        ((), False, (1, 1, 11)),
    ],
)
def test_a_field_is_found(backend, path, at_key, expected):
    """The document starts on line 2 of the text; its spans count from its own first line."""
    assert place(TEXT, path, at_key=at_key, backend=backend) == expected


def test_places_count_from_the_document():
    text = "a: 1\n---\n# x\nb:\n  c: 2\n...\nd: 3\n"
    assert place(text, ("b", "c"), number=1) == (4, 6, 7)
    assert place(text, ("d",), number=2) == (1, 4, 5)


def test_characters_are_counted_and_not_bytes_or_utf16_units():
    assert place('a: ["🍜", "é", x]\n', ("a", 2)) == (1, 15, 16)
    text = "🍜: é\n---\né🍜: {a: 🍜, b: c}\n"
    assert place(text, ("é🍜", "b"), number=1) == (2, 15, 16)


@pytest.mark.parametrize("text", ["x", "[]", "- a", '"x y"'])
def test_a_document_that_is_no_mapping_is_found_too(backend, text):
    assert place(text, (), backend=backend)[:2] == (1, 1)
    assert place(text, ("a", "b"), backend=backend)[0] == 1


def test_json_is_found_by_its_own_tokens():
    text = '{\n\t"a": {"b": [1, "\\ud83c\\udf5c", {"c": null}]},\n\t"d": {\n\t}\n}\n'
    [document] = yamldoc.load(text, json=True)
    targets = [("a", "b", 1), ("a", "b", 2, "c"), ("a", "b"), ("d",), ("d", "x"), ("nope",)]
    spans = locate_all(document, [(t, False) for t in targets])
    assert [(s.line, s.column, s.end_column) for s in spans] == [
        (2, 17, 31),
        (2, 39, 43),
        (2, 13, 45),
        (3, 2, 5),
        (3, 2, 5),
        (1, 1, 2),
    ]


def test_aliases_of_aliases_end():
    text = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 40))
    line, _, _ = place(text, ("a5", "x"))
    assert line == 1
    line, _, _ = place(text, ("a39", "x"))  # beyond what is followed: the nearest place
    assert line == 40


VALUES = st.recursive(
    st.integers(0, 9) | st.sampled_from(["x", "食谱", "a b", "", "🍜", "multi\nline"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "键", "c d"]), inner, min_size=1, max_size=3)
    ),
    max_leaves=10,
)


def scalars_of(value, path=()):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from scalars_of(v, (*path, k))
    elif isinstance(value, list):
        for n, v in enumerate(value):
            yield from scalars_of(v, (*path, n))
    else:
        yield path, value


@settings(max_examples=200)
@given(VALUES, st.sampled_from(["block", "flow", "json", "pretty"]), st.sampled_from(["libyaml", "python"]))
def test_every_scalar_is_found_at_the_text_that_means_it(value, shape, backend):
    if shape in ("block", "flow"):
        text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=shape == "flow", width=10_000)
    else:
        text = json.dumps(value, ensure_ascii=False, indent=1 if shape == "pretty" else None)
    [document] = yamldoc.load(text, backend=backend, json=shape in ("json", "pretty"))
    wanted = list(scalars_of(value))
    spans = locate_all(document, [(path, False) for path, _ in wanted])
    lines = document.text.split("\n")
    for (path, scalar), span in zip(wanted, spans, strict=True):
        if path and "\n" not in str(scalar):
            shown = lines[span.line - 1][span.column - 1 : span.end_column - 1]
            assert yaml.safe_load(shown) == scalar


@given(VALUES)
def test_both_parsers_find_the_same_places(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    paths = [(path, key) for path, _ in scalars_of(value) for key in (False, True)]
    paths += [(path[:-1], key) for path, key in paths]
    one, other = (locate_all(next(iter(yamldoc.load(text, backend=b))), paths) for b in ("libyaml", "python"))
    assert one == other
