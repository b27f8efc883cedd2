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
