"""Each rule for CustomResourceDefinitions: one definition that breaks it, and what is said about it."""

from __future__ import annotations

import copy

import pytest

from mastractl import errors
from mastractl.resources.definitions import clash, kind_from_definition, stored_kind, update_causes
from mastractl.resources.kinds import Kind, Version

ROOT = ("spec", "versions", 0, "schema", "openAPIV3Schema")
A = (*ROOT, "properties", "spec", "properties", "a")
TEXT = {"type": "string"}
PRESERVE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"


V0 = "spec__versions__0__"


def definition(**changes):
    """A definition that obeys every rule, changed at `path__to__field`."""
    document = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "datasources.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "DataSource", "plural": "datasources", "shortNames": ["ds"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "properties": {"a": TEXT, "n": {"type": "integer"}},
                                }
                            },
                        }
                    },
                }
            ],
        },
    }
    document = copy.deepcopy(document)
    for path, value in changes.items():
        put(document, path.split("__"), value)
    return document


def put(place, steps, value):
    for step in steps[:-1]:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    step = int(steps[-1]) if isinstance(place, list) else steps[-1]
    if value is None:
        del place[step]
    else:
        place[step] = value


def with_field(schema):
    return definition(spec__versions__0__schema__openAPIV3Schema__properties__spec__properties__a=schema)


def with_root(schema):
    return definition(spec__versions__0__schema__openAPIV3Schema=schema)


def causes(document):
    with pytest.raises(errors.Invalid) as caught:
        kind_from_definition(document)
    return caught.value.causes


def two_versions(**second):
    other = {**definition()["spec"]["versions"][0], "name": "v2", "storage": False, **second}
    return [definition()["spec"]["versions"][0], other]


def webhook(**changes):
    client = {"service": {"namespace": "n", "name": "s", "path": "/convert", "port": 443}}
    hook = {"conversionReviewVersions": ["v1"], "clientConfig": client, **changes}
    return definition(spec__conversion={"strategy": "Webhook", "webhook": hook})


def community(annotation):
    found = {"api-approved.kubernetes.io": annotation} if annotation else {}
    return definition(spec__group="x.k8s.io", metadata={"name": "datasources.x.k8s.io", "annotations": found})


HOOK = ("spec", "conversion", "webhook")
CLIENT = (*HOOK, "clientConfig")
APPROVED = ("metadata", "annotations", "api-approved.kubernetes.io")
DOCUMENT_RULES = [
    (community(""), APPROVED, "belongs to the Kubernetes community"),
    (community("yes"), APPROVED, "is no approval"),
    (
        definition(spec__group="kubernetes.io", metadata__name="datasources.kubernetes.io"),
        APPROVED,
        "is needed",
    ),
    (definition(spec__conversion={"webhook": {}}), ("spec", "conversion", "strategy"), "needs a strategy"),
    (definition(spec__conversion={"strategy": "None", "webhook": {"a": 1}}), HOOK, "belongs to strategy"),
    (definition(spec__conversion={"strategy": "Webhook"}), HOOK, "needs a webhook"),
    (webhook(clientConfig={}), CLIENT, "exactly one of url and service"),
    (webhook(clientConfig={"url": "http://x"}), (*CLIENT, "url"), "must begin with https://"),
    (webhook(clientConfig={"url": "https:///p"}), (*CLIENT, "url"), "names no host"),
    (webhook(clientConfig={"url": "https://a@x"}), (*CLIENT, "url"), "no user"),
    (webhook(clientConfig={"url": "https://x?a=1"}), (*CLIENT, "url"), "no query"),
    (webhook(clientConfig={"url": "https://x#a"}), (*CLIENT, "url"), "no fragment"),
    (webhook(clientConfig={"service": {"name": "s"}}), (*CLIENT, "service", "namespace"), "needs its"),
    (
        webhook(clientConfig={"service": {"name": "s", "namespace": "n", "path": "a"}}),
        (*CLIENT, "service", "path"),
        "must begin with /",
    ),
    (
        webhook(clientConfig={"service": {"name": "s", "namespace": "n", "path": "/a//b"}}),
        (*CLIENT, "service", "path"),
        "lower case letters",
    ),
    (
        webhook(clientConfig={"service": {"name": "s", "namespace": "n", "port": 0}}),
        (*CLIENT, "service", "port"),
        "from 1 to 65535",
    ),
    (webhook(conversionReviewVersions=[]), (*HOOK, "conversionReviewVersions"), "are missing"),
    (webhook(conversionReviewVersions=["v2"]), (*HOOK, "conversionReviewVersions"), "must include v1"),
    (webhook(conversionReviewVersions=["v1", "v1"]), (*HOOK, "conversionReviewVersions", 1), "listed twice"),
    (webhook(conversionReviewVersions=["v1", "V2"]), (*HOOK, "conversionReviewVersions", 1), "DNS label"),
    (
        definition(**{V0 + "deprecated": True, V0 + "deprecationWarning": "a\u0007"}),
        ("spec", "versions", 0, "deprecationWarning"),
        "printable",
    ),
    (
        definition(**{V0 + "deprecated": True, V0 + "deprecationWarning": "旧" * 86}),
        ("spec", "versions", 0, "deprecationWarning"),
        "256 bytes",
    ),
    (
        definition(**{V0 + "selectableFields": [{"jsonPath": ".spec.a"}] * 2}),
        ("spec", "versions", 0, "selectableFields", 1, "jsonPath"),
        "already selectable",
    ),
    (
        definition(**{V0 + "selectableFields": [{"jsonPath": ".spec['a']"}]}),
        ("spec", "versions", 0, "selectableFields", 0, "jsonPath"),
        "plain path",
    ),
    (
        definition(**{V0 + "subresources": {"status": {}}, V0 + "schema__openAPIV3Schema__minProperties": 3}),
        (*ROOT, "minProperties"),
        "not allowed at the root of a version with the status subresource",
    ),
    # the definition, the path of the cause, part of its message
    (
        definition(metadata__name="sources.example.com"),
        ("metadata", "name"),
        "must be the plural and the group",
    ),
    (definition(metadata__name="datasources"), ("metadata", "name"), "datasources.example.com"),
    (
        definition(spec__group="Example.com", metadata__name="datasources.Example.com"),
        ("spec", "group"),
        "domain",
    ),
    (
        definition(spec__group="local", metadata__name="datasources.local"),
        ("spec", "group"),
        "at least one dot",
    ),
    (definition(spec__names__plural="DataSources"), ("spec", "names", "plural"), "DNS label"),
    (definition(spec__names__singular="1st"), ("spec", "names", "singular"), "DNS label"),
    (definition(spec__names__kind="Data_Source"), ("spec", "names", "kind"), "DNS label"),
    (definition(spec__names__listKind="Data.List"), ("spec", "names", "listKind"), "DNS label"),
    (definition(spec__names__shortNames=["ok", "D_S"]), ("spec", "names", "shortNames", 1), "DNS label"),
    (definition(spec__names__categories=["All"]), ("spec", "names", "categories", 0), "DNS label"),
    (definition(spec__names__listKind="DataSource"), ("spec", "names", "listKind"), "must differ from kind"),
    (definition(**{V0 + "name": "V1"}), ("spec", "versions", 0, "name"), "DNS label"),
    (
        definition(spec__versions=two_versions(name="v1")),
        ("spec", "versions", 1, "name"),
        "already described",
    ),
    (
        definition(spec__versions=two_versions(storage=True)),
        ("spec", "versions", 1, "storage"),
        "only one version",
    ),
    (definition(**{V0 + "storage": False}), ("spec", "versions"), "one version must have storage: true"),
    (
        definition(**{V0 + "deprecationWarning": "old"}),
        ("spec", "versions", 0, "deprecationWarning"),
        "deprecated: true",
    ),
    (definition(spec__preserveUnknownFields=True), ("spec", "preserveUnknownFields"), "must be false"),
    (
        definition(
            **{V0 + "additionalPrinterColumns": [{"name": "A", "type": "string", "jsonPath": "spec.a"}]}
        ),
        ("spec", "versions", 0, "additionalPrinterColumns", 0, "jsonPath"),
        "must begin with a dot",
    ),
    (
        definition(
            **{V0 + "subresources": {"scale": {"specReplicasPath": ".n", "statusReplicasPath": ".status.n"}}}
        ),
        ("spec", "versions", 0, "subresources", "scale", "specReplicasPath"),
        "begins with .spec.",
    ),
    (
        definition(
            **{
                V0 + "subresources": {
                    "scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".spec.n"}
                }
            }
        ),
        ("spec", "versions", 0, "subresources", "scale", "statusReplicasPath"),
        "begins with .status.",
    ),
    (
        definition(**{V0 + "selectableFields": [{"jsonPath": ".metadata.name"}]}),
        ("spec", "versions", 0, "selectableFields", 0, "jsonPath"),
        "metadata",
    ),
    (
        definition(**{V0 + "selectableFields": [{"jsonPath": ".spec.b"}]}),
        ("spec", "versions", 0, "selectableFields", 0, "jsonPath"),
        "that the schema describes",
    ),
    (
        definition(**{V0 + "selectableFields": [{"jsonPath": "spec.a[0]"}]}),
        ("spec", "versions", 0, "selectableFields", 0, "jsonPath"),
        "plain path",
    ),
]

SHAPE_RULES = [
    (definition(spec__group=None), ("spec", "group"), "MA102"),
    (definition(spec__scope="Global"), ("spec", "scope"), "MA104"),
    (definition(spec__scope=None), ("spec", "scope"), "MA102"),
    (definition(spec__names=None), ("spec", "names"), "MA102"),
    (definition(spec__names__kind=None), ("spec", "names", "kind"), "MA102"),
    (definition(spec__names__kind=5), ("spec", "names", "kind"), "MA103"),
    (definition(metadata=None), ("metadata",), "MA102"),
    (definition(**{V0 + "name": None}), ("spec", "versions", 0, "name"), "MA102"),
    (definition(**{V0 + "served": "yes"}), ("spec", "versions", 0, "served"), "MA103"),
    (definition(**{V0 + "storage": None}), ("spec", "versions", 0, "storage"), "MA102"),
    (definition(**{V0 + "schema": None}), ("spec", "versions", 0, "schema"), "MA102"),
    (definition(**{V0 + "schema": {}}), ("spec", "versions", 0, "schema", "openAPIV3Schema"), "MA102"),
    (
        definition(**{V0 + "additionalPrinterColumns": [{"name": "A", "type": "text", "jsonPath": ".a"}]}),
        ("spec", "versions", 0, "additionalPrinterColumns", 0, "type"),
        "MA104",
    ),
    (
        definition(
            **{
                V0 + "additionalPrinterColumns": [
                    {"name": "A", "type": "string", "format": "uuid", "jsonPath": ".a"}
                ]
            }
        ),
        ("spec", "versions", 0, "additionalPrinterColumns", 0, "format"),
        "MA104",
    ),
    (definition(spec__conversion={"strategy": "Magic"}), ("spec", "conversion", "strategy"), "MA104"),
    (definition(spec="text"), ("spec",), "MA103"),
    (definition(spec=None), ("spec",), "MA102"),
]


def described(a):
    return {"type": "object", "properties": {"a": a}}


EMBEDDED_OBJECT = {"type": "object", "x-kubernetes-embedded-resource": True, PRESERVE: True}
LIST_BY_A = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]}


def RULE(**more):  # noqa: N802 - reads as a keyword of the schemas below
    return {"x-kubernetes-validations": [{"rule": "true", **more}]}


def MAP_LIST(items):  # noqa: N802 - as above
    return {"type": "array", "items": items, **LIST_BY_A}


FIELD_RULES = [
    # the schema of the field .spec.a, the path of the cause below it, part of its message
    ({}, (), "every field needs a type"),
    ({"description": "x"}, (), "every field needs a type"),
    ({"type": "text"}, ("type",), '"text" is no type'),
    ({"type": "array"}, (), "an array needs items"),
    ({"type": "array", "items": {}}, ("items",), "every field needs a type"),
    ({"type": "array", "items": [TEXT]}, ("items",), "one schema that holds for every item"),
    ({"type": "object", "additionalProperties": {}}, ("additionalProperties",), "every field needs a type"),
    (described(TEXT) | {"additionalProperties": False}, ("additionalProperties",), "exclude each other"),
    (described(TEXT) | {"additionalProperties": TEXT}, ("additionalProperties",), "exclude each other"),
    (TEXT | {"type": "null"}, ("type",), "null is no type"),
    ({INT_OR_STRING: True, PRESERVE: True}, (PRESERVE,), "cannot stand beside"),
    ({PRESERVE: False, "type": "object"}, (PRESERVE,), "can only be true"),
    (
        {INT_OR_STRING: True, "x-kubernetes-embedded-resource": True},
        ("x-kubernetes-embedded-resource",),
        "cannot stand beside",
    ),
    (
        {"x-kubernetes-embedded-resource": True, PRESERVE: True},
        ("x-kubernetes-embedded-resource",),
        "needs type: object",
    ),
    (
        {"type": "object", "x-kubernetes-embedded-resource": True},
        ("x-kubernetes-embedded-resource",),
        "needs properties or",
    ),
    (
        {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            PRESERVE: True,
            "additionalProperties": TEXT,
        },
        ("additionalProperties",),
        "embedded resource",
    ),
    ({"type": "object", "x-kubernetes-map-type": "strict"}, ("x-kubernetes-map-type",), "atomic or granular"),
    (TEXT | {"x-kubernetes-map-type": "atomic"}, ("x-kubernetes-map-type",), "of type object"),
    (TEXT | {"uniqueItems": True}, ("uniqueItems",), "uniqueItems: true is not allowed"),
    (TEXT | {"pattern": "("}, ("pattern",), "is no regular expression"),
    (TEXT | {"pattern": "(?=a)"}, ("pattern",), "do not exist in RE2"),
    (TEXT | {"x-kubernetes-list-type": "set"}, ("x-kubernetes-list-type",), "of type array"),
    (
        {"type": "array", "items": TEXT, "x-kubernetes-list-type": "bag"},
        ("x-kubernetes-list-type",),
        "atomic, set",
    ),
    ({"type": "array", "items": described(TEXT), "x-kubernetes-list-type": "map"}, (), "a map-list needs"),
    (
        {
            "type": "array",
            "items": TEXT,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a"],
        },
        ("items",),
        "must be objects",
    ),
    (
        {
            "type": "array",
            "items": described(TEXT) | {"required": ["a"], "nullable": True},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a"],
        },
        ("items", "nullable"),
        "cannot be null",
    ),
    (
        {
            "type": "array",
            "items": described(TEXT) | {"required": ["a"]},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a", "a"],
        },
        ("x-kubernetes-list-map-keys",),
        "names a field twice",
    ),
    (
        {
            "type": "array",
            "items": described(TEXT),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a"],
        },
        ("x-kubernetes-list-map-keys", 0),
        "must be required in the items, or have a default",
    ),
    (
        {
            "type": "array",
            "items": described(described(TEXT)) | {"required": ["a"]},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a"],
        },
        ("x-kubernetes-list-map-keys", 0),
        "a text, number or boolean",
    ),
    (
        {"type": "array", "items": TEXT, "x-kubernetes-list-map-keys": ["a"]},
        ("x-kubernetes-list-map-keys",),
        "belongs to x-kubernetes-list-type: map",
    ),
    (
        {"type": "array", "items": TEXT | {"nullable": True}, "x-kubernetes-list-type": "set"},
        ("items", "nullable"),
        "cannot be null",
    ),
    (
        {"type": "array", "items": described(TEXT), "x-kubernetes-list-type": "set"},
        ("items",),
        "x-kubernetes-map-type: atomic",
    ),
    (
        {
            "type": "array",
            "items": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            "x-kubernetes-list-type": "set",
        },
        ("items",),
        "x-kubernetes-list-type: atomic",
    ),
    (described(TEXT) | {"allOf": [{"type": "object"}]}, ("allOf", 0, "type"), "not allowed inside"),
    (described(TEXT) | {"anyOf": [{"description": "x"}]}, ("anyOf", 0, "description"), "not allowed inside"),
    (TEXT | {"oneOf": [{"default": "x"}]}, ("oneOf", 0, "default"), "not allowed inside"),
    (TEXT | {"not": {"nullable": True}}, ("not", "nullable"), "not allowed inside"),
    (
        described(TEXT) | {"not": {"additionalProperties": TEXT}},
        ("not", "additionalProperties"),
        "not allowed inside",
    ),
    (TEXT | {"anyOf": [{PRESERVE: True}]}, ("anyOf", 0, PRESERVE), "not allowed inside"),
    (
        {"type": "object", "properties": {"metadata": described(TEXT)}}
        | {"anyOf": [{"properties": {"metadata": {"minProperties": 1}}}]},
        ("anyOf", 0, "properties", "metadata"),
        "metadata cannot be restricted",
    ),
    (
        described(TEXT) | {"anyOf": [{"properties": {"a": {}}, "additionalProperties": False}]},
        ("anyOf", 0, "additionalProperties"),
        "exclude each other",
    ),
    (TEXT | {"anyOf": [{"default": 0}]}, ("anyOf", 0, "default"), "not allowed inside"),
    (
        described(TEXT) | {"allOf": [{"properties": {"a": {"type": "string"}}}]},
        ("allOf", 0, "properties", "a", "type"),
        "not allowed inside",
    ),
    (
        {INT_OR_STRING: True, "anyOf": [{"type": "string"}]},
        ("anyOf", 0, "type"),
        "not allowed inside",
    ),
    (TEXT | {"anyOf": []}, ("anyOf",), "a list of schemas"),
    (TEXT | {"anyOf": {}}, ("anyOf",), "a list of schemas"),
    (TEXT | {"not": []}, ("not",), "must be a schema"),
    (TEXT | {"minLength": -1}, ("minLength",), "an integer from 0 up"),
    (TEXT | {"maxLength": "3"}, ("maxLength",), "an integer from 0 up"),
    (TEXT | {"pattern": 5}, ("pattern",), "of type string"),
    (TEXT | {"nullable": "yes"}, ("nullable",), "of type boolean"),
    (TEXT | {"enum": "a"}, ("enum",), "of type array"),
    ({"type": "number", "exclusiveMinimum": 3}, ("exclusiveMinimum",), "of type boolean"),
    ({"type": "number", "multipleOf": 0}, ("multipleOf",), "greater than 0"),
    ({"type": "object", "required": "a"}, ("required",), "a list of texts"),
    ({"type": "object", "properties": []}, ("properties",), "field names and their schemas"),
    ({"type": "object", "properties": {"x": "text"}}, ("properties", "x"), "must be a schema"),
    ({"$ref": "#/definitions/x"}, ("$ref",), "$ref is not allowed"),
    (TEXT | {"definitions": {}}, ("definitions",), "definitions is not allowed"),
    (TEXT | {"patternProperties": {}}, ("patternProperties",), "patternProperties is not allowed"),
    (TEXT | {"default": 5}, ("default",), "the default does not fit its own schema: expected string"),
    (
        {"type": "integer", "default": 9, "x-kubernetes-validations": [{"rule": "self < 5"}]},
        ("default",),
        "the default does not fit its own schema: failed rule: self < 5",
    ),
    (
        described(TEXT) | {"default": {"b": 1}},
        ("default", "b"),
        'does not fit its own schema: unknown field "b"',
    ),
    (described(TEXT) | {"default": {"a": 1}}, ("default", "a"), "does not fit its own schema"),
    ({"type": "array", "items": TEXT | {"default": 1}}, ("items", "default"), "does not fit its own schema"),
    (
        TEXT | {"x-kubernetes-validations": [{"message": "x"}]},
        ("x-kubernetes-validations", 0),
        "a CEL expression",
    ),
    (
        TEXT | {"x-kubernetes-validations": [{"rule": "true", "message": "a\nb"}]},
        ("x-kubernetes-validations", 0, "message"),
        "one line",
    ),
    (
        TEXT | {"x-kubernetes-validations": [{"rule": "a\n&& b"}]},
        ("x-kubernetes-validations", 0),
        "needs a message",
    ),
    (
        TEXT | {"x-kubernetes-validations": [{"rule": "a\n&& b", "messageExpression": "'no'"}]},
        ("x-kubernetes-validations", 0),
        "needs a message",
    ),
    (TEXT | RULE(message="  "), ("x-kubernetes-validations", 0, "message"), "must say something"),
    (
        TEXT | RULE(messageExpression=" "),
        ("x-kubernetes-validations", 0, "messageExpression"),
        "must say something",
    ),
    (TEXT | RULE(reason="Bad"), ("x-kubernetes-validations", 0, "reason"), "is no reason"),
    (
        TEXT | RULE(optionalOldSelf="yes"),
        ("x-kubernetes-validations", 0, "optionalOldSelf"),
        "of type boolean",
    ),
    (TEXT | RULE(message=5), ("x-kubernetes-validations", 0, "message"), "of type string"),
    (described(TEXT) | RULE(fieldPath=".b"), ("x-kubernetes-validations", 0, "fieldPath"), "no field 'b'"),
    (described(TEXT) | RULE(fieldPath="a"), ("x-kubernetes-validations", 0, "fieldPath"), "cannot be read"),
    (described(TEXT) | RULE(fieldPath="\n"), ("x-kubernetes-validations", 0, "fieldPath"), "one line"),
    (TEXT | {"x-kubernetes-validations": "self"}, ("x-kubernetes-validations",), "a list of rules"),
    (TEXT | {"x-kubernetes-validations": ["self"]}, ("x-kubernetes-validations", 0), "needs the field rule"),
    (TEXT | {"$schema": "http://json-schema.org/schema#"}, ("$schema",), "$schema is not allowed"),
    (
        MAP_LIST(described(TEXT | {"nullable": True}) | {"required": ["a"]}),
        ("x-kubernetes-list-map-keys", 0),
        "cannot be nullable",
    ),
    (
        MAP_LIST(described(TEXT | {"default": None})),
        ("x-kubernetes-list-map-keys", 0),
        "must be required in the items, or have a default",
    ),
    (
        EMBEDDED_OBJECT | {"properties": {"kind": {"type": "integer"}}},
        ("properties", "kind", "type"),
        "must have type: string",
    ),
    (
        EMBEDDED_OBJECT | {"properties": {"metadata": EMBEDDED_OBJECT}},
        ("properties", "metadata", "x-kubernetes-embedded-resource"),
        "no resource can be embedded",
    ),
    (
        EMBEDDED_OBJECT
        | {
            "properties": {
                "metadata": {
                    "type": "object",
                    "properties": {
                        "labels": {"type": "object", "additionalProperties": TEXT | {"default": "x"}}
                    },
                }
            }
        },
        ("properties", "metadata", "properties", "labels", "additionalProperties", "default"),
        "there can be no default",
    ),
    (
        EMBEDDED_OBJECT
        | {"properties": {"metadata": {"type": "object", "properties": {"name": TEXT | {"default": "A_B"}}}}},
        ("properties", "metadata", "properties", "name", "default"),
        "makes no valid metadata",
    ),
    (
        {"type": "object", "properties": {"a": TEXT | {"default": "x"}}, "required": ["a"], "default": {}},
        ("default", "a"),
        "does not fit its own schema: missing required field",
    ),
    (described(TEXT) | {"default": {"a": None}}, ("default", "a"), "null is not allowed here"),
]

ROOT_RULES = [
    ({"type": "object", "nullable": True}, ("nullable",), "cannot be null"),
    (
        {"type": "object", "properties": {"metadata": {"type": "object", "description": "x"}}},
        ("properties", "metadata", "description"),
        "may only restrict name and generateName",
    ),
    (
        {"type": "object", "properties": {"metadata": {"type": "object", "default": {"name": "x"}}}},
        ("properties", "metadata", "default"),
        "there can be no default",
    ),
    (
        {"type": "object", "properties": {"metadata": described(TEXT)["properties"]["a"]}},
        ("properties", "metadata", "type"),
        "must have type: object",
    ),
    (
        {"type": "object", "properties": {"kind": TEXT | {"default": "X"}}},
        ("properties", "kind", "default"),
        "there can be no default",
    ),
    (
        {"type": "object", "properties": {"apiVersion": {"type": "integer"}}},
        ("properties", "apiVersion", "type"),
        "must have type: string",
    ),
    (
        described(TEXT) | {"anyOf": [{"properties": {"b": {"minLength": 1}}}]},
        ("anyOf", 0, "properties", "b"),
        "must also be described outside",
    ),
    (
        described(TEXT) | {"allOf": [{"anyOf": [{"not": {"properties": {"b": {}}}}]}]},
        ("allOf", 0, "anyOf", 0, "not", "properties", "b"),
        "must also be described outside",
    ),
    (described(TEXT) | {"allOf": [{"items": {}}]}, ("allOf", 0, "items"), "must also be described outside"),
    ({"properties": {}}, ("type",), "must have type: object"),
    ({"type": "string"}, ("type",), "must have type: object"),
    ({"type": "object", "additionalProperties": TEXT}, ("additionalProperties",), "not allowed at the root"),
    (
        {"type": "object", "properties": {"metadata": {"type": "object", "required": ["labels"]}}},
        ("properties", "metadata", "required"),
        "may only restrict name and generateName",
    ),
    (
        {"type": "object", "properties": {"metadata": described(TEXT)}},
        ("properties", "metadata", "properties", "a"),
        "may only restrict name and generateName",
    ),
]

GOOD_FIELDS = [
    TEXT | {"default": None, "nullable": False, "title": ""},
    TEXT | {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    TEXT | {"anyOf": [{"description": "", "nullable": False, "additionalProperties": False}]},
    TEXT | {"x-mastra-sensitive": True},
    TEXT | {INT_OR_STRING: True},
    {INT_OR_STRING: True, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}], "minLength": 1}]},
    {"type": "object", "additionalProperties": False},
    described(TEXT) | {"additionalProperties": True},
    described(TEXT) | {"anyOf": [{"properties": {"b": {"minLength": 1}}}]},
    described(TEXT) | {PRESERVE: True, "anyOf": [{"properties": {"b": {"properties": {"c": {}}}}}]},
    MAP_LIST(described({INT_OR_STRING: True}) | {"required": ["a"]}),
    described(TEXT) | RULE(fieldPath=".a", reason="FieldValueForbidden", optionalOldSelf=True),
    {"type": "object", "additionalProperties": described(TEXT)} | RULE(fieldPath="['x.y'].a"),
    {"type": "object", "additionalProperties": TEXT | {"default": 5}},
    EMBEDDED_OBJECT | {"properties": {"kind": TEXT | {"default": "Pod"}, "metadata": {"type": "object"}}},
    TEXT | {"pattern": "^a$", "format": "no-such-format", "enum": ["a"], "default": "a", "nullable": True},
    {INT_OR_STRING: True},
    {INT_OR_STRING: True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
    {INT_OR_STRING: True, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"pattern": "^1"}]},
    {PRESERVE: True},
    {PRESERVE: True, "type": "object", "properties": {"a": TEXT}},
    {"type": "object", "additionalProperties": TEXT},
    {"type": "object", "additionalProperties": True},
    {"type": "object", "x-kubernetes-embedded-resource": True, PRESERVE: True},
    {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": TEXT}},
    {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
    {
        "type": "array",
        "items": described(TEXT) | {"x-kubernetes-map-type": "atomic"},
        "x-kubernetes-list-type": "set",
    },
    {
        "type": "array",
        "items": described(TEXT | {"default": "x"}),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a"],
    },
    described(TEXT) | {"anyOf": [{"required": ["a"]}, {"properties": {"a": {"minLength": 3}}}]},
    {"type": "object", "additionalProperties": TEXT, "not": {"properties": {"x": {"pattern": "^a"}}}},
    TEXT | {"x-kubernetes-validations": [{"rule": "self\n!= ''", "message": "not empty"}]},
    TEXT | {"description": None, "pattern": None},
]


@pytest.mark.parametrize(("document", "path", "message"), DOCUMENT_RULES)
def test_rules_of_the_definition(document, path, message):
    found = [cause for cause in causes(document) if cause.path == path]
    assert [cause.code for cause in found] == ["MA130"]
    assert message in found[0].message


@pytest.mark.parametrize(("document", "path", "code"), SHAPE_RULES)
def test_the_shape_of_the_definition(document, path, code):
    assert (code, path) in [(cause.code, cause.path) for cause in causes(document)]


@pytest.mark.parametrize(("schema", "below", "message"), FIELD_RULES)
def test_rules_of_a_field(schema, below, message):
    found = causes(with_field(schema))
    assert [(cause.code, cause.path) for cause in found] == [("MA130", (*A, *below))]
    assert message in found[0].message


@pytest.mark.parametrize(("schema", "below", "message"), ROOT_RULES)
def test_rules_of_the_root(schema, below, message):
    found = [cause for cause in causes(with_root(schema)) if cause.path == (*ROOT, *below)]
    assert [cause.code for cause in found] == ["MA130"]
    assert message in found[0].message


@pytest.mark.parametrize("schema", GOOD_FIELDS)
def test_what_no_rule_forbids(schema):
    kind, _ = kind_from_definition(with_field(schema))
    assert kind.qualified_plural == "datasources.example.com"


REMARKS = [
    # what Kubernetes takes although it does not do what it seems to
    (TEXT | {INT_OR_STRING: True}, ("type",), "takes integers and texts"),
    (
        described(TEXT) | {"anyOf": [{"properties": {"b": {}}}]},
        ("anyOf", 0, "properties", "b"),
        "says nothing",
    ),
    (
        {"type": "object", "additionalProperties": TEXT | {"default": 5}},
        ("additionalProperties", "default"),
        "does not fit its own schema",
    ),
]


@pytest.mark.parametrize(("schema", "below", "message"), REMARKS)
def test_what_is_taken_with_a_remark(schema, below, message):
    _, (remark,) = kind_from_definition(with_field(schema))
    assert (remark.code, remark.path, remark.warning) == ("MA130", (*A, *below), True)
    assert message in remark.message


def test_a_column_that_cannot_be_read_is_left_out_with_a_remark():
    columns = [{"name": n, "type": "string", "jsonPath": p} for n, p in (("A", ".spec["), ("B", ".spec.a"))]
    kind, (remark,) = kind_from_definition(definition(**{V0 + "additionalPrinterColumns": columns}))
    assert [column.name for column in kind.storage_version.columns] == ["B"]
    assert remark.warning
    assert remark.path == ("spec", "versions", 0, "additionalPrinterColumns", 0, "jsonPath")
    assert "is no JSONPath, so the column is not shown" in remark.message


def test_a_column_that_leads_nowhere_is_remarked_upon_and_shown():
    columns = [
        {"name": n, "type": "string", "jsonPath": p}
        for n, p in (("A", ".spec.zone"), ("B", ".metadata.creationTimestamp"))
    ]
    kind, (remark,) = kind_from_definition(definition(**{V0 + "additionalPrinterColumns": columns}))
    assert [column.name for column in kind.storage_version.columns] == ["A", "B"]
    assert remark.warning
    assert remark.path == ("spec", "versions", 0, "additionalPrinterColumns", 0, "jsonPath")
    assert remark.message == "the column stays empty: the schema has no field 'zone' at .spec.zone"
    assert remark.hint == "there are a, n"


def test_formats_that_nobody_knows_are_remarked_upon_once():
    schema = described(TEXT | {"format": "ulid"})
    schema["properties"] |= {
        "n": {"type": "integer", "format": "uint32"},
        "t": TEXT | {"format": "date-time"},
    }
    _, (remark,) = kind_from_definition(with_field(schema))
    assert remark.message == 'unrecognized format "ulid", "uint32": no value is checked for it'


def test_more_than_eight_fields_cannot_be_selectable():
    schema = {"type": "object", "properties": {f"f{n}": TEXT for n in range(9)}}
    document = with_root(schema)
    document["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": f".f{n}"} for n in range(9)]
    assert [c.path for c in causes(document)] == [("spec", "versions", 0, "selectableFields")]
    del document["spec"]["versions"][0]["selectableFields"][0]
    assert len(kind_from_definition(document)[0].storage_version.selectable_fields) == 8


@pytest.mark.parametrize("annotation", ["https://example.com/kubernetes/pull/1", "unapproved, an experiment"])
def test_groups_of_the_community_need_an_approval(annotation):
    assert kind_from_definition(community(annotation))[0].group == "x.k8s.io"


@pytest.mark.parametrize("client", [{"url": "https://x.example.com/convert"}, None])
def test_conversion_webhooks_that_kubernetes_takes(client):
    document = webhook(clientConfig=client) if client else webhook()
    _, (remark,) = kind_from_definition(document)
    assert "are not called" in remark.message


UPDATES = [
    ({"spec__scope": "Cluster"}, ("spec", "scope"), "scope cannot change from Namespaced to Cluster"),
    ({"spec__names__kind": "Other"}, ("spec", "names", "kind"), "kind cannot change"),
    ({V0 + "name": "v2"}, ("spec", "versions"), "the version v1 cannot go"),
]


@pytest.mark.parametrize(("changes", "path", "message"), UPDATES)
def test_what_resources_need_cannot_change(changes, path, message):
    (cause,) = update_causes(definition(**changes), definition())
    assert (cause.code, cause.path, cause.reason) == ("MA130", path, "FieldValueForbidden")
    assert message in cause.message


def test_versions_that_status_names_stay():
    old = definition(status={"storedVersions": ["v1alpha1", "v1"]})
    assert ["v1alpha1" in c.message for c in update_causes(definition(), old)] == [True]
    assert update_causes(definition(spec__versions=two_versions()), definition()) == []


def test_a_stored_definition_is_not_asked_for_rules_that_came_later():
    document = with_field({"type": "array"})
    assert causes(document)
    assert stored_kind(document).kind == "DataSource"
    for senseless in (
        with_field("text"),
        definition(spec__scope=None),
        definition(**{V0 + "storage": False}),
    ):
        with pytest.raises(errors.Invalid):
            stored_kind(senseless)


def test_a_misspelt_keyword_is_an_unknown_field():
    (cause,) = causes(with_field(TEXT | {"patern": "^a"}))
    assert (cause.code, cause.path, cause.hint, cause.at_key) == (
        "MA101",
        (*A, "patern"),
        'did you mean "pattern"?',
        True,
    )


def test_every_broken_rule_is_told_at_once():
    document = definition(metadata__name="x", spec__names__shortNames=["A"], **{V0 + "storage": False})
    assert {cause.path for cause in causes(document)} == {
        ("metadata", "name"),
        ("spec", "names", "shortNames", 0),
        ("spec", "versions"),
    }


def test_the_message_names_the_definition_and_the_first_cause():
    with pytest.raises(errors.Invalid, match=r'"x" is invalid: .*datasources\.example\.com') as caught:
        kind_from_definition(definition(metadata__name="x"))
    assert "name it datasources.example.com" in caught.value.hint


def test_printer_columns_and_scale_that_no_rule_forbids():
    kind, _ = kind_from_definition(
        definition(
            **{
                V0 + "additionalPrinterColumns": [
                    {
                        "name": "A",
                        "type": "string",
                        "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
                    },
                    {"name": "B", "type": "date", "jsonPath": ".metadata.creationTimestamp", "priority": 1},
                ],
                V0 + "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.n",
                        "statusReplicasPath": ".status.n",
                        "labelSelectorPath": ".status.selector",
                    },
                },
                V0 + "selectableFields": [{"jsonPath": ".spec.a"}, {"jsonPath": ".spec.n"}],
            }
        )
    )
    version = kind.storage_version
    assert [(column.name, column.priority) for column in version.columns] == [("A", 0), ("B", 1)]
    assert version.status
    assert version.scale["specReplicasPath"] == ".spec.n"
    assert version.selectable_fields == (".spec.a", ".spec.n")


def bundled(**names):
    return Kind(
        group="example.com",
        scope="Namespaced",
        versions=(Version(name="v1", schema={}),),
        bundled=True,
        **{"kind": "Agent", "plural": "agents", "singular": "agent", "list_kind": "AgentList", **names},
    )


@pytest.mark.parametrize(
    ("other", "path"),
    [
        (bundled(kind="DataSource"), ("spec", "names", "kind")),
        (bundled(plural="datasources"), ("spec", "names", "kind")),
        (bundled(short_names=("ds",)), ("spec", "names", "shortNames")),
        (bundled(singular="datasource"), ("spec", "names", "kind")),
        (bundled(list_kind="DataSourceList"), ("spec", "names", "listKind")),
    ],
)
def test_a_definition_may_not_take_the_names_of_another_kind(other, path):
    kind, _ = kind_from_definition(definition())
    (cause,) = clash(kind, [other])
    assert (cause.code, cause.path) == ("MA130", path)


def test_a_definition_may_replace_itself_and_share_names_with_other_groups():
    kind, _ = kind_from_definition(definition())
    again, _ = kind_from_definition(definition(spec__names__kind="Source"))
    assert clash(again, [kind]) == []
    elsewhere = bundled(kind="DataSource", plural="datasources")._replace(group="mastra.ai")
    assert clash(kind, [bundled(), elsewhere]) == []
