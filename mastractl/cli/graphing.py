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
    """A graph, and the vertices that were asked for; of a store, what was chosen and what is there of it."""

    graph: Graph
    roots: list[str]
    chosen: selection.Selection | None = None
    found: selection.Found | None = None

    def tell_what_is_not_there(self, inv: Invocation) -> None:
        """Report the names that no resource has, and say it where there is nothing at all."""
        if self.found is not None:
            self.found.report_missing(inv)
        if not self.roots and self.chosen is not None and not self.chosen.named:
            selection.say_none(inv, self.chosen)
        elif not self.roots and self.chosen is None:
            inv.note("No resources found")


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
    return Drawing(whole.reached(roots), roots, chosen, found)


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
