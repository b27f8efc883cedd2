"""JSON sources: strict JSON with positions, several documents in a row, and the same values as YAML."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mastractl.manifests import yamldoc
from mastractl.manifests.documents import Document
from mastractl.manifests.limits import Limits


def read(text, **options):
    found = list(yamldoc.scan(text, json=options.pop("json", True), **options))
    return (
        [d.value for d in found if isinstance(d, Document)],
        [d for d in found if not isinstance(d, Document)],
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": [1, -2.5, 1e3, true, null, "x"]}', [{"a": [1, -2.5, 1000, True, None, "x"]}]),
        ('{"a": 1.0}', [{"a": 1}]),
        ('{"a": "NO"}', [{"a": "NO"}]),
        (r'{"a": "\ud83c\udf5c \/"}', [{"a": "🍜 /"}]),
        ('{"a": "x\u2028y"}', [{"a": "x\u2028y"}]),
        ('{"a": 1}\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ('{"a": 1} {"b": 2}[3]', [{"a": 1}, {"b": 2}, [3]]),
        ("", []),
        (" \n\t", []),
        ("\ufeff{}", [{}]),
        ("12", [12]),
        ('"x"', ["x"]),
        ('{"a": 18446744073709551615}', [{"a": 2**64 - 1}]),
    ],
)
def test_is_read(text, values):
    read_values, found = read(text)
    assert (read_values, found) == (values, [])
    assert [type(v) for d in read_values if isinstance(d, dict) for v in d.values()] == [
        type(v) for d in values if isinstance(d, dict) for v in d.values()
    ]


@pytest.mark.parametrize(
    ("text", "code", "place", "says"),
    [
        (
            '{\n  "a": 1,\n  "b": {"a": 2},\n  "a": 3\n}',
            "MA003",
            (4, 3, 6),
            'key "a" is already set on line 2',
        ),
        ('{"a": NaN}', "MA005", (1, 7, 10), "no number"),
        ("[\n -Infinity]", "MA005", (2, 2, 11), "no number"),
        ('{"a": 123456789012345678901}', "MA005", (1, 7, 28), "64 bits"),
        ('{"a": 1e999}', "MA005", (1, 7, 12), "double"),
        (r'{"a": "\ud800"}', "MA005", (1, 7, 15), "half of a character"),
        ('{"a": 1,}', "MA002", (1, 9, 10), "a comma stands before the closing '}'"),
        ("[1, ]", "MA002", (1, 5, 6), "a comma stands before the closing ']'"),
        ("{'a': 1}", "MA002", (1, 2, 3), "no single quotes"),
        ('{"a": 1 // x\n}', "MA002", (1, 9, 10), "no comments"),
        ('{"a": "x', "MA002", (1, 7, 8), "never closed"),
        ('{"a": 1', "MA002", (1, 8, 9), "ends too early"),
        ('{"a": "x\ty"}', "MA002", (1, 9, 10), "control character"),
        (r'{"a": "\q"}', "MA002", (1, 8, 9), "unknown escape"),
        ('{"a" 1}', "MA002", (1, 6, 7), "':' delimiter"),
        ("{a: 1}", "MA002", (1, 2, 3), "property name"),
        ("a: 1", "MA002", (1, 1, 2), "not JSON"),
        ("食", "MA002", (1, 1, 2), "not JSON"),
        (b'{"a": "\xff"}', "MA002", (1, 8, 9), "byte 0xff is not UTF-8"),
        ('{"a": "\x7f", "a": 1}', "MA003", (1, 12, 15), "already set"),
    ],
)
def test_is_refused_at_its_place(text, code, place, says):
    values, [found] = read(text)
    assert values == []
    assert found.code == code
    assert (found.line, found.column, found.end_column) == place
    assert says in found.message
    assert found.excerpt


def test_a_fault_hides_nothing_in_the_documents_after_it():
    text = '{"a": 1}\n{"b": }\n{"c": 3}\n{"d": 4, "d": 5}\n{\n"e": 6}\n'
    values, found = read(text)
    assert values == [{"a": 1}, {"c": 3}, {"e": 6}]
    assert [(d.code, d.line, d.column, d.document) for d in found] == [
        ("MA002", 2, 7, 2),
        ("MA003", 4, 10, 4),
    ]


def test_a_source_full_of_faults_is_left():
    values, found = read("{{ a }}\n" * 1000)
    assert values == []
    assert [d.code for d in found] == ["MA002"] * 100 + ["MA004"]


def test_columns_count_from_the_start_of_the_line():
    values, [found] = read('{"a": 1} {"b": 1, "b": 2}')
    assert values == [{"a": 1}]
    assert (found.line, found.column, found.related[0].column) == (1, 19, 11)


@pytest.mark.parametrize(
    "text", ['{"a": 1}\n---\nb: 2\n', '{"a": 1} # note\n---\nb: 2\n', '{"a": 1}\n\n---\n{b: 2}\n']
)
def test_json_may_go_on_as_yaml(text):
    values, found = read(text, json=False)
    assert (values, found) == ([{"a": 1}, {"b": 2}], [])


def test_lines_go_on_counting_where_json_ends():
    _, [found] = read('{"a": 1}\n{"b":\n2}\n---\nc: [\n', json=False)
    assert (found.line, found.document) == (5, 3)


def test_json_without_separators_may_come_through_yaml():
    text = "".join(json.dumps({"a": "🍜", "n": n}) + "\n" for n in range(10_000))
    values, found = read(text.encode(), json=False)
    assert (len(values), found) == (10_000, [])


def test_json_documents_in_a_yaml_stream_keep_their_escapes():
    text = "a: 1\n---\n" + json.dumps({"b": "🍜"}) + "\n---\nc: 3\n"
    assert read(text, json=False) == ([{"a": 1}, {"b": "🍜"}, {"c": 3}], [])


def test_a_number_is_not_cut_where_a_piece_ends():
    assert read("123456 " * 20_000) == ([123456] * 20_000, [])


def test_wide_is_not_deep():
    assert read("[" + "[],{}," * 500 + "1]")[1] == []


def test_many_documents_on_one_line():
    text = json.dumps({"a": "x" * 500}) * 20_000
    values, found = read(io.BytesIO(text.encode()))
    assert (len(values), found) == (20_000, [])


def test_a_document_may_be_as_large_as_the_limit():
    text = '{"a": "' + "x" * 3_000_000 + '"}'
    assert read(text * 2)[1] == []
    values, [found] = read(text * 2, limits=Limits(size=2_000_000))
    assert (values, found.code) == ([], "MA004")


def test_what_is_too_large_hides_nothing_after_it_if_it_ends_in_sight():
    values, [found] = read('{"a": "' + "x" * 100 + '"}\n{"b": 1}', limits=Limits(size=50))
    assert (values, found.code, found.document) == ([{"b": 1}], "MA004", 1)


def test_json_needs_no_yaml_parser():
    code = (
        "import sys; from mastractl.manifests import yamldoc\n"
        "assert [d.value for d in yamldoc.scan('{\"a\": 1}', json=True)] == [{'a': 1}]\n"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


_TOKENS = st.sampled_from(
    [
        *'{}[],:"1-\n \\食\x00#\ufeff',
        *('"a"', '"b"', "1.5", "1e999", "9" * 30, "NaN", "true", "nul", "\n{", "\\u00e9", "\\ud800", "---\n"),
    ]
)


@settings(max_examples=800)
@given(st.lists(_TOKENS, max_size=30).map("".join), st.booleans())
@example('{"\\ud800": 1, "\\ud800": 2}', True)
def test_any_text_gives_documents_or_findings_with_a_place(text, strict):
    lines = text.count("\n") + 1
    for found in yamldoc.scan(text, json=strict):
        if isinstance(found, Document):
            json.dumps(found.value, allow_nan=False, ensure_ascii=False).encode()
        else:
            assert 1 <= found.line <= lines + 1
            assert found.end_column > found.column >= 1


@settings(max_examples=200)
@given(st.lists(_TOKENS, max_size=20).map("".join), st.integers(1, 5))
def test_the_pieces_of_a_stream_do_not_show(text, piece):
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, piece))

    def outcome(stream):
        return [
            (d.value, d.first_line) if isinstance(d, Document) else (d.code, d.line, d.column)
            for d in yamldoc.scan(stream, json=True)
        ]

    assert outcome(Slow(text.encode())) == outcome(text.encode())
