"""`describe`: everything about some resources, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl.cli import options, selection

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.printers.describe import EventLine, ReferenceState
    from mastractl.resources.resource import Resource

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="[TYPE[,TYPE...] [NAME]... | TYPE/NAME...]",
        help="What to describe; a name may be the beginning of one.",
    ),
]

ShowEvents = Annotated[
    bool,
    options.flag("--show-events/--no-show-events", help="Tell what happened to it lately (the default)."),
]

EXAMPLES = """
# One agent
mastractl describe agent recipe-assistant -n cooking

# Every workflow with a label
mastractl describe workflows -n cooking -l app=kitchen-helper

# What a manifest names
mastractl describe -f agent.yaml
"""


_EVENTS = 10


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    all_namespaces: options.AllNamespaces = False,
    show_events: ShowEvents = True,
) -> None:
    """Show the details of resources, with what they refer to.

    A name that no resource has is taken as the beginning of names, as kubectl does.
    """
    chosen = selection.choose(
        inv,
        selection.Asked(
            resources=resources,
            filenames=filename,
            recursive=recursive,
            selector=selector,
            field_selector=field_selector,
            all_namespaces=all_namespaces,
        ),
    )
    found = selection.find(inv, chosen)
    begun = [(named, _beginning(inv, named)) for named in found.missing]
    shown = [*found.resources, *(resource for _, several in begun for resource in several)]
    inv.write("\n\n".join(_text(inv, resource, show_events=show_events) for resource in shown))
    if not shown and not chosen.named:
        selection.say_none(inv, chosen)
    missing = tuple(named for named, several in begun if not several)
    found._replace(missing=missing).report_missing(inv)


def _beginning(inv: Invocation, named: selection.Named) -> list[Resource]:
    """The resources whose names begin with a name that none of them has."""
    everywhere = inv.store.list(named.kind, namespace=named.namespace or None)
    return [r for r in everywhere.items if r.name.startswith(named.name)]


def _text(inv: Invocation, resource: Resource, *, show_events: bool) -> str:
    from mastractl.cli.printers import describe  # noqa: PLC0415 - only this verb prints prose

    kind = inv.kinds.find(resource.group, resource.kind)
    return describe.describe(
        inv.masked(resource),
        now=inv.clock.now(),
        schema=kind.storage_version.schema if kind else None,
        references=_references(inv, resource),
        notes=[p.message for p in inv.store.problems() if p.key == _key(inv, resource)],
        events=_events(inv, resource) if show_events else None,
        color=inv.color(inv.stdout),
    )


def _events(inv: Invocation, resource: Resource) -> list[EventLine]:
    """The latest of what happened to it, the oldest first."""
    from mastractl.cli import happenings  # noqa: PLC0415 - only this verb and `events` tell it
    from mastractl.cli.printers.describe import EventLine  # noqa: PLC0415 - as above
    from mastractl.store import history  # noqa: PLC0415

    key = _key(inv, resource)
    found = history.recent(inv.store.engine, key, wanted=key.__eq__, limit=_EVENTS).revisions
    told = [happenings.happening(revision, inv.kinds) for revision in found]
    return [EventLine(type=e.type, reason=e.reason, at=e.revision.at, message=e.message) for e in told]


def _key(inv: Invocation, resource: Resource) -> str:
    from mastractl.store import keys  # noqa: PLC0415 - as above

    kind = inv.store.resolve(f"{resource.kind}.{resource.group}")
    return keys.key(kind, resource.namespace, resource.name)


def _references(inv: Invocation, resource: Resource) -> list[ReferenceState]:
    """What the resource refers to, and whether it is there."""
    from mastractl.cli.printers.describe import ReferenceState  # noqa: PLC0415 - as above
    from mastractl.resources import references  # noqa: PLC0415

    states = []
    for path, reference in references.references_of(resource):
        there = inv.store.get(reference.kind, namespace=reference.namespace, name=reference.name)
        state = "found" if there is not None else "missing"
        states.append(ReferenceState(path=path, target=str(reference), state=state))
    return states
