"""json, yaml, names, JSONPath and custom columns: what scripts read."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest
import yaml

from mastractl.cli.printers.interface import FORMATS
from mastractl.errors import BadRequest, UsageError


@pytest.fixture
def cook(resource):
    return resource("cook", labels={"app": "厨房"}, spec={"steps": [{"id": "a"}, {"id": "b"}], "n": None})


@pytest.fixture
def tool(resource):
    return resource("find", kind="Tool", labels={})


# json and yaml


def test_json_of_one_is_the_document(printing, cook):
    text = printing("json").object(cook)
    assert json.loads(text) == cook.document
    assert text.startswith('{\n  "apiVersion": "mastra.ai/v1",\n  "kind": "Agent",\n')
    assert '"app": "厨房"' in text
    assert text.endswith("}\n")


def test_json_of_several_is_a_list(printing, cook, tool):
    text = printing("json").list(cook, tool, version="12")
    assert json.loads(text) == {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": "12"},
        "items": [cook.document, tool.document],
    }
    assert list(json.loads(text)) == ["apiVersion", "kind", "metadata", "items"]


def test_an_empty_list_is_a_list(printing):
    assert json.loads(printing("json").list())["items"] == []
    assert yaml.safe_load(printing("yaml").list())["items"] == []


def test_json_events_are_compact_lines(printing, cook, tool):
    text = printing("json").events(("ADDED", cook), ("DELETED", tool))
    first, second = text.splitlines()
    assert first.startswith('{"type":"ADDED","object":{"apiVersion":"mastra.ai/v1",')
    assert json.loads(first) == {"type": "ADDED", "object": cook.document}
    assert json.loads(second) == {"type": "DELETED", "object": tool.document}


HOSTILE = "\x1b[31m \x7f \x9b31m \u202e \u2028 \ud800 厨🍳"


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_json_and_yaml_keep_the_value_and_never_reach_the_terminal_as_controls(printing, resource, output):
    found = resource("x", spec={"text": HOSTILE, HOSTILE: 1})
    one = printing(output)
    for text in (one.object(found), one.list(found), one.event("ADDED", found)):
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "厨🍳" in text
    assert json.loads(printing("json").object(found)) == found.document


def test_yaml_of_one_is_the_document(printing, cook):
    assert printing("yaml").object(cook) == dedent("""\
        apiVersion: mastra.ai/v1
        kind: Agent
        metadata:
          name: cook
          namespace: cooking
          labels:
            app: 厨房
          creationTimestamp: "2026-11-21T08:55:00Z"
        spec:
          steps:
          - id: a
          - id: b
          "n": null
        """)


def test_yaml_of_several_is_a_list(printing, cook, tool):
    found = yaml.safe_load(printing("yaml").list(cook, tool, version="12"))
    assert found == {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": "12"},
        "items": [cook.document, tool.document],
    }


def test_yaml_events_are_a_stream_of_documents(printing, cook, tool):
    one = printing("yaml")
    text = one.event("ADDED", cook) + one.event("DELETED", tool)
    assert list(yaml.safe_load_all(text)) == [
        {"type": "ADDED", "object": cook.document},
        {"type": "DELETED", "object": tool.document},
    ]


# names


def test_names(printing, cook, tool, resource):
    assert printing("name").object(cook) == "agent.mastra.ai/cook\n"
    assert printing("name").list(cook, tool) == "agent.mastra.ai/cook\ntool.mastra.ai/find\n"
    assert printing("name").event("DELETED", tool) == "tool.mastra.ai/find\n"
    assert printing("name").list() == ""
    assert printing("name").object(resource("x", kind="Odd", group="e.com")) == "odd.e.com/x\n"
    assert printing("name").object(resource("a\nb", kind="Recipe", group="example.com")) == (
        "recipe.example.com/a\\nb\n"
    )


# JSONPath


def test_jsonpath_sees_the_resource_or_the_list(printing, cook, tool):
    assert printing("jsonpath={.metadata.name}").object(cook) == "cook"
    assert printing("jsonpath={.items[*].metadata.name}").list(cook, tool) == "cook find"
    assert printing('jsonpath={range .items[*]}{.kind}={.metadata.name}{"\\n"}{end}').list(cook, tool) == (
        "Agent=cook\nTool=find\n"
    )
    assert printing("jsonpath={.metadata.resourceVersion}").list(cook, version="12") == "12"


def test_a_bare_path_needs_no_braces(printing, cook):
    assert printing("jsonpath=.metadata.name").object(cook) == "cook"
    assert printing("jsonpath=name: {.metadata.name}").object(cook) == "name: cook"


def test_jsonpath_events_are_on_lines_of_their_own(printing, cook, tool):
    assert printing("jsonpath={.metadata.name}").events(("ADDED", cook), ("ADDED", tool)) == "cook\nfind\n"
    assert printing('jsonpath={.metadata.name}{"\\n"}').event("ADDED", cook) == "cook\n"


def test_missing_fields_may_be_errors(printing, cook):
    assert printing("jsonpath=[{.nope}]").object(cook) == "[]"
    with pytest.raises(BadRequest, match="nope is not found"):
        printing("jsonpath=[{.nope}]", allow_missing_template_keys=False).object(cook)


def test_jsonpath_as_json_is_one_list(printing, cook, tool):
    names = "jsonpath-as-json={.items[*].metadata.name}"
    assert printing(names).list(cook, tool) == '[\n  "cook",\n  "find"\n]\n'
    assert json.loads(printing("jsonpath-as-json={.kind} {.spec.steps}").object(cook)) == [
        "Agent",
        [{"id": "a"}, {"id": "b"}],
    ]
    assert printing("jsonpath-as-json={.nope}").object(cook) == "[]\n"


def test_jsonpath_from_a_file(printing, cook, tmp_path):
    path = tmp_path / "template"
    path.write_text('{range .spec.steps[*]}\n{.id}{"!"}\n{end}', encoding="utf-8")
    assert printing(f"jsonpath-file={path}").object(cook) == "\na!\n\nb!\n"


# custom columns


def test_custom_columns(printing, cook, tool):
    columns = "custom-columns=NAME:.metadata.name,Steps:{.spec.steps[*].id},N:spec.n,First:.spec.steps[0]"
    assert printing(columns).list(cook, tool) == dedent("""\
        NAME   Steps    N        First
        cook   a,b      <none>   {"id":"a"}
        find   <none>   <none>   <none>
        """)
    assert printing(columns, headers=False).list(tool) == "find   <none>   <none>   <none>\n"


def test_commas_in_brackets_belong_to_the_path(printing, cook):
    assert printing("custom-columns=A:.spec.steps[0,1].id,B:.kind").list(cook) == "A     B\na,b   Agent\n"


def test_a_watch_with_custom_columns_shows_the_resource(printing, cook, tool):
    one = printing("custom-columns=NAME:.metadata.name")
    assert one.events(("ADDED", cook)) == "NAME\ncook\n"
    assert one.event("DELETED", tool) == "find\n"


def test_custom_columns_from_a_file(printing, cook, tmp_path):
    path = tmp_path / "columns"
    path.write_text("NAME            KIND\n\n.metadata.name  .kind\n", encoding="utf-8")
    assert printing(f"custom-columns-file={path}").object(cook) == "NAME   KIND\ncook   Agent\n"


def test_custom_columns_are_harmless(printing, resource):
    found = resource("x", spec={"text": "a\nb\x1b[31m"})
    assert printing("custom-columns=T:.spec.text").object(found) == "T\na\\nb\\x1b[31m\n"


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("NAME", "'NAME': expected <header>:<path>"),
        ("NAME:", "'NAME:': expected"),
        (":.metadata.name", "expected <header>:<path>"),
        ("A:.a,", "'': expected"),
        ("A:.a[", "column 4"),
    ],
)
def test_bad_custom_columns(printing, columns, problem):
    with pytest.raises(BadRequest) as caught:
        printing(f"custom-columns={columns}")
    assert problem in caught.value.message


@pytest.mark.parametrize("text", ["", "NAME KIND\n.metadata.name\n", "A\n.a\nB\n"])
def test_bad_custom_column_files(printing, tmp_path, text):
    path = tmp_path / "columns"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="a line of headers and a line of as many paths"):
        printing(f"custom-columns-file={path}")


# which format


@pytest.mark.parametrize(
    ("output", "message", "hint"),
    [
        ("jsn", "unknown output format 'jsn'", "did you mean 'json'?"),
        ("JSON", "unknown output format 'JSON'", "did you mean 'json'?"),
        ("xyzzy", "unknown output format 'xyzzy'", ""),
        ("go-template={{.kind}}", "Go templates are not supported", "-o jsonpath='{.metadata.name}'"),
        ("template", "Go templates are not supported", "-o jsonpath='{.metadata.name}'"),
        ("jsonpath", "'jsonpath' needs an argument", "-o jsonpath='{.metadata.name}'"),
        ("custom-columns=", "'custom-columns' needs an argument", "-o custom-columns=NAME:.metadata.name"),
        ("json=x", "'json' takes no argument, found 'x'", "write -o json"),
    ],
)
def test_unknown_formats(printing, output, message, hint):
    with pytest.raises(UsageError) as caught:
        printing(output)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_allowed_formats_are_listed(printing):
    with pytest.raises(UsageError) as caught:
        printing("nope")
    assert f"allowed formats are: {', '.join(FORMATS)}" in caught.value.message


@pytest.mark.parametrize("output", ["jsonpath-file", "custom-columns-file"])
def test_a_file_that_cannot_be_read(printing, tmp_path, output):
    with pytest.raises(UsageError, match=r"cannot read .*absent: No such file or directory"):
        printing(f"{output}={tmp_path / 'absent'}")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"cannot read .*binary: it is not UTF-8 text"):
        printing(f"{output}={binary}")


@pytest.mark.parametrize("output", ["jsonpath={.a", "jsonpath={.a[b]}"])
def test_a_bad_template_is_refused_before_anything_is_read(printing, output):
    with pytest.raises(BadRequest, match="column"):
        printing(output)
