"""`replace`: manifests take the place of what is stored, field for field.

Unlike `apply` it refuses what is not there (exit 3), and leaves nothing of what stood there before but
the identity and the status. A resourceVersion in the manifest is a condition: a stale one is a conflict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import options, writing
from mastractl.cli.printers.name import qualified_kind, resource_name
from mastractl.resources.resource import Resource

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.check import Checked
    from mastractl.store import Applied

KeepGoing = Annotated[
    bool, options.flag("--keep-going", help="Replace what can be replaced even if something else cannot.")
]
Force = Annotated[
    bool, options.flag("--force", help="Delete what is there and create it anew, with another identity.")
]
Misplaced = Annotated[list[str] | None, options.argument(metavar="", hidden=True)]
SaveConfig = Annotated[bool, options.flag("--save-config", hidden=True)]
GracePeriod = Annotated[int, options.flag("--grace-period", hidden=True)]

EXAMPLES = """
# What the store has of it becomes what the file says
mastractl replace -f agent.yaml

# Change something in between; if somebody else did too, it is refused
mastractl get -f agent.yaml -o yaml | sed 's/gpt-4-turbo/gpt-4o/' | mastractl replace -f -

# Begin anew
mastractl replace -f agent.yaml --force
"""


@options.verb(examples=EXAMPLES, usage="-f FILE...")
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    validate: options.Validate = "strict",
    strict_refs: options.StrictRefs = False,
    keep_going: KeepGoing = False,
    force: Force = False,
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl",
    output: options.ChangeOutput = "",
    save_config: SaveConfig = False,
    grace_period: GracePeriod = -1,
    misplaced: Misplaced = None,
) -> None:
    """Put manifests in the place of what is stored, all or none.

    What is not there is told, nothing is replaced, and the exit code is 3. If a manifest holds a
    resourceVersion, the resource must still have it.
    """
    del save_config, grace_period  # nothing is kept beside the resource, and nothing takes its time to end
    if misplaced:
        message = f"unexpected argument {misplaced[0]!r}"
        raise errors.UsageError(message, hint=f"did you mean -f {misplaced[0]}?")
    dry = dry_run != "none"

    def refusal(each: Checked) -> errors.MastraError | None:
        if force:
            return _held(inv, each)
        if writing.stands(inv, each):
            return None
        message = f'{each.kind.qualified_plural} "{each.resource.name}" not found'
        return errors.NotFound(message, hint="`mastractl create` or `apply` make what is not there")

    def write(checked: list[Checked]) -> list[Applied]:
        if force:
            return _anew(inv, checked, dry=dry, manager=field_manager)
        resources = [each.resource for each in checked]
        return inv.store.update_all(resources, dry_run=dry, admitted=True, manager=field_manager)

    writing.run(
        inv,
        writing.Manifests(filename or (), recursive, options.FIELDS[validate], strict_refs, keep_going),
        writing.Saying("replaced", output, dry_run),
        refusal=refusal,
        write=write,
    )


def _held(inv: Invocation, each: Checked) -> errors.Conflict | None:
    """What keeps a resource from being deleted at once: its finalizers."""
    if not writing.stands(inv, each):
        return None
    resource = each.resource
    there = inv.store.require(each.kind, namespace=resource.namespace, name=resource.name)
    if not there.finalizers:
        return None
    held = ", ".join(map(str, there.finalizers))
    message = f"{resource_name(there, inv.kinds)} cannot be deleted at once: it is held by {held}"
    return errors.Conflict(message, hint="replace it without --force, or let its finalizers go first")


def _anew(inv: Invocation, checked: list[Checked], *, dry: bool, manager: str) -> list[Applied]:
    """Delete what is there, with what it owns, and create all of it."""
    there = [each.resource.key for each in checked if writing.stands(inv, each)]
    for would in inv.store.delete_all(there, ignore_missing=True, dry_run=True):
        count = len(would.dependents)
        if count:
            name = resource_name(would.resource, inv.kinds)
            inv.warn(f"deleting {name} deletes {count} resource{'' if count == 1 else 's'} with it")
    resources = [_without_version(each.resource) for each in checked]
    if dry:
        return inv.store.apply_all(resources, dry_run=True, admitted=True)
    kinds = inv.kinds
    for deleted in inv.store.delete_all(there, ignore_missing=True):
        inv.note(f'{qualified_kind(deleted.resource, kinds)} "{deleted.resource.name}" deleted')
    return inv.store.create_all(resources, admitted=True, manager=manager)


def _without_version(resource: Resource) -> Resource:
    metadata = {field: value for field, value in resource.metadata.items() if field != "resourceVersion"}
    return Resource(resource.document | {"metadata": metadata})
