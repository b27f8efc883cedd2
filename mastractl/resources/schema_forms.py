"""What the keywords of an openAPIV3Schema are, and what each may hold.

Before any rule is asked, everything in a schema has to have its form: no rule, and no compiler after it,
looks at a keyword that holds something else. The keywords are those of `JSONSchemaProps`
(apiextensions.k8s.io/v1), and mastractl's own, which begin with `x-mastra`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources.jsontypes import TYPES, has_type
from mastractl.resources.schema_words import (
    EMBEDDED,
    INT_OR_STRING,
    JUNCTORS,
    LIST_TYPE,
    MAP_KEYS,
    MAP_TYPE,
    OWN,
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
    RULES: "rules",
}
"""Every keyword of a structural schema and what its value is."""

_FORBIDDEN = {
    "$ref": "write the schema out where it is used",
    "$schema": "",
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

_RULE_KEYWORDS = {
    **dict.fromkeys(("rule", "message", "messageExpression", "reason", "fieldPath"), "string"),
    "optionalOldSelf": "boolean",
}
"""The fields of one rule of x-kubernetes-validations."""


def broken(cause: str, path: FieldPath, *, hint: str = "", at_key: bool = False) -> Cause:
    """The cause for a broken rule."""
    return Cause(code="MA130", path=path, message=cause, hint=hint, at_key=at_key)


def remark(cause: str, path: FieldPath, *, hint: str = "", at_key: bool = False) -> Cause:
    """A warning: Kubernetes takes it, but it does not do what it seems to."""
    return broken(cause, path, hint=hint, at_key=at_key)._replace(warning=True)


def form_causes(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """Keywords that do not exist (MA101 or MA130) or hold something of the wrong form (MA130)."""
    for word, value in schema.items():
        if word in _FORBIDDEN:
            message = f"{word} is not allowed in the schema of a kind"
            yield broken(message, (*path, word), hint=_FORBIDDEN[word], at_key=True)
        elif word in KEYWORDS:
            yield from _form(value, KEYWORDS[word], (*path, word))
        elif not word.startswith(OWN):
            yield unknown_cause((*path, word), tuple(KEYWORDS))


def _form(value: Any, form: str, path: FieldPath) -> Iterator[Cause]:
    if form in _FORMS:
        fits, wanted = _FORMS[form]
        if not fits(value):
            yield broken(f"must be {wanted}", path)
    elif form == "schema":
        yield from _schema(value, path)
    elif form == "rules":
        yield from _rules(value, path)
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
        yield from form_causes(value, path)
    elif isinstance(value, bool) and path[-1] == "additionalProperties":
        return
    elif path[-1] == "items" and isinstance(value, list):
        yield broken("items must be one schema that holds for every item", path)
    else:
        yield broken("must be a schema (an object)", path)


def _rules(value: Any, path: FieldPath) -> Iterator[Cause]:
    if not isinstance(value, list):
        yield broken("must be a list of rules, each with the field rule: a CEL expression", path)
        return
    for index, rule in enumerate(value):
        if not isinstance(rule, dict):
            yield broken("a rule needs the field rule: a CEL expression", (*path, index))
            continue
        for word, content in rule.items():
            at = (*path, index, word)
            if word not in _RULE_KEYWORDS:
                yield unknown_cause(at, tuple(_RULE_KEYWORDS))
            elif content is not None and not has_type(content, _RULE_KEYWORDS[word]):
                yield broken(f"must be of type {_RULE_KEYWORDS[word]}", at)
