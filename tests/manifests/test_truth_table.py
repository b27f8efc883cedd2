"""The table of decided outcomes: YAML 1.2 core, plain JSON values, nothing silently lost; on both parsers."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # words that YAML 1.1 readers take for something else
        ("a: NO", {"a": "NO"}),
        ("a: [no, off, yes, on, y, n, Y, N]", {"a": ["no", "off", "yes", "on", "y", "n", "Y", "N"]}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: -1:30:45", {"a": "-1:30:45"}),
        ("a: 0777", {"a": 777}),
        ("a: 0o17", {"a": 15}),
        ("a: 089", {"a": 89}),
        ("a: 0x1F", {"a": 31}),
        ("a: 0b101", {"a": "0b101"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 1e3", {"a": 1000}),
        ("a: 1234e10", {"a": 12340000000000}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 2026-01-01 10:00:00", {"a": "2026-01-01 10:00:00"}),
        ("a: =", {"a": "="}),
        ("a: 1.0", {"a": 1}),
        ("a: 5.", {"a": 5}),
        ("a: 1.10", {"a": 1.1}),
        ("a: '1.10'", {"a": "1.10"}),
        ('a: "NO"', {"a": "NO"}),
        # keys are text
        ("1: a", {"1": "a"}),
        ("true: a", {"true": "a"}),
        ("1.5: a", {"1.5": "a"}),
        ("NO: a", {"NO": "a"}),
        ("2026-01-01: a", {"2026-01-01": "a"}),
        ("'~': a", {"~": "a"}),
        ("'': a", {"": "a"}),
        ("? a\n: b", {"a": "b"}),
        ("? a", {"a": None}),
        ("!!str 1: a", {"1": "a"}),
        ("!!int 1: a", {"1": "a"}),
        ("!!binary aGk=: a", {"hi": "a"}),
        ("&k a: *k", {"a": "a"}),
        ("&k 1: *k", {"1": "1"}),
        ("a: &k b\n*k : c", {"a": "b", "b": "c"}),
        # merges
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}", {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}}),
        ("a: &a {x: 1}\nb: {x: 3, <<: *a}", {"a": {"x": 1}, "b": {"x": 3}}),
        ("b: {<<: {x: 1}, y: 2}", {"b": {"y": 2, "x": 1}}),
        (
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}",
            {"a": {"x": 1}, "b": {"x": 2, "y": 2}, "c": {"x": 1, "y": 2}},
        ),
        (
            "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}",
            {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 2, "z": 3}},
        ),
        (
            "a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b",
            {"a": {"x": 1}, "b": {"y": 2}, "c": {"x": 1, "y": 2}},
        ),
        ("a: &a {x: 1}\nb: {!!merge <<: *a}", {"a": {"x": 1}, "b": {"x": 1}}),
        ("'<<': {a: 1}", {"<<": {"a": 1}}),
        ("a: <<", {"a": "<<"}),
        # anchors
        ("a: &a [1, {b: 2}]\nc: *a", {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}),
        ("a: &a 1\nb: &a 2\nc: *a", {"a": 1, "b": 2, "c": 2}),
        ("a: &a\nb: *a", {"a": None, "b": None}),
        # tags that JSON has a type for
        ("a: !!str 12", {"a": "12"}),
        ("a: !!str", {"a": ""}),
        ('a: !!int "12"', {"a": 12}),
        ("a: !!float 1", {"a": 1}),
        ("a: !!float 1.5", {"a": 1.5}),
        ("a: !!bool 'true'", {"a": True}),
        ("a: !!null ''", {"a": None}),
        ("a: !!map {b: !!seq [1]}", {"a": {"b": [1]}}),
        ("a: !!binary 5L2g\n  5aW9", {"a": "你好"}),
        ("a: ! b", {"a": "b"}),
        ("a: ! [b]", {"a": ["b"]}),
        ("a: !<tag:yaml.org,2002:str> 1", {"a": "1"}),
        ("%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 1", {"a": "1"}),
        ("a: &x !!str 1\nb: *x", {"a": "1", "b": "1"}),
        # tabs
        ("a:\tb", {"a": "b"}),
        ("a: [\t1,\t2 ]", {"a": [1, 2]}),
        ('{\n\t"a": {\n\t\t"b": 1\n\t}\n}', {"a": {"b": 1}}),
        ("a: b\t# note", {"a": "b"}),
        # JSON in YAML, versions, escapes
        (r'a: "\/ \0 \e \x41 \u00e9 \U0001F600"', {"a": "/ \0 \x1b A é 😀"}),
        ("%YAML 1.2\n---\na: b", {"a": "b"}),
        ("%YAML 1.1\n---\na: NO", {"a": "NO"}),
        ("--- {a: b}", {"a": "b"}),
        ("--- # note\na: b\n...\n", {"a": "b"}),
        ("a: |\n  x\n   y\nb: >-\n  x\n  y\n", {"a": "x\n y\n", "b": "x y"}),
        ("a: x:y", {"a": "x:y"}),
        ("a: http://x/?q=1#f", {"a": "http://x/?q=1#f"}),
        ("a: {b: [], c: {}}", {"a": {"b": [], "c": {}}}),
        ("- a\n-\n- - b\n", ["a", None, ["b"]]),
        ("text", "text"),
        ("你好: 食谱 🍜", {"你好": "食谱 🍜"}),
        # what ends a line in YAML 1.1 only
        ('a: "x\u2028y"\nb: x\u0085y', {"a": "x\u2028y", "b": "x\u0085y"}),
        ("a: |\n  x\u2029y\n  z\n", {"a": "x\u2029y\nz\n"}),
    ],
)
def test_is_read(scan, text, value):
    values, found = scan(text)
    assert values == [value]
    assert [type(v) for v in _leaves(values)] == [type(v) for v in _leaves([value])]
    assert not [d for d in found if d.severity == "error"]


@pytest.mark.parametrize(
    ("text", "code", "place", "says"),
    [
        ("a: .inf", "MA005", (1, 4, 8), "no number"),
        ("a: [1, .nan]", "MA005", (1, 8, 12), "no number"),
        ("a: 12345e678", "MA005", (1, 4, 13), "double"),
        ("a: 123456789012345678901234567890", "MA005", (1, 4, 34), "64 bits"),
        ("a: 1\nb: 2\na: 3", "MA003", (3, 1, 2), 'key "a" is already set on line 1'),
        ("{a: 1, b: 2, 'a': 3}", "MA003", (1, 14, 17), 'key "a" is already set on line 1'),
        ("1: a\n'1': b", "MA003", (2, 1, 4), 'key "1" is already set on line 1'),
        ("~: a", "MA005", (1, 1, 2), "must be text"),
        ("null: a", "MA005", (1, 1, 5), "must be text"),
        ("?\n: a", "MA005", None, "must be text"),
        ("!!null '': a", "MA005", (1, 1, 10), "must be text"),
        ("[a]: b", "MA005", (1, 1, 2), "cannot be a key"),
        ("{a: 1}: b", "MA005", (1, 1, 2), "cannot be a key"),
        ("? - a\n: b", "MA005", (1, 3, 4), "cannot be a key"),
        ("a: {{ name }}", "MA005", (1, 5, 6), "cannot be a key"),
        ("a: &k [1]\n*k : c", "MA005", (2, 1, 3), "must be text"),
        ("a: &k 1\n*k : c", "MA005", (2, 1, 3), "must be text"),
        ("a: *b", "MA002", (1, 4, 6), "no anchor &b"),
        ("a: &a [*a]", "MA004", (1, 8, 10), "inside the node"),
        ("a: &a {b: {c: *a}}", "MA004", (1, 15, 17), "inside the node"),
        ("a: {<<: 1}", "MA005", (1, 9, 10), "merged"),
        ("x: &x 1\na: {<<: *x}", "MA005", (2, 9, 11), "merged"),
        ("x: &x 1\na: {<<: [*x]}", "MA005", (2, 10, 12), "merged"),
        ("a: !foo b", "MA005", (1, 4, 10), "unknown tag !foo"),
        ("a: !!python/object:os.system b", "MA005", (1, 4, 31), "unknown tag !!python/object:os.system"),
        ("a: !!set {b, c}", "MA005", (1, 4, 11), "unknown tag !!set"),
        ("a: !!omap [b: 1]", "MA005", (1, 4, 12), "unknown tag !!omap"),
        ("a: !!timestamp 2026-01-01", "MA005", (1, 4, 26), "unknown tag !!timestamp"),
        ("a: !!int b", "MA005", (1, 4, 11), "is no integer"),
        ("a: !!bool yes", "MA005", (1, 4, 14), "is no boolean"),
        ("a: !!str [b]", "MA005", (1, 4, 11), "unknown tag !!str"),
        ("a: !!binary '*'", "MA005", (1, 4, 16), "base64"),
        ("a: !!binary /w==", "MA005", (1, 4, 17), "base64"),
        ('a: "\\ud83d"', "MA002", None, "no whole character"),
        ('a: "\\U00110000"', "MA002", None, "no whole character"),
        ('a: "\\UFFFFFFFF"', "MA002", None, "no whole character"),
        ("a:\n\tb: 1", "MA002", (2, 1, 2), "tab"),
        ("a:\n  b: 1\n\tc: 2", "MA002", (3, 1, 2), "tab"),
        ('a: "b\nc: 1', "MA002", (1, 4, 5), "never closed"),
        ("a: 'it's", "MA002", None, ""),
        ("a: b: c", "MA002", (1, 5, 6), "second ':'"),
        ("a: [1, 2\nb: 3", "MA002", (2, 2, 3), "']' must come before"),
        ("a: {x: 1\nb: 3", "MA002", (2, 2, 3), "'}' must come before"),
        ("a: %b", "MA002", (1, 4, 5), "cannot start with '%'"),
        ("a: @b", "MA002", (1, 4, 5), "cannot start with '@'"),
        ("a: *", "MA002", (1, 4, 5), "cannot start with '*'"),
        ("a: & b", "MA002", (1, 4, 5), "cannot start with '&'"),
        ("a:\n    b: 1\n  c: 2", "MA002", (3, 3, 4), "indentation"),
        ("a: 1\n- b", "MA002", (2, 1, 2), "indentation"),
        ("- a\nb: 1", "MA002", (2, 1, 2), "indentation"),
        ('a: "b" c', "MA002", (1, 8, 9), "unexpected text"),
        ('a: "\\d"', "MA002", None, "unknown escape"),
        ("a: | b\n  c", "MA002", (1, 6, 7), "on its line"),
        ("a: 1\nb\nc: 2", "MA002", (2, 1, 2), "no 'key:'"),
        ("a: ]", "MA002", (1, 4, 5), "where a value should"),
        ("{{ if }}\na: 1", "MA005", (1, 2, 3), "cannot be a key"),
        ("%YAML 2.0\n---\na: 1", "MA002", (1, 1, 2), "version"),
        ("%YAML 1.3\n---\na: 1", "MA002", (1, 1, 2), "version"),
        ("x: &x {a: 1}\ny: {&m <<: *x}\nz: *m", "MA002", (3, 4, 6), "no anchor &m"),
        ("a: [", "MA002", (1, 4, 5), "'[' is never closed"),
        ("a: [{b: 1}, {b:\n\n", "MA002", (1, 13, 14), "'{' is never closed"),
        ("a: b\x00c", "MA002", (1, 5, 6), "NUL"),
        ("a: b\nb: \x07", "MA002", (2, 4, 5), "U+0007"),
        ("a: \x7f", "MA002", (1, 4, 5), "U+007F"),
        ("# \x1b[2J\na: b", "MA002", (1, 3, 4), "U+001B"),
        ("a: \ufffe", "MA002", (1, 4, 5), "U+FFFE"),
    ],
)
def test_is_refused(scan, text, code, place, says):
    values, found = scan(text)
    first = min((d for d in found if d.severity == "error"), key=lambda d: (d.line, d.column))
    assert values == []
    assert first.code == code
    assert says in first.message
    if place:
        assert (first.line, first.column, first.end_column) == place
    else:
        assert first.line


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: NO", (1, 4, 6), '"NO" is text here, but false to readers of YAML 1.1'),
        ("on: a", (1, 1, 3), 'the key "on" is true to readers of YAML 1.1'),
        ("a: 0777", (1, 4, 8), '"0777" is the number 777 here, but the number 511 to'),
        ("a: 1:30", (1, 4, 8), "the number 90"),
        ("a: [x, 2026-01-01]", (1, 8, 18), "a date"),
        ("a: 1_000", (1, 4, 9), "the number 1000"),
        ("a: 1e3", (1, 4, 7), "text to readers of YAML 1.1"),
    ],
)
def test_ambiguous_words_are_pointed_out(backend, text, place, says):
    from mastractl.manifests import faults, yamldoc

    [document] = yamldoc.load(text, backend=backend)
    [found] = faults.inspect(document, depth=200)
    assert document.ambiguous
    assert (found.line, found.column, found.end_column) == place
    assert (found.code, found.severity) == ("MA006", "warning")
    assert says in found.message
    assert "quote it" in found.hint


@pytest.mark.parametrize("text", ["a: 'NO'", "'on': a", "a: true", "a: 12", "a: |\n  NO\n", "a: !!str NO"])
def test_quoted_words_are_not_ambiguous(backend, text):
    from mastractl.manifests import yamldoc

    [document] = yamldoc.load(text, backend=backend)
    assert not document.ambiguous


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffa: é\n".encode(),
        "a: é\r\n".encode(),
        "a: é\r".encode(),
        "a: é".encode("utf-16"),
        "\ufeffa: é\n".encode("utf-16-le"),
        "\ufeffa: é\n".encode("utf-16-be"),
    ],
)
def test_encodings_and_line_ends(scan, data):
    assert scan(data) == ([{"a": "é"}], [])


def test_a_byte_order_mark_may_start_a_later_document(scan):
    joined = "\ufeffa: 1\n".encode() + "\ufeff---\nb: 2\n".encode()
    assert scan(joined) == ([{"a": 1}, {"b": 2}], [])


@pytest.mark.parametrize(
    ("data", "place", "says"),
    [
        (b"a: 1\nb: \xff\n", (2, 4), "byte 0xff is not UTF-8"),
        ("a: é\n".encode("latin-1"), (1, 4), "byte 0xe9 is not UTF-8"),
        ("a: b".encode("utf-16-le"), (1, 2), "NUL"),
        ("a: b".encode("utf-32"), (1, 1), "NUL"),
        ("a: b".encode("utf-16") + b"\x00", (1, 5), "half of a character"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", (1, 1), "U+007F"),
        (b"a: \xed\xa0\xbd\n", (1, 4), "byte 0xed"),
    ],
)
def test_what_is_no_text_is_refused_at_its_place(scan, data, place, says):
    values, [found] = scan(data)
    assert values == []
    assert found.code == "MA002"
    assert (found.line, found.column) == place
    assert says in found.message


def _leaves(value):
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _leaves(v)]
    if isinstance(value, list):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]
