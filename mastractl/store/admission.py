"""What is let into a store: documents of known kinds that obey their schemas and rules.

The check of one document is pure and stands in `resources.admission`; here it meets the kinds of the
store. Definitions come first, whatever the order they were given in, so that a kind and its resources can
be written together; and a definition must not contradict those the store already has.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mastractl.resources.kinds import KindRegistry
from mastractl.resources.names import name_problem, namespace_problem
from mastractl.resources.resource import DEFAULT_NAMESPACE, Resource
from mastractl.store import keys
from mastractl.store.apply import Incoming
from mastractl.store.kinds import DEFINITION, read_definition
from mastractl.store.refusals import invalid, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.errors import Cause
    from mastractl.resources.admission import Admitted
    from mastractl.resources.kinds import Kind
    from mastractl.resources.parts import Extent
    from mastractl.store.kinds import StoreKinds
    from mastractl.values import JsonObject

Given = Resource | dict[str, Any]
"""What the writing methods take: a resource or its document."""

Fields = Literal["strict", "warn", "ignore"]
"""What a field that the schema does not know is: a fault, a warning, or nothing."""


class How(NamedTuple):
    """How documents are let in: what of unknown fields, how much of a resource each is (`resources.parts`),
    and whether that was seen to already; who writes them, and whether an apply takes fields over.
    """

    fields: Fields = "strict"
    extent: Extent = "whole"
    admitted: bool = False
    manager: str = ""
    force: bool = True


AS_A_WHOLE = How()


def let_in(kinds: StoreKinds, given: Sequence[Given], how: How = AS_A_WHOLE) -> list[Incoming]:
    """The documents in the order given, checked, in canonical form, with their namespaces.

    `how.admitted` says that `resources.admission.admit` has let them in already, with the kinds of this store
    and the definitions among them. Raises Invalid and UnknownKind, for the first that cannot be let in.
    """
    documents = [document_of(each) for each in given]
    registry: KindRegistry | None = None
    first: dict[int, Incoming] = {}
    for index, document in enumerate(documents):
        if document.get("kind") == DEFINITION:
            registry = registry or KindRegistry(parent=kinds.current())
            first[index] = incoming = _one(kinds, document, registry, how)
            if incoming.kind.bundled:
                registry.add(_defined(kinds, incoming))
    return [
        first.get(index) or _one(kinds, document, registry, how) for index, document in enumerate(documents)
    ]


def let_status_in(kinds: StoreKinds, given: Given) -> Incoming:
    """The document for the sake of its status, pruned and checked; raises Invalid and UnknownKind."""
    from mastractl.resources import validation  # noqa: PLC0415 - readers need no schemas

    document = document_of(given)
    kind = kinds.find(document)
    name = Resource(document).name
    stored = None
    if not name_problem(name) and not validation.is_valid(kind.storage_version, document):
        stored = kinds.stored(keys.key(kind, Resource(document).namespace, name))
    pruned, causes = validation.result_causes(kind.storage_version, document, stored)
    causes = [c for c in causes if not c.warning]
    causes = [c for c in causes if c.path[:1] == ("status",) or (not name and c.path[:1] == ("metadata",))]
    if causes:
        raise invalid(kind, name, tuple(causes))
    return _placed(kinds, kind, document | {"status": pruned.get("status")}, AS_A_WHOLE)


def document_of(given: Given) -> JsonObject:
    """The document that was given."""
    return given.document if isinstance(given, Resource) else given


def _one(kinds: StoreKinds, document: JsonObject, registry: KindRegistry | None, how: How) -> Incoming:
    if how.admitted:
        return _placed(kinds, kinds.find(document, registry), document, how)
    from mastractl.resources.admission import admit  # noqa: PLC0415 - readers need no schemas

    found = admit(
        document,
        registry or _narrowest(kinds, document),
        fields=how.fields,
        namespace=DEFAULT_NAMESPACE,
        extent=how.extent,
    )
    if found.resource is None and found.kind is not None:
        found = _beside_what_stands(kinds, document, found, registry, how)
    if found.resource is None or found.kind is None:
        raise refused(found.kind, Resource(document), found.causes)
    return _placed(kinds, found.kind, found.resource.document, how, found, document)


def _beside_what_stands(
    kinds: StoreKinds, document: JsonObject, found: Admitted, registry: KindRegistry | None, how: How
) -> Admitted:
    """What is to be said of a refused document beside what stands in its place, if anything does."""
    from mastractl.resources.admission import admit  # noqa: PLC0415 - readers need no schemas

    kind, resource = found.kind, Resource(document)
    if (
        kind is None
        or name_problem(resource.name)
        or (resource.namespace and namespace_problem(resource.namespace))
    ):
        return found
    old = kinds.stored(keys.key(kind, resource.namespace, resource.name))
    if old is None:
        return found
    known = registry or _narrowest(kinds, document)
    return admit(document, known, fields=how.fields, namespace=DEFAULT_NAMESPACE, extent=how.extent, old=old)


def _narrowest(kinds: StoreKinds, document: JsonObject) -> KindRegistry:
    """The bundled kinds where they suffice: then no definition needs to be read."""
    known = kinds.bundled.find_api(Resource(document).api_version, Resource(document).kind)
    return kinds.bundled if known else kinds.current()


def _placed(
    kinds: StoreKinds,
    kind: Kind,
    document: JsonObject,
    how: How,
    found: Admitted | None = None,
    given: JsonObject | None = None,
) -> Incoming:
    """The document with the namespace that its kind demands; `given` is what it was before admission."""
    metadata = document["metadata"]
    if kind.namespaced and not metadata.get("namespace"):
        metadata = {**metadata, "namespace": DEFAULT_NAMESPACE}
        document = {**document, "metadata": metadata}
    elif not kind.namespaced and "namespace" in metadata:
        metadata = {k: v for k, v in metadata.items() if k != "namespace"}
        document = {**document, "metadata": metadata}
    return Incoming(
        kind,
        document,
        keys.key(kind, metadata.get("namespace", ""), metadata["name"]),
        warnings=found.warnings if found else (),
        uid=Resource(given or document).uid,
        status_apart=has_status_apart(kind),
        definition="" if kinds.is_given(kind) else keys.definition(kind),
        manager=how.manager,
        force=how.force,
        partial=how.extent == "part",
        complete=found is not None and found.complete,
    )


def has_status_apart(kind: Kind) -> bool:
    """Whether status is a subresource; only a kind that defines it as an ordinary field has it as one."""
    version = kind.storage_version
    return kind.bundled or version.status or "status" not in version.schema.get("properties", {})


def _defined(kinds: StoreKinds, incoming: Incoming) -> Kind:
    """The kind a definition describes; Invalid if resources in the store would lose their kind by it."""
    kind = read_definition(incoming.document)
    causes = redefining_causes(kinds, incoming.document, incoming.key)
    if causes:
        raise invalid(incoming.kind, incoming.name, tuple(causes))
    return kind


def redefining_causes(kinds: StoreKinds, document: JsonObject, key: str) -> list[Cause]:
    """What keeps a definition from taking the place of the one at a key; nothing if there is none."""
    before, was = kinds.stored(key), kinds.defined().get(key)
    if before is None or was is None:
        return []
    from mastractl.resources import definitions  # noqa: PLC0415 - readers need no rules

    return definitions.update_causes(document, before, partial(kinds.in_version, was))
