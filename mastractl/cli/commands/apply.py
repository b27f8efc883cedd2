"""`apply`: what manifests declare comes to stand in the store, all of it or nothing.

Everything is read and checked before anything is written, and what is wrong is told in one run. Then one
commit takes it all, with what is pruned. `--keep-going` is kubectl's way: what is in order is applied, one
by one, and nothing is pruned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from mastractl import errors
from mastractl.cli import applying, changes, durations, intake, leaving, options, selection
from mastractl.cli.printers.name import resource_name
from mastractl.resources.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli.intake import Intake
    from mastractl.cli.invocation import Invocation
    from mastractl.store import Applied, Pruned

KeepGoing = Annotated[
    bool, options.flag("--keep-going", help="Apply what is in order even if something else is not.")
]
Overwrite = Annotated[
    bool,
    options.flag(
        "--overwrite/--no-overwrite",
        help="Take over fields that others own with another value (the default); or stop there.",
    ),
]
Wait = Annotated[bool, options.flag("--wait", help="With --prune: wait until what finalizers hold is gone.")]
Form = Annotated[
    Literal["yaml", "json"], options.flag("--output", "-o", metavar="FORMAT", help="yaml or json.")
]
Misplaced = Annotated[list[str] | None, options.argument(metavar="", hidden=True)]
Resources = Annotated[
    list[str] | None,
    options.argument(metavar="RESOURCE...", help="Types by plural, singular or short name; and names."),
]

EXAMPLES = """
# One file
mastractl apply -f agent.yaml

# A directory and those below it, in one commit
mastractl apply -f manifests/ -R

# What that would change, without changing it
mastractl apply -f manifests/ -R --dry-run=server

# From another program
cat agent.yaml | mastractl apply -f -

# A reference to what does not exist is an error
mastractl apply -f manifests/ -R --strict-refs

# Remember what belongs together; later, let go what the manifests name no more
mastractl apply -f manifests/ -R --set kitchen
mastractl apply -f manifests/ -R --set kitchen --prune

# Some fields only, in the name of another manager, and not those that somebody else owns
mastractl apply -f agent.yaml --server-side --field-manager ci --force-conflicts
"""


@options.verb(
    examples="""
# What apply last said of an agent, with the values it has now
mastractl apply view-last-applied agent recipe-assistant -n cooking

# Of all that a file names, as JSON
mastractl apply view-last-applied -f agent.yaml -o json
""",
    usage="(TYPE NAME... | TYPE/NAME... | TYPE (-l SELECTOR | --all) | -f FILE...)",
)
def view_last_applied(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    everything: options.Everything = False,
    output: Form = "yaml",
    field_manager: options.FieldManager = applying.MANAGER,
) -> None:
    """Show what was last applied to resources: the fields that apply owns, with their values.

    What others set is left out. A resource that was never applied is reported and makes the exit code 1.
    """
    asked = selection.Asked(resources=resources, filenames=filename, recursive=recursive, selector=selector)
    found = selection.find(inv, selection.choose_explicitly(inv, asked, everything=everything))
    shown = []
    for resource in found.resources:
        kind = inv.store.resolve(f"{resource.kind}.{resource.group}")
        applied = inv.store.last_applied(
            kind, name=resource.name, namespace=resource.namespace, manager=field_manager
        )
        if applied is None:
            _fail_unapplied(inv, resource, field_manager)
        else:
            shown.append(inv.masked(Resource(applied)).document)
    inv.write(_written(shown, output))
    found.report_missing(inv)


@options.verb(examples=EXAMPLES, usage="-f FILE...", verbs={"view-last-applied": view_last_applied})
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    output: options.ChangeOutput = "",
    dry_run: options.DryRun = "none",
    validate: options.Validate = "strict",
    strict_refs: options.StrictRefs = False,
    keep_going: KeepGoing = False,
    server_side: applying.ServerSide = False,
    field_manager: options.FieldManager = applying.MANAGER,
    force_conflicts: applying.ForceConflicts = False,
    overwrite: Overwrite = True,
    set_name: applying.Set = "",
    prune: applying.Prune = False,
    everything: applying.All = False,
    prune_allowlist: applying.Allowlist = None,
    yes: options.Yes = False,
    wait: Wait = False,
    timeout: options.Timeout = "0",
    misplaced: Misplaced = None,
) -> None:
    """Create or update resources from manifests, all or none.

    If anything is wrong with any of them nothing is written, every problem is told with its file and line,
    and the exit code is 4. What others set in the store and the manifest does not name stays.
    """
    if misplaced:
        message = f"unexpected argument {misplaced[0]!r}"
        raise errors.UsageError(
            message, hint=_OTHERWISE.get(misplaced[0], f"did you mean -f {misplaced[0]}?")
        )
    asked = applying.Asked(
        filename or (),
        recursive=recursive,
        selector=selector,
        fields=options.FIELDS[validate],
        strict_refs=strict_refs,
        server_side=server_side,
        manager=field_manager,
        force_conflicts=force_conflicts,
        overwrite=overwrite,
        set_name=set_name,
        prune=prune,
        everything=everything,
        allowlist=prune_allowlist or (),
        yes=yes,
    )
    how = _How(output, dry_run, keep_going, wait, durations.seconds(timeout, flag="--timeout"))
    _apply(inv, asked, how)


_OTHERWISE = {
    "edit-last-applied": "`mastractl edit` changes what is there; an apply says what it declares",
    "set-last-applied": "the store itself remembers what was applied: `mastractl apply -f FILE` says it anew",
}
"""Verbs of kubectl's that begin with `apply`, and what to do instead."""


class _How(NamedTuple):
    """What to do beside; `limit` is in seconds."""

    output: str
    dry_run: options.DryRunMode
    keep_going: bool
    wait: bool
    limit: float


def _apply(inv: Invocation, asked: applying.Asked, how: _How) -> None:
    if how.keep_going and (asked.prune or asked.set_name):
        message = f"--keep-going does not go with {'--prune' if asked.prune else '--set'}"
        raise errors.UsageError(message, hint="nothing is pruned, and no set recorded, if anything fails")
    printer = changes.ChangePrinter(inv, how.output)
    taken = applying.take(inv, asked, verb="apply", undone="applied", keep_going=how.keep_going)
    if how.keep_going:
        _keep_going(inv, asked, taken, printer, how.dry_run)
        return
    done = applying.run(inv, asked, taken.checked, dry_run=how.dry_run != "none")
    printer.show(_changes(inv, done.applied, asked, how.dry_run) + _pruned(inv, done, how.dry_run))
    applying.tell_of_the_set(inv, asked, done)
    if how.wait and how.dry_run == "none":
        leaving.await_gone(inv, [each.resource for each in done.pruned if each.pending], limit=how.limit)


def _keep_going(
    inv: Invocation, asked: applying.Asked, taken: Intake, printer: changes.ChangePrinter, dry_run: str
) -> None:
    """Apply one after the other; what fails is reported and does not hold up the rest."""
    applied = []
    for each in taken.checked:
        try:
            applied.append(applying.one(inv, asked, each, dry_run=dry_run != "none"))
        except errors.MastraError as error:
            inv.fail(error)
    printer.show(_changes(inv, applied, asked, dry_run))
    if taken.faulty:
        inv.fail(intake.refusal(taken.found, outcome=f"{len(applied)} applied, but not the rest"))


def _changes(
    inv: Invocation, applied: Sequence[Applied], asked: applying.Asked, dry_run: str
) -> list[changes.Change]:
    """A line for each that was applied, and a warning for those that are on their way out."""
    kinds, suffix = inv.kinds, changes.DRY_RUN_SUFFIX[dry_run]
    shown = []
    for each in applied:
        name = resource_name(each.resource, kinds)
        if each.resource.deletion_timestamp and each.operation != "unchanged":
            inv.warn(f"{name} is being deleted: what was applied to it goes with it")
        word = "serverside-applied" if asked.server_side else each.operation
        shown.append(changes.Change(each.resource, f"{name} {word}{suffix}"))
    return shown


def _pruned(inv: Invocation, done: Pruned, dry_run: str) -> list[changes.Change]:
    kinds, suffix = inv.kinds, changes.DRY_RUN_SUFFIX[dry_run]
    return [
        changes.Change(each.resource, f"{resource_name(each.resource, kinds)} pruned{suffix}")
        for each in done.pruned
    ]


def _fail_unapplied(inv: Invocation, resource: Resource, manager: str) -> None:
    """Report that the manager applied nothing to it, and who did."""
    kind = inv.store.resolve(f"{resource.kind}.{resource.group}")
    entries = inv.store.managed_fields(kind, name=resource.name, namespace=resource.namespace)
    others = sorted({entry["manager"] for entry in entries if entry["operation"] == "Apply"})
    hint = f"--field-manager {others[0]} did" if others else "it was made with create or edit; apply it"
    message = f"{resource_name(resource, inv.kinds)} was not applied by {manager!r}"
    inv.fail(errors.MastraError(message, hint=hint))


def _written(documents: list[dict[str, object]], form: str) -> str:
    if form == "json":
        from mastractl import values  # noqa: PLC0415 - for one form

        return "".join(values.pretty(document) for document in documents)
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - for one form

    return "---\n".join(yamltext.dump(document) for document in documents)
