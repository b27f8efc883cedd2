"""`version`: what is running here."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Annotated, Literal

import mastractl
from mastractl import values
from mastractl.cli import options

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Form = Annotated[
    Literal["", "json", "yaml"], options.flag("--output", "-o", metavar="FORMAT", help="json or yaml.")
]
Client = Annotated[bool, options.flag("--client", help="Only mastractl's own version, on one line.")]

EXAMPLES = """
# For a bug report
mastractl version

# For a script
mastractl version -o json
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation, *, client: Client = False, output: Form = "") -> None:
    """Print the versions of mastractl, Python and the platform."""
    found = {"version": mastractl.__version__}
    if not client:
        found |= {"python": platform.python_version(), "platform": platform.platform()}
    if output == "json":
        inv.write(values.pretty({"clientVersion": found}))
    elif output == "yaml":
        from mastractl.cli.printers import yamltext  # noqa: PLC0415 - few ask for it

        inv.write(yamltext.dump({"clientVersion": found}))
    else:
        inv.line(f"mastractl {found['version']}")
        for name in [n for n in found if n != "version"]:
            inv.line(f"{name} {found[name]}")
