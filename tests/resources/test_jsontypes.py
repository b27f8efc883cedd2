from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.resources import jsontypes

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from([0.0, 1.0, 0.5, -0.0, 1e300]),
    st.sampled_from(["", "1"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({}, "object"),
        ([], "array"),
        ("", "string"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "integer"),
        (1.5, "number"),
        (float("inf"), "number"),
        (None, "null"),
        ((), "tuple"),
    ],
)
def test_the_type_of_a_value(value, name):
    assert jsontypes.type_name(value) == name
    assert jsontypes.has_type(value, name)


def test_an_integer_is_a_number_and_true_is_none():
    assert jsontypes.has_type(1, "number")
    assert not jsontypes.has_type(1.5, "integer")
    assert not jsontypes.has_type(True, "number")
    assert not jsontypes.has_type(1, "nonsense")


@given(VALUES, VALUES)
def test_values_are_equal_exactly_when_their_identities_are(a, b):
    assert jsontypes.equal(a, b) == (jsontypes.identity(a) == jsontypes.identity(b))


@given(VALUES)
def test_a_value_equals_what_its_json_says(value):
    assert jsontypes.equal(value, json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (True, 1, False),
        (False, 0, False),
        ([True], [1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}, True),
        ({"a": None}, {}, False),
        ([1, 2], [2, 1], False),
        ([], {}, False),
        ("1", 1, False),
        (10**400, 10**400, True),
        (None, False, False),
    ],
)
def test_equality(a, b, same):
    assert jsontypes.equal(a, b) == same
    assert jsontypes.equal(b, a) == same


@pytest.mark.parametrize(
    ("value", "step", "is_one"),
    [
        (6, 3, True),
        (7, 3, False),
        (0.3, 0.1, True),
        (0.35, 0.1, False),
        (1e300, 0.5, True),
        (4.5, 1.5, True),
        (0, 7, True),
    ],
)
def test_multiples(value, step, is_one):
    assert jsontypes.is_multiple(value, step) == is_one


def test_a_value_as_messages_show_it():
    assert jsontypes.shown({"名": [None, True]}) == '{"名": [null, true]}'
    assert jsontypes.shown("x" * 100, limit=10) == '"xxxxxx...'
