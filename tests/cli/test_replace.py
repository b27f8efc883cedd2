from __future__ import annotations

import json

import pytest


@pytest.fixture
def one(store, make):
    store.apply(make.resource("x", labels={"app": "web"}))
    return store


def test_what_is_there_becomes_what_the_manifest_says(cli, one, make):
    before = one.require("agents", name="x")
    one.update_status({**before.document, "status": {"phase": "Running"}, "metadata": {"name": "x"}})
    cli.write("x.yaml", make.manifest("x", instructions="Cook.", role="chef"))
    result = cli.ok("replace", "-f", "x.yaml")
    assert (result.lines, result.err) == (["agent.mastra.ai/x replaced"], "")
    after = one.require("agents", name="x")
    assert after.spec == {"instructions": "Cook.", "role": "chef"}
    assert (after.labels, after.uid, after.generation) == ({}, before.uid, 2)
    assert after.status == {"phase": "Running"}
    assert cli.ok("replace", "-f", "x.yaml").lines == ["agent.mastra.ai/x replaced"]
    assert one.require("agents", name="x") == after


def test_what_is_not_there_is_told_and_nothing_is_replaced(cli, one, make):
    cli.write("m.yaml", make.manifest("x", instructions="Cook.") + "---\n" + make.manifest("nope"))
    result = cli("replace", "-f", "m.yaml")
    assert (result.code, result.out) == (3, "")
    assert 'Error from server (NotFound): m.yaml:3: agents.mastra.ai "nope" not found' in result.err
    assert "`mastractl create`" in result.err
    assert result.err.endswith("nothing was replaced\n")
    assert one.require("agents", name="x").generation == 1
    part = cli("replace", "-f", "m.yaml", "--keep-going")
    assert (part.code, part.lines) == (3, ["agent.mastra.ai/x replaced"])


def test_a_stale_resource_version_is_a_conflict(cli, one):
    read = cli.ok("get", "agent", "x", "-o", "json").json
    read["spec"]["role"] = "chef"
    read["spec"].pop("nope", None)
    cli.ok("label", "agent", "x", "new=yes")
    result = cli("replace", "-f", "-", stdin=json.dumps(read))
    assert (result.code, result.out) == (5, "")
    assert result.err.startswith('Error from server (Conflict): <stdin>:1: agents.mastra.ai "x" was changed')
    assert "read it again and make the change anew" in result.err
    fresh = cli.ok("get", "agent", "x", "-o", "json").json
    cli.ok("replace", "-f", "-", stdin=json.dumps(fresh))


class TestByForce:
    def test_it_is_deleted_and_made_anew(self, cli, one, make):
        uid = one.require("agents", name="x").uid
        cli.write("m.yaml", make.manifest("x", instructions="Cook.") + "---\n" + make.manifest("y"))
        result = cli.ok("replace", "-f", "m.yaml", "--force", "--grace-period=0")
        assert result.lines == ["agent.mastra.ai/x replaced", "agent.mastra.ai/y replaced"]
        assert result.err == 'agent.mastra.ai "x" deleted\n'
        after = one.require("agents", name="x")
        assert (after.uid != uid, after.generation, after.labels) == (True, 1, {})

    def test_a_resource_version_is_no_condition_then(self, cli, one):
        read = cli.ok("get", "agent", "x", "-o", "json").json
        cli.ok("label", "agent", "x", "new=yes")
        cli.ok("replace", "-f", "-", "--force", stdin=json.dumps(read))

    def test_what_finalizers_hold_is_not_touched(self, cli, store, make):
        store.apply(make.resource("x", finalizers=["acme.io/hold"]))
        cli.write("x.yaml", make.manifest("x", instructions="Cook."))
        result = cli("replace", "-f", "x.yaml", "--force")
        assert (result.code, result.out) == (5, "")
        assert "it is held by acme.io/hold" in result.err
        assert store.require("agents", name="x").deletion_timestamp == ""

    def test_what_goes_with_it_is_told(self, cli, one, make):
        one.apply(make.resource("t", kind="Tool", owner=one.require("agents", name="x")))
        cli.write("x.yaml", make.manifest("x"))
        dry = cli.ok("replace", "-f", "x.yaml", "--force", "--dry-run=client")
        assert dry.lines == ["agent.mastra.ai/x replaced (dry run)"]
        assert one.get("tools", name="t") is not None
        assert "deleting agent.mastra.ai/x deletes 1 resource with it" in dry.err
        cli.ok("replace", "-f", "x.yaml", "--force")
        assert one.get("tools", name="t") is None


def test_forms_dry_run_and_manager(cli, one, make):
    cli.write("x.yaml", make.manifest("x", instructions="Cook."))
    assert cli.ok("replace", "-f", "x.yaml", "--dry-run=server").lines == [
        "agent.mastra.ai/x replaced (server dry run)"
    ]
    assert one.require("agents", name="x").generation == 1
    cli.ok("replace", "-f", "x.yaml", "-o", "name", "--field-manager=me", "--save-config")
    assert [r.manager for r in one.history("agents", name="x")][1:] == ["me"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "you must say which manifests"),
        (["x.yaml"], 2, "did you mean -f x.yaml?"),
        (["-f", "x.yaml"], 4, "nothing was replaced"),
    ],
)
def test_what_makes_no_sense_replaces_nothing(cli, one, make, arguments, code, said):
    cli.write("x.yaml", make.manifest("x", instuctions="Cook."))
    result = cli("replace", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert one.require("agents", name="x").generation == 1
