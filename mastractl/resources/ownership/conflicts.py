"""Conflicts: an applied field that another manager owns with another value, said as kubectl says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.errors import Cause, FieldConflict
from mastractl.resources.ownership import elements, trees
from mastractl.resources.ownership.managers import UPDATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.ownership.managers import Manager
    from mastractl.resources.ownership.trees import Tree
    from mastractl.values import JsonObject

_HINT = (
    "either take the fields over with --force-conflicts, or leave them out of the manifest and let their "
    "owner keep them, or write the value that they have now, so that both own them"
)


def field_conflict(clashes: Sequence[tuple[Manager, Tree]], given: JsonObject) -> FieldConflict:
    """The error for applied fields that belong to others: `clashes` are owners and what is at stake.

    A cause's path leads through the given document.
    """
    causes: list[Cause] = []
    blocks: list[str] = []
    for owner, tree in clashes:
        said = _said(owner)
        paths = sorted(trees.walk(tree))
        message = f"conflict with {said}"
        causes += [Cause("MA160", _located(p, given), message, "FieldManagerConflict") for p in paths]
        blocks.append(f"conflicts with {said}:\n" + "\n".join(f"- {elements.shown(p)}" for p in paths))
    if len(causes) == 1:
        ((owner, tree),) = clashes
        (path,) = trees.walk(tree)
        text = f"Apply failed with 1 conflict: conflict with {_said(owner)}: {elements.shown(path)}"
    else:
        text = f"Apply failed with {len(causes)} conflicts: " + "\n".join(blocks)
    return FieldConflict(text, hint=_HINT, causes=causes)


def _said(owner: Manager) -> str:
    said = values.text(owner.name)
    if owner.subresource:
        said += f" with subresource {values.text(owner.subresource)}"
    if owner.operation == UPDATE:
        said += f" using {owner.api_version}" + (f" at {owner.time}" if owner.time else "")
    return said


def _located(path: Sequence[str], document: Any) -> FieldPath:
    """A path of elements as keys and indexes of a document, as far as it leads."""
    out: list[str | int] = []
    value = document
    for element in path:
        if element.startswith("f:"):
            step: str | int | None = element[2:]
            value = value.get(step) if isinstance(value, dict) else None
        else:
            step = _index(element, value)
            value = None if step is None else value[step]
        if step is None:
            break
        out.append(step)
    return tuple(out)


def _index(element: str, value: Any) -> int | None:
    if not isinstance(value, list):
        return None
    if element.startswith("v:"):
        return next((i for i, item in enumerate(value) if elements.item(item) == element), None)
    wanted = values.load(element[2:])
    for index, item in enumerate(value):
        if isinstance(item, dict) and all(item.get(name, v) == v for name, v in wanted.items()):
            return index
    return None
