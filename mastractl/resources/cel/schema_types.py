"""From a structural schema to the type of `self`, as Kubernetes declares it (pkg/cel/common).

Fields without a schema cannot be seen. Names that are no identifiers are escaped. Numbers, dates, durations
and bytes are converted where they are selected, since JSON has no such types.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel import types
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.types import Type
from mastractl.resources.schema_words import EMBEDDED, INT_OR_STRING, LIST_TYPE, MAP_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.values import JsonObject

    Convert = Callable[[Any], Any]


class Field(NamedTuple):
    """A field that expressions can see: its type, its key in documents, and the conversion of its values."""

    type: Type
    key: str
    convert: Convert | None


class ObjectType(Type):
    """The type of an object with described fields; the fields' types are made when first asked for."""

    __slots__ = ("_fields", "_properties")

    def __init__(self, properties: JsonObject) -> None:
        super().__init__("object")
        self._properties = properties
        self._fields: dict[str, Field] | None = None

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, ObjectType) and self._properties == other._properties)

    __hash__ = Type.__hash__

    @property
    def fields(self) -> dict[str, Field]:
        """The fields by their names in expressions."""
        if self._fields is None:
            self._fields = {}
            for key, schema in self._properties.items():
                name = escaped(key)
                found = schema_type(schema) if name else None
                if found is not None:
                    self._fields[name] = field = Field(found, key, converter(schema))
                    if name == f"__{key}__":  # Kubernetes takes reserved words as they are, too
                        self._fields.setdefault(key, field)
        return self._fields


class KeyedList(Type):
    """The type of a list that is a set (`keys` is empty) or a map by the values of some fields."""

    __slots__ = ("keys",)

    def __init__(self, item: Type, keys: tuple[str, ...]) -> None:
        super().__init__("list", item)
        self.keys = keys


_TEXT: JsonObject = {"type": "string"}
_NAMES: JsonObject = {"name": _TEXT, "generateName": _TEXT}


def schema_type(schema: JsonObject, *, root: bool = False) -> Type | None:
    """The type of values of a schema; None where expressions cannot see them.

    `root` says that it is the schema of a whole resource: apiVersion, kind and metadata.name are there then.
    """
    if schema.get(INT_OR_STRING) is True:
        return types.DYN
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        item = schema_type(items) if isinstance(items, dict) else None
        return None if item is None else _list_type(item, schema)
    if kind == "object" or root:
        return _object_type(schema, root=root or schema.get(EMBEDDED) is True)
    if kind == "string":
        return _STRINGS.get(schema.get("format", ""), types.STRING)
    return _SCALARS.get(kind or "")


_SCALARS = {"boolean": types.BOOL, "integer": types.INT, "number": types.DOUBLE}
_STRINGS = {
    "byte": types.BYTES,
    "date": types.TIMESTAMP,
    "date-time": types.TIMESTAMP,
    "duration": types.DURATION,
}


def _list_type(item: Type, schema: JsonObject) -> Type:
    word = schema.get(LIST_TYPE)
    if word == "set":
        return KeyedList(item, ())
    return KeyedList(item, tuple(schema.get(MAP_KEYS) or ())) if word == "map" else types.list_of(item)


def _object_type(schema: JsonObject, *, root: bool) -> Type | None:
    others = schema.get("additionalProperties")
    if isinstance(others, dict) and not root:
        value = schema_type(others)
        return None if value is None else types.map_of(types.STRING, value)
    properties = schema.get("properties") or {}
    if not root:
        return ObjectType(properties)
    given = (properties.get("metadata") or {}).get("properties") or {}
    metadata = {"type": "object", "properties": {**given, **_NAMES}}
    return ObjectType({**properties, "apiVersion": _TEXT, "kind": _TEXT, "metadata": metadata})


def converter(schema: JsonObject) -> Convert | None:
    """What makes of a JSON value of the schema a value of its type; None where it is one already.

    Objects stay as they are: their fields are converted when they are selected.
    """
    convert = _bare_converter(schema)
    if convert is None or schema.get("nullable") is not True:
        return convert
    change = convert
    return lambda value: None if value is None else change(value)


def _bare_converter(schema: JsonObject) -> Convert | None:
    kind = schema.get("type")
    if schema.get(INT_OR_STRING) is True or kind == "integer":
        return _whole
    if kind == "number":
        return _double
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""))
    inner = schema.get("items" if kind == "array" else "additionalProperties")
    change = converter(inner) if isinstance(inner, dict) and kind in ("array", "object") else None
    if change is None:
        return None
    one = change
    if kind == "array":
        return lambda value: [one(item) for item in value]
    return lambda value: {key: one(item) for key, item in value.items()}


def _whole(value: Any) -> Any:
    """JSON may write 3 as 3.0."""
    return int(value) if type(value) is float and value.is_integer() else value


def _double(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _bytes(value: str) -> bytes:
    import base64  # noqa: PLC0415 - few schemas have bytes

    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        message = "the text is no base64"
        raise CelError(message) from None


def _date(value: str) -> Any:
    from mastractl.resources.cel.times import parse_timestamp  # noqa: PLC0415 - as above

    return parse_timestamp(value, date=True)


def _moment(value: str) -> Any:
    from mastractl.resources.cel.times import parse_timestamp  # noqa: PLC0415 - as above

    return parse_timestamp(value)


def _span(value: str) -> Any:
    from mastractl.resources.cel.times import lenient_duration  # noqa: PLC0415 - as above

    return lenient_duration(value)


_FORMATS: dict[str, Convert] = {"byte": _bytes, "date": _date, "date-time": _moment, "duration": _span}

_RESERVED = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
_UNFIT = re.compile(r"__|[./-]")
_WORDS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


def escaped(key: str) -> str:
    """How an expression writes the name of a field; "" if it cannot (Kubernetes' pkg/cel/escaping.go)."""
    if key in _RESERVED:
        return f"__{key}__"
    if not key or key[0].isdigit():
        return ""
    name = _UNFIT.sub(lambda hit: _WORDS[hit.group()], key)
    return name if name.isascii() and name.replace("_", "a").isalnum() else ""
