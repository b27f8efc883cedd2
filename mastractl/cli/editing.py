"""Editing resources as text: what is shown, what the user made of it, and what is wrong with that.

The text shows what a person may change, and nothing that only the store or a controller writes. What the
user saves is compared with what was shown, and the difference goes on top of what stands in the store by
then; a field that somebody else changed meanwhile, and otherwise, is told before it is overwritten.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from mastractl import errors, values
from mastractl.cli import altering, intake
from mastractl.cli.printers import yamltext
from mastractl.errors import Cause
from mastractl.manifests import load
from mastractl.manifests.causes import from_cause, from_causes
from mastractl.manifests.check import check
from mastractl.manifests.diagnostics import ERROR, Diagnostic, in_order
from mastractl.manifests.sources import Source
from mastractl.resources import lifecycle, patches
from mastractl.resources.diff import ABSENT
from mastractl.resources.resource import Resource
from mastractl.store.admission import has_status_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.manifest import Manifest
    from mastractl.resources.kinds import Kind
    from mastractl.store import Applied
    from mastractl.values import JsonObject

Form = Literal["yaml", "json"]
Part = Literal["", "status"]


class Subject:
    """One resource that is edited: as it was shown, which is what the user's changes are measured by."""

    def __init__(self, resource: Resource, kind: Kind, part: Part) -> None:
        self.resource = resource
        self.kind = kind
        self.part = part
        self.base = self.view(resource.document)
        self.clashes: list[patches.Clash] = []
        """The fields in which the last attempt to write met the changes of others."""

    def view(self, document: JsonObject) -> JsonObject:
        """What is shown of a document."""
        identity = {field: document[field] for field in ("apiVersion", "kind")}
        metadata = lifecycle.written_by_people(document["metadata"])
        if self.part == "status":
            names = {field: metadata[field] for field in ("name", "namespace") if field in metadata}
            return identity | {"metadata": names, "status": document.get("status", {})}
        hidden = {"status"} if has_status_apart(self.kind) else set()
        rest = {field: value for field, value in document.items() if field not in hidden}
        return rest | {"metadata": metadata}

    def changed(self, live: JsonObject, mine: JsonObject) -> JsonObject:
        """What stands in the store with the user's changes.

        Raises Conflict where others changed the same fields; `clashes` then says which.
        """
        shown = self.view(live)
        merged, self.clashes = patches.merged(self.base, mine, shown)
        if self.clashes:
            title = f"{self.kind.qualified_singular}/{self.resource.name}"
            where = ", ".join(errors.format_path(clash.path).lstrip(".") for clash in self.clashes)
            message = f"{title} was changed in the store while it was edited: {where}"
            raise errors.Conflict(message, hint="look at what it is now, and edit it again")
        kept = {field: value for field, value in live.items() if field not in shown}
        metadata = lifecycle.owned_by_store(live["metadata"]) | merged["metadata"]
        return {**kept, **merged, "metadata": metadata}

    def acknowledge(self, clashes: Sequence[patches.Clash]) -> None:
        """Measure by what others made of these fields: the user has been told, and may overwrite it."""
        base = values.copy(self.base)
        for clash in clashes:
            inner = base
            for part in clash.path[:-1]:
                if not isinstance(inner.get(part), dict):
                    inner[part] = {}
                inner = inner[part]
            if clash.theirs is ABSENT:
                inner.pop(clash.path[-1], None)
            else:
                inner[clash.path[-1]] = clash.theirs
        self.base = base


class Saved(NamedTuple):
    """What the user saved: for each subject that has changed its new state and the manifest it stands in."""

    changes: list[tuple[Subject, JsonObject, Manifest]]
    warnings: list[Diagnostic]


class Faulty(NamedTuple):
    """Why what the user saved could not be written.

    `found` are the faults that have a place in the text, in order, `others` those that have none. `error`
    is the error that stands for all of them.
    """

    found: list[Diagnostic]
    error: errors.MastraError
    others: tuple[str, ...] = ()


def text_of(subjects: Sequence[Subject], form: Form) -> str:
    """What the user is given to edit: a single resource by itself, several as a List."""
    documents = [subject.base for subject in subjects]
    whole = documents[0] if len(documents) == 1 else {"apiVersion": "v1", "kind": "List", "items": documents}
    return values.pretty(whole) if form == "json" else yamltext.dump(whole)


def read(inv: Invocation, text: bytes, subjects: Sequence[Subject], source: str) -> Saved | Faulty:
    """What the user made of the subjects.

    `source` is the name of the file, by which findings name their places.
    """
    manifests: list[Manifest] = []
    found: list[Diagnostic] = []
    for item in load.load([Source(name=source, order=0, stream=io.BytesIO(text))]):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            manifests.append(item)
    if faults := _faults(found):
        return faults
    pairs, strays = _paired(inv, manifests, subjects)
    written = {id(manifest): manifest.document for manifest in manifests}
    if subjects[0].part != "status":
        written = {}
        stands = partial(intake.standing, inv)
        for each in check(iter(manifests), inv.kinds, namespace=inv.namespace, stored=stands):
            if isinstance(each, Diagnostic):
                found.append(each)
            else:
                written[id(each.manifest)] = each.resource.document
    if faults := _faults([*found, *map(_stray, strays)]):
        return faults
    changes = [(subject, written[id(m)], m) for subject, m in pairs if id(m) in written]
    return Saved([c for c in changes if not patches.same(c[0].base, c[1])], found)


def save(inv: Invocation, saved: Saved, how: altering.How) -> list[Applied] | Faulty:
    """Write what the user saved. All of it is tried before any of it is written."""
    rounds = [how._replace(dry_run="server"), how] if how.dry_run == "none" else [how]
    applied: list[Applied] = []
    for each in rounds:
        applied = []
        failed: list[tuple[Subject, Manifest, errors.MastraError]] = []
        for subject, mine, manifest in saved.changes:
            try:
                applied.append(_write(inv, subject, mine, each))
            except errors.MastraError as error:
                failed.append((subject, manifest, error))
        if failed:
            return _failure(failed)
    for done in applied:
        altering.tell_warnings(inv, done)
    return applied


def _failure(failed: Sequence[tuple[Subject, Manifest, errors.MastraError]]) -> Faulty:
    """What to say of changes that could not be written."""
    found: list[Diagnostic] = []
    others: list[str] = []
    for subject, manifest, error in failed:
        placed = _placed(subject, error, manifest)
        found += placed
        others += [] if placed else [error.message]
    return Faulty(in_order(found), failed[0][2], tuple(others))


def _write(inv: Invocation, subject: Subject, mine: JsonObject, how: altering.How) -> Applied:
    resource = subject.resource
    return inv.store.modify(
        subject.kind,
        namespace=resource.namespace,
        name=resource.name,
        change=lambda live: subject.changed(live, mine),
        manager=how.manager,
        subresource=how.subresource,
        dry_run=how.dry_run != "none",
    )


def _faults(found: Sequence[Diagnostic]) -> Faulty | None:
    faults = [each for each in found if each.severity == ERROR]
    return Faulty(in_order(faults), errors.Invalid("")) if faults else None


def _paired(
    inv: Invocation, manifests: Sequence[Manifest], subjects: Sequence[Subject]
) -> tuple[list[tuple[Subject, Manifest]], list[Manifest]]:
    """Which manifest is of which subject, and those that are of none.

    A single one that is left over is taken for the single subject that is: its name was changed, and the
    store will say that it cannot be.
    """
    left = {subject.resource.key: subject for subject in subjects}
    pairs: list[tuple[Subject, Manifest]] = []
    strays: list[Manifest] = []
    for manifest in manifests:
        key = Resource(manifest.document).key
        subject = left.pop(key, None) or left.pop(
            key._replace(namespace=key.namespace or inv.namespace), None
        )
        if subject is not None:
            pairs.append((subject, manifest))
        else:
            strays.append(manifest)
    if len(strays) == 1 and len(left) == 1:
        return [*pairs, (next(iter(left.values())), strays[0])], []
    return pairs, strays


def _stray(manifest: Manifest) -> Diagnostic:
    message = "this is none of the resources that are being edited"
    hint = "leave apiVersion, kind, name and namespace as they are; `mastractl apply` adds resources"
    return from_cause(Cause("MA151", ("metadata", "name"), message, hint=hint), manifest)


def _placed(subject: Subject, error: errors.MastraError, manifest: Manifest) -> list[Diagnostic]:
    """What an error says of the user's text, with places; empty if it says nothing of it."""
    if isinstance(error, errors.Conflict) and subject.clashes:
        clashes, subject.clashes = subject.clashes, []
        subject.acknowledge(clashes)
        return [from_cause(_clash(clash), manifest) for clash in clashes]
    if isinstance(error, errors.Invalid) and error.causes:
        return from_causes(error.causes, manifest)
    return []


def _clash(clash: patches.Clash) -> Cause:
    there = "was removed" if clash.theirs is ABSENT else f"is {_brief(clash.theirs)} now"
    message = f"changed in the store meanwhile: there it {there}"
    return Cause("MA152", clash.path, message, hint="delete this line and save, to put yours in its place")


def _brief(value: object) -> str:
    text = values.text(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
