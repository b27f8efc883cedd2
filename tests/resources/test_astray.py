"""A path that leaves its schema is found; one that may lead somewhere never is."""

from __future__ import annotations

import pytest

from mastractl.resources.astray import Astray, astray
from mastractl.resources.jsonpath import relaxed

STEP = {"type": "object", "properties": {"id": {"type": "string"}, "retry": {"type": "integer"}}}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "model": {"type": "object", "properties": {"name": {"type": "string"}}},
                "steps": {"type": "array", "items": STEP},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "free": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": True,
                    "properties": {"a": {}},
                },
            },
        },
    },
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".spec.modle", "modle"),
        (".spec.model.nmae", "nmae"),
        (".spec.steps[*].idd", "idd"),
        (".spec.steps[0].nope.deeper", "nope"),
        (".spec.steps[?(@.id=='x')].rerty", "rerty"),
        (".stauts.phase", "stauts"),
    ],
)
def test_where_a_path_leaves_the_schema(path, name):
    found = astray(relaxed(path), SCHEMA)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "path",
    [
        ".spec.model.name",
        ".spec.steps[*].id",
        ".spec.labels.anything",
        ".spec.free.b.c",
        ".metadata.creationTimestamp",
        ".kind",
        ".apiVersion",
        "..nope",
        ".spec.*.nope",
        ".spec.model.name.first",
        "{.}",
    ],
)
def test_a_path_that_may_lead_somewhere(path):
    assert astray(relaxed(path), SCHEMA) is None


@pytest.mark.parametrize("schema", [{}, {"properties": True}, {"properties": {"spec": True}}])
def test_a_schema_that_says_nothing_or_nonsense_leaves_all_open(schema):
    assert astray(relaxed(".spec.x"), schema) is None


def test_the_nearest_is_offered():
    assert Astray("modle", ("model", "steps")).hint == "did you mean 'model'?"
    assert Astray("q", ("model",)).hint == ""
