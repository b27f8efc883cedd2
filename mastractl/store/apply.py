"""Writing: create, update, update of the status, and apply.

Each is a step in a draft: it looks at what stands there, decides what will, and leaves the commit to the
draft. All of them leave a resource that says nothing new alone: no revision, no event.

Each of them also says who comes to own what: an apply takes the given fields for its manager and lets go of
those it gave before, an update takes what it changes (`resources.ownership`). What an apply comes to is a
merge of several hands, and must be right as a whole (`results`).

A resourceVersion that is given is a condition, and a stale one a Conflict; without one the write goes on
top of whatever stands there. Metadata that the store owns and status are never taken from what is given.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.errors import Cause
from mastractl.resources import lifecycle
from mastractl.store import documents, holders, keys, ownership, refusals, results
from mastractl.store.kinds import DEFINITION
from mastractl.store.ownership import Ownership

if TYPE_CHECKING:
    from mastractl.resources.kinds import Kind
    from mastractl.store.api import Operation
    from mastractl.store.drafts import Draft
    from mastractl.store.garbage import Removal
    from mastractl.values import JsonObject


class Incoming(NamedTuple):
    """A document on its way in: of a known kind, with its namespace, admitted. `key` is where it goes.

    `uid` is that of the very resource it is meant for, "" for whatever has its name. `status_apart` says
    that status is no part of what is wanted, but written by `update_status` alone. `definition` is the
    key of what defines its kind, "" for a kind known without the store.

    `manager` is who writes it, by way of `subresource` ("" for the resource itself). An apply that does not
    `force` leaves other managers' fields alone and raises FieldConflict; a `partial` one need not be a whole
    resource by itself; a `complete` one is known to lack no default.
    """

    kind: Kind
    document: JsonObject
    key: str
    warnings: tuple[Cause, ...] = ()
    uid: str = ""
    status_apart: bool = True
    definition: str = ""
    manager: str = ""
    subresource: str = ""
    force: bool = True
    partial: bool = False
    complete: bool = False

    @property
    def schema(self) -> JsonObject:
        """The schema in which its fields are told apart."""
        return self.kind.storage_version.schema

    @property
    def name(self) -> str:
        """metadata.name."""
        name: str = self.document["metadata"]["name"]
        return name

    @property
    def title(self) -> str:
        """What messages call it: `agents.mastra.ai "x"`."""
        return f'{self.kind.qualified_plural} "{self.name}"'


def create(draft: Draft, incoming: Incoming, removal: Removal) -> None:
    """Let it stand where nothing stood; raises AlreadyExists."""
    if incoming.document["metadata"].get("resourceVersion"):
        message = f"{incoming.title} is to be created, yet it has a resourceVersion"
        raise errors.BadRequest(message, hint="leave out metadata.resourceVersion, or update the resource")
    if draft.read(incoming.key) is not None:
        message = f"{incoming.title} already exists"
        raise errors.AlreadyExists(message, hint="choose another name, or apply or replace what is there")
    _let_begin(draft, incoming, removal.now)


def update(draft: Draft, incoming: Incoming, removal: Removal) -> None:
    """Let it take the place of what stood there; raises NotFound and Conflict."""
    _replace(draft, incoming, _standing(draft, incoming), removal)


def save(draft: Draft, incoming: Incoming, removal: Removal) -> None:
    """Create it, or update what stood there (seed 000); raises Conflict."""
    stored = draft.read(incoming.key)
    _refuse_stale(draft, incoming)
    if stored is None:
        _let_begin(draft, incoming, removal.now)
        return
    _refuse_another(incoming, stored)
    _replace(draft, incoming, stored, removal)


def update_status(draft: Draft, incoming: Incoming, removal: Removal) -> None:
    """Let its status take the place of the status that stood there; raises NotFound and Conflict."""
    stored = _standing(draft, incoming)
    document = documents.with_status(stored, incoming.document)
    if not lifecycle.same(stored, document):
        results.follows(incoming.kind, document, stored, subresource="status")
        _updated(draft, incoming._replace(subresource="status"), stored, document, now=removal.now)
        draft.write(incoming.key, document)


class Outcome(NamedTuple):
    """What an apply did, and its remarks."""

    operation: Operation
    remarks: tuple[Cause, ...] = ()


def apply(draft: Draft, incoming: Incoming, removal: Removal) -> Outcome:
    """Let what it declares stand, whether or not something stood there; raises Conflict and Invalid."""
    stored = draft.read(incoming.key)
    _refuse_stale(draft, incoming)
    declared = {
        **incoming.document,
        "metadata": lifecycle.written_by_people(incoming.document["metadata"]),
        "apiVersion": incoming.kind.api_version,
    }
    given = ownership.fingerprint(
        documents.encode(declared),
        incoming.kind.storage_version,
        bundled=incoming.kind.bundled,
        manager=incoming.manager,
    )
    if stored is None:
        _let_begin(draft, incoming, removal.now, declared=declared, given=given)
        return Outcome("created")
    if _is_settled(draft, incoming, stored, given):
        return Outcome("unchanged")
    return _merge(draft, incoming, stored, declared, removal, given)


def _is_settled(draft: Draft, incoming: Incoming, stored: JsonObject, given: str) -> bool:
    """Whether the same was applied last, and nothing happened since. The condition, if any, is seen to."""
    key = incoming.key
    entry = draft.entry(key)
    if entry is None or draft.touched(key):
        return False
    uid = stored["metadata"].get("uid", "")
    if not ownership.settled(draft.entry(keys.record(key)), entry, uid, given):
        return False
    if incoming.document["metadata"].get("resourceVersion"):
        draft.expect(key)
    return True


def _merge(
    draft: Draft, incoming: Incoming, stored: JsonObject, declared: JsonObject, removal: Removal, given: str
) -> Outcome:
    """Put what is declared into what stands there."""
    from mastractl.resources.ownership import owning  # noqa: PLC0415 - most applies change nothing

    held = holders.held(draft, incoming.key, stored, incoming.schema)
    try:
        owned = owning.apply(
            stored,
            held.managers,
            declared,
            incoming.schema,
            manager=incoming.manager,
            now=removal.now,
            force=incoming.force,
        )
    except errors.Conflict as conflict:
        conflict.key = incoming.key
        raise
    if owned.document is stored:
        document = results.completed(incoming.kind, stored)
    elif incoming.complete and results.is_declared(incoming.kind, owned.document, declared):
        document = owned.document
    else:
        document = results.whole(
            incoming.kind, owned.document, declared, partial=incoming.partial, old=stored
        )
    document = documents.merged(stored, document, status_apart=incoming.status_apart)
    if owned.managers != held.managers or not held.recorded:
        uid = stored["metadata"].get("uid", "")
        news = held.recorded or holders.gained(held.managers, owned.managers)
        draft.own(incoming.key, Ownership(uid, owned.managers, given), news=news)
    changed = _settle(draft, incoming, stored, document, removal)
    remarks = holders.taken_over(held.managers, owned.managers, by=incoming.manager)
    return Outcome("configured" if changed else "unchanged", tuple(remarks))


def _replace(draft: Draft, incoming: Incoming, stored: JsonObject, removal: Removal) -> None:
    document = _replaced(stored, incoming)
    if not lifecycle.same(stored, document):
        results.follows(incoming.kind, document, stored)
        _updated(draft, incoming, stored, document, now=removal.now)
    _settle(draft, incoming, stored, document, removal)


def _replaced(stored: JsonObject, incoming: Incoming) -> JsonObject:
    document = documents.replaced(stored, incoming.document, status_apart=incoming.status_apart)
    document["apiVersion"] = incoming.kind.api_version
    return document


def _let_begin(
    draft: Draft, incoming: Incoming, now: str, *, declared: JsonObject | None = None, given: str = ""
) -> None:
    """Let it begin, by an apply of what is declared or else by an update of nothing."""
    from mastractl.resources.ownership import owning  # noqa: PLC0415 - most writes make nothing new

    if incoming.definition:
        _refuse_ending_kind(draft, incoming.kind, incoming.definition)
    uid = lifecycle.uid(os.urandom(16), version=4)
    document = documents.new(incoming.document, uid=uid, now=now, status_apart=incoming.status_apart)
    document["apiVersion"] = incoming.kind.api_version
    document = _in_force(incoming, document, now)
    if declared is None:
        owned = owning.update(None, (), document, incoming.schema, manager=incoming.manager, now=now)
    else:
        owned = owning.apply(None, (), declared, incoming.schema, manager=incoming.manager, now=now)
        if not incoming.complete:
            document = results.whole(incoming.kind, document, declared, partial=incoming.partial)
    draft.write(incoming.key, document)
    draft.own(incoming.key, Ownership(uid, owned.managers, given))


def _updated(draft: Draft, incoming: Incoming, stored: JsonObject, document: JsonObject, *, now: str) -> None:
    """Let what an update changes belong to its manager."""
    from mastractl.resources.ownership import owning  # noqa: PLC0415 - most writes change nothing

    schema = incoming.schema
    held = holders.held(draft, incoming.key, stored, schema)
    owned = owning.update(
        stored,
        held.managers,
        document,
        schema,
        manager=incoming.manager,
        now=now,
        subresource=incoming.subresource,
    )
    draft.own(incoming.key, Ownership(stored["metadata"].get("uid", ""), owned.managers))


def _refuse_ending_kind(draft: Draft, kind: Kind, key: str) -> None:
    """A resource begins only while its kind is defined; the commit fails if that changes meanwhile."""
    definition = draft.read(key)
    if definition is None:
        message = f"the kind {kind.qualified_singular} is not defined any more"
        raise errors.UnknownKind(message, hint="apply its CustomResourceDefinition first, or with it")
    if definition["metadata"].get("deletionTimestamp"):
        message = f"{kind.qualified_plural} is being deleted: no more resources of the kind can be created"
        raise errors.Conflict(message, hint="wait until it is gone, and define it anew")
    draft.expect(key)


def _standing(draft: Draft, incoming: Incoming) -> JsonObject:
    stored = draft.read(incoming.key)
    if stored is None:
        raise refusals.not_found(incoming.kind, incoming.name)
    _refuse_stale(draft, incoming)
    _refuse_another(incoming, stored)
    return stored


def _settle(
    draft: Draft, incoming: Incoming, stored: JsonObject, document: JsonObject, removal: Removal
) -> bool:
    """Write what came out; remove it if it only stood for the sake of finalizers now gone."""
    _refuse_new_finalizers(incoming, stored, document)
    document = _in_force(incoming, document, removal.now)
    if lifecycle.same(stored, document):
        if incoming.document["metadata"].get("resourceVersion"):
            draft.expect(incoming.key)
        return False
    draft.write(incoming.key, document)
    if document["metadata"].get("deletionTimestamp") and not document["metadata"].get("finalizers"):
        removal.remove(incoming.key)
    return True


def _in_force(incoming: Incoming, document: JsonObject, now: str) -> JsonObject:
    """A definition with the status of one that is in force; anything else as it is."""
    if incoming.kind.kind != DEFINITION or not incoming.kind.bundled:
        return document
    from mastractl.resources.establishing import established  # noqa: PLC0415 - definitions are few

    return lifecycle.arranged(established(document, now))


def _refuse_new_finalizers(incoming: Incoming, stored: JsonObject, document: JsonObject) -> None:
    if not stored["metadata"].get("deletionTimestamp"):
        return
    new = set(document["metadata"].get("finalizers", ())) - set(stored["metadata"].get("finalizers", ()))
    if new:
        message = f"it is being deleted: no finalizer can be added ({', '.join(sorted(new))})"
        cause = Cause(
            code="MA110", path=("metadata", "finalizers"), message=message, reason="FieldValueForbidden"
        )
        raise refusals.invalid(incoming.kind, incoming.name, (cause,))


def _refuse_stale(draft: Draft, incoming: Incoming) -> None:
    given = incoming.document["metadata"].get("resourceVersion")
    if given:
        refusals.refuse_other_revision(incoming.kind, incoming.name, given, draft.entry(incoming.key))


def _refuse_another(incoming: Incoming, stored: JsonObject) -> None:
    """Who writes back what was read means that very resource; who applies a manifest means the name."""
    if not incoming.uid or incoming.uid == stored["metadata"].get("uid"):
        return
    message = f"{incoming.title} is not the one that was read: that was deleted, and this one made since"
    raise errors.Conflict(message, key=incoming.key, hint="read it again and make the change anew")
