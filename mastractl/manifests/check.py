"""Manifests to resources: each checked alone, against the kinds there are and those the run itself defines.

It streams: what it keeps is the text of each resource, to find those that are given twice, and the
manifests whose kind is not known yet, since its definition may follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.errors import Cause
from mastractl.manifests import yamldoc
from mastractl.manifests.causes import from_cause, from_causes
from mastractl.manifests.diagnostics import Diagnostic, Related
from mastractl.resources.admission import admit
from mastractl.resources.definition_forms import KIND
from mastractl.resources.definitions import is_definition, stored_kind
from mastractl.resources.kinds import KindRegistry
from mastractl.resources.resource import Resource, ResourceKey, split_api_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.manifests.manifest import Manifest
    from mastractl.resources.admission import Admitted, Fields
    from mastractl.resources.kinds import Kind
    from mastractl.resources.parts import Extent
    from mastractl.values import JsonObject

    Stored = Callable[[Kind, ResourceKey], JsonObject | None]

_NOT_KNOWN_YET = ("MA010", "MA011")


class Checked:
    """A manifest that is in order, and the resource it describes, in canonical form."""

    __slots__ = ("key", "kind", "manifest", "resource")

    def __init__(self, manifest: Manifest, resource: Resource, kind: Kind, key: ResourceKey) -> None:
        self.manifest = manifest
        self.resource = resource
        self.kind = kind
        self.key = key


def check(  # noqa: PLR0913 - what manifests are checked against
    stream: Iterable[Manifest | Diagnostic],
    kinds: KindRegistry,
    *,
    fields: Fields = "strict",
    namespace: str = "default",
    namespace_given: bool = False,
    extent: Extent = "whole",
    stored: Stored | None = None,
) -> Iterator[Checked | Diagnostic]:
    """The resources of a stream of manifests, and all that is wrong with the others.

    `kinds` is not changed: definitions met in the stream are known within it only. Findings come as the
    manifests do, but those of kinds that were not known yet come last; `diagnostics.in_order` sorts them.
    Equal resources come once, with a warning; of different ones of the same name the later are errors.
    `extent` says how much of a resource each of them is: `resources.parts`. `stored` gives what stands in the
    place of one that is refused: what did not change since may be what the schema forbids by now.
    """
    checks = _Check(kinds, fields, namespace, given=namespace_given, extent=extent)
    checks.stored = stored
    return checks.all(stream)


class _Seen(NamedTuple):
    """Where a resource was met first. Its text is kept, not its value: that is ten times as large."""

    text: str
    prefix: FieldPath
    source: str
    line: int


class _Check:
    def __init__(
        self, kinds: KindRegistry, fields: Fields, namespace: str, *, given: bool, extent: Extent
    ) -> None:
        self._kinds = KindRegistry(parent=kinds)
        self._fields = fields
        self._namespace = namespace
        self._given = given
        self._extent = extent
        self._seen: dict[ResourceKey, _Seen] = {}
        self._reread: tuple[str, Any] = ("", None)
        self._broken: set[tuple[str, str]] = set()
        self.stored: Stored | None = None
        """What stands in the place of a document, asked only where a document is refused."""

    def all(self, stream: Iterable[Manifest | Diagnostic]) -> Iterator[Checked | Diagnostic]:
        waiting: list[Manifest] = []
        for item in stream:
            if isinstance(item, Diagnostic):
                yield item
                continue
            admitted = self._admit(item.document)
            resource, kind = admitted.resource, admitted.kind
            if resource and kind and not admitted.warnings and self._is_new(item, key := resource.key):
                yield Checked(item, resource, kind, key)
            elif admitted.kind is None and admitted.causes[0].code in _NOT_KNOWN_YET:
                waiting.append(item)
            else:
                yield from self._judged(item, admitted)
        for manifest in waiting:
            yield from self._judged(manifest, self._admit(manifest.document))

    def _is_new(self, manifest: Manifest, key: ResourceKey) -> bool:
        """Whether this is no definition and the first resource of its name, which is noted then."""
        origin = manifest.origin
        if key in self._seen or key.kind == KIND:
            return False
        self._seen[key] = _Seen(origin.document.text, origin.prefix, origin.source, origin.line)
        return True

    def _admit(self, document: JsonObject) -> Admitted:
        admitted = self._admitted(document, None)
        if admitted.resource is not None or admitted.kind is None or self.stored is None:
            return admitted
        old = self.stored(admitted.kind, self._key(document, admitted.kind))
        return admitted if old is None else self._admitted(document, old)

    def _admitted(self, document: JsonObject, old: JsonObject | None) -> Admitted:
        return admit(
            document,
            self._kinds,
            fields=self._fields,
            namespace=self._namespace,
            namespace_given=self._given,
            extent=self._extent,
            old=old,
        )

    def _key(self, document: JsonObject, kind: Kind) -> ResourceKey:
        resource = Resource(document)
        namespace = (resource.namespace or self._namespace) if kind.namespaced else ""
        return ResourceKey(kind.group, kind.kind, namespace, resource.name)

    def _judged(self, manifest: Manifest, admitted: Admitted) -> Iterator[Checked | Diagnostic]:
        if admitted.causes or admitted.warnings:
            causes = [self._explained(c, manifest) for c in (*admitted.causes, *admitted.warnings)]
            yield from from_causes(causes, manifest)
        resource, kind = admitted.resource, admitted.kind
        if resource is None or kind is None:
            self._note_broken(manifest)
            return
        key = resource.key
        if (repeated := self._repeated(manifest, resource, kind, key)) is not None:
            yield repeated
            return
        if is_definition(manifest.document):
            self._kinds.add(stored_kind(resource.document))
        yield Checked(manifest, resource, kind, key)

    def _repeated(
        self, manifest: Manifest, resource: Resource, kind: Kind, key: ResourceKey
    ) -> Diagnostic | None:
        """A finding if a resource of that name was met before; it may be the same or another."""
        origin = manifest.origin
        here = _Seen(origin.document.text, origin.prefix, origin.source, origin.line)
        first = self._seen.setdefault(key, here)
        if first is here:
            return None
        same = self._again(first) == resource
        name = f'{kind.qualified_singular} "{resource.name}"'
        cause = Cause(
            code="MA012",
            path=("metadata", "name"),
            message=f"{name} is given twice" + ("" if same else ", and differently"),
            hint="remove one of the two" if same else "rename or remove one of the two",
            warning=same,
        )
        related = Related(message="first given here", source=first.source, line=first.line, column=1)
        return from_cause(cause, manifest)._replace(related=(related,))

    def _again(self, first: _Seen) -> Resource | None:
        """The resource that was met first, read from its text once more."""
        if first.text is not self._reread[0]:  # the items of one list share their text
            self._reread = first.text, next(yamldoc.load(first.text)).value
        value = self._reread[1]
        for part in first.prefix:
            value = value[part]
        return self._admit(value).resource

    def _note_broken(self, manifest: Manifest) -> None:
        """Remember what a definition that cannot be used would have defined."""
        spec = manifest.document.get("spec")
        if not is_definition(manifest.document) or not isinstance(spec, dict):
            return
        names = spec.get("names")
        if isinstance(names, dict):
            self._broken.add((str(spec.get("group")), str(names.get("kind"))))

    def _explained(self, cause: Cause, manifest: Manifest) -> Cause:
        """An unknown kind, with the reason if its definition stands in the run and is broken."""
        if cause.code != "MA010":
            return cause
        group, _ = split_api_version(str(manifest.document.get("apiVersion")))
        if (group, str(manifest.document.get("kind"))) not in self._broken:
            return cause
        return cause._replace(hint="its definition is in this run, but has errors; mend those first")
