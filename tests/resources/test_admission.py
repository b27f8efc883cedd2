from __future__ import annotations

import copy
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl.manifests import bundled
from mastractl.resources.admission import admit
from mastractl.resources.definitions import kind_from_definition
from mastractl.resources.kinds import KindRegistry

AGENT = {
    "apiVersion": "mastra.ai/v1",
    "kind": "Agent",
    "metadata": {"name": "recipe-assistant", "namespace": "cooking", "labels": {"app": "kitchen"}},
    "spec": {
        "instructions": "help",
        "model": {"provider": "openai", "name": "gpt-4-turbo"},
        "tools": [{"name": "recipe-finder", "ref": {"namespace": "cooking", "name": "recipe-finder"}}],
        "memory": {"enabled": True, "type": "vector"},
        "scaling": {"minReplicas": 1, "maxReplicas": 5},
    },
}
PROBE = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "probes.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"kind": "Probe", "plural": "probes"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"url": {"type": "string", "default": "/"}},
                            },
                            "status": {"type": "object", "properties": {"up": {"type": "boolean"}}},
                        },
                    }
                },
            },
            {
                "name": "v1beta1",
                "served": True,
                "storage": False,
                "deprecated": True,
                "deprecationWarning": "v1beta1 goes; use v1",
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
            },
            {
                "name": "v0",
                "served": False,
                "storage": False,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            },
        ],
    },
}


def kinds():
    registry = KindRegistry(parent=bundled.kinds())
    registry.add(kind_from_definition(PROBE)[0])
    return registry


KINDS = kinds()


def agent(metadata=None, spec=None, **root):
    document = copy.deepcopy(AGENT) | root
    document["metadata"] |= metadata or {}
    document["spec"] |= spec or {}
    return document


def probe(version="v1", **root):
    return {"apiVersion": f"example.com/{version}", "kind": "Probe", "metadata": {"name": "a"}, **root}


def faults(document, **options):
    admitted = admit(document, KINDS, **options)
    assert admitted.resource is None
    return [(cause.code, cause.path) for cause in admitted.causes]


def the_fault(document, **options):
    (cause,) = admit(document, KINDS, **options).causes
    return cause


def warnings(document, **options):
    admitted = admit(document, KINDS, **options)
    assert admitted.causes == ()
    assert all(cause.warning for cause in admitted.warnings)
    return [(cause.code, cause.path) for cause in admitted.warnings]


def accepted(document, **options):
    admitted = admit(document, KINDS, **options)
    assert admitted.causes == ()
    return admitted.resource.document


def test_a_canonical_document_is_admitted_as_it_is():
    admitted = admit(AGENT, KINDS)
    assert admitted.resource.document is AGENT
    assert (admitted.kind.kind, admitted.causes, admitted.warnings) == ("Agent", (), ())


def test_a_document_is_never_changed():
    document = agent(
        {"namespace": None, "uid": "x"}, {"tools": ["a.b"], "extra": 1}, status={"phase": "Running"}
    )
    before = copy.deepcopy(document)
    for fields in ("strict", "warn", "ignore"):
        admit(document, KINDS, fields=fields, namespace="x")
    assert document == before


@pytest.mark.parametrize(
    ("document", "code", "path", "words"),
    [
        ({}, "MA007", ("kind",), "kind: Agent"),
        ({"apiVersion": "mastra.ai/v1"}, "MA007", ("kind",), "kind: Agent"),
        ({"kind": ""}, "MA007", ("kind",), "kind: Agent"),
        ({"kind": 5, "apiVersion": "mastra.ai/v1"}, "MA103", ("kind",), ""),
        ({"kind": "Agent"}, "MA102", ("apiVersion",), "write apiVersion: mastra.ai/v1"),
        ({"kind": "Probe"}, "MA102", ("apiVersion",), "write apiVersion: example.com/v1"),
        ({"kind": "Agent", "apiVersion": None}, "MA102", ("apiVersion",), "write apiVersion: mastra.ai/v1"),
        ({"kind": "Agent", "apiVersion": 1}, "MA103", ("apiVersion",), ""),
        (
            {"kind": "Agent", "apiVersion": "mastra/v1"},
            "MA011",
            ("apiVersion",),
            "use apiVersion: mastra.ai/v1",
        ),
        (
            {"kind": "Nope", "apiVersion": "mastra/v1"},
            "MA011",
            ("apiVersion",),
            "use apiVersion: mastra.ai/v1",
        ),
        (
            {"kind": "Agent", "apiVersion": "mastra.ai/v1beta9"},
            "MA011",
            ("apiVersion",),
            "served: mastra.ai/v1",
        ),
        (
            {"kind": "Agent", "apiVersion": "mastra.ai"},
            "MA011",
            ("apiVersion",),
            "use apiVersion: mastra.ai/v1",
        ),
        ({"kind": "Agent", "apiVersion": "v1"}, "MA011", ("apiVersion",), "use apiVersion: mastra.ai/v1"),
        (
            {"kind": "Probe", "apiVersion": "mastra.ai/v1"},
            "MA011",
            ("apiVersion",),
            "use apiVersion: example.com/v1",
        ),
        (
            {"kind": "Probe", "apiVersion": "example.com/v0"},
            "MA011",
            ("apiVersion",),
            "served: example.com/v1, example.com/v1beta1",
        ),
        ({"kind": "agent", "apiVersion": "mastra.ai/v1"}, "MA010", ("kind",), 'did you mean "Agent"?'),
        ({"kind": "Agents", "apiVersion": "mastra.ai/v1"}, "MA010", ("kind",), 'did you mean "Agent"?'),
        ({"kind": "Worklfow", "apiVersion": "mastra.ai/v1"}, "MA010", ("kind",), 'did you mean "Workflow"?'),
        (
            {"kind": "Agnet", "apiVersion": "other/v1"},
            "MA010",
            ("kind",),
            'did you mean "Agent" of mastra.ai/v1?',
        ),
        ({"kind": "ConfigMap", "apiVersion": "v1"}, "MA010", ("kind",), "known kinds: Agent, "),
        (
            {"kind": "CustomResourceDefinition", "apiVersion": "mastra.ai/v2"},
            "MA011",
            ("apiVersion",),
            "mastra.ai/v1alpha1",
        ),
    ],
)
def test_what_a_document_is(document, code, path, words):
    cause = the_fault(document)
    assert (cause.code, cause.path) == (code, path)
    assert words in cause.hint
    assert admit(document, KINDS).kind is None


def test_a_name_is_needed():
    assert faults({**AGENT, "metadata": {}}) == [("MA102", ("metadata", "name"))]
    assert faults(agent({"name": None})) == [("MA102", ("metadata", "name"))]
    assert faults(agent({"name": ""})) == [("MA110", ("metadata", "name"))]
    assert faults({**AGENT, "metadata": []}) == [("MA103", ("metadata",))]
    document = copy.deepcopy(AGENT)
    del document["metadata"]
    assert faults(document) == [("MA102", ("metadata",))]


def test_generated_names_are_refused_in_words():
    document = agent({"generateName": "recipe-"})
    del document["metadata"]["name"]
    cause = the_fault(document)
    assert (cause.code, cause.path) == ("MA110", ("metadata", "generateName"))
    assert "generateName is not supported" in cause.message
    assert accepted(agent({"generateName": "recipe-"}))["metadata"]["name"] == "recipe-assistant"


@pytest.mark.parametrize(
    ("metadata", "code", "path", "words"),
    [
        ({"name": "My Agent"}, "MA110", ("name",), "did you mean 'my-agent'?"),
        ({"name": 5}, "MA103", ("name",), "expected string, found integer"),
        ({"name": "nul"}, "MA110", ("name",), "Windows"),
        ({"name": "x" * 251}, "MA110", ("name",), "at most 250"),
        ({"namespace": "a.b"}, "MA110", ("namespace",), "did you mean 'a-b'?"),
        ({"namespace": 5}, "MA103", ("namespace",), "expected string"),
        ({"labels": {"version": 1.5}}, "MA103", ("labels", "version"), "expected string, found number"),
        ({"labels": {"a b": ""}}, "MA110", ("labels", "a b"), "not a valid key"),
        ({"labels": {"a": "b c"}}, "MA110", ("labels", "a"), "did you mean 'b-c'?"),
        ({"labels": ["a"]}, "MA103", ("labels",), "expected object"),
        ({"annotations": {"a": True}}, "MA103", ("annotations", "a"), "expected string, found boolean"),
        ({"annotations": {"-": ""}}, "MA110", ("annotations", "-"), "not a valid key"),
        ({"annotations": {"a": "x" * 300_000}}, "MA110", ("annotations",), "256 KiB"),
        ({"finalizers": ["cleanup"]}, "MA110", ("finalizers", 0), "needs a domain"),
        ({"finalizers": "a.b/c"}, "MA103", ("finalizers",), "expected array"),
        ({"finalizers": ["a.b/c", "a.b/c"]}, "MA107", ("finalizers", 1), "already in the list"),
        ({"ownerReferences": [{"kind": "Agent"}]}, "MA102", ("ownerReferences", 0, "apiVersion"), "missing"),
        ({"label": {}}, "MA101", ("label",), "unknown field"),
        ({"resourceVersion": 5}, "MA103", ("resourceVersion",), "expected string"),
        ({"generateName": "A_"}, "MA110", ("generateName",), "not a valid name"),
    ],
)
def test_metadata_that_is_refused(metadata, code, path, words):
    cause = admit(agent(metadata), KINDS).causes[0]
    assert (cause.code, cause.path) == (code, ("metadata", *path))
    assert words in cause.message


OWNER = {"apiVersion": "mastra.ai/v1", "kind": "System", "name": "s", "uid": "1"}


def test_owners_are_checked():
    assert faults(agent({"ownerReferences": [OWNER | {"name": ""}]})) == [
        ("MA110", ("metadata", "ownerReferences", 0, "name"))
    ]
    both = [OWNER | {"controller": True}, OWNER | {"controller": True, "uid": "2"}]
    assert faults(agent({"ownerReferences": both})) == [
        ("MA110", ("metadata", "ownerReferences", 1, "controller"))
    ]
    assert faults(agent({"ownerReferences": [OWNER, OWNER]})) == [
        ("MA107", ("metadata", "ownerReferences", 1, "uid"))
    ]


def test_metadata_that_is_accepted():
    metadata = {
        "annotations": {"Some.Domain/Key": "any text, any length: " + "x" * 1000, "note": "你好"},
        "finalizers": ["example.com/cleanup", "orphan"],
        "ownerReferences": [OWNER | {"controller": True}, OWNER | {"uid": "2"}],
        "resourceVersion": "17",
    }
    assert accepted(agent(metadata))["metadata"] == AGENT["metadata"] | metadata


def test_empty_parts_of_metadata_say_nothing():
    document = accepted(agent({"labels": None, "annotations": None, "finalizers": None}))
    assert document["metadata"] == {"name": "recipe-assistant", "namespace": "cooking"}


def test_what_only_a_store_writes_is_dropped_silently():
    left_over = {
        "uid": "x",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generation": 3,
        "managedFields": [{}],
        "selfLink": "/x",
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 0,
    }
    document = agent({**left_over, "resourceVersion": "7"})
    assert warnings(document) == []
    assert accepted(document)["metadata"] == {**AGENT["metadata"], "resourceVersion": "7"}


def test_a_namespace_is_filled_in_and_stands_behind_the_name():
    document = agent({"labels": {"a": "b"}})
    del document["metadata"]["namespace"]
    assert list(accepted(document)["metadata"]) == ["name", "namespace", "labels"]
    assert accepted(document)["metadata"]["namespace"] == "default"
    assert accepted(document, namespace="x", namespace_given=True)["metadata"]["namespace"] == "x"
    assert accepted(agent({"namespace": ""}), namespace="x")["metadata"]["namespace"] == "x"


def test_two_namespaces_contradict_each_other():
    cause = the_fault(AGENT, namespace="sales", namespace_given=True)
    assert (cause.code, cause.path) == ("MA013", ("metadata", "namespace"))
    assert accepted(AGENT, namespace="sales")["metadata"]["namespace"] == "cooking"
    assert accepted(AGENT, namespace="cooking", namespace_given=True) == AGENT


def test_a_cluster_scoped_resource_has_no_namespace():
    cause = the_fault(probe(metadata={"name": "a", "namespace": "x"}))
    assert (cause.code, cause.path, cause.hint) == ("MA013", ("metadata", "namespace"), "remove it")
    assert accepted(probe(metadata={"name": "a"}), namespace="x", namespace_given=True)["metadata"] == {
        "name": "a"
    }
    assert accepted(probe(metadata={"name": "a", "namespace": ""}))["metadata"] == {"name": "a"}


def test_status_is_ignored_with_a_warning():
    document = agent(status={"phase": 5, "nonsense": True})
    assert warnings(document) == [("MA120", ("status",))]
    assert accepted(document) == AGENT
    assert warnings(probe(status={"up": True})) == [("MA120", ("status",))]


def test_status_is_an_ordinary_field_where_a_kind_describes_it_without_the_subresource():
    definition = copy.deepcopy(PROBE)
    del definition["spec"]["versions"][0]["subresources"]
    registry = KindRegistry()
    registry.add(kind_from_definition(definition)[0])
    admitted = admit(probe(status={"up": True}), registry)
    assert admitted.resource.status == {"up": True}
    assert admitted.warnings == ()


def test_defaults_come_in():
    assert accepted(probe(spec={}))["spec"] == {"url": "/"}


def test_unknown_fields_are_refused_reported_or_ignored():
    document = agent(spec={"temprature": 1})
    assert faults(document) == [("MA101", ("spec", "temprature"))]
    assert warnings(document, fields="warn") == [("MA101", ("spec", "temprature"))]
    assert warnings(document, fields="ignore") == []
    assert accepted(document, fields="warn") == accepted(document, fields="ignore") == AGENT


def test_all_faults_are_told_at_once():
    document = agent(
        {"name": "A", "labels": {"x": 1}},
        {"model": {"provider": 5}, "instructions": None, "nmae": 1, "scaling": {"minReplicas": "two"}},
        status={},
    )
    admitted = admit(document, KINDS, namespace="sales", namespace_given=True)
    assert {(cause.code, cause.path) for cause in admitted.causes} == {
        ("MA013", ("metadata", "namespace")),
        ("MA101", ("spec", "nmae")),
        ("MA110", ("metadata", "name")),
        ("MA103", ("metadata", "labels", "x")),
        ("MA109", ("spec", "instructions")),
        ("MA103", ("spec", "model", "provider")),
        ("MA102", ("spec", "model", "name")),
        ("MA103", ("spec", "scaling", "minReplicas")),
    }
    assert [warning.code for warning in admitted.warnings] == ["MA120"]


def test_a_deprecated_version_is_served_with_a_warning_and_kept_in_the_stored_one():
    document = probe("v1beta1", spec={})
    assert [(w.code, w.path, w.message) for w in admit(document, KINDS).warnings] == [
        ("MA121", ("apiVersion",), "v1beta1 goes; use v1")
    ]
    assert accepted(document)["apiVersion"] == "example.com/v1"


def test_shorthand_becomes_canonical_and_faults_are_shown_where_they_were_written():
    document = agent(spec={"tools": {"finder": "cooking.finder", "other": {"refNam": "x"}}})
    assert faults(document) == [("MA101", ("spec", "tools", "other", "refNam"))]
    good = agent(spec={"tools": ["cooking.finder"]})
    assert accepted(good)["spec"]["tools"] == [
        {"name": "finder", "ref": {"namespace": "cooking", "name": "finder"}}
    ]


def test_a_malformed_reference_is_one_fault():
    document = agent(spec={"tools": [{"name": "a", "ref": "a/b/c"}, {"name": "b", "refName": "//"}]})
    assert faults(document) == [
        ("MA123", ("spec", "tools", 0, "ref")),
        ("MA123", ("spec", "tools", 1, "refName")),
    ]


def test_a_reference_to_the_wrong_kind_is_a_fault():
    document = agent(spec={"tools": [{"name": "a", "ref": "agents/b"}]})
    assert faults(document) == [("MA123", ("spec", "tools", 0, "ref"))]


def tool(**spec):
    spec = {"description": "finds", "type": "function", "execute": "kitchen:find", **spec}
    return {"apiVersion": "mastra.ai/v1", "kind": "Tool", "metadata": {"name": "t"}, "spec": spec}


def test_the_schemas_of_a_tool_are_checked():
    assert accepted(tool(inputSchema={"type": "object", "properties": {"q": {"type": "string"}}}))
    assert faults(tool(inputSchema={"type": "objekt"})) == [("MA140", ("spec", "inputSchema", "type"))]
    assert faults(tool(inputSchema="object")) == [("MA103", ("spec", "inputSchema"))]


def test_the_schema_of_a_tool_is_shown_under_the_name_it_was_written():
    assert faults(tool(parameters={"required": "q"})) == [("MA140", ("spec", "parameters", "required"))]


def crd(**spec):
    document = copy.deepcopy(PROBE)
    document["spec"] |= spec
    return document


def test_a_definition_is_admitted_in_canonical_form():
    document = accepted(crd())
    assert document["apiVersion"] == "mastra.ai/v1"
    assert document["spec"]["names"]["listKind"] == "ProbeList"
    assert admit(crd(), KINDS).kind.kind == "CustomResourceDefinition"
    assert kind_from_definition(document)[0].kind == "Probe"


def test_a_definition_that_breaks_a_rule_is_refused():
    assert faults(crd(scope="Everywhere")) == [("MA104", ("spec", "scope"))]
    assert faults(crd(group="example.org")) == [("MA130", ("metadata", "name"))]
    assert faults(crd(versions=[])) == [("MA106", ("spec", "versions"))]
    assert faults({**crd(), "spec": None}) == [("MA102", ("spec",))]


def test_an_unknown_field_in_a_definition_does_not_hide_a_broken_rule():
    assert faults(crd(group="example.org", scop="x")) == [
        ("MA101", ("spec", "scop")),
        ("MA130", ("metadata", "name")),
    ]


def test_a_definition_cannot_redefine_a_bundled_kind():
    names = {"kind": "Agent", "plural": "agents"}
    document = crd(group="mastra.ai", names=names) | {"metadata": {"name": "agents.mastra.ai"}}
    cause = the_fault(document)
    assert (cause.code, cause.path) == ("MA130", ("spec", "names", "kind"))
    assert "kind of mastractl itself" in cause.message


def test_a_definition_of_the_older_form_is_admitted_with_a_warning():
    document = {
        "apiVersion": "mastra.ai/v1alpha1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "datasources.mastra.ai"},
        "spec": {
            "group": "mastra.ai",
            "names": {"kind": "DataSource", "plural": "datasources"},
            "scope": "Namespaced",
            "validation": {"openAPIV3Schema": {"type": "object", "properties": None}},
        },
    }
    assert warnings(document) == [("MA121", ("spec", "validation"))]
    document["spec"]["validation"]["openAPIV3Schema"] = {"type": "objekt"}
    assert faults(document) == [("MA130", ("spec", "validation", "openAPIV3Schema", "type"))]


def test_what_was_admitted_is_admitted_again_unchanged():
    first = accepted(agent(spec={"tools": ["cooking.finder"]}, status={}))
    assert accepted(first) == first
    definition = accepted(crd())
    assert accepted(definition) == definition


FIELDS = [
    *(
        "name",
        "namespace",
        "labels",
        "spec",
        "tools",
        "agents",
        "steps",
        "id",
        "next",
        "model",
        "ref",
        "refName",
    ),
    *(
        "agent",
        "router",
        "inputSchema",
        "transitions",
        "parallel",
        "functions",
        "names",
        "versions",
        "validation",
    ),
]
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-1, 3),
        st.sampled_from(["", "a", "agents/x", "a.b", "END", "Agent"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
OLD = {"apiVersion": "mastra.ai/v1", "kind": "CustomResourceDefinition"}


@settings(max_examples=1500)
@example({**OLD, "spec": {"validation": None, "name": None, "versions": True}})
@example({**OLD, "spec": {"validation": [], "name": None, "versions": []}})
@given(
    st.fixed_dictionaries(
        {
            "apiVersion": st.sampled_from(["mastra.ai/v1", "mastra.ai/v1alpha1", "example.com/v1", "v1"]),
            "kind": st.sampled_from(
                ["Agent", "Tool", "Workflow", "Network", "System", "CustomResourceDefinition", "Probe"]
            ),
        },
        optional={
            "metadata": st.one_of(VALUES, st.just({"name": "a"})),
            "spec": VALUES,
            "status": VALUES,
            "extra": VALUES,
        },
    )
)
def test_any_document_is_answered_and_what_is_admitted_is_settled(document):
    before = copy.deepcopy(document)
    admitted = admit(document, KINDS)
    assert document == before
    assert (admitted.resource is None) == bool(admitted.causes)
    for cause in admitted.causes:
        assert not cause.warning
    if admitted.resource is not None:
        again = admit(admitted.resource.document, KINDS)
        assert again.causes == ()
        assert again.resource == admitted.resource


def test_admitting_valid_documents_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from mastractl.manifests import bundled\n"
        "from mastractl.resources.admission import admit\n"
        f"documents = [{AGENT!r}, {tool(inputSchema={'type': 'object'})!r}, {PROBE!r}]\n"
        "for document in documents:\n"
        "    admitted = admit(document, bundled.kinds())\n"
        "    assert admitted.resource is not None, admitted.causes\n"
        "heavy = {'jsonschema', 'referencing', 'yaml', 'asyncio', 'sqlite3', 'unicodedata', 'decimal'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
