"""The types of expressions, what fits where, and what several types have in common.

A type of one capital letter is a variable of a function's signature. `dyn` fits everywhere and is checked
when the expression is evaluated; `nothing` is the item type of `[]` and fits everywhere too.
"""

from __future__ import annotations


class Type:
    """A type by its name and, for lists, maps, optionals and types, what it is made of."""

    __slots__ = ("args", "name")

    def __init__(self, name: str, *args: Type) -> None:
        self.name = name
        self.args = args

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Type) and self.name == other.name and self.args == other.args
        )

    def __hash__(self) -> int:
        return hash((self.name, self.args))

    def __repr__(self) -> str:
        name = _SHOWN.get(self.name, self.name)
        return f"{name}({', '.join(map(repr, self.args))})" if self.args else name


_SHOWN = {
    "google.protobuf.Timestamp": "timestamp",
    "google.protobuf.Duration": "duration",
    "null_type": "null",
    "nothing": "dyn",
    "optional_type": "optional",
}

INT, UINT, DOUBLE, BOOL = Type("int"), Type("uint"), Type("double"), Type("bool")
STRING, BYTES, NULL, DYN, NOTHING = (
    Type("string"),
    Type("bytes"),
    Type("null_type"),
    Type("dyn"),
    Type("nothing"),
)
TIMESTAMP, DURATION, TYPE = (
    Type("google.protobuf.Timestamp"),
    Type("google.protobuf.Duration"),
    Type("type"),
)

NUMBERS = frozenset(("int", "uint", "double"))
OPEN = frozenset(("dyn", "nothing"))
SIMPLE = frozenset(
    ("int", "uint", "bool", "string", "bytes", "null_type", TIMESTAMP.name, DURATION.name, "type")
)
"""Types whose values Python compares just as CEL does, if both are of the same one."""

NAMED: dict[str, Type] = {
    each.name: each for each in (INT, UINT, DOUBLE, BOOL, STRING, BYTES, NULL, TIMESTAMP, DURATION, TYPE)
} | {
    "list": Type("list", DYN),
    "map": Type("map", DYN, DYN),
    "optional_type": Type("optional_type", DYN),
    "net.IP": Type("net.IP"),
    "net.CIDR": Type("net.CIDR"),
    "kubernetes.URL": Type("kubernetes.URL"),
    "kubernetes.Quantity": Type("kubernetes.Quantity"),
    "kubernetes.NamedFormat": Type("kubernetes.NamedFormat"),
    "kubernetes.Semver": Type("kubernetes.Semver"),
}
"""The types that an expression can name, as in `type(self.x) == int`."""


def list_of(item: Type) -> Type:
    """The type of lists of that item."""
    return Type("list", item)


def map_of(key: Type, value: Type) -> Type:
    """The type of maps from that key to that value."""
    return Type("map", key, value)


def optional_of(item: Type) -> Type:
    """The type of values of that type which may be missing."""
    return Type("optional_type", item)


_NULL_FITS = frozenset(("null_type", "object", TIMESTAMP.name, DURATION.name, "optional_type"))

Bound = dict[str, Type]
"""What the variables of a signature stand for in one call."""


def fits(wanted: Type, given: Type, bound: Bound) -> bool:
    """Whether a value of the type `given` may stand where `wanted` is asked for; binds the variables."""
    if len(wanted.name) == 1:
        return _bind(wanted.name, given, bound)
    if wanted is given or given.name in OPEN or wanted.name in OPEN:
        return True
    if given.name == "null_type":
        return wanted.name in _NULL_FITS
    if wanted.name != given.name or len(wanted.args) != len(given.args):
        return wanted.name == given.name == "type"
    if wanted.name == "object":
        return wanted == given
    return all(fits(a, b, bound) for a, b in zip(wanted.args, given.args, strict=True))


def _bind(name: str, given: Type, bound: Bound) -> bool:
    known = bound.get(name)
    if known is None:
        bound[name] = given
        return True
    joined = join(known, given)
    if joined is None:
        return False
    bound[name] = joined
    return True


def join(a: Type, b: Type) -> Type | None:
    """The type that values of both types have; None if there is none but dyn."""
    if a == b or b.name == "nothing":
        return a
    if a.name == "nothing" or b.name == "dyn":
        return b
    if a.name == b.name == "type":
        return TYPE
    if a.name == b.name and a.args and len(a.args) == len(b.args):
        return _join_parts(a, b)
    if a.name == "dyn" or fits(a, b, {}):
        return a
    return b if fits(b, a, {}) else None


def _join_parts(a: Type, b: Type) -> Type | None:
    parts = [join(x, y) for x, y in zip(a.args, b.args, strict=True)]
    found = [part for part in parts if part is not None]
    return Type(a.name, *found) if len(found) == len(parts) else None


def replaced(kind: Type, bound: Bound) -> Type:
    """The type with what the variables stand for; a variable that stands for nothing is `nothing`."""
    if len(kind.name) == 1:
        return bound.get(kind.name, NOTHING)
    return Type(kind.name, *(replaced(each, bound) for each in kind.args)) if kind.args else kind


def settled(kind: Type) -> Type:
    """The type with `dyn` for every `nothing`: what a whole expression has."""
    if kind.name == "nothing":
        return DYN
    return Type(kind.name, *map(settled, kind.args)) if kind.args else kind


def parse_type(text: str) -> Type:
    """The type that a signature spells: `map(string, list(A))`."""
    name, _, rest = text.strip().partition("(")
    if not rest:
        return NAMED.get(name) or _SHORT.get(name) or Type(name)
    return Type(_ALIASES.get(name, name), *map(parse_type, split_types(rest[:-1])))


def split_types(text: str) -> list[str]:
    """The members of `a, list(b), c`."""
    found, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            found.append(text[start:index])
            start = index + 1
    return [*found, text[start:]] if text.strip() else []


_SHORT = {"timestamp": TIMESTAMP, "duration": DURATION, "null": NULL, "dyn": DYN, "type": TYPE}
_ALIASES = {"optional": "optional_type"}
