"""What a schema demands of a value beyond its type, compiled into predicates.

`constraints` gives the tests of one schema node; `predicate` gives one test of a whole schema, as they stand
inside allOf, anyOf, oneOf and not. A predicate answers yes or no and nothing else: whoever wants to know why
asks the judge. Each test lets values pass that its keyword is not about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources import metadata
from mastractl.resources.jsontypes import equal, has_type, identity, is_multiple, is_number
from mastractl.resources.schema_words import EMBEDDED, INT_OR_STRING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from mastractl.values import JsonObject

    Check = Callable[[Any], bool]


def null_allowed(schema: JsonObject) -> bool:
    """Whether null is a value of the schema: it says so, and its enum, if it has one, does too."""
    if schema.get("nullable") is not True:
        return False
    return "enum" not in schema or any(value is None for value in schema["enum"])


def constraints(schema: JsonObject, *, skip: str = "") -> tuple[Check, ...]:
    """The tests of one node, quick ones first; its children are not looked at. `skip` leaves one out."""
    makers = ((keyword, make) for keyword, make in _MAKERS.items() if keyword in schema and keyword != skip)
    return tuple(check for _, make in makers for check in make(schema))


def predicate(schema: JsonObject) -> Check:
    """One test of a whole schema inside a junctor, where nothing is nullable; children included."""
    checks = (*_type_check(schema), *constraints(schema), *_children(schema))
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _type_check(schema: JsonObject) -> Iterator[Check]:
    if schema.get(INT_OR_STRING) is True:
        yield lambda value: has_type(value, "string") or has_type(value, "integer")
    elif "type" in schema:
        name = schema["type"]
        yield lambda value: has_type(value, name)


def _children(schema: JsonObject) -> Iterator[Check]:
    properties = {name: predicate(child) for name, child in schema.get("properties", {}).items()}
    rest = schema.get("additionalProperties", True)
    if properties or rest is not True:
        others = predicate(rest) if isinstance(rest, dict) else (lambda _: rest is True)
        yield (
            lambda value: (
                not isinstance(value, dict)
                or all(properties.get(key, others)(child) for key, child in value.items())
            )
        )
    if isinstance(schema.get("items"), dict):
        item = predicate(schema["items"])
        yield lambda value: not isinstance(value, list) or all(map(item, value))


def _enum(schema: JsonObject) -> Iterator[Check]:
    allowed = schema["enum"]
    if all(type(value) is str for value in allowed):
        words = frozenset(allowed)
        yield lambda value: type(value) is str and value in words
    else:
        yield lambda value: any(equal(value, one) for one in allowed)


def _least(schema: JsonObject) -> Iterator[Check]:
    low = schema["minimum"]
    if schema.get("exclusiveMinimum") is True:
        yield lambda value: not is_number(value) or value > low
    else:
        yield lambda value: not is_number(value) or value >= low


def _most(schema: JsonObject) -> Iterator[Check]:
    high = schema["maximum"]
    if schema.get("exclusiveMaximum") is True:
        yield lambda value: not is_number(value) or value < high
    else:
        yield lambda value: not is_number(value) or value <= high


def _multiple(schema: JsonObject) -> Iterator[Check]:
    step = schema["multipleOf"]
    yield lambda value: not is_number(value) or is_multiple(value, step)


def _at_least(kind: type[Sized], keyword: str) -> Callable[[JsonObject], Iterator[Check]]:
    def make(schema: JsonObject) -> Iterator[Check]:
        size = schema[keyword]
        yield lambda value: not isinstance(value, kind) or len(value) >= size

    return make


def _at_most(kind: type[Sized], keyword: str) -> Callable[[JsonObject], Iterator[Check]]:
    def make(schema: JsonObject) -> Iterator[Check]:
        size = schema[keyword]
        yield lambda value: not isinstance(value, kind) or len(value) <= size

    return make


def _pattern(schema: JsonObject) -> Iterator[Check]:
    from mastractl.resources import patterns  # noqa: PLC0415 - few schemas have patterns

    found = patterns.matcher(schema["pattern"]).found
    yield lambda value: not isinstance(value, str) or found(value)


def _format(schema: JsonObject) -> Iterator[Check]:
    from mastractl.resources import formats  # noqa: PLC0415 - few schemas have formats

    kind = "" if schema.get(INT_OR_STRING) is True else schema.get("type") or ""
    check = formats.check(schema["format"], kind)
    if check is not None:
        yield check


def _required(schema: JsonObject) -> Iterator[Check]:
    names = tuple(schema["required"])
    yield lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _unique(schema: JsonObject) -> Iterator[Check]:
    if schema["uniqueItems"] is True:
        yield lambda value: not isinstance(value, list) or not repeated(value)


def _list_type(schema: JsonObject) -> Iterator[Check]:
    if schema["x-kubernetes-list-type"] == "set":
        yield lambda value: not isinstance(value, list) or not repeated(value)
    elif schema["x-kubernetes-list-type"] == "map":
        keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        yield lambda value: not isinstance(value, list) or not repeated(map_keys(value, keys))


def map_keys(items: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """What identifies each item of a map-list: its key fields; an item without one of them has null there."""
    if len(keys) == 1:
        (key,) = keys
        return [item.get(key) if isinstance(item, dict) else item for item in items]
    return [[item.get(key) for key in keys] if isinstance(item, dict) else item for item in items]


def repeated(items: list[Any]) -> list[tuple[int, int]]:
    """The items that stand in a list before: pairs of (first index, later index)."""
    if set(map(type, items)) <= {str} and len(set(items)) == len(items):
        return []
    first: dict[Any, int] = {}
    again = []
    for index, item in enumerate(items):
        seen = first.setdefault(identity(item), index)
        if seen != index:
            again.append((seen, index))
    return again


def _embedded(schema: JsonObject) -> Iterator[Check]:
    if schema[EMBEDDED] is True:
        yield lambda value: not isinstance(value, dict) or not metadata.type_problems(value)


def _object_meta(schema: JsonObject) -> Iterator[Check]:
    if schema[metadata.MARK] is True:
        yield lambda value: not isinstance(value, dict) or metadata.is_plain(value)


def _all_of(schema: JsonObject) -> Iterator[Check]:
    yield from map(predicate, schema["allOf"])


def _any_of(schema: JsonObject) -> Iterator[Check]:
    branches = tuple(map(predicate, schema["anyOf"]))
    yield lambda value: any(branch(value) for branch in branches)


def _one_of(schema: JsonObject) -> Iterator[Check]:
    branches = tuple(map(predicate, schema["oneOf"]))
    yield lambda value: sum(branch(value) for branch in branches) == 1


def _not(schema: JsonObject) -> Iterator[Check]:
    branch = predicate(schema["not"])
    yield lambda value: not branch(value)


_MAKERS: dict[str, Callable[[JsonObject], Iterator[Check]]] = {
    "enum": _enum,
    "minLength": _at_least(str, "minLength"),
    "maxLength": _at_most(str, "maxLength"),
    "minimum": _least,
    "maximum": _most,
    "multipleOf": _multiple,
    "minItems": _at_least(list, "minItems"),
    "maxItems": _at_most(list, "maxItems"),
    "minProperties": _at_least(dict, "minProperties"),
    "maxProperties": _at_most(dict, "maxProperties"),
    "required": _required,
    "pattern": _pattern,
    "format": _format,
    "uniqueItems": _unique,
    "x-kubernetes-list-type": _list_type,
    EMBEDDED: _embedded,
    metadata.MARK: _object_meta,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
}
