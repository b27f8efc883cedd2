"""What the words of a schema mean for Python's JSON values: types, equality, multiples.

Both the compiled pass and the judge ask here, so that `true` is never 1, `1.0` is an integer and equal to 1,
and 0.3 is a multiple of 0.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.values import JsonObject

SCALARS = frozenset(("string", "integer", "number", "boolean"))
TYPES = SCALARS | {"object", "array"}


def type_name(value: Any) -> str:
    """The JSON type of a value, `integer` for whole numbers; Python's own name for what is no JSON."""
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return _NAMES.get(type(value)) or type(value).__name__


_NAMES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    type(None): "null",
}


def has_type(value: Any, name: str) -> bool:
    """Whether the value is of that type; every number without a fraction is an integer as well."""
    actual = type_name(value)
    return actual == name or (name == "number" and actual == "integer")


def objects(value: Any) -> Iterator[tuple[int, JsonObject]]:
    """The objects in a list, each with its index; nothing for what is no list."""
    for i, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield i, item


def is_number(value: Any) -> bool:
    """Whether the value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(a: Any, b: Any) -> bool:
    """Whether two JSON values are the same: numbers by value, objects whatever their order, 1 never true."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)


def identity(value: Any) -> Any:
    """A hashable stand-in: two values have the same one exactly when they are `equal`."""
    if isinstance(value, dict):
        return (dict, frozenset((key, identity(item)) for key, item in value.items()))
    if isinstance(value, list):
        return (list, tuple(map(identity, value)))
    return (bool, value) if isinstance(value, bool) else value


def is_multiple(value: float, step: float) -> bool:
    """Whether a number is a whole multiple of a step, as decimal numbers go: 0.3 is one of 0.1."""
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    from fractions import Fraction  # noqa: PLC0415 - rare, and it imports decimal

    return Fraction(repr(value)) % Fraction(repr(step)) == 0


def shown(value: Any, *, limit: int = 60) -> str:
    """The value as a message shows it: JSON, cut off at `limit` characters."""
    import json  # noqa: PLC0415 - for messages only

    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else text[: limit - 3] + "..."
