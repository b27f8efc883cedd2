"""`diff`: what an apply would change, as a unified diff of YAML.

Both sides are what the store holds and would hold, defaults filled in and shorthands spelt out, so only
what an apply really changes shows. Fields that only the store writes are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import externaldiff, intake, options
from mastractl.cli.printers import difftext, yamltext
from mastractl.resources import diff, selectors

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.store import Applied

Concurrency = Annotated[int, options.flag("--concurrency", hidden=True)]

EXAMPLES = """
# What applying a file would change
mastractl diff -f agent.yaml

# In a script: 0 is no difference, 1 is some, more is an error
mastractl diff -f manifests/ -R && echo nothing to do

# Only what has a label, with the sensitive values that differ
mastractl diff -f manifests/ -R -l app=kitchen-helper --show-secrets
"""

_DIFFERS = 1
_FAILED = 2


@options.verb(examples=EXAMPLES)
def run(
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    strict_refs: options.StrictRefs = False,
    concurrency: Concurrency = 1,
) -> int:
    """Show what an apply would change.

    The exit code is 0 if nothing differs, 1 if something does, and more than 1 for an error. If
    MASTRACTL_EXTERNAL_DIFF (or KUBECTL_EXTERNAL_DIFF) names a program, it is run on two directories instead.
    """
    del concurrency  # one read of the store answers for all
    inv.reporter.plain_failure = _FAILED
    taken = intake.take(inv, filename or (), recursive=recursive, strict_refs=strict_refs, extent="declared")
    intake.tell(inv, taken.found)
    if taken.faulty:
        raise intake.refusal(taken.found, outcome="nothing was compared")
    if not taken.checked:
        message = "no objects passed to diff"
        raise errors.ManifestError(message)
    given = [each.resource for each in taken.checked]
    if selector:
        labels = selectors.parse_label_selector(selector)
        given = [resource for resource in given if labels.matches(resource.labels)]
    applied = inv.store.apply_all(given, dry_run=True, admitted=True)
    sides = [_sides(inv, each) for each in applied if each.operation != "unchanged"]
    program = externaldiff.program(inv.process.environ)
    if program and sides:
        return externaldiff.run(inv, program, sides)
    colour = inv.color(inv.stdout)
    for name, before, after in sides:
        text = diff.unified(before, after, name=name)
        inv.write(difftext.coloured(text) if colour else text)
    return _DIFFERS if sides else 0


def _sides(inv: Invocation, applied: Applied) -> tuple[str, str, str]:
    """What one resource is called, and its text before and after; sensitive values are masked in both."""
    before, after = inv.masked_pair(applied.before, applied.resource)
    name = ".".join(
        part for part in (*after.api_version.split("/"), after.kind, after.namespace, after.name) if part
    )
    text = "" if before is None else yamltext.dump(difftext.comparable(before))
    return name, text, yamltext.dump(difftext.comparable(after))
