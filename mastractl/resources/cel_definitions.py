"""The rules in a CustomResourceDefinition: whether they can be compiled, and asked within Kubernetes' limits.

This is asked when a definition is checked, and not each time it is read: then rules are compiled when a
document first meets them (`cel_rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import budget, extents, types
from mastractl.resources.cel.asked import field_path
from mastractl.resources.cel.estimate import estimate
from mastractl.resources.cel.fault import CelError, position
from mastractl.resources.cel.rule import RuleMaker
from mastractl.resources.schema_forms import broken
from mastractl.resources.schema_words import EMBEDDED, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
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
    check = _Check()
    check.node(schema, path, root=root, count=1)
    if check.total > budget.DEFINITION_LIMIT:
        over = _times(check.total, budget.DEFINITION_LIMIT)
        message = f"all rules together may cost {over} what a definition may at worst"
        check.causes.append(broken(message, path, hint=_ADVICE, at_key=True))
    return check.causes


_ADVICE = (
    "give arrays maxItems, objects with additionalProperties maxProperties and texts maxLength, "
    "or simplify the rule"
)


class _Check:
    """The rules of one schema on their way through the compiler, and what they may cost together."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.total = 0

    def node(self, schema: JsonObject, path: FieldPath, *, root: bool, count: int | None) -> None:
        """Look at a node and below. `count` is how many values of it there can be, None if unlimited."""
        if schema.get(RULES):
            self._rules(
                schema, path, root=root, count=extents.cardinality(schema) if count is None else count
            )
        limit = extents.children(schema)
        inner = None if count is None or limit is None else count * limit
        for name, child in (schema.get("properties") or {}).items():
            if isinstance(child, dict):
                at = (*path, "properties", name)
                self.node(child, at, root=child.get(EMBEDDED) is True, count=inner)
        for word in ("items", "additionalProperties"):
            child = schema.get(word)
            if isinstance(child, dict):
                self.node(child, (*path, word), root=child.get(EMBEDDED) is True, count=inner)

    def _rules(self, schema: JsonObject, path: FieldPath, *, root: bool, count: int) -> None:
        try:
            maker = RuleMaker(schema, root=root)
        except CelError as fault:
            self.causes.append(broken(fault.message, (*path, RULES)))
            return
        for index, said in enumerate(schema[RULES]):
            at = (*path, RULES, index)
            optional = said.get("optionalOldSelf") is True
            self._expression(maker, said["rule"], (*at, "rule"), optional=optional, count=count)
            if said.get("messageExpression"):
                where = (*at, "messageExpression")
                self._expression(maker, said["messageExpression"], where, optional=optional, count=0)
            self.causes += _manners(schema, said, at)

    def _expression(
        self, maker: RuleMaker, expression: str, path: FieldPath, *, optional: bool, count: int
    ) -> None:
        """Compile an expression and add up its cost. A messageExpression has no `count`: it is a text."""
        try:
            maker.program(expression, types.BOOL if count else types.STRING, optional_old=optional)
        except CelError as fault:
            message = f"the expression does not compile: {fault.message}"
            self.causes.append(broken(message, path, hint=_place(expression, fault.offset)))
            return
        cost = estimate(expression, maker.environment(optional_old=optional), maker.schema) * max(count, 1)
        self.total += cost if count else 0
        if cost > budget.RULE_LIMIT:
            over = _times(cost, budget.RULE_LIMIT)
            message = f"the expression may cost {over} what a rule may at worst, by the limits of its schema"
            self.causes.append(broken(message, path, hint=_ADVICE))


def _times(cost: int, limit: int) -> str:
    factor = cost / limit
    return "more than 100 times" if factor > 100 else f"{factor:.1f} times"


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
