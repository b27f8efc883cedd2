from __future__ import annotations

import json

import pytest


@pytest.fixture
def one(store, make):
    store.apply(
        make.resource(
            "x",
            labels={"app": "web"},
            instructions="Help.",
            model={"provider": "openai", "name": "gpt-4"},
            tools=[{"name": "a"}, {"name": "b"}],
        )
    )
    return store


def spec(store):
    return store.require("agents", name="x").spec


@pytest.mark.parametrize("how", [[], ["--type=merge"], ["--type", "merge"]])
@pytest.mark.parametrize(
    "patch",
    ['{"spec":{"model":{"name":"gpt-4o"},"tools":null}}', "spec: {model: {name: gpt-4o}, tools: null}"],
)
def test_a_merge_patch_is_the_usual_one(cli, one, how, patch):
    result = cli.ok("patch", "agent", "x", *how, "-p", patch)
    assert (result.lines, result.err) == (["agent.mastra.ai/x patched"], "")
    assert spec(one) == {"instructions": "Help.", "model": {"provider": "openai", "name": "gpt-4o"}}
    again = cli.ok("patch", "agent", "x", *how, "-p", patch)
    assert again.lines == ["agent.mastra.ai/x patched (no change)"]


def test_a_json_patch(cli, one):
    operations = [
        {"op": "test", "path": "/spec/tools/1/name", "value": "b"},
        {"op": "remove", "path": "/spec/tools/0"},
        {"op": "add", "path": "/metadata/labels/tier", "value": "gold"},
    ]
    assert cli.ok("patch", "agent/x", "--type=json", "-p", json.dumps(operations)).lines == [
        "agent.mastra.ai/x patched"
    ]
    assert spec(one)["tools"] == [{"name": "b"}]
    assert one.require("agents", name="x").labels == {"app": "web", "tier": "gold"}


def test_a_json_patch_that_does_not_apply_changes_nothing_and_says_where(cli, one):
    operations = [
        {"op": "replace", "path": "/spec/instructions", "value": "No."},
        {"op": "test", "path": "/spec/model/name", "value": "other"},
    ]
    result = cli("patch", "agent", "x", "--type=json", "-p", json.dumps(operations))
    assert (result.code, result.out) == (4, "")
    assert 'operation 1 (test /spec/model/name): the value there is not "other"' in result.err
    assert spec(one)["instructions"] == "Help."
    told = cli("patch", "agent", "x", "--type=json", "-p", json.dumps(operations), "-o", "json").problem
    assert (told["reason"], told["causes"][0]["code"]) == ("Invalid", "MA150")


def test_the_patch_may_come_from_a_file_or_standard_input(cli, one):
    cli.write("p.yaml", "spec:\n  role: cook\n")
    cli.ok("patch", "agent", "x", "--patch-file", "p.yaml")
    assert spec(one)["role"] == "cook"
    cli.ok("patch", "agent", "x", "--patch-file", "-", stdin="spec: {role: null}")
    assert "role" not in spec(one)
    missing = cli("patch", "agent", "x", "--patch-file", "nope.yaml")
    assert (missing.code, missing.out) == (1, "")
    assert "nope.yaml: No such file" in missing.err


def test_several_at_once_and_by_manifest(cli, one, make):
    one.apply(make.resource("y"))
    cli.write("y.yaml", make.manifest("y"))
    done = cli.ok("patch", "agents", "x", "y", "-p", "spec: {role: r}")
    assert done.lines == ["agent.mastra.ai/x patched", "agent.mastra.ai/y patched"]
    assert cli.ok("patch", "-f", "y.yaml", "-p", "spec: {role: s}").lines == ["agent.mastra.ai/y patched"]
    part = cli("patch", "agents", "x", "nope", "-p", "spec: {role: t}")
    assert (part.code, part.lines) == (3, ["agent.mastra.ai/x patched"])


def test_the_status_is_a_subresource(cli, one):
    patch = '{"status":{"phase":"Running"},"spec":{"role":"r"}}'
    ignored = cli.ok("patch", "agent", "x", "-p", '{"status":{"phase":"Running"}}')
    assert ignored.lines == ["agent.mastra.ai/x patched (no change)"]
    assert "status is ignored" in ignored.err
    cli.ok("patch", "agent", "x", "--subresource=status", "-p", patch)
    found = one.require("agents", name="x")
    assert (found.status, found.generation) == ({"phase": "Running"}, 1)
    assert "role" not in found.spec


def test_scale_is_a_subresource(cli, one, make):
    definition = make.definition(plural="workers", kind="Worker")
    version = definition["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] = {"n": {"type": "integer"}}
    version["subresources"] = {"scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}}
    worker = {"apiVersion": "acme.io/v1", "kind": "Worker", "metadata": {"name": "w"}, "spec": {"n": 1}}
    one.apply_all([definition, worker])
    cli.ok("patch", "worker", "w", "--subresource=scale", "-p", '{"spec":{"replicas":4}}')
    assert one.require("workers", name="w").spec == {"n": 4}
    assert cli("patch", "agent", "x", "--subresource=scale", "-p", '{"spec":{"replicas":4}}').code == 1


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (
            {"metadata": {"name": "y"}},
            "metadata.name: the field is immutable: it is 'x' and cannot become 'y'",
        ),
        ({"metadata": {"namespace": "y"}}, "metadata.namespace: the field is immutable"),
        ({"kind": "Tool"}, "kind: the field is immutable"),
        ({"metadata": None}, "metadata: it must be an object"),
        ({"spec": {"instuctions": "x"}}, "spec.instuctions"),
        ({"spec": {"instructions": None}}, "spec.instructions"),
        ({"metadata": {"labels": {"a": "b c"}}}, "metadata.labels.a"),
    ],
)
def test_the_result_must_be_valid_and_the_same_resource(cli, one, patch, said):
    result = cli("patch", "agent", "x", "-p", json.dumps(patch))
    assert (result.code, result.out) == (4, "")
    assert said in result.err
    assert one.require("agents", name="x").generation == 1


def test_a_resource_version_in_the_patch_is_a_condition(cli, one):
    version = one.require("agents", name="x").resource_version
    patch = json.dumps({"metadata": {"resourceVersion": version}, "spec": {"role": "r"}})
    cli.ok("patch", "agent", "x", "-p", patch)
    again = json.dumps({"metadata": {"resourceVersion": version}, "spec": {"role": "s"}})
    stale = cli("patch", "agent", "x", "-p", again)
    assert (stale.code, stale.out) == (5, "")
    assert "read it again and make the change anew" in stale.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["agent", "x"], 2, "must specify --patch or --patch-file"),
        (["agent", "x", "-p", "a: b", "--patch-file", "p"], 2, "and not both"),
        (["agents", "-p", "a: b"], 2, "no name was specified"),
        (["-p", "a: b"], 2, "you must provide one or more resources"),
        (["agent", "x", "--type=strategic", "-p", "a: b"], 2, "use --type=merge"),
        (["agent", "x", "-p", "{"], 4, "the patch, line 1, column 1"),
        (["agent", "x", "-p", "[]"], 4, "a list of operations needs --type=json"),
        (["agent", "x", "-p", ""], 4, "this is no object"),
        (["agent", "x", "-p", "a: b\n---\na: c"], 4, "only one document is expected here"),
        (["agent", "x", "--type=json", "-p", "{}"], 1, "a JSON patch is a list of operations"),
        (["agent", "x", "--type=json", "-p", '[{"op":"add"}]'], 1, 'operation 0: add needs "path"'),
        (["agent", "x", "-p", "a: b", "--subresource=nope"], 2, "--subresource"),
    ],
)
def test_what_is_no_patch_changes_nothing(cli, one, arguments, code, said):
    result = cli("patch", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert one.require("agents", name="x").generation == 1


def test_dry_run_forms_and_manager(cli, one):
    patch = "spec: {role: r}"
    assert cli.ok("patch", "agent", "x", "-p", patch, "--dry-run=server").lines == [
        "agent.mastra.ai/x patched (server dry run)"
    ]
    assert (
        cli.ok("patch", "agent", "x", "-p", patch, "--dry-run=client", "-o", "yaml").out.count("role: r") == 1
    )
    assert "role" not in spec(one)
    assert cli.ok("patch", "agent", "x", "-p", patch, "-o", "json").json["spec"]["role"] == "r"
    cli.ok("patch", "agent", "x", "-p", "spec: {role: s}", "--field-manager=me")
    assert [r.manager for r in one.history("agents", name="x")][1:] == ["mastractl-patch", "me"]


class TestApplied:
    """`--type=apply`: `apply --server-side` of some fields of resources that are named."""

    TEAM = ("--type=apply", "--field-manager=team")

    def apply(self, cli, patch, *more, names=("x",)):
        return cli("patch", "agents", *names, *self.TEAM, "-p", patch, *more)

    def owned(self, store):
        entries = store.managed_fields("agents", name="x")
        return {e["manager"]: e["fieldsV1"] for e in entries if e["operation"] == "Apply"}

    def test_its_manager_owns_the_fields_and_gives_up_what_it_leaves_out(self, cli, one):
        done = self.apply(cli, "spec: {role: cook, tools: [{name: c}]}")
        assert (done.code, done.lines, done.err) == (0, ["agent.mastra.ai/x patched"], "")
        assert [tool["name"] for tool in spec(one)["tools"]] == ["a", "b", "c"]
        fields = self.owned(one)["team"]["f:spec"]
        assert fields == {"f:role": {}, "f:tools": {'k:{"name":"c"}': {".": {}, "f:name": {}}}}
        assert self.apply(cli, "spec: {role: cook, tools: [{name: c}]}").lines == [
            "agent.mastra.ai/x patched (no change)"
        ]
        self.apply(cli, "spec: {tools: [{name: c}]}")
        assert "role" not in spec(one)
        assert spec(one)["instructions"] == "Help."

    def test_what_another_applied_is_a_conflict_told_at_its_place(self, cli, one):
        cli.write("p.yaml", "spec:\n  role: cook\n  instructions: Cook.\n")
        result = cli("patch", "agent", "x", *self.TEAM, "--patch-file", "p.yaml")
        assert (result.code, result.out) == (5, "")
        assert 'error[field-conflict]: conflict with "mastractl"\n  --> p.yaml:3:17  (.spec' in result.err
        assert 'Apply failed with 1 conflict: conflict with "mastractl": .spec.instructions' in result.err
        assert "--force-conflicts" in result.err
        assert "role" not in spec(one)
        result = self.apply(cli, "spec: {instructions: Cook.}", "-o", "json")
        ((field, place),) = ((c["field"], c["place"]) for c in result.problem["causes"])
        assert (result.code, field, place) == (5, ".spec.instructions", "the patch:1:22")

    def test_force_takes_it_over(self, cli, one):
        done = self.apply(cli, "spec: {instructions: Cook.}", "--force-conflicts")
        assert (done.code, done.lines, done.err) == (0, ["agent.mastra.ai/x patched"], "")
        assert spec(one)["instructions"] == "Cook."
        assert self.owned(one)["team"]["f:spec"] == {"f:instructions": {}}
        assert "f:instructions" not in self.owned(one)["mastractl"]["f:spec"]

    def test_one_that_fails_does_not_hold_up_the_others(self, cli, one, make):
        one.apply(make.resource("soup", instructions="Help.", description="Mine."), manager="other")
        result = self.apply(cli, "spec: {description: Ours.}", names=("x", "soup"))
        assert (result.code, result.lines) == (5, ["agent.mastra.ai/x patched"])
        assert 'agent.mastra.ai/soup: Apply failed with 1 conflict: conflict with "other"' in result.err

    @pytest.mark.parametrize("mode", ["client", "server"])
    def test_a_dry_run_writes_nothing(self, cli, one, mode):
        revision = one.engine.revision()
        assert self.apply(cli, "spec: {role: cook}", f"--dry-run={mode}").code == 0
        assert self.apply(cli, "spec: {instructions: Cook.}", f"--dry-run={mode}").code == 5
        assert one.engine.revision() == revision

    def test_a_resource_version_is_a_condition(self, cli, one):
        version = one.require("agents", name="x").resource_version
        patch = json.dumps({"metadata": {"resourceVersion": version}, "spec": {"role": "r"}})
        assert self.apply(cli, patch).code == 0
        assert self.apply(cli, patch.replace('"r"', '"s"')).code == 5

    @pytest.mark.parametrize(
        ("patch", "said"),
        [
            ("metadata: {name: y}", "metadata.name: the field is immutable"),
            ("metadata: {name: null}", "metadata.name: the field is immutable"),
            ("metadata: {namespace: y}", "metadata.namespace: the field is immutable"),
            ("kind: Tool", "kind: the field is immutable"),
            ("metadata: 3", "metadata"),
            ("metadata: null", "metadata"),
            ("spec: {instuctions: x}", "spec.instuctions"),
            ("spec: {instructions: 3}", "spec.instructions"),
            ("[]", "an applied patch is an object of the fields to change; this is a list"),
            ("", "an applied patch is an object"),
        ],
    )
    def test_what_is_no_part_of_the_resource_is_refused(self, cli, one, patch, said):
        result = self.apply(cli, patch)
        assert (result.code, result.out) == (4, "")
        assert said in result.err
        assert one.require("agents", name="x").generation == 1

    def test_the_namespace_may_be_left_out_in_every_way(self, cli, one, make):
        one.apply(make.resource("x", namespace="kitchen"))
        patch = "metadata: {namespace: null}\nspec: {role: cook}"
        assert self.apply(cli, patch, "-n", "kitchen").code == 0
        assert one.require("agents", namespace="kitchen", name="x").spec["role"] == "cook"
        assert "role" not in spec(one)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--type=merge", "--force-conflicts"], "--force-conflicts only works with --type=apply"),
            (["--type=apply", "--subresource=status"], "--type=apply does not go with --subresource"),
            (["--type=apply", "--field-manager="], "--field-manager needs a name"),
        ],
    )
    def test_flags_that_do_not_go_together(self, cli, one, arguments, said):
        result = cli("patch", "agent", "x", *arguments, "-p", "spec: {role: r}")
        assert (result.code, said in result.err) == (2, True)
