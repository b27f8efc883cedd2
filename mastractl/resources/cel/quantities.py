"""Quantities such as `500m` and `1.5Gi` (k8s.io/apimachinery/pkg/api/resource), exact to the billionth."""

from __future__ import annotations

import re
from typing import Any

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import INT_MAX, INT_MIN, Opaque

_WRITTEN = re.compile(
    r"([-+]?)([0-9]*)(?:\.([0-9]*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei)|(n|u|m|k|M|G|T|P|E)|[eE]([-+]?[0-9]{1,3}))?",
    re.ASCII,
)
_BINARY = {unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_UNIT = 10**9
DIGITS_LIMIT = 200
"""Characters of a quantity; one that means anything has a few."""


class Quantity(Opaque):
    """An amount, counted in billionths."""

    __slots__ = ("billionths",)
    kind = types.NAMED["kubernetes.Quantity"]

    def __init__(self, billionths: int) -> None:
        self.billionths = billionths

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.billionths == other.billionths

    def __hash__(self) -> int:
        return hash(self.billionths)


def _parse(text: str) -> int | None:
    """The billionths of a quantity, rounded away from zero; None where it is none."""
    hit = _WRITTEN.fullmatch(text) if len(text) <= DIGITS_LIMIT else None
    if hit is None or not (hit[2] or hit[3]):
        return None
    sign, whole, fraction, binary, decimal, exponent = hit.groups()
    fraction = fraction or ""
    digits = int((whole or "0") + fraction) * _BINARY.get(binary, 1)
    power = (_DECIMAL[decimal] if decimal else int(exponent or 0)) - len(fraction) + 9
    amount: int = digits * 10**power if power >= 0 else -(-digits // 10**-power)
    return -amount if sign == "-" else amount


def _quantity(text: str) -> Quantity:
    amount = _parse(text)
    if amount is None:
        message = (
            f"{text[:60]!r} is no quantity: a number, and perhaps one of n u m k M G T P E Ki Mi Gi Ti Pi Ei"
        )
        raise CelError(message)
    return Quantity(amount)


def _is_integer(quantity: Quantity) -> bool:
    whole, rest = divmod(quantity.billionths, _UNIT)
    return not rest and INT_MIN <= whole <= INT_MAX


def _integer(quantity: Quantity) -> int:
    if not _is_integer(quantity):
        message = "cannot convert value to integer"
        raise CelError(message)
    return quantity.billionths // _UNIT


def _float(quantity: Quantity) -> float:
    try:
        return quantity.billionths / _UNIT
    except OverflowError:
        return float("inf") if quantity.billionths > 0 else float("-inf")


def _sign(quantity: Quantity) -> int:
    return (quantity.billionths > 0) - (quantity.billionths < 0)


def _compare(a: Quantity, b: Quantity) -> int:
    return (a.billionths > b.billionths) - (a.billionths < b.billionths)


_Q = "kubernetes.Quantity"
ROWS: tuple[tuple[Any, ...], ...] = (
    ("quantity", "", "string", _Q, _quantity, budget.scan),
    ("isQuantity", "", "string", "bool", lambda text: _parse(text) is not None, budget.scan),
    ("isInteger", _Q, "", "bool", _is_integer),
    ("asInteger", _Q, "", "int", _integer),
    ("asApproximateFloat", _Q, "", "double", _float),
    ("sign", _Q, "", "int", _sign),
    ("sign", "", _Q, "int", _sign),
    ("add", _Q, _Q, _Q, lambda a, b: Quantity(a.billionths + b.billionths)),
    ("add", _Q, "int", _Q, lambda a, b: Quantity(a.billionths + b * _UNIT)),
    ("sub", _Q, _Q, _Q, lambda a, b: Quantity(a.billionths - b.billionths)),
    ("sub", _Q, "int", _Q, lambda a, b: Quantity(a.billionths - b * _UNIT)),
    ("isLessThan", _Q, _Q, "bool", lambda a, b: a.billionths < b.billionths),
    ("isGreaterThan", _Q, _Q, "bool", lambda a, b: a.billionths > b.billionths),
    ("compareTo", _Q, _Q, "int", _compare),
)
