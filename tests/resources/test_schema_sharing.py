"""Schemas whose parts are shared judge as they did before."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mastractl import values
from mastractl.manifests import bundled
from mastractl.resources import json_schema
from mastractl.resources.schema_sharing import shared

WORDS = st.sampled_from(["a", "b", "properties", "items", "a/b~%", "$ref"])
LEAVES = st.sampled_from(
    [
        {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]*$", "enum": ["a", "b", "zz"]},
        {"type": "integer", "default": {"properties": {"a": {}}}, "enum": list(range(9)), "minimum": 1},
        {"enum": [{"items": {"type": "string"}}, None, "a"], "description": "One of three, of no type."},
        {"type": ["string", "null"]},
        {},
    ]
)


def nested(below):
    described = st.fixed_dictionaries({}, optional={"description": st.sampled_from(["x", "y"])})
    maps = st.builds(
        dict,
        type=st.just("object"),
        properties=st.dictionaries(WORDS, below, max_size=3),
        additionalProperties=st.booleans() | below,
    )
    lists = st.builds(dict, type=st.just("array"), items=below)
    either = st.builds(
        lambda word, some: {word: some},
        st.sampled_from(["anyOf", "allOf"]),
        st.lists(below, min_size=1, max_size=2),
    )
    return st.builds(lambda schema, about: {**schema, **about}, maps | lists | either, described)


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=8)
DOCUMENTS = st.recursive(
    st.sampled_from([None, "a", "zz", 1, 9]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from("AB"), SCHEMAS, min_size=1), st.lists(DOCUMENTS, min_size=1, max_size=5)
)
def test_what_was_valid_is_and_what_was_not_is_not(schemas, documents):
    definitions = shared(schemas)
    assert list(definitions)[: len(schemas)] == list(schemas)
    for name, schema in schemas.items():
        whole = {"$ref": f"#/definitions/{name}", "definitions": definitions}
        Draft7Validator.check_schema(whole)
        for document in documents:
            assert Draft7Validator(whole).is_valid(document) == Draft7Validator(schema).is_valid(document)


@given(st.dictionaries(st.sampled_from("AB"), SCHEMAS, min_size=1))
def test_names_depend_on_the_schemas_alone(schemas):
    assert shared(values.copy(schemas)) == shared(schemas)
    once = shared(schemas)
    assert once.keys() - schemas.keys() == {
        name for name in once if name not in schemas and f'"#/definitions/{name}"' in json.dumps(once)
    }


def test_a_part_is_said_once_and_what_fields_mean_stays_with_them():
    part = {
        "type": "object",
        "properties": {"name": {"type": "string", "pattern": "^[a-z]([-a-z0-9]*)$"}},
        "required": ["name"],
    }
    fields = {"one": {**part, "description": "The one."}, "many": {"type": "array", "items": part}}
    assert shared({"A": {"properties": fields}}) == {
        "A": {
            "properties": {
                "one": {"description": "The one.", "allOf": [{"$ref": "#/definitions/A.one"}]},
                "many": {"type": "array", "items": {"$ref": "#/definitions/A.one"}},
            }
        },
        "A.one": part,
    }


def test_the_schema_of_all_bundled_kinds_is_small():
    assert len(values.pretty(json_schema.combined(bundled.kinds(), forms=True))) < 150_000
