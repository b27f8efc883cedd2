"""Resources as a graph: who refers to whom, who owns whom, what a System holds, where steps lead.

Pure: it knows the resources it is given and no others. What they refer to and what is not among them is a
vertex all the same, marked as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mastractl.resources import references, workflow_steps
from mastractl.resources.jsontypes import objects
from mastractl.resources.resource import DEFAULT_NAMESPACE, Resource, ResourceKey, split_api_version
from mastractl.resources.workflow_steps import END

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.workflow_steps import Scope
    from mastractl.values import JsonObject

Role = Literal["resource", "child", "step", "start", "end"]
Sort = Literal["refers", "owns", "holds", "next"]


class Vertex(NamedTuple):
    """A resource, a child of a System, a step of a workflow, where one begins or where it ends.

    `within` is the vertex it is part of, "" for resources; `state` the phase a controller gave it.
    """

    id: str
    role: Role
    kind: str
    namespace: str
    name: str
    within: str = ""
    state: str = ""
    missing: bool = False


class Edge(NamedTuple):
    """An arrow. `label` is the field of a reference, or the condition under which a step comes next."""

    source: str
    target: str
    sort: Sort
    label: str = ""


class Graph:
    """Vertices by their ids and edges, both in the order in which they were met."""

    def __init__(self) -> None:
        self.vertices: dict[str, Vertex] = {}
        self.edges: dict[Edge, None] = {}
        self._out: dict[str, list[Edge]] = {}

    def add(self, vertex: Vertex) -> None:
        """Add a vertex; one that was missing until now is there from now on."""
        known = self.vertices.get(vertex.id)
        if known is None or known.missing:
            self.vertices[vertex.id] = vertex

    def join(self, edge: Edge) -> None:
        """Add an edge, once."""
        if edge not in self.edges:
            self.edges[edge] = None
            self._out.setdefault(edge.source, []).append(edge)

    def out(self, vertex: str) -> Sequence[Edge]:
        """The edges that leave a vertex."""
        return self._out.get(vertex, ())

    def reached(self, roots: Iterable[str]) -> Graph:
        """The part of the graph that can be reached from some vertices, what is within them included."""
        parts: dict[str, list[str]] = {}
        for vertex in self.vertices.values():
            if vertex.within:
                parts.setdefault(vertex.within, []).append(vertex.id)
        seen: dict[str, None] = {}
        waiting = [root for root in roots if root in self.vertices]
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen[at] = None
                waiting += parts.get(at, [])
                waiting += [edge.target for edge in self.out(at)]
                waiting += [w for w in (self.vertices[at].within,) if w]
        part = Graph()
        for vertex in self.vertices.values():
            if vertex.id in seen:
                part.add(vertex)
        for edge in self.edges:
            if edge.source in seen:
                part.join(edge)
        return part

    def roots(self, among: Sequence[str]) -> list[str]:
        """Those of some vertices that nothing leads to from another of them; of a ring its first."""
        known = set(among)
        parts = {v.id: v.within for v in self.vertices.values()}
        led_to = {
            e.target for e in self.edges if e.target != e.source and (parts[e.source] or e.source) in known
        }
        found = [each for each in among if each not in led_to]
        seen = set(self.reached(found).vertices)
        for each in among:
            if each not in seen:
                found.append(each)
                seen |= set(self.reached([each]).vertices)
        return found


def build(resources: Iterable[Resource], *, steps: bool = False) -> Graph:
    """The graph of some resources in their canonical form; with `steps` workflows are taken apart.

    Without them a workflow refers to what its steps refer to.
    """
    return _Builder(steps=steps).all(list(resources))


class _Builder:
    def __init__(self, *, steps: bool) -> None:
        self._graph = Graph()
        self._steps = steps

    def all(self, resources: Sequence[Resource]) -> Graph:
        for resource in resources:
            key = resource.key
            state = resource.status.get("phase")
            phase = state if isinstance(state, str) else ""
            self._graph.add(Vertex(str(key), "resource", key.kind, key.namespace, key.name, state=phase))
        for resource in resources:
            self._edges(resource)
        return self._graph

    def _edges(self, resource: Resource) -> None:
        own = str(resource.key)
        if resource.kind == "System":
            self._children(resource, own)
        else:
            self._body(resource, own, {})
        for _, owner in objects(resource.metadata.get("ownerReferences")):
            self._owned(resource, owner)

    def _owned(self, resource: Resource, owner: JsonObject) -> None:
        group, _ = split_api_version(str(owner.get("apiVersion", "")))
        kind, name = str(owner.get("kind", "")), str(owner.get("name", ""))
        target = ResourceKey(group, kind, resource.namespace, name)
        if str(target) not in self._graph.vertices:
            cluster = target._replace(namespace="")
            target = cluster if str(cluster) in self._graph.vertices else target
        self._want(target)
        self._graph.join(Edge(str(target), str(resource.key), "owns"))

    def _children(self, system: Resource, own: str) -> None:
        """The children of a System, which are found by each other before anything outside is."""
        namespace = system.namespace or DEFAULT_NAMESPACE
        children: list[tuple[Resource, str]] = []
        inside: dict[references.Reference, str] = {}
        for field, kind in references.CHILD_KINDS.items():
            for _, child in objects(system.spec.get(field)):
                name = child.get("name")
                if isinstance(name, str):
                    at = f"{own}/{field}/{name}"
                    metadata = {"name": name, "namespace": namespace}
                    document = {"kind": kind, "metadata": metadata, "spec": child.get("spec") or {}}
                    children.append((Resource(document), at))
                    inside[references.Reference(kind, namespace, name)] = at
                    self._graph.add(Vertex(at, "child", kind, namespace, name, within=own))
                    self._graph.join(Edge(own, at, "holds", field))
        for resource, at in children:
            self._body(resource, at, inside)

    def _body(self, resource: Resource, own: str, inside: dict[references.Reference, str]) -> None:
        """What a resource or a child refers to, and its steps."""
        if resource.kind == "Workflow" and self._steps:
            self._workflow(resource, own, inside)
            return
        for path, reference in references.references_of(resource):
            self._refer(own, reference, inside, label=_field(path))

    def _workflow(self, resource: Resource, own: str, inside: dict[references.Reference, str]) -> None:
        spec = resource.spec
        top = workflow_steps.scope(spec.get("steps"), ("spec", "steps"))
        self._scope(top, own, ending=True)
        ids = {step.path: step.id for scope in workflow_steps.everywhere(top) for step in scope.steps}
        for path, reference in references.references_of(resource):
            step = _step_of(ids, path)
            self._refer(f"{own}#{step}" if step else own, reference, inside, label=_field(path))
        first = spec.get("initialStep") or (top.steps[0].id if top.steps else None)
        self._begin(own, "start", [first] if isinstance(first, str) else [])
        self._begin(own, "error", [name for name, _ in workflow_steps.rescuers(spec, ("spec",))])

    def _begin(self, own: str, word: str, names: Sequence[str]) -> None:
        """Where a run begins, or goes on after an error that nobody caught."""
        for name in names:
            self._graph.add(Vertex(f"{own}#<{word}>", "start", "", "", word, within=own))
            self._lead(own, f"{own}#<{word}>", name, "")

    def _scope(self, scope: Scope, own: str, *, ending: bool) -> None:
        """The steps of one scope, and those of the branches in them. `ending`: its end is that of the run."""
        for step in scope.steps:
            self._graph.add(Vertex(f"{own}#{step.id}", "step", "", "", step.id, within=own))
        for step in scope.steps:
            at = f"{own}#{step.id}"
            for outcome in step.outcomes:
                for name, _ in outcome.targets:
                    self._lead(own, at, name, outcome.label)
                if ending and not outcome.targets:
                    self._lead(own, at, END, outcome.label)
            for branch in step.branches:
                self._scope(branch, own, ending=False)
                if branch.steps:
                    self._lead(own, at, branch.steps[0].id, branch.name or "branch")

    def _lead(self, own: str, source: str, name: str, label: str) -> None:
        target = f"{own}#{name}"
        if name == END:
            self._graph.add(Vertex(target, "end", "", "", END, within=own))
        elif target not in self._graph.vertices:
            self._graph.add(Vertex(target, "step", "", "", name, within=own, missing=True))
        self._graph.join(Edge(source, target, "next", label))

    def _refer(
        self,
        own: str,
        reference: references.Reference,
        inside: dict[references.Reference, str],
        *,
        label: str,
    ) -> None:
        target = inside.get(reference)
        if target is None:
            self._want(reference.key)
            target = str(reference.key)
        self._graph.join(Edge(own, target, "refers", label))

    def _want(self, key: ResourceKey) -> None:
        self._graph.add(Vertex(str(key), "resource", key.kind, key.namespace, key.name, missing=True))


def _step_of(ids: dict[FieldPath, str], path: FieldPath) -> str:
    """The id of the innermost step that a path leads into; "" if it passes none."""
    return next((ids[path[:n]] for n in range(len(path), 0, -1) if path[:n] in ids), "")


def _field(path: tuple[str | int, ...]) -> str:
    """The field that holds a reference, as people would say it: `tools`, `agent`."""
    words = [part for part in path if isinstance(part, str) and part not in {"ref", "name"}]
    return words[-1] if words else ""
