"""`explain` and `api-resources`: the kinds as a manual."""

from __future__ import annotations

import json

import pytest
import yaml


def test_explain_shows_a_type_and_its_fields(cli):
    out = cli.ok("explain", "agents").out
    assert out.startswith("GROUP:      mastra.ai\nKIND:       Agent\nVERSION:    v1\n\nDESCRIPTION:\n")
    assert "\n  spec\t<Object> -required-\n" in out
    assert "\n  metadata\t<ObjectMeta>" in out


@pytest.mark.parametrize("path", ["agent.spec.model", "ag.spec.model", "agents.mastra.ai.spec.model"])
def test_explain_walks_a_path_from_any_name_of_the_type(cli, path):
    out = cli.ok("explain", path).out
    assert "\nFIELD: model <Object>\n" in out
    assert "\n  provider\t<string> -required-\n" in out


def test_explain_recursive_is_the_tree_of_fields(cli):
    out = cli.ok("explain", "workflow.spec.steps", "--recursive").out
    assert "\n  id\t<string> -required-\n" in out
    assert "\n    namespace\t<string>\n" in out


def test_explain_answers_a_misspelt_field_with_the_nearest(cli):
    result = cli("explain", "agent.spec.instuctions")
    assert result.code == 3
    assert "field 'instuctions' does not exist in agent.spec" in result.err
    assert "hint: did you mean 'instructions'?" in result.err


def test_explain_knows_a_kind_of_ones_own(cli, store, make):
    store.apply(make.definition())
    assert "url\t<string>" in cli.ok("explain", "ds.spec").out


def test_explain_wraps_to_the_terminal(cli):
    assert max(map(len, cli.ok("explain", "agent.spec", COLUMNS="60").lines)) <= 60


def test_api_resources(cli, store, make):
    store.apply(make.definition())
    lines = cli.ok("api-resources").lines
    assert lines[0].split() == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    rows = [line.split() for line in lines[1:]]
    assert ["agents", "ag", "mastra.ai/v1", "true", "Agent"] in rows
    assert ["customresourcedefinitions", "crd", "mastra.ai/v1", "false", "CustomResourceDefinition"] in rows
    assert ["datasources", "ds", "acme.io/v1", "true", "DataSource"] in rows


def test_api_resources_can_be_narrowed(cli, store, make):
    store.apply(make.definition())
    assert cli.ok("api-resources", "-o", "name", "--api-group", "acme.io").out == "datasources.acme.io\n"
    cluster = cli.ok("api-resources", "-o", "name", "--namespaced=false").lines
    assert cluster == ["customresourcedefinitions.mastra.ai"]
    assert "agents.mastra.ai" in cli.ok("api-resources", "-o", "name", "--categories", "all").lines
    assert cli.ok("api-resources", "-o", "name", "--categories", "no-such").out == ""


def test_api_resources_for_programs(cli):
    document = json.loads(cli.ok("api-resources", "-o", "json").out)
    assert document == yaml.safe_load(cli.ok("api-resources", "-o", "yaml").out)
    agents = next(r for r in document["resources"] if r["name"] == "agents")
    assert (agents["kind"], agents["shortNames"], agents["namespaced"]) == ("Agent", ["ag"], True)
    wide = cli.ok("api-resources", "-o", "wide", "--sort-by", "kind", "--no-headers").lines
    assert [line.split()[-3] for line in wide] == sorted(line.split()[-3] for line in wide)
