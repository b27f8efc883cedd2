"""`rollout`: the revisions of resources of any kind, as the log of the store has them.

Every state that was wanted of a resource is a revision: who wanted it, when, and what was different. A
deleted resource has its revisions still, and can be brought back, as long as the log reaches that far.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import clock, errors
from mastractl.cli import altering, changes, durations, options, revisions, selection
from mastractl.cli.printers.layout import Layout
from mastractl.cli.printers.name import resource_name
from mastractl.resources import conditions
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.revisions import Past, Step
    from mastractl.resources.resource import Resource
    from mastractl.store import Applied
    from mastractl.values import JsonObject

Resources = Annotated[
    list[str] | None,
    options.argument(metavar="RESOURCE...", help="Types by plural, singular or short name; and names."),
]
Form = Annotated[
    Literal["", "json", "yaml"], options.flag("--output", "-o", metavar="FORMAT", help="json or yaml.")
]
OneRevision = Annotated[
    int, options.flag("--revision", metavar="NUMBER", help="The resource as it was in this revision.")
]
ToRevision = Annotated[
    int,
    options.flag("--to-revision", metavar="NUMBER", help="The revision to go back to; 0 is the one before."),
]
FromRevision = Annotated[
    int,
    options.flag(
        "--revision", metavar="NUMBER", help="The revision to compare; 0 is the one before the last."
    ),
]
Against = Annotated[
    int, options.flag("--to", metavar="NUMBER", help="The revision to compare it with; 0 is the last.")
]
Watch = Annotated[
    bool, options.flag("--watch/--no-watch", "-w", help="Wait until it is rolled out (the default).")
]

_DIFFERS = 1
_FAILED = 2
_POLL = 1.0
_CONDITIONS = ("Ready", "Available")
"""The conditions that say that a resource is rolled out, the first that it has."""


@options.verb(
    usage="(TYPE NAME... | TYPE/NAME... | -f FILE...)",
    examples="""
# Who changed what, and when
mastractl rollout history agent recipe-assistant -n cooking

# How it was in the first revision
mastractl rollout history agent/recipe-assistant -n cooking --revision=1
""",
)
def history(
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    revision: OneRevision = 0,
    output: Form = "",
) -> None:
    """Show the revisions of resources, deleted ones too."""
    found = list(revisions.chosen(inv, selection.Asked(resources, filename, recursive)))
    if output:
        documents = [d for past in found for d in _documents(inv, past, revision)]
        _print(inv, documents, output, single=len(documents) == 1 and bool(revision))
        return
    for number, past in enumerate(found):
        if number:
            inv.line()
        if revision:
            _describe(inv, past, past.step(revision))
        else:
            _table(inv, past)


@options.verb(
    usage="(TYPE NAME... | TYPE/NAME... | -f FILE...)",
    examples="""
# To the revision before
mastractl rollout undo agent recipe-assistant -n cooking --dry-run=server

# To a certain one
mastractl rollout undo agent recipe-assistant -n cooking --to-revision=1
""",
)
def undo(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    to_revision: ToRevision = 0,
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl-rollout",
    output: options.ChangeOutput = "",
) -> None:
    """Bring back what an earlier revision wanted, as a new revision.

    Labels, annotations and status stay as they are. What was deleted comes back with the labels and
    annotations it had, as a new resource.
    """
    if to_revision < 0:
        message = "--to-revision must not be negative"
        raise errors.UsageError(message)
    printer = changes.ChangePrinter(inv, output)
    suffix = changes.DRY_RUN_SUFFIX[dry_run]
    how = altering.How(field_manager, dry_run)
    done = []
    for past in revisions.chosen(inv, selection.Asked(resources, filename, recursive)):
        try:
            step = past.step(to_revision) if to_revision else past.before_last()
            applied = _undone(inv, past, step, how)
        except errors.MastraError as error:
            inv.fail(error)
            continue
        word = f"rolled back{suffix}"
        if applied.operation == "unchanged":
            word = f"skipped rollback (current template already matches revision {step.number})"
        done.append(changes.Change(applied.resource, f"{resource_name(applied.resource, inv.kinds)} {word}"))
    if done:
        printer.show(done)


@options.verb(
    usage="(TYPE NAME... | TYPE/NAME... | -f FILE...)",
    examples="""
# What the last change was; the exit code is 1 if there is a difference
mastractl rollout diff agent recipe-assistant -n cooking || true

# Between two revisions
mastractl rollout diff agent recipe-assistant -n cooking --revision=1 --to=2 || true
""",
)
def diff(
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    revision: FromRevision = 0,
    to: Against = 0,
) -> int:
    """Show what differs between two revisions: the last two, unless others are named.

    The exit code is 0 if nothing differs, 1 if something does, and more than 1 for an error.
    """
    inv.reporter.plain_failure = _FAILED
    differs = 0
    for past in revisions.chosen(inv, selection.Asked(resources, filename, recursive)):
        try:
            text = _difference(inv, past, revision, to)
        except errors.MastraError as error:
            inv.fail(error)
            continue
        if text:
            from mastractl.cli.printers import difftext  # noqa: PLC0415 - where there is a difference

            inv.write(difftext.colored(text) if inv.color(inv.stdout) else text)
            differs = _DIFFERS
    return differs


@options.verb(
    usage="(TYPE NAME... | TYPE/NAME... | -f FILE...)",
    examples="""
# Wait until a controller says that it is ready
mastractl rollout status agent sous-chef -n cooking --timeout=30s
""",
)
def status(
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    watch: Watch = True,
    timeout: options.Timeout = "0",
) -> None:
    """Wait until the present revision of resources is rolled out: Ready or Available.

    Their controllers say so in the status. Where none has said anything, that is told, and is a failure.
    """
    limit = durations.seconds(timeout, flag="--timeout")
    end = inv.clock.monotonic() + limit if limit > 0 else math.inf
    asked = selection.Asked(resources, filename, recursive)
    if not asked.resources and not asked.filenames:
        message = "required resource not specified"
        raise errors.UsageError(message, hint="write TYPE NAME or TYPE/NAME")
    found = selection.find(inv, selection.choose(inv, asked))
    for resource in found.resources:
        _await(inv, resource, end=end if watch else -math.inf)
    found.report_missing(inv)


app = options.group(
    help="Show, compare and bring back earlier states of resources.",
    verbs={"history": history, "undo": undo, "diff": diff, "status": status},
)


def _table(inv: Invocation, past: Past) -> None:
    """Print the revisions of one resource, as kubectl does."""
    inv.line(past.title)
    now = inv.clock.now()
    rows = [["REVISION", "AGE", "CHANGED-BY", "CHANGE"]]
    for step in past.steps:
        age = clock.age(now - step.began.at) if step.began.at else "<unknown>"
        by = harmless(step.began.manager) or "<unknown>"
        rows.append([str(step.number), age, by, harmless(step.summary)])
    inv.write(Layout().lines(rows))
    if past.forgotten:
        inv.note("the log was compacted: what was before is forgotten")
    if past.ended is not None:
        gone = f"{past.title} was deleted {clock.age(now - past.ended.at)} ago by {past.ended.manager}"
        back = f"mastractl rollout undo {past.named.kind.singular} {past.named.name}"
        inv.note(f"{gone}; `{back}{_where(past)}` brings it back")


def _where(past: Past) -> str:
    return f" -n {past.named.namespace}" if past.named.namespace else ""


def _describe(inv: Invocation, past: Past, step: Step) -> None:
    """Print one revision: who made it and when, what it changed, and the whole of what it wanted."""
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - for one revision only

    inv.line(f"{past.title} with revision #{step.number}")
    rows = [["Changed by:", harmless(step.began.manager) or "<unknown>"]]
    rows.append(["At:", clock.rfc3339(step.began.at) if step.began.at else "<unknown>"])
    rows.append(["Changed:", harmless(", ".join(step.changed)) or step.summary])
    inv.write(Layout().lines(rows))
    inv.write(yamltext.dump(revisions.wanted(inv.masked(step.resource).document)))


def _documents(inv: Invocation, past: Past, revision: int) -> Iterator[JsonObject]:
    """The revisions for programs: each with its resource; one that was asked for is that resource alone."""
    if revision:
        yield inv.masked(past.step(revision).resource).document
        return
    for step in past.steps:
        yield {
            "revision": step.number,
            "resourceVersion": str(step.began.revision),
            "time": clock.rfc3339(step.began.at) if step.began.at else None,
            "manager": step.began.manager,
            "changed": list(step.changed),
            "object": inv.masked(step.resource).document,
        }


def _print(inv: Invocation, documents: list[JsonObject], output: str, *, single: bool) -> None:
    whole: JsonObject = {"apiVersion": "v1", "kind": "List", "items": documents}
    document = documents[0] if single else whole
    if output == "json":
        from mastractl.cli.printers import jsonout  # noqa: PLC0415 - one of two

        inv.write(jsonout.pretty(document))
    else:
        from mastractl.cli.printers import yamltext  # noqa: PLC0415 - the other

        inv.write(yamltext.dump(document))


def _undone(inv: Invocation, past: Past, step: Step, how: altering.How) -> Applied:
    """Bring back a revision: by a change of what stands, or by making what was deleted anew."""
    old = revisions.wanted(step.resource.document)
    if past.ended is not None:
        return _made_again(inv, past, step, how)
    last = past.steps[-1]

    def change(document: JsonObject) -> JsonObject:
        if document["metadata"].get("generation") != last.began.generation:
            message = f"{past.title} was changed while it was being rolled back"
            raise errors.Conflict(message, hint="look at its history again")
        kept = {field: value for field, value in document.items() if field not in revisions.wanted(document)}
        return kept | old

    return altering.modify(inv, last.resource, change, how)


def _made_again(inv: Invocation, past: Past, step: Step, how: altering.How) -> Applied:
    metadata = step.resource.metadata
    kept = {f: metadata[f] for f in ("name", "namespace", "labels", "annotations") if f in metadata}
    kind = past.named.kind
    document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": kept}
    document |= revisions.wanted(step.resource.document)
    (made,) = inv.store.create_all([document], dry_run=how.dry_run != "none", manager=how.manager)
    inv.note(f"{past.title} had been deleted: it comes back as a new resource")
    return made


def _difference(inv: Invocation, past: Past, revision: int, to: int) -> str:
    """The unified diff between two revisions, "" if there is none."""
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - for differences only
    from mastractl.resources import diff as differences  # noqa: PLC0415 - as above

    before = past.step(revision) if revision else past.before_last()
    after = past.step(to) if to else past.steps[-1]
    shown = inv.masked_pair(before.resource, after.resource)
    texts = [yamltext.dump(revisions.wanted(side.document)) for side in shown if side is not None]
    sides = (f"revision-{before.number}/", f"revision-{after.number}/")
    return differences.unified(texts[0], texts[1], name=past.title, sides=sides)


def _await(inv: Invocation, resource: Resource, *, end: float) -> None:
    """Tell when one resource is rolled out; failures are reported."""
    engine = inv.store.engine
    kind = altering.kind_of(inv, resource)
    name = resource_name(resource, inv.kinds)
    told = ""
    while True:
        revision = engine.revision()
        now = inv.store.get(kind, namespace=resource.namespace, name=resource.name)
        if now is None:
            inv.fail(errors.NotFound(f"{name} was deleted while it was waited for"))
            return
        which = next((c for c in _CONDITIONS if conditions.condition(now, c)), "")
        if not which:
            message = f"{name} has no controller status: nothing has said that it is Ready or Available"
            inv.fail(
                errors.Unavailable(message, hint="`mastractl wait --for=condition=Ready` waits until it does")
            )
            return
        if conditions.holds(now, which):
            inv.line(f"{name} successfully rolled out")
            inv.stdout.flush()
            return
        seen = _seen(now, which)
        left = end - inv.clock.monotonic()
        if left <= 0:
            inv.fail(errors.TimedOut(f"{name} is not rolled out: {seen}"))
            return
        if seen != told:
            told = seen
            inv.note(f"Waiting for {name} to be rolled out: {seen}...")
        engine.wait(revision, min(left, _POLL))


def _seen(resource: Resource, which: str) -> str:
    """What a condition that does not hold says."""
    found = conditions.condition(resource, which) or {}
    if str(found.get("status")).lower() == "true":
        return f"{which} was said of an earlier generation"
    reason = f" ({found['reason']})" if found.get("reason") else ""
    return f"{which} is {found.get('status', 'unset')}{reason}"
