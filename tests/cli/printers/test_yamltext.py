"""What is written as YAML is read back as the same values, by readers of YAML 1.1 and 1.2."""

from __future__ import annotations

from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mastractl.cli.printers.yamltext import dump
from mastractl.manifests import yamldoc


def read_as_1_2(text):
    (document,) = yamldoc.load(text)
    return document.value


def test_the_layout_is_kubectls():
    value = {
        "apiVersion": "mastra.ai/v1",
        "spec": {
            "instructions": "你好\n  indented\n\nlast\n",
            "short": "one\ntwo",
            "long": "end\n\n",
            "tools": [{"name": "x", "nested": [1, [2, [3]]], "map": {}, "list": []}, "plain", {"b": True}],
            "null": None,
            "number": -1.5,
            "text": "-1.5",
            "url": "http://x:80/y#z",
        },
    }
    assert dump(value) == dedent("""\
        apiVersion: mastra.ai/v1
        spec:
          instructions: |
            你好
              indented

            last
          short: |-
            one
            two
          long: |+
            end

          tools:
          - name: x
            nested:
            - 1
            - - 2
              - - 3
            map: {}
            list: []
          - plain
          - b: true
          "null": null
          number: -1.5
          text: "-1.5"
          url: http://x:80/y#z
        """)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " a",
        "a ",
        "- a",
        "-",
        "? b",
        ": c",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "'a",
        '"',
        "%a",
        "@a",
        "`a",
        "!a",
        "&a",
        "*a",
        "[a",
        "{a",
        "a\tb",
        "yes",
        "No",
        "ON",
        "y",
        "n",
        "true",
        "Null",
        "~",
        "=",
        "<<",
        "1",
        "-1",
        "+1",
        "1_000",
        "0x1F",
        "0o17",
        "017",
        "0b1",
        "1.5",
        "1.",
        ".5",
        "1e3",
        "1.5E-3",
        ".inf",
        "-.INF",
        ".NaN",
        "1:30",
        "12:30:45.5",
        "2026-01-01",
        "2026-11-21T08:30:00Z",
        "2026-1-1 8:30:00",
        "---",
        "...",
        "\n",
        "\n\n",
    ],
)
def test_text_that_some_reader_takes_otherwise_is_quoted(text):
    assert dump(text)[0] == '"'


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "-a",
        "a-b",
        "a:b",
        "a#b",
        "1.2.3",
        "v1",
        "1a",
        "a b",
        "gpt-4o",
        "${env.KEY}",
        "nope",
        "yes!",
        "厨师",
    ],
)
def test_other_text_is_plain(text):
    assert dump(text) == text + "\n"


@pytest.mark.parametrize(
    "text",
    [
        " a\nb",
        "\na",
        "a\n b\n",
        "\ta\nb",
        "a\n\n\n",
        "a\n\t\nb",
        "a \nb ",
        "a\n---\nb",
        "# a\nb",
        "\n\n a\n",
        "a\n ",
    ],
)
def test_blocks_keep_every_space(text):
    assert dump({"k": [text]}).startswith("k:\n- |")
    for value in (text, {"k": text}, [text], {"k": [{"k": text}, [text]]}):
        assert yaml.safe_load(dump(value)) == value
        assert read_as_1_2(dump({"v": value})) == {"v": value}


def test_a_key_beyond_what_simple_keys_may_be():
    value = {"k" * 2000: {"a": 1}, "\n" * 700: [1], "b": [{"c" * 1500: "x"}]}
    assert yaml.safe_load(dump(value)) == value
    assert read_as_1_2(dump(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], {"a": float("nan")}])
def test_what_json_has_no_number_for_is_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        dump(value)


texts = st.one_of(
    st.text(max_size=20),
    st.text(
        alphabet="ab \n\t:#-?'\"|>&*!%@`{}[],.0123456789_+eExXoOyYnN~=<\r\x85\u2028\ufeff\x1b厨🍳",
        max_size=12,
    ),
)


def json_values(numbers):
    return st.recursive(
        st.none() | st.booleans() | numbers | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )


finite = st.floats(allow_nan=False, allow_infinity=False)
in_64_bits = st.integers(-(2**63), 2**63 - 1)


@given(json_values(st.integers() | finite))
def test_yaml_1_1_readers_read_back_what_was_written(value):
    # repr tells true from 1 and 1 from 1.0, and keeps the order of keys.
    assert repr(yaml.safe_load(dump(value))) == repr(value)


@given(json_values(in_64_bits | finite.filter(lambda number: not number.is_integer())))
def test_our_own_yaml_1_2_reader_reads_back_what_was_written(value):
    assert repr(read_as_1_2(dump({"value": value}))) == repr({"value": value})


@given(finite)
def test_whole_floats_are_read_as_the_same_number(number):
    assert yaml.safe_load(dump(number)) == number
    if abs(number) < 2**63:
        assert read_as_1_2(dump({"value": number})) == {"value": number}
