from __future__ import annotations

import subprocess
import sys

import pytest

from mastractl.resources.kinds import Version
from mastractl.resources.structural import compile_schema, version_program

PRESERVE = {"x-kubernetes-preserve-unknown-fields": True}
TEXT = {"type": "string"}


def fields(**properties):
    return {"type": "object", "properties": properties}


def run(schema, document, unknown="report"):
    return compile_schema(schema, resource=False).run(document, unknown=unknown)


def codes(schema, document):
    return [(cause.code, cause.path) for cause in run(schema, document)[1]]


CORPUS = [
    # what it shows, schema, accepted, refused
    ("text", TEXT, ["", "a"], [1, 1.5, True, None, [], {}]),
    ("nullable text", TEXT | {"nullable": True}, ["a", None], [1]),
    ("nullable enum", TEXT | {"nullable": True, "enum": ["a"]}, ["a"], [None, "b"]),
    ("nullable enum with null", TEXT | {"nullable": True, "enum": ["a", None]}, ["a", None], ["b"]),
    ("integer", {"type": "integer"}, [0, -1, 10**30, 1.0], [1.5, "1", True, None]),
    ("number", {"type": "number"}, [0, 1.5], ["1", False]),
    ("boolean", {"type": "boolean"}, [True, False], [0, 1, "true"]),
    ("int-or-string", {"x-kubernetes-int-or-string": True}, [1, "1", 1.0], [1.5, True, None, []]),
    ("anything", PRESERVE, [None, 1, "a", [], {"a": None}], []),
    ("object", fields(), [{}], [[], "a", None]),
    ("array", {"type": "array", "items": TEXT}, [[], ["a"]], [["a", 1], {}, "a", [None]]),
    ("map", {"type": "object", "additionalProperties": TEXT}, [{}, {"x": "y"}], [{"x": 1}, {"x": []}]),
    ("open map", {"type": "object", "additionalProperties": True}, [{"x": [1]}], [[]]),
    ("minimum", {"type": "integer", "minimum": 1}, [1], [0]),
    ("exclusive minimum", {"type": "number", "minimum": 1, "exclusiveMinimum": True}, [1.1], [1]),
    ("maximum", {"type": "integer", "maximum": 3}, [3], [4]),
    ("exclusive maximum", {"type": "number", "maximum": 3, "exclusiveMaximum": True}, [2.9], [3]),
    ("multiple", {"type": "number", "multipleOf": 0.1}, [0.3, 1, 1e300], [0.35]),
    ("length in characters", TEXT | {"minLength": 2, "maxLength": 2}, ["你好", "🙂🙂"], ["你", "abc"]),
    ("items", {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 2}, [["a"]], [[], ["a"] * 3]),
    ("fields", {"type": "object", "additionalProperties": TEXT, "minProperties": 1}, [{"a": ""}], [{}]),
    (
        "few fields",
        {"type": "object", "additionalProperties": TEXT, "maxProperties": 1},
        [{}],
        [{"a": "", "b": ""}],
    ),
    ("pattern", TEXT | {"pattern": "^a+$"}, ["aa"], ["ab", "a\n"]),
    ("format", TEXT | {"format": "date"}, ["2026-11-21"], ["2026-11-31"]),
    ("unknown format", TEXT | {"format": "colour"}, ["red"], []),
    ("number format", {"type": "integer", "format": "int32"}, [2**31 - 1], [2**31]),
    ("enum of numbers", {"type": "number", "enum": [1, 2.5]}, [1, 1.0, 2.5], [2, True]),
    ("enum is typed", {**PRESERVE, "enum": [1, False]}, [1, False], [True, 0, "1"]),
    ("enum of objects", {**PRESERVE, "enum": [{"a": [1, {}]}]}, [{"a": [1.0, {}]}], [{"a": [True, {}]}, {}]),
    ("set", {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}, [["a", "b"]], [["a", "a"]]),
    (
        "set of numbers",
        {"type": "array", "items": {"type": "number"}, "x-kubernetes-list-type": "set"},
        [[1, 2]],
        [[1, 1.0]],
    ),
    (
        "map-list with a default key",
        {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": fields(port={"type": "integer"}, protocol=TEXT | {"default": "TCP"})
            | {"required": ["port"]},
        },
        [[{"port": 1}, {"port": 1, "protocol": "UDP"}]],
        [[{"port": 1}, {"port": 1, "protocol": "TCP"}], [{}]],
    ),
    ("required", fields(a=TEXT) | {"required": ["a"]}, [{"a": ""}], [{}, {"a": None}]),
    ("required but nullable", fields(a=TEXT | {"nullable": True}) | {"required": ["a"]}, [{"a": None}], [{}]),
    ("all of", TEXT | {"allOf": [{"minLength": 1}, {"maxLength": 2}]}, ["a"], ["", "abc"]),
    ("any of", {"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}, [0, 5], [3]),
    ("one of", {"type": "integer", "oneOf": [{"minimum": 1}, {"maximum": 5}]}, [0, 6], [3]),
    ("not", TEXT | {"not": {"enum": ["root"]}}, ["a"], ["root"]),
    (
        "no junctor for null",
        fields(a=TEXT) | {"nullable": True, "not": {"required": ["a"]}},
        [None, {}],
        [{"a": ""}],
    ),
    (
        "one of two fields",
        fields(a=TEXT, b=TEXT) | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        [{"a": ""}, {"b": ""}],
        [{}, {"a": "", "b": ""}],
    ),
    (
        "a field inside a junctor",
        fields(a=TEXT)
        | {"anyOf": [{"properties": {"a": {"pattern": "^x"}}}, {"properties": {"a": {"maxLength": 1}}}]},
        [{"a": "xyz"}, {"a": "y"}, {}],
        [{"a": "yz"}],
    ),
    (
        "items inside a junctor",
        {"type": "array", "items": {"type": "integer"}, "allOf": [{"items": {"minimum": 2}}]},
        [[2, 3], []],
        [[1]],
    ),
    (
        "int-or-string as Kubernetes generates it",
        {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        [1, "1"],
        [1.5],
    ),
    (
        "embedded resource",
        {"type": "object", "x-kubernetes-embedded-resource": True, **PRESERVE},
        [
            {"apiVersion": "v1", "kind": "A"},
            {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "x": 1},
        ],
        [
            {"kind": "A"},
            {"apiVersion": "v1", "kind": 1},
            {"apiVersion": "v1", "kind": "A", "metadata": {"name": "-"}},
        ],
    ),
]


@pytest.mark.parametrize(("schema", "document"), [(s, d) for _, s, good, _ in CORPUS for d in good])
def test_accepted(schema, document):
    assert run(schema, document)[1] == []
    assert compile_schema(schema, resource=False).scan(document).plain


@pytest.mark.parametrize(("schema", "document"), [(s, d) for _, s, _, bad in CORPUS for d in bad])
def test_refused_with_causes(schema, document):
    assert run(schema, document)[1]
    assert not compile_schema(schema, resource=False).scan(document).plain


def test_unknown_fields_are_reported_and_dropped():
    schema = fields(spec=fields(model=TEXT, maxSteps={"type": "integer"}))
    document = {"spec": {"modle": "x", "max_steps": 1, "zzz": 1}, "extra": {}}
    result, causes = run(schema, document)
    assert result == {"spec": {}}
    assert [(c.code, c.path, c.message, c.hint, c.at_key) for c in causes] == [
        ("MA101", ("spec", "modle"), 'unknown field "modle"', 'did you mean "model"?', True),
        ("MA101", ("spec", "max_steps"), 'unknown field "max_steps"', 'did you mean "maxSteps"?', True),
        ("MA101", ("spec", "zzz"), 'unknown field "zzz"', "known fields: model, maxSteps", True),
        ("MA101", ("extra",), 'unknown field "extra"', "known fields: spec", True),
    ]


def test_an_unknown_field_is_told_where_it_belongs():
    schema = fields(
        metadata=fields(labels=PRESERVE), spec=fields(model=fields(temperature={"type": "number"}))
    )
    _, causes = run(schema, {"labels": {}, "spec": {"temperature": 1, "model": {"labels": 1}}})
    assert [cause.hint for cause in causes] == [
        '"labels" belongs in .metadata',
        '"temperature" belongs in .spec.model',
        "known fields: temperature",
    ]


def test_an_unknown_field_may_belong_further_out():
    schema = fields(spec=fields(model=fields(name=TEXT), timeout={"type": "integer"}))
    _, causes = run(schema, {"spec": {"model": {"timeout": 1, "spec": {}}}})
    assert [cause.hint for cause in causes] == [
        '"timeout" belongs in .spec',
        '"spec" belongs in the outermost level',
    ]


def test_of_very_many_faults_the_first_are_told():
    schema = fields(list={"type": "array", "items": TEXT})
    _, causes = run(schema, {"list": list(range(5000)), **dict.fromkeys(map(str, range(5000)), "")})
    assert [sum(cause.code == code for cause in causes) for code in ("MA101", "MA103", "MA004")] == [
        500,
        500,
        2,
    ]


def test_a_field_name_of_any_length_is_answered():
    _, (cause,) = run(fields(a=TEXT), {"a" * 1_000_000: 1})
    assert len(cause.message) < 100


def test_unknown_fields_can_be_dropped_silently_or_left_alone():
    schema, document = fields(a=TEXT), {"a": "", "b": 1}
    assert run(schema, document, "prune") == ({"a": ""}, [])
    assert run(schema, document, "keep") == (document, [])


def test_preserved_fields_are_left_alone_but_known_ones_below_are_not():
    schema = fields(a=fields(b=TEXT)) | PRESERVE
    document = {"x": {"y": 1}, "a": {"b": "", "c": 1}}
    result, causes = run(schema, document)
    assert result == {"x": {"y": 1}, "a": {"b": ""}}
    assert [cause.path for cause in causes] == [("a", "c")]


def test_unknown_fields_are_found_in_lists_maps_and_embedded_resources():
    schema = fields(
        steps={"type": "array", "items": fields(id=TEXT)},
        by={"type": "object", "additionalProperties": fields(id=TEXT)},
        template={"x-kubernetes-embedded-resource": True, **fields(spec=fields())},
    )
    document = {
        "steps": [{"id": "a"}, {"ID": "b"}],
        "by": {"k": {"x": 1}},
        "template": {"apiVersion": "v1", "kind": "A", "metadata": {"nam": "a"}, "spec": {"x": 1}},
    }
    result, causes = run(schema, document)
    assert [(cause.path, cause.hint) for cause in causes] == [
        (("steps", 1, "ID"), 'did you mean "id"?'),
        (("by", "k", "x"), "known fields: id"),
        (("template", "metadata", "nam"), 'did you mean "name"?'),
        (("template", "spec", "x"), "no fields are described here"),
    ]
    assert result["steps"] == [{"id": "a"}, {}]
    assert result["template"]["metadata"] == {}


def test_defaults_fill_what_is_absent_and_reach_into_each_other():
    schema = fields(
        a={"default": {"b": {}}, **fields(b=fields(c=TEXT | {"default": "x"}))},
        list={"type": "array", "items": fields(n={"type": "integer", "default": 3})},
    )
    assert run(schema, {"list": [{}, {"n": 1}]}) == (
        {"list": [{"n": 3}, {"n": 1}], "a": {"b": {"c": "x"}}},
        [],
    )
    assert run(schema, {"a": {}}) == ({"a": {}}, [])


def test_a_default_is_a_fresh_copy_each_time():
    program = compile_schema(fields(a={"default": {"x": []}, "type": "object", **PRESERVE}), resource=False)
    first, _ = program.run({})
    first["a"]["x"].append(1)
    assert program.run({}) == ({"a": {"x": []}}, [])


@pytest.mark.parametrize(
    ("field", "outcome"),
    [
        (TEXT | {"default": "d"}, {"a": "d"}),
        (TEXT | {"default": "d", "nullable": True}, {"a": None}),
        (TEXT | {"nullable": True}, {"a": None}),
    ],
)
def test_null_stands_for_the_default_unless_it_is_allowed(field, outcome):
    assert run(fields(a=field), {"a": None}) == (outcome, [])


@pytest.mark.parametrize("field", [TEXT, PRESERVE, {"x-kubernetes-int-or-string": True}, fields(b=TEXT)])
def test_null_without_a_default_is_dropped_with_a_remark(field):
    for schema in (fields(a=field), {"type": "object", "additionalProperties": field}):
        document, (remark,) = run(schema, {"a": None})
        assert document == {}
        assert (remark.code, remark.path, remark.warning) == ("MA109", ("a",), True)


def test_null_is_a_fault_where_something_is_required():
    document, (cause,) = run(fields(a=TEXT) | {"required": ["a"]}, {"a": None})
    assert document == {}
    assert (cause.code, cause.path, cause.warning) == ("MA109", ("a",), False)
    assert codes({"type": "array", "items": TEXT}, [None]) == [("MA109", (0,))]


def test_a_default_of_null_is_none():
    assert run(fields(a=TEXT | {"default": None}), {}) == ({}, [])
    assert run(fields(a=TEXT | {"default": None, "nullable": True}), {"a": None}) == ({"a": None}, [])


def test_null_in_what_is_kept_without_a_schema_stays():
    assert run(fields(a=PRESERVE), {"a": {"b": None, "c": [None]}}) == ({"a": {"b": None, "c": [None]}}, [])


def test_a_list_that_keeps_unknown_fields_keeps_those_of_its_items():
    schema = {"type": "array", "items": fields(a=fields(b=TEXT)), **PRESERVE}
    document, causes = run(schema, [{"x": 1, "a": {"b": "", "y": 1}}])
    assert document == [{"x": 1, "a": {"b": ""}}]
    assert [(c.code, c.path) for c in causes] == [("MA101", (0, "a", "y"))]


@pytest.mark.parametrize(
    ("field", "value"), [("apiVersion", ""), ("apiVersion", "a/b/c"), ("kind", ""), ("kind", "A_B")]
)
def test_an_embedded_resource_says_what_it_is(field, value):
    schema = {"type": "object", "x-kubernetes-embedded-resource": True, **PRESERVE}
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {}}
    assert run(schema, pod) == (pod, [])
    assert codes(schema, pod | {field: value}) == [("MA110", (field,))]


def test_null_items_take_the_default_of_items():
    schema = {"type": "array", "items": TEXT | {"default": "d"}}
    assert run(schema, ["a", None]) == (["a", "d"], [])


def test_defaults_come_before_the_checks():
    schema = fields(a=TEXT | {"default": "x"}, b=TEXT) | {"required": ["a"], "minProperties": 1}
    assert run(schema, {}) == ({"a": "x"}, [])


def test_unknown_fields_go_before_the_checks():
    assert codes(fields(a=TEXT) | {"minProperties": 1}, {"b": 1}) == [("MA101", ("b",)), ("MA106", ())]


def test_a_default_that_does_not_fit_is_reported_like_a_value():
    assert codes(fields(a=TEXT | {"default": 1}), {}) == [("MA103", ("a",))]


def test_a_valid_document_comes_back_itself():
    schema = fields(a=fields(b={"type": "array", "items": TEXT}))
    document = {"a": {"b": ["x"]}}
    assert run(schema, document)[0] is document


def test_only_what_changes_is_copied():
    schema = fields(a=fields(x=TEXT), b=fields(x=TEXT | {"default": ""}))
    document = {"a": {"x": "1"}, "b": {}}
    result, _ = run(schema, document)
    assert result["a"] is document["a"]
    assert document["b"] == {}


def test_a_resource_has_an_identity_whatever_its_schema_says():
    program = compile_schema(fields(spec=fields()))
    document = {
        "apiVersion": "a/v1",
        "kind": "A",
        "metadata": {"name": "a", "labels": {"x": "y"}},
        "spec": {},
    }
    assert program.run(document) == (document, [])
    _, causes = program.run({"spec": {}})
    assert [(c.code, c.path) for c in causes] == [
        ("MA102", ("apiVersion",)),
        ("MA102", ("kind",)),
        ("MA102", ("metadata",)),
    ]


def test_a_definition_may_restrict_the_name():
    program = compile_schema(fields(metadata=fields(name={"pattern": "^x", "maxLength": 3})))
    identity = {"apiVersion": "a/v1", "kind": "A"}
    assert program.run({**identity, "metadata": {"name": "xa"}})[1] == []
    assert [c.code for c in program.run({**identity, "metadata": {"name": "yabc"}})[1]] == ["MA105", "MA106"]


def test_the_program_of_a_version_is_compiled_once():
    calls = []
    version = Version(name="v1", schema=lambda: calls.append(1) or fields(spec=fields()))
    assert version_program(version) is version_program(version)
    assert calls == [1]


def test_a_subtree_is_compiled_when_first_visited():
    broken = {"type": "string", "pattern": "("}
    schema = fields(a=TEXT, b=broken)
    assert run(schema, {"a": ""}) == ({"a": ""}, [])
    with pytest.raises(ValueError, match="not closed"):
        run(schema, {"b": ""})


def test_a_valid_document_imports_no_jsonschema():
    code = (
        "import sys\n"
        "from mastractl.resources.structural import compile_schema\n"
        "field = {'type': 'string', 'pattern': '^x', 'format': 'date', 'anyOf': [{'minLength': 1}]}\n"
        "schema = {'type': 'object', 'properties': {'a': field}}\n"
        "program = compile_schema(schema, resource=False)\n"
        "program.scan({'a': 'x'}); program.run({'b': 1})\n"
        "heavy = {'jsonschema', 'referencing', 'asyncio', 'sqlite3', 'yaml', 'unicodedata', 'fractions'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
