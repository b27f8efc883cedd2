"""Label selectors are Kubernetes' grammar; field selectors ask for any field."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.errors import BadRequest
from mastractl.resources.selectors import (
    ABOVE,
    ABSENT,
    BELOW,
    EXISTS,
    IN,
    NOT_IN,
    LabelSelector,
    Requirement,
    parse_field_selector,
    parse_label_selector,
)

GOLD = {"tier": "gold", "env": "prod", "app.kubernetes.io/name": "kitchen", "empty": "", "weight": "10"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("  ", True),
        ("tier=gold", True),
        ("tier==gold", True),
        (" tier = gold ", True),
        ("tier=silver", False),
        ("tier!=silver", True),
        ("tier!=gold", False),
        ("nope!=gold", True),
        ("tier", True),
        ("nope", False),
        ("!nope", True),
        ("! nope", True),
        ("!tier", False),
        ("tier in (gold,silver)", True),
        ("tier in ( silver , bronze )", False),
        ("tier in(gold)", True),
        ("tier notin (gold,silver)", False),
        ("tier notin (silver)", True),
        ("nope notin (silver)", True),
        ("nope in (silver)", False),
        ("tier=gold,env=prod", True),
        ("tier=gold , env in (dev,prod),!legacy", True),
        ("tier=gold,env=dev", False),
        ("app.kubernetes.io/name=kitchen", True),
        ("empty=", True),
        ("tier=", False),
        ("empty in ()", True),
        ("empty in (a,)", True),
        ("empty=,tier=gold", True),
        ("weight>9", True),
        ("weight>10", False),
        ("weight<11", True),
        ("weight < 10", False),
        ("tier>1", False),
        ("nope<5", False),
        ("in in (a)", False),
        ("notin", False),
    ],
)
def test_label_selectors(text, matches):
    assert parse_label_selector(text).matches(GOLD) is matches


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        (",", 1, "a label key is missing"),
        ("a,", 3, "a label key is missing"),
        ("a,,b", 3, "a label key is missing"),
        ("=x", 1, "a label key is missing"),
        ("a b", 3, "'b' is no operator"),
        ("a in b", 6, "'(' is missing"),
        ("a in (b", 8, "')' is missing"),
        ("a in (b c)", 9, "')' is missing"),
        ("a=b c", 5, "unexpected 'c'"),
        ("!a=b", 3, "unexpected '='"),
        ("a=b=c", 4, "unexpected '='"),
        ("a>x", 3, "'x' is no whole number"),
        ("a<", 3, "'' is no whole number"),
        ("-a=b", 1, "'-a' is not a valid key"),
        ("a/b/c=d", 1, "not a valid key"),
        ("a=b*", 3, "'b*' is not a valid label value"),
        ("a in (x,-)", 9, "'-' is not a valid label value"),
    ],
)
def test_bad_label_selectors_name_the_column(text, column, problem):
    with pytest.raises(BadRequest) as caught:
        parse_label_selector(text)
    assert f"column {column}:" in caught.value.message
    assert problem in caught.value.message
    assert "key in (a,b)" in caught.value.hint


def test_whether_a_selector_restricts():
    assert not parse_label_selector("")
    assert parse_label_selector("a")
    assert not parse_field_selector("")
    assert parse_field_selector("a=b")


keys = st.from_regex(
    r"([a-z]([a-z-]{0,4}[a-z])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,5}[A-Za-z0-9])?", fullmatch=True
)
words = st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,5}[A-Za-z0-9])?)?", fullmatch=True)
sets = st.sets(words, min_size=1, max_size=4).map(lambda found: tuple(sorted(found)))
requirements = st.one_of(
    st.builds(Requirement, keys, st.sampled_from([IN, NOT_IN]), sets),
    st.builds(Requirement, keys, st.sampled_from([EXISTS, ABSENT])),
    st.builds(
        Requirement, keys, st.sampled_from([ABOVE, BELOW]), st.integers(0, 99).map(lambda n: (str(n),))
    ),
)
selectors = st.lists(requirements, max_size=5).map(lambda found: LabelSelector(tuple(found)))


@given(selectors)
def test_what_a_selector_prints_is_the_selector(selector):
    assert parse_label_selector(str(selector)) == selector


@given(selectors, st.dictionaries(keys, words, max_size=6))
def test_a_selector_holds_where_each_requirement_does(selector, labels):
    for requirement in selector.requirements:  # so that some keys are there
        labels.setdefault(requirement.key, (*requirement.values, "x")[0])

    def holds(key, operator, found):
        there = key in labels
        if operator in {EXISTS, ABSENT}:
            return there is (operator == EXISTS)
        if operator in {IN, NOT_IN}:
            return (there and labels[key] in found) is (operator == IN)
        if not labels[key].lstrip("-").isdigit():
            return False
        return int(labels[key]) > int(found[0]) if operator == ABOVE else int(labels[key]) < int(found[0])

    expected = all(holds(r.key, r.operator, r.values) for r in selector.requirements)
    assert selector.matches(labels) is expected


@given(st.text(alphabet="ab=!,() <>innotx/-.*\\[]'\"", max_size=30))
def test_any_text_is_a_selector_or_a_bad_request(text):
    with contextlib.suppress(BadRequest):
        assert parse_label_selector(text).matches({}) in {True, False}
    with contextlib.suppress(BadRequest):
        assert parse_field_selector(text).matches({}) in {True, False}


AGENT = {
    "metadata": {"name": "cook", "annotations": {"note": "a,b=c\\d"}},
    "spec": {
        "model": {"provider": "openai"},
        "steps": 3,
        "on": True,
        "owner": None,
        "tools": [{"name": "find"}, {"name": "read"}],
    },
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=cook", True),
        (".metadata.name==cook", True),
        ("{.metadata.name}=cook", True),
        (" metadata.name = cook ", True),
        ("metadata.name=other", False),
        ("metadata.name!=other", True),
        ("metadata.name!=cook", False),
        ("metadata.name=cook,spec.model.provider=openai", True),
        ("metadata.name=cook,spec.model.provider!=openai", False),
        ("spec.steps=3", True),
        ("spec.on=true", True),
        ("spec.nope=", True),
        ("spec.nope!=", False),
        ("spec.nope!=x", True),
        ("spec.owner=", True),
        ("spec.tools[0].name=find", True),
        ("spec.tools[*].name=read", True),
        ("spec.tools[*].name=write", False),
        ("spec.tools[*].name!=read", False),
        ("spec.tools[*].name!=write", True),
        ('spec.tools[?(@.name=="read")].name=read', True),
        ("spec.tools[0,1].name=find", True),
        (r"metadata.annotations.note=a\,b\=c\\d", True),
    ],
)
def test_field_selectors(text, matches):
    assert parse_field_selector(text).matches(AGENT) is matches


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("metadata.name", "column 1: 'metadata.name' compares nothing"),
        ("a=b,c", "column 5: 'c' compares nothing"),
        ("a=b,", "column 5: '' compares nothing"),
        ("=b", "column 1: a field path is missing"),
        ("!=b", "column 1: a field path is missing"),
        ("a[b]=c", "is no index"),
    ],
)
def test_bad_field_selectors(text, problem):
    with pytest.raises(BadRequest) as caught:
        parse_field_selector(text)
    assert problem in caught.value.message


def test_an_exact_value_can_be_asked_for():
    selector = parse_field_selector("metadata.name=cook,metadata.namespace!=x,spec.steps=3")
    assert selector.exact(".metadata.name") == "cook"
    assert selector.exact("metadata.namespace") is None
    assert selector.exact("spec.steps") == "3"
    assert selector.exact("spec.nope") is None
