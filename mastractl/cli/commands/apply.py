"""`apply`: what manifests declare comes to stand in the store, all of it or nothing.

Everything is read and checked before anything is written, and what is wrong is told in one run. Then one
commit takes it all. `--keep-going` is kubectl's way: what is in order is applied, one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors
from mastractl.cli import changes, intake, options, progress
from mastractl.cli.printers.name import resource_name
from mastractl.store import keys

if TYPE_CHECKING:
    from mastractl.cli.intake import Intake
    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.check import Checked
    from mastractl.resources.admission import Fields
    from mastractl.store import Applied

Validate = Annotated[
    Literal["strict", "warn", "ignore", "true", "false"],
    options.flag(
        "--validate",
        metavar="strict|warn|ignore",
        help="Unknown fields are errors (the default), warnings, or dropped without a word.",
    ),
]
KeepGoing = Annotated[
    bool, options.flag("--keep-going", help="Apply what is in order even if something else is not.")
]
Misplaced = Annotated[list[str] | None, options.argument(metavar="", hidden=True)]

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
"""

_FIELDS: dict[str, Fields] = {
    "strict": "strict",
    "true": "strict",
    "warn": "warn",
    "ignore": "ignore",
    "false": "ignore",
}


@options.verb(examples=EXAMPLES, usage="-f FILE...")
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    output: options.ChangeOutput = "",
    dry_run: options.DryRun = "none",
    validate: Validate = "strict",
    strict_refs: options.StrictRefs = False,
    keep_going: KeepGoing = False,
    misplaced: Misplaced = None,
) -> None:
    """Create or update resources from manifests, all or none.

    If anything is wrong with any of them nothing is written, every problem is told with its file and line,
    and the exit code is 4.
    """
    if misplaced:
        message = f"unexpected argument {misplaced[0]!r}"
        raise errors.UsageError(message, hint=f"did you mean -f {misplaced[0]}?")
    printer = changes.ChangePrinter(inv, output)
    taken = intake.take(
        inv,
        filename or (),
        recursive=recursive,
        fields=_FIELDS[validate],
        strict_refs=strict_refs,
        extent="declared",
    )
    intake.tell(inv, taken.found)
    if taken.faulty and not keep_going:
        raise intake.refusal(taken.found, outcome="nothing was applied")
    if not taken.checked and not taken.faulty:
        message = "no objects passed to apply"
        raise errors.ManifestError(message)
    applied = _each(inv, taken, dry_run) if keep_going else _all(inv, taken, dry_run)
    kinds, suffix = inv.kinds, changes.DRY_RUN_SUFFIX[dry_run]
    _warn_of_deletions(inv, applied)
    lines = [f"{resource_name(a.resource, kinds)} {a.operation}{suffix}" for a in applied]
    printer.show([changes.Change(a.resource, line) for a, line in zip(applied, lines, strict=True)])
    if taken.faulty:
        inv.fail(intake.refusal(taken.found, outcome=f"{len(applied)} applied, but not the rest"))


def _all(inv: Invocation, taken: Intake, dry_run: str) -> list[Applied]:
    """Apply everything in one commit."""
    resources = [each.resource for each in taken.checked]
    try:
        with progress.during(inv, "writing resources", count=len(resources)):
            return inv.store.apply_all(resources, dry_run=dry_run != "none", admitted=True)
    except errors.Conflict as conflict:
        for each in taken.checked:
            resource = each.resource
            if keys.key(each.kind, resource.namespace, resource.name) == conflict.key:
                raise _placed(conflict, each) from None
        raise


def _each(inv: Invocation, taken: Intake, dry_run: str) -> list[Applied]:
    """Apply one after the other; what fails is reported and does not hold up the rest."""
    applied = []
    for each in taken.checked:
        try:
            applied.append(inv.store.apply(each.resource, dry_run=dry_run != "none", admitted=True))
        except errors.MastraError as error:
            inv.fail(_placed(error, each))
    return applied


def _placed(error: errors.MastraError, each: Checked) -> errors.MastraError:
    """The same error, with the place of the manifest it is about."""
    origin = each.manifest.origin
    error.message = f"{origin.source}:{origin.line}: {error.message}"
    return error


def _warn_of_deletions(inv: Invocation, applied: list[Applied]) -> None:
    for each in applied:
        if each.resource.deletion_timestamp and each.operation != "unchanged":
            name = resource_name(each.resource, inv.kinds)
            inv.warn(f"{name} is being deleted: what was applied to it goes with it")
