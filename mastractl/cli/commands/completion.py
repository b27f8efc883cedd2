"""`completion`: the script that teaches a shell mastractl's words.

The scripts are static; what they offer comes from `mastractl __complete`, which knows the kinds and the
names in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl.cli import options, shells

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

Shell = Annotated[
    Literal["bash", "zsh", "fish", "powershell"],
    options.argument(metavar="bash|zsh|fish|powershell", help="The shell."),
]

EXAMPLES = """
# bash: source <(mastractl completion bash), now or in ~/.bashrc
mastractl completion bash

# zsh: source <(mastractl completion zsh)
mastractl completion zsh

# fish: mastractl completion fish > ~/.config/fish/completions/mastractl.fish
mastractl completion fish

# PowerShell: mastractl completion powershell | Out-String | Invoke-Expression
mastractl completion powershell
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation, *, shell: Shell) -> None:
    """Print the script that completes commands, flags, types and names in a shell."""
    inv.write(shells.SCRIPTS[shell])
