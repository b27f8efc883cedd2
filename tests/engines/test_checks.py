from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines.checks import MAX_KEY_BYTES, check_key, check_operations, check_precondition
from mastractl.engines.contract import Capabilities, Check, Delete, Put

PLAIN = Capabilities(durable=False, multi_process=False)


@pytest.mark.parametrize(
    "key",
    [
        "res/a",
        "res/agent/default/recipe-assistant",
        "rec/run/default/a b",
        "rec/...",
        "rec/.hidden/..a/a..",
        "rec/%00",
        "rec/\\",
        "rec/\u0080",
        "rec/菜谱",
        "rec/" + "x" * (MAX_KEY_BYTES - 4),
        "rec/" + "菜" * ((MAX_KEY_BYTES - 4) // 3),
    ],
)
def test_a_key_is_two_or_more_segments(key):
    check_key(key)


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", "a segment is empty"),
        ("res", "no space in front"),
        ("res/", "a segment is empty"),
        ("/res", "a segment is empty"),
        ("res//a", "a segment is empty"),
        ("res/.", "a segment is . or .."),
        ("res/../a", "a segment is . or .."),
        ("../a", "a segment is . or .."),
        ("res/a\x00", "a control character"),
        ("res/a\n", "a control character"),
        ("res/\x1b[31m", "a control character"),
        ("res/\udfff", "a lone surrogate"),
        ("rec/" + "x" * (MAX_KEY_BYTES - 3), f"longer than {MAX_KEY_BYTES} bytes"),
        ("rec/" + "😀" * 256, f"longer than {MAX_KEY_BYTES} bytes"),
    ],
)
def test_what_is_no_key_is_refused_with_its_fault(key, fault):
    with pytest.raises(errors.BadRequest, match="is no key") as caught:
        check_key(key)
    assert fault in caught.value.message
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1100
    assert caught.value.hint


@given(st.text(alphabet=st.sampled_from("ab/.\x00\n菜\ud800"), max_size=8))
def test_a_key_is_what_its_definition_says(text):
    segments = text.split("/")
    good = (
        len(segments) > 1
        and not {"", ".", ".."} & set(segments)
        and not any(character in text for character in "\x00\n\ud800")
    )
    if good:
        check_key(text)
    else:
        with pytest.raises(errors.BadRequest):
            check_key(text)


def test_a_commit_may_be_as_large_as_the_capabilities_say():
    narrow = Capabilities(durable=False, multi_process=False, max_commit=2, max_value=4)
    check_operations([Put("res/a", b"{  }"), Check("res/b", 0)], narrow)
    with pytest.raises(errors.TooLarge, match="3 operations in one commit; this store takes 2"):
        check_operations([Check(f"res/{n}", 0) for n in range(3)], narrow)
    with pytest.raises(errors.TooLarge, match="'res/a' is 5 bytes; this store takes 4"):
        check_operations([Put("res/a", b"{   }")], narrow)


def test_an_expiry_the_engine_would_forget_is_refused():
    check_operations([Put("res/a", b"{}", expires_at=1.0)], PLAIN)
    forgetful = Capabilities(durable=False, multi_process=False, ttl=False)
    check_operations([Put("res/a", b"{}")], forgetful)
    with pytest.raises(errors.BadRequest, match="keeps everything for ever"):
        check_operations([Put("res/a", b"{}", expires_at=1.0)], forgetful)


@pytest.mark.parametrize(
    ("op", "actual", "says"),
    [
        (Put("res/a", b"{}", 3), 0, "'res/a' does not exist; revision 3 was expected"),
        (Delete("res/a", 3), 4, "'res/a' is at revision 4, not 3: it changed since it was read"),
        (Check("res/a", 0), 4, "'res/a' already exists, at revision 4"),
    ],
)
def test_a_conflict_says_what_was_expected_and_what_is(op, actual, says):
    with pytest.raises(errors.Conflict) as caught:
        check_precondition(op, actual)
    assert caught.value.message == says
    assert (caught.value.key, caught.value.expected, caught.value.actual) == ("res/a", op.if_revision, actual)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("op", "actual"),
    [(Put("res/a", b"{}"), 9), (Put("res/a", b"{}", 0), 0), (Delete("res/a"), 0), (Check("res/a", 9), 9)],
)
def test_a_condition_that_is_met_or_absent_is_no_conflict(op, actual):
    check_precondition(op, actual)
