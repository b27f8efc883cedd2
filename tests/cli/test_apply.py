from __future__ import annotations

import json

import pytest

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: x
spec:
  instructions: Help.
"""
BROKEN = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: broken
spec:
  instuctions: Help.
"""


def stored(store):
    return [r.name for r in store.list_all(["agents", "tools"])]


def test_created_then_unchanged_then_configured(cli):
    path = cli.write("a.yaml", AGENT)
    for expected in ("created", "unchanged"):
        result = cli.ok("apply", "-f", path)
        assert (result.out, result.err) == (f"agent.mastra.ai/x {expected}\n", "")
    path.write_text(AGENT.replace("Help.", "Help more."))
    assert cli.ok("apply", "-f", path).out == "agent.mastra.ai/x configured\n"


def test_what_is_applied_is_a_file_anyone_can_read(cli):
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    document = json.loads((cli.store / "agent" / "default" / "x.json").read_text())
    assert document["spec"] == {"instructions": "Help."}


def test_sources_files_directories_globs_and_standard_input(cli, manifest, store):
    cli.write("m/a.yaml", manifest("a"))
    cli.write("m/b.json", manifest("b"))
    cli.write("m/deep/c.yml", manifest("c"))
    cli.write("m/notes.txt", "not a manifest")
    assert cli.ok("apply", "-f", "m").lines == [f"agent.mastra.ai/{n} created" for n in "ab"]
    assert cli.ok("apply", "-R", "-f", "m").lines[2] == "agent.mastra.ai/c created"
    assert cli.ok("apply", "-f", "m/*.yaml").out == "agent.mastra.ai/a unchanged\n"
    assert cli.ok("apply", "-f", "-", stdin=manifest("d")).out == "agent.mastra.ai/d created\n"
    both = cli.ok("apply", "-f", "m/b.json", "-f", "m/a.yaml")
    assert both.lines == ["agent.mastra.ai/b unchanged", "agent.mastra.ai/a unchanged"]
    assert stored(store) == ["a", "b", "c", "d"]


def test_nothing_is_written_if_anything_is_wrong_and_all_of_it_is_told(cli, store):
    cli.write("m/a.yaml", AGENT)
    cli.write("m/b.yaml", BROKEN)
    cli.write("m/c.yaml", "a: [\n")
    result = cli("apply", "-f", "m")
    assert (result.code, result.out) == (4, "")
    assert "--> m/b.yaml:6:3  (.spec.instuctions)" in result.err
    assert " 6 |   instuctions: Help.\n   |   ^^^^^^^^^^^\n" in result.err
    assert 'did you mean "instructions"?' in result.err
    assert "--> m/c.yaml:" in result.err
    assert result.err.splitlines()[-1] == "error: nothing was applied: 2 errors in 2 files"
    assert stored(store) == []


def test_keep_going_applies_what_is_in_order(cli, store):
    cli.write("m/a.yaml", AGENT)
    cli.write("m/b.yaml", BROKEN)
    result = cli("apply", "-f", "m", "--keep-going")
    assert (result.code, result.out) == (4, "agent.mastra.ai/x created\n")
    assert result.err.splitlines()[-1] == "error: 1 applied, but not the rest: 1 error in 1 file"
    assert stored(store) == ["x"]


def test_keep_going_reports_what_the_store_refuses_and_applies_the_rest(cli, store):
    stale = AGENT.replace("name: x", 'name: x\n  resourceVersion: "7"')
    cli.write("a.yaml", f"{stale}---\n{AGENT.replace('name: x', 'name: z')}")
    whole = cli("apply", "-f", "a.yaml")
    assert (whole.code, whole.out) == (5, "")
    assert stored(store) == []
    result = cli("apply", "-f", "a.yaml", "--keep-going")
    assert (result.code, result.out) == (5, "agent.mastra.ai/z created\n")
    assert result.err.startswith("Error from server (Conflict): a.yaml:1: agents.mastra.ai")
    assert stored(store) == ["z"]


def test_a_conflict_names_the_manifest(cli, store):
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT.replace("Help.", "More.")))
    stale = AGENT.replace("name: x", 'name: x\n  resourceVersion: "1"')
    result = cli("apply", "-f", cli.write("b.yaml", f"{AGENT.replace('name: x', 'name: z')}---\n{stale}"))
    assert result.code == 5
    assert result.err.startswith(
        f'Error from server (Conflict): {cli.directory}/b.yaml:8: agents.mastra.ai "x"'
    )
    assert stored(store) == ["x"]


@pytest.mark.parametrize(("mode", "suffix"), [("client", " (dry run)"), ("server", " (server dry run)")])
def test_a_dry_run_is_exact_and_writes_nothing(cli, store, mode, suffix):
    cli.ok("apply", "-f", cli.write("x.yaml", AGENT))
    cli.write("m.yaml", f"{AGENT}---\n{AGENT.replace('name: x', 'name: z')}")
    before = store.engine.revision()
    assert cli.ok("apply", "-f", "m.yaml", f"--dry-run={mode}").lines == [
        f"agent.mastra.ai/x unchanged{suffix}",
        f"agent.mastra.ai/z created{suffix}",
    ]
    assert store.engine.revision() == before
    assert cli.ok("apply", "-f", "m.yaml", "--dry-run=none").lines[1] == "agent.mastra.ai/z created"


def test_a_bare_dry_run_is_an_error(cli):
    result = cli("apply", "-f", "m.yaml", "--dry-run")
    assert result.code == 2
    assert result.err == (
        "error: --dry-run needs a value\nhint: write --dry-run=client or --dry-run=server\n"
    )


def test_other_forms(cli, make):
    path = cli.write("m.yaml", AGENT)
    assert cli.ok("apply", "-f", path, "-o", "name").out == "agent.mastra.ai/x\n"
    one = cli.ok("apply", "-f", path, "-o", "json").json
    assert (one["kind"], one["metadata"]["generation"]) == ("Agent", 1)
    cli.write("m.yaml", f"{AGENT}---\n{AGENT.replace('name: x', 'name: z')}")
    assert cli.ok("apply", "-f", path, "-o", "json").json["kind"] == "List"
    assert "kind: Agent" in cli.ok("apply", "-f", path, "-o", "yaml").out
    assert cli.ok("apply", "-f", path, "-o", "jsonpath={.items[*].metadata.name}").out == "x z"
    assert cli("apply", "-f", path, "-o", "wide").code == 2


def test_what_is_wrong_as_json(cli):
    cli.write("m/a.yaml", AGENT + "status: {phase: Running}\n")
    cli.write("m/b.yaml", BROKEN)
    result = cli("apply", "-f", "m", "-o", "json")
    assert (result.code, result.out) == (4, "")
    warning, status = map(json.loads, result.err.splitlines())
    assert warning == {
        "kind": "Warning",
        "message": "m/a.yaml:7:1: status is ignored: controllers write it",
        "hint": "remove it from the manifest",
    }
    assert (status["kind"], status["reason"], status["code"]) == ("Status", "Invalid", 422)
    assert [(c["code"], c["field"], c["place"]) for c in status["causes"]] == [
        ("MA101", ".spec.instuctions", "m/b.yaml:6:3")
    ]


@pytest.mark.parametrize(
    ("flag", "code", "said"),
    [
        ("--validate=strict", 4, "error[unknown-field]"),
        ("--validate=true", 4, "error[unknown-field]"),
        ("--validate", 4, "error[unknown-field]"),
        ("--validate=warn", 0, "warning[unknown-field]"),
        ("--validate=ignore", 0, ""),
        ("--validate=false", 0, ""),
    ],
)
def test_unknown_fields_are_what_validate_says(cli, flag, code, said):
    cli.write("m.yaml", AGENT + "  nope: 1\n")
    result = cli("apply", "-f", "m.yaml", flag)
    assert result.code == code
    assert said in result.err
    assert bool(result.err) == bool(said)
    if not code:
        assert "nope" not in (cli.store / "agent" / "default" / "x.json").read_text()


class TestNamespaces:
    def test_the_flag_fills_in_and_may_not_contradict(self, cli, store):
        cli.ok("apply", "-f", cli.write("a.yaml", AGENT), "-n", "cooking")
        assert store.get("agents", namespace="cooking", name="x")
        other = AGENT.replace("name: x", "name: x\n  namespace: baking")
        result = cli("apply", "-f", cli.write("b.yaml", other), "-n", "cooking")
        assert result.code == 4
        assert "error[namespace-mismatch]" in result.err
        assert "--> " in result.err
        assert "b.yaml:5:14" in result.err
        cli.ok("apply", "-f", "b.yaml")
        assert store.get("agents", namespace="baking", name="x")

    def test_a_namespace_that_was_configured_only_fills_in(self, cli, store):
        other = AGENT.replace("name: x", "name: x\n  namespace: baking")
        cli.write("m.yaml", f"{AGENT}---\n{other}")
        cli.ok("apply", "-f", "m.yaml", MASTRACTL_NAMESPACE="cooking")
        assert {r.namespace for r in store.list("agents")} == {"cooking", "baking"}


class TestReferences:
    REFERRING = AGENT + "  tools:\n    - name: finder\n      ref: cooking.finder\n"
    TOOL = """\
apiVersion: mastra.ai/v1
kind: Tool
metadata: {name: finder, namespace: cooking}
spec: {description: Finds.}
"""

    def test_a_dangling_one_is_a_warning(self, cli):
        result = cli.ok("apply", "-f", cli.write("a.yaml", self.REFERRING))
        assert "warning[dangling-reference]: tool.mastra.ai/cooking/finder does not exist" in result.err
        assert "a.yaml:9:12  (.spec.tools[0].ref)" in result.err
        assert cli.ok("apply", "-f", "a.yaml", "-q").err == ""

    def test_and_an_error_if_that_is_asked_for(self, cli, store):
        result = cli("apply", "-f", cli.write("a.yaml", self.REFERRING), "--strict-refs")
        assert result.code == 4
        assert "error[dangling-reference]" in result.err
        assert stored(store) == []

    def test_the_run_itself_or_the_store_satisfies_it(self, cli):
        cli.write("a.yaml", f"{self.REFERRING}---\n{self.TOOL}")
        assert cli.ok("apply", "-f", "a.yaml", "--strict-refs").err == ""
        cli.write("a.yaml", self.REFERRING)
        assert cli.ok("apply", "-f", "a.yaml", "--strict-refs").err == ""

    def test_several_to_the_same_are_one_finding(self, cli):
        others = "---\n".join(self.REFERRING.replace("name: x", f"name: x{n}") for n in range(3))
        result = cli.ok("apply", "-f", cli.write("a.yaml", others))
        assert result.err.count("dangling-reference") == 1
        assert "does not exist (and 2 more references to it)" in result.err


def test_a_definition_and_its_resources_apply_from_one_file_in_any_order(cli, store, make):
    source = make.resource("s", kind="DataSource", url="x") | {"apiVersion": "acme.io/v1"}
    text = f"{json.dumps(source)}\n---\n{json.dumps(make.definition())}\n"
    assert cli.ok("apply", "-f", cli.write("m.yaml", text)).lines == [
        "customresourcedefinition.mastra.ai/datasources.acme.io created",
        "datasource.acme.io/s created",
    ]
    assert cli.ok("get", "ds", "-o", "name").out == "datasource.acme.io/s\n"


def test_the_same_resource_twice(cli):
    result = cli.ok("apply", "-f", cli.write("m.yaml", f"{AGENT}---\n{AGENT}"))
    assert result.out == "agent.mastra.ai/x created\n"
    assert "warning[duplicate-resource]" in result.err or "given twice" in result.err
    result = cli("apply", "-f", cli.write("m.yaml", f"{AGENT}---\n{AGENT.replace('Help', 'Do not help')}"))
    assert result.code == 4
    assert "given twice, and differently" in result.err


def test_what_is_being_deleted_is_warned_of(cli, store, make):
    store.apply(make.resource("x", finalizers=["acme.io/hold"]))
    cli.ok("delete", "agent", "x", "--wait=false")
    result = cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    assert "agent.mastra.ai/x is being deleted" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "error: you must say which manifests"),
        (["a.yaml"], 2, "hint: did you mean -f a.yaml?"),
        (["-f", "nope.yaml"], 4, "there is no such file or directory"),
        (["-f", "empty.yaml"], 4, "error: no objects passed to apply"),
        (["-f", "folder"], 4, "there is no manifest in this directory"),
        (["-f", "https://example.com/x.yaml"], 4, "not read over the network"),
        (["-f", "-", "--validate=perhaps"], 2, "'perhaps' is not one of"),
    ],
)
def test_what_makes_no_sense(cli, arguments, code, said):
    cli.write("empty.yaml", "# nothing\n")
    (cli.directory / "folder").mkdir()
    result = cli("apply", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert "Traceback" not in result.err


def test_by_manifest_for_get_and_delete(cli):
    cli.write("m.yaml", f"{AGENT}---\n{AGENT.replace('name: x', 'name: z')}")
    cli.ok("apply", "-f", "m.yaml")
    assert cli.ok("get", "-f", "m.yaml", "-o", "name").lines == ["agent.mastra.ai/x", "agent.mastra.ai/z"]
    cli.ok("delete", "agent", "x")
    partly = cli("get", "-f", "m.yaml", "-o", "name")
    assert (partly.code, partly.lines) == (3, ["agent.mastra.ai/z"])
    assert partly.err == 'Error from server (NotFound): agents.mastra.ai "x" not found\n'
    result = cli("delete", "-f", "m.yaml")
    assert (result.code, result.out) == (3, 'agent.mastra.ai "z" deleted\n')
    assert cli.ok("delete", "-f", "m.yaml", "--ignore-not-found").out == ""


def test_a_manifest_that_names_nothing_deletes_nothing(cli):
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    cli.write(
        "b.yaml", f"{AGENT}---\nkind: Agent\napiVersion: mastra.ai/v1\nmetadata: {{}}\n---\nkind: Nope\n"
    )
    result = cli("delete", "-f", "b.yaml")
    assert (result.code, result.out) == (4, "")
    assert "the resource has no metadata.name" in result.err
    assert result.err.splitlines()[-1] == "error: nothing was done: 2 errors in 1 file"
    assert cli.ok("get", "agents", "-o", "name").out == "agent.mastra.ai/x\n"


def test_what_a_broken_manifest_names_can_be_deleted_all_the_same(cli):
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    cli.write("a.yaml", AGENT.replace("instructions", "instuctions"))
    assert cli.ok("delete", "-f", "a.yaml").out == 'agent.mastra.ai "x" deleted\n'


def test_delete_by_manifest_minds_the_namespace_flag_scopes_and_broken_definitions(cli, make):
    cli.write("a.yaml", AGENT.replace("name: x", "name: x\n  namespace: baking"))
    result = cli("delete", "-f", "a.yaml", "-n", "cooking")
    assert result.code == 4
    assert "error[namespace-mismatch]" in result.err
    definition = make.definition()
    cli.write("b.json", json.dumps(definition))
    cli.ok("apply", "-f", "b.json")
    assert cli.ok("delete", "-f", "b.json").lines == [
        'customresourcedefinition.mastra.ai "datasources.acme.io" deleted'
    ]
    definition["spec"]["names"] = {}
    cli.write("b.json", json.dumps(definition))
    assert cli("delete", "-f", "b.json").code == 3


def test_delete_by_manifest_knows_the_kinds_the_manifests_define(cli, make):
    source = make.resource("s", kind="DataSource", url="x") | {"apiVersion": "acme.io/v1"}
    cli.write("m.yaml", f"{json.dumps(make.definition())}\n---\n{json.dumps(source)}\n")
    result = cli("delete", "-f", "m.yaml")
    assert result.code == 3
    assert result.err.count("not found") == 2


def test_a_file_that_cannot_be_read_deletes_nothing(cli):
    cli.ok("apply", "-f", cli.write("a.yaml", AGENT))
    assert cli("delete", "-f", "a.yaml", "-f", "nope.yaml").code == 4
    assert cli.ok("get", "agents", "-o", "name").out == "agent.mastra.ai/x\n"
