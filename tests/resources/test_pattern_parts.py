"""The parts of a text that match a pattern: the same by either way of finding them, and never without end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.resources.automaton import Automaton
from mastractl.resources.patterns import Matcher, matcher
from mastractl.resources.re2_syntax import parse

ATOMS = (
    "a",
    "b",
    "[ab]",
    ".",
    "(?:ab)",
    "a*",
    "a*?",
    "b+",
    "b+?",
    "a?",
    "(?:a|ab)",
    "(?:ab|a)",
    "b{1,2}",
    "a{0,2}?",
)
patterns = st.lists(st.sampled_from((*ATOMS, "^", "$", r"\b", "|", "(?U)a+")), min_size=1, max_size=5).map(
    "".join
)


@settings(max_examples=300)
@given(patterns, st.text(alphabet="ab \n", max_size=12))
def test_both_ways_find_the_same_parts(pattern, text):
    try:
        quick = Matcher(pattern)
    except ValueError:
        return
    parts = list(quick.parts(text))
    slow = Matcher(pattern)
    slow.quick_limit = -1
    assert list(slow.parts(text)) == parts
    assert bool(parts) is quick.found(text)


@pytest.mark.parametrize(
    ("pattern", "text", "parts"),
    [
        ("a*", "baac", ["", "aa", ""]),
        ("a*?", "a", ["", ""]),
        ("a|ab", "ab", ["a"]),
        ("ab|a", "ab", ["ab"]),
        ("a.*?c", "abcabc", ["abc", "abc"]),
        ("a.*c", "abcabc", ["abcabc"]),
        ("(?U)a.*c", "abcabc", ["abc", "abc"]),
        ("^a", "aa", ["a"]),
        ("(?m)^a", "a\na", ["a", "a"]),
        (r"\b\w", "ab cd", ["a", "c"]),
        ("[0-9]+", "你1好22", ["1", "22"]),
        ("x", "abc", []),
    ],
)
def test_the_parts_are_those_that_re2_finds(pattern, text, parts):
    assert list(matcher(pattern).parts(text)) == parts


def test_long_texts_are_searched_in_time_that_cannot_explode():
    assert len(list(matcher("[0-9]+").parts("abc 123 " * 1000))) == 1000
    assert list(matcher("(a+)+$").parts("a" * 2000 + "b")) == []
    with pytest.raises(ValueError, match="too long for this pattern"):
        list(Automaton(parse("a.*b|a")).spans("a" * 5000))
