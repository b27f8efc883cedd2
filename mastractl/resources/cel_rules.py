"""The rules of schemas (x-kubernetes-validations), asked of documents.

A schema becomes a tree of the nodes that have rules at or below them; each rule is compiled when a document
first reaches it. The order is that of the Kubernetes API server (apiextensions `schema/cel/validation.go`):
the rules of a value before those of its parts, one after the other, all on one budget. Documents must obey
the rest of their schema already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.errors import Cause
from mastractl.resources.jsontypes import equal
from mastractl.resources.schema_words import EMBEDDED, LIST_TYPE, MAP_KEYS, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import FieldPath
    from mastractl.resources.cel.fault import CelError
    from mastractl.resources.cel.rule import Rule, RuleMaker
    from mastractl.resources.kinds import Version
    from mastractl.values import JsonObject

NO_RULES = ()
"""What stands for the rules of a schema that has none."""


def rule_causes(
    schema: JsonObject, document: Any, old: Any = None, *, path: FieldPath = (), root: bool = True
) -> list[Cause]:
    """What the rules of a schema have against a document: MA132 where one says no, MA133 where one fails.

    `old` is the stored document, None where there is none; a value that did not change since then only
    makes warnings (ratcheting). `path` is where the document stands, `root` whether it is a whole resource.
    """
    tree = rules_of(schema, root=root)
    return [] if tree is None else tree.causes(document, old, path)


def version_rule_causes(version: Version, document: JsonObject, old: JsonObject | None = None) -> list[Cause]:
    """As `rule_causes` for the documents of a version, whose rules are looked for only once."""
    tree = version.rules
    if tree is None:
        tree = version.rules = rules_of(version.schema) or NO_RULES
    return tree.causes(document, old, ()) if tree else []


_made: dict[int, tuple[JsonObject, Tree | None]] = {}
_MADE_LIMIT = 256


def rules_of(schema: JsonObject, *, root: bool = True) -> Tree | None:
    """The rules of a schema, found once; None where it has none. The schema must not change afterwards."""
    found = _made.get(id(schema))
    if found is not None and found[0] is schema:
        return found[1]
    tree = _tree(schema, schema, root=root)
    if len(_made) >= _MADE_LIMIT:
        _made.clear()
    _made[id(schema)] = (schema, tree)
    return tree


class _Run:
    """One document on its way through the rules."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.causes: list[Cause] = []

    def stop(self) -> None:
        """Ask no more rules."""
        self.budget = -1


class _Before(NamedTuple):
    """What shows a change: the value itself, or the nearest thing around it whose old state is known."""

    value: Any
    old: Any

    def unchanged(self) -> bool:
        return self.old is not None and equal(self.value, self.old)


_NOTHING = _Before(None, None)


class Tree:
    """The rules of a schema node, and the parts of its values that have rules."""

    __slots__ = ("_asked", "_schema", "branches", "items", "keys", "others", "properties", "root", "said")

    def __init__(self, said: tuple[JsonObject, ...], schema: JsonObject, *, root: bool) -> None:
        self.said = said
        self.root = root
        self._schema = schema
        self._asked: list[_Asked] | None = None
        self.properties: dict[str, Tree] = {}
        self.items: Tree | None = None
        self.others: Tree | None = None
        self.branches: list[Tree] = []
        by_key = schema.get(LIST_TYPE) == "map"
        self.keys: tuple[str, ...] = tuple(schema.get(MAP_KEYS) or ()) if by_key else ()

    def causes(self, document: Any, old: Any, path: FieldPath) -> list[Cause]:
        """What the rules have against a document."""
        from mastractl.resources.cel import budget  # noqa: PLC0415 - few schemas have rules

        run = _Run(budget.DOCUMENT_LIMIT)
        self.visit(run, document, old, path, _Before(document, old))
        return run.causes

    def visit(self, run: _Run, value: Any, old: Any, path: FieldPath, before: _Before) -> None:
        """Ask the rules here and below. `old` is None where there is no value to compare with."""
        if value is None or run.budget < 0:
            return
        if self.said:
            asked = self._asked
            if asked is None:
                asked = self._asked = list(_compiled(self.said, self._schema, root=self.root))
            for each in asked:
                each.ask(run, value, old, path, before)
                if run.budget < 0:
                    return
        for branch in self.branches:
            branch.visit(run, value, old, path, _NOTHING)
        if isinstance(value, list):
            self._visit_items(run, value, old, path, before)
        elif isinstance(value, dict):
            self._visit_fields(run, value, old, path, before)

    def _visit_fields(self, run: _Run, value: JsonObject, old: Any, path: FieldPath, before: _Before) -> None:
        olds = old if isinstance(old, dict) else {}
        for key, tree in self.properties.items():
            if key in value:
                _descend(tree, run, (value[key], olds.get(key)), (*path, key), before)
        others = self.others
        if others is not None:
            for key, part in value.items():
                _descend(others, run, (part, olds.get(key)), (*path, key), before)

    def _visit_items(self, run: _Run, value: list[Any], old: Any, path: FieldPath, before: _Before) -> None:
        """Items are compared with old ones only in lists whose items can be told apart by their keys."""
        tree = self.items
        if tree is None:
            return
        olds = {self._identity(item): item for item in old} if self.keys and isinstance(old, list) else {}
        for index, item in enumerate(value):
            was = olds.get(self._identity(item)) if olds else None
            _descend(tree, run, (item, was), (*path, index), before)

    def _identity(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return None
        return tuple((type(item.get(key)) is bool, item.get(key)) for key in self.keys)


def _descend(tree: Tree, run: _Run, pair: tuple[Any, Any], path: FieldPath, before: _Before) -> None:
    value, old = pair
    tree.visit(run, value, old, path, before if old is None else _Before(value, old))


def _tree(ruled: JsonObject, schema: JsonObject, *, root: bool) -> Tree | None:
    """The tree of a node: its rules are in `ruled` (itself, or a branch of its allOf), types in `schema`."""
    tree = Tree(tuple(ruled.get(RULES) or ()), schema, root=root)
    for key, child in (ruled.get("properties") or {}).items():
        described = schema.get("properties", {}).get(key)
        if isinstance(child, dict) and isinstance(described, dict):
            below = _tree(child, described, root=described.get(EMBEDDED) is True)
            if below is not None:
                tree.properties[key] = below
    tree.items = _below("items", ruled, schema)
    tree.others = _below("additionalProperties", ruled, schema)
    branches = (
        _tree(branch, schema, root=root) for branch in ruled.get("allOf") or () if isinstance(branch, dict)
    )
    tree.branches = [branch for branch in branches if branch is not None]
    parts = (tree.said, tree.properties, tree.branches)
    return tree if any(parts) or tree.items is not None or tree.others is not None else None


def _below(word: str, ruled: JsonObject, schema: JsonObject) -> Tree | None:
    child, described = ruled.get(word), schema.get(word)
    if not isinstance(child, dict) or not isinstance(described, dict):
        return None
    return _tree(child, described, root=described.get(EMBEDDED) is True)


class _Asked:
    """One rule, ready to be asked: what it says when it is broken, and of which field."""

    def __init__(self, said: JsonObject, rule: Rule) -> None:
        self.rule = rule
        self.text = " ".join(str(said.get("rule", "")).split())
        self.reason = said.get("reason") or "FieldValueInvalid"
        self.field = field_path(said["fieldPath"]) if said.get("fieldPath") else ()
        message = said.get("message")
        self.message = message.strip() if isinstance(message, str) else ""

    def ask(self, run: _Run, value: Any, old: Any, path: FieldPath, before: _Before) -> None:
        from mastractl.resources.cel.fault import CelError  # noqa: PLC0415 - it is there by now
        from mastractl.resources.cel.rule import ABSENT  # noqa: PLC0415 - as above

        rule = self.rule
        if old is None and rule.transition and not rule.optional_old:
            return
        was = ABSENT if old is None else old
        try:
            fine, cost = rule.measured(value, was, limit=run.budget)
        except CelError as fault:
            run.causes.append(self._failure(run, fault, path))
            return
        run.budget -= cost
        if fine:
            return
        message, cost = rule.told(value, was, limit=run.budget)
        run.budget -= cost
        warning = not rule.transition and before.unchanged()
        run.causes.append(self._broken(message, (*path, *self.field), warning=warning))

    def _broken(self, message: str, path: FieldPath, *, warning: bool) -> Cause:
        said = message or self.message
        hint = f"the rule is: {_short(self.text)}" if said else ""
        text = said or f"failed rule: {_short(self.text)}"
        return Cause(code="MA132", path=path, message=text, reason=self.reason, hint=hint, warning=warning)

    def _failure(self, run: _Run, fault: CelError, path: FieldPath) -> Cause:
        from mastractl.resources.cel.fault import CostExceeded  # noqa: PLC0415 - as above

        message = f"{fault.message} evaluating rule: {_short(self.text)}"
        hint = "the rule is at fault if the value is right: let it ask has(...) before it takes a field"
        run.budget -= fault.spent
        if isinstance(fault, CostExceeded):
            message += "; no further rules are asked"
            hint = "give the schema maxItems, maxLength and maxProperties, and the rule fewer nested loops"
            run.stop()
        elif not fault.message.startswith("no such key"):
            hint = ""
        return Cause(code="MA133", path=path, message=message, hint=hint)


class _Unusable:
    """A rule that does not compile: it fails for every value."""

    def __init__(self, said: JsonObject, fault: CelError) -> None:
        self.text = " ".join(str(said.get("rule", "")).split())
        self.fault = fault

    def ask(self, run: _Run, _value: Any, _old: Any, path: FieldPath, _before: _Before) -> None:
        message = f"rule compile error: {self.fault.message}: {_short(self.text)}"
        run.causes.append(Cause(code="MA133", path=path, message=message))


def _compiled(said: tuple[JsonObject, ...], schema: JsonObject, *, root: bool) -> Iterator[Any]:
    from mastractl.resources.cel.fault import CelError  # noqa: PLC0415 - few schemas have rules
    from mastractl.resources.cel.rule import RuleMaker  # noqa: PLC0415 - as above

    maker: RuleMaker | None = None
    for each in said:
        try:
            maker = maker or RuleMaker(schema, root=root)
            message = each.get("messageExpression") or ""
            rule = maker.rule(each["rule"], message=message, optional_old=each.get("optionalOldSelf") is True)
        except CelError as fault:
            yield _Unusable(each, fault)
        else:
            yield _Asked(each, rule)


def _short(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def field_path(text: str) -> FieldPath:
    """The field that a fieldPath names: `.a['b.c']` is a, then b.c; () where it is none."""
    steps: list[str] = []
    rest = text
    while rest:
        if rest.startswith("['") and (end := rest.find("']")) > 0:
            steps.append(rest[2:end].replace("\\'", "'").replace("\\\\", "\\"))
            rest = rest[end + 2 :]
            continue
        word = rest[1:].split(".", 1)[0].split("[", 1)[0]
        if not rest.startswith(".") or not word:
            return ()
        steps.append(word)
        rest = rest[1 + len(word) :]
    return tuple(steps)
