"""Functions of lists: Kubernetes' own (isSorted, sum, min ...) and cel-go's extension (sort, slice ...)."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from mastractl.resources.cel import budget
from mastractl.resources.cel.arithmetic import by_value, comparable
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import MISSING, Duration, Maybe, UInt, contains, equal, no_overload

_ADD = by_value("+")
_SUMS = {"int": 0, "uint": UInt(0), "double": 0.0, "duration": Duration(0)}
_ORDERED = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")


def _less(a: Any, b: Any) -> bool:
    if not comparable(a, b):
        raise no_overload()
    return bool(a < b)


def _is_sorted(items: list[Any]) -> bool:
    return not any(_less(b, a) for a, b in pairwise(items))


def _sum(zero: Any) -> Any:
    def total(items: list[Any]) -> Any:
        result = zero
        for item in items:
            result = _ADD(result, item)
        return result

    return total


def _smallest(items: list[Any]) -> Any:
    return _extreme(items, "min", largest=False)


def _largest(items: list[Any]) -> Any:
    return _extreme(items, "max", largest=True)


def _extreme(items: list[Any], name: str, *, largest: bool) -> Any:
    if not items:
        message = f"{name} called on empty list"
        raise CelError(message)
    found = items[0]
    for item in items[1:]:
        if _less(found, item) if largest else _less(item, found):
            found = item
    return found


def _index_of(items: list[Any], value: Any) -> int:
    return next((i for i, item in enumerate(items) if equal(item, value)), -1)


def _last_index_of(items: list[Any], value: Any) -> int:
    return next((i for i in reversed(range(len(items))) if equal(items[i], value)), -1)


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0 or start > end or end > len(items):
        message = f"cannot slice({start}, {end}), list is length {len(items)}"
        raise CelError(message)
    return items[start:end]


def _flatten(items: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        message = "level must be non-negative"
        raise CelError(message)
    flat = items
    for _ in range(min(depth, 200)):
        if not any(type(item) is list for item in flat):
            break
        flat = [part for item in flat for part in (item if type(item) is list else [item])]
    return flat


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not contains(found, item):
            found.append(item)
    return found


def _order(a: Any, b: Any) -> int:
    return -1 if _less(a, b) else int(_less(b, a))


def _sort(items: list[Any]) -> list[Any]:
    return sorted(items, key=cmp_to_key(_order))


def _order_pairs(a: tuple[Any, Any], b: tuple[Any, Any]) -> int:
    return _order(a[0], b[0])


def _sort_by_keys(items: list[Any], keys: list[Any]) -> list[Any]:
    pairs = sorted(zip(keys, items, strict=True), key=cmp_to_key(_order_pairs))
    return [item for _, item in pairs]


def _first(items: list[Any]) -> Maybe:
    return Maybe(items[0]) if items else MISSING


def _last(items: list[Any]) -> Maybe:
    return Maybe(items[-1]) if items else MISSING


ROWS: tuple[tuple[Any, ...], ...] = (
    *(("isSorted", f"list({kind})", "", "bool", _is_sorted, budget.items) for kind in _ORDERED),
    *(("sum", f"list({kind})", "", kind, _sum(zero), budget.items) for kind, zero in _SUMS.items()),
    *(("min", f"list({kind})", "", kind, _smallest, budget.items) for kind in _ORDERED),
    *(("max", f"list({kind})", "", kind, _largest, budget.items) for kind in _ORDERED),
    ("indexOf", "list(A)", "A", "int", _index_of, budget.items),
    ("lastIndexOf", "list(A)", "A", "int", _last_index_of, budget.items),
    ("includes", "list(A)", "A", "bool", contains, budget.items),
    ("slice", "list(A)", "int, int", "list(A)", _slice, budget.items),
    ("flatten", "list(list(A))", "", "list(A)", _flatten, budget.items),
    ("flatten", "list(dyn)", "", "list(dyn)", _flatten, budget.items),
    ("flatten", "list(dyn)", "int", "list(dyn)", _flatten, budget.items),
    ("distinct", "list(A)", "", "list(A)", _distinct, lambda items: budget.product(items, items)),
    ("reverse", "list(A)", "", "list(A)", lambda items: items[::-1], budget.items),
    *(("sort", f"list({kind})", "", f"list({kind})", _sort, budget.items) for kind in _ORDERED),
    *(
        ("lists.@sortByKeys", "", f"list(A), list({kind})", "list(A)", _sort_by_keys, budget.items)
        for kind in _ORDERED
    ),
    ("lists.range", "", "int", "list(int)", lambda count: list(range(count)), lambda count: max(count, 0)),
    ("first", "list(A)", "", "optional(A)", _first),
    ("last", "list(A)", "", "optional(A)", _last),
)
