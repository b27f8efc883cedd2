"""The values of expressions, where Python has none that fits, and when two values are equal.

int, float, bool, str, bytes, None, list and dict are themselves; a key of a dict that is a boolean is
wrapped (`key_of`), since Python takes True for 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mastractl.resources.cel import types
from mastractl.resources.cel.fault import CelError

if TYPE_CHECKING:
    from mastractl.resources.cel.types import Type

INT_MAX, INT_MIN, UINT_MAX = 2**63 - 1, -(2**63), 2**64 - 1
SECOND = 1_000_000_000


class UInt(int):
    """An unsigned integer of 64 bits."""

    __slots__ = ()


class Opaque:
    """A value that only functions look into. `kind` is its type."""

    __slots__ = ()
    kind: ClassVar[Type]


class _Instant(Opaque):
    """Something counted in nanoseconds."""

    __slots__ = ("ns",)

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Instant) and type(self) is type(other) and self.ns == other.ns

    def __hash__(self) -> int:
        return hash((type(self), self.ns))

    def __lt__(self, other: _Instant) -> bool:
        return self.ns < other.ns

    def __le__(self, other: _Instant) -> bool:
        return self.ns <= other.ns

    def __gt__(self, other: _Instant) -> bool:
        return self.ns > other.ns

    def __ge__(self, other: _Instant) -> bool:
        return self.ns >= other.ns


class Timestamp(_Instant):
    """Nanoseconds since 1970-01-01T00:00:00Z; `offset` are the minutes of the zone it was written in."""

    __slots__ = ("offset",)
    kind = types.TIMESTAMP

    def __init__(self, ns: int, offset: int = 0) -> None:
        super().__init__(ns)
        self.offset = offset


class Duration(_Instant):
    """A span of time in nanoseconds."""

    __slots__ = ()
    kind = types.DURATION


class Maybe(Opaque):
    """An optional value: `found` says whether there is one."""

    __slots__ = ("found", "value")
    kind = types.NAMED["optional_type"]

    def __init__(self, *values: Any) -> None:
        self.found = bool(values)
        self.value = values[0] if values else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Maybe) or self.found is not other.found:
            return False
        return not self.found or equal(self.value, other.value)

    def __hash__(self) -> int:
        return hash(self.found)


MISSING = Maybe()


class TypeValue(Opaque):
    """A type as a value: `int`, or what type(x) gives. Types of lists and maps have no items here."""

    __slots__ = ("name",)
    kind = types.TYPE

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeValue) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class _Truth:
    """A boolean as the key of a map."""

    __slots__ = ("value",)

    def __init__(self, *, value: bool) -> None:
        self.value = value


_TRUTHS = {True: _Truth(value=True), False: _Truth(value=False)}


def key_of(value: Any) -> Any:
    """The value as a key of a dict. Raises CelError where its type can be none."""
    if value is True or value is False:
        return _TRUTHS[value]
    if type(value) in _KEYS:
        return value
    message = f"unsupported key type: {type_name(value)}"
    raise CelError(message)


_KEYS = frozenset((str, int, UInt, float))


def value_of(key: Any) -> Any:
    """The value that a key of a dict stands for."""
    return key.value if type(key) is _Truth else key


_TYPES: dict[type, Type] = {
    int: types.INT,
    UInt: types.UINT,
    float: types.DOUBLE,
    bool: types.BOOL,
    str: types.STRING,
    bytes: types.BYTES,
    type(None): types.NULL,
    list: types.NAMED["list"],
    dict: types.NAMED["map"],
}
CLASSES: dict[str, tuple[type, ...]] = {
    **{kind.name: (cls,) for cls, kind in _TYPES.items()},
    types.TIMESTAMP.name: (Timestamp,),
    types.DURATION.name: (Duration,),
    "optional_type": (Maybe,),
    "type": (TypeValue,),
    "object": (dict,),
}
"""The Python classes of the values of a type."""


def type_name(value: Any) -> str:
    """The name of a value's type."""
    found = _TYPES.get(type(value))
    return found.name if found is not None else value.kind.name if isinstance(value, Opaque) else "dyn"


def type_of(value: Any) -> Type:
    """The type of a value; items of lists and maps are dyn."""
    found = _TYPES.get(type(value))
    return found if found is not None else value.kind if isinstance(value, Opaque) else types.DYN


def accepts(kind: Type, value: Any) -> bool:
    """Whether a value is of a type; of a list, the first item tells."""
    if kind.name in types.OPEN or len(kind.name) == 1:
        return True
    if kind.name == "list" and type(value) is list:
        return not value or accepts(kind.args[0], value[0])
    classes = CLASSES.get(kind.name)
    return type(value) in classes if classes is not None else type_name(value) == kind.name


_NUMBERS = frozenset((int, UInt, float))


def equal(a: Any, b: Any) -> bool:
    """Whether two values of any types are equal: numbers by value, and otherwise only within a type."""
    kind = type(a)
    if kind is not type(b):
        return kind in _NUMBERS and type(b) in _NUMBERS and bool(a == b)
    if kind is list:
        return len(a) == len(b) and all(map(equal, a, b))
    if kind is dict:
        return len(a) == len(b) and all(key in b and equal(value, b[key]) for key, value in a.items())
    return bool(a == b)


def contains(items: list[Any], value: Any) -> bool:
    """Whether a list has an item equal to the value."""
    return any(equal(item, value) for item in items)


def no_overload() -> CelError:
    """What a value of an unforeseen type is answered with."""
    return CelError("no such overload")
