"""Laws: no text hangs or breaks the compiler, and no value breaks an expression."""

from __future__ import annotations

import contextlib
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastractl.resources.cel import types
from mastractl.resources.cel.engine import Environment, compile_expression
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import UInt, equal

relaxed = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    (
        *(
            "self",
            "x",
            "1",
            "2u",
            "0.5",
            "'a'",
            "b'c'",
            "r'\\'",
            "true",
            "null",
            "in",
            "string",
            "int",
            "dyn",
        ),
        *'+-*/%<>!?:.,()[]{}\\`\n"',
        *("==", "!=", "<=", "&&", "||", ".?", "[?", "//", "'''"),
        *("all", "exists", "map", "filter", "has", "size", "matches", "type", "optional.of", "cel.bind"),
    )
)
ENVIRONMENT = Environment({"self": types.DYN, "x": types.INT})

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3),
    max_leaves=6,
)


def compiled(expression, environment=ENVIRONMENT):
    with contextlib.suppress(CelError):
        return compile_expression(expression, environment)
    return None


@relaxed
@given(
    st.text(max_size=60)
    | st.lists(WORDS, max_size=25).map(" ".join)
    | st.lists(WORDS, max_size=25).map("".join),
    values,
)
def test_any_text_compiles_or_is_refused_and_then_evaluates_or_fails(text, value):
    program = compiled(text)
    if program is not None:
        with contextlib.suppress(CelError):
            program.evaluate([value, 5], 10_000)


@st.composite
def expressions(draw, depth=3):
    """Expressions that parse, of any types."""
    if depth == 0:
        return draw(
            st.sampled_from(
                ["self", "x", "1", "2u", "1.5", "'a'", "[1, 2]", "{'a': 1}", "true", "null", "b'a'"]
            )
        )
    inner = expressions(depth=depth - 1)
    shape = draw(
        st.sampled_from(
            [
                *(
                    f"({{}} {op} {{}})"
                    for op in ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", "&&", "||", "in")
                ),
                *(
                    "!({})",
                    "-({})",
                    "dyn({})",
                    "size({})",
                    "({})[{}]",
                    "({}).a",
                    "has(({}).a)",
                    "({}).?a",
                    "string({})",
                ),
                *(
                    "({}).all(y, {})",
                    "({}).map(y, {})",
                    "({}).filter(y, y == {})",
                    "({}) ? ({}) : ({})",
                    "[{}, {}]",
                ),
                *("type({})", "int({})", "({}).exists(k, v, {})", "({}).contains({})", "({}).matches({})"),
                *(
                    "({}).isSorted()",
                    "({}).sum()",
                    "({}).split({})",
                    "'%s'.format([{}])",
                    "optional.of({}).orValue({})",
                ),
            ]
        )
    )
    return shape.format(*(draw(inner) for _ in range(shape.count("{}"))))


@relaxed
@given(expressions(), values)
def test_an_expression_of_any_types_never_breaks(expression, value):
    for checked in (True, False):
        program = compiled(expression, ENVIRONMENT._replace(checked=checked))
        if program is not None:
            with contextlib.suppress(CelError):
                program.evaluate([value, 5], 10_000)


def python(value):
    """Whether two values that JSON can hold are equal, told without the engine."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, float) and math.isnan(value):
        return ("nan", object())
    if isinstance(value, list):
        return ("list", [python(item) for item in value])
    if isinstance(value, dict):
        return ("dict", {key: python(item) for key, item in value.items()})
    return ("number" if isinstance(value, (int, float)) else type(value).__name__, value)


@relaxed
@given(values, values)
def test_equality_is_that_of_json_values(a, b):
    program = compile_expression("a == b", Environment({"a": types.DYN, "b": types.DYN}))
    assert program.evaluate([a, b])[0] is (python(a) == python(b))
    assert equal(a, b) is equal(b, a)


@relaxed
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.sampled_from("+-*/%"))
def test_integers_are_exact_or_overflow(a, b, operator):
    program = compile_expression(f"a {operator} b", Environment({"a": types.INT, "b": types.INT}))
    quotient = None if b == 0 else abs(a) // abs(b) * (1 if (a < 0) is (b < 0) else -1)
    exact = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": None if b == 0 else a - b * quotient}[
        operator
    ]
    try:
        found = program.evaluate([a, b])[0]
    except CelError:
        assert exact is None or not -(2**63) <= exact < 2**63
    else:
        assert found == exact


@relaxed
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_unsigned_integers_stay_unsigned(a, b):
    program = compile_expression("[a + b, a - b]", Environment({"a": types.UINT, "b": types.UINT}))
    try:
        found = program.evaluate([UInt(a), UInt(b)])[0]
    except CelError:
        assert a + b >= 2**64 or a < b
    else:
        assert found == [a + b, a - b]
        assert all(type(each) is UInt for each in found)


@relaxed
@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_a_timestamp_is_read_as_it_is_written(seconds):
    program = compile_expression("int(timestamp(string(timestamp(s))))", Environment({"s": types.INT}))
    assert program.evaluate([seconds])[0] == seconds


@relaxed
@given(st.lists(st.lists(st.booleans() | st.none(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_logic_is_that_of_three_values(rows):
    """None stands for a failure: it decides nothing, and shows only where nothing else decides."""
    words = {True: "true", False: "false", None: "(1 / 0 == 1)"}
    text = " || ".join(" && ".join(words[each] for each in row) for row in rows)
    ands = [False if False in row else None if None in row else True for row in rows]
    wanted = True if True in ands else None if None in ands else False
    try:
        assert compile_expression(text, ENVIRONMENT).evaluate([None, 0])[0] is wanted
    except CelError:
        assert wanted is None
