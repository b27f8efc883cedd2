from __future__ import annotations

import json

import pytest

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: cook
  namespace: cooking
spec:
  instructions: Cook.
  model: {provider: openai, name: gpt-4}
  tools:
    - name: oven
    - name: knife
"""


@pytest.fixture
def applied(cli):
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    return cli


def test_nothing_to_do(applied):
    result = applied.ok("plan", "-f", "a.yaml")
    assert result.out == "0 to create, 0 to change, 0 to delete\n"
    assert applied("plan", "-f", "a.yaml", "--detailed-exitcode").code == 0


def test_what_would_be_created_and_changed(applied, manifest):
    changed = AGENT.replace("Cook.", "Bake.").replace("    - name: oven\n", "    - name: whisk\n")
    changed = changed.replace("model: {provider: openai, name: gpt-4}", "description: Bakes.")
    applied.write("a.yaml", changed + "---\n" + manifest("new", labels={"app": "x"}))
    before = applied.ok("get", "agents", "-A", "-o", "json").out
    result = applied.ok("plan", "-f", "a.yaml")
    assert result.lines == [
        "~ agent.mastra.ai/cook (namespace cooking)",
        '    ~ .spec.instructions: "Cook." -> "Bake."',
        '    - .spec.model: {"provider": "openai", "name": "gpt-4"}',
        '    - .spec.tools[name="oven"]: {"name": "oven"}',
        '    + .spec.tools[name="whisk"]: {"name": "whisk"}',
        '    + .spec.description: "Bakes."',
        "",
        "+ agent.mastra.ai/new (namespace default)",
        '    + .metadata.labels: {"app": "x"}',
        '    + .spec.instructions: "Help."',
        "",
        "1 to create, 1 to change, 0 to delete",
    ]
    assert applied("plan", "-f", "a.yaml", "--detailed-exitcode").code == 2
    assert applied.ok("get", "agents", "-A", "-o", "json").out == before


def test_what_would_be_pruned(cli, manifest):
    cli.write("m/a.yaml", manifest("a") + "---\n" + manifest("b"))
    cli.ok("apply", "-f", "m", "--set", "s")
    cli.write("m/a.yaml", manifest("a"))
    noted = cli.ok("plan", "-f", "m", "--set", "s")
    assert noted.lines[-1] == "0 to create, 0 to change, 0 to delete"
    assert "agent.mastra.ai/b" in noted.err
    result = cli.ok("plan", "-f", "m", "--set", "s", "--prune")
    assert result.lines == [
        "- agent.mastra.ai/b (namespace default)",
        "",
        "0 to create, 0 to change, 1 to delete",
    ]


def test_what_apply_would_refuse_to_prune_is_shown_with_a_warning(cli, manifest):
    cli.write("m.yaml", "---\n".join(manifest(f"a{n}") for n in range(8)))
    cli.ok("apply", "-f", "m.yaml", "--set", "s")
    result = cli.ok("plan", "-f", cli.write("m.yaml", manifest("a0")), "--set", "s", "--prune")
    assert result.lines[-1] == "0 to create, 0 to change, 7 to delete"
    assert "Warning: pruning would remove 7 of 8 members" in result.err
    assert "--yes" in result.err


def test_as_json(applied):
    applied.write("a.yaml", AGENT.replace("Cook.", "Bake."))
    told = applied.ok("plan", "-f", "a.yaml", "-o", "json").json
    assert told["summary"] == {"create": 0, "change": 1, "delete": 0}
    (change,) = told["changes"]
    assert (change["action"], change["kind"], change["name"]) == ("change", "Agent", "cook")
    assert change["fields"] == [{"path": ".spec.instructions", "before": "Cook.", "after": "Bake."}]


def test_an_error_is_never_taken_for_changes(applied):
    for arguments in (
        [],
        ["-f", "a.yaml", "--prune"],
        ["-f", "nope.yaml"],
        ["-f", "a.yaml", "--force-conflicts"],
        ["-f", "a.yaml", "--bogus"],
        ["-f", "a.yaml", "--color=red"],
        ["-f"],
    ):
        assert applied("plan", *arguments, "--detailed-exitcode").code not in {0, 2}
    assert applied("plan", "-f", "a.yaml", "--prune").code == 2


def test_items_that_moved_are_told_as_an_order(applied):
    turned = AGENT.replace("    - name: oven\n    - name: knife\n", "    - name: knife\n    - name: oven\n")
    result = applied.ok("plan", "-f", applied.write("a.yaml", turned))
    assert result.lines[1] == '    ~ .spec.tools (order): ["oven", "knife"] -> ["knife", "oven"]'


def test_in_colour(applied):
    applied.write("a.yaml", AGENT.replace("Cook.", "Bake."))
    assert "\x1b[33m~ agent.mastra.ai/cook" in applied.ok("plan", "-f", "a.yaml", "--color=always").out


def test_lists_without_names_are_compared_by_place(applied):
    schema = {"type": "object", "required": ["a", "b"]}

    def tool(required):
        spec = {"description": "It.", "inputSchema": schema | {"required": required}}
        return json.dumps(
            {"apiVersion": "mastra.ai/v1", "kind": "Tool", "metadata": {"name": "t"}, "spec": spec}
        )

    applied.ok("apply", "-f", applied.write("t.yaml", tool(["a", "b"])))
    result = applied.ok("plan", "-f", applied.write("t.yaml", tool(["a", "c", "d"])))
    assert '    ~ .spec.inputSchema.required[1]: "b" -> "c"' in result.lines
    assert '    + .spec.inputSchema.required[2]: "d"' in result.lines
