"""One grammar for references, and every place that holds one."""

from __future__ import annotations

import pytest

from mastractl import errors
from mastractl.manifests import bundled
from mastractl.resources.references import Reference, faults, kind_named, parse_reference, read, references_of
from mastractl.resources.resource import Resource
from mastractl.resources.shorthand import canonical_form


def parsed(value, slot_kind="Tool", namespace="home"):
    found = parse_reference(value, slot_kind=slot_kind, namespace=namespace)
    return found.kind, found.namespace, found.name


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("recipe-finder", ("Tool", "home", "recipe-finder")),
        ("cooking.recipe-finder", ("Tool", "cooking", "recipe-finder")),
        ("cooking.recipe.finder", ("Tool", "cooking", "recipe.finder")),
        ("default/weather-tool", ("Tool", "default", "weather-tool")),
        ("tools/finder", ("Tool", "home", "finder")),
        ("tools/a.b", ("Tool", "home", "a.b")),
        ("agents/greeter", ("Agent", "home", "greeter")),
        ("Agent/greeter", ("Agent", "home", "greeter")),
        ("ag/greeter", ("Agent", "home", "greeter")),
        ("agents.mastra.ai/greeter", ("Agent", "home", "greeter")),
        ({"name": "x"}, ("Tool", "home", "x")),
        ({"name": "a.b"}, ("Tool", "home", "a.b")),
        ({"name": "x", "namespace": "n"}, ("Tool", "n", "x")),
        ({"name": "x", "kind": "Agent"}, ("Agent", "home", "x")),
        ({"name": "x", "kind": "agents"}, ("Agent", "home", "x")),
        ({"name": "x", "kind": "DataSource"}, ("DataSource", "home", "x")),
    ],
)
def test_what_a_reference_means(written, expected):
    assert parsed(written) == expected


def test_a_referrer_without_namespace_lives_in_the_default_one():
    assert parsed("x", namespace="") == ("Tool", "default", "x")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        ".",
        "a/",
        "/a",
        "a.",
        ".a",
        "a/b/c",
        "a.b/c",
        "apps/v1/x",
        {},
        {"name": ""},
        {"name": 3},
        3,
        None,
        [],
    ],
)
def test_a_malformed_reference_says_what_to_write(written):
    with pytest.raises(errors.Invalid) as caught:
        parsed(written, slot_kind="Agent")
    (cause,) = caught.value.causes
    assert (cause.code, cause.path, cause.warning) == ("MA123", (), False)
    assert "is no reference to an Agent" in cause.message
    assert "`agents/name`" in cause.hint


def test_reading_keeps_to_what_the_text_says():
    assert read("agents/greeter") == {"kind": "Agent", "name": "greeter"}
    assert read("a.b") == {"namespace": "a", "name": "b"}
    assert read("a") == {"name": "a"}


def test_the_words_for_kinds_are_those_of_the_bundled_definitions():
    for kind in bundled.kinds():
        for word in kind.names:
            assert kind_named(word) == kind.kind
        assert kind_named(kind.qualified_plural) == kind.kind
    assert kind_named("cooking") == ""
    assert kind_named("agents.example.com") == ""


def test_a_reference_names_a_key():
    reference = Reference(kind="Agent", namespace="cooking", name="chef")
    assert str(reference) == str(reference.key) == "agent.mastra.ai/cooking/chef"


def found(kind, spec, namespace="home"):
    document = {"kind": kind, "metadata": {"name": "x", "namespace": namespace}, "spec": spec}
    references = references_of(Resource(canonical_form(kind, document)))
    return {".".join(str(p) for p in path[1:]): f"{r.kind} {r.namespace}/{r.name}" for path, r in references}


def test_the_tools_of_an_agent():
    tools = [{"name": "a", "refName": "cooking.finder"}, {"name": "b"}, "c"]
    assert found("Agent", {"tools": tools}) == {
        "tools.0.ref": "Tool cooking/finder",
        "tools.1.name": "Tool home/b",
        "tools.2.ref": "Tool home/c",
    }


def test_the_agents_of_a_network():
    agents = [{"name": "a", "ref": "agents/greeter"}, {"name": "b", "ref": "default.search"}]
    assert found("Network", {"agents": agents}) == {
        "agents.0.ref": "Agent home/greeter",
        "agents.1.ref": "Agent default/search",
    }


def test_the_steps_of_a_workflow_and_of_its_branches():
    nested = [
        {"id": "b", "network": "n"},
        {"id": "c", "type": "parallel", "steps": [{"id": "d", "tool": "deep"}]},
    ]
    steps = [
        {"id": "a", "agent": {"name": "chef", "namespace": "cooking"}},
        {"id": "p", "parallel": {"branches": [{"steps": nested}]}},
        {"id": "w", "workflow": "other"},
        {"id": "e"},
    ]
    assert found("Workflow", {"steps": steps}) == {
        "steps.0.agent": "Agent cooking/chef",
        "steps.1.parallel.branches.0.steps.0.network": "Network home/n",
        "steps.1.parallel.branches.0.steps.1.parallel.branches.0.steps.0.tool": "Tool home/deep",
        "steps.2.workflow": "Workflow home/other",
    }


def test_a_system_refers_only_to_what_it_does_not_hold_itself():
    spec = {
        "agents": [{"name": "support", "spec": {"tools": ["search", "other.search", "mail"]}}],
        "tools": {"search": {"description": "d"}},
        "workflows": [
            {
                "name": "w",
                "spec": {"steps": [{"id": "a", "agent": "support"}, {"id": "b", "agent": "search"}]},
            }
        ],
        "networks": [{"name": "n", "spec": {"agents": ["home.support", "stranger"]}}],
    }
    assert found("System", spec) == {
        "agents.0.spec.tools.1.ref": "Tool other/search",
        "agents.0.spec.tools.2.ref": "Tool home/mail",
        "workflows.0.spec.steps.1.agent": "Agent home/search",
        "networks.0.spec.agents.1.ref": "Agent home/stranger",
    }


@pytest.mark.parametrize("kind", ["Tool", "CustomResourceDefinition", "DataSource"])
def test_other_kinds_refer_to_nothing(kind):
    assert found(kind, {"tools": ["a"], "agents": ["b"]}) == {}


@pytest.mark.parametrize(
    "spec", [{}, {"tools": 3}, {"tools": [3, None, {}]}, {"tools": [{"name": 3}]}, {"tools": ["a/b/c"]}]
)
def test_what_is_malformed_refers_to_nothing(spec):
    assert found("Agent", spec) == {}


def found_faults(kind, spec):
    causes = faults(kind, canonical_form(kind, {"kind": kind, "spec": spec}))
    assert all(c.code == "MA123" and c.hint and not c.warning for c in causes)
    return {".".join(str(p) for p in c.path[1:]): c.message for c in causes}


def test_malformed_references_are_faults():
    spec = {
        "tools": [
            "a/b/c",
            {"name": "x", "refName": "y."},
            {"name": "z", "ref": "fine"},
            {"name": "w", "ref": 3},
        ]
    }
    assert found_faults("Agent", spec) == {
        "tools.0": "'a/b/c' is no reference to a Tool",
        "tools.1.ref": "'y.' is no reference to a Tool",
    }


def test_a_reference_to_another_kind_than_its_place_asks_for_is_a_fault():
    steps = [
        {"id": "a", "agent": "tools/finder"},
        {"id": "b", "tool": {"name": "x", "kind": "Agent"}},
        {"id": "c", "agent": {"name": "x", "kind": "agent"}},
        {"id": "d", "tool": "tools/fine"},
    ]
    assert found_faults("Workflow", {"steps": steps}) == {
        "steps.0.agent": "the reference names a Tool, but an Agent belongs here",
        "steps.1.tool": "the reference names an Agent, but a Tool belongs here",
    }


def test_faults_of_the_children_of_a_system_are_found():
    spec = {"networks": [{"name": "n", "spec": {"agents": [{"name": "a", "ref": "tools/t"}]}}]}
    assert list(found_faults("System", spec)) == ["networks.0.spec.agents.0.ref"]
