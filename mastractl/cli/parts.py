"""Patches that are applied: some fields of resources, in the name of a manager that owns them from then on.

This is `apply --server-side` for resources that are named on the command line, and it is told as there: a
field that another manager owns with another value is a conflict, shown where the patch has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli import altering, intake
from mastractl.manifests.check import Checked
from mastractl.manifests.manifest import Manifest, Origin
from mastractl.resources.resource import Resource
from mastractl.store.modify import refuse_another

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.options import DryRunMode
    from mastractl.manifests.documents import Document
    from mastractl.resources.kinds import Kind
    from mastractl.store import Applied
    from mastractl.values import JsonObject


class Part(NamedTuple):
    """The fields that a manager applies, and the text that they were written in."""

    document: Document
    fields: JsonObject
    manager: str
    dry_run: DryRunMode
    force: bool


def apply(inv: Invocation, resource: Resource, *, part: Part) -> Applied:
    """Apply the part to one resource; warnings and conflicts are told.

    What says which resource it is may be left out. Raises Invalid where it says another, and what
    `StateStore.apply` raises.
    """
    kind = altering.kind_of(inv, resource)
    given = _named(kind, resource, part.fields)
    try:
        applied = inv.store.apply(
            given,
            dry_run=part.dry_run != "none",
            manager=part.manager,
            force=part.force,
            partial=True,
        )
    except errors.FieldConflict as conflict:
        applying = Resource(given)
        checked = Checked(Manifest(given, Origin(part.document)), applying, kind, applying.key)
        found = [intake.diagnostic(checked, cause) for cause in conflict.causes]
        intake.tell(inv, found)
        conflict.causes = tuple(
            cause._replace(place=each.place) for cause, each in zip(conflict.causes, found, strict=True)
        )
        raise
    taken_over = "MA161"  # that is what force asks for
    kept = tuple(each for each in applied.warnings if each.code != taken_over)
    altering.tell_warnings(inv, applied._replace(warnings=kept))
    return applied


def _named(kind: Kind, resource: Resource, fields: JsonObject) -> JsonObject:
    """The fields with what names the resource, as far as they do not say it themselves."""
    there = resource.document
    names = {field: there["metadata"][field] for field in ("name", "namespace") if field in there["metadata"]}
    given = {"apiVersion": there["apiVersion"], "kind": there["kind"], **fields}
    metadata = fields.get("metadata", {})
    if not isinstance(metadata, dict):
        return given  # to be refused for that
    refuse_another(kind, resource.name, there, {**given, "metadata": {**names, **metadata}})
    return {**given, "metadata": {**metadata, **names}}
