"""The managers of a resource: read from its record, and brought up to date where it was written without it.

The difference between what the record describes and what stands there belongs to `external-edit`. As far as
the log reaches back it is told change by change; below that, what vanished is given up, and what nobody
owns was written by `external-edit`.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from mastractl import clock
from mastractl.engines.contract import EXTERNAL
from mastractl.errors import Cause
from mastractl.resources import lifecycle
from mastractl.store import documents, keys, ownership

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.engines.contract import Change, Entry
    from mastractl.errors import FieldPath
    from mastractl.resources.ownership.managers import Manager
    from mastractl.store.drafts import Draft
    from mastractl.values import JsonObject

APPLIER = "mastractl"
"""Who applied what has no record."""


class Held(NamedTuple):
    """The managers of a resource; `recorded` says that its record has just these."""

    managers: tuple[Manager, ...]
    recorded: bool


def held(draft: Draft, key: str, stored: JsonObject, schema: JsonObject) -> Held:
    """The managers of what stands at the key, in the draft as it has come so far."""
    pending = draft.ownership(key)
    if pending is not None:
        return Held(pending.managers, recorded=True)
    record, entry = draft.entry(keys.record(key)), draft.entry(key)
    kept = None if record is None else ownership.read(record)
    if record is None or entry is None or kept is None or kept["uid"] != stored["metadata"].get("uid", ""):
        return Held(_unrecorded(stored, schema), recorded=False)
    from mastractl.resources.ownership.managers import Manager  # noqa: PLC0415 - most writes need no record

    known = tuple(map(Manager.from_json, kept["managers"]))
    if kept["value"] == ownership.digest(entry.value):
        return Held(known, recorded=True)
    changes = draft.history(key, record.revision, entry.revision)
    if not _tells_all(changes, kept["value"], entry):
        return Held(_reconciled(entry, known, schema), recorded=False)
    return Held(_caught_up(changes, known, schema), recorded=False)


def _unrecorded(stored: JsonObject, schema: JsonObject) -> tuple[Manager, ...]:
    """All of it belongs to the applier, but the status, which nobody applies."""
    from mastractl.resources.ownership import owning  # noqa: PLC0415 - for stores that have no records yet

    applied = {field: value for field, value in stored.items() if field != "status"}
    now = stored["metadata"].get("creationTimestamp", "")
    return owning.apply(None, (), applied, schema, manager=APPLIER, now=now).managers


def _tells_all(changes: Sequence[Change], value: str, entry: Entry) -> bool:
    """Whether the changes lead from the value that the record describes to what stands there."""
    if not changes or changes[-1].revision != entry.revision:
        return False
    first = changes[0].previous
    return first is not None and ownership.digest(first.value) == value


def _caught_up(
    changes: Sequence[Change], known: tuple[Manager, ...], schema: JsonObject
) -> tuple[Manager, ...]:
    """The managers once what was written without the record is told apart, change by change."""
    from mastractl.resources.ownership import owning  # noqa: PLC0415 - edits from outside are seldom

    for change in changes:
        if change.entry is not None:
            before = None if change.previous is None else documents.decode(change.previous)
            after = documents.decode(change.entry)
            known = owning.update(
                before, known, after, schema, manager=EXTERNAL, now=clock.rfc3339(change.at)
            ).managers
    return known


def _reconciled(entry: Entry, known: tuple[Manager, ...], schema: JsonObject) -> tuple[Manager, ...]:
    """The managers where the log does not say how it came about: what vanished is given up, what nobody
    owns was written by `external-edit`.
    """
    from mastractl.resources.ownership import managers, owning  # noqa: PLC0415 - as above

    document = documents.decode(entry)
    now = document["metadata"].get("creationTimestamp", "")
    (everything,) = owning.update(None, (), document, schema, manager=EXTERNAL, now=now).managers or (None,)
    if everything is None:
        return ()
    kept = [manager._replace(fields=manager.fields & everything.fields) for manager in known]
    left = everything.fields.leaves()
    for manager in kept:
        left = left - manager.fields
    for manager in kept:
        if manager.identity == everything.identity:
            left = left | manager.fields
    others = [m for m in kept if m.fields and m.identity != everything.identity]
    return managers.ordered([*others, everything._replace(fields=left)] if left else others)


def last_applied(
    stored: JsonObject, owners: Sequence[Manager], schema: JsonObject, *, manager: str
) -> JsonObject | None:
    """What of the document the manager applied, with what names the resource; None if it applied nothing."""
    from mastractl.resources.ownership.schemas import shape_of  # noqa: PLC0415 - for one verb

    mine = next((m for m in owners if (m.name, m.operation, m.subresource) == (manager, "Apply", "")), None)
    if mine is None:
        return None
    shape = shape_of(schema)
    part = shape.without(stored, shape.owned(stored, parents=True), [mine.fields.tree])
    metadata = {k: stored["metadata"][k] for k in ("name", "namespace") if k in stored["metadata"]}
    metadata |= part.get("metadata", {})
    named = {"apiVersion": stored["apiVersion"], "kind": stored["kind"]}
    return lifecycle.arranged(named | part | {"metadata": metadata})


def gained(before: Sequence[Manager], after: Sequence[Manager]) -> bool:
    """Whether any manager owns fields that it did not own before."""
    had = {manager.identity: manager.fields for manager in before}
    return any(m.identity not in had or m.fields - had[m.identity] for m in after)


def taken_over(before: Sequence[Manager], after: Sequence[Manager], *, by: str) -> Iterator[Cause]:
    """A remark for each applier that lost fields to another's apply."""
    left = {manager.identity: manager.fields for manager in after}
    for manager in before:
        if manager.operation != "Apply" or (manager.name, manager.subresource) == (by, ""):
            continue
        lost = manager.fields - left[manager.identity] if manager.identity in left else manager.fields
        paths = [*lost.leaves()]
        if paths:
            yield _remark(manager, paths)


def _remark(manager: Manager, paths: Sequence[tuple[str, ...]]) -> Cause:
    from mastractl.resources.ownership import elements  # noqa: PLC0415 - seldom

    shown = ", ".join(elements.shown(path) for path in paths[:3])
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    one = len(paths) == 1
    verb = "was applied by" if one else "were applied by"
    message = f'{shown}{more} {verb} the manager "{manager.name}" and {"is" if one else "are"} taken over'
    hint = (
        f"leave {'it' if one else 'them'} out of this manifest to let it keep {'it' if one else 'them'}; "
        "with --server-side such a conflict stops the apply"
    )
    return Cause(code="MA161", path=_path(paths[0]), message=message, hint=hint, warning=True)


def _path(elements: tuple[str, ...]) -> FieldPath:
    """The path as far as it leads through objects only: items are told by their keys, not by their index."""
    return tuple(element[2:] for element in takewhile(lambda e: e.startswith("f:"), elements))
