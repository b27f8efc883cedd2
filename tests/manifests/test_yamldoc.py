"""Streams of documents: each on its own, each with its number and its line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mastractl.errors import ManifestError
from mastractl.manifests import yamldoc


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
    assert [(d.line, d.column) for d in found] == [(3, 4), (7, 4), (10, 5)]


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
    text = "%YAML 1.2\n---\na: 1\n...\n# note\n%TAG !y! tag:yaml.org,2002:\n\n---\n"
    text += "b: !y!str 2\n---\nc: !y!str 1\n"
    values, [found] = scan(text)
    assert values == [{"a": 1}, {"b": "2"}]
    assert (found.line, found.code) == (11, "MA002")


def test_at_most_a_hundred_faults_of_a_document_are_told(scan):
    _, found = scan("".join("a: 1\n" for _ in range(1000)))
    assert len(found) == 101
    assert [d.code for d in found[-2:]] == ["MA003", "MA004"]
    assert "more than 100 faults" in found[-1].message


def test_load_raises_at_the_first_fault():
    documents = yamldoc.load("a: 1\n---\nb: 1\nb: 2\n")
    assert next(documents).value == {"a": 1}
    with pytest.raises(ManifestError, match='key "b" is already set') as caught:
        next(documents)
    assert (caught.value.line, caught.value.column) == (4, 1)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"), [("", None), ("# x\n", None), ("a: 1\n", {"a": 1}), ("---\n", None)]
)
def test_load_one(text, value):
    assert yamldoc.load_one(text) == value


def test_load_one_refuses_several():
    with pytest.raises(ManifestError, match="only one document"):
        yamldoc.load_one("a: 1\n---\nb: 2\n")


def test_without_libyaml_the_other_parser_is_used():
    code = (
        "import sys; sys.modules['yaml._yaml'] = None\n"
        "from mastractl.manifests import yamldoc\n"
        "print([d.value for d in yamldoc.load('a: NO\\n---\\nb: [1:30]')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[{'a': 'NO'}, {'b': ['1:30']}]\n"


def test_nothing_but_yaml_needs_the_yaml_parser():
    code = (
        "import sys\n"
        "from mastractl.manifests import bundled, causes, check, codes, diagnostics, formats, load, sources\n"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
