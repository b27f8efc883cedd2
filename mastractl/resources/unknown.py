"""Fields a schema does not know, reported with the name or the place that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.errors import Cause, format_path
from mastractl.resources.jsontypes import shown
from mastractl.resources.metadata import resource_schema
from mastractl.spelling import nearest, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

_FEW = 8
"""Known fields that are listed when none is like the unknown one."""

_LONG = 100
"""Characters of a field's name; longer ones are like nothing."""


def unknown_field(path: FieldPath, schema: JsonObject) -> Cause:
    """The cause MA101 for the field at `path` of a document that follows the schema."""
    levels = _levels(path, schema)
    known = tuple(levels[-1].get("properties", {}))
    return unknown_cause(path, known, elsewhere=_elsewhere(path, levels))


def unknown_cause(path: FieldPath, known: Sequence[str], *, elsewhere: str = "") -> Cause:
    """The cause MA101 for the field at `path`; `known` are the fields that may stand there.

    `elsewhere` is where a field of exactly this name belongs, if there is such a place nearby.
    """
    name = str(path[-1])
    near = nearest(name, known) if len(name) <= _LONG else ""
    if near and (not elsewhere or same(near, name)):
        hint = f'did you mean "{near}"?'
    elif elsewhere:
        hint = f'"{name}" belongs in {elsewhere}'
    elif not known:
        hint = "no fields are described here"
    else:
        hint = f"known fields: {', '.join(known)}" if len(known) <= _FEW else ""
    message = f"unknown field {shown(name)}"
    return Cause(code="MA101", path=path, message=message, hint=hint, at_key=True)


def _levels(path: FieldPath, schema: JsonObject) -> list[JsonObject]:
    """The schemas of the objects and lists that lead to a field, the root first."""
    levels = [schema]
    for step in path[:-1]:
        here = levels[-1]
        child = here.get("items") if isinstance(step, int) else here.get("properties", {}).get(step)
        if not isinstance(child, dict):
            child = here.get("additionalProperties")
        levels.append(_whole(child) if isinstance(child, dict) else {})
    return levels


def _whole(schema: JsonObject) -> JsonObject:
    embedded = schema.get("x-kubernetes-embedded-resource") is True
    return resource_schema(schema, embedded=True) if embedded else schema


def _elsewhere(path: FieldPath, levels: Sequence[JsonObject]) -> str:
    """Where the schema knows a field of this name: in an object beside it, or further out."""
    name = path[-1]
    for beside, schema in levels[-1].get("properties", {}).items():
        if name in schema.get("properties", {}):
            return format_path((*path[:-1], beside))
    for depth in range(len(levels) - 2, -1, -1):
        if name in levels[depth].get("properties", {}):
            return format_path(path[:depth]) or "the outermost level"
    return ""
