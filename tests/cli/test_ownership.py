"""Who owns what, as the command line shows it: server-side apply, conflicts, and what was applied last."""

from __future__ import annotations

import json

import pytest
import yaml

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: cook
spec:
  instructions: Cook.
  model: {provider: openai, name: gpt-4}
"""
PART = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: cook
spec:
  instructions: Bake.
  description: Bakes.
"""
TEAM = ("--server-side", "--field-manager", "team")


@pytest.fixture
def applied(cli):
    cli.write("a.yaml", AGENT)
    cli.write("part.yaml", PART)
    cli.ok("apply", "-f", "a.yaml")
    return cli


def spec(cli):
    return cli.ok("get", "agent", "cook", "-o", "json").json["spec"]


def managers(cli):
    entries = cli.ok("get", "agent", "cook", "-o", "json", "--show-managed-fields").json["metadata"]
    return {entry["manager"] for entry in entries["managedFields"]}


def test_a_conflict_is_told_at_the_line_of_each_field(applied):
    result = applied("apply", "-f", "part.yaml", *TEAM)
    assert (result.code, result.out) == (5, "")
    assert 'error[field-conflict]: conflict with "mastractl"\n --> part.yaml:6:17' in result.err.replace(
        "  -->", " -->"
    )
    assert "Error from server (Conflict): part.yaml:1: Apply failed with 1 conflict" in result.err
    assert "--force-conflicts" in result.err
    assert spec(applied)["instructions"] == "Cook."


def test_a_conflict_as_json_has_the_place_in_its_causes(applied):
    problem = applied("apply", "-f", "part.yaml", *TEAM, "-o", "json").problem
    (cause,) = problem["causes"]
    assert problem["reason"] == "Conflict"
    assert (cause["field"], cause["place"]) == (".spec.instructions", "part.yaml:6:17")
    assert cause["reason"] == "FieldManagerConflict"


def test_the_conflicts_of_all_manifests_are_told_in_one_run(applied):
    other = AGENT.replace("cook", "boil")
    applied.ok("apply", "-f", applied.write("b.yaml", other))
    applied.write("both.yaml", f"{PART}---\n{PART.replace('cook', 'boil')}")
    result = applied("apply", "-f", "both.yaml", *TEAM)
    assert result.code == 5
    assert "both.yaml:6:17" in result.err
    assert "both.yaml:14:17" in result.err
    assert "Apply failed with 2 conflicts in 2 resources; nothing was applied" in result.err


def test_force_takes_over_and_a_part_is_enough(applied):
    result = applied.ok("apply", "-f", "part.yaml", *TEAM, "--force-conflicts")
    assert (result.out, result.err) == ("agent.mastra.ai/cook serverside-applied\n", "")
    assert spec(applied)["instructions"] == "Bake."
    assert spec(applied)["model"]["name"] == "gpt-4"
    assert managers(applied) == {"mastractl", "team"}


def test_a_part_of_nothing_is_not_enough(cli):
    cli.write("part.yaml", PART.replace("  instructions: Bake.\n", ""))
    result = cli("apply", "-f", "part.yaml", "--server-side")
    assert result.code == 4
    assert "instructions" in result.err


def test_a_merge_that_does_not_hold_together_names_the_manifest(cli, make):
    definition = make.definition()
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    texts = {"a": {"type": "string"}, "b": {"type": "string"}}
    schema["properties"]["spec"] = {"type": "object", "maxProperties": 1, "properties": texts}
    cli.ok("apply", "-f", cli.write("crd.json", json.dumps(definition)))
    one, other = (
        make.resource("s", kind="DataSource", **spec) | {"apiVersion": "acme.io/v1"}
        for spec in ({"a": "1"}, {"b": "1"})
    )
    cli.ok("apply", "-f", cli.write("one.json", json.dumps(one)))
    result = cli("apply", "-f", cli.write("other.json", json.dumps(other)), *TEAM)
    assert result.code == 4
    assert 'other.json:1: datasource.acme.io "s" is invalid: spec: ' in result.err


def test_plain_apply_takes_over_and_says_from_whom(applied):
    applied.ok("apply", "-f", "part.yaml", *TEAM, "--force-conflicts")
    result = applied.ok("apply", "-f", "a.yaml")
    assert result.out == "agent.mastra.ai/cook configured\n"
    assert "warning[taken-over]" in result.err
    assert 'was applied by the manager "team" and is taken over' in result.err
    assert "a.yaml:6:17" in result.err
    assert spec(applied)["description"] == "Bakes."


def test_without_overwriting_a_plain_apply_stops(applied):
    applied.ok("apply", "-f", "part.yaml", *TEAM, "--force-conflicts")
    result = applied("apply", "-f", "a.yaml", "--overwrite=false")
    assert "--force-conflicts" not in result.err  # that goes with --server-side only
    assert "by leaving out --no-overwrite" in result.err
    assert result.code == 5
    assert 'conflict with "team"' in result.err


def test_keep_going_tells_each_conflict_and_applies_the_rest(applied):
    applied.write("m.yaml", f"{PART}---\n{AGENT.replace('cook', 'new')}")
    result = applied("apply", "-f", "m.yaml", *TEAM, "--keep-going")
    assert (result.code, result.out) == (5, "agent.mastra.ai/new serverside-applied\n")
    assert "part" not in result.err
    assert "m.yaml:6:17" in result.err


def test_what_others_set_stays(applied):
    applied.ok("label", "agent", "cook", "by=hand")
    applied.ok("patch", "agent", "cook", "-p", '{"spec": {"description": "Patched."}}')
    applied.ok("apply", "-f", applied.write("a.yaml", AGENT.replace("Cook.", "Fry.")))
    document = applied.ok("get", "agent", "cook", "-o", "json").json
    assert document["metadata"]["labels"] == {"by": "hand"}
    assert document["spec"]["description"] == "Patched."
    assert managers(applied) == {"mastractl", "mastractl-label", "mastractl-patch"}


def test_an_edit_of_the_file_belongs_to_external_edit(applied):
    path = applied.store / "agent" / "default" / "cook.json"
    document = json.loads(path.read_text())
    document["spec"]["description"] = "By hand."
    path.write_text(json.dumps(document))
    assert managers(applied) == {"mastractl", "external-edit"}
    applied.ok("apply", "-f", applied.write("a.yaml", AGENT.replace("Cook.", "Fry.")))
    assert spec(applied)["description"] == "By hand."


def test_owners_are_shown_only_where_asked_for(applied):
    assert "managedFields" not in applied.ok("get", "agent", "cook", "-o", "yaml").out
    assert "managedFields" in applied.ok("get", "agents", "-o", "yaml", "--show-managed-fields").out
    assert applied.ok("get", "agents", "--show-managed-fields").lines[0].startswith("NAME")


def test_a_manifest_that_was_exported_with_its_owners_can_be_applied(applied):
    exported = applied.ok("get", "agent", "cook", "-o", "yaml", "--show-managed-fields").out
    document = yaml.safe_load(exported)
    del document["metadata"]["resourceVersion"]
    applied.write("back.yaml", yaml.safe_dump(document))
    assert applied.ok("apply", "-f", "back.yaml").out == "agent.mastra.ai/cook unchanged\n"


@pytest.mark.parametrize(
    "arguments",
    [("agent", "cook"), ("agent/cook",), ("agents", "--all"), ("-f", "a.yaml"), ("agents", "-l", "app!=x")],
)
def test_what_was_applied_last(applied, arguments):
    applied.ok("patch", "agent", "cook", "-p", '{"spec": {"description": "Patched."}}')
    shown = yaml.safe_load(applied.ok("apply", "view-last-applied", *arguments).out)
    given = yaml.safe_load(AGENT)
    given["metadata"]["namespace"] = "default"
    assert shown == given


def test_what_was_applied_last_in_other_ways(applied):
    shown = applied.ok("apply", "-n", "default", "view-last-applied", "agent", "cook", "-o", "json").json
    assert shown["spec"]["instructions"] == "Cook."
    applied.ok("create", "agent", "made", "--model", "openai/gpt-4o", "--instructions", "Help.")
    result = applied("apply", "view-last-applied", "agents", "--all")
    assert result.code == 1
    assert "name: cook" in result.out
    assert "error: agent.mastra.ai/made was not applied by 'mastractl'" in result.err
    assert applied("apply", "view-last-applied", "agent", "nope").code == 3
    assert applied("apply", "view-last-applied").code == 2
    assert applied("apply", "view-last-applied", "agents").code == 2


def test_sub_verb_help(cli):
    assert "view-last-applied" in cli.ok("apply", "--help").out
    own = cli.ok("apply", "view-last-applied", "--help").out
    assert own.startswith("Usage: mastractl apply view-last-applied")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--force-conflicts"], "--force-conflicts only works with --server-side"),
        (["--field-manager", ""], "--field-manager needs a name"),
        (["-k", "here"], "--kustomize"),
    ],
)
def test_what_makes_no_sense(applied, arguments, said):
    result = applied("apply", "-f", "a.yaml", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_selector_chooses_among_the_manifests(cli, manifest):
    cli.write("m.yaml", manifest("a", labels={"app": "x"}) + "---\n" + manifest("b"))
    assert cli.ok("apply", "-f", "m.yaml", "-l", "app=x").out == "agent.mastra.ai/a created\n"
    result = cli("apply", "-f", "m.yaml", "-l", "app=y")
    assert result.code == 4
    assert "no manifest has the labels" in result.err


def test_diff_knows_managers(applied):
    result = applied("diff", "-f", "part.yaml", *TEAM)
    assert result.code == 5
    assert "conflict with" in result.err
    forced = applied("diff", "-f", "part.yaml", *TEAM, "--force-conflicts")
    assert forced.code == 1
    assert "-  instructions: Cook.\n" in forced.out
    assert "+  instructions: Bake.\n" in forced.out
    assert "managedFields" not in forced.out
    shown = applied("diff", "-f", "part.yaml", *TEAM, "--force-conflicts", "--show-managed-fields")
    assert "+  - manager: team\n" in shown.out


def test_diff_shows_a_change_of_owners_alone_where_asked_for(applied):
    applied.write("same.yaml", AGENT)
    arguments = ("diff", "-f", "same.yaml", "--server-side", "--field-manager", "team")
    assert applied.ok(*arguments).out == ""
    assert applied(*arguments, "--show-managed-fields").code == 1
