"""What an evaluation may cost, in the units of Kubernetes (k8s.io/apiserver/pkg/apis/cel, cel-go's costs).

A step costs 1, making a list 10 and a map 30, going through a text 0.1 a character, looking for a pattern
that times a quarter of the pattern's length. Straight code is charged when it is entered, with all branches
that it may take; loops are charged round by round, and functions that go through texts and lists by what
they are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel.fault import CostExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

    Cost = Callable[..., int]

CALL_LIMIT = 1_000_000
"""The most that one evaluation may cost (PerCallLimit)."""

DOCUMENT_LIMIT = 10_000_000
"""The most that all rules may cost on one document (RuntimeCELCostBudget)."""

RULE_LIMIT = 10_000_000
"""The most that a rule may cost by its schema's limits (StaticEstimatedCostLimit)."""

DEFINITION_LIMIT = 100_000_000
"""The most that all rules of a definition may cost by its schema's limits (StaticEstimatedCRDCostLimit)."""

MESSAGE_LIMIT = 5 * 1024
"""Bytes of an evaluated messageExpression."""

STEP, LIST, MAP, ROUND = 1, 10, 30, 3


def exceeded() -> CostExceeded:
    """What stops an evaluation."""
    return CostExceeded("actual cost limit exceeded: the rule takes too many steps")


def spend(frame: list[Any], cost: int) -> None:
    """Charge an evaluation. Raises CostExceeded where nothing is left."""
    frame[0] -= cost
    if frame[0] < 0:
        raise exceeded()


def _size(value: Any) -> int:
    return len(value) if isinstance(value, (str, bytes, list, dict)) else 1


def scan(value: Any, *_more: Any) -> int:
    """Going through a text once."""
    return _size(value) // 10 + 1


def twice(value: Any, *_more: Any) -> int:
    """Going through a text and building another."""
    return _size(value) // 5 + 1


def items(value: Any, *_more: Any) -> int:
    """Going through a list."""
    return _size(value)


def both(a: Any, b: Any) -> int:
    """Building a text out of two."""
    return (_size(a) + _size(b)) // 10 + 1


def smaller(a: Any, b: Any) -> int:
    """Comparing two texts or lists."""
    return min(_size(a), _size(b)) // 10 + 1


def within(text: Any, part: Any) -> int:
    """Looking for a text in another."""
    return (_size(text) // 10 + 1) * (_size(part) // 10 + 1)


def pattern(text: Any, expression: Any, *_more: Any) -> int:
    """Looking for a pattern in a text."""
    return (_size(text) // 10 + 1) * (_size(expression) // 4 + 1)


def product(a: Any, b: Any) -> int:
    """Comparing every item of a list with every one of another."""
    return _size(a) * _size(b) + 1


def joined(parts: Any, *_more: Any) -> int:
    """Building a text out of many."""
    return sum(map(_size, parts)) // 5 + _size(parts) // 10 + 1
