"""The canonical form: it says what the text said, keeps every comment, and is its own form."""

from __future__ import annotations

import io
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl import values
from mastractl.manifests import yamldoc
from mastractl.manifests.canonical import order, parts
from mastractl.manifests.canonical.formatter import reformat
from mastractl.manifests.canonical.layout import lay_out
from mastractl.manifests.documents import Document
from mastractl.manifests.parsers import next_event
from mastractl.manifests.sources import Source

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = sorted(
    p
    for folder in ("examples", "schemas", "tests/schemas")
    for p in (ROOT / folder).rglob("*")
    if p.suffix in {".yaml", ".json"}
)


def formatted(text, name="x.yaml"):
    data = text if isinstance(text, bytes) else text.encode()
    return reformat(Source(name=name, order=1, stream=io.BytesIO(data)))


def canonical(text, name="x.yaml"):
    """The canonical form, which must be its own and say the same."""
    done = formatted(text, name)
    assert not done.findings
    assert meaning(done.after) == meaning(text)
    assert formatted(done.after, name).after == done.after
    return done.after


def meaning(text):
    read = list(yamldoc.scan(text))
    assert all(isinstance(each, Document) for each in read)
    return [values.canonical(each.value) for each in read if each.value is not None]


def numbered(text):
    """The comments of a generated text, by their number."""
    return Counter(re.findall(r"# c\d+", text))


def test_a_manifest_that_has_it_all():
    text = """\

# The licence.

kind:   Agent
metadata:   # whom it is
   # for selectors
   labels:
      "app": 'web'
   namespace: cooking

   name: x
apiVersion: mastra.ai/v1
spec:
  instructions: |   # in Chinese
      你是一个厨师助手。

        😀 indented

  # about tools
  tools:
  - a   # first
  # second comes
  -   # behind a dash
      name: b
      headers: {yes: 1,x: [1,2 ,3], c: "q" }
  # - c
  # no more tools
  retries:    0777
  timeout: [  # opened
     1,   # one
     2 ]  # closed
  plain: a long
      text
# The end.
---
kind: Tool
apiVersion: mastra.ai/v1
---
...
"""
    assert (
        canonical(text)
        == """\
# The licence.

apiVersion: mastra.ai/v1
kind: Agent
metadata:  # whom it is
  name: x
  namespace: cooking
  # for selectors
  labels:
    app: "web"
spec:
  instructions: |  # in Chinese
    你是一个厨师助手。

      😀 indented

  # about tools
  tools:
    - a  # first
    # second comes
    -  # behind a dash
      name: b
      headers: {"yes": 1, x: [1, 2, 3], c: "q"}
  # - c
  # no more tools
  retries: 777
  # closed
  timeout:  # opened
    - 1  # one
    - 2
  plain: a long
    text
# The end.
---
apiVersion: mastra.ai/v1
kind: Tool
"""
    )


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("a: NO", 'a: "NO"'),
        ("a: 1:30", 'a: "1:30"'),
        ("a: 2026-01-01", 'a: "2026-01-01"'),
        ("a: 0o17", "a: 15"),
        ("a: 1e3", "a: 1000"),
        ("a: 1e300", "a: 1.0e+300"),
        ("a: ~", "a: null"),
        ("a:", "a:"),
        ("a: TRUE", "a: true"),
        ("on: 1", '"on": 1'),
        ("'on': 1", '"on": 1'),
        ("'key': 1", "key: 1"),
        ("'1': 1", '"1": 1'),
        ("a: 'it''s'", 'a: "it\'s"'),
        ("a: 'say \"x\"'", "a: 'say \"x\"'"),
        ("a: 'back\\slash'", "a: 'back\\slash'"),
        ('a: "\\u4f60"', 'a: "\\u4f60"'),
        ("? a\n: b", "a: b"),
        ("? |\n  a\n  b\n: c", '"a\\nb\\n": c'),
        ("a: {}", "a: {}"),
        ("a: [  ]", "a: []"),
        ("a: [x: 1]", "a: [{x: 1}]"),
        ("a: {b, c: }", "a: {b: null, c: null}"),
        ("- - 1\n  - 2\n-\n  - 3", "- - 1\n  - 2\n- - 3"),
        ("a: &x {b: 1}\nc: *x", "a: &x {b: 1}\nc: *x"),
        ("a: &x\n    b: 1\nc:\n    <<: *x\n    d: 2", "a: &x\n  b: 1\nc:\n  <<: *x\n  d: 2"),
        ("- &x\n  a: 1\n- *x", "- &x\n  a: 1\n- *x"),
        ("a: !!str 1", "a: !!str 1"),
        ("a: >+\n   x\n\n\nb: 1", "a: >+\n  x\n\n\nb: 1"),
        ("a: |2\n    x\n   y", "a: |2\n    x\n   y"),
        ("a: |-\n     x\n\n\n\nb: 1", "a: |-\n  x\n\nb: 1"),
        ("%YAML 1.2\n---\na: 1", "%YAML 1.2\n---\na: 1"),
        ("--- # head\na: 1", "---  # head\na: 1"),
        ("a: 1\n# between\n---\nb: 1", "a: 1\n# between\n---\nb: 1"),
        ("# alone", "# alone"),
        ("text", "text"),
        ("--- |\n  text", "|\n  text"),
    ],
)
def test_the_form_of_small_things(written, form):
    assert canonical(written + "\n") == form + "\n"


def test_line_ends_marks_and_encodings_become_those_of_everybody():
    assert canonical(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n") == "a: 1\nb: |\n  x\n  y\n"
    assert formatted("a: 你".encode("utf-16")).after == "a: 你\n"


def test_a_long_line_of_flow_becomes_a_block_and_a_long_text_stays():
    wide = ", ".join(f"field-{n}: value-{n}" for n in range(9))
    assert canonical(f"a: {{{wide}}}\n").startswith("a:\n  field-0: value-0\n  field-1: value-1\n")
    text = "a: " + "word " * 60 + "end\n"
    assert canonical(text) == text


def test_an_order_that_would_part_an_alias_from_its_anchor_is_left():
    text = "kind: &k Agent\napiVersion: mastra.ai/v1\nmetadata:\n  name: x\n"
    assert canonical(text).startswith("apiVersion: mastra.ai/v1\nkind: &k Agent\n")
    text = "spec: &s {a: 1}\nkind: Agent\napiVersion: v1\nstatus: *s\n"
    assert canonical(text) == "apiVersion: v1\nkind: Agent\nspec: &s {a: 1}\nstatus: *s\n"
    text = "status: &s {a: 1}\nkind: Agent\nspec: *s\n"
    assert canonical(text) == text


def test_the_items_of_a_list_are_manifests():
    text = (
        "kind: List\nitems:\n- kind: Agent\n  # whose\n  metadata: {namespace: a, name: b}\n  apiVersion: v\n"
    )
    assert canonical(text) == (
        "kind: List\nitems:\n  - apiVersion: v\n    kind: Agent\n"
        "    # whose\n    metadata: {name: b, namespace: a}\n"
    )


def test_json_stays_json():
    text = '{"kind":"Agent","metadata":{"namespace":"n","name":"你"},"apiVersion":"v1"}'
    form = (
        '{\n  "apiVersion": "v1",\n  "kind": "Agent",\n  "metadata": {\n    "name": "你",\n'
        '    "namespace": "n"\n  }\n}\n'
    )
    assert canonical(text, "x.json") == form
    assert canonical(text, "<stdin>") == form
    assert canonical('{"a": 1} {"b": 2}') == '{\n  "a": 1\n}\n{\n  "b": 2\n}\n'
    assert canonical("{a: 1}\n") == "a: 1\n"


def test_what_is_broken_is_found_as_validate_finds_it_and_stays():
    done = formatted("a: 1\n---\na: [\n")
    assert done.after == done.before
    assert [(d.code, d.line) for d in done.findings] == [("MA002", 3)]


def test_what_has_no_such_form_stays():
    done = formatted(f"? {'k' * 1500}\n: 1\n")
    assert done.after == done.before
    assert [(d.code, d.severity) for d in done.findings] == [("MA008", "warning")]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_whatever_is_written_here_has_a_form_that_is_its_own(path):
    canonical(path.read_text(encoding="utf-8"), path.name)


def test_both_parsers_see_the_same_parts():
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".yaml":
            quick, plain = (
                lay_out(*parts.read(text, partial(next_event, backend=backend)), lambda _root: order.DOCUMENT)
                for backend in ("libyaml", "python")
            )
            assert quick == plain


WORDS = st.sampled_from(
    [
        "a",
        "x y",
        "你好",
        "no",
        "'q'",
        '"d"',
        "1",
        "1:30",
        "~",
        "# not",
        "a: b",
        "- x",
        "",
        " lead",
        "e😀",
        "0x1F",
        "|",
    ]
)
TEXTS = WORDS | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
LINES = st.lists(TEXTS, min_size=2, max_size=4).map("\n".join)
TREES = st.recursive(
    TEXTS | LINES | st.integers(-99, 99) | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdefg") | WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)


class Writer:
    """Writes a tree as somebody might: any indentation, any style, comments wherever there may be some."""

    def __init__(self, draw):
        self.draw = draw
        self.count = 0

    def comment(self):
        self.count += 1
        return f"# c{self.count}"

    def maybe(self):
        return self.draw(st.integers(0, 3)) == 0

    def eol(self):
        return f"   {self.comment()}" if self.maybe() else ""

    def above(self, indent):
        lines = [""] if self.maybe() else []
        if self.maybe():
            lines.append(" " * indent + self.comment())
        return lines

    def scalar(self, value):
        text = yaml.safe_dump(value, allow_unicode=True, width=10**6)
        return text.removesuffix("...\n").rstrip("\n")

    def flow(self, value, indent):
        broken = self.maybe()
        lead = "\n" + " " * (indent + 1) if broken else ""

        def end():
            return f" {self.comment()}{lead}" if broken and self.maybe() else lead

        if isinstance(value, dict):
            parts = [f"{quoted(k)}: {self.flow(v, indent + 1)}" for k, v in value.items()]
            return "{" + end() + "".join(f"{p} ,{end()}" for p in parts) + "}"
        if isinstance(value, list):
            return "[" + end() + ", ".join(self.flow(v, indent + 1) + end() for v in value) + "]"
        return quoted(value) if isinstance(value, str) else self.scalar(value)

    def lines(self, value, indent):
        """The lines of a block collection."""
        for key, item in value.items() if isinstance(value, dict) else ((None, v) for v in value):
            yield from self.above(indent)
            lead = " " * indent + ("-" if key is None else f"{quoted(key)}:")
            yield from self.entry(lead, item, indent, dash=key is None)
        if self.maybe():
            yield " " * indent + self.comment()

    def entry(self, lead, item, indent, *, dash):
        if isinstance(item, dict | list) and item and not self.maybe():
            yield lead + self.eol()
            least = 1 if dash or isinstance(item, dict) else 0
            yield from self.lines(item, indent + self.draw(st.integers(least, 4)))
        elif isinstance(item, dict | list):
            yield f"{lead} {self.flow(item, indent)}{self.eol()}"
        elif isinstance(item, str) and "\n" in item and literal(item):
            keep = "" if item.endswith("\n") else "-"
            deep = self.draw(st.integers(1, 4))
            yield f"{lead} |{keep}{self.eol()}"
            yield from (
                " " * (indent + deep) + line if line else "" for line in item.removesuffix("\n").split("\n")
            )
        else:
            yield f"{lead} {quoted(item) if isinstance(item, str) else self.scalar(item)}{self.eol()}"


def literal(text):
    lines = text.removesuffix("\n").split("\n")
    return all(line.strip() and line[0] != " " and line.isprintable() for line in lines)


def quoted(text):
    if re.fullmatch("[a-z]+", text):
        return text
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    return values.text(text)


@st.composite
def texts(draw):
    writer = Writer(draw)
    trees = draw(st.lists(TREES.filter(lambda t: isinstance(t, dict | list) and t), min_size=1, max_size=2))
    documents = ["\n".join(writer.lines(tree, 0)) for tree in trees]
    return "\n---\n".join(documents) + draw(st.sampled_from(["", "\n", "\n\n"])), writer.count


@settings(max_examples=150)
@given(texts())
@example(("a: [ # c1\n1 ,\n2 # c2\n]   # c3\n- b", 0))
def test_nothing_is_lost_and_the_form_is_its_own(written):
    text, count = written
    if any(not isinstance(each, Document) for each in yamldoc.scan(text)):
        return
    comments = Counter(numbered(text))
    assert len(comments) == count
    assert numbered(canonical(text)) == comments


@settings(max_examples=200)
@given(st.text(st.sampled_from("ab:-#[]{},&*!|>'\"% \n?~1")))
def test_any_text_is_formatted_or_left_alone(text):
    done = formatted(text)
    if done.findings:
        assert done.after == done.before
    else:
        assert meaning(done.after) == meaning(text)
        assert formatted(done.after).after == done.after
