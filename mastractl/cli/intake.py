"""From `-f` to resources: reading and checking manifests, and telling people what is wrong with them.

One place for every verb that takes manifests, so that they agree on what is an error, in which order
problems are told and in which shape: everything that is wrong in one run, each with its line, then one
line that says what came of it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.cli import progress
from mastractl.errors import Cause
from mastractl.manifests import diagnostics, load, sources
from mastractl.manifests.causes import from_cause, from_causes
from mastractl.manifests.check import check
from mastractl.manifests.diagnostics import ERROR, Diagnostic
from mastractl.manifests.together import Together
from mastractl.resources import definitions
from mastractl.resources.kinds import KindRegistry
from mastractl.resources.names import name_problem, namespace_problem
from mastractl.resources.resolution import resolve
from mastractl.resources.resource import Resource, ResourceKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.check import Checked
    from mastractl.manifests.manifest import Manifest
    from mastractl.resources.admission import Fields
    from mastractl.resources.kinds import Kind
    from mastractl.resources.parts import Extent
    from mastractl.values import JsonObject


class Intake:
    """What the manifests of a run came to: resources that are in order, and findings."""

    def __init__(self) -> None:
        self.checked: list[Checked] = []
        self.found: list[Diagnostic] = []

    @property
    def faulty(self) -> bool:
        """Whether anything is wrong, warnings aside."""
        return any(d.severity == ERROR for d in self.found)


def manifests(
    inv: Invocation, filenames: Sequence[str], *, recursive: bool
) -> Iterator[Manifest | Diagnostic]:
    """The manifests of `-f`, and in its place whatever cannot be read. Raises UsageError if none is named."""
    if not filenames:
        message = "you must say which manifests: -f FILE, a directory, or - for standard input"
        raise errors.UsageError(message)
    return load.load(sources.find(filenames, recursive=recursive, stdin=inv.process.stdin_bytes))


def take(
    inv: Invocation,
    filenames: Sequence[str],
    *,
    recursive: bool = False,
    fields: Fields = "strict",
    strict_refs: bool = False,
    extent: Extent = "whole",
) -> Intake:
    """Read and check the manifests of `-f` against the kinds of the store and those they define themselves.

    `extent` says how much of a resource each is (`resources.parts`); what is applied has no defaults yet.

    What is wrong with them together (`manifests.together`) is found too. Definitions come first in
    `checked`, the rest in the order of the documents.
    """
    intake = Intake()
    together = Together()
    items = check(
        together.reading(manifests(inv, filenames, recursive=recursive), namespace=inv.namespace),
        inv.kinds,
        fields=fields,
        namespace=inv.namespace,
        namespace_given=inv.namespace_given,
        extent=extent,
        stored=lambda kind, key: standing(inv, kind, key),
    )
    for item in progress.counted(inv, items, "checking manifests"):
        if isinstance(item, Diagnostic):
            intake.found.append(item)
        else:
            intake.checked.append(item)
            together.see(item)
            if definitions.is_definition(item.manifest.document) and (
                faults := inv.store.redefining_causes(item.manifest.document)
            ):
                intake.found += from_causes(faults, item.manifest)
    intake.found += together.findings(lambda key: _stored(inv, key), strict_refs=strict_refs)
    intake.checked.sort(key=lambda each: not definitions.is_definition(each.resource.document))
    return intake


def bundled_and(directories: Sequence[str]) -> tuple[KindRegistry, list[Diagnostic]]:
    """The bundled kinds and those defined in the directories; and what is wrong with the definitions."""
    from mastractl.manifests import bundled  # noqa: PLC0415 - verbs with a store have its kinds

    kinds = bundled.kinds()
    found: list[Diagnostic] = []
    if not directories:
        return kinds, found
    known = KindRegistry(parent=kinds)
    for item in check(_definitions(directories), kinds):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            known.add(definitions.kind_from_definition(item.resource.document)[0])
    return known, found


def _definitions(directories: Sequence[str]) -> Iterator[Manifest | Diagnostic]:
    for item in load.load(sources.find(directories, recursive=True)):
        if isinstance(item, Diagnostic) or definitions.is_definition(item.document):
            yield item


def identities(
    inv: Invocation, filenames: Sequence[str], *, recursive: bool
) -> list[tuple[Kind, ResourceKey]]:
    """The resources that manifests name, whatever else stands in them.

    Raises Invalid, after telling all of it, if one of them names none.
    """
    found: list[Diagnostic] = []
    read: list[Manifest] = []
    for item in manifests(inv, filenames, recursive=recursive):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            read.append(item)
    kinds = _with_definitions(inv.kinds, read)
    named = []
    for manifest in read:
        identity = _identity(inv, manifest.document, kinds)
        if isinstance(identity, Cause):
            found.append(from_cause(identity, manifest))
        else:
            named.append(identity)
    if any(d.severity == ERROR for d in found):
        tell(inv, found)
        raise refusal(found, outcome="nothing was done")
    return named


def documents(inv: Invocation, filenames: Sequence[str], *, recursive: bool) -> list[JsonObject]:
    """The manifests as they are written, unchecked. Raises Invalid, after telling all of it, if one cannot
    be read.
    """
    found: list[Diagnostic] = []
    read: list[JsonObject] = []
    for item in manifests(inv, filenames, recursive=recursive):
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            read.append(item.document)
    tell(inv, found)
    if any(d.severity == ERROR for d in found):
        raise refusal(found, outcome="nothing was done")
    return read


def standing(inv: Invocation, kind: Kind, key: ResourceKey) -> JsonObject | None:
    """What the store has in the place of a document that was refused; None if nothing can stand there."""
    if name_problem(key.name) or (kind.namespaced and namespace_problem(key.namespace)):
        return None
    found = inv.store.get(kind, namespace=key.namespace, name=key.name)
    return None if found is None else found.document


def tell(inv: Invocation, found: Sequence[Diagnostic]) -> None:
    """Tell people what was found, on standard error. With `-o json` only warnings: errors make the Status."""
    listed = diagnostics.in_order(d for d in found if d.severity == ERROR or not inv.reporter.quiet)
    if not listed:
        return
    if not inv.reporter.as_json:
        from mastractl.manifests import formats  # noqa: PLC0415 - for faults only

        text = formats.text(listed, diagnostics.summary(listed), colour=inv.reporter.color)
        inv.reporter.raw(text + "\n")
        return
    for each in listed:
        if each.severity != ERROR:
            inv.reporter.warn(f"{each.place}: {each.message}", hint=each.hint)


def refusal(found: Sequence[Diagnostic], *, outcome: str) -> errors.Invalid:
    """The error that ends a run with faulty manifests: what came of it, and every fault with its place."""
    faults = [d for d in diagnostics.in_order(found) if d.severity == ERROR]
    causes = [Cause(code=d.code, path=d.path, message=d.message, hint=d.hint, place=d.place) for d in faults]
    return errors.Invalid(f"{outcome}: {diagnostics.summary(found)}", causes=causes)


def _stored(inv: Invocation, key: ResourceKey) -> bool:
    kind = inv.kinds.find(key.group, key.kind)
    return kind is not None and inv.store.get(kind, namespace=key.namespace, name=key.name) is not None


def _with_definitions(kinds: KindRegistry, read: Iterable[Manifest]) -> KindRegistry:
    """The kinds, and those the manifests themselves define well enough to be called by name."""
    registry = KindRegistry(parent=kinds)
    for manifest in read:
        if definitions.is_definition(manifest.document):
            with contextlib.suppress(errors.Invalid):
                registry.add(definitions.kind_from_definition(manifest.document)[0])
    return registry


def _identity(inv: Invocation, document: JsonObject, kinds: KindRegistry) -> tuple[Kind, ResourceKey] | Cause:
    """What a manifest names, or why that cannot be said."""
    resolved = resolve(document, kinds)
    if isinstance(resolved, Cause):
        return resolved
    kind = resolved[0]
    resource = Resource(document)
    if problem := name_problem(resource.name):
        message = f"metadata.name: {problem}" if resource.name else "the resource has no metadata.name"
        return Cause(code="MA110", path=("metadata", "name"), message=message)
    if not kind.namespaced:
        return kind, ResourceKey(kind.group, kind.kind, "", resource.name)
    if inv.namespace_given and resource.namespace not in {"", inv.namespace}:
        message = f"the manifest says namespace {resource.namespace!r}, but {inv.namespace!r} was asked for"
        return Cause(code="MA013", path=("metadata", "namespace"), message=message)
    return kind, ResourceKey(kind.group, kind.kind, resource.namespace or inv.namespace, resource.name)
