"""Which resources a command line means: by type and name, by selector, or by manifest.

The rules are kubectl's, shared by every verb that works on what is in the store. A selection knows only
what was asked for; nothing is read from the store before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli import targets
from mastractl.resources.resource import ResourceKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.resources.kinds import Kind
    from mastractl.resources.resource import Resource
    from mastractl.resources.selectors import FieldSelector, LabelSelector


class Named(NamedTuple):
    """One resource that was asked for by name; the namespace is "" if its kind is cluster-scoped."""

    kind: Kind
    namespace: str
    name: str

    @property
    def key(self) -> ResourceKey:
        """What names it in the store."""
        return ResourceKey(self.kind.group, self.kind.kind, self.namespace, self.name)

    def not_found(self, *, hint: str = "") -> errors.NotFound:
        """The error that it is not there."""
        return errors.NotFound(f'{self.kind.qualified_plural} "{self.name}" not found', hint=hint)


class Found(NamedTuple):
    """The resources of a selection, and the names that are not there.

    `resource_version` says as of when, where the resources are one list.
    """

    resources: list[Resource]
    resource_version: str = ""
    missing: tuple[Named, ...] = ()
    by_manifest: bool = False

    def report_missing(self, inv: Invocation) -> None:
        """Report the names that are not there as failures; to be done after what is there was shown."""
        for at, named in enumerate(self.missing):
            inv.fail(named.not_found(hint="" if at or self.by_manifest else _hint(inv, named)))


class Selection(NamedTuple):
    """What was asked for: resources by name if `named` has any, else all of `kinds` that pass.

    `namespace` is where to look, None for all namespaces.
    """

    kinds: tuple[Kind, ...]
    named: tuple[Named, ...] = ()
    namespace: str | None = None
    labels: LabelSelector | None = None
    fields: FieldSelector | None = None
    by_manifest: bool = False

    @property
    def single(self) -> bool:
        """Whether exactly one resource was asked for, so that it is shown by itself and not in a List."""
        return len(self.named) == 1

    def means(self, resource: Resource) -> bool:
        """Whether a resource of one of the kinds is among those named, if any were."""
        return not self.named or resource.key in {n.key for n in self.named}

    def refuse_names_with_selectors(self) -> None:
        """Raise UsageError where names and selectors contradict each other."""
        if not self.named:
            return
        if self.labels is not None or self.fields is not None:
            message = "name cannot be provided when a selector is specified"
            raise errors.UsageError(message)
        if self.namespace is None and not self.by_manifest:
            message = "a resource cannot be retrieved by name across all namespaces"
            raise errors.UsageError(message, hint="leave out -A, or name the namespace with -n")


class Asked(NamedTuple):
    """The arguments and flags that select, as they were typed."""

    resources: Sequence[str] | None
    filenames: Sequence[str] | None = None
    recursive: bool = False
    selector: str = ""
    field_selector: str = ""
    all_namespaces: bool = False


def choose(inv: Invocation, asked: Asked) -> Selection:
    """What was asked for. Raises UsageError, UnknownKind, and Invalid for manifests that cannot be read."""
    if asked.filenames and asked.resources:
        message = "resources are named by -f or by type and name, not by both"
        raise errors.UsageError(message)
    namespace = inv.scope(all_namespaces=asked.all_namespaces)
    labels, fields = _selectors(asked)
    if asked.filenames:
        named = _named_by_manifests(inv, asked)
        kinds = tuple(dict.fromkeys(n.kind for n in named))
    else:
        found = targets.parse(inv.store, asked.resources or ())
        kinds = found.kinds
        named = tuple(
            Named(kind, inv.namespace if kind.namespaced else "", name) for kind, name in found.named
        )
    chosen = Selection(
        kinds=kinds,
        named=named,
        namespace=namespace,
        labels=labels,
        fields=fields,
        by_manifest=bool(asked.filenames),
    )
    chosen.refuse_names_with_selectors()
    return chosen


def choose_explicitly(inv: Invocation, asked: Asked, *, everything: bool) -> Selection:
    """What was asked for, by a verb that changes it: whole types are meant only if `everything` (--all) is.

    Raises what `choose` raises, and UsageError where that was not said in so many words.
    """
    if not asked.resources and not asked.filenames:
        message = "you must provide one or more resources by argument or filename"
        raise errors.UsageError(message)
    chosen = choose(inv, asked)
    selected = chosen.labels is not None or chosen.fields is not None
    if everything and (chosen.named or selected):
        message = f"--all contradicts {'names' if chosen.named else 'a selector'}: give one of them"
        raise errors.UsageError(message)
    if not (everything or selected or chosen.named or asked.filenames):
        message = "resource(s) were provided, but no name was specified"
        raise errors.UsageError(message, hint="name them, select them with -l, or say --all")
    return chosen


def find(inv: Invocation, chosen: Selection, *, ignore_not_found: bool = False) -> Found:
    """The resources of a selection, kind by kind or in the order of the names."""
    if not chosen.named:
        listed = inv.store.list_all(
            chosen.kinds, namespace=chosen.namespace, labels=chosen.labels, fields=chosen.fields
        )
        return Found(listed.items, listed.resource_version)
    resources, missing = [], []
    for named in chosen.named:
        resource = inv.store.get(named.kind, namespace=named.namespace, name=named.name)
        if resource is not None:
            resources.append(resource)
        elif not ignore_not_found:
            missing.append(named)
    return Found(resources, missing=tuple(missing), by_manifest=chosen.by_manifest)


def pages(inv: Invocation, chosen: Selection, *, size: int) -> Iterator[list[Resource]]:
    """The resources of a selection without names, at most `size` at a time, kind by kind."""
    for kind in chosen.kinds:
        after = ""
        while True:
            page = inv.store.list(
                kind,
                namespace=chosen.namespace,
                labels=chosen.labels,
                fields=chosen.fields,
                limit=size,
                after=after,
            )
            if page.items:
                yield page.items
            after = page.next
            if not after:
                break


def _selectors(asked: Asked) -> tuple[LabelSelector | None, FieldSelector | None]:
    if not asked.selector and not asked.field_selector:
        return None, None
    from mastractl.resources import selectors  # noqa: PLC0415 - most calls select by name

    labels = selectors.parse_label_selector(asked.selector) if asked.selector else None
    fields = selectors.parse_field_selector(asked.field_selector) if asked.field_selector else None
    return labels, fields


def _named_by_manifests(inv: Invocation, asked: Asked) -> tuple[Named, ...]:
    from mastractl.cli import intake  # noqa: PLC0415 - reads YAML

    found = dict.fromkeys(intake.identities(inv, asked.filenames or (), recursive=asked.recursive))
    return tuple(Named(kind, key.namespace, key.name) for kind, key in found)


def _hint(inv: Invocation, named: Named) -> str:
    """What may have been meant by a name that is not there."""
    from mastractl import spelling  # noqa: PLC0415 - for mistakes only

    if inv.kinds.match(named.name):
        several = f"{named.kind.plural},{named.name}"
        return f"{named.name!r} is a type of resource: to name several types write {several}"
    everywhere = inv.store.list(named.kind, namespace=None).items
    there = [resource for resource in everywhere if resource.namespace == named.namespace]
    if meant := spelling.hint(named.name, (resource.name for resource in there)):
        return meant
    if not named.kind.namespaced:
        return ""
    others = sorted(resource.namespace for resource in everywhere if resource.name == named.name)
    if others:
        return f"there is one in namespace {others[0]!r}: look there with -n {others[0]}"
    return f"looked in namespace {named.namespace!r}; -n looks in another"


def say_none(inv: Invocation, chosen: Selection) -> None:
    """Say that there is nothing of a selection, and where there is."""
    here = chosen.namespace is not None and any(kind.namespaced for kind in chosen.kinds)
    where = f" in {chosen.namespace} namespace." if here else ""
    inv.note(f"No resources found{where}", hint=_elsewhere(inv, chosen))


def _elsewhere(inv: Invocation, chosen: Selection) -> str:
    """Where resources of a selection that has none in its namespace may be looked for; "" if nowhere."""
    kinds = [kind for kind in chosen.kinds if kind.namespaced]
    if chosen.namespace is None or not kinds:
        return ""
    there = inv.store.list_all(kinds, namespace=None, labels=chosen.labels, fields=chosen.fields).items
    if not there:
        return ""
    from mastractl import spelling  # noqa: PLC0415 - for mistakes only

    near = spelling.nearest(chosen.namespace, sorted({resource.namespace for resource in there}))
    if near:
        return f"did you mean -n {near}?"
    count = len(there)
    are = "is 1" if count == 1 else f"are {count}"
    return f"there {are} in other namespaces: -A shows all"
