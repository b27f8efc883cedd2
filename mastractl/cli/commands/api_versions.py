"""`api-versions`: the groups and versions that manifests may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli import options

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

EXAMPLES = """
# What may stand behind apiVersion
mastractl api-versions
"""


@options.verb(examples=EXAMPLES)
def run(inv: Invocation) -> None:
    """List the API versions there are, as group/version."""
    found = {
        f"{kind.group}/{version.name}" for kind in inv.kinds for version in kind.versions if version.served
    }
    inv.write("".join(f"{each}\n" for each in sorted(found)))
