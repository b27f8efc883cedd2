"""`wait`: until a resource is there, gone, or as somebody wants it."""

from __future__ import annotations

import threading

import pytest


def ready(store, name, status="True", **more):
    agent = store.require("agents", name=name)
    condition = {
        "type": "Ready",
        "status": status,
        "lastTransitionTime": "2026-11-21T08:00:00Z",
        "reason": "Waiting",
        "message": "",
    } | more
    agent.document["status"] = {"conditions": [condition]}
    store.update_status(agent)


def test_what_is_met_already_is_told_at_once(cli, store, make):
    store.apply(make.resource("a"))
    ready(store, "a")
    assert cli.ok("wait", "--for=condition=Ready", "agent/a").out == "agent.mastra.ai/a condition met\n"
    assert cli.ok("wait", "--for", "condition=ready=true", "agent/a", "--timeout=0").code == 0
    assert cli.ok("wait", "--for=create", "agent", "a", "-o", "name").out == "agent.mastra.ai/a\n"


@pytest.mark.parametrize(
    "goal",
    [
        "jsonpath={.spec.model.provider}=openai",
        "jsonpath=.spec.model.provider=openai",
        "jsonpath={.spec.model.provider}",
        'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
        'jsonpath=.status.conditions[?(@.type=="Ready")].status=True',
        "jsonpath={.spec.model.provider}==openai",
        "jsonpath={.spec.model.provider}!=anthropic",
        "jsonpath={.spec.nope}!=anthropic",
        "jsonpath={.metadata.generation}>=1",
        "jsonpath=.metadata.generation<2",
        "jsonpath={.metadata.generation}>0.5",
        "jsonpath={.metadata.generation}<=1",
    ],
)
def test_a_field_with_a_value(cli, store, make, goal):
    store.apply(make.resource("a"))
    ready(store, "a")
    assert cli.ok("wait", f"--for={goal}", "agent/a", "--timeout=0").out.endswith("condition met\n")


@pytest.mark.parametrize(
    ("goal", "seen"),
    [
        ("condition=Ready", "Ready is False (Waiting)"),
        ("condition=Synced", "it has no condition Synced"),
        ("jsonpath={.spec.model.provider}=x", "{.spec.model.provider} is 'openai'"),
        ("jsonpath={.spec.nope}", "{.spec.nope} is not set"),
        ("jsonpath={.spec.nope}>1", "{.spec.nope} is not set"),
        ("jsonpath={.spec.model.provider}>1", "{.spec.model.provider} is 'openai'"),
        ("jsonpath={.spec.model.provider}!=openai", "{.spec.model.provider} is 'openai'"),
        ("jsonpath={.metadata.generation}>1", "{.metadata.generation} is '1'"),
        ("jsonpath={.metadata.generation}<1", "{.metadata.generation} is '1'"),
        ("delete", "it is still there"),
    ],
)
def test_what_does_not_come_in_time_is_told_with_what_was_seen(cli, store, make, goal, seen):
    store.apply(make.resource("a"))
    ready(store, "a", status="False")
    result = cli("wait", f"--for={goal}", "agent/a", "--timeout=0")
    assert (result.code, result.out) == (6, "")
    assert result.err == f"error: timed out waiting for the condition on agent.mastra.ai/a: {seen}\n"


def test_a_condition_of_an_older_spec_does_not_count(cli, store, make):
    store.apply(make.resource("a"))
    ready(store, "a", observedGeneration=1)
    store.apply(make.resource("a", instructions="Other."))
    assert cli("wait", "--for=condition=Ready", "agent/a", "--timeout=0").code == 6


def test_what_is_not_there_yet_is_waited_for(cli, store, make):
    later = threading.Timer(0.3, lambda: store.apply(make.resource("a")))
    later.start()
    result = cli.ok("wait", "--for=create", "agent/a", "--timeout=20s")
    later.join()
    assert result.out == "agent.mastra.ai/a condition met\n"


def test_what_is_to_go_is_waited_for(cli, store, make):
    store.apply(make.resource("a"))
    later = threading.Timer(0.3, lambda: store.delete("agents", name="a"))
    later.start()
    result = cli.ok("wait", "--for=delete", "agent/a", "agent/never-there", "--timeout=20s")
    later.join()
    assert sorted(result.lines) == [
        "agent.mastra.ai/a condition met",
        "agent.mastra.ai/never-there condition met",
    ]


def test_another_one_of_the_same_name_is_another_one(cli, store, make):
    store.apply(make.resource("a"))

    def replace():
        store.delete("agents", name="a")
        store.apply(make.resource("a"))

    later = threading.Timer(0.3, replace)
    later.start()
    assert cli.ok("wait", "--for=delete", "agent/a", "--timeout=20s").code == 0
    later.join()


def test_by_label_all_and_manifest(cli, store, make):
    store.apply(make.resource("a", labels={"app": "x"}))
    store.apply(make.resource("b"))
    assert cli.ok("wait", "--for=create", "agents", "-l", "app=x", "--timeout=0").lines == [
        "agent.mastra.ai/a condition met"
    ]
    assert len(cli.ok("wait", "--for=create", "agents", "--all", "--timeout=0").lines) == 2
    cli.write("m.yaml", make.manifest("b") + "---\n" + make.manifest("c"))
    result = cli("wait", "--for=create", "-f", "m.yaml", "--timeout=0")
    assert (result.code, result.out) == (6, "agent.mastra.ai/b condition met\n")
    assert "agent.mastra.ai/c: it does not exist" in result.err


def test_nothing_selected_is_not_success(cli):
    result = cli("wait", "--for=create", "agents", "-l", "app=x", "--timeout=0")
    assert result.code == 6
    assert "no matching resources found" in result.err


def test_several_goals_must_all_be_met(cli, store, make):
    store.apply(make.resource("a"))
    both = ["--for=create", "--for=condition=Ready"]
    assert cli("wait", *both, "agent/a", "--timeout=0").code == 6
    ready(store, "a")
    assert cli("wait", *both, "agent/a", "--timeout=0").code == 0


def test_of_several_goals_one_may_be_enough(cli, store, make):
    store.apply(make.resource("a"))
    goals = ["--for=condition=Ready", "--for=jsonpath={.spec.model.provider}=openai"]
    assert cli("wait", *goals, "agent/a", "--timeout=0").code == 6
    assert cli.ok("wait", "--any", *goals, "agent/a", "--timeout=0").out == (
        "agent.mastra.ai/a condition met\n"
    )
    failed = cli("wait", "--any", "--for=condition=Ready", "--for=delete", "agent/a", "--timeout=0")
    assert failed.code == 6
    assert "it has no condition Ready" in failed.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["agent/a"],
        ["--for=nonsense", "agent/a"],
        ["--for=condition=", "agent/a"],
        ["--for=jsonpath={.a}b", "agent/a"],
        ["--for=jsonpath={.a}=", "agent/a"],
        ["--for=jsonpath={.a}>=", "agent/a"],
        ["--for=jsonpath={.a}>=many", "agent/a"],
        ["--for=jsonpath==x", "agent/a"],
        ["--for=create", "agents"],
        ["--for=create", "agent/a", "--timeout=soon"],
    ],
)
def test_usage(cli, arguments):
    result = cli("wait", *arguments)
    assert (result.code, result.out) == (2, "")
    assert "hint: " in result.err
