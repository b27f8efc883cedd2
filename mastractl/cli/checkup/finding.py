"""What one look came to."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """What was looked at, how it stands, in words, and what to do about it if it does not stand well."""

    check: str
    level: Level
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", message)


def warn(check: str, message: str, remedy: str = "") -> Finding:
    """It works, but somebody should look at it."""
    return Finding(check, "warn", message, remedy)


def fail(check: str, message: str, remedy: str = "") -> Finding:
    """It does not work."""
    return Finding(check, "fail", message, remedy)
