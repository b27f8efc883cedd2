"""Sources to manifests: lists taken apart, empty documents passed over, findings in their place."""

from __future__ import annotations

import io

import pytest

from mastractl.errors import Cause
from mastractl.manifests.causes import from_cause, from_causes
from mastractl.manifests.diagnostics import Diagnostic
from mastractl.manifests.load import Manifest, load
from mastractl.manifests.sources import Source, find


def read(text, name="m.yaml"):
    data = text if isinstance(text, bytes) else text.encode()
    return list(load([Source(name=name, order=1, stream=io.BytesIO(data))]))


def documents(text):
    return [m.document if isinstance(m, Manifest) else (m.code, m.line, m.column) for m in read(text)]


def test_manifests_know_where_they_come_from():
    one, two = read("a: 1\n---\n# note\nb: 2\n")
    assert (one.document, one.origin.source, one.origin.line) == ({"a": 1}, "m.yaml", 1)
    assert (two.document, two.origin.line, two.origin.document.index) == ({"b": 2}, 3, 2)


def test_empty_documents_are_passed_over():
    assert documents("---\n---\n# x\n---\na: 1\n---\nnull\n---\n~\n") == [{"a": 1}]


@pytest.mark.parametrize("text", ["", "# x\n", "---\n---\n", b"\xef\xbb\xbf", "null"])
def test_a_source_without_a_manifest_gets_a_warning(text):
    [found] = read(text)
    assert (found.code, found.severity, found.source) == ("MA007", "warning", "m.yaml")


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("x", "not a string", ""),
        ("12", "not an integer", ""),
        ("true", "not a boolean", ""),
        ("- a: 1\n- b: 2\n", "not a list", "---"),
    ],
)
def test_a_manifest_is_an_object(text, says, hint):
    [found] = read(text)
    assert (found.code, found.line, found.column) == ("MA007", 1, 1)
    assert "a manifest is an object" in found.message
    assert hint in found.hint


def test_lists_are_taken_apart():
    text = """\
apiVersion: v1
kind: List
items:
- {kind: Agent, x: 1}
- kind: AgentList
  items:
  - {x: 2}
  - x
- kind: ToolList
  items:
"""
    assert documents(text) == [{"kind": "Agent", "x": 1}, {"x": 2}, ("MA007", 8, 5)]
    nested = read(text)[1]
    assert nested.origin.prefix == ("items", 1, "items", 0)


@pytest.mark.parametrize("text", ["kind: List\n", "kind: List\nitems: x\n", "kind: AgentList\nitems: {}\n"])
def test_a_list_has_items(text):
    [found] = read(text)
    assert found.code == "MA007"
    assert "must be a list" in found.message


def test_a_kind_may_end_in_list():
    assert documents("kind: ShoppingList\nspec: {}\n") == [{"kind": "ShoppingList", "spec": {}}]


def test_findings_stand_in_their_place():
    text = "a: 1\n---\nb: NO\n---\nc: [\n---\nd: 4\n"
    assert documents(text) == [{"a": 1}, ("MA006", 3, 4), {"b": "NO"}, ("MA002", 5, 4), {"d": 4}]


def test_findings_of_arguments_pass_through(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1")
    found = list(load(find([str(tmp_path / "none.yaml"), str(tmp_path / "a.yaml")])))
    assert [type(f) for f in found] == [Diagnostic, Manifest]


def test_json_files_are_json(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1,}')
    [found] = load(find([str(tmp_path / "a.json")]))
    assert "a comma" in found.message


def test_a_stream_that_breaks_is_a_finding():
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    [found] = load([Source(name="disk", order=1, stream=Broken())])
    assert (found.code, found.message) == ("MA001", "cannot be read: Input/output error")


def test_a_directory_under_the_name_of_a_file_is_a_finding(tmp_path):
    [found] = load([Source(name=str(tmp_path), order=1)])
    assert found.code == "MA001"


def cause(code, *path, **options):
    return Cause(code=code, path=path, message=f"{code} {path[-1]}", **options)


def test_causes_get_their_places():
    [manifest] = read("---\nkind: Agent\nspec:\n  model: {nme: x}\n")
    found = from_causes(
        [
            cause("MA101", "spec", "model", "nme", at_key=True, hint="did you mean?"),
            cause("MA102", "metadata"),
            cause("MA120", "kind", warning=True),
        ],
        manifest,
    )
    assert [(d.code, d.line, d.column, d.end_column, d.severity) for d in found] == [
        ("MA101", 4, 11, 14, "error"),
        ("MA102", 2, 1, 5, "error"),
        ("MA120", 2, 7, 12, "warning"),
    ]
    assert found[0].excerpt.text == "  model: {nme: x}"
    assert (found[0].path, found[0].hint, found[0].source) == (
        ("spec", "model", "nme"),
        "did you mean?",
        "m.yaml",
    )


def test_causes_in_the_items_of_a_list_are_found():
    manifests = read("kind: List\nitems:\n- a: 1\n- b:\n    c: 2\n")
    found = from_cause(cause("MA103", "b", "c"), manifests[1])
    assert (found.line, found.column, found.path) == (5, 8, ("items", 1, "b", "c"))


def test_a_missing_field_and_its_misspelling_are_one_finding():
    [manifest] = read("spec:\n  nmae: x\n  other: z\n")
    found = from_causes(
        [
            cause("MA102", "spec", "name"),
            cause("MA102", "spec", "provider"),
            cause("MA101", "spec", "nmae", at_key=True),
            cause("MA101", "spec", "other", at_key=True),
        ],
        manifest,
    )
    assert [(d.code, d.path[-1]) for d in found] == [
        ("MA102", "provider"),
        ("MA101", "nmae"),
        ("MA101", "other"),
    ]
    assert found[1].hint == 'did you mean "name"? it is required'


def test_a_misspelling_answers_for_one_field_only():
    [manifest] = read("spec:\n  nmae: x\n  naem: z\n")
    found = from_causes(
        [cause("MA102", "spec", "name"), cause("MA101", "spec", "nmae"), cause("MA101", "spec", "naem")],
        manifest,
    )
    assert [d.code for d in found] == ["MA101", "MA101"]
    assert [bool(d.hint) for d in found] == [True, False]


def test_fields_of_different_objects_are_not_folded():
    [manifest] = read("a: {nmae: x}\nb: {}\n")
    found = from_causes([cause("MA102", "b", "name"), cause("MA101", "a", "nmae")], manifest)
    assert [d.code for d in found] == ["MA102", "MA101"]


def test_at_most_a_hundred_faults_of_a_resource_are_told():
    [manifest] = read("a: 1\n")
    found = from_causes([cause("MA101", f"f{n}") for n in range(500)], manifest)
    assert len(found) == 101
    assert "this resource has more faults" in found[-1].message


def test_the_items_of_an_aliased_list_are_found_where_they_were_written():
    text = "x: &x\n- a:\n    b: 1\nkind: List\nitems: *x\n"
    [manifest] = read(text)
    found = from_cause(cause("MA103", "a", "b"), manifest)
    assert (found.line, found.column) == (3, 8)


def test_at_most_a_thousand_faults_of_a_list_are_told():
    found = read("kind: List\nitems:\n" + "- 1\n" * 5000)
    assert len(found) == 1001
    assert {d.code for d in found[:1000]} == {"MA007"}
    assert "this document has more faults" in found[-1].message


@pytest.mark.parametrize("shape", ["block", "flow", "json"])
def test_every_item_of_a_list_has_its_own_places(shape):
    if shape == "block":
        text = "kind: List\nitems:\n" + "".join(f"- # item {n}\n  spec:\n    x: {n}\n" for n in range(50))
        places = [(5 + 3 * n, 8) for n in range(50)]
    else:
        text = (
            '{"kind": "List", "items": [\n'
            + ",\n".join(f'{{"spec": {{"x": {n}}}}}' for n in range(50))
            + "\n]}\n"
        )
        places = [(2 + n, 16) for n in range(50)]
        text = text if shape == "json" else "# flow\n" + text
        places = places if shape == "json" else [(line + 1, column) for line, column in places]
    manifests = read(text, "m.json" if shape == "json" else "m.yaml")
    found = [from_cause(cause("MA103", "spec", "x"), m) for m in manifests]
    assert [(d.line, d.column) for d in found] == places
    assert found[7].path == ("items", 7, "spec", "x")
    assert {d.document for d in found} == {1}
