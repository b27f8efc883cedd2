"""What people read when a document is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mastractl.resources.judge import judge

TEXT = {"type": "string"}


def fields(**properties):
    return {"type": "object", "properties": properties}


def only(schema, document):
    causes = judge(schema, document)
    assert len(causes) == 1, causes
    return causes[0]


@pytest.mark.parametrize(
    ("schema", "value", "code", "message", "hint"),
    [
        (TEXT, 5, "MA103", "expected string, found integer", 'quote it: "5"'),
        (TEXT, True, "MA103", "expected string, found boolean", 'quote it: "true"'),
        (TEXT, 1.5, "MA103", "expected string, found number", 'quote it: "1.5"'),
        (TEXT, [], "MA103", "expected string, found array", ""),
        (
            TEXT,
            None,
            "MA109",
            "null is not allowed here: expected string",
            "give it a value or remove the field",
        ),
        ({"type": "integer"}, "12", "MA103", "expected integer, found string", "remove the quotes: 12"),
        ({"type": "integer"}, "x", "MA103", "expected integer, found string", ""),
        ({"type": "integer"}, 1.5, "MA103", "expected integer, found number", ""),
        ({"type": "boolean"}, "yes", "MA103", "expected boolean, found string", "write true without quotes"),
        (
            {"type": "boolean"},
            "False",
            "MA103",
            "expected boolean, found string",
            "write false without quotes",
        ),
        (
            {"type": "array", "items": TEXT},
            "a",
            "MA103",
            "expected array, found string",
            'write it as a list: ["a"]',
        ),
        (
            {"type": "array", "items": TEXT},
            {"a": 1},
            "MA103",
            "expected array, found object",
            'write it as a list, each item after a "- "',
        ),
        (fields(), "a", "MA103", "expected object, found string", ""),
        ({"x-kubernetes-int-or-string": True}, 1.5, "MA103", "expected integer or string, found number", ""),
        (
            TEXT | {"enum": ["fast", "slow"]},
            "fats",
            "MA104",
            '"fats" is not allowed: must be one of "fast", "slow"',
            'did you mean "fast"?',
        ),
        (TEXT | {"enum": ["END"]}, "x", "MA104", '"x" is not allowed: must be "END"', ""),
        (
            {"type": "integer", "enum": list(range(20))},
            99,
            "MA104",
            "99 is not allowed: must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...",
            "",
        ),
        (TEXT | {"pattern": "^a"}, "b", "MA105", '"b" does not match the pattern ^a', ""),
        (
            TEXT | {"format": "date-time"},
            "now",
            "MA105",
            '"now" is not a valid date-time',
            "write it like 2026-11-21T08:30:00Z",
        ),
        ({"type": "integer", "format": "int32"}, 2**31, "MA106", "2147483648 does not fit into int32", ""),
        ({"type": "integer", "minimum": 1}, 0, "MA106", "must be at least 1, found 0", ""),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            0,
            "MA106",
            "must be greater than 0, found 0",
            "",
        ),
        ({"type": "integer", "maximum": 2}, 3, "MA106", "must be at most 2, found 3", ""),
        (
            {"type": "number", "maximum": 2, "exclusiveMaximum": True},
            2,
            "MA106",
            "must be less than 2, found 2",
            "",
        ),
        ({"type": "integer", "multipleOf": 5}, 7, "MA106", "must be a multiple of 5, found 7", ""),
        (TEXT | {"minLength": 1}, "", "MA106", "must not be empty: needs at least one character", ""),
        (TEXT | {"minLength": 3}, "ab", "MA106", "must have at least 3 characters, found 2", ""),
        (TEXT | {"maxLength": 1}, "你好", "MA106", "must have at most 1 character, found 2", ""),
        (
            {"type": "array", "items": TEXT, "minItems": 1},
            [],
            "MA106",
            "must not be empty: needs at least one item",
            "",
        ),
        (
            {"type": "array", "items": TEXT, "maxItems": 1},
            ["a", "b"],
            "MA106",
            "must have at most 1 item, found 2",
            "",
        ),
        (
            {"type": "object", "additionalProperties": TEXT, "minProperties": 2},
            {},
            "MA106",
            "must have at least 2 fields, found 0",
            "",
        ),
        (TEXT | {"not": {"enum": ["root", "all"]}}, "all", "MA108", 'must not be "root" or "all"', ""),
        (TEXT | {"not": {"pattern": "^x"}}, "x", "MA108", 'must not match {"pattern": "^x"}', ""),
    ],
)
def test_one_fault_in_words(schema, value, code, message, hint):
    cause = only(fields(spec=fields(a=schema)), {"spec": {"a": value}})
    assert (cause.code, cause.path, cause.message, cause.hint) == (code, ("spec", "a"), message, hint)


@pytest.mark.parametrize(
    ("schema", "document", "reason"),
    [
        (TEXT, 1, "FieldValueTypeInvalid"),
        (fields(a=TEXT) | {"required": ["a"]}, {}, "FieldValueRequired"),
        (TEXT | {"enum": ["a"]}, "b", "FieldValueNotSupported"),
        (TEXT | {"maxLength": 1}, "ab", "FieldValueTooLong"),
        ({"type": "array", "items": TEXT, "maxItems": 0}, ["a"], "FieldValueTooMany"),
        (
            {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            ["a", "a"],
            "FieldValueDuplicate",
        ),
        (TEXT | {"pattern": "^a"}, "b", "FieldValueInvalid"),
    ],
)
def test_the_reasons_are_those_of_kubernetes(schema, document, reason):
    assert only(schema, document).reason == reason


def test_a_missing_field_is_named_by_its_own_path():
    schema = fields(steps={"type": "array", "items": fields(id=TEXT) | {"required": ["id", "name"]}})
    causes = judge(schema, {"steps": [{"id": "a", "name": ""}, {}]})
    assert [(c.code, c.path, c.message) for c in causes] == [
        ("MA102", ("steps", 1, "id"), 'missing required field "id"'),
        ("MA102", ("steps", 1, "name"), 'missing required field "name"'),
    ]


def test_every_fault_is_told_at_once():
    schema = fields(a=TEXT, b={"type": "integer", "minimum": 1}, c={"type": "array", "items": TEXT})
    causes = judge(schema, {"a": 1, "b": 0, "c": ["", 1, None]})
    assert [(c.code, c.path) for c in causes] == [
        ("MA103", ("a",)),
        ("MA106", ("b",)),
        ("MA103", ("c", 1)),
        ("MA109", ("c", 2)),
    ]


def test_a_repeated_item_of_a_set():
    schema = {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}
    cause = only(schema, ["a", "b", "a"])
    assert (cause.code, cause.path, cause.message) == (
        "MA107",
        (2,),
        '"a" is already in the list, at index 0',
    )


def test_a_repeated_item_of_a_map_list_is_shown_at_its_key():
    item = fields(name=TEXT, x=TEXT)
    schema = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    cause = only(schema, [{"name": "a"}, {"name": "b"}, {"name": "a", "x": ""}])
    assert cause.path == (2, "name")
    assert cause.message == 'an item with name "a" is already in the list, at index 0'
    assert cause.hint == "items of this list are told apart by name"


def test_a_repeated_item_with_two_keys_is_shown_as_a_whole():
    schema = {
        "type": "array",
        "items": fields(p={"type": "integer"}, q=TEXT),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["p", "q"],
    }
    cause = only(schema, [{"p": 1, "q": "x"}, {"p": 1, "q": "x"}])
    assert (cause.path, cause.message) == (
        (1,),
        'an item with p 1 and q "x" is already in the list, at index 0',
    )


FORMS = fields(agent=TEXT, tool=TEXT, kind=TEXT, port={"type": "integer"})


def test_one_field_of_several_is_needed():
    schema = FORMS | {"oneOf": [{"required": ["agent"]}, {"required": ["tool"]}]}
    none = only(schema, {})
    both = only(schema, {"agent": "a", "tool": "t"})
    assert (none.code, none.message) == ("MA108", 'needs exactly one of these fields: "agent", "tool"')
    assert (both.code, both.message) == ("MA108", 'only one of these fields may be given: "agent", "tool"')


def test_at_least_one_field_is_needed():
    schema = FORMS | {"anyOf": [{"required": ["agent"]}, {"required": ["tool", "port"]}]}
    assert only(schema, {}).message == 'needs at least one of these fields: "agent", "tool" with "port"'


def test_more_than_one_form_fits():
    schema = {"type": "integer", "oneOf": [{"minimum": 1}, {"maximum": 5}]}
    assert only(schema, 3).message == "fits more than one of the allowed forms; only one may fit"


def test_the_form_that_was_meant_is_the_one_that_is_spoken_of():
    schema = FORMS | {
        "oneOf": [
            {"properties": {"kind": {"enum": ["agent"]}, "port": {"maximum": 0}}, "required": ["agent"]},
            {"properties": {"kind": {"enum": ["server"]}, "port": {"minimum": 1024}}, "required": ["kind"]},
        ]
    }
    cause = only(schema, {"kind": "server", "port": 80})
    assert (cause.code, cause.path, cause.message) == ("MA106", ("port",), "must be at least 1024, found 80")


def test_where_no_form_is_nearer_all_are_named():
    schema = {"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}
    cause = only(schema, 3)
    assert cause.code == "MA108"
    assert cause.message == (
        "fits none of the allowed forms: must be at least 5, found 3 - or: must be at most 1, found 3"
    )


def test_fields_that_must_not_stand_together():
    assert only(FORMS | {"not": {"required": ["agent", "tool"]}}, {"agent": "", "tool": ""}).message == (
        'these fields must not stand together: "agent", "tool"'
    )
    assert only(FORMS | {"not": {"required": ["port"]}}, {"port": 1}).message == (
        'the field "port" is not allowed here'
    )


def test_a_text_too_long_for_a_pattern_says_so():
    cause = only(TEXT | {"pattern": "^(a+)+$"}, "a" * 30_000_000)
    assert cause.code == "MA105"
    assert "too many to try the pattern ^(a+)+$ on (at most" in cause.message


def test_long_values_are_cut_in_messages():
    assert len(only(TEXT | {"pattern": "^b"}, "a" * 10_000).message) < 120


def test_no_other_module_imports_jsonschema():
    code = (
        "import sys\n"
        "from mastractl.resources import admission, definitions, names, structural, tool_schemas\n"
        "sys.exit(int('jsonschema' in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
