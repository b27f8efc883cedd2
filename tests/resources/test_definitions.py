from __future__ import annotations

import copy

import pytest

from mastractl import errors
from mastractl.resources.definitions import is_definition, kind_from_definition, upgrade
from mastractl.resources.structural import version_program

PRESERVE = "x-kubernetes-preserve-unknown-fields"

SEED = {
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
"""The definition of seed 001, section 3.2: below `properties:` stands nothing but a comment."""


def old(**spec):
    document = copy.deepcopy(SEED)
    document["spec"] |= spec
    return document


def old_schema(schema, **spec):
    return old(validation={"openAPIV3Schema": schema}, **spec)


def new(schema, **version):
    spec = {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"kind": "DataSource", "plural": "datasources"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
        ],
    }
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "datasources.example.com"},
        "spec": spec,
    }


def document(kind, **fields):
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "a"}, **fields}


def codes(kind, **fields):
    _, causes = version_program(kind.storage_version).run(document(kind, **fields))
    return [(cause.code, cause.path) for cause in causes]


def test_the_seed_definition_becomes_a_kind_that_takes_anything():
    kind, remarks = kind_from_definition(SEED)
    assert (kind.group, kind.kind, kind.plural) == ("mastra.ai", "DataSource", "datasources")
    assert (kind.singular, kind.list_kind, kind.api_version) == (
        "datasource",
        "DataSourceList",
        "mastra.ai/v1",
    )
    assert kind.namespaced
    assert codes(kind, spec={"url": "x", "deep": {"er": [1]}}, extra=True) == []
    assert [(remark.code, remark.path, remark.warning) for remark in remarks] == [
        ("MA121", ("spec", "validation"), True)
    ]
    assert "versions: [{name: v1, served: true, storage: true" in remarks[0].hint


def test_the_canonical_form_of_the_seed_definition():
    assert upgrade(SEED) == {
        "apiVersion": "mastra.ai/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "datasources.mastra.ai"},
        "spec": {
            "group": "mastra.ai",
            "names": {
                "kind": "DataSource",
                "plural": "datasources",
                "singular": "datasource",
                "listKind": "DataSourceList",
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", PRESERVE: True}},
                }
            ],
        },
    }


@pytest.mark.parametrize(
    "definition",
    [
        SEED,
        old(versions=[{"name": "v1", "served": True, "storage": True}]),
        old_schema({"properties": {"spec": {"properties": {"a": {"type": "string"}}}}}),
        new({"type": "object"}),
    ],
)
def test_to_upgrade_twice_is_to_upgrade_once_and_the_argument_stays(definition):
    before = copy.deepcopy(definition)
    once = upgrade(definition)
    assert upgrade(once) is once
    assert definition == before
    assert kind_from_definition(once)[1] == []


def test_the_older_form_keeps_unknown_fields_and_checks_known_ones():
    schema = {"properties": {"spec": {"properties": {"url": {"type": "string"}}, "required": ["url"]}}}
    kind, _ = kind_from_definition(old_schema(schema))
    assert codes(kind, spec={"url": "x", "other": 1}) == []
    assert codes(kind, spec={"url": 1}) == [("MA103", ("spec", "url"))]
    assert codes(kind, spec={}) == [("MA102", ("spec", "url"))]


def test_the_older_form_can_ask_for_known_fields_only():
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"url": {"type": "string"}}}},
    }
    kind, _ = kind_from_definition(old_schema(schema, preserveUnknownFields=False))
    assert codes(kind, spec={"other": 1}) == [("MA101", ("spec", "other"))]


@pytest.mark.parametrize("spec", [{}, {"validation": None}, {"validation": {"openAPIV3Schema": None}}])
def test_the_older_form_may_have_no_schema_at_all(spec):
    definition = old()
    del definition["spec"]["validation"]
    definition["spec"] |= spec
    kind, remarks = kind_from_definition(definition)
    assert codes(kind, spec={"a": 1}) == []
    assert [remark.code for remark in remarks] == ["MA121"]


def test_the_older_form_names_its_version():
    kind, remarks = kind_from_definition(old(version="v1beta1"))
    assert kind.api_version == "mastra.ai/v1beta1"
    assert "name: v1beta1" in remarks[0].hint


def test_the_older_form_shares_columns_and_subresources_among_versions():
    kind, _ = kind_from_definition(
        old(
            versions=[
                {"name": "v1", "served": True, "storage": True},
                {"name": "v2", "served": False, "storage": False},
            ],
            additionalPrinterColumns=[{"name": "URL", "type": "string", "JSONPath": ".spec.url"}],
            subresources={"status": {}},
        )
    )
    assert [version.columns[0].json_path for version in kind.versions] == [".spec.url", ".spec.url"]
    assert [version.status for version in kind.versions] == [True, True]
    assert kind.version("v2") is None


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        (
            old_schema({"properties": {"a": {"type": "x"}}}),
            ("validation", "openAPIV3Schema", "properties", "a", "type"),
        ),
        (old_schema({"type": "object"}, version="V1"), ("version",)),
        (
            old(additionalPrinterColumns=[{"name": "A", "type": "string", "JSONPath": "a"}]),
            ("additionalPrinterColumns", 0, "JSONPath"),
        ),
        (
            old(subresources={"scale": {"specReplicasPath": "a", "statusReplicasPath": ".status.a"}}),
            ("subresources", "scale", "specReplicasPath"),
        ),
        (
            old(
                versions=[
                    {"name": "v1", "served": True, "storage": True},
                    {"name": "v1", "served": True, "storage": False},
                ]
            ),
            ("versions", 1, "name"),
        ),
    ],
)
def test_faults_of_the_older_form_are_shown_where_they_were_written(definition, path):
    with pytest.raises(errors.Invalid) as caught:
        kind_from_definition(definition)
    assert [cause.path for cause in caught.value.causes] == [("spec", *path)]


def test_the_two_forms_exclude_each_other():
    definition = new({"type": "object"})
    definition["spec"]["validation"] = {"openAPIV3Schema": {"type": "object"}}
    with pytest.raises(errors.Invalid, match="holds for all versions") as caught:
        upgrade(definition)
    assert caught.value.causes[0].path == ("spec", "versions", 0, "schema")


@pytest.mark.parametrize("spec", [None, [], "x"])
def test_a_definition_without_a_spec_cannot_be_understood(spec):
    with pytest.raises(errors.Invalid, match="spec must be an object"):
        upgrade({**SEED, "spec": spec})


def test_names_follow_from_the_kind():
    definition = old(names={"kind": "DataSource"})
    assert upgrade(definition)["spec"]["names"]["plural"] == "datasources"
    assert upgrade({**definition, "metadata": {}})["spec"]["names"]["plural"] == "datasources"


def test_a_key_above_nothing_but_comments_says_nothing():
    kind, _ = kind_from_definition(
        new(
            {
                "type": "object",
                "required": None,
                "properties": {"spec": {"type": "object", "properties": None}},
            }
        )
    )
    assert codes(kind, spec={}) == []
    assert codes(kind, spec={"a": 1}) == [("MA101", ("spec", "a"))]


def test_a_kind_carries_what_its_definition_says():
    definition = new(
        {"type": "object"},
        deprecated=True,
        deprecationWarning="use v2",
        additionalPrinterColumns=[
            {
                "name": "Age",
                "type": "date",
                "jsonPath": ".metadata.creationTimestamp",
                "description": "how old",
            }
        ],
    )
    definition["spec"]["names"] |= {"shortNames": ["ds"], "categories": ["all"]}
    kind, _ = kind_from_definition(definition)
    assert (kind.scope, kind.namespaced, kind.bundled) == ("Cluster", False, False)
    assert (kind.short_names, kind.categories) == (("ds",), ("all",))
    assert kind.storage_version.deprecation == "use v2"
    assert kind.storage_version.columns[0].description == "how old"
    assert kind.segment == "datasource.example.com"


def test_a_deprecated_version_without_words_gets_some():
    kind, _ = kind_from_definition(new({"type": "object"}, deprecated=True))
    assert kind.storage_version.deprecation == "version v1 is deprecated"


def test_rules_in_cel_are_remarked_upon_and_not_evaluated():
    rule = [{"rule": "self != ''"}]
    schema = {
        "type": "object",
        "x-kubernetes-validations": [{"rule": "true"}],
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "a": {"type": "string", "x-kubernetes-validations": rule},
                    "l": {"type": "array", "items": {"type": "string", "x-kubernetes-validations": rule}},
                },
            }
        },
    }
    kind, (remark,) = kind_from_definition(new(schema))
    assert (remark.code, remark.warning) == ("MA131", True)
    assert remark.path == ("spec", "versions", 0, "schema", "openAPIV3Schema")
    assert "of the whole resource, .spec.a, .spec.l.* are not evaluated yet" in remark.message
    assert codes(kind, spec={"a": ""}) == []


def test_conversion_webhooks_are_remarked_upon():
    definition = new({"type": "object"})
    definition["spec"]["conversion"] = {
        "strategy": "Webhook",
        "webhook": {"clientConfig": {"url": "https://x"}, "conversionReviewVersions": ["v1"]},
    }
    _, (remark,) = kind_from_definition(definition)
    assert (remark.code, remark.path, remark.warning) == ("MA130", ("spec", "conversion", "strategy"), True)
    definition["spec"]["conversion"] = {"strategy": "None"}
    assert kind_from_definition(definition)[1] == []


@pytest.mark.parametrize(
    ("api_version", "kind", "is_one"),
    [
        ("mastra.ai/v1", "CustomResourceDefinition", True),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", True),
        ("example.com/v1", "CustomResourceDefinition", False),
        ("mastra.ai/v1", "Agent", False),
        (None, "CustomResourceDefinition", False),
    ],
)
def test_what_is_a_definition(api_version, kind, is_one):
    assert is_definition({"apiVersion": api_version, "kind": kind}) == is_one
