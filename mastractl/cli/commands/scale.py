"""`scale`: how many of something there should be, for kinds whose definition says where the number stands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import altering, changes, options, selection

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.values import JsonObject

Resources = Annotated[
    list[str] | None,
    options.argument(metavar="RESOURCE...", help="Types by plural, singular or short name; and names."),
]
Replicas = Annotated[
    int | None, options.flag("--replicas", metavar="NUMBER", help="How many there should be.")
]
Current = Annotated[
    int | None,
    options.flag("--current-replicas", metavar="NUMBER", help="Only if that many are wanted now."),
]

EXAMPLES = """
# Three of them
mastractl scale worker night-shift --replicas=3

# Five, if one was wanted until now
mastractl scale workers/night-shift --current-replicas=1 --replicas=5
"""


@options.verb(
    examples=EXAMPLES,
    usage="(TYPE NAME... | TYPE/NAME... | TYPE (-l SELECTOR | --all) | -f FILE...) --replicas NUMBER",
)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    everything: options.Everything = False,
    replicas: Replicas = None,
    current_replicas: Current = None,
    resource_version: options.ResourceVersion = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl-scale",
    output: options.ChangeOutput = "",
) -> None:
    """Change how many of something there should be.

    The definition of a kind says where that number stands (`subresources.scale`). None of the bundled kinds
    has one: an agent has limits, in spec.scaling.
    """
    if replicas is None:
        message = "say how many there should be: --replicas=NUMBER"
        raise errors.UsageError(message)
    if replicas < 0:
        message = f"--replicas is {replicas}: it must not be negative"
        raise errors.UsageError(message)
    printer = changes.ChangePrinter(inv, output)
    asked = selection.Asked(resources, filename, recursive, selector)
    found = altering.chosen(inv, asked, everything=everything)
    how = altering.How(field_manager, dry_run, "scale", resource_version)
    altering.refuse_several(found, how)
    change = partial(_change, wanted=replicas, expected=current_replicas)
    done = list(altering.alter(inv, found, change, how))
    altering.show(inv.kinds, printer, done, lambda _: "scaled", dry_run)


def _change(scale: JsonObject, *, wanted: int, expected: int | None) -> JsonObject:
    present = scale["spec"]["replicas"]
    if expected is not None and present != expected:
        message = f"expected replicas to be {expected}, was {present}"
        raise errors.Conflict(message, hint="look again, and leave out --current-replicas to scale anyway")
    return {**scale, "spec": {**scale["spec"], "replicas": wanted}}
