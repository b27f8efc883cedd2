"""What the store gives back, and the five methods that seed 000 asks of any store.

`ResourceList` stands in `reads` and `Subscription` in `watch`; both are exported beside these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.errors import Cause
    from mastractl.resources.adoption import Place
    from mastractl.resources.ownership.managers import Manager
    from mastractl.resources.resource import Resource, ResourceKey
    from mastractl.values import JsonObject

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
Operation = Literal["created", "configured", "unchanged"]


class Applied(NamedTuple):
    """What `apply` did, or with `dry_run` would do.

    `before` is the resource as it stood, None if it is new. `warnings` are the remarks of admission and of
    the merge. `managers` own its fields now; None if they are as they were.
    """

    resource: Resource
    operation: Operation
    before: Resource | None = None
    warnings: tuple[Cause, ...] = ()
    managers: tuple[Manager, ...] | None = None


class Deleted(NamedTuple):
    """What `delete_all` did to one resource, or with `dry_run` would do.

    `resource` is its last state. `pending` says that it still stands, its deletion under way, because
    finalizers hold it. `dependents` were removed with it: what it owned and, with the definition of a
    kind, all resources of that kind.
    """

    resource: Resource
    pending: bool = False
    dependents: tuple[ResourceKey, ...] = ()


class Pruned(NamedTuple):
    """What an apply that prunes did.

    `pruned` are the resources that went; `left` the members of the set that are not among the applied and
    stay members; `lost` those that are no members any more though nobody pruned them: they were deleted,
    made anew by somebody else, or belong to another set too.
    """

    applied: tuple[Applied, ...]
    pruned: tuple[Deleted, ...] = ()
    left: tuple[Place, ...] = ()
    lost: tuple[Place, ...] = ()


class WatchEvent(NamedTuple):
    """One event of a watch.

    `resource` is the new state; with DELETED the last one, at the revision that ended it; with BOOKMARK
    a document that holds a resourceVersion only. `old` is the state before, where there was one.
    `resource_version` is where to resume once this event is dealt with: several resources written at
    once share a revision, and only the last event of it carries it. It is "" as long as there is nothing
    to resume from, amid the first list.
    """

    type: EventType
    resource: Resource
    old: Resource | None = None
    resource_version: str = ""


class Unsubscribable(Protocol):
    """What `watch_resources` returns (seed 000)."""

    def unsubscribe(self) -> None:
        """Call the handler no more."""
        ...


@runtime_checkable
class ResourceStore(Protocol):
    """The interface `StateStore` of seed 000, in the order of its arguments and in Python's naming.

    Whoever brings a store of their own can implement these five; implementing `engines.contract.Engine`
    instead gives all that `mastractl.store.StateStore` does on top.
    """

    def get_resource(self, kind: str, namespace: str, name: str) -> Resource | None:
        """The resource, or None."""
        ...

    def save_resource(self, resource: Resource | JsonObject) -> Resource:
        """Create or overwrite."""
        ...

    def delete_resource(self, kind: str, namespace: str, name: str) -> bool:
        """Delete; False if it is not there."""
        ...

    def list_resources(self, kind: str, namespace: str | None = None) -> list[Resource]:
        """All resources of a kind, in one namespace or in all."""
        ...

    def watch_resources(self, kind: str, handler: Callable[[EventType, Resource], object]) -> Unsubscribable:
        """Call the handler with each change."""
        ...
