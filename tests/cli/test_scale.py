from __future__ import annotations

import pytest


@pytest.fixture
def workers(store, make):
    definition = make.definition(plural="workers", kind="Worker")
    version = definition["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] = {
        "replicas": {"type": "integer", "maximum": 9}
    }
    version["subresources"] = {
        "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    }
    worker = {
        "apiVersion": "acme.io/v1",
        "kind": "Worker",
        "metadata": {"name": "w"},
        "spec": {"replicas": 2},
    }
    store.apply_all([definition, worker])
    return store


def replicas(store):
    return store.require("workers", name="w").spec["replicas"]


def test_the_number_is_changed(cli, workers):
    result = cli.ok("scale", "worker", "w", "--replicas=3")
    assert (result.lines, result.err) == (["worker.acme.io/w scaled"], "")
    assert replicas(workers) == 3
    assert [r.manager for r in workers.history("workers", name="w")][1:] == ["mastractl-scale"]
    cli.ok("scale", "workers", "--all", "--replicas", "0")
    assert replicas(workers) == 0


def test_it_may_depend_on_the_number_there_is(cli, workers):
    refused = cli("scale", "workers/w", "--current-replicas=5", "--replicas=3")
    assert (refused.code, refused.out) == (5, "")
    assert "expected replicas to be 5, was 2" in refused.err
    cli.ok("scale", "workers/w", "--current-replicas=2", "--replicas=3")
    assert replicas(workers) == 3


def test_it_may_depend_on_the_resource_version(cli, workers):
    version = workers.require("workers", name="w").resource_version
    cli.ok("scale", "workers/w", "--resource-version", version, "--replicas=3")
    assert cli("scale", "workers/w", "--resource-version", version, "--replicas=4").code == 5


def test_dry_run_and_forms(cli, workers):
    assert cli.ok("scale", "workers/w", "--replicas=3", "--dry-run=client").lines == [
        "worker.acme.io/w scaled (dry run)"
    ]
    assert replicas(workers) == 2
    assert cli.ok("scale", "workers/w", "--replicas=3", "-o", "json").json["spec"] == {"replicas": 3}


def test_the_schema_still_holds(cli, workers):
    result = cli("scale", "workers/w", "--replicas=10")
    assert (result.code, result.out) == (4, "")
    assert "spec.replicas" in result.err


def test_a_kind_without_a_number_says_what_to_do(cli, store, make):
    store.apply_all([make.resource("x"), make.resource("t", kind="Tool"), make.definition()])
    agent = cli("scale", "agent", "x", "--replicas=3")
    assert (agent.code, agent.out) == (1, "")
    assert "agents.mastra.ai cannot be scaled: the kind has no scale subresource" in agent.err
    assert "maxReplicas" in agent.err
    assert "mastractl patch" in cli("scale", "tool", "t", "--replicas=3").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["worker", "w"], "--replicas=NUMBER"),
        (["worker", "w", "--replicas=-1"], "must not be negative"),
        (["worker", "w", "--replicas=many"], "not a valid int"),
        (["workers", "--replicas=1"], "no name was specified"),
    ],
)
def test_what_makes_no_sense_changes_nothing(cli, workers, arguments, said):
    result = cli("scale", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert replicas(workers) == 2
