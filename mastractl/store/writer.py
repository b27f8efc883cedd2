"""Commits and their results: the writing half of a store.

Every verb is one transaction of `drafts`: the steps of `apply` and `garbage` say what happens, this says
what makes one commit and what the caller hears of it.

What goes with a resource goes in the same commit. Only where the engine cannot take it in one are
dependents removed in commits of their own, before what was asked for: wherever that is cut short, what
still stands still has its owner, and deleting again goes on. Once the commit is made, the log is read for
what came in between, so that nothing is left behind that names a deleted owner or is of a deleted kind.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mastractl import clock
from mastractl.engines.contract import Check, Delete
from mastractl.resources.resource import Resource
from mastractl.store import apply, drafts, keys, refusals
from mastractl.store.api import Applied, Deleted, Pruned
from mastractl.store.garbage import Removal
from mastractl.store.kinds import DEFINITION
from mastractl.store.owners import owners_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Engine, Op
    from mastractl.errors import Cause
    from mastractl.resources.kinds import Kind
    from mastractl.store.api import Operation
    from mastractl.store.apply import Incoming
    from mastractl.store.drafts import Draft
    from mastractl.store.kinds import StoreKinds
    from mastractl.store.modify import Asked
    from mastractl.store.pruning import Left, Pruning
    from mastractl.values import JsonObject


class Target(NamedTuple):
    """What is to be deleted, and at which resourceVersion ("" for any)."""

    kind: Kind
    key: str
    name: str
    resource_version: str = ""


class _Gone(NamedTuple):
    """What a deletion came to, before it has revisions."""

    targets: list[Target]
    removal: Removal
    dependents: dict[str, list[str]]


class _Applying(NamedTuple):
    """What applying came to, before it has revisions: outcomes and documents by their place in the run."""

    applied: dict[int, tuple[apply.Outcome, JsonObject]]
    left: Left | None
    removal: Removal


class Writer:
    """Writes to one engine in the name of one manager. Thread-safe."""

    def __init__(self, engine: Engine, *, kinds: StoreKinds, clock: Clock, manager: str) -> None:
        self._engine = engine
        self._kinds = kinds
        self._clock = clock
        self._manager = manager
        self._owners = owners_in(engine)

    def write(
        self, incoming: Incoming, step: Callable[[Draft, Incoming, Removal], object], *, dry_run: bool = False
    ) -> Resource:
        """Take one step of `apply` as one commit, and give back the resource as it is then."""
        key = incoming.key
        origin = incoming.manager

        def work(draft: Draft) -> Removal:
            removal = self._removal(draft)
            step(draft, incoming, removal)
            return removal

        removal, draft = self._transact(work, asked={key}, manager=origin, dry_run=dry_run)
        self._sweep(removal, draft)
        return draft.resource(key, draft.read(key) or removal.removed[key])

    def modify(self, asked: Asked, *, dry_run: bool, manager: str) -> Applied:
        """Change one resource as one commit of the manager ("" for the writer's own name)."""
        from mastractl.store.modify import modify  # noqa: PLC0415 - most writers only apply

        key = asked.key

        def work(draft: Draft) -> tuple[tuple[Cause, ...], Removal]:
            removal = self._removal(draft)
            return modify(draft, asked, removal, self._kinds, manager or self._manager), removal

        (warnings, removal), draft = self._transact(work, asked={key}, dry_run=dry_run, manager=manager)
        self._sweep(removal, draft)
        return Applied(
            resource=draft.resource(key, draft.read(key) or removal.removed[key]),
            operation="configured" if draft.is_written(key) else "unchanged",
            before=draft.before(key),
            warnings=warnings,
        )

    def write_all(
        self,
        incoming: Sequence[Incoming],
        step: Callable[[Draft, Incoming, Removal], object],
        *,
        dry_run: bool,
        manager: str,
    ) -> list[Applied]:
        """Take one step of `apply` for each of them, definitions first, all as one commit."""

        def work(draft: Draft) -> tuple[dict[str, JsonObject], Removal]:
            removal = self._removal(draft)
            for each in sorted(incoming, key=lambda each: each.kind.kind != DEFINITION):
                step(draft, each, removal)
            return {e.key: draft.read(e.key) or removal.removed[e.key] for e in incoming}, removal

        asked = {each.key for each in incoming}
        (written, removal), draft = self._transact(work, asked=asked, dry_run=dry_run, manager=manager)
        self._sweep(removal, draft)
        return [
            _applied(draft, each, written[each.key], warnings=each.warnings + self._outdated(draft, each))
            for each in incoming
        ]

    def apply_all(
        self, incoming: Sequence[Incoming], *, dry_run: bool, pruning: Pruning | None = None
    ) -> Pruned:
        """Apply all of them as one commit, definitions first, and answer in the order given."""

        def work(draft: Draft) -> _Applying:
            removal = self._removal(draft)
            applied = {}
            for index in order:
                each = incoming[index]
                outcome = apply.apply(draft, each, removal)
                applied[index] = outcome, draft.read(each.key) or removal.removed[each.key]
            left = None
            if pruning is not None:
                from mastractl.store.pruning import prune  # noqa: PLC0415 - most applies prune nothing

                left = prune(draft, pruning, incoming, removal)
            return _Applying(applied, left, removal)

        order = sorted(range(len(incoming)), key=lambda index: incoming[index].kind.kind != DEFINITION)
        asked = {each.key for each in incoming}
        manager = incoming[0].manager if incoming else ""
        done, draft = self._transact(
            work, asked=asked, manager=manager, dry_run=dry_run, whole=pruning is not None
        )
        self._sweep(done.removal, draft)
        applied = [
            _applied(
                draft,
                each,
                document,
                operation=outcome.operation,
                warnings=each.warnings + outcome.remarks + self._outdated(draft, each),
            )
            for each, (outcome, document) in ((e, done.applied[i]) for i, e in enumerate(incoming))
        ]
        return _pruned(draft, applied, done)

    def delete_all(
        self,
        targets: Sequence[Target],
        *,
        ignore_missing: bool,
        orphan: bool,
        dry_run: bool,
        manager: str = "",
    ) -> list[Deleted]:
        """Delete all of them as one commit, and what goes with them."""

        def work(draft: Draft) -> _Gone:
            asked_for = {t.key: t for t in targets}.values()
            present = [t for t in asked_for if _is_present(draft, t, ignore_missing=ignore_missing)]
            removal = self._removal(draft, orphan=orphan)
            asked = {t.key for t in present}
            dependents = {}
            for target in present:
                already = len(removal.removed)
                removal.remove(target.key)
                dependents[target.key] = [k for k in islice(removal.removed, already, None) if k not in asked]
            return _Gone(present, removal, dependents)

        gone, draft = self._transact(work, asked={t.key for t in targets}, manager=manager, dry_run=dry_run)
        self._sweep(gone.removal, draft, orphan=orphan)
        return [_deleted(draft, gone, target) for target in gone.targets]

    def _outdated(self, draft: Draft, incoming: Incoming) -> tuple[Cause, ...]:
        """What a changed definition does to the resources there are."""
        if incoming.kind.kind != DEFINITION:
            return ()
        from mastractl.store import outdated  # noqa: PLC0415 - definitions change seldom

        return outdated.remarks(self._engine, draft, incoming.kind, incoming.key)

    def _removal(self, draft: Draft, *, orphan: bool = False) -> Removal:
        now = clock.rfc3339(self._clock.now())
        return Removal(draft, owners=self._owners, kinds=self._kinds, now=now, orphan=orphan)

    def _transact(
        self,
        work: Callable[[Draft], drafts.Outcome],
        *,
        asked: set[str],
        dry_run: bool,
        manager: str = "",
        whole: bool = False,
    ) -> tuple[drafts.Outcome, Draft]:
        """Do the work as one commit; unless it must stay `whole`, one that is too large may be divided."""

        def foreseeing(draft: Draft) -> drafts.Outcome:
            draft.foresee([each for key in asked for each in (key, keys.record(key))])
            return work(draft)

        divided = partial(_dependents_first, asked=asked | {keys.record(key) for key in asked})
        parts = None if whole else divided
        origin = manager or self._manager
        return drafts.transact(
            self._engine,
            foreseeing,
            clock=self._clock,
            origin=origin,
            parts=parts,
            dry_run=dry_run,
        )

    def _sweep(self, removal: Removal, draft: Draft, *, orphan: bool = False) -> None:
        """Once it is committed, remove what came in between, until nothing did."""
        while (
            draft.commits
            and removal.seen is not None
            and not self._owners.follow(removal.seen, draft.commits)
        ):
            uids = [document["metadata"].get("uid", "") for document in removal.removed.values()]
            prefixes = removal.emptied

            def work(draft: Draft, uids: list[str] = uids, prefixes: list[str] = prefixes) -> Removal:
                late = self._removal(draft, orphan=orphan)
                late.sweep(uids, prefixes)
                return late

            removal, draft = self._transact(work, asked=set(), dry_run=False)
        if draft.commits:
            self._owners.complete(self._manager)


def _applied(
    draft: Draft,
    incoming: Incoming,
    document: JsonObject,
    *,
    warnings: tuple[Cause, ...],
    operation: Operation | None = None,
) -> Applied:
    before = draft.before(incoming.key)
    changed = before is not None and draft.is_written(incoming.key)
    owned = draft.ownership(incoming.key)
    return Applied(
        draft.resource(incoming.key, document),
        operation or ("created" if before is None else "configured" if changed else "unchanged"),
        before=before,
        warnings=warnings,
        managers=None if owned is None else owned.managers,
    )


def _is_present(draft: Draft, target: Target, *, ignore_missing: bool) -> bool:
    entry = draft.entry(target.key)
    if entry is None and ignore_missing:
        return False
    if entry is None:
        raise refusals.not_found(target.kind, target.name)
    if target.resource_version:
        refusals.refuse_other_revision(target.kind, target.name, target.resource_version, entry)
    return True


def _pruned(draft: Draft, applied: Sequence[Applied], done: _Applying) -> Pruned:
    if done.left is None:
        return Pruned(tuple(applied))
    removed = done.removal.removed
    gone = []
    for key in done.left.gone:
        standing = draft.read(key)
        gone.append(Deleted(draft.resource(key, standing or removed[key]), pending=standing is not None))
    kept, lost = (tuple(map(keys.place, listed)) for listed in (done.left.kept, done.left.foreign))
    return Pruned(tuple(applied), tuple(gone), kept, lost)


def _deleted(draft: Draft, gone: _Gone, target: Target) -> Deleted:
    standing = draft.read(target.key)
    removed = gone.removal.removed
    return Deleted(
        resource=draft.resource(target.key, standing or removed[target.key]),
        pending=standing is not None,
        dependents=tuple(Resource(removed[key]).key for key in gone.dependents[target.key]),
    )


def _dependents_first(draft: Draft, ops: dict[str, Op], most: int, *, asked: set[str]) -> list[dict[str, Op]]:
    """The operations in commits of `most`: what depends on others first, what was asked for as the last.

    Every commit stands on the condition that what was asked for is as it was read.
    """
    last = {key: op for key, op in ops.items() if key in asked or isinstance(op, Check)}
    last |= {line: op for key in list(last) for line, op in draft.lines(key).items()}
    gone = [key for key in reversed(ops) if key not in last and isinstance(ops[key], Delete)]
    before = [key for key in gone if not key.startswith((keys.OWNERSHIP, keys.DEPENDENTS))]
    before += [key for key in ops if key not in last and key.startswith(keys.EVERYTHING) and key not in gone]
    room = most - len(last)
    if room < 2:
        return [ops]
    conditions: dict[str, Op] = {key: Check(key, draft.revision(key)) for key in last}
    together = [
        {each: ops[each] for each in (key, keys.record(key), *draft.lines(key)) if each in ops}
        for key in before
    ]
    return [part | conditions for part in _parts(together, room)] + ([last] if last else [])


def _parts(groups: Iterable[dict[str, Op]], room: int) -> Iterator[dict[str, Op]]:
    """The operations, `room` at a time: each with that on its record of ownership and in the index."""
    part: dict[str, Op] = {}
    for together in groups:
        if len(part) + len(together) > room:
            yield part
            part = {}
        part |= together
    if part:
        yield part
