"""Time: a clock that tests can replace, RFC 3339 in UTC, and ages as kubectl prints them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where every room reads the time from."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        time.sleep(seconds)


def rfc3339(seconds: float) -> str:
    """Epoch seconds as Kubernetes writes them: `2026-11-21T08:30:00Z`, whole seconds, UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> float:
    """The epoch seconds of an RFC 3339 time. ValueError where it is none or has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text!r} has no UTC offset"
        raise ValueError(message)
    return moment.timestamp()


def age(seconds: float) -> str:
    """A span as kubectl prints it: two units while the larger is small, then one.

    `45s`, `2m5s`, `12m`, `3h20m`, `10h`, `2d3h`, `40d`, `2y30d`, `9y`
    (the rules of apimachinery's `duration.HumanDuration`).
    """
    if seconds < -1:
        return "<invalid>"
    s = max(int(seconds), 0)
    for below, (large, unit), (small, small_unit) in _AGES:
        if s < below:
            rest = s % large // small if small else 0
            return f"{s // large}{unit}" + (f"{rest}{small_unit}" if rest else "")
    return f"{s // _YEAR}y"


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
_AGES = (
    (2 * _MINUTE, (1, "s"), (0, "")),
    (10 * _MINUTE, (_MINUTE, "m"), (1, "s")),
    (3 * _HOUR, (_MINUTE, "m"), (0, "")),
    (8 * _HOUR, (_HOUR, "h"), (_MINUTE, "m")),
    (2 * _DAY, (_HOUR, "h"), (0, "")),
    (8 * _DAY, (_DAY, "d"), (_HOUR, "h")),
    (2 * _YEAR, (_DAY, "d"), (0, "")),
    (8 * _YEAR, (_YEAR, "y"), (_DAY, "d")),
)
