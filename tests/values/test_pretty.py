"""Both spellings, the indented and the compact one, are the standard library's, to the byte."""

from __future__ import annotations

import enum
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import values

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["\x00", "\x7f", "\u2028", '"\\/', "菜谱 😀", 10**30, -0.0, 1e22, 1.5e-7])
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=40)


def reference(value):
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@given(JSON)
def test_pretty_is_what_the_standard_library_writes(value):
    assert values.pretty(value) == reference(value)
    assert values.load(values.pretty(value)) == value


@given(JSON)
def test_the_compact_spelling_is_the_standard_librarys_too(value):
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert (values.text(value), values.dump(value)) == (compact, compact.encode())


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": {1, 2}}])
def test_what_is_no_json_has_no_compact_spelling(value):
    with pytest.raises((ValueError, TypeError)):
        values.dump(value)


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value", [(1, 2), {1: "a", None: "b", False: "c"}, Colour.RED, {Colour.RED: Colour.RED}, [{"a": ()}]]
)
def test_what_is_not_plain_json_is_left_to_the_standard_library(value):
    assert values.pretty(value) == reference(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_what_is_no_json_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        values.pretty(value)


def test_what_cannot_be_written_is_refused():
    with pytest.raises(TypeError):
        values.pretty({"a": object()})
