"""`get`: what there is.

A missing name is reported and fails the run (exit 3), the others are still printed. Data is on standard
output and nothing else is; that there is nothing to show is said on standard error, and only where a
person reads a table.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, NamedTuple

from mastractl import errors
from mastractl.cli import options, selection
from mastractl.cli.printers.interface import PrintOptions, printer_for

if TYPE_CHECKING:
    from mastractl.cli.following import Show
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.printers.printer import Printer
    from mastractl.cli.selection import Selection
    from mastractl.resources.resource import Resource
    from mastractl.store import WatchEvent

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="RESOURCE...",
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
ChunkSize = Annotated[
    int,
    options.flag(
        "--chunk-size",
        metavar="N",
        help="Read and print rows N at a time, to hold less in memory. Without it they are of one moment.",
    ),
]
Subresource = Annotated[
    str, options.flag("--subresource", metavar="status", help="Only of kinds that have this subresource.")
]
ShowManagedFields = Annotated[
    bool,
    options.flag("--show-managed-fields", help="With json or yaml: who owns which field, in metadata."),
]
Raw = Annotated[str, options.flag("--raw", hidden=True)]

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

# The newest last; the most recent changes of a type with many resources, page by page
mastractl get agents -A --sort-by=.metadata.creationTimestamp
mastractl get agents -A -o name --chunk-size=500

# What a manifest says, as it stands in the store
mastractl get -f agent.yaml -o json
"""


@options.verb(examples=EXAMPLES, usage="(TYPE[,TYPE...] [NAME...] | TYPE/NAME... | -f FILE...)")
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
    chunk_size: ChunkSize = 0,
    subresource: Subresource = "",
    show_managed_fields: ShowManagedFields = False,
    raw: Raw = "",
) -> None:
    """List resources, or show one.

    Without a name all resources of the type are listed. A name that is not there is reported and makes
    the exit code 3; the others are still printed.
    """
    _refuse_raw(inv, raw)
    asked = selection.Asked(resources, filename, recursive, selector, field_selector, all_namespaces)
    chosen = selection.choose(inv, asked)
    _check_subresource(chosen, subresource)
    layout = PrintOptions(
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
        secrets=inv.flags.show_secrets,
    )
    printer = printer_for(output, layout)
    if output.startswith("custom-columns"):
        _warn_of_strays(inv, chosen, output)
    how = _How(
        output, sort_by, ignore_not_found, output_watch_events, watch_only, chunk_size, show_managed_fields
    )
    if watch or watch_only:
        _follow(inv, chosen, printer, how)
    else:
        _show(inv, chosen, printer, how)


_TABLES = frozenset({"", "table", "wide"})
_ROWS = _TABLES | {"name", "custom-columns", "custom-columns-file"}


class _How(NamedTuple):
    output: str
    sort_by: str
    ignore_not_found: bool
    events: bool
    only_changes: bool
    chunk: int
    owners: bool

    @property
    def in_rows(self) -> bool:
        """Whether the output is row by row, so that it can be written piece by piece."""
        return self.output.partition("=")[0] in _ROWS


def _show(inv: Invocation, chosen: Selection, printer: Printer, how: _How) -> None:
    """Print what there is, then report the names that are not there."""
    if how.chunk > 0 and how.in_rows and not how.sort_by and not chosen.named:
        _show_in_pieces(inv, chosen, printer, how)
        return
    found = selection.find(inv, chosen, ignore_not_found=how.ignore_not_found)
    if how.sort_by:
        _sort(inv, found.resources, how.sort_by)
    if how.owners and not how.in_rows:
        _add_owners(inv, found.resources)
    if chosen.single:
        for resource in found.resources:
            printer.print_object(resource)
    elif found.resources or how.output not in _TABLES:
        printer.print_list(found.resources, found.resource_version)
    elif not chosen.named and not how.ignore_not_found:
        _say_nothing_found(inv, chosen)
    found.report_missing(inv)


def _add_owners(inv: Invocation, resources: list[Resource]) -> None:
    """Put into each who owns its fields, as Kubernetes has it."""
    for resource in resources:
        kind = inv.store.resolve(f"{resource.kind}.{resource.group}")
        with contextlib.suppress(errors.NotFound):  # it went since it was read
            resource.metadata["managedFields"] = inv.store.managed_fields(
                kind, name=resource.name, namespace=resource.namespace
            )


def _show_in_pieces(inv: Invocation, chosen: Selection, printer: Printer, how: _How) -> None:
    """Print what there is page by page, each as it was when it was read."""
    shown = False
    for page in selection.pages(inv, chosen, size=how.chunk):
        printer.print_list(page)
        shown = True
    if not shown and how.output in _TABLES and not how.ignore_not_found:
        _say_nothing_found(inv, chosen)


def _follow(inv: Invocation, chosen: Selection, printer: Printer, how: _How) -> None:
    """Print what there is and then every change; a name that is not there is not waited for."""
    from mastractl.cli import following  # noqa: PLC0415 - few calls watch

    if chosen.named and not how.only_changes:
        found = selection.find(inv, chosen, ignore_not_found=how.ignore_not_found)
        found.report_missing(inv)
        if not found.resources:
            return
    rows = how.output not in {"json", "yaml"} and not how.output.startswith("jsonpath")
    by_itself = following.as_resources(printer, inv.stdout, rows=rows)
    show = following.as_events(printer) if how.events else by_itself
    if how.owners and not how.in_rows:
        show = _with_owners(inv, show)
    following.follow(inv, chosen, show, listed=not how.only_changes)


def _with_owners(inv: Invocation, show: Show) -> Show:
    """The same, with the owners that the fields of each resource have by now."""

    def shown(batch: list[WatchEvent]) -> None:
        _add_owners(inv, [event.resource for event in batch])
        show(batch)

    return shown


def _say_nothing_found(inv: Invocation, chosen: Selection) -> None:
    selection.say_none(inv, chosen)
    if inv.new_store:
        inv.note(f"there was no store at {inv.store_shown} before")


def _sort(inv: Invocation, resources: list[Resource], path: str) -> None:
    """Order by a field, what lacks it first (kubectl); say so, since it may be the path that is wrong."""
    from mastractl.resources import columns, path_reader  # noqa: PLC0415 - few calls sort

    key = columns.sort_key(path)
    resources.sort(key=lambda resource: key(resource.document))
    found = path_reader.relaxed(path)
    without = sum(found.first(resource.document) is None for resource in resources)
    if resources and without == len(resources):
        kind = resources[0].kind.lower()
        hint = f"`mastractl explain {kind} --recursive` lists the fields"
        inv.warn(f"--sort-by={path}: none of the resources has this field, so they are not sorted", hint=hint)
    elif without:
        has = "has" if without == 1 else "have"
        inv.note(f"{without} of {len(resources)} {has} no {path}: first in the list")


def _check_subresource(chosen: Selection, name: str) -> None:
    """Raise UsageError for a subresource that a kind does not have; with its status a resource is whole."""
    if not name:
        return
    if name != "status":
        path = chosen.kinds[0].storage_version.scale or {}
        where = path.get("specReplicasPath", "")
        hint = f"`-o jsonpath={{{where}}}` shows how many there should be" if where else "status is one"
        message = f"--subresource={name} cannot be shown by itself"
        raise errors.UsageError(message, hint=hint)
    for kind in chosen.kinds:
        if not kind.storage_version.status:
            message = f"{kind.qualified_plural} have no subresource {name!r}"
            raise errors.UsageError(message)


def _warn_of_strays(inv: Invocation, chosen: Selection, output: str) -> None:
    """Say of a column of one's own that no resource of these types can fill it."""
    from mastractl.cli.printers.customcolumns import astray  # noqa: PLC0415 - few calls
    from mastractl.cli.printers.interface import columns_of  # noqa: PLC0415 - as above

    fields = f"`mastractl explain {chosen.kinds[0].singular} --recursive` lists the fields there are"
    for message, hint in astray(columns_of(output), [k.storage_version.schema for k in chosen.kinds]):
        inv.warn(message, hint=hint or fields)


def _refuse_raw(inv: Invocation, path: str) -> None:
    if path:
        message = f"--raw {path}: there is no API server to ask"
        where = f"resources are kept in {inv.store_shown}"
        raise errors.UsageError(message, hint=f"`mastractl get TYPE NAME -o json` prints it; {where}")
