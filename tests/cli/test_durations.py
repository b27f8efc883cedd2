from __future__ import annotations

import pytest

from mastractl import errors
from mastractl.cli import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1m30s", 90),
        ("2h", 7200),
        ("1.5h", 5400),
        ("7d", 604800),
        ("1d12h", 129600),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("-1s", -1),
        ("-1h30m", -5400),
        ("0", 0),
        ("0s", 0),
        ("45", 45),
        ("-1", -1),
        ("2.5", 2.5),
    ],
)
def test_spans(text, seconds):
    assert durations.seconds(text, flag="--timeout") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5x", "1m 30s", "1h30", "--1s", "٣s", "1e3", "inf"])
def test_what_is_none_is_refused_by_flag(text):
    with pytest.raises(errors.UsageError, match="for --timeout") as raised:
        durations.seconds(text, flag="--timeout")
    assert raised.value.exit_code == 2
