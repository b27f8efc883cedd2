"""Manifests to resources: each checked alone, against the kinds there are and those the run itself defines.

It streams: what it keeps is one small entry per resource, to find those that are named twice, and the
manifests whose kind is not known yet, since its definition may follow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING

from mastractl import values
from mastractl.errors import Cause
from mastractl.manifests.diagnostics import Diagnostic, Related
from mastractl.manifests.load import from_causes
from mastractl.resources.admission import admit
from mastractl.resources.definitions import is_definition, kind_from_definition
from mastractl.resources.kinds import KindRegistry
from mastractl.resources.resource import split_api_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.manifests.load import Manifest
    from mastractl.resources.admission import Admitted, Fields
    from mastractl.resources.kinds import Kind
    from mastractl.resources.resource import Resource, ResourceKey

_NOT_KNOWN_YET = ("MA010", "MA011")


@dataclass(slots=True, eq=False)
class Checked:
    """A manifest that is in order, and the resource it describes, in canonical form."""

    manifest: Manifest
    resource: Resource
    kind: Kind


def check(
    stream: Iterable[Manifest | Diagnostic],
    kinds: KindRegistry,
    *,
    fields: Fields = "strict",
    namespace: str = "default",
    namespace_given: bool = False,
) -> Iterator[Checked | Diagnostic]:
    """The resources of a stream of manifests, and all that is wrong with the others.

    `kinds` is not changed: definitions met in the stream are known within it only. Findings come as the
    manifests do, but those of kinds that were not known yet come last; `diagnostics.in_order` sorts them.
    Equal resources come once, with a warning; of different ones of the same name the later are errors.
    """
    return _Check(kinds, fields, namespace, given=namespace_given).all(stream)


class _Check:
    def __init__(self, kinds: KindRegistry, fields: Fields, namespace: str, *, given: bool) -> None:
        self._kinds = KindRegistry(parent=kinds)
        self._fields = fields
        self._namespace = namespace
        self._given = given
        self._seen: dict[ResourceKey, tuple[bytes, str, int]] = {}
        self._broken: set[tuple[str, str]] = set()

    def all(self, stream: Iterable[Manifest | Diagnostic]) -> Iterator[Checked | Diagnostic]:
        waiting: list[Manifest] = []
        for item in stream:
            if isinstance(item, Diagnostic):
                yield item
                continue
            admitted = self._admit(item)
            if admitted.kind is None and admitted.causes[0].code in _NOT_KNOWN_YET:
                waiting.append(item)
            else:
                yield from self._judged(item, admitted)
        for manifest in waiting:
            yield from self._judged(manifest, self._admit(manifest))

    def _admit(self, manifest: Manifest) -> Admitted:
        return admit(
            manifest.document,
            self._kinds,
            fields=self._fields,
            namespace=self._namespace,
            namespace_given=self._given,
        )

    def _judged(self, manifest: Manifest, admitted: Admitted) -> Iterator[Checked | Diagnostic]:
        if admitted.causes or admitted.warnings:
            causes = map(self._explained, [*admitted.causes, *admitted.warnings], repeat(manifest))
            yield from from_causes(causes, manifest)
        resource, kind = admitted.resource, admitted.kind
        if resource is None or kind is None:
            self._note_broken(manifest)
            return
        if (repeated := self._repeated(manifest, resource, kind)) is not None:
            yield repeated
            return
        if is_definition(manifest.document):
            self._kinds.add(kind_from_definition(resource.document)[0])
        yield Checked(manifest, resource, kind)

    def _repeated(self, manifest: Manifest, resource: Resource, kind: Kind) -> Diagnostic | None:
        """A finding if a resource of that name was met before; it may be the same or another."""
        key, origin = resource.key, manifest.origin
        digest = hashlib.blake2b(values.canonical(resource.document), digest_size=16).digest()
        earlier = self._seen.setdefault(key, (digest, origin.source, origin.line))
        if earlier[0] is digest:
            return None
        same = earlier[0] == digest
        name = f'{kind.qualified_singular} "{resource.name}"'
        cause = Cause(
            code="MA012",
            path=("metadata", "name"),
            message=f"{name} is given twice" + ("" if same else ", and differently"),
            hint="remove one of the two" if same else "rename or remove one of the two",
            warning=same,
        )
        related = Related(message="first given here", source=earlier[1], line=earlier[2], column=1)
        return replace(from_causes([cause], manifest)[0], related=(related,))

    def _note_broken(self, manifest: Manifest) -> None:
        """Remember what a definition that cannot be used would have defined."""
        spec = manifest.document.get("spec")
        names = spec.get("names") if isinstance(spec, dict) else None
        if is_definition(manifest.document) and isinstance(names, dict):
            self._broken.add((str(spec.get("group")), str(names.get("kind"))))

    def _explained(self, cause: Cause, manifest: Manifest) -> Cause:
        """An unknown kind, with the reason if its definition stands in the run and is broken."""
        if cause.code != "MA010":
            return cause
        group, _ = split_api_version(str(manifest.document.get("apiVersion")))
        if (group, str(manifest.document.get("kind"))) not in self._broken:
            return cause
        return replace(cause, hint="its definition is in this run, but has errors; mend those first")
