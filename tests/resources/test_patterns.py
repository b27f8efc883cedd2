from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl.resources.automaton import Automaton
from mastractl.resources.patterns import matcher
from mastractl.resources.re2_syntax import parse

CASES = [
    # pattern, texts in which it is found, texts in which it is not
    ("", ["", "x"], []),
    ("a", ["a", "bab"], ["", "b"]),
    ("^a$", ["a"], ["a\n", "ba", "\na"]),
    (r"a\z", ["ba"], ["a\n"]),
    (r"\Aa", ["ab"], ["ba", "\na"]),
    ("(?m)^a$", ["a", "b\na\nc"], ["ba"]),
    ("(?m:^a)$", ["b\na"], ["a\nb"]),
    (".", ["a"], ["\n", ""]),
    ("(?s).", ["\n"], [""]),
    ("a(?s:.)b", ["a\nb"], ["ab"]),
    ("a(?i)b", ["aB", "ab"], ["AB"]),
    ("(?i)k", ["K", "\u212a"], ["x"]),
    ("(?i)[^a]", ["b"], ["a", "A"]),
    ("(?i-i)a", ["a"], ["A"]),
    ("(?U)a+b", ["aab"], ["b"]),
    ("a|b|", ["", "c"], []),
    ("^(ab|cd)$", ["ab", "cd"], ["abcd"]),
    ("(?P<x>a)(?<y>b)(?:c)", ["abc"], ["ab"]),
    ("a{2}", ["aa"], ["a"]),
    ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]),
    ("^a{2,}$", ["aaaa"], ["a"]),
    ("a{,2}", ["a{,2}"], ["aa"]),
    ("a{x", ["a{x"], ["a"]),
    ("a{0}b", ["b"], ["a"]),
    ("a+?b*?c??", ["a"], ["b"]),
    (r"[a-c-]", ["-", "b"], ["d"]),
    (r"[\d-_]", ["-", "_", "7"], ["a"]),
    ("[]a]", ["]", "a"], ["["]),
    ("[^]a]", ["b"], ["]", "a"]),
    ("[[:alpha:]_]", ["x", "_"], ["1", "é"]),
    ("[[:^digit:]]", ["x"], ["1"]),
    ("[^[:space:][:upper:]]", ["a"], [" ", "A"]),
    (r"^\s$", [" ", "\t", "\n", "\f", "\r"], ["\v", "\u00a0"]),
    (r"^\w\W\d\D\S$", ["a-1xy"], ["é-1xy", "a-١xy"]),
    (r"\bfoo\b", ["a foo.", "foo"], ["afoo", "foo_"]),
    (r"\Boo\B", ["foob"], ["foo"]),
    (r"\Q.*\E+", [".*", ".***"], ["a"]),
    (r"\Qab\E{2}", ["abb"], ["ab"]),
    (r"\Q", [""], []),
    (r"\x41\x{4f60}\101", ["A你A"], ["A你B"]),
    (r"\.\*\\\-\/", [".*\\-/"], ["a"]),
    (r"\t\n\r\f\v\a", ["\t\n\r\f\v\a"], ["t"]),
    (r"^\p{Lu}\pL\P{Lu}$", ["Éaé", "ABc"], ["éaé"]),
    (r"^\p{Han}+$", ["厨师"], ["chef", "ひ"]),
    (r"\p{Greek}", ["λ"], ["l"]),
    (r"[\p{^L}]", ["1"], ["a"]),
    ("^你好?$", ["你", "你好"], ["好"]),
    (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", ["a.b-c", "a"], ["a..b", "-a"]),
]

REFUSED = [
    "(?=a)",
    "(?!a)",
    "(?<=a)b",
    "(?<!a)b",
    r"(a)\1",
    "(?P=x)",
    "(?#comment)",
    "(?>a)",
    "a**",
    "a+*",
    "a{2}{3}",
    "*a",
    "(",
    ")",
    "a)",
    "[",
    "[a",
    "[b-a]",
    "[[:nope:]]",
    r"\p{Nope}",
    r"\pQ",
    r"\p{Lu",
    r"\y",
    r"\8",
    "\\",
    r"\x{110000}",
    r"\x4",
    r"\xzz",
    "a{2,1}",
    "a{1001}",
    "(?<1-2>a)",
    "(?<n",
    "(?z)",
    "(?i",
    "(" * 200 + ")" * 200,
    "((a{100}){100}){100}",
]


@pytest.mark.parametrize(("pattern", "text"), [(p, text) for p, yes, _ in CASES for text in yes])
def test_found(pattern, text):
    assert matcher(pattern).found(text)
    assert Automaton(parse(pattern)).search(text)


@pytest.mark.parametrize(("pattern", "text"), [(p, text) for p, _, no in CASES for text in no])
def test_not_found(pattern, text):
    assert not matcher(pattern).found(text)
    assert not Automaton(parse(pattern)).search(text)


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_re2_does_not_know_is_refused_in_words(pattern):
    with pytest.raises(ValueError, match=r"^[a-z)(*+?\\\[]") as caught:
        matcher(pattern)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 5000 + "!"),
        ("(a|aa)+$", "a" * 5000 + "!"),
        ("^(a?){40}a{40}$", "a" * 39),
        ("(.*)*x", "a" * 5000),
        (".*.*.*.*x", "a" * 5000),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5000),
        (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "a" * 5000 + "!"),
    ],
)
def test_patterns_that_make_backtracking_explode_are_answered(pattern, text):
    assert not matcher(pattern).found(text)


def test_a_text_beyond_all_bounds_is_not_searched():
    small = matcher("^(a+)+$")
    assert small.found("a" * 10_000)
    assert small.limit < 10_000_000
    assert not small.found("a" * (small.limit + 1))


def test_plain_patterns_know_no_limit():
    assert matcher("^[a-z]+$").found("a" * 1_000_000)


ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\b", r"\B", "^", "$", "(?m:^)", "(?m:$)", r"\w", r"\n", "(?i:A)"]
)
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: f"(?:{'|'.join(items)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=1500)
@given(TREES, st.text(alphabet="abA_ \n", max_size=8))
def test_both_ways_to_search_agree(pattern, text):
    by_automaton = Automaton(parse(pattern)).search(text)
    assert matcher(pattern).found(text) == by_automaton


@settings(max_examples=500)
@given(TREES, st.text(alphabet="abA_ \n", max_size=8))
@example("a(?:a|$)", "a\n")
def test_the_meaning_is_that_of_re_where_the_syntax_is_shared(pattern, text):
    native = re.sub(r"(?<!\(\?m:)\$", r"\\Z", pattern).replace(
        r"\B", r"(?!\b)"
    )  # in re, no \B stands in an empty text
    assert matcher(pattern).found(text) == (re.search(native, text, re.ASCII) is not None)


@given(st.text(alphabet=r"ab\(?)[]{}^$*+|.,-:1<>PQE", max_size=12))
def test_any_text_is_a_pattern_or_refused(text):
    try:
        found = matcher(text).found("ab")
    except ValueError:
        return
    assert found == Automaton(parse(text)).search("ab")


def test_a_full_memory_of_transitions_is_begun_again():
    many = Automaton(parse("^(.+x)+$"))
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 20_500)))
    assert many.search(text + "x")
    assert not many.search(text)
