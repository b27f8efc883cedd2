"""`graph`: resources, and the steps of workflows, as a drawing in the language of another program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl.cli import graphing, options, selection

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="[TYPE[,TYPE...] [NAME]... | TYPE/NAME...]", help="What to begin with; without, all there is."
    ),
]
Form = Annotated[
    Literal["mermaid", "dot", "json"],
    options.flag(
        "--output", "-o", metavar="mermaid|dot|json", help="Mermaid (the default), Graphviz, or data."
    ),
]
Steps = Annotated[
    bool, options.flag("--steps/--no-steps", help="The steps of workflows and where they lead (the default).")
]

EXAMPLES = """
# For a README: GitHub draws Mermaid
mastractl graph -n cooking

# One workflow, of a manifest, without a store
mastractl graph -f examples/kitchen/workflow.yaml

# A picture, where Graphviz is: pipe it to dot -Tsvg
mastractl graph agents,tools -A -o dot
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    output: Form = "mermaid",
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    all_namespaces: options.AllNamespaces = False,
    steps: Steps = True,
) -> None:
    """Draw resources and the steps of workflows, for Mermaid or Graphviz."""
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
        steps=steps,
    )
    from mastractl.cli.printers import graphtext  # noqa: PLC0415 - only this verb draws graphs

    inv.write(graphtext.FORMS[output](drawing.graph))
    drawing.tell_what_is_not_there(inv)
