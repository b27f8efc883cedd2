"""`help`: one command's help, or the whole manual from the commands' own declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors
from mastractl.cli import main, options
from mastractl.cli.invocation import Surroundings

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Words = Annotated[
    list[str] | None,
    options.argument(metavar="[COMMAND...]", help="The command to explain; without, all in short."),
]
Everything = Annotated[bool, options.flag("--all", help="Every command with all of its options: the manual.")]
Form = Annotated[
    Literal["text", "markdown", "man"],
    options.flag("--output", "-o", metavar="text|markdown|man", help="With --all: the form of the manual."),
]

EXAMPLES = """
# One command
mastractl help get

# The manual: everything, in one piece
mastractl help --all

# As a manual page
mastractl help --all -o man > mastractl.1
"""


@options.verb(examples=EXAMPLES)
def run(
    inv: Invocation, *, words: Words = None, everything: Everything = False, output: Form = "text"
) -> int | None:
    """Explain a command, or all of them."""
    if not everything:
        if output != "text":
            message = f"-o {output} is a form of the whole manual"
            raise errors.UsageError(message, hint=f"mastractl help --all -o {output}")
        if words == ["all"]:
            message = 'unknown command "all" for "mastractl"'
            raise errors.UsageError(message, hint="the manual of all commands: mastractl help --all")
        return main.dispatch([*(words or ()), "--help"], Surroundings(inv.process, inv.reporter))
    if words:
        message = "name a command or say --all, one of the two"
        raise errors.UsageError(message)
    from mastractl.cli import reference  # noqa: PLC0415 - loads every command

    manual = reference.manual(main.COMMANDS, main.load)
    inv.write(reference.FORMS[output](manual, inv.process.columns()))
    return None
