"""What a rule may cost at worst, by the limits of its schema."""

from __future__ import annotations

import pytest

from mastractl.resources.cel.estimate import estimate
from mastractl.resources.cel.rule import RuleMaker
from mastractl.resources.cel_definitions import schema_rule_causes

RULES = "x-kubernetes-validations"
TEXT = {"type": "string"}


def many(item, limit=None):
    return {"type": "array", "items": item, **({} if limit is None else {"maxItems": limit})}


def cost(rule, schema):
    return estimate(rule, RuleMaker(schema).environment(), schema)


@pytest.mark.parametrize(
    ("rule", "schema", "expected"),
    [
        ("self == 5", {"type": "integer"}, 1),
        ("self.all(x, true)", many({"type": "number"}, 10), 32),
        ("self.all(x, true)", many({"type": "number"}), 4718591),
        ("self.all(x, self.all(y, true))", many({"type": "number"}, 10), 352),
        ("self.exists(x, x == 'a')", many({**TEXT, "maxLength": 5}, 3), 20),
        ("self.contains('test')", {**TEXT, "maxLength": 10}, 5),
        ("self.contains('test')", TEXT, 314574),
        ("self.matches('^a+$')", {**TEXT, "maxLength": 10}, 6),
        ("self.startsWith('test')", TEXT, 2),
        ("self in ['a', 'b']", TEXT, 13),
        ("self == 'abc'", {**TEXT, "enum": ["a", "bb"]}, 2),
        ("self.split('').size() > 5", {**TEXT, "maxLength": 25}, 23),
        ("has(self.a) ? self.a.size() > 5 : true", {"type": "object", "properties": {"a": TEXT}}, 5),
        ("self['x'] == self['y']", {"type": "object", "additionalProperties": {**TEXT, "maxLength": 5}}, 6),
        ("cel.bind(x, self.size(), x > 1 && x < 5)", TEXT, 16),
    ],
)
def test_the_sum_is_that_of_kubernetes(rule, schema, expected):
    assert cost(rule, schema) == expected


def test_a_rule_that_may_cost_too_much_is_refused_where_it_stands():
    nested = {"rule": "self.all(a, self.all(b, a == b))"}
    ruled = {**many(TEXT), RULES: [nested]}
    cause, total = schema_rule_causes({"type": "object", "properties": {"l": ruled}}, ("s",))
    assert total.path == ("s",)
    assert (cause.code, cause.path) == ("MA130", ("s", "properties", "l", RULES, 0, "rule"))
    assert "may cost more than 100 times what a rule may at worst" in cause.message
    assert "maxItems" in cause.hint
    limited = {**many({**TEXT, "maxLength": 20}, 100), RULES: [nested]}
    assert schema_rule_causes({"type": "object", "properties": {"l": limited}}, ()) == []


def test_a_rule_costs_as_often_as_its_value_can_be_there():
    ruled = {**TEXT, "maxLength": 1000, RULES: [{"rule": "self.contains(self)"}]}

    def within(limit):
        return schema_rule_causes({"type": "object", "properties": {"l": many(ruled, limit)}}, ())

    assert within(10) == []
    assert [cause.path[-1] for cause in within(100)] == ["rule"]
    assert len(within(None)) == 2  # the rule, and all rules together


def test_all_rules_of_a_definition_have_a_limit_together():
    rule = {"rule": "self.contains(self)"}
    field = {**TEXT, "maxLength": 6000, RULES: [rule]}
    schema = {"type": "object", "properties": {f"f{i}": field for i in range(30)}}
    (cause,) = schema_rule_causes(schema, ("schema",))
    assert cause.path == ("schema",)
    assert cause.message == "all rules together may cost 1.7 times what a definition may at worst"


def test_a_costly_message_is_refused_too():
    rule = {"rule": "true", "messageExpression": "self.contains(self + self) ? 'a' : 'b'"}
    (cause,) = schema_rule_causes({"type": "object", "properties": {"a": {**TEXT, RULES: [rule]}}}, ())
    assert cause.path[-1] == "messageExpression"
