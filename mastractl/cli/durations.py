"""Spans of time as people type them: `30s`, `1m30s`, `500ms`, `2h`, `7d`, and a bare number of seconds."""

from __future__ import annotations

import re

from mastractl import errors

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h|d)")
_WHOLE = re.compile(rf"([+-]?)((?:{_PART.pattern})+)")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")


def seconds(text: str, *, flag: str) -> float:
    """The span in seconds; it may be negative. Go's grammar, days, and a bare number for seconds.

    Raises UsageError, naming the flag.
    """
    if _NUMBER.fullmatch(text):
        return float(text)
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        message = f'invalid duration "{text}" for {flag}'
        raise errors.UsageError(message, hint="write it as 30s, 5m or 1h30m")
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(whole[2]))
    return -total if whole[1] == "-" else total
