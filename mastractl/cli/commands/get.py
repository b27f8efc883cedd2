"""`get`: what there is.

A missing name is reported and fails the run (exit 3), the others are still printed. Data is on standard
output and nothing else is; that there is nothing to show is said on standard error, and only where a
person reads a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mastractl.cli import options, selection
from mastractl.cli.printers.interface import PrintOptions, printer_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.printers.printer import Printer
    from mastractl.cli.selection import Found, Selection
    from mastractl.resources.resource import Resource

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="[TYPE[,TYPE...] [NAME]... | TYPE/NAME...]",
        help="Types by plural, singular or short name, or `all`; and names.",
    ),
]
SortBy = Annotated[
    str,
    options.flag(
        "--sort-by", metavar="PATH", help="Order the rows by a field, such as .metadata.creationTimestamp."
    ),
]
ShowLabels = Annotated[bool, options.flag("--show-labels", help="Add a column with all labels.")]
ShowKind = Annotated[bool, options.flag("--show-kind", help="Put the type before each name.")]
LabelColumns = Annotated[
    list[str] | None,
    options.flag("--label-columns", "-L", metavar="LABEL", help="Add a column for a label. May be repeated."),
]
NoHeaders = Annotated[bool, options.flag("--no-headers", help="Leave out the header line.")]
Watch = Annotated[bool, options.flag("--watch", "-w", help="Go on with every change, until interrupted.")]
WatchOnly = Annotated[
    bool, options.flag("--watch-only", help="Only the changes from now on, without the list.")
]
WatchEvents = Annotated[
    bool, options.flag("--output-watch-events", help="With --watch: say for each line what happened.")
]
AllowMissing = Annotated[
    bool,
    options.flag(
        "--allow-missing-template-keys/--no-allow-missing-template-keys",
        help="With jsonpath: a field that is not there is empty, not an error (the default).",
    ),
]
ChunkSize = Annotated[int, options.flag("--chunk-size", hidden=True)]

EXAMPLES = """
# The agents of the namespace in force
mastractl get agents

# Several types at once, across all namespaces, with their labels
mastractl get agents,tools -A --show-labels

# One agent as YAML
mastractl get agent recipe-assistant -n cooking -o yaml

# By label and by any field
mastractl get agents -n cooking -l app=kitchen-helper --field-selector spec.model.provider=openai

# The models in use
mastractl get agents -A -o custom-columns=NAME:.metadata.name,MODEL:.spec.model.name

# What a manifest says, as it stands in the store
mastractl get -f agent.yaml -o json
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    output: options.Output = "",
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    all_namespaces: options.AllNamespaces = False,
    sort_by: SortBy = "",
    show_labels: ShowLabels = False,
    show_kind: ShowKind = False,
    label_columns: LabelColumns = None,
    no_headers: NoHeaders = False,
    ignore_not_found: options.IgnoreNotFound = False,
    watch: Watch = False,
    watch_only: WatchOnly = False,
    output_watch_events: WatchEvents = False,
    allow_missing_template_keys: AllowMissing = True,
    chunk_size: ChunkSize = 500,
) -> None:
    """List resources, or show one.

    Without a name all resources of the type are listed. A name that is not there is reported and makes
    the exit code 3; the others are still printed.
    """
    del chunk_size
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
    printer = printer_for(
        output,
        PrintOptions(
            out=inv.stdout,
            kinds=inv.kinds,
            clock=inv.clock,
            headers=not no_headers,
            show_labels=show_labels,
            label_columns=tuple(k for keys in label_columns or () for k in keys.split(",")),
            show_kind=show_kind or len(chosen.kinds) > 1,
            all_namespaces=all_namespaces,
            allow_missing_template_keys=allow_missing_template_keys,
            color=inv.color(inv.stdout),
        ),
    )
    if watch or watch_only:
        from mastractl.cli import following  # noqa: PLC0415 - few calls watch

        if chosen.named and not watch_only:
            found = selection.find(inv, chosen, ignore_not_found=ignore_not_found)
            found.report_missing(inv)
            if not found.resources:
                return
        rows = output not in {"json", "yaml"} and not output.startswith("jsonpath")
        show = (
            following.as_events(printer)
            if output_watch_events
            else following.as_resources(printer, inv.stdout, rows=rows)
        )
        following.follow(inv, chosen, show, listed=not watch_only)
    found = selection.find(inv, chosen, ignore_not_found=ignore_not_found)
    if sort_by:
        found.resources.sort(key=_order(sort_by))
    if not chosen.single:
        _list(inv, chosen, printer, found, table=output in {"", "table", "wide"}, quiet=ignore_not_found)
    elif found.resources:
        printer.print_object(found.resources[0])
    found.report_missing(inv)


def _order(path: str) -> Callable[[Resource], Any]:
    from mastractl.resources.columns import sort_key  # noqa: PLC0415 - few calls sort

    key = sort_key(path)
    return lambda resource: key(resource.document)


def _list(
    inv: Invocation, chosen: Selection, printer: Printer, found: Found, *, table: bool, quiet: bool
) -> None:
    """Print what a list found; where nothing did and a table was asked for, say so on standard error."""
    if found.resources or not table:
        printer.print_list(found.resources, found.resource_version)
    elif not chosen.named and not quiet:
        here = chosen.namespace is not None and any(k.namespaced for k in chosen.kinds)
        inv.note("No resources found" + (f" in {chosen.namespace} namespace." if here else ""))
