"""`StateStore`: resources over an engine. Written once; every engine gives the same store.

What it promises: `uid` is given once and never again; `resourceVersion` is the revision of the commit that
last wrote the resource; `generation` counts the changes of what is wanted; status is written by
`update_status` alone; a write that changes nothing makes no revision; several resources are written all
or none; whoever holds a stale resourceVersion overwrites nothing. Lists and watches meet without a gap.

What it gives back is the caller's own: it may be changed and written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.resources.resource import DEFAULT_NAMESPACE, Resource
from mastractl.store import keys, refusals
from mastractl.store.reading import Reader

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Engine
    from mastractl.resources.adoption import Place
    from mastractl.resources.kinds import Kind, KindRegistry
    from mastractl.resources.ownership.managers import Manager
    from mastractl.resources.parts import Extent
    from mastractl.resources.resource import ResourceKey
    from mastractl.store.admission import Fields
    from mastractl.store.api import Applied, Deleted, EventType, Pruned
    from mastractl.store.apply import Incoming
    from mastractl.store.modify import Subresource
    from mastractl.store.pruning import Pruning
    from mastractl.store.watch import Subscription
    from mastractl.store.writer import Writer
    from mastractl.values import JsonObject


class StateStore(Reader):
    """The resources in an engine. Thread-safe; a context manager that closes the engine.

    `kinds` are the kinds known without the store (None: the bundled ones). `manager` is the name under
    which its commits stand in the log. An engine of files should be opened with `adoption.adopt`;
    `create_state_store` does all of it.

    Kinds are given as a `Kind` or by any name people call them: `agents`, `ag`, `Agent`, `agents.mastra.ai`.
    Methods raise UnknownKind for a word that names none, and what the engine raises.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        kinds: KindRegistry | None = None,
        clock: Clock | None = None,
        manager: str = "mastractl",
    ) -> None:
        super().__init__(engine, kinds=kinds)
        self._clock = clock or SystemClock()
        self._manager = manager
        self._writes: Writer | None = None

    def create(
        self,
        resource: Resource | JsonObject,
        *,
        dry_run: bool = False,
        fields: Fields = "strict",
        admitted: bool = False,
        manager: str = "",
    ) -> Resource:
        """Write a new resource and give it back as it is stored, or with `dry_run` would be.

        `fields` says what an unknown field is: a fault, a warning, or nothing; `admitted` that
        `resources.admission` has let the resource in already. Its fields belong to `manager` ("": the
        store's own), as an update. Raises AlreadyExists and Invalid.
        """
        from mastractl.store import apply  # noqa: PLC0415 - readers write nothing

        incoming = self._let_in_one(resource, fields, admitted=admitted, manager=manager)
        return self._writer.write(incoming, apply.create, dry_run=dry_run)

    def update(
        self,
        resource: Resource | JsonObject,
        *,
        dry_run: bool = False,
        fields: Fields = "strict",
        admitted: bool = False,
        manager: str = "",
    ) -> Resource:
        """Write the resource in the place of the stored one, and give it back as it is stored.

        All is as given but status and what the store writes. With a resourceVersion it must still be the
        stored one, else Conflict. What it changes belongs to `manager` from then on. A resource that is
        being deleted goes with its last finalizer, and is given back as it last was. Raises NotFound and
        Invalid.
        """
        from mastractl.store import apply  # noqa: PLC0415 - readers write nothing

        incoming = self._let_in_one(resource, fields, admitted=admitted, manager=manager)
        return self._writer.write(incoming, apply.update, dry_run=dry_run)

    def update_status(self, resource: Resource | JsonObject, *, manager: str = "") -> Resource:
        """Write the status of the resource, and nothing else of it; generation stays.

        With a resourceVersion it must still be the stored one, else Conflict. The status is pruned and
        checked as its schema says. Raises NotFound and Invalid.
        """
        from mastractl.store import admission, apply  # noqa: PLC0415 - readers write nothing

        incoming = admission.let_status_in(self._kinds, resource)
        incoming = incoming._replace(manager=manager or self._manager)
        return self._writer.write(incoming, apply.update_status)

    def apply(  # noqa: PLR0913 - as apply_all
        self,
        resource: Resource | JsonObject,
        *,
        dry_run: bool = False,
        fields: Fields = "strict",
        admitted: bool = False,
        manager: str = "",
        force: bool = True,
        partial: bool = False,
    ) -> Applied:
        """Create the resource, or put what it declares into what stands there.

        The fields it declares belong to `manager` ("": the store's own). What the manager applied before
        and leaves out now goes away unless others own it too; what others own and it does not name stays.
        A field that another manager owns with another value is taken over, with a warning if that one
        applied it; without `force` it raises FieldConflict. A `partial` resource may lack what it needs, as
        long as the stored one has it: the result must be valid (`resources.ownership`).

        With a resourceVersion it must still be the stored one, else Conflict. Raises Invalid.
        """
        return self.apply_all(
            [resource],
            dry_run=dry_run,
            fields=fields,
            admitted=admitted,
            manager=manager,
            force=force,
            partial=partial,
        )[0]

    def apply_all(  # noqa: PLR0913 - what an apply can be told
        self,
        resources: Sequence[Resource | JsonObject],
        *,
        dry_run: bool = False,
        fields: Fields = "strict",
        admitted: bool = False,
        manager: str = "",
        force: bool = True,
        partial: bool = False,
    ) -> builtins.list[Applied]:
        """Apply all of the resources or none, as one commit; kinds may be defined beside their resources.

        A resource that is given twice ends as the later one says. `dry_run` does the same work and writes
        nothing. What is `admitted` already should lack its defaults (`resources.parts`): they are filled in
        after the merge, and belong to nobody. Raises what `apply` raises, and TooLarge for more than the
        engine takes in one commit.
        """
        extent: Extent = "part" if partial else "declared"
        incoming = self._let_in(
            resources, fields, admitted=admitted, extent=extent, manager=manager, force=force
        )
        return [*self._writer.apply_all(incoming, dry_run=dry_run).applied]

    def apply_pruning(  # noqa: PLR0913 - as apply_all
        self,
        resources: Sequence[Resource | JsonObject],
        pruning: Pruning | None,
        *,
        dry_run: bool = False,
        admitted: bool = False,
        manager: str = "",
        force: bool = True,
        partial: bool = False,
    ) -> Pruned:
        """Apply all of the resources and let go what belongs to them and is no longer among them.

        What belongs together, and when it is refused: `store.pruning`; None lets nothing go. All of it is
        one commit. Raises what `apply_all` raises, and Forbidden, before anything is written, for too much.
        """
        extent: Extent = "part" if partial else "declared"
        incoming = self._let_in(
            resources, "strict", admitted=admitted, extent=extent, manager=manager, force=force
        )
        return self._writer.apply_all(incoming, dry_run=dry_run, pruning=pruning)

    def sets(self) -> dict[str, builtins.list[Place]]:
        """The sets there are, by name, with the places of their members (`store.pruning`)."""
        from mastractl.store import pruning  # noqa: PLC0415 - few ask

        return pruning.sets(self.engine)

    def create_all(
        self,
        resources: Sequence[Resource | JsonObject],
        *,
        dry_run: bool = False,
        fields: Fields = "strict",
        admitted: bool = False,
        manager: str = "",
    ) -> builtins.list[Applied]:
        """Create all of the resources or none, as one commit; kinds may be defined beside their resources.

        `manager` is the name under which the commit stands in the log, "" for the store's own. Raises what
        `create` raises, AlreadyExists for the first that is there.
        """
        from mastractl.store import apply  # noqa: PLC0415 - readers write nothing

        incoming = self._let_in(resources, fields, admitted=admitted, manager=manager)
        return self._writer.write_all(incoming, apply.create, dry_run=dry_run, manager=manager)

    def update_all(
        self,
        resources: Sequence[Resource | JsonObject],
        *,
        dry_run: bool = False,
        fields: Fields = "strict",
        admitted: bool = False,
        manager: str = "",
    ) -> builtins.list[Applied]:
        """Write all of the resources in the place of the stored ones, or none, as one commit.

        `manager` as with `create_all`. Raises what `update` raises, NotFound for the first that is missing.
        """
        from mastractl.store import apply  # noqa: PLC0415 - readers write nothing

        incoming = self._let_in(resources, fields, admitted=admitted, manager=manager)
        return self._writer.write_all(incoming, apply.update, dry_run=dry_run, manager=manager)

    def modify(  # noqa: PLR0913 - how a change is made
        self,
        kind: str | Kind,
        *,
        name: str,
        namespace: str = DEFAULT_NAMESPACE,
        change: Callable[[JsonObject], JsonObject],
        manager: str = "",
        subresource: Subresource = "",
        resource_version: str = "",
        fields: Fields = "strict",
        dry_run: bool = False,
    ) -> Applied:
        """Change a resource by a function from how it stands to how it is to be.

        The function is given a document of its own. It is called anew, with what stands then, as often as
        others get in between, so it must not do anything else. What it gives back is checked as by
        `update`; a change that is none makes no revision ("unchanged"). Status stays as it is unless
        `subresource` is "status": then nothing but status is taken; with "scale" the function is given,
        and gives back, the Scale (`resources.scale`). `resource_version` is the one that must stand there,
        else Conflict, as is a resourceVersion that the function puts into metadata. `manager` is the name
        under which the commit stands in the log, "" for the store's own. Raises NotFound; Invalid also for
        a change of the name, the namespace, the uid, the kind or the API group; and what the function raises.
        """
        from mastractl.store.modify import Asked  # noqa: PLC0415 - readers write nothing

        found = self.resolve(kind)
        key = keys.key(found, namespace, name)
        asked = Asked(found, key, name, change, subresource, resource_version, fields)
        return self._writer.modify(asked, dry_run=dry_run, manager=manager)

    def delete(
        self,
        kind: str | Kind,
        *,
        name: str,
        namespace: str = DEFAULT_NAMESPACE,
        resource_version: str | None = None,
        dry_run: bool = False,
        manager: str = "",
    ) -> Resource:
        """Delete the resource, and what it owns; give back what it was, or is while finalizers hold it.

        The rules: `store.garbage`. With a resourceVersion it must still be that, else Conflict. Raises
        NotFound. `delete_all` tells more of what happened.
        """
        from mastractl.store.writer import Target  # noqa: PLC0415 - readers write nothing

        found = self.resolve(kind)
        target = Target(found, keys.key(found, namespace, name), name, resource_version or "")
        (deleted,) = self._writer.delete_all(
            [target], ignore_missing=False, orphan=False, dry_run=dry_run, manager=manager
        )
        return deleted.resource

    def delete_all(
        self,
        targets: Iterable[ResourceKey | Resource],
        *,
        ignore_missing: bool = False,
        orphan: bool = False,
        dry_run: bool = False,
        manager: str = "",
    ) -> builtins.list[Deleted]:
        """Delete all of the resources or none, and what they own, or with `orphan` not, as one commit.

        A `Resource` must still have the resourceVersion it has, if it has one, else Conflict. Raises
        NotFound, unless `ignore_missing`: then what is missing is missing from the result. Where the engine
        cannot take so much at once, dependents go first, in commits of their own.
        """
        from mastractl.store.writer import Target  # noqa: PLC0415 - readers write nothing

        where = []
        for target in targets:
            key = target.key if isinstance(target, Resource) else target
            kind = self._kinds.of_key(key)
            version = target.resource_version if isinstance(target, Resource) else ""
            where.append(Target(kind, keys.key(kind, key.namespace, key.name), key.name, version))
        return self._writer.delete_all(
            where, ignore_missing=ignore_missing, orphan=orphan, dry_run=dry_run, manager=manager
        )

    def managed_fields(
        self, kind: str | Kind, *, name: str, namespace: str = DEFAULT_NAMESPACE
    ) -> builtins.list[JsonObject]:
        """Who owns which fields of the resource, as the entries of metadata.managedFields.

        What was edited from outside belongs to `external-edit`. Raises NotFound.
        """
        _, managers = self._held(self.resolve(kind), namespace, name)
        return [manager.to_json() for manager in managers]

    def last_applied(
        self, kind: str | Kind, *, name: str, namespace: str = DEFAULT_NAMESPACE, manager: str = ""
    ) -> JsonObject | None:
        """What the manager ("": the store's own) last applied to the resource, with the values it has now.

        None if it applied nothing that it still owns. Raises NotFound.
        """
        from mastractl.store import holders  # noqa: PLC0415 - most readers do not ask

        found = self.resolve(kind)
        stored, managers = self._held(found, namespace, name)
        schema = found.storage_version.schema
        return holders.last_applied(stored, managers, schema, manager=manager or self._manager)

    def get_resource(self, kind: str, namespace: str, name: str) -> Resource | None:
        """`get`, as seed 000 has it: the resource, or None."""
        return self.get(kind, namespace=namespace, name=name)

    def save_resource(self, resource: Resource | JsonObject) -> Resource:
        """Create or overwrite, as seed 000 has it, and give the resource back as it is stored.

        A resource that was read carries its resourceVersion: it overwrites only what was read, else
        Conflict. Raises Invalid.
        """
        from mastractl.store import apply  # noqa: PLC0415 - readers write nothing

        return self._writer.write(self._let_in_one(resource), apply.save)

    def delete_resource(self, kind: str, namespace: str, name: str) -> bool:
        """Delete, as seed 000 has it: False if it is not there. Any other failure raises."""
        try:
            self.delete(kind, namespace=namespace, name=name)
        except errors.UnknownKind:
            raise
        except errors.NotFound:
            return False
        return True

    def list_resources(self, kind: str, namespace: str | None = None) -> builtins.list[Resource]:
        """`list`, as seed 000 has it: all resources of a kind, in one namespace or in all."""
        return self.list(kind, namespace=namespace).items

    def watch_resources(
        self, kind: str, handler: Callable[[EventType, Resource], object], *, initial: bool = False
    ) -> Subscription:
        """Call the handler with the type and the resource of each change (seed 000), until unsubscribed.

        It is called from a thread of the subscription's own. With `initial`, first for what is there.
        """
        subscription = self.watch(kind, initial=initial)
        subscription.drive(handler)
        return subscription

    def _held(self, kind: Kind, namespace: str, name: str) -> tuple[JsonObject, tuple[Manager, ...]]:
        """What stands there, and who owns its fields; raises NotFound."""
        from mastractl.store import drafts, holders  # noqa: PLC0415 - most readers do not ask

        draft = drafts.Draft(self.engine)
        key = keys.key(kind, namespace, name)
        stored = draft.read(key)
        if stored is None:
            raise refusals.not_found(kind, name)
        return stored, holders.held(draft, key, stored, kind.storage_version.schema).managers

    @property
    def _writer(self) -> Writer:
        if self._writes is None:
            from mastractl.store.writer import Writer  # noqa: PLC0415 - readers write nothing

            self._writes = Writer(self.engine, kinds=self._kinds, clock=self._clock, manager=self._manager)
        return self._writes

    def _let_in_one(
        self,
        resource: Resource | JsonObject,
        fields: Fields = "strict",
        *,
        admitted: bool = False,
        manager: str = "",
    ) -> Incoming:
        return self._let_in([resource], fields, admitted=admitted, manager=manager)[0]

    def _let_in(
        self,
        given: Sequence[Resource | JsonObject],
        fields: Fields,
        *,
        admitted: bool,
        extent: Extent = "whole",
        manager: str = "",
        force: bool = True,
    ) -> builtins.list[Incoming]:
        from mastractl.store import admission  # noqa: PLC0415 - readers write nothing

        how = admission.How(fields, extent, admitted, manager or self._manager, force)
        return admission.let_in(self._kinds, given, how)
