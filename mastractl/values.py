"""JSON values: their types, their one compact spelling, and deep copies.

A resource is its JSON document, so these few functions stand beneath every room.
"""

from __future__ import annotations

import json
from typing import Any

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JsonObject = dict[str, Any]

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
_canonical = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, sort_keys=True
)


def dump(value: Any) -> bytes:
    """The value as compact UTF-8 JSON, keys in the order they stand. ValueError for NaN and infinities."""
    return text(value).encode()


def text(value: Any) -> str:
    """The value as compact JSON text, keys in the order they stand. ValueError for NaN and infinities."""
    return _compact.encode(value)


def canonical(value: Any) -> bytes:
    """The value as compact UTF-8 JSON with sorted keys: equal values give equal bytes."""
    return _canonical.encode(value).encode()


def load(data: bytes | str) -> Any:
    """The value of a JSON text. ValueError where it is none; NaN and infinities are none."""
    return json.loads(data, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


def pretty(value: Any) -> str:
    """The value as indented JSON with a final newline: how files and `-o json` show it."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def copy(value: Any) -> Any:
    """A deep copy of a JSON value; several times quicker than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {k: copy(v) if isinstance(v, (dict, list)) else v for k, v in value.items()}
    if isinstance(value, list):
        return [copy(v) if isinstance(v, (dict, list)) else v for v in value]
    return value
