"""`diff`: what an apply would change, as a unified diff of YAML.

Both sides are what the store holds and would hold, defaults filled in and shorthands spelt out, so only
what an apply really changes shows. Fields that only the store writes are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl.cli import applying, externaldiff, options
from mastractl.cli.printers import difftext, yamltext
from mastractl.resources import diff

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.resources.resource import Resource
    from mastractl.store import Applied, Deleted
    from mastractl.values import JsonObject

    Side = tuple[str, str, str]
    """What one resource is called, and its text before and after."""

Concurrency = Annotated[int, options.flag("--concurrency", hidden=True)]
ShowManagedFields = Annotated[
    bool, options.flag("--show-managed-fields", help="Compare who owns which field as well.")
]

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


@options.verb(examples=EXAMPLES, usage="-f FILE...")
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    strict_refs: options.StrictRefs = False,
    server_side: applying.ServerSide = False,
    field_manager: options.FieldManager = applying.MANAGER,
    force_conflicts: applying.ForceConflicts = False,
    set_name: applying.Set = "",
    prune: applying.Prune = False,
    everything: applying.All = False,
    prune_allowlist: applying.Allowlist = None,
    show_managed_fields: ShowManagedFields = False,
    concurrency: Concurrency = 1,
) -> int:
    """Show what an apply would change.

    The exit code is 0 if nothing differs, 1 if something does, and more than 1 for an error. If
    MASTRACTL_EXTERNAL_DIFF (or KUBECTL_EXTERNAL_DIFF) names a program, it is run on two directories instead.
    """
    del concurrency  # one read of the store answers for all
    inv.reporter.plain_failure = _FAILED
    asked = applying.Asked(
        filename or (),
        recursive=recursive,
        selector=selector,
        strict_refs=strict_refs,
        server_side=server_side,
        manager=field_manager,
        force_conflicts=force_conflicts,
        set_name=set_name,
        prune=prune,
        everything=everything,
        allowlist=prune_allowlist or (),
    )
    taken = applying.take(inv, asked, verb="diff", undone="compared")
    done = applying.preview(inv, asked, taken.checked)
    sides = [
        _sides(inv, each, owners=show_managed_fields)
        for each in done.applied
        if each.operation != "unchanged" or (show_managed_fields and each.managers is not None)
    ]
    sides += [_removed(inv, each) for each in done.pruned]
    program = externaldiff.program(inv.process.environ)
    if program and sides:
        return externaldiff.run(inv, program, sides)
    colour = inv.color(inv.stdout)
    for name, before, after in sides:
        text = diff.unified(before, after, name=name)
        inv.write(difftext.coloured(text) if colour else text)
    return _DIFFERS if sides else 0


def _sides(inv: Invocation, applied: Applied, *, owners: bool) -> Side:
    """One resource that changes; sensitive values are masked on both sides."""
    before, after = inv.masked_pair(applied.before, applied.resource)
    new = difftext.comparable(after)
    old = None if before is None else difftext.comparable(before)
    if owners:
        stood = _owners(inv, before) if before is not None else []
        entries = stood if applied.managers is None else [m.to_json() for m in applied.managers]
        new = _owned(new, entries)
        old = None if old is None else _owned(old, stood)
    return _name(after), "" if old is None else yamltext.dump(old), yamltext.dump(new)


def _removed(inv: Invocation, deleted: Deleted) -> Side:
    resource = inv.masked(deleted.resource)
    return _name(resource), yamltext.dump(difftext.comparable(resource)), ""


def _name(resource: Resource) -> str:
    group, _, version = resource.api_version.rpartition("/")
    parts = (group, version, resource.kind, resource.namespace, resource.name)
    return ".".join(part for part in parts if part)


def _owners(inv: Invocation, resource: Resource) -> list[JsonObject]:
    kind = inv.store.resolve(f"{resource.kind}.{resource.group}")
    return inv.store.managed_fields(kind, name=resource.name, namespace=resource.namespace)


def _owned(document: JsonObject, entries: list[JsonObject]) -> JsonObject:
    """The document with its owners, but not since when: that differs with every look."""
    timeless = [{k: v for k, v in entry.items() if k != "time"} for entry in entries]
    return document | {"metadata": document["metadata"] | {"managedFields": timeless}}
