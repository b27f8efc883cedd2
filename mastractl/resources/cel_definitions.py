"""The rules in a CustomResourceDefinition: whether they can be compiled, and asked within Kubernetes' limits.

This is asked when a definition is checked, and not each time it is read: then rules are compiled when a
document first meets them (`cel_rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import types
from mastractl.resources.cel.asked import field_path
from mastractl.resources.cel.fault import CelError, position
from mastractl.resources.cel.rule import RuleMaker
from mastractl.resources.schema_forms import broken
from mastractl.resources.schema_words import EMBEDDED, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.resources.cel.types import Type
    from mastractl.values import JsonObject

REASONS = ("FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate")


def definition_causes(definition: JsonObject) -> list[Cause]:
    """What is wrong with the rules of a definition in canonical form whose schemas are in order otherwise.

    Causes MA130 at the rule, messageExpression, reason or fieldPath, with canonical paths.
    """
    found: list[Cause] = []
    for index, version in enumerate(definition["spec"]["versions"]):
        path = ("spec", "versions", index, "schema", "openAPIV3Schema")
        found += schema_rule_causes(version["schema"]["openAPIV3Schema"], path)
    return found


def schema_rule_causes(schema: JsonObject, path: FieldPath, *, root: bool = True) -> list[Cause]:
    """What is wrong with the rules of a schema. `path` is where it stands; `root`: it is of a resource."""
    return list(_node(schema, path, root=root))


def _node(schema: JsonObject, path: FieldPath, *, root: bool) -> Iterator[Cause]:
    if schema.get(RULES):
        yield from _rules(schema, path, root=root)
    for name, child in (schema.get("properties") or {}).items():
        if isinstance(child, dict):
            yield from _node(child, (*path, "properties", name), root=child.get(EMBEDDED) is True)
    for word in ("items", "additionalProperties"):
        child = schema.get(word)
        if isinstance(child, dict):
            yield from _node(child, (*path, word), root=child.get(EMBEDDED) is True)


def _rules(schema: JsonObject, path: FieldPath, *, root: bool) -> Iterator[Cause]:
    try:
        maker = RuleMaker(schema, root=root)
    except CelError as fault:
        yield broken(fault.message, (*path, RULES))
        return
    for index, said in enumerate(schema[RULES]):
        at = (*path, RULES, index)
        optional = said.get("optionalOldSelf") is True
        yield from _compiles(maker, said["rule"], types.BOOL, (*at, "rule"), optional=optional)
        if said.get("messageExpression"):
            where = (*at, "messageExpression")
            yield from _compiles(maker, said["messageExpression"], types.STRING, where, optional=optional)
        yield from _manners(schema, said, at)


def _compiles(
    maker: RuleMaker, expression: str, wanted: Type, path: FieldPath, *, optional: bool
) -> Iterator[Cause]:
    try:
        maker.program(expression, wanted, optional_old=optional)
    except CelError as fault:
        yield broken(
            f"the expression does not compile: {fault.message}", path, hint=_place(expression, fault.offset)
        )


def _place(expression: str, offset: int) -> str:
    """The place in the expression, as a line of text with an arrow before it."""
    if offset < 0:
        return ""
    line, column = position(expression, offset)
    text = expression.splitlines()[line - 1] if expression.strip() else ""
    before, after = text[max(0, column - 31) : column - 1], text[column - 1 : column + 39]
    where = f"line {line}, column {column}" if "\n" in expression.strip() else f"column {column}"
    return f"at {where} of the expression: {before.strip()} \N{RIGHTWARDS ARROW} {after.rstrip()}"


def _manners(schema: JsonObject, said: JsonObject, at: FieldPath) -> Iterator[Cause]:
    reason = said.get("reason")
    if reason is not None and reason not in REASONS:
        yield broken(f"must be one of {', '.join(REASONS)}", (*at, "reason"))
    path = said.get("fieldPath")
    if path and not _described(schema, path):
        hint = "write it from the value of the rule on, as in .spec.replicas; lists cannot be gone into"
        yield broken(f"{path!r} is no field that the schema describes here", (*at, "fieldPath"), hint=hint)


def _described(schema: JsonObject, text: Any) -> bool:
    steps = field_path(text) if isinstance(text, str) else ()
    here: Any = schema
    for step in steps:
        others = here.get("additionalProperties")
        here = (here.get("properties") or {}).get(step) or (others if isinstance(others, dict) else None)
        if not isinstance(here, dict):
            return False
    return bool(steps)
