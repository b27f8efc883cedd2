"""The JSON Schema for editors: what mastractl takes passes, and what a schema can refuse is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mastractl import values
from mastractl.manifests import bundled, yamldoc
from mastractl.resources import definitions, json_schema
from mastractl.resources.admission import admit

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "tests" / "schemas"
VALID = sorted(
    [*SCHEMAS.glob("*/valid/*.yaml"), *SCHEMAS.glob("seeds/*.yaml"), *ROOT.glob("examples/*/*.yaml")]
)
INVALID = sorted(SCHEMAS.glob("*/invalid/*.yaml"))
BEYOND = {
    "agent/invalid/reference-to-another-kind",
    "agent/invalid/two-tools-of-one-name",
    "customresourcedefinition/invalid/a-kind-of-mastractl",
    "customresourcedefinition/invalid/name-of-another-group",
    "customresourcedefinition/invalid/no-stored-version",
    "customresourcedefinition/invalid/schema-without-type",
    "customresourcedefinition/invalid/two-stored-versions",
    "network/invalid/tool-for-an-agent",
    "system/invalid/two-children-of-one-name",
    "tool/invalid/no-json-schema",
    "workflow/invalid/two-steps-of-one-id",
}
"""What no JSON Schema can see: keys of lists, what names mean, rules over several fields."""
KINDS = bundled.kinds()


def label(path):
    return str(path.relative_to(ROOT if "examples" in path.parts else SCHEMAS).with_suffix(""))


def documents(path):
    return [document.value for document in yamldoc.load(path.read_bytes()) if document.value is not None]


def validator(*kinds, forms):
    schema = json_schema.combined(kinds or KINDS, forms=forms)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(json.loads(json.dumps(schema)))


EDITOR = validator(forms=True)
CANONICAL = validator(forms=False)


@pytest.mark.parametrize("path", VALID, ids=label)
def test_what_users_write_passes(path):
    own = [d for d in documents(path) if definitions.is_definition(d)]
    more = [definitions.kind_from_definition(definition)[0] for definition in own]
    editor = validator(*KINDS, *more, forms=True) if more else EDITOR
    for document in documents(path):
        assert [error.message for error in editor.iter_errors(document)] == []


@pytest.mark.parametrize("path", INVALID, ids=label)
def test_what_is_wrong_is_refused_where_a_schema_can_see_it(path):
    assert all(map(EDITOR.is_valid, documents(path))) == (label(path) in BEYOND)


@pytest.mark.parametrize("path", [p for p in VALID if "examples" not in p.parts], ids=label)
def test_the_canonical_form_passes_both(path):
    for document in documents(path):
        form = admit(document, KINDS).resource.document
        assert [error.message for error in CANONICAL.iter_errors(form)] == []
        assert EDITOR.is_valid(form)


POOL = [
    document
    for path in VALID
    if "examples" not in path.parts
    for document in documents(path)
    if document["apiVersion"] != "mastra.ai/v1alpha1"
]
"""Not definitions of the older form: what is wrong in one may be lost when it is brought up to date."""


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def at(value, path):
    for part in path:
        value = value[part]
    return value


@settings(max_examples=250)
@given(st.data())
def test_whatever_mastractl_takes_passes(data):
    """A part of a good document takes the place of another: if it is still good, the schema says so too.

    A null that is dropped with a warning is what an editor should point at.
    """
    document = values.copy(data.draw(st.sampled_from(POOL)))
    place = data.draw(st.sampled_from(sorted(filter(None, places(document)), key=str)))
    other = data.draw(st.sampled_from(POOL))
    put = at(other, data.draw(st.sampled_from(sorted(places(other), key=str))))
    holder = at(document, place[:-1])
    if data.draw(st.booleans()):
        del holder[place[-1]]
    else:
        holder[place[-1]] = values.copy(put)
    found = admit(document, KINDS)
    if found.resource is None:
        return
    if all(remark.code != "MA109" for remark in found.warnings):
        assert [error.message for error in EDITOR.iter_errors(document)] == []
    assert CANONICAL.is_valid(found.resource.document)


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}},
        {"apiVersion": "mastra.ai/v9", "kind": "Agent"},
        {"kind": "Agent"},
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Else"}]},
    ],
    ids=str,
)
def test_documents_of_other_kinds_pass(document):
    assert EDITOR.is_valid(document)
    assert CANONICAL.is_valid(document)


def test_the_items_of_a_list_are_looked_at():
    faulty = {"apiVersion": "mastra.ai/v1", "kind": "Agent", "metadata": {"name": "x"}, "spec": {"nope": 1}}
    assert not EDITOR.is_valid({"apiVersion": "v1", "kind": "List", "items": [faulty]})


def test_an_editor_is_told_what_fields_mean():
    definitions = json_schema.combined(KINDS, forms=True)["definitions"]
    (part,) = definitions["mastra.ai.v1.Agent"]["properties"]["spec"]["allOf"]
    spec = definitions[part["$ref"].removeprefix("#/definitions/")]["properties"]
    assert all("description" in field for field in spec.values())
    assert spec["tools"]["description"].startswith("The tools the agent may call")


WORDS = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "port": {"x-kubernetes-int-or-string": True, "nullable": True},
                "word": {"type": "string", "nullable": True, "enum": ["a"]},
                "share": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {}},
                "map": {"type": "object", "additionalProperties": {"type": "integer"}},
                "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                "part": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
                "loose": {"type": "string", "pattern": "(?i)abc"},
                "either": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "oneOf": [
                        {"required": ["a"]},
                        {"properties": {"b": {"minLength": 2}}, "required": ["b"]},
                    ],
                },
            },
        }
    },
}


@pytest.mark.parametrize(
    ("spec", "passes"),
    [
        ({"port": 5}, True),
        ({"port": "http"}, True),
        ({"port": None}, True),
        ({"port": 1.5}, False),
        ({"word": None}, True),
        ({"word": "b"}, False),
        ({"share": 0}, False),
        ({"share": 0.1}, True),
        ({"free": {"x": 1}}, True),
        ({"map": {"x": 1}}, True),
        ({"map": {"x": "1"}}, False),
        ({"set": ["a", "a"]}, False),
        ({"part": {"apiVersion": "v1", "kind": "X", "metadata": {}}}, True),
        ({"part": {"kind": "X"}}, False),
        ({"loose": "ABC"}, True),
        ({"either": {"a": "x"}}, True),
        ({"either": {"b": "x"}}, False),
        ({"either": {"c": "x"}}, False),
        ({"nope": 1}, False),
    ],
    ids=str,
)
def test_the_words_of_kubernetes_are_put_in_those_of_json_schema(spec, passes):
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.acme.io"},
        "spec": {
            "group": "acme.io",
            "names": {"kind": "Thing", "plural": "things"},
            "scope": "Cluster",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": WORDS}},
            ],
        },
    }
    kind, _ = definitions.kind_from_definition(definition)
    document = {"apiVersion": "acme.io/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}
    judge = validator(kind, forms=True)
    assert judge.is_valid(document) == passes
    assert not judge.is_valid({**document, "metadata": {"name": "t", "namespace": "x"}})
