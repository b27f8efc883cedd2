"""`explain`: the schemas as a manual, kinds of one's own included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl.cli import options

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Field = Annotated[
    str,
    options.argument(metavar="TYPE[.FIELD...]", help="A type, or a field of it by its path."),
]
Everything = Annotated[bool, options.flag("--recursive", help="All fields below, with their types only.")]
ApiVersion = Annotated[
    str, options.flag("--api-version", metavar="VERSION", help="Another version than the stored one.")
]

EXAMPLES = """
# What an agent is made of
mastractl explain agents

# One field and what stands below it
mastractl explain agent.spec.model

# The whole tree of fields
mastractl explain workflow.spec.steps --recursive
"""


@options.verb(examples=EXAMPLES)
def run(
    inv: Invocation, *, field: Field, recursive: Everything = False, api_version: ApiVersion = ""
) -> None:
    """Show the documentation of a type and its fields."""
    from mastractl.cli.printers import explain  # noqa: PLC0415 - renders schemas, which only this verb reads

    topic = explain.topic(field, inv.kinds, api_version=api_version)
    inv.write(explain.explain(topic, recursive=recursive, width=inv.process.columns()))
