"""What an openAPIV3Schema may contain: the rules that make a schema structural.

These are the rules of apiextensions.k8s.io/v1 (`schema/validation.go`, `apis/apiextensions/validation`): a
schema that passes can be pruned, defaulted and compiled, and a real API server takes it unchanged. Every
broken rule is a cause MA130 at the field that breaks it, in words; an unknown keyword is MA101.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources import patterns
from mastractl.resources.jsontypes import SCALARS, TYPES, has_type, shown
from mastractl.resources.schema_words import (
    EMBEDDED,
    INT_OR_STRING,
    JUNCTORS,
    LIST_TYPE,
    MAP_KEYS,
    MAP_TYPE,
    PRESERVE,
    RULES,
)
from mastractl.resources.sensitive import MARK
from mastractl.resources.unknown import unknown_cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

_ANY = ""
KEYWORDS: dict[str, str] = {
    **dict.fromkeys(("type", "format", "title", "description", "pattern", LIST_TYPE, MAP_TYPE), "string"),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), "number"),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum", "uniqueItems", "nullable"), "boolean"),
    **dict.fromkeys((INT_OR_STRING, PRESERVE, EMBEDDED, MARK), "boolean"),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), "size"
    ),
    **dict.fromkeys(("required", MAP_KEYS), "strings"),
    **dict.fromkeys(JUNCTORS, "schemas"),
    **dict.fromkeys(("not", "items"), "schema"),
    **dict.fromkeys(("default", "example"), _ANY),
    "enum": "array",
    "properties": "schema map",
    "additionalProperties": "schema",
    "externalDocs": "object",
    RULES: "array",
}
"""Every keyword of a structural schema and what its value is."""

_FORBIDDEN = {
    "$ref": "write the schema out where it is used",
    "id": "",
    "definitions": "write the schemas out where they are used",
    "dependencies": "",
    "deprecated": "",
    "discriminator": "",
    "readOnly": "",
    "writeOnly": "",
    "xml": "",
    "patternProperties": "use additionalProperties",
    "additionalItems": "",
}


def broken(cause: str, path: FieldPath, *, hint: str = "", at_key: bool = False) -> Cause:
    """The cause for a broken rule."""
    return Cause(code="MA130", path=path, message=cause, hint=hint, at_key=at_key)


def schema_causes(schema: JsonObject, path: FieldPath) -> list[Cause]:
    """Every rule that the schema of a kind breaks. `path` is where it stands in its definition."""
    found = list(_keywords(schema, path))
    if found:
        return found
    return [*_root(schema, path), *_node(schema, path, root=True)] or list(_defaults(schema, path))


def ruled_fields(schema: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The fields with CEL rules (x-kubernetes-validations), as document paths; `*` stands for any key."""
    if not isinstance(schema, dict):
        return
    if schema.get(RULES):
        yield path
    for name, child in (schema.get("properties") or {}).items():
        yield from ruled_fields(child, (*path, name))
    for keyword in ("items", "additionalProperties"):
        yield from ruled_fields(schema.get(keyword), (*path, "*"))


def _keywords(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """Keywords that do not exist or hold something of the wrong form; nothing else is safe to ask before."""
    for word, value in schema.items():
        if word in _FORBIDDEN:
            message = f"{word} is not allowed in the schema of a kind"
            yield broken(message, (*path, word), hint=_FORBIDDEN[word], at_key=True)
        elif word not in KEYWORDS:
            yield unknown_cause((*path, word), tuple(KEYWORDS))
        else:
            yield from _form(value, KEYWORDS[word], (*path, word))


def _form(value: Any, form: str, path: FieldPath) -> Iterator[Cause]:
    if form in _FORMS:
        fits, wanted = _FORMS[form]
        if not fits(value):
            yield broken(f"must be {wanted}", path)
    elif form == "schema":
        yield from _schema(value, path)
    elif form in TYPES and not has_type(value, form):
        yield broken(f"must be of type {form}", path)
    for step, child in _children(value, form):
        yield from _schema(child, (*path, step))


def _children(value: Any, form: str) -> Iterable[tuple[str | int, Any]]:
    """The schemas inside a keyword's value."""
    if form == "schemas" and isinstance(value, list):
        return enumerate(value)
    return value.items() if form == "schema map" and isinstance(value, dict) else ()


_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "schemas": (lambda value: isinstance(value, list) and bool(value), "a list of schemas, and not empty"),
    "schema map": (lambda value: isinstance(value, dict), "an object: field names and their schemas"),
    "size": (lambda value: has_type(value, "integer") and value >= 0, "an integer from 0 up"),
    "strings": (
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
        "a list of texts",
    ),
}


def _schema(value: Any, path: FieldPath) -> Iterator[Cause]:
    if isinstance(value, dict):
        yield from _keywords(value, path)
    elif isinstance(value, bool) and path[-1] == "additionalProperties":
        return
    elif path[-1] == "items" and isinstance(value, list):
        yield broken("items must be one schema that holds for every item", path)
    else:
        yield broken("must be a schema (an object)", path)


def _root(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if schema.get("type") != "object":
        yield broken("the schema of a kind must have type: object", (*path, "type"))
    if "additionalProperties" in schema:
        yield broken("additionalProperties is not allowed at the root", (*path, "additionalProperties"))
    metadata = schema.get("properties", {}).get("metadata", {})
    at = (*path, "properties", "metadata")
    for word in metadata:
        if word not in ("type", "description", "title", "properties"):
            yield broken(
                f"{word} is not allowed: metadata may only restrict name and generateName", (*at, word)
            )
    for name in metadata.get("properties", {}):
        if name not in ("name", "generateName"):
            message = f"{name} cannot be restricted: metadata may only restrict name and generateName"
            yield broken(message, (*at, "properties", name))


def _node(schema: JsonObject, path: FieldPath, *, root: bool = False) -> Iterator[Cause]:
    if not root:
        yield from _typed(schema, path)
    yield from _values(schema, path)
    yield from _extensions(schema, path)
    yield from _lists(schema, path)
    yield from _objects(schema, path)
    yield from _rules(schema, path)
    yield from _junctors(schema, path)
    for name, child in schema.get("properties", {}).items():
        yield from _node(child, (*path, "properties", name))
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict) and not (root and word == "additionalProperties"):
            yield from _node(schema[word], (*path, word))


def _typed(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind is None and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        yield broken("every field needs a type", path, hint=f"one of {', '.join(sorted(TYPES))}")
    elif kind is not None and kind not in TYPES:
        yield broken(f"{shown(kind)} is no type", (*path, "type"), hint=f"one of {', '.join(sorted(TYPES))}")
    elif kind is not None and schema.get(INT_OR_STRING):
        yield broken(f"a field with {INT_OR_STRING} has no type of its own", (*path, "type"))
    if kind == "array" and "items" not in schema:
        yield broken("an array needs items: the schema of its items", path)


def _values(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if schema.get("uniqueItems") is True:
        yield broken("uniqueItems: true is not allowed", (*path, "uniqueItems"), hint=f"use {LIST_TYPE}: set")
    if "pattern" in schema:
        try:
            patterns.matcher(schema["pattern"])
        except ValueError as error:
            yield broken(f"is no regular expression: {error}", (*path, "pattern"))
    if schema.get("multipleOf", 1) <= 0:
        yield broken("must be greater than 0", (*path, "multipleOf"))


def _extensions(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if schema.get(PRESERVE) is False:
        yield broken("can only be true; leave it out otherwise", (*path, PRESERVE))
    if schema.get(INT_OR_STRING):
        for word in (PRESERVE, EMBEDDED):
            if schema.get(word):
                yield broken(f"cannot stand beside {INT_OR_STRING}", (*path, word))
    elif schema.get(EMBEDDED):
        if schema.get("type") != "object":
            yield broken("needs type: object beside it", (*path, EMBEDDED))
        if not schema.get("properties") and not schema.get(PRESERVE):
            yield broken(f"needs properties or {PRESERVE}: true beside it", (*path, EMBEDDED))
    if MAP_TYPE in schema and (
        schema.get("type") != "object" or schema[MAP_TYPE] not in ("atomic", "granular")
    ):
        yield broken("must be atomic or granular, on a field of type object", (*path, MAP_TYPE))


def _objects(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if "additionalProperties" not in schema:
        return
    at = (*path, "additionalProperties")
    if schema["additionalProperties"] is False:
        yield broken(
            "additionalProperties cannot be false", at, hint="leave it out: unknown fields are refused anyway"
        )
    elif schema.get("properties"):
        yield broken("additionalProperties and properties exclude each other", at)
    if schema.get(EMBEDDED):
        yield broken("additionalProperties cannot stand in an embedded resource", at)


def _lists(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    word = schema.get(LIST_TYPE)
    keys = schema.get(MAP_KEYS)
    if word is not None and schema.get("type") != "array":
        yield broken(f"{LIST_TYPE} belongs to a field of type array", (*path, LIST_TYPE))
    elif word not in (None, "atomic", "set", "map"):
        yield broken("must be atomic, set or map", (*path, LIST_TYPE))
    elif word == "map":
        yield from _map_list(schema, keys or [], path)
    elif word == "set":
        yield from _set_list(schema.get("items", {}), (*path, "items"))
    if keys and word != "map":
        yield broken(f"{MAP_KEYS} belongs to {LIST_TYPE}: map", (*path, MAP_KEYS))


def _map_list(schema: JsonObject, keys: list[str], path: FieldPath) -> Iterator[Cause]:
    item = schema.get("items", {})
    if not keys:
        yield broken(f"a map-list needs {MAP_KEYS}: the fields that tell its items apart", path)
    if len(set(keys)) != len(keys):
        yield broken("names a field twice", (*path, MAP_KEYS))
    if item.get("type") != "object":
        yield broken("the items of a map-list must be objects", (*path, "items"))
        return
    if item.get("nullable"):
        yield broken("the items of a map-list cannot be null", (*path, "items", "nullable"))
    for index, key in enumerate(keys):
        field = item.get("properties", {}).get(key)
        if field is None or field.get("type") not in SCALARS:
            message = f"{key} must be a field of the items, and a text, number or boolean"
            yield broken(message, (*path, MAP_KEYS, index))
        elif key not in item.get("required", ()) and "default" not in field:
            yield broken(f"{key} must be required in the items, or have a default", (*path, MAP_KEYS, index))


def _set_list(item: JsonObject, path: FieldPath) -> Iterator[Cause]:
    if item.get("nullable"):
        yield broken("the items of a set cannot be null", (*path, "nullable"))
    whole = {"object": (MAP_TYPE, ("atomic",)), "array": (LIST_TYPE, ("atomic", None))}
    word, allowed = whole.get(item.get("type", ""), ("", ()))
    if word and item.get(word) not in allowed:
        yield broken(f"an {item['type']} in a set must be compared as a whole: {word}: atomic", path)


def _rules(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    for index, rule in enumerate(schema.get(RULES, ())):
        at = (*path, RULES, index)
        if not isinstance(rule, dict) or not isinstance(rule.get("rule"), str) or not rule["rule"].strip():
            yield broken("a rule needs the field rule: a CEL expression", at)
            continue
        message = rule.get("message")
        if isinstance(message, str) and "\n" in message:
            yield broken("a message is one line", (*at, "message"))
        if "\n" in rule["rule"].strip() and not message and not rule.get("messageExpression"):
            yield broken("a rule of several lines needs a message", at)


_ONLY_OUTSIDE = frozenset(("additionalProperties", "default", "title", "description", "nullable", "type"))


def _junctors(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    for word in JUNCTORS:
        for index, branch in enumerate(schema.get(word, ())):
            at = (*path, word, index)
            if not _is_int_or_string_form(schema, word, branch):
                yield from _branch(branch, schema, at)
    if "not" in schema:
        yield from _branch(schema["not"], schema, (*path, "not"))


def _is_int_or_string_form(schema: JsonObject, word: str, branch: JsonObject) -> bool:
    """Whether this is a branch of `anyOf: [{type: integer}, {type: string}]`, allowed on an int-or-string."""
    pair = [{"type": "integer"}, {"type": "string"}]
    if not schema.get(INT_OR_STRING):
        return False
    if word == "anyOf":
        return bool(schema["anyOf"] == pair)
    return word == "allOf" and branch is schema["allOf"][0] and branch == {"anyOf": pair}


def _branch(branch: JsonObject, outside: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """The rules inside a junctor: values only, and only of fields that are described outside too."""
    for word in branch:
        if word in _ONLY_OUTSIDE or word.startswith("x-kubernetes-"):
            message = f"{word} is not allowed inside allOf, anyOf, oneOf and not"
            yield broken(message, (*path, word), hint="write it outside")
    yield from _values(branch, path)
    for name, child in branch.get("properties", {}).items():
        at = (*path, "properties", name)
        described = _described(outside, name)
        if described is None:
            yield broken(f"{name} must also be described outside, in properties", at)
        else:
            yield from _branch(child, described, at)
    if "items" in branch:
        if "items" not in outside:
            yield broken("items must also be described outside", (*path, "items"))
        else:
            yield from _branch(branch["items"], outside["items"], (*path, "items"))
    for word in JUNCTORS:
        for index, each in enumerate(branch.get(word, ())):
            yield from _branch(each, outside, (*path, word, index))
    if "not" in branch:
        yield from _branch(branch["not"], outside, (*path, "not"))


def _described(outside: JsonObject, name: str) -> JsonObject | None:
    others = outside.get("additionalProperties")
    found: JsonObject | None = outside.get("properties", {}).get(name)
    return found if found is not None or not isinstance(others, dict) else others


def _defaults(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """Defaults that their own schema would not accept; asked only of schemas that break no other rule."""
    if "default" in schema:
        yield from _default(schema, (*path, "default"))
    for name, child in schema.get("properties", {}).items():
        yield from _defaults(child, (*path, "properties", name))
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from _defaults(schema[word], (*path, word))


def _default(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    from mastractl.resources.structural import compile_schema  # noqa: PLC0415 - few schemas have defaults

    _, causes = compile_schema(schema, resource=False).run(schema["default"])
    for cause in causes:
        message = f"the default does not fit its own schema: {cause.message}"
        yield broken(message, (*path, *cause.path), hint=cause.hint, at_key=cause.at_key)
