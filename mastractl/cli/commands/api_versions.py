"""`api-versions`: the groups and versions that manifests may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli import options

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

EXAMPLES = """
# What may stand behind apiVersion in a manifest
mastractl api-versions
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation) -> None:
    """List the API versions there are, as group/version."""
    served = {f"{kind.group}/{v.name}" for kind in inv.kinds for v in kind.versions if v.served}
    inv.write("".join(f"{version}\n" for version in sorted(served)))
