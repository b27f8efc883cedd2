"""`schema export`: the schemas as other programs take them."""

from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft7Validator

from mastractl.manifests import bundled
from mastractl.resources import definitions

SOURCE = {"apiVersion": "acme.io/v1", "kind": "DataSource", "metadata": {"name": "s"}, "spec": {"url": "x"}}


def kinds_of(schema):
    return {each["if"]["properties"]["kind"]["const"] for each in schema["allOf"]} - {"List"}


def test_all_kinds_or_some(cli):
    everything = cli.ok("schema", "export").json
    assert kinds_of(everything) == {kind.kind for kind in bundled.kinds()}
    assert kinds_of(cli.ok("schema", "export", "ag", "workflows").json) == {"Agent", "Workflow"}
    result = cli("schema", "export", "agnt")
    assert (result.code, result.out) == (3, "")
    assert "did you mean" in result.err


def test_no_store_is_needed(cli):
    cli.ok("schema", "export", "--for-editor")
    assert not cli.store.exists()


def test_an_editor_takes_the_short_forms(cli):
    document = {
        "apiVersion": "mastra.ai/v1",
        "kind": "Agent",
        "metadata": {"name": "x"},
        "spec": {"instructions": "Help.", "model": "openai/gpt-4o", "tools": ["finder"]},
    }
    assert Draft7Validator(cli.ok("schema", "export", "--for-editor").json).is_valid(document)
    assert not Draft7Validator(cli.ok("schema", "export").json).is_valid(document)
    agent = cli.ok("schema", "export", "agents").json["definitions"]["mastra.ai.v1.Agent"]
    assert "unique among" in agent["properties"]["metadata"]["properties"]["name"]["description"]


@pytest.mark.parametrize("way", ["directory", "store"])
def test_kinds_of_ones_own(cli, make, way):
    text = json.dumps(make.definition())
    if way == "store":
        cli.ok("apply", "-f", "-", stdin=text)
        schema = cli.ok("schema", "export", "--from-store").json
    else:
        cli.write("crds/ds.json", text)
        schema = cli.ok("schema", "export", "--schema-dir", "crds").json
    assert "DataSource" in kinds_of(schema)
    judge = Draft7Validator(schema)
    assert judge.is_valid(SOURCE)
    assert not judge.is_valid({**SOURCE, "spec": {"url": 5}})
    assert "DataSource" not in kinds_of(cli.ok("schema", "export").json)


def test_a_bad_definition_is_told_and_nothing_written(cli, make):
    broken = make.definition()
    del broken["spec"]["names"]
    cli.write("crds/ds.json", json.dumps(broken))
    result = cli("schema", "export", "--schema-dir", "crds")
    assert (result.code, result.out) == (4, "")
    assert "crds/ds.json" in result.err


class TestDefinitions:
    def test_are_those_of_the_repository(self, cli):
        listed = list(yaml.safe_load_all(cli.ok("schema", "export", "--format", "crd").out))
        named = {each["metadata"]["name"]: each for each in listed}
        for path in bundled.schema_directory().glob("*.yaml"):
            assert named.pop(path.stem) == yaml.safe_load(path.read_text())
        assert named == {}

    def test_as_json_are_a_list(self, cli):
        (one,) = cli.ok("schema", "export", "tools", "--format", "crd", "-o", "json").json["items"]
        assert one["apiVersion"] == "apiextensions.k8s.io/v1"
        kind, _ = definitions.kind_from_definition(one)
        assert kind.short_names == bundled.kinds().resolve("tools").short_names

    def test_of_ones_own_can_be_applied(self, cli, make):
        cli.write("crds/ds.json", json.dumps(make.definition()))
        text = cli.ok("schema", "export", "ds", "--schema-dir", "crds", "--format", "crd").out
        assert "created" in cli.ok("apply", "-f", "-", stdin=text).out
        assert "unchanged" in cli.ok("apply", "-f", "crds").out

    def test_have_no_short_forms(self, cli):
        assert cli("schema", "export", "--format", "crd", "--for-editor").code == 2


class TestOutput:
    def test_to_a_file_in_the_form_of_its_name(self, cli):
        result = cli.ok("schema", "export", "agents", "-o", "out.json")
        assert (result.out, result.err) == ("", "wrote out.json\n")
        as_json = json.loads((cli.directory / "out.json").read_text())
        cli.ok("schema", "export", "agents", "-o", "out.yaml")
        assert yaml.safe_load((cli.directory / "out.yaml").read_text()) == as_json
        assert yaml.safe_load(cli.ok("schema", "export", "agents", "-o", "yaml").out) == as_json

    def test_what_is_neither_form_nor_file(self, cli):
        assert "not 'xml'" in cli("schema", "export", "-o", "xml").err
        result = cli("schema", "export", "-o", "no/such/directory.json")
        assert result.code == 1
        assert "no/such/directory.json cannot be written" in result.err
