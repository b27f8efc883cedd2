"""`label`: set labels, take them away, list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl.cli import altering, marking, options, selection

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Listed = Annotated[bool, options.flag("--list", help="Print the labels, after the change if there is one.")]

EXAMPLES = """
# A label on one agent
mastractl label agent recipe-assistant -n cooking tier=gold

# Another value for one that has one already
mastractl label agent recipe-assistant -n cooking app=kitchen --overwrite

# On every tool with a label
mastractl label tools -n cooking -l app=kitchen-helper reviewed=yes

# Take it away from all of them
mastractl label tools --all -n cooking reviewed-

# What there is
mastractl label agent recipe-assistant -n cooking --list

# In a manifest, and not in the store
mastractl label -f agent.yaml --local tier=gold -o yaml
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
    field_manager: options.FieldManager = "mastractl-label",
    output: options.ChangeOutput = "",
) -> None:
    """Set, change, remove or list the labels of resources.

    KEY=VALUE sets a label and KEY- removes it. A label that has another value is left alone, and that is an
    error, unless --overwrite is given.
    """
    resources, marks = marking.split(arguments or (), "labels", overwrite=overwrite)
    asked = marking.Asked(
        selection.Asked(resources, filename, recursive, selector, field_selector, all_namespaces),
        altering.How(field_manager, dry_run, resource_version=resource_version),
        everything=everything,
        listed=listed,
        local=local,
    )
    marking.run(inv, asked, marks, output)
