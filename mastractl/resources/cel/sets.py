"""Lists looked at as sets (cel-go's sets extension)."""

from __future__ import annotations

from typing import Any

from mastractl.resources.cel import budget
from mastractl.resources.cel.values import contains


def _holds(whole: list[Any], part: list[Any]) -> bool:
    return all(contains(whole, item) for item in part)


def _equivalent(a: list[Any], b: list[Any]) -> bool:
    return _holds(a, b) and _holds(b, a)


def _intersects(a: list[Any], b: list[Any]) -> bool:
    return any(contains(b, item) for item in a)


ROWS: tuple[tuple[Any, ...], ...] = (
    ("sets.contains", "", "list(A), list(A)", "bool", _holds, budget.product),
    ("sets.equivalent", "", "list(A), list(A)", "bool", _equivalent, budget.product),
    ("sets.intersects", "", "list(A), list(A)", "bool", _intersects, budget.product),
)
