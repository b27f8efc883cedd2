"""How stored resources of a defined kind are shown: in the version asked for, with the defaults it has now.

Resources are kept as they were written: a definition that changes rewrites none of them. So what is read is
given the apiVersion that was asked for, or that of the storage version (conversion is None: versions differ
in nothing else), and the defaults that came into the schema since it was written, as Kubernetes does when
it reads from etcd. Fields that the schema does not know any more are shown, and go when the resource is next
written. Nothing of this is done for bundled kinds, nor where nothing can have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.schema_words import has_default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mastractl.resources.kinds import Kind, Version
    from mastractl.resources.resource import Resource
    from mastractl.store.kinds import StoreKinds

    View = Callable[[Resource], None]


def view(kinds: StoreKinds, kind: Kind) -> View | None:
    """What is to be done to each resource of the kind that was read; None where it is nothing."""
    if kind.bundled or kinds.is_given(kind):
        return None
    version = kind.shown_version
    api_version = f"{kind.group}/{version.name}"
    since = kinds.defined_at(kind)

    def show(resource: Resource) -> None:
        document = resource.document
        older = since > int(resource.resource_version or 0)
        if document["apiVersion"] != api_version:
            document["apiVersion"] = api_version
            older = True
        if older and has_defaults(version):
            resource.document = _completed(version, document)

    return show


def present(kinds: StoreKinds, shown: Iterable[Kind], resources: Iterable[Resource]) -> None:
    """Show resources of several kinds, in place."""
    views = {(kind.group, kind.kind): made for kind in shown if (made := view(kinds, kind)) is not None}
    if not views:
        return
    for resource in resources:
        made = views.get((resource.group, resource.kind))
        if made is not None:
            made(resource)


def has_defaults(version: Version) -> bool:
    """Whether the schema of a version has a default anywhere; found out once."""
    if version.has_defaults is None:
        version.has_defaults = _defaults_in(version.schema)
    return version.has_defaults


def _defaults_in(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    inner = (schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values())
    return has_default(schema) or any(map(_defaults_in, inner))


def _completed(version: Version, document: dict[str, Any]) -> dict[str, Any]:
    from mastractl.resources.structural import version_program  # noqa: PLC0415 - few readers need schemas

    return version_program(version).filled(document, prune=False)
