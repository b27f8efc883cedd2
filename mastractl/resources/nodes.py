"""The closures a structural schema is compiled into.

`node` gives the visitor of one schema node: called with a value, the findings of the pass and the trail that
led there, it gives the value back pruned and defaulted, the same object where nothing changed. What is not
plainly valid is only noted; reasons are the judge's business. Children are compiled when first visited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.constraints import constraints, null_allowed
from mastractl.resources.metadata import resource_schema
from mastractl.resources.schema_words import EMBEDDED, INT_OR_STRING, PRESERVE, has_default
from mastractl.values import copy

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.constraints import Check
    from mastractl.values import JsonObject

    Trail = tuple[Any, ...]  # () at the root, else (trail of the parent, key or index)
    Visit = Callable[[Any, "Findings", Trail], Any]
    Maker = Callable[["Findings"], Any]


class Findings:
    """What one pass found: whether all is plainly valid, and the trails of unknown fields and dropped nulls.

    With `fill` nulls that stand for nothing are dropped and defaults come in; without, a null is a value.
    """

    __slots__ = ("fill", "nulls", "plain", "prune", "unknown")

    def __init__(self, *, prune: bool, fill: bool = True) -> None:
        self.prune = prune
        self.fill = fill
        self.plain = True
        self.unknown: list[Trail] = []
        self.nulls: list[Trail] = []


class _Gone:
    """Stands for a field that is to be dropped."""


_GONE = _Gone()


def node(schema: JsonObject) -> Visit:
    """The visitor of a schema node, its default included: null stands for it unless the field is nullable."""
    visit = _bare_node(schema)
    if not has_default(schema) or schema.get("nullable") is True:
        return visit
    make = _maker(schema["default"], schema)

    def defaulted(value: Any, found: Findings, trail: Trail) -> Any:
        return make(found) if value is None and found.fill else visit(value, found, trail)

    return defaulted


def _field(schema: JsonObject) -> Visit:
    """The visitor of a field of an object: null is no field where it is neither value nor default."""
    visit = node(schema)
    if has_default(schema) or schema.get("nullable") is True:
        return visit

    def dropping(value: Any, found: Findings, trail: Trail) -> Any:
        if value is not None or not found.fill:
            return visit(value, found, trail)
        found.nulls.append(trail)
        return _GONE

    return dropping


def _bare_node(schema: JsonObject) -> Visit:
    if schema.get(EMBEDDED) is True:
        schema = resource_schema(schema, embedded=True)
    if schema.get(INT_OR_STRING) is True:
        return _scalar(schema, _is_int_or_string)
    match schema.get("type"):
        case "object":
            return _object(schema, constraints(schema, skip="required"))
        case "array":
            return _array(schema, constraints(schema))
        case "string":
            return _string(schema)
        case None:
            return _untyped(schema)
        case other:
            return _scalar(schema, _TYPES.get(other, _is_nothing))


def _later(schema: JsonObject, place: dict[str, Visit], name: str) -> Visit:
    """A visitor that compiles the schema when first called and then puts the real one in its place."""

    def first(value: Any, found: Findings, trail: Trail) -> Any:
        visit = place[name] = _field(schema)
        return visit(value, found, trail)

    return first


def _items_later(schema: JsonObject, place: dict[str, Visit]) -> Visit:
    """The same for the items of a list, where a null is never dropped."""

    def first(value: Any, found: Findings, trail: Trail) -> Any:
        visit = place["items"] = node(schema)
        return visit(value, found, trail)

    return first


def _object(schema: JsonObject, checks: tuple[Check, ...]) -> Visit:  # noqa: C901 - calls would cost too much
    steps: dict[str, Visit] = {}
    for name, child in schema.get("properties", {}).items():
        steps[name] = _later(child, steps, name)
    rest = _rest(schema)
    null = null_allowed(schema)
    required = tuple(schema.get("required", ()))
    defaults = _defaults(schema)

    def visit(value: Any, found: Findings, trail: Trail) -> Any:
        if type(value) is not dict:
            if value is not None or not null:
                found.plain = False
            return value
        out = value
        for key, child in value.items():
            new = steps.get(key, rest)(child, found, (trail, key))
            if new is not child:
                out = _changed(value, out, key, new)
        if defaults and found.fill:
            out = _filled(value, out, defaults, found)
        for name in required:
            if name not in out:
                found.plain = False
        if checks and found.plain:
            found.plain = _pass(checks, out)
        return out

    return visit


def _changed(value: JsonObject, out: JsonObject, key: str, new: Any) -> JsonObject:
    """The object with one field replaced or dropped; copied once, so that the given one stays as it is."""
    if out is value:
        out = value.copy()
    if new is _GONE:
        del out[key]
    else:
        out[key] = new
    return out


def _filled(
    value: JsonObject, out: JsonObject, defaults: tuple[tuple[str, Maker], ...], found: Findings
) -> JsonObject:
    """The object with the defaults of the fields it lacks."""
    for name, make in defaults:
        if name not in out:
            out = _changed(value, out, name, make(found))
    return out


def _pass(checks: tuple[Check, ...], value: Any) -> bool:
    for check in checks:  # noqa: SIM110 - all() with a generator takes twice as long
        if not check(value):
            return False
    return True


def _rest(schema: JsonObject) -> Visit:
    """What becomes of the fields that `properties` does not name."""
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        place: dict[str, Visit] = {}
        place["*"] = _later(others, place, "*")
        return lambda value, found, trail: place["*"](value, found, trail)  # noqa: PLW0108 - it is replaced
    if others is True or schema.get(PRESERVE) is True:
        return _keep
    return _unknown


def _unknown(value: Any, found: Findings, trail: Trail) -> Any:
    found.unknown.append(trail)
    return _GONE if found.prune else value


def _defaults(schema: JsonObject) -> tuple[tuple[str, Maker], ...]:
    properties = schema.get("properties", {})
    return tuple(
        (name, _maker(child["default"], child)) for name, child in properties.items() if has_default(child)
    )


def _maker(default: Any, schema: JsonObject) -> Maker:
    """A source of fresh copies of a default, itself pruned and defaulted, when first wanted."""
    prepared: list[tuple[Any, bool]] = []

    def make(found: Findings) -> Any:
        if not prepared:
            inner = Findings(prune=True)
            prepared.append((_bare_node(schema)(copy(default), inner, ()), inner.plain))
        value, plain = prepared[0]
        if not plain:
            found.plain = False
        return copy(value)

    return make


def _keep(value: Any, _found: Findings, _trail: Trail) -> Any:
    return value


def _array(schema: JsonObject, checks: tuple[Check, ...]) -> Visit:
    null = null_allowed(schema)
    place: dict[str, Visit] = {"items": _keep}
    if "items" in schema:
        place["items"] = _items_later(items_schema(schema), place)

    def visit(value: Any, found: Findings, trail: Trail) -> Any:
        if type(value) is not list:
            if value is not None or not null:
                found.plain = False
            return value
        out = value
        step = place["items"]
        for index, item in enumerate(value):
            new = step(item, found, (trail, index))
            if new is not item:
                out = value.copy() if out is value else out
                out[index] = new
        if checks and found.plain:
            found.plain = _pass(checks, out)
        return out

    return visit


def items_schema(schema: JsonObject) -> JsonObject:
    """The schema of a list's items: a list that keeps unknown fields keeps those of its items."""
    items: JsonObject = schema["items"]
    return {**items, PRESERVE: True} if schema.get(PRESERVE) is True else items


def _string(schema: JsonObject) -> Visit:
    checks, null = constraints(schema), null_allowed(schema)

    def plain(value: Any, found: Findings, _trail: Trail) -> Any:
        if type(value) is not str and not (null and value is None):
            found.plain = False
        return value

    def checked(value: Any, found: Findings, _trail: Trail) -> Any:
        if type(value) is str:
            for check in checks:
                if not check(value):
                    found.plain = False
        elif not (null and value is None):
            found.plain = False
        return value

    return checked if checks else plain


def _scalar(schema: JsonObject, is_type: Check) -> Visit:
    checks, null = constraints(schema), null_allowed(schema)

    def visit(value: Any, found: Findings, _trail: Trail) -> Any:
        fine = null if value is None else is_type(value) and (not checks or _pass(checks, value))
        if not fine:
            found.plain = False
        return value

    return visit


def _untyped(schema: JsonObject) -> Visit:
    checks, null, nullable = constraints(schema), null_allowed(schema), schema.get("nullable") is True
    inner = {name: value for name, value in schema.items() if name != "required"}
    as_object = _object(inner, ()) if not inner.keys().isdisjoint(_OBJECT_WORDS) else _keep
    as_array = _array(inner, ()) if "items" in inner else _keep

    def visit(value: Any, found: Findings, trail: Trail) -> Any:
        if value is None and nullable:
            if not null:
                found.plain = False
            return value
        if type(value) is dict:
            value = as_object(value, found, trail)
        elif type(value) is list:
            value = as_array(value, found, trail)
        if found.plain:
            found.plain = _pass(checks, value)
        return value

    return visit


_OBJECT_WORDS = ("properties", "additionalProperties")


def _is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_boolean(value: Any) -> bool:
    return type(value) is bool


def _is_int_or_string(value: Any) -> bool:
    return type(value) is str or _is_integer(value)


def _is_nothing(_: Any) -> bool:
    return False


_TYPES: dict[Any, Check] = {"integer": _is_integer, "number": _is_number, "boolean": _is_boolean}
