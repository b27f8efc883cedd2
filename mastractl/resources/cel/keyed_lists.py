"""Lists that are sets or maps: equal whatever their order, and merged by `+` (Kubernetes' pkg/cel/common)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel.schema_types import KeyedList, ObjectType
from mastractl.resources.cel.values import contains, equal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.types import Type

    Compare = Callable[[Any, Any], bool]


def comparison(kind: Type) -> Compare | None:
    """How values of the left operand's type are compared; None where `equal` knows."""
    if isinstance(kind, KeyedList):
        test = comparison(kind.args[0]) or equal
        return _by_keys(kind.keys, test) if kind.keys else _as_sets(test)
    if isinstance(kind, ObjectType):
        return _by_fields(kind)
    if kind.name in ("list", "map"):
        inner = comparison(kind.args[-1])
        if inner is not None:
            return _each_item(inner) if kind.name == "list" else _each_entry(inner)
    return None


def _as_sets(test: Compare) -> Compare:
    def same(a: list[Any], b: list[Any]) -> bool:
        return len(a) == len(b) and all(any(test(x, y) for y in b) for x in a)

    return same


def _by_keys(keys: tuple[str, ...], test: Compare) -> Compare:
    def same(a: list[Any], b: list[Any]) -> bool:
        if len(a) != len(b):
            return False
        others = {_identity(item, keys): item for item in b}
        return all((key := _identity(item, keys)) in others and test(item, others[key]) for item in a)

    return same


def _identity(item: Any, keys: tuple[str, ...]) -> Any:
    return tuple((type(item.get(key)) is bool, item.get(key)) for key in keys)


def _each_item(test: Compare) -> Compare:
    return lambda a, b: type(b) is list and len(a) == len(b) and all(map(test, a, b))


def _each_entry(test: Compare) -> Compare:
    return lambda a, b: (
        type(b) is dict and len(a) == len(b) and all(k in b and test(v, b[k]) for k, v in a.items())
    )


def _by_fields(kind: ObjectType) -> Compare:
    """Fields that expressions see are compared as their types say; conversions come first."""
    tests: dict[str, tuple[Compare, Any]] = {}

    def same(a: Any, b: Any) -> bool:
        if type(a) is not dict or type(b) is not dict:
            return a is b
        if not tests and kind.fields:
            for field in kind.fields.values():
                tests[field.key] = (comparison(field.type) or equal, field.convert or _same)
        for key in a.keys() | b.keys():
            x, y = a.get(key), b.get(key)
            test, convert = tests.get(key, (equal, _same))
            if (x is None) is not (y is None):
                return False
            if x is not None and not test(convert(x), convert(y)):
                return False
        return True

    return same


def _same(value: Any) -> Any:
    return value


def merged(kind: KeyedList) -> Callable[[list[Any], list[Any]], list[Any]]:
    """`+`: of sets the union; of maps, items of the right replace those of the left that have their keys."""
    keys = kind.keys
    if not keys:
        return lambda a, b: [*a, *(item for item in b if not contains(a, item))]

    def merge(a: list[Any], b: list[Any]) -> list[Any]:
        newer = {_identity(item, keys): item for item in b}
        kept = [newer.pop(_identity(item, keys), item) for item in a]
        return [*kept, *newer.values()]

    return merge
