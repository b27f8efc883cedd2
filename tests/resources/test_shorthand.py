"""Every spelling of the seeds and of DESIGN §5, and the laws that the rewriting keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import values
from mastractl.resources.shorthand import canonical_form, written_paths


def agent(**spec):
    return {"kind": "Agent", "metadata": {"name": "a"}, "spec": spec}


def canonical_spec(kind, **spec):
    return canonical_form(kind, {"kind": kind, "spec": spec})["spec"]


def canonical_step(**step):
    return canonical_spec("Workflow", steps=[{"id": "s", **step}])["steps"][0]


FINDER = {"namespace": "cooking", "name": "finder"}


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([{"name": "f", "refName": "cooking.finder"}], [{"name": "f", "ref": FINDER}]),
        ([{"name": "f", "ref": "cooking.finder"}], [{"name": "f", "ref": FINDER}]),
        ([{"name": "f", "ref": FINDER}], [{"name": "f", "ref": FINDER}]),
        ([{"name": "f", "$ref": "cooking/finder"}], [{"name": "f", "ref": FINDER}]),
        ([{"name": "f", "$ref": "tools/finder"}], [{"name": "f", "ref": {"kind": "Tool", "name": "finder"}}]),
        ([{"name": "f", "ref": {"refName": "cooking.finder"}}], [{"name": "f", "ref": FINDER}]),
        ([{"refName": "cooking.finder"}], [{"name": "finder", "ref": FINDER}]),
        ([{"ref": FINDER}], [{"name": "finder", "ref": FINDER}]),
        (
            [{"name": "finder", "namespace": "cooking"}],
            [{"name": "finder", "ref": {"name": "finder", "namespace": "cooking"}}],
        ),
        ([{"name": "finder"}], [{"name": "finder"}]),
        (
            ["cooking.finder", "other"],
            [{"name": "finder", "ref": FINDER}, {"name": "other", "ref": {"name": "other"}}],
        ),
        ("cooking.finder", [{"name": "finder", "ref": FINDER}]),
        ({"f": "cooking.finder"}, [{"name": "f", "ref": FINDER}]),
        ({"f": FINDER}, [{"name": "f", "ref": FINDER}]),
        ({"f": {"$ref": "cooking.finder"}}, [{"name": "f", "ref": FINDER}]),
        (
            {"finder": {"namespace": "cooking"}},
            [{"name": "finder", "ref": {"name": "finder", "namespace": "cooking"}}],
        ),
        ({"finder": None}, [{"name": "finder"}]),
        ({"b": "x", "a": "y"}, [{"name": "b", "ref": {"name": "x"}}, {"name": "a", "ref": {"name": "y"}}]),
        ([], []),
        ({}, []),
    ],
)
def test_tools_in_every_spelling(tools, expected):
    assert canonical_spec("Agent", tools=tools)["tools"] == expected


def test_agents_of_a_network_keep_what_else_is_said_of_them():
    agents = canonical_spec(
        "Network",
        agents=[
            {"name": "search-agent", "ref": "default.search-agent", "role": "search"},
            {"name": "greeter", "ref": "agents/greeter"},
        ],
    )["agents"]
    assert agents == [
        {"name": "search-agent", "ref": {"namespace": "default", "name": "search-agent"}, "role": "search"},
        {"name": "greeter", "ref": {"kind": "Agent", "name": "greeter"}},
    ]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4o", {"provider": "openai", "name": "gpt-4o"}),
        ("openai:gpt-4o", {"provider": "openai", "name": "gpt-4o"}),
        ("openrouter/meta/llama-3:free", {"provider": "openrouter", "name": "meta/llama-3:free"}),
        ("ollama:library/llama3:8b", {"provider": "ollama", "name": "library/llama3:8b"}),
        ("gpt-4o", {"name": "gpt-4o"}),
        ({"provider": "openai", "name": "a/b"}, {"provider": "openai", "name": "a/b"}),
    ],
)
def test_a_model_is_an_object(model, expected):
    assert canonical_spec("Agent", model=model)["model"] == expected
    assert canonical_spec("Network", router={"model": model})["router"]["model"] == expected
    assert canonical_spec("System", defaults={"model": model})["defaults"]["model"] == expected


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ({"agent": "support-agent"}, {"agent": {"name": "support-agent"}}),
        ({"agent": {"name": "a", "namespace": "n"}}, {"agent": {"name": "a", "namespace": "n"}}),
        ({"agentId": "n.a"}, {"agent": {"namespace": "n", "name": "a"}}),
        ({"agent": {"ref": "n.a"}}, {"agent": {"namespace": "n", "name": "a"}}),
        ({"tool": "n/t"}, {"tool": {"namespace": "n", "name": "t"}}),
        ({"workflow": "wf/w"}, {"workflow": {"kind": "Workflow", "name": "w"}}),
        ({"network": "net/x"}, {"network": {"kind": "Network", "name": "x"}}),
        ({"next": "END"}, {"next": ["END"]}),
        ({"next": ["a", "b"]}, {"next": ["a", "b"]}),
        ({"transitions": {"next": "a"}}, {"next": ["a"]}),
        (
            {"transitions": {"next": "c", "true": "a", "false": ["b"]}},
            {"transitions": {"true": ["a"], "false": ["b"]}, "next": ["c"]},
        ),
        ({"switch": [{"when": "x", "next": "a"}]}, {"switch": [{"when": "x", "next": ["a"]}]}),
        ({"catch": [{"on": ["timeout"], "next": "a"}]}, {"catch": [{"on": ["timeout"], "next": ["a"]}]}),
        (
            {"type": "parallel", "steps": [{"id": "a", "agent": "x"}, {"id": "b", "next": "END"}]},
            {
                "type": "parallel",
                "parallel": {
                    "branches": [
                        {"steps": [{"id": "a", "agent": {"name": "x"}}]},
                        {"steps": [{"id": "b", "next": ["END"]}]},
                    ]
                },
            },
        ),
        (
            {
                "parallel": {
                    "branches": [
                        {
                            "steps": [
                                {
                                    "id": "a",
                                    "tool": "n.t",
                                    "parallel": {"branches": [{"steps": [{"id": "b", "next": "END"}]}]},
                                }
                            ]
                        }
                    ]
                }
            },
            {
                "parallel": {
                    "branches": [
                        {
                            "steps": [
                                {
                                    "id": "a",
                                    "tool": {"namespace": "n", "name": "t"},
                                    "parallel": {"branches": [{"steps": [{"id": "b", "next": ["END"]}]}]},
                                }
                            ]
                        }
                    ]
                }
            },
        ),
    ],
)
def test_steps(written, canonical):
    assert canonical_step(**written) == {"id": "s", **canonical}


def test_what_follows_an_error_is_a_list():
    assert canonical_spec("Workflow", steps=[], onError={"next": "apologise"})["onError"] == {
        "next": ["apologise"]
    }


def test_a_tool_in_its_upstream_spelling():
    schema = {"type": "object"}
    assert canonical_spec(
        "Tool",
        description="d",
        parameters=schema,
        url="https://x",
        functions=[{"name": "f", "parameters": schema}],
    ) == {
        "description": "d",
        "inputSchema": schema,
        "endpoint": "https://x",
        "functions": [{"name": "f", "inputSchema": schema}],
    }


def test_children_of_a_system_follow_the_rules_of_their_kinds():
    spec = canonical_spec(
        "System",
        agents=[{"name": "a", "spec": {"instructions": "i", "model": "openai/gpt-4o", "tools": ["t"]}}],
        tools={
            "t": {"description": "d", "url": "https://x"},
            "u": {"spec": {"description": "e", "parameters": {}}},
        },
        workflows=[{"name": "w", "spec": {"steps": [{"id": "s", "agent": "a"}]}}],
        networks=[{"name": "n", "spec": {"agents": ["a"], "router": {"model": "x:y"}}}],
    )
    assert spec == {
        "agents": [
            {
                "name": "a",
                "spec": {
                    "instructions": "i",
                    "model": {"provider": "openai", "name": "gpt-4o"},
                    "tools": [{"name": "t", "ref": {"name": "t"}}],
                },
            }
        ],
        "tools": [
            {"name": "t", "spec": {"description": "d", "endpoint": "https://x"}},
            {"name": "u", "spec": {"description": "e", "inputSchema": {}}},
        ],
        "workflows": [{"name": "w", "spec": {"steps": [{"id": "s", "agent": {"name": "a"}}]}}],
        "networks": [
            {
                "name": "n",
                "spec": {
                    "agents": [{"name": "a", "ref": {"name": "a"}}],
                    "router": {"model": {"provider": "x", "name": "y"}},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Agent", {"tools": [{"name": "t", "ref": "a", "refName": "b"}]}),  # which of the two?
        ("Agent", {"tools": {"name": "t", "refName": "x"}}),  # a dash was forgotten
        ("Agent", {"tools": [7, None, ["x"], "a/b/c"]}),
        ("Agent", {"tools": 7}),
        ("Agent", {"tools": "a/b/c"}),
        ("Agent", {"tools": [{"name": "t", "ref": "a/b/c"}]}),
        ("Agent", {"model": "/gpt"}),
        ("Agent", {"model": "openai/"}),
        ("Agent", {"model": 7}),
        ("Tool", {"parameters": {}, "inputSchema": {}}),
        ("Tool", {"url": "x", "endpoint": "y"}),
        ("Workflow", {"steps": [{"agent": "a/b/c", "next": 7}]}),
        ("Workflow", {"steps": [{"agent": {"name": "a"}, "agentId": "b"}]}),
        ("Workflow", {"steps": [{"next": ["a"], "transitions": {"next": "b"}}]}),
        (
            "Workflow",
            {"steps": [{"type": "parallel", "steps": 7}, {"type": "parallel", "steps": [], "parallel": {}}]},
        ),
        ("Workflow", {"steps": "x"}),
        ("Workflow", {"steps": [7, None]}),
        ("System", {"tools": [{"name": "t", "spec": 7}]}),
        ("Network", {"agents": None, "router": "x"}),
        ("System", {"agents": {"name": "a", "spec": {}}}),
        ("System", {"agents": [7, {"name": "a", "spec": 7}]}),
        ("Unknown", {"tools": ["a.b"], "model": "a/b"}),
    ],
)
def test_what_makes_no_sense_is_left_as_it_is(kind, spec):
    document = {"kind": kind, "spec": spec}
    assert canonical_form(kind, document) is document


@pytest.mark.parametrize("document", [{}, {"spec": None}, {"spec": []}, {"spec": "x"}])
@pytest.mark.parametrize(
    "kind", ["Agent", "Tool", "Workflow", "Network", "System", "CustomResourceDefinition"]
)
def test_documents_without_a_spec_are_left_as_they_are(kind, document):
    assert canonical_form(kind, document) is document


def test_fields_keep_their_order():
    document = agent(model="a/b", instructions="i", tools=["t"], scaling={})
    assert list(canonical_form("Agent", document)["spec"]) == ["model", "instructions", "tools", "scaling"]
    tool = {"kind": "Tool", "spec": {"url": "x", "parameters": {}, "description": "d"}}
    assert list(canonical_form("Tool", tool)["spec"]) == ["endpoint", "inputSchema", "description"]


# The way back to what the user wrote.


@pytest.mark.parametrize(
    ("spec", "canonical", "written"),
    [
        ({"tools": [{"name": "f", "refName": "c.f"}]}, "tools 0 ref name", "tools 0 refName"),
        ({"tools": [{"name": "f", "refName": "c.f"}]}, "tools 0 name", "tools 0 name"),
        ({"tools": [{"name": "f", "refName": {"name": "f", "x": 1}}]}, "tools 0 ref x", "tools 0 refName x"),
        ({"tools": [{"refName": "c.f"}]}, "tools 0 name", "tools 0"),
        ({"tools": ["c.f", "g"]}, "tools 1 ref name", "tools 1"),
        ({"tools": "c.f"}, "tools 0 ref namespace", "tools"),
        ({"tools": {"f": "c.f", "g": {"$ref": "c.g"}}}, "tools 0 ref", "tools f"),
        ({"tools": {"f": "c.f", "g": {"$ref": "c.g"}}}, "tools 1 ref name", "tools g $ref"),
        ({"tools": {"f": {"ref": "c.f", "nmae": 1}}}, "tools 0 nmae", "tools f nmae"),
        ({"tools": {"f": {"ref": "c.f"}}}, "tools 0 name", "tools f"),
        ({"tools": {"f": {"name": "x", "namespace": "y"}}}, "tools 0 ref namespace", "tools f namespace"),
        ({"tools": [{"name": "f", "namespace": "C"}]}, "tools 0 ref namespace", "tools 0 namespace"),
        ({"tools": {"f": 3}}, "tools 0 ref", "tools f"),
        ({"model": "a/b"}, "model name", "model"),
        ({"model": "b"}, "model provider", "model"),
        ({"model": {"nmae": "b"}}, "model nmae", "model nmae"),
    ],
)
def test_a_path_is_traced_to_what_was_written(spec, canonical, written):
    assert traced("Agent", spec, canonical) == written


@pytest.mark.parametrize(
    ("kind", "spec", "canonical", "written"),
    [
        ("Tool", {"parameters": {"type": 3}}, "inputSchema type", "parameters type"),
        (
            "Tool",
            {"functions": [{"parameters": {"type": 3}}]},
            "functions 0 inputSchema type",
            "functions 0 parameters type",
        ),
        ("Workflow", {"steps": [{"agentId": "a.B"}]}, "steps 0 agent name", "steps 0 agentId"),
        ("Workflow", {"steps": [{"next": ""}]}, "steps 0 next 0", "steps 0 next"),
        (
            "Workflow",
            {"steps": [{"transitions": {"next": ""}}]},
            "steps 0 next 0",
            "steps 0 transitions next",
        ),
        (
            "Workflow",
            {"steps": [{"transitions": {"true": ""}}]},
            "steps 0 transitions true 0",
            "steps 0 transitions true",
        ),
        (
            "Workflow",
            {"steps": [{"type": "parallel", "steps": [{"agentId": "x"}]}]},
            "steps 0 parallel branches 0 steps 0 agent name",
            "steps 0 steps 0 agentId",
        ),
        (
            "Workflow",
            {"steps": [{"type": "parallel", "steps": []}]},
            "steps 0 parallel branches",
            "steps 0 steps",
        ),
        ("System", {"tools": {"t": {"url": ""}}}, "tools 0 spec endpoint", "tools t url"),
        ("System", {"tools": {"t": {"spec": {"url": ""}}}}, "tools 0 spec endpoint", "tools t spec url"),
        (
            "System",
            {"agents": [{"name": "a", "spec": {"tools": {"t": "x.Y"}}}]},
            "agents 0 spec tools 0 ref name",
            "agents 0 spec tools t",
        ),
        ("System", {"agents": {"B": {"model": "x"}}}, "agents 0 name", "agents B"),
    ],
)
def test_a_path_of_another_kind_is_traced(kind, spec, canonical, written):
    assert traced(kind, spec, canonical) == written


def traced(kind, spec, canonical):
    """`written_paths` of a document with that spec, both paths as words below spec."""
    path = ("spec", *(int(w) if w.isdigit() else w for w in canonical.split()))
    found = written_paths(kind, {"kind": kind, "spec": spec})(path)
    assert found[0] == "spec"
    return " ".join(str(part) for part in found[1:])


def test_the_paths_of_a_canonical_document_are_its_own():
    document = agent(model={"provider": "a", "name": "b"}, tools=[{"name": "t", "ref": {"name": "t"}}])
    back = written_paths("Agent", document)
    for path in paths(document):
        assert back(path) == path


# Laws, over documents made of the shorthand's own words.

names = st.sampled_from(["a", "b-c", "n.a", "agents/a", "tools/t", "n/a", "a/b/c", "", ".", "/", "END"])
scalars = names | st.integers(0, 3) | st.none() | st.booleans()
references = names | st.dictionaries(
    st.sampled_from(["name", "namespace", "kind", "ref", "refName", "$ref"]), names
)
entries = st.dictionaries(
    st.sampled_from(["name", "ref", "refName", "$ref", "namespace", "role"]), references | scalars
)
reference_lists = st.lists(references | entries | scalars, max_size=3) | st.dictionaries(
    st.sampled_from(["f", "g", "name", "ref"]), references | entries | scalars, max_size=3
)
models = st.sampled_from(["openai/gpt", "a:b/c", "x", "/", ":x"]) | references
texts = names | st.lists(names, max_size=2) | scalars
steps = st.recursive(
    st.dictionaries(st.sampled_from(["id", "agent", "agentId", "tool", "next"]), references | texts),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "id": names,
            "type": st.sampled_from(["parallel", "agent"]),
            "agent": references,
            "agentId": references,
            "next": texts,
            "transitions": st.dictionaries(st.sampled_from(["next", "true", "false"]), texts) | scalars,
            "switch": st.lists(st.dictionaries(st.sampled_from(["when", "next"]), texts), max_size=2),
            "steps": st.lists(inner, max_size=2) | scalars,
            "parallel": st.fixed_dictionaries(
                {
                    "branches": st.lists(
                        st.fixed_dictionaries({"steps": st.lists(inner, max_size=2)}), max_size=2
                    )
                }
            )
            | scalars,
        },
    ),
    max_leaves=6,
)
specs = {
    "Agent": st.fixed_dictionaries(
        {}, optional={"tools": reference_lists | scalars, "model": models | scalars}
    ),
    "Network": st.fixed_dictionaries(
        {}, optional={"agents": reference_lists | scalars, "router": st.fixed_dictionaries({"model": models})}
    ),
    "Tool": st.dictionaries(
        st.sampled_from(["parameters", "inputSchema", "url", "endpoint", "description"]),
        scalars | st.dictionaries(names, scalars, max_size=2),
    ),
    "Workflow": st.fixed_dictionaries(
        {},
        optional={
            "steps": st.lists(steps, max_size=3) | scalars,
            "onError": st.fixed_dictionaries({"next": texts}),
        },
    ),
}
children = st.sampled_from(["Agent", "Network", "Tool", "Workflow"]).flatmap(
    lambda kind: st.tuples(
        st.just(kind.lower() + "s"),
        st.lists(st.fixed_dictionaries({"name": names}, optional={"spec": specs[kind]}), max_size=2)
        | st.dictionaries(
            st.sampled_from(["a", "b", "spec", "name"]),
            specs[kind] | st.fixed_dictionaries({"spec": specs[kind]}),
            max_size=2,
        ),
    )
)
specs["System"] = st.lists(children, max_size=3).map(dict)
documents = st.sampled_from(sorted(specs)).flatmap(
    lambda kind: specs[kind].map(lambda spec: {"apiVersion": "mastra.ai/v1", "kind": kind, "spec": spec})
)


def paths(value, at=()):
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*at, key))


def at_path(value, path):
    for part in path:
        value = value[part]
    return value


def leaves(value):
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


def words(value):
    """The words of all leaves, in the spelling in which references keep them."""
    return {
        w.lower().rstrip("s")
        for leaf in leaves(value)
        for w in str(leaf).replace("/", ".").replace(":", ".").split(".")
    }


@given(documents)
def test_twice_is_once(document):
    once = canonical_form(document["kind"], document)
    assert canonical_form(document["kind"], once) is once


@given(documents)
def test_the_document_given_is_never_changed(document):
    before = values.copy(document)
    canonical_form(document["kind"], document)
    assert document == before


@given(documents)
def test_nothing_that_was_written_is_lost(document):
    canonical = canonical_form(document["kind"], document)
    assert words(document) - {"none", ""} <= words(canonical)


@given(documents)
def test_every_path_leads_back_to_something_written(document):
    canonical = canonical_form(document["kind"], document)
    back = written_paths(document["kind"], document)
    for path in paths(canonical):
        written = at_path(document, back(path))
        value = at_path(canonical, path)
        if isinstance(value, str):
            around = values.dump([written, list(back(path))]).decode().lower()
            assert value.lower().rstrip("s") in around
