"""`annotate`: set annotations, take them away, list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl.cli import altering, marking, options, selection

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Listed = Annotated[
    bool, options.flag("--list", help="Print the annotations, after the change if there is one.")
]

EXAMPLES = """
# A note on one agent
mastractl annotate agent recipe-assistant -n cooking example.com/owner='the kitchen team'

# Another value for one that has one already
mastractl annotate agents --all -n cooking example.com/owner=me --overwrite

# Take it away
mastractl annotate agent recipe-assistant -n cooking example.com/owner-

# What there is
mastractl annotate agent recipe-assistant -n cooking --list
"""


@options.verb(examples=EXAMPLES, usage=marking.USAGE)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    arguments: marking.Arguments = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    everything: options.Everything = False,
    all_namespaces: options.AllNamespaces = False,
    overwrite: marking.Overwrite = False,
    listed: Listed = False,
    local: marking.Local = False,
    resource_version: options.ResourceVersion = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl-annotate",
    output: options.ChangeOutput = "",
) -> None:
    """Set, change, remove or list the annotations of resources.

    KEY=VALUE sets an annotation and KEY- removes it. One that has another value is left alone, and that is
    an error, unless --overwrite is given.
    """
    resources, marks = marking.split(arguments or (), "annotations", overwrite=overwrite)
    asked = marking.Asked(
        selection.Asked(resources, filename, recursive, selector, field_selector, all_namespaces),
        altering.How(field_manager, dry_run, resource_version=resource_version),
        everything=everything,
        listed=listed,
        local=local,
    )
    marking.run(inv, asked, marks, output)
