"""`delete`: resources go, and what they own goes with them.

What is asked for is looked up first; names that are not there are reported (exit 3), and the rest go in
one commit, all or none. A resource that finalizers hold is only marked, and by default waited for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors
from mastractl.cli import changes, durations, leaving, options, selection
from mastractl.cli.printers.name import qualified_kind, resource_name
from mastractl.cli.process import is_tty

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.resources.kinds import Kind, KindRegistry
    from mastractl.resources.resource import Resource

Resources = Annotated[
    list[str] | None,
    options.argument(metavar="RESOURCE...", help="Types by plural, singular or short name; and names."),
]
All = Annotated[bool, options.flag("--all", help="Every resource of the types, in the namespace in force.")]
Wait = Annotated[
    bool, options.flag("--wait/--no-wait", help="Wait until what finalizers hold is gone (the default).")
]
Interactive = Annotated[bool, options.flag("--interactive", "-i", help="Ask before anything is deleted.")]
Cascade = Annotated[
    Literal["background", "foreground", "orphan"],
    options.flag(
        "--cascade",
        metavar="background|foreground|orphan",
        help="What becomes of what it owns: the first two delete it at once, orphan lets it stand.",
    ),
]
Force = Annotated[
    bool, options.flag("--force", help="Do not wait. What finalizers hold is still only marked, as always.")
]
Now = Annotated[bool, options.flag("--now", help="Taken for kubectl's sake: a deletion here is at once.")]
GracePeriod = Annotated[
    int,
    options.flag(
        "--grace-period",
        metavar="SECONDS",
        help="Taken for kubectl's sake: nothing that runs is given time to end.",
    ),
]

EXAMPLES = """
# By name
mastractl delete agent recipe-assistant -n cooking

# What a manifest names, and no complaint about what is gone already
mastractl delete -f agent.yaml --ignore-not-found

# By label, after a look at what that would be
mastractl delete agents,tools -n cooking -l app=kitchen-helper --dry-run=server

# Every workflow of a namespace
mastractl delete workflows --all -n cooking
"""

DEFINITION = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """How to delete; `limit` is in seconds."""

    interactive: bool
    dry_run: options.DryRunMode
    orphan: bool
    wait: bool
    forced: bool
    yes: bool
    limit: float


@options.verb(
    examples=EXAMPLES, usage="(TYPE NAME... | TYPE/NAME... | TYPE (-l SELECTOR | --all) | -f FILE...)"
)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    everything: All = False,
    all_namespaces: options.AllNamespaces = False,
    ignore_not_found: options.IgnoreNotFound = False,
    interactive: Interactive = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = "none",
    wait: Wait = True,
    timeout: options.Timeout = "0",
    cascade: Cascade = "background",
    output: options.ChangeOutput = "",
    force: Force = False,
    now: Now = False,
    grace_period: GracePeriod = -1,
) -> int:
    """Delete resources by manifest, by name or by label.

    A name that is not there is reported and makes the exit code 3; the others are deleted, all of them or
    none. What a deleted resource owns goes too, and with the definition of a kind all resources of it: if
    there are any, that must be confirmed, by a person or with --yes.
    """
    _check_periods(force=force, now=now, grace_period=grace_period)
    how = _How(
        interactive=interactive,
        dry_run=dry_run,
        orphan=cascade == "orphan",
        wait=wait and not force,
        forced=force,
        yes=yes,
        limit=durations.seconds(timeout, flag="--timeout"),
    )
    printer = changes.ChangePrinter(inv, output)
    asked = selection.Asked(
        resources=resources,
        filenames=filename,
        recursive=recursive,
        selector=selector,
        field_selector=field_selector,
        all_namespaces=all_namespaces,
    )
    chosen = selection.choose_explicitly(inv, asked, everything=everything)
    found = selection.find(inv, chosen, ignore_not_found=ignore_not_found or everything)
    code = 0
    if found.resources:
        code = _delete(inv, found.resources, printer, how)
    elif not chosen.named:
        inv.note("No resources found")
    found.report_missing(inv)
    return code


def _delete(inv: Invocation, found: list[Resource], printer: changes.ChangePrinter, how: _How) -> int:
    """Delete them, all or none, and tell; 1 if that was asked about and declined."""
    asked = _warn_of_kinds(inv, found, how)
    if (how.interactive or asked) and not _confirmed(inv, found):
        inv.note("deletion is cancelled")
        return 1
    keys = [resource.key for resource in found]
    kinds = inv.kinds  # as they are now: the definition of one may be among what goes
    dry = how.dry_run != "none"
    deleted = inv.store.delete_all(keys, ignore_missing=True, orphan=how.orphan, dry_run=dry)
    suffix = changes.DRY_RUN_SUFFIX[how.dry_run]
    printer.show(
        [changes.Change(d.resource, _line(d.resource, kinds, forced=how.forced) + suffix) for d in deleted]
    )
    if how.wait and not dry:
        leaving.await_gone(inv, [d.resource for d in deleted if d.pending], limit=how.limit)
    return 0


def _line(resource: Resource, kinds: KindRegistry, *, forced: bool) -> str:
    """`agent.mastra.ai "x" deleted`."""
    return f'{qualified_kind(resource, kinds)} "{resource.name}" {"force " if forced else ""}deleted'


def _check_periods(*, force: bool, now: bool, grace_period: int) -> None:
    """Raise UsageError where kubectl would: for flags that contradict each other."""
    if now and grace_period >= 0:
        message = "--now and --grace-period cannot be specified together"
        raise errors.UsageError(message)
    if force and grace_period > 0:
        message = "--force and --grace-period greater than 0 cannot be specified together"
        raise errors.UsageError(message)


def _warn_of_kinds(inv: Invocation, found: list[Resource], how: _How) -> bool:
    """Say how many resources go with the definitions of their kinds; whether a person has to be asked.

    Raises Forbidden where there is nobody to ask.
    """
    named = {resource.key for resource in found}
    taken = 0
    for definition in found:
        kind = _defined(inv, definition)
        count = sum(each.key not in named for each in inv.store.list(kind)) if kind else 0
        if count and kind:
            taken += count
            name = resource_name(definition, inv.kinds)
            what = (
                f"the {count} {kind.plural} there are" if count > 1 else f"the one {kind.singular} there is"
            )
            inv.warn(f"deleting {name} deletes {what} with it")
    if not taken or how.yes or how.dry_run != "none":
        return False
    if is_tty(inv.process.stdin):
        return True
    resources = "1 resource" if taken == 1 else f"{taken} resources"
    message = f"{resources} would be deleted with the definition of their kind; nothing was deleted"
    raise errors.Forbidden(message, hint="if that is meant, say so with --yes")


def _defined(inv: Invocation, resource: Resource) -> Kind | None:
    """The kind that a definition in the store defines; None for all other resources."""
    if resource.kind != DEFINITION:
        return None
    spec = resource.spec
    kind = inv.kinds.find(spec.get("group", ""), spec.get("names", {}).get("kind", ""))
    return None if kind is None or kind.bundled else kind


def _confirmed(inv: Invocation, found: list[Resource]) -> bool:
    kinds = inv.kinds
    listed = "".join(f"{resource_name(r, kinds)}\n" for r in found)
    return inv.confirm(
        f"You are about to delete the following {len(found)} resource(s):\n{listed}Do you want to continue?"
    )
