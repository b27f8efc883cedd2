"""`tree`: what resources refer to, own and hold, as a tree in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl.cli import graphing, options, selection

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="[TYPE[,TYPE...] [NAME]... | TYPE/NAME...]", help="What to begin with; without, all there is."
    ),
]

EXAMPLES = """
# Everything in a namespace
mastractl tree -n cooking

# What one workflow needs, down to the last tool
mastractl tree workflow/recipe-suggestion -n cooking

# Of manifests, without a store
mastractl tree -f examples/kitchen
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    all_namespaces: options.AllNamespaces = False,
) -> None:
    """Show what resources refer to, own and hold, as a tree.

    What is referred to and not there is marked as missing; a ring is cut where it closes.
    """
    drawing = graphing.of(
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
    from mastractl.cli.printers import treetext  # noqa: PLC0415 - only this verb draws trees

    pen = treetext.pen_for(getattr(inv.stdout, "encoding", None) or "")
    namespace = "" if all_namespaces else inv.namespace
    color = inv.color(inv.stdout)
    inv.write(treetext.tree(drawing.graph, drawing.roots, namespace=namespace, pen=pen, color=color))
    drawing.tell_what_is_not_there(inv)
