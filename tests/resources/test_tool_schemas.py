from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.resources.judge import check_json_schema
from mastractl.resources.tool_schemas import is_plain_schema, schema_causes, tool_schema_causes

PLAIN = [
    {},
    {
        "type": "object",
        "properties": {"q": {"type": "string", "description": "what to look for"}},
        "required": ["q"],
    },
    {"type": ["string", "null"], "enum": ["a", None], "default": None, "examples": ["a"], "const": "a"},
    {"type": "array", "items": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9.5, "multipleOf": 0.5}},
    {
        "type": "array",
        "items": False,
        "prefixItems": [{"type": "string"}],
        "uniqueItems": True,
        "maxItems": 2,
    },
    {"anyOf": [{"minLength": 1}, {"not": {"format": "date"}}], "additionalProperties": {"type": "number"}},
    {"$defs": {"x": {"type": "boolean", "title": "X"}}, "if": {}, "then": True, "else": {"minProperties": 1}},
]
ODD = [
    {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "exclusiveMinimum": 3},
    {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True},
    {"x-own": 1, "type": "string"},
    {"type": "string", "pattern": "^(?=a)"},
]
WRONG = [
    ({"type": "text"}, ("type",)),
    ({"type": []}, ("type",)),
    ({"type": ["string", "string"]}, ("type",)),
    ({"properties": []}, ("properties",)),
    ({"properties": {"a": "string"}}, ("properties", "a")),
    ({"properties": {"a": {"type": "strin"}}}, ("properties", "a", "type")),
    ({"required": "a"}, ("required",)),
    ({"required": ["a", "a"]}, ("required",)),
    ({"minLength": -1}, ("minLength",)),
    ({"minLength": "1"}, ("minLength",)),
    ({"multipleOf": 0}, ("multipleOf",)),
    ({"anyOf": []}, ("anyOf",)),
    ({"items": ["a"]}, ("items",)),
    ({"enum": "a"}, ("enum",)),
    ({"description": 5}, ("description",)),
    ({"exclusiveMinimum": True}, ("exclusiveMinimum",)),
    ({"additionalProperties": "no"}, ("additionalProperties",)),
    ([], ()),
    ("object", ()),
    (None, ()),
]


@pytest.mark.parametrize("schema", PLAIN)
def test_plain_schemas_are_let_through(schema):
    assert is_plain_schema(schema)
    assert schema_causes(schema) == []


@pytest.mark.parametrize("schema", ODD)
def test_unusual_schemas_get_a_closer_look_and_pass(schema):
    assert not is_plain_schema(schema)
    assert schema_causes(schema) == []


@pytest.mark.parametrize(("schema", "below"), WRONG)
def test_what_is_no_json_schema(schema, below):
    causes = schema_causes(schema, ("spec", "inputSchema"))
    assert {cause.code for cause in causes} == {"MA140"}
    assert ("spec", "inputSchema", *below) in [cause.path for cause in causes]
    assert all(cause.message.startswith("is no JSON Schema: ") for cause in causes)


def test_a_schema_without_end_is_refused_and_not_followed():
    schema = {}
    for _ in range(400):
        schema = {"not": schema}
    (cause,) = schema_causes(schema)
    assert "nested deeper" in cause.message


def test_a_deep_schema_is_still_checked():
    schema = {"type": "nonsense"}
    for _ in range(40):
        schema = {"type": "object", "properties": {"a": schema}}
    assert {cause.code for cause in schema_causes(schema)} == {"MA140"}


def test_where_schemas_stand_in_a_tool():
    spec = {
        "inputSchema": {"type": "x"},
        "outputSchema": {"type": "string"},
        "functions": [
            {"name": "f"},
            {"name": "g", "inputSchema": {"required": 1}, "outputSchema": {"enum": 1}},
        ],
    }
    assert [cause.path[:-1] for cause in tool_schema_causes("Tool", {"spec": spec})] == [
        ("spec", "inputSchema"),
        ("spec", "functions", 1, "inputSchema"),
        ("spec", "functions", 1, "outputSchema"),
    ]


def test_where_schemas_stand_in_a_system():
    children = [{"name": "a", "spec": {}}, {"name": "b", "spec": {"inputSchema": {"type": 1}}}]
    (cause,) = tool_schema_causes("System", {"spec": {"tools": children}})
    assert cause.path == ("spec", "tools", 1, "spec", "inputSchema", "type")


@pytest.mark.parametrize("spec", [None, [], {"functions": 5}, {"functions": [5]}, {"tools": [{"spec": 5}]}])
def test_documents_of_the_wrong_shape_are_left_to_their_schema(spec):
    assert tool_schema_causes("Tool", {"spec": spec}) == []
    assert tool_schema_causes("System", {"spec": spec}) == []
    assert tool_schema_causes("Agent", {"spec": {"inputSchema": 5}}) == []


WORDS = [
    *(
        "type",
        "properties",
        "items",
        "required",
        "enum",
        "const",
        "default",
        "minimum",
        "multipleOf",
        "minLength",
    ),
    *(
        "maxItems",
        "uniqueItems",
        "anyOf",
        "not",
        "additionalProperties",
        "$defs",
        "description",
        "format",
        "if",
    ),
    *("prefixItems", "examples", "deprecated"),
]
SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-1, 2),
        st.just(0.5),
        st.none(),
        st.sampled_from(["", "a", "string", "object"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*WORDS, "a"]), inner, max_size=4),
        st.dictionaries(
            st.sampled_from(WORDS), st.one_of(inner, st.dictionaries(st.just("a"), inner)), max_size=2
        ),
    ),
    max_leaves=10,
)


@settings(max_examples=1500)
@given(SCHEMAS)
def test_what_is_let_through_is_a_json_schema(schema):
    if is_plain_schema(schema):
        assert check_json_schema(schema) == []


def test_a_plain_schema_imports_no_jsonschema():
    code = (
        "import sys\n"
        "from mastractl.resources.tool_schemas import schema_causes\n"
        f"schemas = {PLAIN!r}\n"
        "assert [schema_causes(schema) for schema in schemas] == [[]] * len(schemas)\n"
        "sys.exit(int('jsonschema' in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
