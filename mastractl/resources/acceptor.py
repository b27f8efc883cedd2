"""The quick yes: is a value plainly valid, with no unknown field, nothing to fill in and nothing to drop?

Most documents are, and for them this is all that is run: no trail is kept and nothing is copied. Fields
whose schema is no more than a type are looked up and compared in the loop over their parent, since a call for
each of them would cost most of the time. Where it says no, the visitors of `nodes` find out what is to be
done; a law among the tests holds that whatever is accepted here passes there unchanged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mastractl.resources.constraints import constraints
from mastractl.resources.metadata import resource_schema
from mastractl.resources.nodes import Findings, items_schema, node
from mastractl.resources.schema_words import EMBEDDED, INT_OR_STRING, PRESERVE, has_default

if TYPE_CHECKING:
    from mastractl.resources.constraints import Check
    from mastractl.values import JsonObject

_PLAIN_TYPES = {"string": str, "boolean": bool, "integer": int}
_SAYS_NOTHING = frozenset(("type", "description", "title", "default", "example", "externalDocs"))


def acceptor(schema: JsonObject) -> Check:
    """The question for one schema, answered for one value. Children are compiled when first met.

    Null is never accepted, even where the schema allows it: what becomes of it is for the visitor to say.
    """
    if schema.get(EMBEDDED) is True:
        schema = resource_schema(schema, embedded=True)
    if schema.get(INT_OR_STRING) is not True:
        match schema.get("type"):
            case "object":
                return _object(schema)
            case "array" if "items" in schema:
                return _array(schema)
            case "string" | "boolean" | "integer" as name:
                return _bounded(schema) or _scalar(_PLAIN_TYPES[name], constraints(schema))
            case "number":
                return _bounded(schema) or _visited(schema)
    return _visited(schema)


def _visited(schema: JsonObject) -> Check:
    """The question put to the visitor, for schemas that are rare or have turns of their own."""
    visit = node(schema)

    def accept(value: Any) -> bool:
        if value is None:
            return False
        found = Findings(prune=False)
        return visit(value, found, ()) is value and found.plain and not found.unknown

    return accept


def _scalar(kind: type, checks: tuple[Check, ...]) -> Check:
    if len(checks) == 1:
        only = checks[0]
        return lambda value: type(value) is kind and only(value)

    def accept(value: Any) -> bool:
        if type(value) is not kind:
            return False
        for check in checks:  # noqa: SIM110 - all() with a generator takes twice as long
            if not check(value):
                return False
        return True

    return accept


def _bounded(schema: JsonObject) -> Check | None:
    """Type and bounds in one test, for the schemas that ask for nothing more; None for others."""
    asked = schema.keys() - _SAYS_NOTHING
    if schema["type"] == "string" and asked and asked <= {"minLength", "maxLength"}:
        low, high = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        return lambda value: type(value) is str and low <= len(value) <= high
    if schema["type"] in {"integer", "number"} and asked <= {"minimum", "maximum"}:
        least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if schema["type"] == "integer":
            return lambda value: type(value) is int and least <= value <= most
        return lambda value: (type(value) is int or type(value) is float) and least <= value <= most
    return None


def _later(schema: JsonObject, place: dict[str, Check], name: str) -> Check:
    """Compiles the schema when first asked, and then puts the answerer in its place."""

    def first(value: Any) -> bool:
        place[name] = accept = acceptor(schema)
        return accept(value)

    return first


def _object(schema: JsonObject) -> Check:  # noqa: C901 - calls would cost too much
    properties = schema.get("properties", {})
    plain = {name: kind for name, child in properties.items() if (kind := _plain_type(child))}
    deep: dict[str, Check] = {}
    for name, child in properties.items():
        if name not in plain:
            deep[name] = _later(child, deep, name)
    others = _others(schema)
    must = (*schema.get("required", ()), *(n for n, child in properties.items() if has_default(child)))
    checks = constraints(schema, skip="required")

    def accept(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, child in value.items():
            if plain.get(name) is not type(child) and not deep.get(name, others)(child):
                return False
        for name in must:
            if name not in value:
                return False
        for check in checks:  # noqa: SIM110 - as above
            if not check(value):
                return False
        return True

    # A field of a plain type that has another type is asked about here as well.
    deep.update(dict.fromkeys(plain, _refuse))
    return accept


def _others(schema: JsonObject) -> Check:
    """The question for fields that `properties` does not name."""
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        place: dict[str, Check] = {}
        place["*"] = _later(others, place, "*")
        return lambda value: place["*"](value)  # noqa: PLW0108 - it is replaced
    if others is True or schema.get(PRESERVE) is True:
        return _agree
    return _refuse


def _array(schema: JsonObject) -> Check:
    place: dict[str, Check] = {}
    items = items_schema(schema)
    place["items"] = _later(items, place, "items")
    checks = constraints(schema)
    plain = _plain_type(items)

    def accept(value: Any) -> bool:
        if type(value) is not list:
            return False
        for item in value:
            if type(item) is not plain and not place["items"](item):
                return False
        for check in checks:  # noqa: SIM110 - as above
            if not check(value):
                return False
        return True

    return accept


def _plain_type(schema: JsonObject) -> type | None:
    """The type of Python that is all a schema asks for; None if it asks for anything else."""
    return _PLAIN_TYPES.get(schema.get("type", "")) if _SAYS_NOTHING.issuperset(schema) else None


def _agree(_value: Any) -> bool:
    return True


def _refuse(_value: Any) -> bool:
    return False
