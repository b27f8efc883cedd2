from __future__ import annotations

import pytest


@pytest.fixture
def three(store, make):
    store.apply_all(
        [
            make.resource("x", labels={"app": "web"}),
            make.resource("y"),
            make.resource("z", namespace="cooking", labels={"app": "web"}),
            make.resource("t", kind="Tool"),
        ]
    )
    return store


def labels(store, name="x", kind="agents", namespace="default"):
    return store.require(kind, name=name, namespace=namespace).labels


@pytest.mark.parametrize(
    ("arguments", "lines", "left"),
    [
        (["agent", "x", "tier=gold"], ["labeled"], {"app": "web", "tier": "gold"}),
        (["agent/x", "tier=gold", "more="], ["labeled"], {"app": "web", "tier": "gold", "more": ""}),
        (["agent", "x", "app=web"], ["not labeled"], {"app": "web"}),
        (["agent", "x", "app=shop", "--overwrite"], ["labeled"], {"app": "shop"}),
        (["agent", "x", "app-"], ["unlabeled"], {}),
        (["agent", "x", "app-", "tier=a"], ["labeled"], {"tier": "a"}),
        (["agent", "x", "acme.io/team=a.b_c-d"], ["labeled"], {"app": "web", "acme.io/team": "a.b_c-d"}),
    ],
)
def test_labels_are_set_and_taken_away(cli, three, arguments, lines, left):
    result = cli.ok("label", *arguments)
    assert (result.lines, result.err) == ([f"agent.mastra.ai/x {line}" for line in lines], "")
    assert labels(three) == left
    assert three.require("agents", name="x").generation == 1


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["agents", "x", "y"], "x y"),
        (["agent/x", "tool/t"], "x t"),
        (["agents", "--all"], "x y"),
        (["agents,tools", "--all"], "x y t"),
        (["agents", "-l", "app=web"], "x"),
        (["agents", "-l", "app=web", "-A"], "z x"),
        (["agents", "--field-selector", "metadata.name=y"], "y"),
        (["agents", "z", "-n", "cooking"], "z"),
    ],
)
def test_which_are_meant(cli, three, arguments, names):
    result = cli.ok("label", *arguments, "new=yes")
    kinds = {"t": "tool"}
    assert result.lines == [f"{kinds.get(n, 'agent')}.mastra.ai/{n} labeled" for n in names.split()]


def test_what_manifests_name_is_labelled(cli, three):
    cli.write("x.yaml", cli_manifest("x"))
    assert cli.ok("label", "-f", "x.yaml", "new=yes").lines == ["agent.mastra.ai/x labeled"]
    assert labels(three) == {"app": "web", "new": "yes"}


def cli_manifest(name):
    return (
        f"apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {{name: {name}}}\nspec: {{instructions: Help.}}\n"
    )


def test_another_value_is_left_alone_and_told(cli, three):
    result = cli("label", "agent", "x", "app=shop", "new=yes")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[0] == "error: 'app' already has a value (web), and --overwrite is false"
    assert labels(three) == {"app": "web"}


def test_one_that_fails_does_not_hold_up_the_rest(cli, three):
    result = cli("label", "agents", "x", "y", "nope", "app=shop")
    assert result.code == 1
    assert result.lines == ["agent.mastra.ai/y labeled"]
    assert "agent.mastra.ai/x: 'app' already has a value (web)" in result.err
    assert 'agents.mastra.ai "nope" not found' in result.err


def test_a_missing_resource_is_not_found(cli, three):
    assert cli("label", "agent", "nope", "a=b").code == 3


def test_what_is_not_there_to_be_removed_is_said_on_standard_error(cli, three):
    result = cli.ok("label", "agent", "x", "nope-")
    assert (result.out, result.err) == ("agent.mastra.ai/x not labeled\n", 'label "nope" not found.\n')


def test_nothing_found_is_said_on_standard_error(cli):
    result = cli.ok("label", "agents", "--all", "a=b")
    assert (result.out, result.err) == ("", "No resources found in default namespace.\n")


def test_the_list(cli, three):
    cli.ok("label", "agent", "x", "b=2")
    one = cli.ok("label", "agent", "x", "--list")
    assert (one.lines, one.err) == (["app=web", "b=2"], "")
    several = cli.ok("label", "agents", "-l", "app=web", "-A", "--list")
    assert several.lines == [" app=web", " app=web", " b=2"]
    assert several.err.splitlines()[1] == "Listing labels for Agent.mastra.ai/x:"
    after = cli.ok("label", "agent", "x", "c=3", "--list")
    assert after.lines == ["app=web", "b=2", "c=3"]


@pytest.mark.parametrize(
    ("mode", "suffix"), [("client", " (dry run)"), ("server", " (server dry run)"), ("none", "")]
)
def test_dry_runs(cli, three, mode, suffix):
    result = cli.ok("label", "agent", "x", "a=b", f"--dry-run={mode}")
    assert result.lines == [f"agent.mastra.ai/x labeled{suffix}"]
    assert ("a" in labels(three)) == (mode == "none")


def test_forms(cli, three):
    assert cli.ok("label", "agent", "x", "a=b", "-o", "name").out == "agent.mastra.ai/x\n"
    found = cli.ok("label", "agent", "x", "c=d", "-o", "json").json
    assert found["metadata"]["labels"] == {"app": "web", "a": "b", "c": "d"}
    assert cli.ok("label", "agent", "x", "e=f", "-o", "jsonpath={.metadata.labels.e}").out == "f"


def test_a_resource_version_is_a_condition(cli, three):
    first = three.require("agents", name="x").resource_version
    cli.ok("label", "agent", "x", "a=b", "--resource-version", first)
    stale = cli("label", "agent", "x", "c=d", "--resource-version", first)
    assert (stale.code, stale.out) == (5, "")
    assert "was changed since it was read" in stale.err
    several = cli("label", "agents", "--all", "c=d", "--resource-version", first)
    assert (several.code, several.out) == (2, "")


def test_who_did_it_is_in_the_history(cli, three):
    cli.ok("label", "agent", "x", "a=b")
    cli.ok("label", "agent", "x", "c=d", "--field-manager", "me")
    assert [r.manager for r in three.history("agents", name="x")][1:] == ["mastractl-label", "me"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["agent", "x"], "at least one label update is required"),
        ([], "at least one label update is required"),
        (["a=b"], "you must provide one or more resources"),
        (["agents", "a=b"], "no name was specified"),
        (["agent", "x", "a=b", "y"], "all resources must be specified before label changes: y"),
        (["agent", "x", "a=b", "a-"], "cannot modify and remove the same label 'a'"),
        (["agent", "x", "a=b c"], "invalid label value 'b c'"),
        (["agent", "x", "-- a b=c"], "unknown flag"),
        (["agent", "x", "a b=c"], "invalid label key 'a b'"),
        (["agents", "x", "--all", "a=b"], "--all contradicts names"),
        (["agent", "x", "a=b", "-o", "wide"], "unknown output format 'wide'"),
        (["agent", "x", "--local", "a=b"], "--local works on manifests"),
        (["--local", "a=b"], "--local works on manifests"),
    ],
)
def test_what_makes_no_sense_changes_nothing(cli, three, arguments, said):
    before = three.engine.revision()
    result = cli("label", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert three.engine.revision() == before


class TestLocally:
    def test_manifests_are_printed_and_the_store_is_not_asked(self, cli, tmp_path):
        cli.write("x.yaml", cli_manifest("x") + "---\n" + cli_manifest("y"))
        result = cli.ok("label", "-f", "x.yaml", "--local", "a=b", "-o", "json")
        assert [item["metadata"]["labels"] for item in result.json["items"]] == [{"a": "b"}] * 2
        assert not (tmp_path / "store").exists()
        assert cli.ok("label", "-f", "x.yaml", "--local", "a=b").lines == [
            "agent.mastra.ai/x labeled",
            "agent.mastra.ai/y labeled",
        ]
        assert cli.ok("label", "-f", "x.yaml", "--local", "a-").lines[0] == "agent.mastra.ai/x not labeled"
        assert cli.ok("label", "-f", "x.yaml", "--local", "a=b", "--list").lines == [" a=b", " a=b"]

    def test_a_manifest_that_cannot_be_read_is_told(self, cli):
        cli.write("x.yaml", "kind: [\n")
        result = cli("label", "-f", "x.yaml", "--local", "a=b")
        assert (result.code, result.out) == (4, "")
        assert "x.yaml:1" in result.err
