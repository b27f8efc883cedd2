"""Path elements: one step from an object or a list to a field of it, spelled as fieldsV1 spells it.

    f:name             the field `name` of an object
    k:{"name":"x"}     the item of a map list whose keys have these values
    v:"x"              the item of a set that has this value
    i:0                the item of a list at this index (read, but never made here)

The spelling is canonical: keys sorted, no spaces, whole numbers without a fraction. Two elements are the
same if and only if their spellings are.
"""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from mastractl import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.values import JsonObject

SELF = "."
"""Not an element: the mark in fieldsV1 that a field with fields below it is itself in the set."""

quoted = encode_basestring
"""A text as JSON."""


def field(name: str) -> str:
    """The element of an object's field."""
    return "f:" + name


def key(keys: JsonObject) -> str:
    """The element of a map list's item that has these keys."""
    return "k:" + _text(keys)


def item(value: Any) -> str:
    """The element of a set's item."""
    return "v:" + (quoted(value) if type(value) is str else _text(value))


@lru_cache(maxsize=4096)
def canonical(element: str) -> str | None:
    """An element of somebody's fieldsV1 in canonical spelling; None if it is of a sort not known here.

    ValueError if it is of a known sort and makes no sense.
    """
    sort, rest = element[:2], element[2:]
    if sort == "f:":
        return element
    if sort in {"k:", "v:"}:
        value = values.load(rest)
        if sort == "k:" and not isinstance(value, dict):
            message = f"{element!r} names no keys"
            raise ValueError(message)
        return sort + _text(value)
    if sort == "i:":
        return f"i:{int(rest)}"
    return None


def shown(path: Iterable[str]) -> str:
    """A path as people read it: `.spec.tools[name="search"].ref`, `.metadata.finalizers["a"]`."""
    return "".join(_shown(element) for element in path)


def _shown(element: str) -> str:
    sort, rest = element[:2], element[2:]
    if sort == "f:":
        return f".{rest}" if rest.replace("_", "").replace("-", "").isalnum() else f"[{quoted(rest)}]"
    if sort == "k:":
        return "[" + ",".join(f"{name}={values.text(v)}" for name, v in values.load(rest).items()) + "]"
    return f"[{rest}]"


def _text(value: Any) -> str:
    return values.canonical(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """The value with whole floats as integers: 1 and 1.0 are one number in JSON."""
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value
