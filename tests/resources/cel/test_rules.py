"""Rules about a value of a schema: what `self` is, and what can be said of it."""

from __future__ import annotations

import pytest

from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.rule import ABSENT, compile_rule

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}


def thing(**properties):
    return {"type": "object", "properties": properties}


def many(item, **more):
    return {"type": "array", "items": item, **more}


def holds(rule, schema, value, old=ABSENT, **options):
    return compile_rule(rule, schema, **options).evaluate(value, old)


SET = many(TEXT, **{"x-kubernetes-list-type": "set"})
KEYED = many(
    thing(name=TEXT, n=WHOLE),
    **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
)
A1, A2, B1 = {"name": "a", "n": 1}, {"name": "a", "n": 2}, {"name": "b", "n": 1}

HOLDING = [
    ("self.a <= self.b", thing(a=WHOLE, b=WHOLE), {"a": 1, "b": 2}),
    ("self.a + 1 == 3", thing(a=WHOLE), {"a": 2.0}),
    ("self.a / 2.0 == 0.5 && type(self.a) == double", thing(a=NUMBER), {"a": 1}),
    ("self.l.sum() == 3.0", thing(l=many(NUMBER)), {"l": [1, 2]}),
    (
        "self.m.all(k, self.m[k] > 0.5)",
        thing(m={"type": "object", "additionalProperties": NUMBER}),
        {"m": {"x": 1}},
    ),
    (
        "self.m.x == 'y' && 'x' in self.m",
        thing(m={"type": "object", "additionalProperties": TEXT}),
        {"m": {"x": "y"}},
    ),
    ("!has(self.a)", thing(a=TEXT), {}),
    ("!has(self.a)", thing(a={**TEXT, "nullable": True}), {"a": None}),
    ("self.exists(x, dyn(x) == null)", many({**TEXT, "nullable": True}), ["a", None]),
    ("self == 'a'", TEXT, "a"),
    ("self.size() == 2", TEXT, "你好"),
    (
        "self > timestamp('2024-01-01T00:00:00Z')",
        {**TEXT, "format": "date-time"},
        "2024-06-01T10:00:00+02:00",
    ),
    ("self.getFullYear() == 2024", {**TEXT, "format": "date"}, "2024-06-01"),
    ("self < duration('2h')", {**TEXT, "format": "duration"}, "1h30m"),
    ("self == duration('72h')", {**TEXT, "format": "duration"}, "3 days"),
    ("self == b'hello'", {**TEXT, "format": "byte"}, "aGVsbG8="),
    ("type(self) == int ? self < 5 : self.endsWith('%')", {"x-kubernetes-int-or-string": True}, 3),
    ("type(self) == int ? self < 5 : self.endsWith('%')", {"x-kubernetes-int-or-string": True}, "50%"),
    (
        "self.__namespace__ == 'a' && self.__if__ == 'b'",
        thing(**{"namespace": TEXT, "if": TEXT}),
        {"namespace": "a", "if": "b"},
    ),
    (
        "self.a__dash__b + self.c__dot__d + self.e__slash__f == '123'",
        thing(**{"a-b": TEXT, "c.d": TEXT, "e/f": TEXT}),
        {"a-b": "1", "c.d": "2", "e/f": "3"},
    ),
    ("self.x__underscores__y == 'a'", thing(x__y=TEXT), {"x__y": "a"}),
    ("self.a == ['y', 'x'] && self.a != ['x']", thing(a=SET), {"a": ["x", "y"]}),
    ("self.a + self.b == ['x', 'y', 'z']", thing(a=SET, b=SET), {"a": ["x", "y"], "b": ["y", "z"]}),
    ("self.a == self.b", thing(a=KEYED, b=KEYED), {"a": [A1, B1], "b": [B1, A1]}),
    ("self.a != self.b", thing(a=KEYED, b=KEYED), {"a": [A1], "b": [A2]}),
    (
        "(self.a + self.b)[0].n == 2 && (self.a + self.b).size() == 2",
        thing(a=KEYED, b=KEYED),
        {"a": [A1, B1], "b": [A2]},
    ),
    (
        "self.a == self.b",
        thing(a=thing(s=SET, f=NUMBER), b=thing(s=SET, f=NUMBER)),
        {"a": {"s": ["x", "y"], "f": 1}, "b": {"s": ["y", "x"], "f": 1.0}},
    ),
    ("self.l != self.k", thing(l=many(TEXT), k=many(TEXT)), {"l": ["a", "b"], "k": ["b", "a"]}),
    ("self.?a.?b.orValue('z') == 'z'", thing(a=thing(b=TEXT)), {}),
    ("self.l[?0].?name.orValue('') == 'a'", thing(l=KEYED), {"l": [A1]}),
    (
        "self.embedded.metadata.name == 'n' && self.embedded.kind == 'K'",
        thing(
            embedded={
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True,
            }
        ),
        {"embedded": {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}}},
    ),
]


@pytest.mark.parametrize(("rule", "schema", "value"), HOLDING)
def test_it_holds(rule, schema, value):
    assert holds(rule, schema, value) is True


REFUSED = [
    ("self.a == 1", thing(b=TEXT), 'undefined field "a"; known fields: b'),
    ("self.specs.x == 1", thing(spec=thing(x=WHOLE)), 'undefined field "specs"; did you mean "spec"?'),
    (
        "self.a.b == 1",
        thing(a={"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
        'undefined field "b"',
    ),
    ("self.a == 1", thing(a={"x-kubernetes-preserve-unknown-fields": True}), 'undefined field "a"'),
    ("self.metadata.name == 'a'", thing(a=TEXT), 'undefined field "metadata"; known fields: a'),
    ("self.a", thing(a=TEXT), "must be of type bool, but this is of type string"),
    ("self.a > 1", thing(a=TEXT), "found no matching overload for '>' applied to (string, int)"),
    (
        "self.a == {'x': 'y'}",
        thing(a=thing(x=TEXT)),
        "found no matching overload for '==' applied to (object, map",
    ),
    ("self.all(x, true)", thing(a=TEXT), "all() goes through a list or a map, but this is of type object"),
    ("slef.a == 'x'", thing(a=TEXT), "undeclared reference to 'slef'; did you mean \"self\"?"),
]


@pytest.mark.parametrize(("rule", "schema", "message"), REFUSED)
def test_it_does_not_compile(rule, schema, message):
    with pytest.raises(CelError) as failure:
        compile_rule(rule, schema)
    assert failure.value.message.startswith(message)


def test_a_rule_cannot_stand_where_nothing_is_described():
    for schema in (
        {"x-kubernetes-preserve-unknown-fields": True},
        many({"x-kubernetes-preserve-unknown-fields": True}),
    ):
        with pytest.raises(CelError, match="describes nothing"):
            compile_rule("true", schema)


def test_a_whole_resource_has_its_name_and_kind():
    rule = compile_rule(
        "self.metadata.name == 'a' && self.kind == 'K' && self.apiVersion == 'g/v1'", thing(), root=True
    )
    assert rule.evaluate({"apiVersion": "g/v1", "kind": "K", "metadata": {"name": "a"}}) is True
    with pytest.raises(CelError, match='undefined field "labels"; known fields: name, generateName'):
        compile_rule("has(self.metadata.labels)", thing(), root=True)


def test_old_values_are_compared():
    rule = compile_rule("self == oldSelf", TEXT)
    assert rule.transition
    assert rule.evaluate("a", "a") is True
    assert rule.evaluate("a", "b") is False
    assert not compile_rule("self == 'oldSelf'", TEXT).transition
    with pytest.raises(CelError, match="oldSelf cannot be named here"):
        compile_rule("self == oldSelf", TEXT, old_self=False)


def test_an_optional_old_value_may_be_missing():
    rule = compile_rule("!oldSelf.hasValue() || oldSelf.value() <= self", WHOLE, optional_old=True)
    assert rule.evaluate(1) is True
    assert rule.evaluate(1, 1.0) is True
    assert rule.evaluate(1, 2) is False


def test_messages_are_one_line_of_text_or_nothing():
    def said(expression):
        return compile_rule("false", TEXT, message=expression).message("b")

    assert said("'must not be ' + self") == "must not be b"
    assert said("'  padded '") == "padded"
    assert [said(e) for e in ("''", "'two\\nlines'", "self.size()", "string(1 / 0)", "'a'.nonsense()")] == [
        ""
    ] * 5
    assert compile_rule("false", TEXT).message("b") == ""


def test_a_value_that_its_format_does_not_fit_fails():
    rule = compile_rule("self.getFullYear() > 0", {**TEXT, "format": "date-time"})
    with pytest.raises(CelError, match="'soon' is no timestamp"):
        rule.evaluate("soon")
