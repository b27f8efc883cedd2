"""`options`: the flags that every command takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli import options
from mastractl.cli.printers.layout import Layout

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.parameters import Parameter

EXAMPLES = """
# What can stand before and after every verb
mastractl options
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation) -> None:
    """List the flags that every command takes."""
    shown = [p for p in options.GLOBALS if not p.declared.hidden]
    inv.line("These flags may stand before or after every command:\n")
    inv.write(Layout().lines([["  " + _spelt(p), p.declared.help] for p in shown]))


def _spelt(parameter: Parameter) -> str:
    """`-n, --namespace NAMESPACE`."""
    names = ", ".join(sorted(parameter.opts, key=len))
    return f"{names} {parameter.declared.metavar}" if parameter.takes_value else names
