"""Diagnostics as text: carets under what they mean, hostile text made harmless, long lines cut."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.manifests import codes, formats, yamldoc
from mastractl.manifests.diagnostics import Diagnostic, Related, Run, Summary, excerpt, in_order, summary
from mastractl.manifests.visible import visible, width


def finding(shown="    nmae: gpt-5", column=5, end_column=9, **options):
    fields = {
        "code": "MA101",
        "message": 'unknown field "nmae"',
        "path": ("spec", "model", "nmae"),
        "source": "m.yaml",
        "line": 9,
        "column": column,
        "end_column": end_column,
        "hint": 'did you mean "name"?',
        "excerpt": excerpt(shown, column),
    }
    return Diagnostic(**(fields | options))


def render(*found, name="text", colour=False):
    return "".join(formats.write(name, found, Run(summary(found)), colour=colour))


def test_the_text_says_what_where_and_what_to_do():
    other = Related(message="first set here", source="n.yaml", line=3, column=1)
    assert render(finding(related=(other,)), finding(severity="warning", hint="")) == (
        'error[unknown-field]: unknown field "nmae"\n'
        "  --> m.yaml:9:5  (.spec.model.nmae)\n"
        " 9 |     nmae: gpt-5\n"
        "   |     ^^^^\n"
        "   = note: n.yaml:3:1: first set here\n"
        '   = help: did you mean "name"?\n'
        "\n"
        'warning[unknown-field]: unknown field "nmae"\n'
        "  --> m.yaml:9:5  (.spec.model.nmae)\n"
        " 9 |     nmae: gpt-5\n"
        "   |     ^^^^\n"
    )


def test_a_finding_without_a_place():
    found = Diagnostic(code="MA001", message="there is no such file", source="x.yaml", hint="look again")
    assert render(found) == "error[io]: there is no such file\n --> x.yaml\n  = help: look again\n"
    assert render(found, name="concise") == "x.yaml: error[MA001] there is no such file\n"


def test_a_finding_may_have_a_field_and_no_source():
    found = Diagnostic(code="MA101", message="unknown", path=("spec", "x"))
    assert render(found) == "error[unknown-field]: unknown\n (.spec.x)\n"
    assert render(found, name="concise") == "error[MA101] unknown\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\n", "a\\tb\\n"),
        ("\x1b[31m\x9b", "\\x1b[31m\\x9b"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("\u202e\u2066\u200b\ufeff", "\\u202e\\u2066\\u200b\\ufeff"),
        ("\U000e0001", "\\U000e0001"),
        ("\xa0", "\\xa0"),
        ("食\u3000谱 👩\u200d🍳", "食\u3000谱 👩\u200d🍳"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_shown(text, shown):
    assert visible(text) == shown


def test_nothing_found_is_no_text():
    assert render() == ""
    assert render(name="concise") == ""


def test_concise_is_one_line_each():
    assert render(finding(), finding(line=12), name="concise") == (
        'm.yaml:9:5: error[MA101] unknown field "nmae"\nm.yaml:12:5: error[MA101] unknown field "nmae"\n'
    )


def test_json_has_everything():
    other = Related(message="here", source="n.yaml", line=3, column=1)
    shown = json.loads(render(finding(related=(other,), document=2), name="json"))
    assert shown == {
        "diagnostics": [
            {
                "code": "MA101",
                "name": "unknown-field",
                "severity": "error",
                "message": 'unknown field "nmae"',
                "source": "m.yaml",
                "document": 2,
                "line": 9,
                "column": 5,
                "endColumn": 9,
                "path": ".spec.model.nmae",
                "hint": 'did you mean "name"?',
                "related": [{"message": "here", "source": "n.yaml", "line": 3, "column": 1}],
            }
        ],
        "summary": {"errors": 1, "warnings": 0, "sources": 1},
    }


@pytest.mark.parametrize("name", formats.NAMES)
def test_colour_is_a_flag(name):
    assert "\x1b" not in render(finding(), name=name)
    assert ("\x1b" in render(finding(), name=name, colour=True)) == (name in {"text", "concise"})


def carets(text):
    lines = text.split("\n")
    at = next(n for n, line in enumerate(lines) if line.lstrip().startswith("|"))
    return lines[at - 1].split("| ", 1)[1], lines[at].split("| ", 1)[1]


@pytest.mark.parametrize(
    ("line", "column", "end_column", "before", "under"),
    [
        ("名字: 食谱 x", 5, 7, "名字: ", "食谱"),
        ("é: ok", 4, 6, "é: ", "ok"),
        ("e\u0301: ok", 5, 7, "e\u0301: ", "ok"),
        ("🍜🍜: ok", 5, 7, "🍜🍜: ", "ok"),
        ("\tab: c", 2, 4, "    ", "ab"),
        ("a\x1b[2Jb: c", 6, 7, "a\\x1b[2J", "b"),
        ("a\u200bb: c", 3, 4, "a\\u200b", "b"),
        ("a: b", 4, 9, "a: ", "b"),
        ("", 1, 1, "", ""),
    ],
)
def test_carets_stand_under_what_is_meant(line, column, end_column, before, under):
    shown, caret = carets(render(finding(line, column=column, end_column=end_column)))
    assert shown.startswith(before + under)
    assert caret == " " * width(before) + "^" * max(1, width(under))


def test_a_line_of_a_megabyte_is_cut_around_the_caret():
    line = "x" * 500_000 + "食here" + "y" * 500_000
    shown, caret = carets(render(finding(line, column=500_002, end_column=500_006)))
    assert len(shown) < 250
    assert shown.startswith("...xxx")
    assert shown.endswith("yyy...")
    assert shown[caret.index("^") - 1 :].startswith("here")  # one wide character before it
    assert caret.count("^") == 4


def test_what_is_pointed_at_may_be_a_megabyte_too():
    text = render(finding("a: " + "x" * 1_000_000, column=4, end_column=1_000_004))
    assert max(map(len, text.split("\n"))) < 250


HOSTILE = st.text(st.characters(), max_size=40)


@given(
    HOSTILE,
    HOSTILE,
    HOSTILE.filter(bool),
    st.integers(1, 50),
    st.integers(0, 60),
    st.sampled_from(["text", "concise"]),
)
def test_nothing_reaches_the_terminal_that_it_would_obey(line, message, name, column, length, form):
    line = line.replace("\n", " ")
    found = finding(
        line,
        column=column,
        end_column=column + length,
        message=message,
        source=name,
        hint=message + "!",
        path=(name, 0),
    )
    text = render(found, name=form)
    assert all(c == "\n" or c in "\u3000\u200c\u200d" or c.isprintable() for c in text)
    assert text.count("\n") == render(finding(), name=form).count("\n")
    text.encode()


@given(HOSTILE)
def test_visible_text_stays_visible(text):
    shown = visible(text)
    assert visible(shown) == shown
    assert width(shown) >= 0
    if text.isprintable():
        assert shown == text


@given(st.text(st.characters(categories=["Lo", "Lu", "Nd"]), max_size=20))
def test_width_follows_unicode(text):
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    assert width(text) == len(text) + wide


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((3, 1, 2), "3 errors, 1 warning in 2 files"),
        ((1, 0, 1), "1 error in 1 file"),
        ((0, 2, 1), "2 warnings in 1 file"),
        ((1, 0, 0), "1 error"),
        ((0, 0, 0), ""),
    ],
)
def test_the_summary_counts(counts, text):
    errors, warnings, sources = counts
    assert str(Summary(errors=errors, warnings=warnings, sources=sources)) == text


def test_a_summary_is_made_of_findings():
    found = [finding(), finding(severity="warning"), finding(source="n.yaml"), finding(source="")]
    assert summary(found) == Summary(errors=3, warnings=1, sources=2)


def test_findings_are_sorted_as_a_reader_meets_them():
    first = finding(order=1, line=9)
    second = finding(order=2, line=1)
    third = finding(order=2, line=1, severity="warning")
    fourth = finding(order=2, line=1, column=7)
    assert in_order([fourth, third, second, first]) == [first, second, third, fourth]


def test_every_code_has_a_name_of_its_own_and_an_explanation():
    names = [code.name for code in codes.CODES.values()]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and " " not in name for name in names)
    assert all(len(code.text) > 30 and code.text.endswith(".") for code in codes.CODES.values())


@pytest.mark.parametrize(
    ("word", "code"), [("MA101", "MA101"), ("ma101", "MA101"), ("unknown-field", "MA101"), ("x", "")]
)
def test_codes_are_found_by_either_name(word, code):
    assert codes.find(word) == code
    assert codes.name_of(word) == ("unknown-field" if word == "MA101" else word)


def test_a_real_file_with_wide_characters():
    [found] = yamldoc.scan("---\n名字: 食谱\n名字: 汤\n", source="菜.yaml")
    assert render(found) == (
        'error[duplicate-key]: key "名字" is already set on line 2\n'
        "  --> 菜.yaml:3:1  (.名字)\n"
        " 3 | 名字: 汤\n"
        "   | ^^^^\n"
        "   = note: 菜.yaml:2:1: first set here\n"
        "   = help: remove one of the two\n"
    )
