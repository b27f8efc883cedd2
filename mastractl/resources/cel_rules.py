"""The rules of schemas (x-kubernetes-validations), asked of documents.

A schema becomes a tree of the nodes that have rules at or below them; each rule is compiled when a document
first reaches it. The order is that of the Kubernetes API server (apiextensions `schema/cel/validation.go`):
the rules of a value before those of its parts, one after the other, all on one budget. Documents must obey
the rest of their schema already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.schema_words import EMBEDDED, LIST_TYPE, MAP_KEYS, RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.errors import Cause, FieldPath
    from mastractl.resources.cel.asked import Asked, Before, Run, Unusable
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
    return version.rules.causes(document, old, ()) if has_rules(version) else []


def has_rules(version: Version) -> bool:
    """Whether the schema of a version has rules; looked for only once."""
    if version.rules is None:
        version.rules = rules_of(version.schema) or NO_RULES
    return bool(version.rules)


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


class Tree:
    """The rules of a schema node, and the parts of its values that have rules."""

    __slots__ = (
        "_asked",
        "_begin",
        "_schema",
        "branches",
        "items",
        "keys",
        "others",
        "properties",
        "root",
        "said",
    )

    def __init__(self, said: tuple[JsonObject, ...], schema: JsonObject, *, root: bool) -> None:
        self.said = said
        self.root = root
        self._schema = schema
        self._begin: Callable[[Any, Any], tuple[Run, Before]] | None = None
        self._asked: list[Asked | Unusable] | None = None
        self.properties: dict[str, Tree] = {}
        self.items: Tree | None = None
        self.others: Tree | None = None
        self.branches: list[Tree] = []
        by_key = schema.get(LIST_TYPE) == "map"
        self.keys: tuple[str, ...] = tuple(schema.get(MAP_KEYS) or ()) if by_key else ()

    def causes(self, document: Any, old: Any, path: FieldPath) -> list[Cause]:
        """What the rules have against a document."""
        begin = self._begin
        if begin is None:
            from mastractl.resources.cel import asked  # noqa: PLC0415 - few schemas have rules

            begin = self._begin = asked.begin
        run, before = begin(document, old)
        self.visit(run, document, old, path, before)
        return run.causes

    def visit(self, run: Run, value: Any, old: Any, path: FieldPath, before: Before) -> None:
        """Ask the rules here and below. `old` is None where there is no value to compare with."""
        if value is None or run.budget < 0:
            return
        if self.said:
            asked = self._asked
            if asked is None:
                asked = self._asked = _compiled(self.said, self._schema, root=self.root)
            for each in asked:
                each.ask(run, value, old, path, before)
                if run.budget < 0:
                    return
        for branch in self.branches:
            branch.visit(run, value, old, path, before._replace(value=None, old=None))
        if isinstance(value, list):
            self._visit_items(run, value, old, path, before)
        elif isinstance(value, dict):
            self._visit_fields(run, value, old, path, before)

    def _visit_fields(self, run: Run, value: JsonObject, old: Any, path: FieldPath, before: Before) -> None:
        olds = old if isinstance(old, dict) else {}
        for key, tree in self.properties.items():
            if key in value:
                _descend(tree, run, (value[key], olds.get(key)), (*path, key), before)
        others = self.others
        if others is not None:
            for key, part in value.items():
                _descend(others, run, (part, olds.get(key)), (*path, key), before)

    def _visit_items(self, run: Run, value: list[Any], old: Any, path: FieldPath, before: Before) -> None:
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


def _descend(tree: Tree, run: Run, pair: tuple[Any, Any], path: FieldPath, before: Before) -> None:
    value, old = pair
    tree.visit(run, value, old, path, before if old is None else before.of(value, old))


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


def _compiled(said: tuple[JsonObject, ...], schema: JsonObject, *, root: bool) -> list[Asked | Unusable]:
    from mastractl.resources.cel.asked import asked  # noqa: PLC0415 - few schemas have rules

    return asked(said, schema, root=root)
