"""Garbage: what goes when a resource goes.

The rules are Kubernetes' (background propagation, carried out at once):

* a resource with finalizers stays, marked with a deletionTimestamp, until an update drops the last;
* with a resource go its dependents, those whose ownerReferences name no other owner that still stands;
  from the rest, and from all if they are to be orphaned, the reference is taken away. Cycles end, for
  what is gone is not visited again; `blockOwnerDeletion` holds no owner back, since owners do not wait
  for their dependents;
* with the definition of a kind go all resources of the kind. If finalizers hold one of them, the
  definition waits for it, so that no resource ever loses its kind.

All of it is worked out in the draft of what caused it, and so is one commit with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import lifecycle
from mastractl.store import keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.store.drafts import Draft
    from mastractl.store.kinds import StoreKinds
    from mastractl.store.owners import Owners
    from mastractl.values import JsonObject

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer of a definition whose resources are not all gone (Kubernetes' name for it)."""


class Removal:
    """What goes, worked out in a draft.

    `seen` is the revision at which the owners were looked up, None as long as they were not;
    `removed` has the last document of all that is gone, by key; `emptied` the prefixes of the kinds
    whose definitions are gone. With `orphan` dependents stay; the resources of a kind never do.
    """

    def __init__(
        self, draft: Draft, *, owners: Owners, kinds: StoreKinds, now: str, orphan: bool = False
    ) -> None:
        self.now = now
        self.seen: int | None = None
        self.removed: dict[str, JsonObject] = {}
        self.emptied: list[str] = []
        self._draft = draft
        self._owners = owners
        self._kinds = kinds
        self._orphan = orphan

    def remove(self, key: str) -> None:
        """Remove the resource and what goes with it, or mark it if finalizers hold it."""
        waiting = [key]
        while waiting:
            key = waiting.pop()
            document = self._draft.read(key)
            if document is None:
                continue
            if key.startswith(keys.DEFINITIONS):
                document = self._without_resources(key, document)
                if document is None:
                    continue
            if not self._held(key, document):
                self._draft.write(key, None)
                self.removed[key] = document
                waiting += self._abandoned(document["metadata"].get("uid", ""))
                waiting += self._released(key)

    def sweep(self, uids: Iterable[str], prefixes: Iterable[str]) -> None:
        """Remove what came too late: dependents of owners that are gone, resources of kinds that are."""
        late = [key for uid in uids for key in self._abandoned(uid)]
        late += [key for prefix in prefixes for key in self._draft.found(prefix)]
        for key in late:
            self.remove(key)

    def _held(self, key: str, document: JsonObject) -> bool:
        metadata = document["metadata"]
        if not metadata.get("finalizers"):
            return False
        if not metadata.get("deletionTimestamp"):
            marked = {**document, "metadata": {**metadata, "deletionTimestamp": self.now}}
            self._draft.write(key, lifecycle.arranged(marked))
        return True

    def _abandoned(self, uid: str) -> list[str]:
        """The dependents that go with the owner; the others lose their reference to it."""
        if self.seen is None:
            self.seen = self._owners.refresh()
            for line, value in self._owners.missing().items():
                self._draft.put(line, value)
        gone = []
        for key in self._owners.dependents(uid):
            document = self._draft.read(key)
            if document is None:
                continue
            references = document["metadata"].get("ownerReferences", [])
            left = [reference for reference in references if reference.get("uid") != uid]
            if len(left) == len(references):
                continue
            if self._orphan or any(self._stands(reference, key) for reference in left):
                metadata = {**document["metadata"], "ownerReferences": left}
                self._draft.write(key, lifecycle.arranged({**document, "metadata": metadata}))
            else:
                gone.append(key)
        return gone

    def _stands(self, reference: JsonObject, dependent: str) -> bool:
        """Whether an owner stands, in the draft as it has come so far."""
        for key in keys.owners(reference, dependent):
            owner = self._draft.read(key)
            if owner is not None and owner["metadata"].get("uid") == reference.get("uid"):
                return True
        return False

    def _without_resources(self, key: str, definition: JsonObject) -> JsonObject | None:
        """The definition once its resources are removed, held while one of them is; None if it went."""
        kind = self._kinds.defined().get(key)
        if kind is None:
            return definition
        here = keys.prefix(kind)
        for resource in self._draft.found(here):
            self.remove(resource)
        present = self._draft.read(key)
        if present is None or not self._draft.found(here):
            self.emptied.append(here)
            return present
        metadata = present["metadata"]
        finalizers = metadata.get("finalizers", [])
        if CLEANUP in finalizers:
            return present
        held = lifecycle.arranged({**present, "metadata": {**metadata, "finalizers": [*finalizers, CLEANUP]}})
        self._draft.write(key, held)
        return held

    def _released(self, key: str) -> list[str]:
        """The definition that waited for this resource, its last, and now may go."""
        kind = self._kinds.of_segment(keys.place(key).segment)
        if kind is None:
            return []
        definition = self._draft.read(keys.definition(kind))
        if definition is None or CLEANUP not in definition["metadata"].get("finalizers", ()):
            return []
        if self._draft.found(keys.prefix(kind)):
            return []
        metadata = definition["metadata"]
        left = [f for f in metadata["finalizers"] if f != CLEANUP]
        released = lifecycle.arranged({**definition, "metadata": {**metadata, "finalizers": left}})
        self._draft.write(keys.definition(kind), released)
        return [] if left else [keys.definition(kind)]
