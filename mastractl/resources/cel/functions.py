"""Which functions there are: overloads by name, read from the libraries when a rule first uses one.

A library is a module with `ROWS`: name, type of the receiver ("" for a function that is no method), types
of the arguments, type of the result, the Python function and, where a call costs more than a step, its cost.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel.types import parse_type, split_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mastractl.resources.cel.budget import Cost
    from mastractl.resources.cel.types import Type


class Overload(NamedTuple):
    """One form of a function. `params` begins with the receiver of a method."""

    member: bool
    params: tuple[Type, ...]
    result: Type
    call: Callable[..., Any]
    cost: Cost | None


_LIBRARIES = {
    "standard": (
        "size contains startsWith endsWith matches type dyn int uint double bool string bytes "
        "timestamp duration"
    ),
    "times": (
        "getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes "
        "getSeconds getMilliseconds"
    ),
    "lists": (
        "isSorted sum min max indexOf lastIndexOf includes slice flatten distinct reverse sort "
        "first last lists.range lists.@sortByKeys"
    ),
    "strings": (
        "charAt indexOf lastIndexOf join lowerAscii upperAscii replace split substring trim "
        "reverse strings.quote find findAll"
    ),
    "formatting": "format",
    "urls": "url isURL getScheme getHost getHostname getPort getEscapedPath getQuery",
    "addresses": (
        "ip isIP ip.isCanonical cidr isCIDR family isUnspecified isLoopback isLinkLocalMulticast "
        "isLinkLocalUnicast isGlobalUnicast containsIP containsCIDR masked prefixLength string"
    ),
    "quantities": (
        "quantity isQuantity isInteger asInteger asApproximateFloat sign add sub isLessThan "
        "isGreaterThan compareTo"
    ),
    "versions": "semver isSemver major minor patch isLessThan isGreaterThan compareTo",
    "named_formats": (
        "format.named validate format.dns1123Label format.dns1123Subdomain format.dns1035Label "
        "format.qualifiedName format.dns1123LabelPrefix format.dns1123SubdomainPrefix "
        "format.dns1035LabelPrefix format.labelValue format.uri format.uuid format.byte "
        "format.date format.datetime"
    ),
    "sets": "sets.contains sets.equivalent sets.intersects",
    "mathematics": (
        "math.@max math.@min math.ceil math.floor math.round math.trunc math.isNaN math.isInf "
        "math.isFinite math.sqrt math.abs math.sign math.bitAnd math.bitOr math.bitXor "
        "math.bitNot math.bitShiftLeft math.bitShiftRight"
    ),
    "optionals": (
        "optional.of optional.none optional.ofNonZeroValue optional.unwrap hasValue value unwrapOpt"
    ),
    "encoders": "base64.encode base64.decode",
}
"""The names of the functions in each library; a name with @ is for macros only."""


@cache
def _homes() -> dict[str, tuple[str, ...]]:
    homes: dict[str, tuple[str, ...]] = {}
    for library, words in _LIBRARIES.items():
        for name in words.split():
            homes[name] = (*homes.get(name, ()), library)
    return homes


_MACROS = (
    "has all exists exists_one existsOne map filter transformList transformMap transformMapEntry sortBy"
    " or orValue optMap optFlatMap cel.bind math.greatest math.least"
)


def names() -> Iterable[str]:
    """The names of all functions and macros, for advice."""
    return (*_MACROS.split(), *(name for name in _homes() if "@" not in name))


def exists(name: str) -> bool:
    """Whether there is a function or method of that name."""
    return name in _homes()


@cache
def overloads(name: str) -> tuple[Overload, ...]:
    """The forms of a function, () where there is none."""
    found: list[Overload] = []
    for library in _homes().get(name, ()):
        rows = import_module(f"mastractl.resources.cel.{library}").ROWS
        found += (_overload(row) for row in rows if row[0] == name)
    return tuple(found)


def _overload(row: tuple[Any, ...]) -> Overload:
    _, receiver, given, result, call, *cost = row
    params = ([receiver] if receiver else []) + split_types(given)
    types = tuple(map(parse_type, params))
    return Overload(bool(receiver), types, parse_type(result), call, cost[0] if cost else None)
