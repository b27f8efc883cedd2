"""The language: what an expression means, whatever it is about."""

from __future__ import annotations

import math

import pytest

from mastractl.resources.cel import types
from mastractl.resources.cel.engine import Environment, compile_expression
from mastractl.resources.cel.fault import CelError, CostExceeded

NOTHING = Environment({})


def value(expression, environment=NOTHING, values=()):
    return compile_expression(expression, environment).evaluate(values)[0]


TRUE = """
1 + 2 * 3 == 7
(1 + 2) * 3 == 9
-7 / 2 == -3 && -7 % 3 == -1 && 7 % -3 == 1
7u - 2u == 5u
2 - -2 == 4 && --3 == 3 && !!true
0x1F == 31 && 0xFu == 15u && 1e3 == 1000.0 && .5 == 0.5
-9223372036854775808 < 9223372036854775807
1.0 / 0.0 > 1e300 && -1.0 / 0.0 < -1e300
0.0 == -0.0 && !(0.0 / 0.0 == 0.0 / 0.0)
1 < 1.5 && 2u > 1 && 2.0 >= 2
dyn(1) == dyn(1.0) && dyn(1) == dyn(1u) && dyn(1) != dyn('1') && dyn(true) != dyn(1)
1 in [1.0, 2.0].map(x, dyn(x)) && !('a' in [1, 2].map(x, dyn(x)))
'a' + 'b' == "ab" && 'a' < 'b' && b'a' + b'b' == b'ab'
[1] + [2, 3] == [1, 2, 3] && [1, 2] != [2, 1]
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
{1: 'a'}[dyn(1u)] == 'a' && {1: 'a'}[dyn(1.0)] == 'a'
{true: 'yes', false: 'no'}[1 < 2] == 'yes'
{'a': {'b': [10, 20]}}.a.b[1] == 20
'你好世界'.size() == 4 && size('😀') == 1 && size(b'你') == 3
size([1, 2]) == 2 && {'a': 1}.size() == 1
'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.contains('b') && 'abc'.matches('^a.c$')
'line\\n' != r'line\\n' && '\\x41\\u4f60\\U0001F600\\101' == 'A你😀A'
'''it's "fine"''' == "it's \\"fine\\""
b'\\xff\\x00'.size() == 2 && b'\\377' == b'\\xff'
1 == 1 // what stands behind two strokes is not read
true ? (false ? 1 == 2 : true) : false
false && 1 / 0 == 1 ? false : true
true || 1 / 0 == 1
1 / 0 == 1 || true
!(1 / 0 == 1 && false)
[0, 1].exists(x, 1 / x == 1) && [1, 0].exists(x, 1 / x == 1)
![2, 0].all(x, 1 / x > 5)
[1, 2, 3].all(x, x > 0) && [].all(x, false) && ![].exists(x, true)
[1, 2, 2].exists_one(x, x == 1) && ![1, 2, 2].existsOne(x, x == 2)
[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6]
[1, 2, 3].filter(x, x != 2) == [1, 3]
{'a': 1, 'b': 2}.all(k, k in ['a', 'b']) && {'a': 1}.map(k, k) == ['a']
[5, 6].all(i, v, v == i + 5) && {'a': 1}.exists(k, v, k == 'a' && v == 1)
[1, 2].transformList(i, v, i > 0, v * 10) == [20]
{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2) == {'b': 4}
['a', 'b'].transformMapEntry(i, v, {v: i}) == {'a': 0, 'b': 1}
[[1, 2], [3]].all(x, x.all(y, y > 0)) && [1, 2].all(x, [x].all(x, x < 3))
has({'a': null}.a) && !has({'a': 1}.b)
cel.bind(x, 2 + 3, x * x) == 25
{'a': {'b': 1}}.?a.?b.orValue(0) == 1 && {'a': {'b': 1}}.?a.?c.orValue(0) == 0
{'a': {'b': 1}}.?a.b.hasValue() && !{'a': {'b': 1}}.?x.b.hasValue()
[1][?0].orValue(5) == 1 && [1][?3].orValue(5) == 5
optional.of(1).or(optional.of(2)).value() == 1 && optional.none().or(optional.of(2)).value() == 2
optional.of(1).orValue(1 / 0) == 1
optional.of(2).optMap(x, x * 2).value() == 4 && !optional.none().optMap(x, 1).hasValue()
optional.ofNonZeroValue(0) == optional.none() && optional.ofNonZeroValue('a').hasValue()
[1, ?optional.none(), ?optional.of(3)] == [1, 3]
{'a': 1, ?'b': optional.none()} == {'a': 1}
type(1) == int && type(1u) == uint && type('') == string && type([]) == list && type({}) == map
type(null) == null_type && type(type(1)) == type && type(duration('1s')) == google.protobuf.Duration
int('42') == 42 && int(3.9) == 3 && int(-3.9) == -3 && uint('7') == 7u && double('1.5') == 1.5
string(1) == '1' && string(1.5) == '1.5' && string(true) == 'true' && string(b'a') == 'a' && string(2u) == '2'
string(1e30) == '1e+30' && string(100000.0) == '100000' && string(0.000001) == '1e-06'
bool('true') && !bool('F') && bytes('你').size() == 3
duration('1h30m') == duration('90m') && duration('1.5s') == duration('1500ms')
duration('1h').getMinutes() == 60 && duration('-90s').getMinutes() == -1
duration('90s').getMilliseconds() == 90000 && string(duration('1h')) == '3600s'
timestamp('2024-02-29T12:00:00Z').getDayOfYear() == 59
timestamp('2024-02-29T12:00:00Z').getDayOfWeek() == 4
timestamp('2024-02-29T12:00:00Z').getMonth() == 1 && timestamp('2024-02-29T12:00:00Z').getDate() == 29
timestamp('2024-02-29T23:30:00Z').getHours('+08:00') == 7
timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin') == 14
timestamp('2024-01-01T00:00:00+08:00') == timestamp('2023-12-31T16:00:00Z')
timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')
timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')
string(timestamp('2024-01-01T00:00:00.5Z')) == '2024-01-01T00:00:00.5Z'
int(timestamp('1970-01-02T00:00:00Z')) == 86400 && timestamp(86400) == timestamp('1970-01-02T00:00:00Z')
{'a b/c': 1}.`a b/c` == 1
"""


@pytest.mark.parametrize("expression", TRUE.strip().splitlines())
def test_it_is_true(expression):
    assert value(expression) is True


FAILING = [
    ("1 / 0", "division by zero"),
    ("1 % 0", "modulus by zero"),
    ("9223372036854775807 + 1", "integer overflow"),
    ("-9223372036854775808 - 1", "integer overflow"),
    ("-(-9223372036854775807 - 1)", "integer overflow"),
    ("9223372036854775807 * 2", "integer overflow"),
    ("(-9223372036854775807 - 1) / -1", "integer overflow"),
    ("0u - 1u", "unsigned integer overflow"),
    ("18446744073709551615u + 1u", "unsigned integer overflow"),
    ("int(1e19)", "integer overflow"),
    ("uint(-1)", "unsigned integer overflow"),
    ("int('x')", "'x' is no whole number"),
    ("double('1,5')", "'1,5' is no number"),
    ("bool('yes')", "'yes' is neither true nor false"),
    ("string(b'\\xff')", "the bytes are no valid UTF-8"),
    ("{'a': 1}.b", "no such key: b"),
    ("{'a': 1}['b']", "no such key: b"),
    ("[1][1]", "index out of bounds: 1"),
    ("[1][-1]", "index out of bounds: -1"),
    ("{'a': 1, 'a': 2}", "the key 'a' is there twice"),
    ("dyn(1) + dyn('a')", "no such overload"),
    ("dyn(1) < dyn('a')", "no such overload"),
    ("dyn('a') && true", "no such overload"),
    ("dyn(1).size()", "no such overload"),
    ("true && 1 / 0 == 1", "division by zero"),
    ("1 / 0 == 1 && 2 % 0 == 1", "division by zero"),
    ("[1, 0].all(x, 1 / x == 1)", "division by zero"),
    ("[1, 0].exists_one(x, 1 / x == 1)", "division by zero"),
    ("[1, 0].map(x, 1 / x)", "division by zero"),
    ("optional.none().value()", "optional.none() dereference"),
    ("timestamp('2024-01-01T00:00:00Z').getHours('Mars/Base')", "unknown time zone 'Mars/Base'"),
    ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "timestamp out of range"),
]


@pytest.mark.parametrize(("expression", "message"), FAILING)
def test_it_fails(expression, message):
    program = compile_expression(expression, NOTHING)
    with pytest.raises(CelError) as failure:
        program.evaluate([])
    assert failure.value.message == message


REFUSED = [
    ("", 0, "unexpected the end of the expression"),
    ("1 +", 3, "unexpected the end of the expression"),
    ("1 2", 2, "unexpected '2'"),
    ("a.b.", 4, "unexpected the end of the expression, expected a name"),
    ("'open", 0, "this text is not closed"),
    ("a = 1", 2, "unexpected character '='; equality is written =="),
    ("a & b", 2, "unexpected character '&'; `and` is written &&"),
    ("9223372036854775808", 0, "9223372036854775808 does not fit into 64 bits"),
    ("18446744073709551616u", 0, "18446744073709551616u is no unsigned number of 64 bits"),
    ("'\\q'", 0, "there is no escape \\q"),
    ("'\\ud800'", 0, "\\ud800 is no character of Unicode"),
    ("for", 0, "'for' is a reserved word"),
    ("x", 0, "undeclared reference to 'x'"),
    ("strin(1)", 0, "undeclared reference to 'strin': there is no such function; did you mean \"string\"?"),
    ("[1].al(x, true)", 4, "undeclared reference to 'al': there is no such function; did you mean \"all\"?"),
    ("1 + 'a'", 2, "found no matching overload for '+' applied to (int, string)"),
    (
        "1 == 1.0",
        2,
        "found no matching overload for '==' applied to (int, double); convert one of them, as in double(x)",
    ),
    ("'a' in ['b', 'c'] == 'x'", 18, "found no matching overload for '==' applied to (bool, string)"),
    ("1 && true", 0, "what stands beside && must be a bool, but this is of type int"),
    ("1 ? 2 : 3", 0, "what stands before ? must be a bool, but this is of type int"),
    ("true ? 1 : 'a'", 5, "both values of ? : must be of one type, but these are int and string"),
    ("[1].all(1, true)", 8, "all() wants the name of a variable here, as in all(x, ...)"),
    ("[1].all(x, x)", 11, "the condition of all() must be a bool, but this is of type int"),
    ("'a'.all(x, true)", 4, "all() goes through a list or a map, but this is of type string"),
    ("has(1)", 4, "has() asks for a field, as in has(self.name)"),
    ("'a'.b", 4, "a value of type string has no fields, so .b selects nothing"),
    ("[1]['a']", 3, "a list is indexed by int, not by string"),
    ("{1.5: 2}", 1, "unsupported key type: double"),
    ("'a'.matches('(?=b)')", 4, "'(?=b)' is no regular expression: look-around, back-references and other"),
    ("duration('1 day')", 0, "'1 day' is no duration"),
    ("timestamp('yesterday')", 0, "'yesterday' is no timestamp"),
    ("timestamp(253402300800)", 0, "timestamp out of range"),
    ("A{b: 1}", 1, "objects of named types cannot be made here; write a map: {'key': value}"),
    ("size(1)", 0, "found no matching overload for size(int); there is size(string); size(bytes)"),
    ("'a'.size(1)", 4, "found no overload of 'size' with 1 arguments"),
    ("(" * 50 + "1" + ")" * 50, 40, "the expression is nested more than 40 levels deep"),
    ("1" + "+1" * 200, 201, "more than 100 in a row"),
]


@pytest.mark.parametrize(("expression", "offset", "message"), REFUSED)
def test_it_is_refused_with_its_place(expression, offset, message):
    with pytest.raises(CelError) as failure:
        compile_expression(expression, NOTHING)
    assert failure.value.message.startswith(message)
    assert failure.value.offset == offset


def test_values_reach_an_expression_by_name():
    environment = Environment({"name": types.STRING, "n": types.INT, "any": types.DYN})
    assert value("name + string(n)", environment, ["a", 5, None]) == "a5"
    assert value("any.x > n", environment, ["a", 5, {"x": 6}]) is True
    assert value("any.exists(x, x == name)", environment, ["a", 5, ["a"]]) is True


def test_a_program_knows_its_type_and_its_variables():
    environment = Environment({"n": types.INT, "m": types.INT})
    program = compile_expression("[n].map(x, [x])", environment)
    assert repr(program.type) == "list(list(int))"
    assert program.used == {"n"}
    assert repr(compile_expression("[]", environment).type) == "list(dyn)"
    with pytest.raises(CelError, match="must be of type bool, but this is of type int"):
        compile_expression("n", environment, types.BOOL)


def test_literals_of_mixed_types_are_refused_where_they_must_be_of_one():
    assert value("[1, 'a'].size()") == 2
    with pytest.raises(CelError, match="expected type int but found string") as failure:
        compile_expression("[1, 'a']", Environment({}, homogeneous=True))
    assert failure.value.offset == 4


def test_null_where_a_number_is_expected_is_no_crash():
    program = compile_expression("n + 1 > 0", Environment({"n": types.INT}))
    with pytest.raises(CelError, match="no such overload"):
        program.evaluate([None])
    both = compile_expression("n > 0 || true", Environment({"n": types.INT}))
    assert both.evaluate([None])[0] is True


def test_nan_is_equal_to_nothing_even_within_lists():
    environment = Environment({"n": types.DOUBLE})
    assert value("[n] == [n]", environment, [math.nan]) is False
    assert value("n in [n, 1.0]", environment, [math.nan]) is False


LONG = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"


def test_a_runaway_expression_is_stopped():
    nested = "true"
    for name in "abcdefg":
        nested = f"{LONG}.all({name}, {nested})"
    with pytest.raises(CostExceeded, match="actual cost limit exceeded"):
        compile_expression(nested, NOTHING).evaluate([])


def test_no_operator_absorbs_the_limit():
    nested = "true"
    for name in "abcdefg":
        nested = f"{LONG}.all({name}, {nested})"
    for expression in (f"{nested} || true", f"true || {nested} && {nested}", f"[1].exists(x, {nested})"):
        program = compile_expression(expression, NOTHING)
        if expression.startswith("true"):
            assert program.evaluate([])[0] is True
        else:
            with pytest.raises(CostExceeded):
                program.evaluate([])


def test_what_an_evaluation_costs_grows_with_what_it_goes_through():
    environment = Environment({"l": types.list_of(types.STRING), "s": types.STRING})

    def cost(expression, items, text=""):
        return compile_expression(expression, environment).evaluate([items, text])[1]

    assert cost("l.all(x, x != 'a')", ["b"] * 1000) > 500 * cost("l.all(x, x != 'a')", ["b"])
    assert cost("s.contains('aaaaaaaaaaaaaaaaaaaaaaaa')", [], "b" * 10_000) > 1000
    assert cost("l + l == l", ["b"] * 1000) > 100
    assert cost("s in l", ["b"] * 1000) > 900
    assert cost("s.matches('a.*b')", [], "b" * 10_000) > 1000


def test_a_failing_evaluation_tells_what_it_had_cost():
    program = compile_expression("[1, 2, 3].map(x, 1 / (x - 3))", NOTHING)
    with pytest.raises(CelError) as failure:
        program.evaluate([])
    assert failure.value.spent > 30


def test_a_pattern_that_backtracks_without_end_takes_no_time():
    environment = Environment({"s": types.STRING})
    assert value("s.matches('^(a+)+$')", environment, ["a" * 5000 + "b"]) is False
    assert value("s.find('(a+)+$')", environment, ["a" * 1000 + "b"]) == ""
    program = compile_expression("s.findAll('a.*b|a')", environment)
    with pytest.raises(CelError, match="the text is too long for this pattern"):
        program.evaluate(["a" * 5000])
