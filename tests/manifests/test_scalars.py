"""Plain scalars: YAML 1.2 core here, and what a YAML 1.1 reader makes of the same word."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mastractl.manifests import scalars


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-17", -17),
        ("007", 7),
        ("0777", 777),
        ("089", 89),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b101", "0b101"),
        ("1_000", "1_000"),
        ("9223372036854775807", 2**63 - 1),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("00000000000000000000000000000000000000000000000007", 7),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5),
        ("1.0", 1),
        ("1e3", 1000),
        ("1234e10", 12340000000000),
        ("1E-2", 0.01),
        ("-2.5e+3", -2500),
        ("1e300", 1e300),
        ("-0.0", 0),
        ("1.2.3", "1.2.3"),
        ("1:30", "1:30"),
        ("-1:30:45", "-1:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("=", "="),
        ("+", "+"),
        (".", "."),
        ("-", "-"),
        ("1e", "1e"),
        ("e3", "e3"),
        ("infinity", "infinity"),
        ("nan", "nan"),
        ("١٢", "١٢"),
        ("1２", "1２"),
        ("1 000", "1 000"),
        ("0x", "0x"),
        ("0o8", "0o8"),
        ("12abc", "12abc"),
    ],
)
def test_the_core_schema(word, value):
    read, _ = scalars.read(word)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (".inf", "no number that JSON can hold"),
        ("-.Inf", "no number that JSON can hold"),
        ("+.INF", "no number that JSON can hold"),
        (".nan", "no number that JSON can hold"),
        ("12345e678", "double"),
        ("18446744073709551616", "64 bits"),
        ("-9223372036854775809", "64 bits"),
        ("0xfffffffffffffffff", "64 bits"),
        ("0o7777777777777777777777777", "64 bits"),
        ("9" * 100_000, "64 bits"),
    ],
)
def test_what_json_cannot_hold_is_refused(word, says):
    with pytest.raises(ValueError, match=says) as caught:
        scalars.read(word)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("NO", "false"),
        ("n", "false"),
        ("Off", "false"),
        ("yes", "true"),
        ("On", "true"),
        ("Y", "true"),
        ("1:30", "the number 90"),
        ("-1:30:45", "the number -5445"),
        ("1:30.5", "a number in base 60"),
        ("0777", "the number 511"),
        ("-0777", "the number -511"),
        ("0o17", "text"),
        ("089", "text"),
        ("0b101", "the number 5"),
        ("1_000", "the number 1000"),
        ("1.000_5", "the number 1.0005"),
        ("1e3", "text"),
        ("1.5e3", "text"),
        ("2026-01-01", "a date"),
        ("2026-1-1 10:00:00", "a timestamp"),
        ("2026-01-01T10:00:00Z", "a timestamp"),
        ("=", "the default-value mark"),
        ("0b" + "1" * 200, "a number"),
        ("1" + ":30" * 50, "a number in base 60"),
    ],
)
def test_what_yaml_1_1_takes_otherwise(word, other):
    assert scalars.read(word)[1] == other


@pytest.mark.parametrize(
    "word",
    ["true", "null", "", "0", "7", "07", "-3", "0x1F", "1.5", ".5", "5.", "1.5e+3", "1.10", "1.2.3", "08:30"],
)
def test_what_all_readers_agree_on(word):
    assert scalars.read(word)[1] == ""


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("on", "true"),
        ("y", "true"),
        ("NO", "false"),
        ("True", "true"),
        ("true", ""),
        ("1", ""),
        ("1.0", ""),
        ("1.10", "the number 1.1"),
        ("0777", "the number 511"),
        ("1:30", "the number 90"),
        ("2026-01-01", "a date"),
        ("1e3", ""),
        ("name", ""),
        (".inf", ""),
    ],
)
def test_keys_that_yaml_1_1_takes_otherwise(key, other):
    assert scalars.read_key(key) == other


@pytest.mark.parametrize("key", ["", "~", "null", "NULL"])
def test_a_key_is_never_null(key):
    with pytest.raises(ValueError, match="null"):
        scalars.read_key(key)


@given(st.integers(scalars.SMALLEST, scalars.LARGEST))
def test_every_64_bit_integer_is_kept(number):
    assert scalars.read(str(number)) == (number, "")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_kept(number):
    text = json.dumps(number)
    value, _ = scalars.read(text)
    assert value == number
    assert not math.isnan(value)


_ALPHABET = st.text("0123456789abxoeE.:_-+ TZynNOf", max_size=12)


@given(_ALPHABET)
@example("-.0")
@example("+.5e-3")
def test_a_word_without_a_remark_means_the_same_to_a_yaml_1_1_reader(word):
    """PyYAML is such a reader; it leaves out `y` and `n`, which the specification has."""
    assume(word == word.strip())
    try:
        value, other = scalars.read(word)
    except ValueError:
        return
    resolver = yaml.SafeLoader("")
    tag = resolver.resolve(yaml.ScalarNode, word, (True, False))
    node = yaml.ScalarNode(tag, word)
    try:
        theirs = resolver.construct_object(node, deep=True)
    except (ValueError, OverflowError, yaml.YAMLError):
        return  # not even they can read it
    if not other:
        assert theirs == value or (isinstance(value, float) and theirs == pytest.approx(value))
        assert isinstance(theirs, str) == isinstance(value, str)
