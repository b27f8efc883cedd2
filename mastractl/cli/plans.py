"""What would change, resource by resource and field by field, as `plan` tells it.

Items of lists are told apart by what names them (`name`, `id`, `key`, `type`) where all of them have it, so
that an item put in front of others is one change and not one for each that moved down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mastractl import errors, values
from mastractl.cli.printers import difftext
from mastractl.resources.diff import ABSENT
from mastractl.resources.jsontypes import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.resources.resource import Resource
    from mastractl.store import Pruned
    from mastractl.values import JsonObject

Action = Literal["create", "change", "delete"]

_NAMING = ("name", "id", "key", "type")
_NAMES_IT = ("apiVersion", "kind")
_IDENTITY = ("name", "namespace")
_WIDTH = 100


class FieldChange(NamedTuple):
    """One field: where it is, as people read it, and its value on both sides, ABSENT where it has none."""

    path: str
    before: Any
    after: Any

    @property
    def mark(self) -> str:
        """`+`, `-` or `~`."""
        return "+" if self.before is ABSENT else "-" if self.after is ABSENT else "~"

    @property
    def line(self) -> str:
        """`~ .spec.instructions: "Cook." -> "Bake."`."""
        sides = [shown(side, limit=_WIDTH) for side in (self.before, self.after) if side is not ABSENT]
        return f"{self.mark} {self.path}: {' -> '.join(sides)}"

    def to_json(self) -> JsonObject:
        """The change as one object of `plan -o json`; a side that has no value is left out."""
        sides = {"before": self.before, "after": self.after}
        return {"path": self.path} | {side: value for side, value in sides.items() if value is not ABSENT}


class ResourceChange(NamedTuple):
    """One resource and what would become of it."""

    action: Action
    resource: Resource
    fields: tuple[FieldChange, ...] = ()


def changes(inv: Invocation, done: Pruned) -> list[ResourceChange]:
    """What would be done, in the order of the manifests, deletions last; sensitive values are masked."""
    found = []
    for applied in done.applied:
        if applied.operation == "unchanged":
            continue
        before, after = inv.masked_pair(applied.before, applied.resource)
        old = {} if before is None else _wanted(before)
        fields = tuple(_fields("", old, _wanted(after), opened=before is None))
        found.append(ResourceChange("create" if before is None else "change", after, fields))
    return found + [ResourceChange("delete", inv.masked(each.resource)) for each in done.pruned]


def count(found: Sequence[ResourceChange]) -> dict[str, int]:
    """How many are created, changed and deleted."""
    actions: tuple[Action, ...] = ("create", "change", "delete")
    return {action: sum(each.action == action for each in found) for action in actions}


def _wanted(resource: Resource) -> JsonObject:
    """What of a resource is compared: neither what names it nor what only the store writes."""
    document = difftext.comparable(resource)
    metadata = {k: v for k, v in document["metadata"].items() if k not in _IDENTITY}
    kept = {k: v for k, v in document.items() if k not in _NAMES_IT}
    return kept | {"metadata": metadata}


def _fields(path: str, before: Any, after: Any, *, opened: bool = False) -> Iterator[FieldChange]:
    """What differs. Of what is new as a whole the outer fields are told one by one (`opened`)."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before | after:
            step = errors.format_path((name,))
            old, new = before.get(name, ABSENT), after.get(name, ABSENT)
            within = opened and path == "" and isinstance(new, dict)
            yield from _fields(path + step, {} if within else old, new, opened=opened)
    elif isinstance(before, list) and isinstance(after, list):
        naming = next((field for field in _NAMING if _names(before, field) and _names(after, field)), None)
        pairs = _by_place(before, after) if naming is None else _by_name(before, after, naming)
        for step, old, new in pairs:
            yield from _fields(path + step, old, new)
        if naming is not None:
            yield from _moved(path, [item[naming] for item in before], [item[naming] for item in after])
    elif not _same(before, after):
        yield FieldChange(path, before, after)


def _same(one: Any, other: Any) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    return bool(values.canonical(one) == values.canonical(other))


def _by_place(before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """The items of two lists side by side, with the step that leads to each."""
    for index in range(max(len(before), len(after))):
        old, new = (side[index] if index < len(side) else ABSENT for side in (before, after))
        yield f"[{index}]", old, new


def _by_name(before: list[Any], after: list[Any], naming: str) -> Iterator[tuple[str, Any, Any]]:
    """The items of the same name, with the step that leads to each."""
    old_items, new_items = ({item[naming]: item for item in side} for side in (before, after))
    for name in old_items | new_items:
        step = f"[{naming}={values.text(name)}]"
        yield step, old_items.get(name, ABSENT), new_items.get(name, ABSENT)


def _moved(path: str, before: list[str], after: list[str]) -> Iterator[FieldChange]:
    """The order of the items that stay, if it is another."""
    old = [name for name in before if name in after]
    new = [name for name in after if name in before]
    if old != new:
        yield FieldChange(f"{path} (order)", old, new)


def _names(items: list[Any], field: str) -> bool:
    """Whether the field tells the items apart."""
    found = [item.get(field) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) for name in found) and len(set(found)) == len(found)
