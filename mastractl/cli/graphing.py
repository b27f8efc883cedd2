"""The graph that a command line means: of resources in the store, or of manifests without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli import intake, selection
from mastractl.manifests import bundled
from mastractl.manifests.check import check
from mastractl.manifests.diagnostics import ERROR, Diagnostic
from mastractl.resources import graph

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.selection import Asked
    from mastractl.resources.graph import Graph
    from mastractl.resources.resource import Resource


class Drawing(NamedTuple):
    """A graph, and the vertices that were asked for; `found` says what of it is not there."""

    graph: Graph
    roots: list[str]
    found: selection.Found | None = None


def of(inv: Invocation, asked: Asked, *, steps: bool = False) -> Drawing:
    """The graph of what was asked for and of all that can be reached from there.

    With files it is theirs alone, and no store is opened. Raises what `selection.choose` raises, and Invalid
    for files with errors.
    """
    if asked.filenames:
        if asked.resources:
            message = "resources are named by -f or by type and name, not by both"
            raise errors.UsageError(message)
        resources = _of_manifests(inv, asked)
        whole = graph.build(resources, steps=steps)
        return Drawing(whole, whole.roots([str(r.key) for r in resources]))
    asked = asked._replace(resources=asked.resources or ["all"])
    chosen = selection.choose(inv, asked)
    found = selection.find(inv, chosen)
    whole = graph.build(inv.store.list_all(list(inv.kinds)), steps=steps)
    wanted = [str(resource.key) for resource in found.resources]
    roots = wanted if chosen.named else whole.roots(wanted)
    return Drawing(whole.reached(roots), roots, found)


def _of_manifests(inv: Invocation, asked: Asked) -> list[Resource]:
    found: list[Diagnostic] = []
    resources = []
    items = check(
        intake.manifests(inv, asked.filenames or (), recursive=asked.recursive),
        bundled.kinds(),
        namespace=inv.namespace,
        namespace_given=inv.namespace_given,
    )
    for item in items:
        if isinstance(item, Diagnostic):
            found.append(item)
        else:
            resources.append(item.resource)
    intake.tell(inv, found)
    if any(d.severity == ERROR for d in found):
        raise intake.refusal(found, outcome="nothing was drawn")
    return resources
