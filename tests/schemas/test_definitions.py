"""The bundled definitions: what a Kubernetes API server asks of them, and what `explain` does."""

from __future__ import annotations

import re

import pytest
import yaml

from mastractl.manifests import bundled, yamldoc
from mastractl.resources import jsonpath
from mastractl.resources.admission import admit
from mastractl.resources.definitions import kind_from_definition

FILES = sorted(bundled.schema_directory().iterdir())
DEFINITIONS = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
VERSIONS = {
    f"{name}@{version['name']}": version
    for name, definition in DEFINITIONS.items()
    for version in definition["spec"]["versions"]
}

every_file = pytest.mark.parametrize("name", DEFINITIONS)
every_version = pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)


def schema_of(version):
    return version["schema"]["openAPIV3Schema"]


def children(schema):
    """The schemas right inside a schema, each with the step that leads to it."""
    for name, child in schema.get("properties", {}).items():
        yield f".{name}", child
    if "items" in schema:
        yield "[*]", schema["items"]
    if isinstance(schema.get("additionalProperties"), dict):
        yield ".*", schema["additionalProperties"]


def walk(schema, at=""):
    yield at, schema
    for step, child in children(schema):
        yield from walk(child, at + step)


def test_there_is_a_file_for_each_kind_and_no_other():
    assert list(DEFINITIONS) == [
        "agents.mastra.ai.yaml",
        "customresourcedefinitions.mastra.ai.yaml",
        "networks.mastra.ai.yaml",
        "systems.mastra.ai.yaml",
        "tools.mastra.ai.yaml",
        "workflows.mastra.ai.yaml",
    ]


@every_file
def test_a_file_is_named_for_its_definition(name):
    definition = DEFINITIONS[name]
    spec = definition["spec"]
    assert definition["apiVersion"] == "apiextensions.k8s.io/v1"
    assert definition["kind"] == "CustomResourceDefinition"
    assert name == f"{definition['metadata']['name']}.yaml" == f"{spec['names']['plural']}.mastra.ai.yaml"


@every_file
def test_no_rule_for_definitions_is_broken(name):
    _, remarks = kind_from_definition(DEFINITIONS[name])
    assert remarks == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_readers_of_yaml_1_1_and_1_2_read_the_same(path):
    assert yamldoc.load_one(path.read_bytes()) == DEFINITIONS[path.name]


@pytest.mark.parametrize(
    ("name", "short", "categories", "scope"),
    [
        ("agents", ["ag"], ["all", "mastra"], "Namespaced"),
        ("tools", None, ["all", "mastra"], "Namespaced"),
        ("workflows", ["wf"], ["all", "mastra"], "Namespaced"),
        ("networks", ["net"], ["all", "mastra"], "Namespaced"),
        ("systems", ["sys"], ["all", "mastra"], "Namespaced"),
        ("customresourcedefinitions", ["crd"], ["api-extensions"], "Cluster"),
    ],
)
def test_names(name, short, categories, scope):
    spec = DEFINITIONS[f"{name}.mastra.ai.yaml"]["spec"]
    assert spec["names"].get("shortNames") == short
    assert spec["names"]["categories"] == categories
    assert spec["scope"] == scope
    assert [v["name"] for v in spec["versions"] if v["storage"]] == ["v1"]


# What a schema is: written down here once more, apart from the rules that judge users' definitions.

KEYWORDS = {
    *("type", "description", "properties", "additionalProperties", "items", "required", "enum", "default"),
    *("format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
    *("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"),
}


@every_version
def test_a_schema_is_structural(version):
    for at, schema in walk(schema_of(version)):
        assert set(schema) <= KEYWORDS, at
        assert not {"properties", "additionalProperties"} <= set(schema), at
        untyped = schema.get("x-kubernetes-int-or-string") or schema.get(
            "x-kubernetes-preserve-unknown-fields"
        )
        assert "type" in schema or untyped, at
        assert not ("type" in schema and schema.get("x-kubernetes-int-or-string")), at
        assert set(schema.get("required", ())) <= set(schema.get("properties", ())), at


@every_version
def test_an_object_says_what_may_be_in_it(version):
    for at, schema in walk(schema_of(version)):
        if schema.get("type") == "object" and at != ".metadata" and not at.endswith(".subresources.status"):
            says = {"properties", "additionalProperties", "x-kubernetes-preserve-unknown-fields"}
            assert says & set(schema), at


@every_version
def test_every_list_says_how_it_is_merged(version):
    for at, schema in walk(schema_of(version)):
        assert ("x-kubernetes-list-type" in schema) == (schema.get("type") == "array"), at
        if schema.get("type") != "array":
            continue
        items, kind = schema["items"], schema["x-kubernetes-list-type"]
        keys = schema.get("x-kubernetes-list-map-keys", [])
        assert kind in {"atomic", "set", "map"}, at
        assert bool(keys) == (kind == "map"), at
        assert set(keys) <= set(items.get("required", ())), at
        assert kind != "set" or items["type"] == "string", at


@every_version
def test_every_field_is_described(version):
    for at, schema in walk(schema_of(version)):
        if at == ".metadata":
            continue
        text = schema.get("description", "")
        assert text[:1].isupper() or re.match(r"[`(\d]", text), at
        assert text.endswith((".", "?", ".)")), at
        assert 6 <= len(text) <= 420, (at, len(text))
        sentences = re.findall(r"[.?](?= |$)", re.sub(r"`[^`]*`", "x", text))
        assert len(sentences) <= 3, at


@every_version
def test_a_default_is_a_value_of_its_field(version):
    found = {at: schema["default"] for at, schema in walk(schema_of(version)) if "default" in schema}
    for at, value in found.items():
        assert isinstance(value, bool | int), at


@every_version
def test_columns_show_fields_that_there_are(version):
    schema = schema_of(version)
    columns = version["additionalPrinterColumns"]
    assert [c["name"] for c in columns][-1] == "Age"
    assert len({c["name"] for c in columns}) == len(columns)
    for column in columns:
        jsonpath.compile_path(column["jsonPath"])
        assert column["description"]
        steps = re.sub(r"\[\?\([^)]*\)\]", ".[*]", column["jsonPath"]).strip(".").split(".")
        if steps[0] != "metadata":
            assert has_field(schema, steps), column["jsonPath"]


def has_field(schema, steps):
    for step in steps:
        schema = schema["items"] if step == "[*]" else schema["properties"].get(step)
        if schema is None:
            return False
    return True


@every_version
def test_the_status_is_a_part_of_its_own(version):
    assert version["subresources"] == {"status": {}}
    status = schema_of(version)["properties"]["status"]["properties"]
    assert {"phase", "conditions", "observedGeneration"} <= set(status)
    assert status["conditions"]["x-kubernetes-list-map-keys"] == ["type"]


@every_version
def test_metadata_is_left_to_the_server(version):
    # A description would be one thing too many: the API server refuses it.
    assert schema_of(version)["properties"]["metadata"] == {"type": "object"}
    assert schema_of(version)["required"] == ["spec"]


@pytest.mark.parametrize(
    ("kind", "spec", "at", "value"),
    [
        ("Network", {"agents": ["a"], "router": {}}, "router maxSteps", 10),
        ("Network", {"agents": ["a"], "router": {}, "state": {}}, "state persistence", False),
        ("Agent", {"instructions": "i", "memory": {}}, "memory enabled", True),
        ("Agent", {"instructions": "i", "voice": {"provider": "p"}}, "voice enabled", True),
    ],
)
def test_defaults_come_in(kind, spec, at, value):
    document = {"apiVersion": "mastra.ai/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    found = admit(document, bundled.kinds()).resource.spec
    for step in at.split():
        found = found[step]
    assert found is value or found == value


def test_a_document_as_a_controller_leaves_it_obeys_its_schema():
    """Status is never in a manifest, so its schema is met by what controllers write."""
    from mastractl.resources.structural import version_program

    statuses = {
        "Agent": {
            "phase": "Running",
            "activity": "idle",
            "lastExecutionTime": "2026-11-21T08:00:00Z",
            "stats": {"totalTasks": 3},
        },
        "Tool": {"phase": "Ready"},
        "Workflow": {
            "phase": "Running",
            "currentStep": "a",
            "lastRun": {"name": "r", "phase": "Suspended"},
            "runs": {"active": 1},
        },
        "Network": {
            "phase": "Running",
            "stepCount": 2,
            "lastExecutionSummary": {"totalCalls": 4, "callsByAgent": {"a": 2}},
        },
        "System": {
            "phase": "Running",
            "ready": "1/1",
            "children": [{"kind": "Agent", "name": "a", "ready": True}],
        },
        "CustomResourceDefinition": {
            "phase": "Active",
            "acceptedNames": {"kind": "X"},
            "storedVersions": ["v1"],
        },
    }
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Fine",
        "lastTransitionTime": "2026-11-21T08:00:00Z",
    }
    for kind in bundled.kinds():
        status = {"observedGeneration": 1, "conditions": [condition]} | statuses[kind.kind]
        document = {
            "apiVersion": "mastra.ai/v1",
            "kind": kind.kind,
            "metadata": {"name": "x"},
            "status": status,
        }
        _, causes = version_program(kind.storage_version).run(document)
        assert [c.path for c in causes] == [("spec",)]
