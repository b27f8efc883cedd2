"""The rules of schemas, asked of documents."""

from __future__ import annotations

import sys

import pytest

from mastractl.resources.cel_definitions import schema_rule_causes
from mastractl.resources.cel_rules import rule_causes

RULES = "x-kubernetes-validations"
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def ruled(schema, *rules):
    return {**schema, RULES: [{"rule": rule} if isinstance(rule, str) else rule for rule in rules]}


def thing(**properties):
    return {"type": "object", "properties": properties}


def found(schema, document, old=None):
    return [(c.code, c.path, c.message) for c in rule_causes(schema, document, old)]


def test_a_broken_rule_says_where_and_what():
    schema = thing(spec=ruled(thing(a=WHOLE, b=WHOLE), "self.a <= self.b"))
    assert found(schema, {"spec": {"a": 1, "b": 2}}) == []
    assert found(schema, {"spec": {"a": 3, "b": 2}}) == [
        ("MA132", ("spec",), "failed rule: self.a <= self.b")
    ]
    assert found(schema, {}) == []


def test_a_rule_has_its_own_words_field_and_reason():
    rule = {
        "rule": "self.a\n  <= self.b",
        "message": " a is too large\n",
        "fieldPath": ".a",
        "reason": "FieldValueForbidden",
    }
    (cause,) = rule_causes(thing(spec=ruled(thing(a=WHOLE, b=WHOLE), rule)), {"spec": {"a": 3, "b": 2}})
    assert (cause.path, cause.message, cause.reason) == (
        ("spec", "a"),
        "a is too large",
        "FieldValueForbidden",
    )
    assert cause.hint == "the rule is: self.a <= self.b"


def test_a_message_expression_comes_before_the_message_unless_it_fails():
    words = {"rule": "false", "message": "plain", "messageExpression": "'is ' + self"}
    assert found(thing(a=ruled(TEXT, words)), {"a": "x"}) == [("MA132", ("a",), "is x")]
    for bad in ("string(1 / 0)", "''", "self.size()", "nonsense"):
        schema = thing(a=ruled(TEXT, {**words, "messageExpression": bad}))
        assert found(schema, {"a": "x"}) == [("MA132", ("a",), "plain")]


def test_a_field_with_a_strange_name_can_be_named():
    rule = {"rule": "false", "fieldPath": ".m['a.b'].c"}
    schema = ruled(thing(m={"type": "object", "additionalProperties": thing(c=TEXT)}), rule)
    assert [path for _, path, _ in found(schema, {"m": {"a.b": {"c": ""}}})] == [("m", "a.b", "c")]
    assert schema_rule_causes(schema, ()) == []


def test_rules_stand_at_items_entries_and_in_branches():
    small = ruled(WHOLE, "self < 5")
    schema = {
        **thing(
            l={"type": "array", "items": small},
            m={"type": "object", "additionalProperties": small},
            n=WHOLE,
        ),
        "allOf": [{"properties": {"n": {RULES: [{"rule": "self > 0"}]}}}],
    }
    document = {"l": [1, 9, 8], "m": {"x": 1, "y": 7}, "n": 0}
    assert [path for _, path, _ in found(schema, document)] == [("n",), ("l", 1), ("l", 2), ("m", "y")]


def test_the_rules_of_a_value_come_before_those_of_its_parts():
    schema = ruled(thing(a=ruled(TEXT, "false")), "false", "true", "1 == 2")
    assert [path for _, path, _ in found(schema, {"a": ""})] == [(), (), ("a",)]


def test_null_is_asked_nothing():
    assert found(thing(a=ruled({**TEXT, "nullable": True}, "false")), {"a": None}) == []


def test_a_failing_rule_is_a_fault_of_its_own():
    schema = thing(spec=ruled(thing(a=WHOLE), "self.a > 1", "1 / (self.?a.orValue(0)) == 1"))
    (missing, division) = rule_causes(schema, {"spec": {}})
    assert (missing.code, missing.path) == ("MA133", ("spec",))
    assert missing.message == "no such key: a evaluating rule: self.a > 1"
    assert "has(...)" in missing.hint
    assert division.message.startswith("division by zero evaluating rule: ")


def test_a_rule_that_does_not_compile_fails_for_every_value():
    (cause,) = rule_causes(thing(a=ruled(TEXT, "self > 1")), {"a": "x"})
    assert cause.code == "MA133"
    assert cause.message.startswith("rule compile error: found no matching overload for '>'")
    (cause,) = rule_causes(thing(a=ruled({"x-kubernetes-preserve-unknown-fields": True}, "true")), {"a": "x"})
    assert "describes nothing" in cause.message


def test_a_costly_rule_stops_the_others():
    costly = "self.all(a, self.all(b, self.all(c, a + b + c != 'x')))"
    schema = thing(l=ruled({"type": "array", "items": TEXT}, costly, "false"))
    ((code, path, message),) = found(schema, {"l": ["word"] * 500})
    assert (code, path) == ("MA133", ("l",))
    assert message.startswith("actual cost limit exceeded")
    assert message.endswith("no further rules are asked")


def test_all_rules_of_a_document_share_one_budget():
    item = ruled({"type": "array", "items": TEXT}, "self.all(a, self.all(b, a + b != 'x'))")
    schema = thing(l={"type": "array", "items": item})
    causes = found(schema, {"l": [["word"] * 200] * 100})
    assert [code for code, _, _ in causes] == ["MA133"]
    assert 0 < causes[0][1][1] < 99


def test_failures_are_paid_for_too():
    item = ruled(
        {"type": "array", "items": TEXT}, "self.all(a, self.all(b, a + b != 'x')) && self[1000] == ''"
    )
    causes = found(thing(l={"type": "array", "items": item}), {"l": [["word"] * 200] * 100})
    assert len(causes) < 60
    assert causes[-1][2].endswith("no further rules are asked")


FIXED = ruled(TEXT, {"rule": "self == oldSelf", "message": "cannot change"})
KEYED = {
    "type": "array",
    "items": thing(name=TEXT, v=FIXED),
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
}


def item(name, v):
    return {"name": name, "v": v}


@pytest.mark.parametrize(
    ("schema", "document", "old", "paths"),
    [
        (thing(a=FIXED), {"a": "x"}, None, []),
        (thing(a=FIXED), {"a": "x"}, {}, []),
        (thing(a=FIXED), {"a": "x"}, {"a": None}, []),
        (thing(a=FIXED), {"a": "x"}, {"a": "x"}, []),
        (thing(a=FIXED), {"a": "x"}, {"a": "y"}, [("a",)]),
        (
            thing(m={"type": "object", "additionalProperties": FIXED}),
            {"m": {"k": "x"}},
            {"m": {"k": "y"}},
            [("m", "k")],
        ),
        (
            thing(l=KEYED),
            {"l": [item("b", "2"), item("a", "9")]},
            {"l": [item("a", "1"), item("b", "2")]},
            [("l", 1, "v")],
        ),
        (thing(l=KEYED), {"l": [item("c", "2")]}, {"l": [item("a", "1")]}, []),
        (thing(l={"type": "array", "items": FIXED}), {"l": ["x"]}, {"l": ["y"]}, []),
        (
            thing(l={"type": "array", "items": FIXED, "x-kubernetes-list-type": "set"}),
            {"l": ["x"]},
            {"l": ["y"]},
            [],
        ),
        (
            thing(l=ruled({"type": "array", "items": TEXT}, "self == oldSelf")),
            {"l": ["x"]},
            {"l": ["y"]},
            [("l",)],
        ),
    ],
)
def test_transition_rules_need_an_old_value_that_can_be_told(schema, document, old, paths):
    assert [path for _, path, _ in found(schema, document, old)] == paths


def test_an_optional_old_value_lets_a_transition_rule_see_new_values():
    rule = {"rule": "oldSelf.hasValue() || self == 'first'", "optionalOldSelf": True}
    schema = thing(a=ruled(TEXT, rule))
    assert found(schema, {"a": "first"}) == []
    assert [code for code, _, _ in found(schema, {"a": "second"})] == ["MA132"]
    assert found(schema, {"a": "second"}, {"a": "first"}) == []


def test_what_did_not_change_is_only_warned_about():
    schema = thing(
        a=ruled(thing(n=WHOLE), "self.n < 5"), l={"type": "array", "items": ruled(WHOLE, "self < 5")}
    )
    old = {"a": {"n": 9}, "l": [9]}
    assert [c.warning for c in rule_causes(schema, {**old, "x": 1}, old)] == [True, True]
    assert [c.warning for c in rule_causes(schema, {"a": {"n": 8}, "l": [9, 9]}, old)] == [
        False,
        False,
        False,
    ]
    changes = ruled(WHOLE, "self < 5 && oldSelf < 5")
    assert [c.warning for c in rule_causes(thing(a=changes), {"a": 9}, {"a": 9})] == [False]


def test_embedded_resources_are_whole():
    embedded = ruled(
        {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "self.metadata.name.startsWith('a') && self.kind == 'K'",
    )
    document = {"e": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "abc"}}}
    assert found(thing(e=embedded), document) == []


def test_a_schema_without_rules_never_imports_the_language(tmp_path):
    import subprocess

    code = (
        "import sys\nfrom mastractl.resources.cel_rules import rule_causes\n"
        "print(rule_causes({'type': 'object', 'properties': {'a': {'type': 'string'}}}, {'a': 'x'}))\n"
        "print([name for name in sys.modules if 'resources.cel.' in name])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


BAD = [
    ({"rule": "self.a >"}, (0, "rule"), "unexpected the end of the expression"),
    ({"rule": "self.a + 1"}, (0, "rule"), "must be of type bool, but this is of type int"),
    ({"rule": "true", "messageExpression": "self.a"}, (0, "messageExpression"), "must be of type string"),
    ({"rule": "true", "reason": "Nonsense"}, (0, "reason"), "must be one of FieldValueInvalid"),
    (
        {"rule": "true", "fieldPath": ".b"},
        (0, "fieldPath"),
        "'.b' is no field that the schema describes here",
    ),
    ({"rule": "true", "fieldPath": "a"}, (0, "fieldPath"), "'a' is no field"),
    ({"rule": "oldSelf.a == 1", "optionalOldSelf": True}, (0, "rule"), "found no matching overload for '=='"),
]


@pytest.mark.parametrize(("rule", "path", "message"), BAD)
def test_a_bad_rule_is_found_in_its_definition(rule, path, message):
    (cause,) = schema_rule_causes(thing(s=ruled(thing(a=WHOLE), rule)), ("schema",))
    assert (cause.code, cause.path) == ("MA130", ("schema", "properties", "s", RULES, *path))
    assert message in cause.message


def test_the_place_of_a_mistake_is_shown():
    rule = {"rule": "self.a > 1 &&\n  self.b > 1", "message": "m"}
    (cause,) = schema_rule_causes(ruled(thing(a=WHOLE), rule), ())
    assert cause.hint == "at line 2, column 8 of the expression: self. \N{RIGHTWARDS ARROW} b > 1"
