"""The graph of resources: references, owners, what Systems hold, and where steps lead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mastractl.resources.graph import build
from mastractl.resources.resource import Resource


def resource(kind, name, namespace="default", **rest):
    metadata = {"name": name, "namespace": namespace, **rest.pop("metadata", {})}
    return Resource({"apiVersion": "mastra.ai/v1", "kind": kind, "metadata": metadata, **rest})


def agent(name, *tools, **rest):
    return resource("Agent", name, spec={"tools": [{"name": tool} for tool in tools]}, **rest)


def workflow(name, *steps, **spec):
    return resource("Workflow", name, spec={"steps": list(steps), **spec})


def edges(graph):
    names = {v.id: v.name if v.kind or v.role == "step" else f"<{v.name}>" for v in graph.vertices.values()}
    return {(names[e.source], names[e.target], e.sort, e.label) for e in graph.edges}


def test_references_are_edges_and_what_is_not_there_is_missing():
    graph = build([agent("chef", "finder", "knife"), resource("Tool", "finder")])
    assert edges(graph) == {("chef", "finder", "refers", "tools"), ("chef", "knife", "refers", "tools")}
    assert [v.name for v in graph.vertices.values() if v.missing] == ["knife"]


def test_a_workflow_refers_to_what_its_steps_refer_to_once():
    steps = [{"id": "a", "agent": {"name": "chef"}}, {"id": "b", "agent": {"name": "chef"}}]
    graph = build([workflow("w", *steps)])
    assert edges(graph) == {("w", "chef", "refers", "agent")}


def test_a_workflow_taken_apart():
    graph = build(
        [
            workflow(
                "w",
                {
                    "id": "a",
                    "agent": {"name": "chef"},
                    "next": ["b"],
                    "catch": [{"on": ["http"], "next": ["r"]}],
                },
                {"id": "b", "switch": [{"when": "x > 1", "next": ["c"]}, {"default": True, "next": ["END"]}]},
                {
                    "id": "c",
                    "parallel": {"branches": [{"name": "one", "steps": [{"id": "p"}]}]},
                    "next": ["gone"],
                },
                {"id": "d", "transitions": {"true": ["a"], "false": ["b"]}},
                {"id": "r"},
                initialStep="a",
                onError={"next": ["r"]},
            )
        ],
        steps=True,
    )
    assert edges(graph) == {
        ("<start>", "a", "next", ""),
        ("<error>", "r", "next", ""),
        ("a", "chef", "refers", "agent"),
        ("a", "b", "next", ""),
        ("a", "r", "next", "catch http"),
        ("b", "c", "next", "x > 1"),
        ("b", "<END>", "next", "else"),
        ("c", "p", "next", "one"),
        ("c", "gone", "next", ""),
        ("d", "a", "next", "true"),
        ("d", "b", "next", "false"),
        ("r", "<END>", "next", ""),
    }
    assert [v.name for v in graph.vertices.values() if v.missing and v.role == "step"] == ["gone"]
    assert {v.within for v in graph.vertices.values() if v.role != "resource"} == {
        "workflow.mastra.ai/default/w"
    }


def test_a_system_holds_its_children_and_they_find_each_other_first():
    spec = {
        "agents": [{"name": "chef", "spec": {"tools": [{"name": "knife"}, {"name": "far"}]}}],
        "tools": [{"name": "knife", "spec": {}}],
    }
    graph = build([resource("System", "s", spec=spec), resource("Tool", "knife")])
    assert edges(graph) == {
        ("s", "chef", "holds", "agents"),
        ("s", "knife", "holds", "tools"),
        ("chef", "knife", "refers", "tools"),
        ("chef", "far", "refers", "tools"),
    }
    (edge,) = [e for e in graph.out("system.mastra.ai/default/s/agents/chef") if e.target.endswith("knife")]
    assert edge.target == "system.mastra.ai/default/s/tools/knife"


def test_owners_of_the_namespace_and_of_the_cluster():
    def owned(name, kind, owner):
        reference = {"apiVersion": "mastra.ai/v1", "kind": kind, "name": owner, "uid": "1"}
        return agent(name, metadata={"ownerReferences": [reference]})

    cluster = Resource({"apiVersion": "mastra.ai/v1", "kind": "Site", "metadata": {"name": "site"}})
    graph = build([owned("a", "Agent", "b"), agent("b"), owned("c", "Site", "site"), cluster])
    assert edges(graph) == {("b", "a", "owns", ""), ("site", "c", "owns", "")}


def test_the_part_that_is_reached_and_where_it_begins():
    graph = build([agent("chef", "finder"), agent("cook", "finder"), resource("Tool", "finder")])
    ids = list(graph.vertices)
    assert graph.roots(ids) == ids[:2]
    part = graph.reached(ids[:1])
    assert [v.name for v in part.vertices.values()] == ["chef", "finder"]
    assert graph.roots(ids[2:]) == ids[2:]


def test_what_is_no_reference_is_no_edge():
    assert (
        edges(build([agent("a"), resource("Agent", "b", spec={"tools": "x"}), resource("Workflow", "w")]))
        == set()
    )
    step = {"id": "a", "next": 3, "switch": [1], "transitions": [], "catch": [1], "parallel": {"branches": 1}}
    assert edges(build([workflow("w", step, initialStep=5, onError=[])], steps=True)) == {
        ("a", "<END>", "next", ""),
    }


def test_where_no_way_is_taken_next_holds_and_what_is_never_taken_is_not_drawn():
    ways = [{"when": "x", "next": ["a"]}]
    always = [*ways, {"default": True, "next": ["END"]}]
    maybe, never = {"id": "a", "switch": ways}, {"id": "b", "switch": always, "next": ["a"]}
    assert {e for e in edges(build([workflow("w", maybe, never)], steps=True)) if e[0] in "ab"} == {
        ("a", "a", "next", "x"),
        ("a", "<END>", "next", ""),
        ("b", "a", "next", "x"),
        ("b", "<END>", "next", "else"),
    }


NAMES = st.sampled_from("abcde")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3)))
def test_from_its_roots_every_resource_is_reached_rings_included(networks):
    def network(name, agents):
        steps = [{"id": f"s{n}", "workflow": {"name": other}} for n, other in enumerate(agents)]
        return workflow(name, *steps)

    resources = [network(name, agents) for name, agents in networks.items()]
    for steps in (False, True):
        graph = build(resources, steps=steps)
        asked = [str(r.key) for r in resources]
        assert set(graph.reached(graph.roots(asked)).vertices) == set(graph.vertices)
