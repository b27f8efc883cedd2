"""`watch`: what there is, and then every change of it.

One line an event with what happened in front, several types in one stream, each line flushed as it is
written. With `-o json` every line is one `{"type", "object"}`; the object's resourceVersion resumes the
stream later, without a gap and without a repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import following, options, selection
from mastractl.cli.printers.interface import PrintOptions, printer_for

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="RESOURCE...",
        help="Types by plural, singular or short name, or `all`; and names.",
    ),
]
WatchOnly = Annotated[
    bool, options.flag("--watch-only", help="Only the changes from now on, without the list.")
]
ResourceVersion = Annotated[
    str,
    options.flag(
        "--resource-version", metavar="VERSION", help="Go on after this resourceVersion, without the list."
    ),
]
LabelColumns = Annotated[
    list[str] | None,
    options.flag("--label-columns", "-L", metavar="LABEL", help="Add a column for a label. May be repeated."),
]
ShowKind = Annotated[bool, options.flag("--show-kind", help="Put the type before each name.")]
ShowLabels = Annotated[bool, options.flag("--show-labels", help="Add a column with all labels.")]
NoHeaders = Annotated[bool, options.flag("--no-headers", help="Leave out the header line.")]

EXAMPLES = """
# Every workflow of the namespace in force, and then each change
mastractl watch workflows

# Agents and tools of all namespaces in one stream
mastractl watch agents tools -A

# One JSON object a line, for programs
mastractl watch agents -n cooking -l app=kitchen-helper -o json

# Only what happens from now on to one agent
mastractl watch agent/recipe-assistant -n cooking --watch-only
"""


@options.verb(examples=EXAMPLES, usage="(TYPE... | TYPE NAME... | TYPE/NAME... | -f FILE...)")
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
    watch_only: WatchOnly = False,
    resource_version: ResourceVersion = "",
    show_labels: ShowLabels = False,
    show_kind: ShowKind = False,
    label_columns: LabelColumns = None,
    no_headers: NoHeaders = False,
) -> None:
    """List resources and then follow every change to them.

    What stands is shown as ADDED, then ADDED, MODIFIED and DELETED tell what happens, until interrupted.
    If the stream is lost the exit code is not 0.
    """
    if watch_only and resource_version:
        message = "--watch-only starts from now, --resource-version from then: give one of them"
        raise errors.UsageError(message)
    chosen = selection.choose(
        inv,
        selection.Asked(
            resources=_types_joined(inv, resources or []),
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
            color=inv.color(inv.stdout),
            secrets=inv.flags.show_secrets,
        ),
    )
    following.follow(inv, chosen, following.as_events(printer), listed=not watch_only, since=resource_version)


def _types_joined(inv: Invocation, arguments: list[str]) -> list[str]:
    """`agents tools` as `agents,tools`: where every word is a type, types are meant and not names."""
    words = [word for argument in arguments for word in argument.split(",")]
    if len(arguments) > 1 and all(w and (inv.kinds.match(w) or inv.kinds.category(w)) for w in words):
        return [",".join(words)]
    return arguments
