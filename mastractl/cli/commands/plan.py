"""`plan`: what an apply would do, resource by resource and field by field, and nothing done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import values
from mastractl.cli import applying, options, plans
from mastractl.cli.printers import palette
from mastractl.cli.printers.name import resource_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.plans import ResourceChange
    from mastractl.values import JsonObject

DetailedExitCode = Annotated[
    bool,
    options.flag("--detailed-exitcode", help="Exit with 2 if something would change, 0 if nothing would."),
]
Form = Annotated[Literal["", "json"], options.flag("--output", "-o", metavar="json", help="json.")]

EXAMPLES = """
# What applying a directory would do
mastractl plan -f manifests/ -R

# ... and what would go with it
mastractl plan -f manifests/ -R --set kitchen --prune

# In a script: 0 is nothing to do, 2 is something, 1 (and 3 to 6) is an error
mastractl plan -f manifests/ -R --detailed-exitcode

# For another program
mastractl plan -f agent.yaml -o json
"""

_CHANGES = 2
_MARKS = {"create": "+", "change": "~", "delete": "-"}
_COLORS = {"+": palette.GREEN, "~": palette.YELLOW, "-": palette.RED}


@options.verb(examples=EXAMPLES, usage="-f FILE...")
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    output: Form = "",
    strict_refs: options.StrictRefs = False,
    detailed_exitcode: DetailedExitCode = False,
    server_side: applying.ServerSide = False,
    field_manager: options.FieldManager = applying.MANAGER,
    force_conflicts: applying.ForceConflicts = False,
    set_name: applying.Set = "",
    prune: applying.Prune = False,
    everything: applying.All = False,
    prune_allowlist: applying.Allowlist = None,
) -> int:
    """Show what an apply would create, change and delete.

    The exit code is 0 unless it fails; with --detailed-exitcode it is 2 if anything would change.
    """
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
    taken = applying.take(inv, asked, verb="plan", undone="planned")
    done = applying.preview(inv, asked, taken.checked)
    found = plans.changes(inv, done)
    if output == "json":
        inv.write(values.pretty(_json(found)))
    else:
        inv.write(_text(inv, found))
        applying.tell_of_the_set(inv, asked, done)
    return _CHANGES if detailed_exitcode and found else 0


def _text(inv: Invocation, found: Sequence[ResourceChange]) -> str:
    colour, kinds = inv.color(inv.stdout), inv.kinds
    lines = []
    for each in found:
        mark = _MARKS[each.action]
        where = f" (namespace {each.resource.namespace})" if each.resource.namespace else ""
        lines.append(_painted(f"{mark} {resource_name(each.resource, kinds)}{where}", colour=colour))
        lines += [f"    {_painted(field.line, colour=colour)}" for field in each.fields]
        lines.append("")
    counts = plans.count(found)
    lines.append(", ".join(f"{counts[action]} to {action}" for action in counts))
    return "\n".join(lines) + "\n"


def _painted(line: str, *, colour: bool) -> str:
    return palette.dyed(line, _COLORS[line[0]]) if colour else line


def _json(found: Sequence[ResourceChange]) -> JsonObject:
    return {
        "changes": [
            {
                "action": each.action,
                "apiVersion": each.resource.api_version,
                "kind": each.resource.kind,
                "namespace": each.resource.namespace,
                "name": each.resource.name,
                "fields": [field.to_json() for field in each.fields],
            }
            for each in found
        ],
        "summary": plans.count(found),
    }
