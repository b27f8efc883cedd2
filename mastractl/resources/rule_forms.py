"""What a rule of x-kubernetes-validations must say beside its expression.

The rules are those of apiextensions.k8s.io/v1 (`apis/apiextensions/validation`); whether the expression
itself makes sense is asked elsewhere. `field_at` is how a definition names a field by its path: in a rule's
fieldPath and among the selectable fields.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mastractl.resources.jsontypes import shown
from mastractl.resources.schema_forms import broken
from mastractl.resources.schema_words import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.values import JsonObject

REASONS = ("FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate")
"""What a rule may give as the reason of a cause."""

_STEP = r"\.([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]"


def rule_form_causes(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """What is wrong with the rules of one schema node, their expressions aside."""
    for index, rule in enumerate(schema.get(RULES, ())):
        yield from _rule(rule, schema, (*path, RULES, index))


def _rule(rule: JsonObject, schema: JsonObject, at: FieldPath) -> Iterator[Cause]:
    text, message = rule.get("rule") or "", rule.get("message") or ""
    if not text.strip():
        yield broken("a rule needs the field rule: a CEL expression", at)
    if message and not message.strip():
        yield broken("a message that is given must say something", (*at, "message"))
    if _lines(message.strip()):
        yield broken("a message is one line", (*at, "message"))
    if _lines(text.strip()) and not message.strip():
        yield broken("a rule of several lines needs a message", at)
    expression = rule.get("messageExpression") or ""
    if expression and not expression.strip():
        yield broken("a messageExpression that is given must say something", (*at, "messageExpression"))
    reason = rule.get("reason")
    if reason is not None and reason not in REASONS:
        message = f"{shown(reason)} is no reason: must be one of {', '.join(REASONS)}"
        yield broken(message, (*at, "reason"))
    if field := rule.get("fieldPath"):
        yield from _field_path(field, schema, (*at, "fieldPath"))


def _field_path(text: str, schema: JsonObject, at: FieldPath) -> Iterator[Cause]:
    if not text.strip() or _lines(text):
        yield broken("a fieldPath is one line that names a field: .name", at)
        return
    try:
        field_at(text, schema)
    except ValueError as error:
        hint = "write it from the field with the rule on, as in .name or ['a.b']"
        yield broken(f"{shown(text)} names no field that the schema describes: {error}", at, hint=hint)


def _lines(text: str) -> bool:
    return "\n" in text or "\r" in text


def field_at(text: str, schema: JsonObject, *, brackets: bool = True) -> tuple[FieldPath, JsonObject]:
    """The field that a path such as `.spec.color` or `['a.b']` names, and its schema.

    Lists cannot be stepped into; `brackets` allows the second spelling. Raises ValueError with what is wrong.
    """
    steps: list[str] = []
    position, here = 0, schema
    while position < len(text):
        found = re.compile(_STEP).match(text, position)
        if found is None or (found[1] is None and not brackets):
            message = f"it cannot be read from {text[position:]!r} on"
            raise ValueError(message)
        name = found[1] if found[1] is not None else re.sub(r"\\(.)", r"\1", found[2])
        steps.append(name)
        here = _child(here, name)
        position = found.end()
    return tuple(steps), here


def _child(schema: JsonObject, name: str) -> JsonObject:
    others = schema.get("additionalProperties")
    child: Any = schema["properties"].get(name) if schema.get("properties") else others
    if not isinstance(child, dict):
        message = f"there is no field {name!r}"
        raise ValueError(message)  # noqa: TRY004 - the path is wrong, whatever stands there
    return child
