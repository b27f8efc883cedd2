"""`diff`: what an apply would change, as a unified diff of YAML.

Both sides are what the store holds and would hold, defaults filled in and shorthands spelt out, so only
what an apply really changes shows. Fields that only the store writes are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.cli import intake, options
from mastractl.cli.printers import difftext, yamltext
from mastractl.resources import diff

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.store import Applied

EXAMPLES = """
# What applying a file would change
mastractl diff -f agent.yaml

# In a script: 0 is no difference, 1 is some, more is an error
mastractl diff -f manifests/ -R && echo nothing to do
"""

_DIFFERS = 1
_FAILED = 2


@options.verb(examples=EXAMPLES)
def run(
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    strict_refs: options.StrictRefs = False,
) -> int:
    """Show what an apply would change.

    The exit code is 0 if nothing differs, 1 if something does, and more than 1 for an error.
    """
    inv.reporter.plain_failure = _FAILED
    taken = intake.take(inv, filename or (), recursive=recursive, strict_refs=strict_refs, extent="declared")
    intake.tell(inv, taken.found)
    if taken.faulty:
        raise intake.refusal(taken.found, outcome="nothing was compared")
    if not taken.checked:
        message = "no objects passed to diff"
        raise errors.ManifestError(message)
    applied = inv.store.apply_all([each.resource for each in taken.checked], dry_run=True, admitted=True)
    changed = [each for each in applied if each.operation != "unchanged"]
    colour = inv.color(inv.stdout)
    for each in changed:
        text = _difference(each)
        inv.write(difftext.coloured(text) if colour else text)
    return _DIFFERS if changed else 0


def _difference(applied: Applied) -> str:
    """The unified diff of one resource."""
    after = applied.resource
    name = ".".join(
        part for part in (*after.api_version.split("/"), after.kind, after.namespace, after.name) if part
    )
    before = "" if applied.before is None else yamltext.dump(difftext.comparable(applied.before))
    return diff.unified(before, yamltext.dump(difftext.comparable(after)), name=name)
