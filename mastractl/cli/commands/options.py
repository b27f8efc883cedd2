"""`options`: the flags that every command has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli import options, reference

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

EXAMPLES = """
# The flags that work everywhere, before the command or after it
mastractl options
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation) -> None:
    """Print the options that every command has."""
    inv.write("The following options can be passed to any command:\n\n")
    inv.write(reference.definitions(reference.entries(options.GLOBALS), width=inv.process.columns()))
