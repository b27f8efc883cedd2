"""The formats a schema may ask of a value, and the bounds of number formats.

Those of the Kubernetes API (apiextensions v1; k8s.io/kube-openapi `strfmt`), spelled with or without hyphens.
A format that is not known here is not checked, as Kubernetes does it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mastractl.resources import names
from mastractl.resources.jsontypes import is_number

if TYPE_CHECKING:
    from collections.abc import Callable

_LABELS = r"[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SPAN = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_GO_UNITS = r"ns|us|µs|μs|ms|s|m|h"
_WORD_UNITS = (
    r"nanoseconds?|nanos?|microseconds?|micros?|milliseconds?|millis?|seconds?|secs?|minutes?|mins?|hours?|hrs?"
    r"|days?|d|weeks?|wks?|w"
)


def check(name: str, type_: str = "") -> Callable[[Any], bool] | None:
    """The test for a format, which lets values pass that it is not about; None where nothing is tested.

    `type_` is the type of the field, "" if it has none: a format says something only on a field of its type.
    """
    if type_ in _NUMBERS:
        bounds = _NUMBERS[type_].get(name)
        return (
            None if bounds is None else lambda value: not is_number(value) or bounds[0] <= value <= bounds[1]
        )
    test = _STRINGS.get(name.replace("-", "")) if type_ in ("", "string") else None
    return None if test is None else lambda value: not isinstance(value, str) or test(value)


def is_known(name: str, type_: str = "") -> bool:
    """Whether Kubernetes knows the format on a field of that type."""
    return (
        name in _NUMBERS[type_] if type_ in _NUMBERS else check(name, type_) is not None or name == "password"
    )


def _full(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    compiled: list[re.Pattern[str]] = []

    def test(text: str) -> bool:
        if not compiled:
            compiled.append(re.compile(pattern, flags | re.ASCII))
        return compiled[0].fullmatch(text) is not None

    return test


_date_parts = _full(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_time_parts = _full(
    r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:[.,][0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])"
)
_email = _full(r"""(?:[^\s<>"(),:;@\\]+|"[^"\r\n]*")@""" + rf"{_LABELS}(?:\.{_LABELS})*\.?")
_hostname = _full(rf"{_LABELS}(?:\.{_LABELS})*\.?")
_duration = _full(
    rf"[-+]?(?:0|(?:(?:{_SPAN})(?:{_GO_UNITS}))+)|(?:[0-9]+\s*(?:{_WORD_UNITS}|{_GO_UNITS})\s*)+"
)


def _date(text: str) -> bool:
    if not _date_parts(text):
        return False
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= _MONTH_DAYS[month - 1] and (leap or (month, day) != (2, 29))


def _date_time(text: str) -> bool:
    return _date(text[:10]) and _time_parts(text[10:])


def _address(version: int) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        import ipaddress  # noqa: PLC0415 - 3 ms that few schemas need

        try:
            return ipaddress.ip_address(text).version == version and "%" not in text
        except ValueError:
            return False

    return test


def _cidr(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 - as above

    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and text.rpartition("/")[2].isdecimal()


def _digits(text: str) -> str:
    return text.replace("-", "").replace(" ", "")


def _isbn10(text: str) -> bool:
    digits = _digits(text)
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        return False
    return sum((10 - i) * (10 if d == "X" else int(d)) for i, d in enumerate(digits)) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = _digits(text)
    if not re.fullmatch(r"[0-9]{13}", digits):
        return False
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


def _credit_card(text: str) -> bool:
    digits = _digits(text)
    if not re.fullmatch(r"[0-9]{13,19}", digits):
        return False
    doubled = (int(d) * 2 if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


_FLOAT32 = 3.4028234663852886e38
_FLOAT64 = 1.7976931348623157e308
_NUMBERS: dict[str, dict[str, tuple[float, float]]] = {
    "integer": {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)},
    "number": {"float": (-_FLOAT32, _FLOAT32), "double": (-_FLOAT64, _FLOAT64)},
}
"""The formats of numbers, by type. Others (uint32) mean nothing to Kubernetes, so nothing here."""

_STRINGS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _full(r"[0-9a-fA-F]{24}"),
    "byte": _full(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
    "cidr": _cidr,
    "creditcard": _credit_card,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "email": _email,
    "hexcolor": _full(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "hostname": lambda text: len(text) <= 253 and _hostname(text),
    "ipv4": _address(4),
    "ipv6": _address(6),
    "isbn": lambda text: _isbn10(text) or _isbn13(text),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "k8slongname": lambda text: not names.subdomain_problem(text),
    "k8sshortname": lambda text: not names.namespace_problem(text),
    "mac": _full(
        r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}(?:(?:[:-][0-9a-fA-F]{2}){2})?|(?:[0-9a-fA-F]{4}\.){2,3}[0-9a-fA-F]{4}"
    ),
    "rgbcolor": _full(
        r"rgb\(\s*(?:[01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])(?:\s*,\s*(?:[01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])){2}\s*\)"
    ),
    "ssn": _full(r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    "uri": _full(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+|/[^\s\x00-\x1f\x7f]*"),
    "uuid": _full(_UUID % ("[0-9a-f]", "[0-9a-f]"), re.IGNORECASE),
    "uuid3": _full(_UUID % ("3", "[0-9a-f]"), re.IGNORECASE),
    "uuid4": _full(_UUID % ("4", "[89ab]"), re.IGNORECASE),
    "uuid5": _full(_UUID % ("5", "[89ab]"), re.IGNORECASE),
}

EXAMPLES = {
    "byte": "aGVsbG8=",
    "cidr": "10.0.0.0/8",
    "date": "2026-11-21",
    "datetime": "2026-11-21T08:30:00Z",
    "duration": "1h30m",
    "email": "anna@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/path",
    "uuid": "9f0d2c1e-4b7a-4c55-8e3d-1a2b3c4d5e6f",
}
"""A value of each format that people get wrong, for messages. Keys have no hyphens."""
