"""Timestamps and durations: reading, writing, and the parts of a date.

RFC 3339 for timestamps, Go's `time.ParseDuration` for durations, as the CEL specification says. The
milliseconds of a duration are all of them, as in Kubernetes, and not those after the last whole second.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mastractl.resources.cel.arithmetic import duration_of, timestamp_of
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import INT_MAX, SECOND, Duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.values import Timestamp

_STAMP_NAME, _SPAN_NAME = "timestamp", "duration"
_STAMP = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9})[0-9]*)?"
    r"(?:([Zz])|([-+])([0-9]{2}):?([0-9]{2})))?"
)
_SPAN = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
_UNITS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_timestamp(text: str, *, date: bool = False) -> Timestamp:
    """The timestamp that a text of RFC 3339 names; with `date`, a day alone is its first moment."""
    hit = re.fullmatch(_STAMP, text)
    if hit is None or (hit[4] is None) is not date:
        raise _bad(_STAMP_NAME, text)
    year, month, day = int(hit[1]), int(hit[2]), int(hit[3])
    hour, minute, second = (int(part or 0) for part in hit.group(4, 5, 6))
    shift = (int(hit[10]) * 60 + int(hit[11])) * (-1 if hit[9] == "-" else 1) if hit[9] else 0
    if not 1 <= month <= 12 or not 1 <= day <= _month_days(year, month) or max(hour - 23, minute - 59) > 0:
        raise _bad(_STAMP_NAME, text)
    if second > 59 or abs(shift) >= 24 * 60:
        raise _bad(_STAMP_NAME, text)
    seconds = days_from(year, month, day) * 86_400 + hour * 3600 + (minute - shift) * 60 + second
    return timestamp_of(seconds * SECOND + int((hit[7] or "").ljust(9, "0")), shift)


def parse_duration(text: str) -> Duration:
    """The duration that a text such as `1h30m` or `-1.5s` names."""
    body = text[1:] if text[:1] in ("-", "+") else text
    if len(text) > 200 or not body or body == "0":
        if body == "0":
            return Duration(0)
        raise _bad(_SPAN_NAME, text[:50])
    total, at = 0, 0
    span = re.compile(_SPAN).match
    while at < len(body):
        hit = span(body, at)
        if hit is None:
            raise _bad(_SPAN_NAME, text)
        whole, _, fraction = hit[1].partition(".")
        unit = _UNITS[hit[2]]
        total += int(whole or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        at = hit.end()
    if total > INT_MAX + 1:
        raise _bad(_SPAN_NAME, text)
    return duration_of(-total if text[0] == "-" else total)


_WORDS = r"([0-9]+)\s*([a-zµμ]+)\s*"


def lenient_duration(text: str) -> Duration:
    """A duration as the format `duration` of a schema allows it: also `3 days`, `2 weeks`."""
    try:
        return parse_duration(text)
    except CelError:
        total, at = 0, 0
        while at < len(text):
            hit = re.compile(_WORDS).match(text, at)
            unit = _word_unit(hit[2]) if hit else 0
            if hit is None or not unit:
                raise
            total += int(hit[1]) * unit
            at = hit.end()
        return duration_of(total)


def _word_unit(word: str) -> int:
    if word in _UNITS:
        return _UNITS[word]
    for start, unit in (
        ("nano", 1),
        ("micro", 1000),
        ("milli", 1_000_000),
        ("s", SECOND),
        ("m", 60 * SECOND),
        ("h", 3600 * SECOND),
        ("d", 86_400 * SECOND),
        ("w", 604_800 * SECOND),
    ):
        if word.startswith(start):
            return unit
    return 0


def _bad(what: str, text: str) -> CelError:
    return CelError(f"{text[:60]!r} is no {what}")


def _month_days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _MONTHS[month - 1]


def days_from(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """The year, month and day so many days after 1970-01-01."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


def show_timestamp(value: Timestamp) -> str:
    """The timestamp as RFC 3339, in the zone it was written in."""
    seconds, ns = divmod(value.ns, SECOND)
    seconds += value.offset * 60
    days, rest = divmod(seconds, 86_400)
    year, month, day = date_of(days)
    fraction = f".{ns:09d}".rstrip("0") if ns else ""
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    hours, minutes = divmod(abs(value.offset), 60)
    zone = f"{'-' if value.offset < 0 else '+'}{hours:02d}:{minutes:02d}" if value.offset else "Z"
    return f"{year:04d}-{month:02d}-{day:02d}T{clock}{fraction}{zone}"


def show_duration(value: Duration) -> str:
    """The duration in seconds, as in `90s`, with as many decimals as it needs."""
    seconds, ns = divmod(abs(value.ns), SECOND)
    fraction = f".{ns:09d}".rstrip("0") if ns else ""
    return f"{'-' if value.ns < 0 else ''}{seconds}{fraction}s"


def _local(stamp: Timestamp, zone: str) -> tuple[int, int]:
    """Seconds since 1970 on the clocks of a zone, and the nanoseconds below."""
    seconds, ns = divmod(stamp.ns, SECOND)
    return seconds + _offset(zone, seconds), ns


_OFFSET = r"([-+]?)([0-9]{2}):([0-9]{2})"


def _offset(zone: str, seconds: int) -> int:
    if zone in ("", "UTC"):
        return 0
    hit = re.fullmatch(_OFFSET, zone)
    if hit is not None:
        return (int(hit[2]) * 3600 + int(hit[3]) * 60) * (-1 if hit[1] == "-" else 1)
    import datetime as dt  # noqa: PLC0415 - named zones are rare
    import zoneinfo  # noqa: PLC0415 - as above

    try:
        moment = dt.datetime.fromtimestamp(max(seconds, -62_135_500_000), zoneinfo.ZoneInfo(zone))
        offset = moment.utcoffset()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        message = f"unknown time zone {zone!r}"
        raise CelError(message) from None
    return int(offset.total_seconds()) if offset is not None else 0


def _day(stamp: Timestamp, zone: str) -> tuple[int, int, int]:
    return date_of(_local(stamp, zone)[0] // 86_400)


def _day_of_year(stamp: Timestamp, zone: str) -> int:
    days = _local(stamp, zone)[0] // 86_400
    return days - days_from(date_of(days)[0], 1, 1)


_PARTS: dict[str, Callable[[Timestamp, str], int]] = {
    "getFullYear": lambda stamp, zone: _day(stamp, zone)[0],
    "getMonth": lambda stamp, zone: _day(stamp, zone)[1] - 1,
    "getDate": lambda stamp, zone: _day(stamp, zone)[2],
    "getDayOfMonth": lambda stamp, zone: _day(stamp, zone)[2] - 1,
    "getDayOfWeek": lambda stamp, zone: (_local(stamp, zone)[0] // 86_400 + 4) % 7,
    "getDayOfYear": _day_of_year,
    "getHours": lambda stamp, zone: _local(stamp, zone)[0] // 3600 % 24,
    "getMinutes": lambda stamp, zone: _local(stamp, zone)[0] // 60 % 60,
    "getSeconds": lambda stamp, zone: _local(stamp, zone)[0] % 60,
    "getMilliseconds": lambda stamp, zone: _local(stamp, zone)[1] // 1_000_000,
}


def _in_utc(part: Callable[[Timestamp, str], int]) -> Callable[[Timestamp], int]:
    return lambda stamp: part(stamp, "")


def _whole(unit: int) -> Callable[[Duration], int]:
    return lambda span: span.ns // unit if span.ns >= 0 else -(-span.ns // unit)


ROWS: tuple[tuple[Any, ...], ...] = (
    *((name, "timestamp", "", "int", _in_utc(part)) for name, part in _PARTS.items()),
    *((name, "timestamp", "string", "int", part) for name, part in _PARTS.items()),
    ("getHours", "duration", "", "int", _whole(3600 * SECOND)),
    ("getMinutes", "duration", "", "int", _whole(60 * SECOND)),
    ("getSeconds", "duration", "", "int", _whole(SECOND)),
    ("getMilliseconds", "duration", "", "int", _whole(1_000_000)),
)
