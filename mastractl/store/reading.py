"""Reading a store: one resource, lists, watches, history, and what in it needs a person.

Nothing here writes, and nothing that writes is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from mastractl import errors
from mastractl.resources.kinds import Kind
from mastractl.resources.resource import DEFAULT_NAMESPACE, Resource
from mastractl.store import documents, keys, reads, refusals
from mastractl.store.kinds import StoreKinds

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable
    from types import TracebackType

    from mastractl.engines.contract import Engine, Health, Problem
    from mastractl.errors import Cause
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.selectors import FieldSelector, LabelSelector
    from mastractl.store.history import Revision
    from mastractl.store.reads import ResourceList
    from mastractl.store.watch import Subscription
    from mastractl.values import JsonObject


class Reader:
    """The reading half of `StateStore`, which says what is promised."""

    def __init__(self, engine: Engine, *, kinds: KindRegistry | None = None) -> None:
        if kinds is None:
            from mastractl.manifests import bundled  # noqa: PLC0415 - a caller may bring its own

            kinds = bundled.kinds()
        self.engine = engine
        self._kinds = StoreKinds(engine, kinds)

    @property
    def kinds(self) -> KindRegistry:
        """Every kind there is now: the bundled ones and those defined in the store."""
        return self._kinds.current()

    def resolve(self, kind: str | Kind) -> Kind:
        """The kind of that name; raises UnknownKind.

        Kinds that nothing defines any more are found too, as long as there are resources of them.
        """
        return self._kinds.resolve(kind) if isinstance(kind, str) else kind

    def get(self, kind: str | Kind, *, name: str, namespace: str = DEFAULT_NAMESPACE) -> Resource | None:
        """The resource, or None. The namespace counts only for kinds that have them."""
        found = self.resolve(kind)
        entry = self.engine.get(keys.key(found, namespace, name))
        if entry is None:
            return None
        resource = documents.resource(entry)
        self._present((found,), (resource,))
        return resource

    def require(self, kind: str | Kind, *, name: str, namespace: str = DEFAULT_NAMESPACE) -> Resource:
        """The resource; raises NotFound."""
        found = self.get(kind, namespace=namespace, name=name)
        if found is not None:
            return found
        raise refusals.not_found(self.resolve(kind), name)

    def list(
        self,
        kind: str | Kind,
        *,
        namespace: str | None = None,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
        limit: int = 0,
        after: str = "",
    ) -> ResourceList:
        """The resources of a kind in the order of namespace and name, as of one revision.

        `namespace` None means all of them. `limit` (0: none) and `after` (`ResourceList.next`) make pages.
        """
        found = self.resolve(kind)
        test = reads.chosen(labels, fields)
        listed = reads.select(self.engine, keys.prefix(found, namespace), test, limit=limit, after=after)
        self._present((found,), listed.items)
        return listed

    def list_all(
        self,
        kinds: Iterable[str | Kind],
        *,
        namespace: str | None = None,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> ResourceList:
        """The resources of several kinds, kind by kind, all as of the same revision."""
        named = self._each_once(kinds)
        prefixes = [keys.prefix(kind, namespace) for kind in named]
        test = reads.chosen(labels, fields)
        revision, entries = reads.snapshot(self.engine, prefixes)
        items = [r for r in documents.resources(entries) if test is None or test(r)]
        self._present(named, items)
        return reads.ResourceList(items, resource_version=str(revision))

    def history(
        self, kind: str | Kind, *, name: str, namespace: str = DEFAULT_NAMESPACE
    ) -> builtins.list[Revision]:
        """What happened to a resource, the oldest first, as far as the log reaches back.

        Deletions are in it, and what stood under that name before them. If the first of it is `forgotten`,
        the log was compacted since: it is how the resource stood then. [] if nothing is known of the name.
        """
        from mastractl.store import history  # noqa: PLC0415 - few ask for it

        return history.of_key(self.engine, keys.key(self.resolve(kind), namespace, name))

    def redefining_causes(self, definition: JsonObject) -> builtins.list[Cause]:
        """What keeps a definition, written in any form, from taking the place of the stored one."""
        from mastractl.store import admission  # noqa: PLC0415 - few manifests define kinds

        key = f"{keys.DEFINITIONS}{keys.CLUSTER}/{Resource(definition).name}"
        return admission.redefining_causes(self._kinds, definition, key)

    def watch(  # noqa: PLR0913 - what watches can be narrowed by
        self,
        kinds: str | Kind | Iterable[str | Kind],
        *,
        namespace: str | None = None,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
        since: str | None = None,
        initial: bool = True,
        bookmarks: bool = False,
    ) -> Subscription:
        """Every change of the resources of some kinds, as it happens, in the order of the log.

        With `initial` those there are come first, as ADDED. `since`, a resourceVersion, goes on from there
        instead; without either only what happens from this call on is told. `bookmarks` asks for an event
        now and then when nothing else happens, to resume from. Iterating raises Expired: `Subscription`.
        """
        from mastractl.store.watch import Subscription  # noqa: PLC0415 - most commands watch nothing

        named = self._each_once([kinds] if isinstance(kinds, str | Kind) else kinds)
        return Subscription(
            self.engine,
            named,
            namespace=namespace,
            test=reads.chosen(labels, fields),
            since=None if since is None else refusals.revision_of(since, "watch"),
            initial=initial,
            bookmarks=bookmarks,
            show=None if all(k.bundled for k in named) else lambda seen: self._present(named, (seen,)),
        )

    def health(self) -> Health:
        """The engine's health, with the problems of the definitions in the store beside its own."""
        health = self.engine.health()
        return health._replace(problems=health.problems + self._kinds.problems())

    def problems(self) -> tuple[Problem, ...]:
        """What in the store needs a person: files that cannot be read, definitions that make no sense."""
        return self.health().problems

    def notable(self) -> tuple[Problem, ...]:
        """The problems that every command should tell of: of resources, not of how a server is set up.

        It asks a server no more than one question.
        """
        own = self.engine.health().problems if self.engine.capabilities.external_edits else ()
        return own + self._kinds.problems()

    def close(self) -> None:
        """Close the engine. Watches end; what is called later raises StorageClosed."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _present(self, kinds: Iterable[Kind], resources: Iterable[Resource]) -> None:
        """Show what was read in the versions that were asked for."""
        if all(kind.bundled for kind in kinds):
            return
        from mastractl.store import views  # noqa: PLC0415 - bundled kinds need none

        views.present(self._kinds, kinds, resources)

    def _each_once(self, kinds: Iterable[str | Kind]) -> builtins.list[Kind]:
        found = {kind.segment: kind for kind in map(self.resolve, kinds)}
        if not found:
            message = "no kind was given"
            raise errors.BadRequest(message, hint="name one or more, as in agents, tools")
        return [*found.values()]
