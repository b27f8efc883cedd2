"""A graph for programs that draw: Mermaid, Graphviz, JSON.

Names come from people, so that everything in a label is escaped; identifiers are numbers of our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.resources.graph import Edge, Graph, Vertex

_MERMAID = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}
_ARROWS = {"refers": "-.->", "owns": "==>", "holds": "-->", "next": "-->"}
_STYLES = {"refers": "dashed", "owns": "bold", "holds": "solid", "next": "solid"}


def mermaid(graph: Graph) -> str:
    """A flowchart in Mermaid's language: GitHub and many wikis draw it."""
    ids = _ids(graph)
    lines = ["flowchart LR", *_nested(graph, "", lambda v, body, depth: _mermaid_vertex(ids, v, body, depth))]
    for edge in _drawn(graph):
        label = f'|"{_escape_mermaid(edge.label)}"|' if edge.label else ""
        lines.append(f"  {ids[edge.source]} {_ARROWS[edge.sort]}{label} {ids[edge.target]}")
    missing = [ids[v.id] for v in graph.vertices.values() if v.missing]
    if missing:
        lines.append("  classDef missing stroke-dasharray:5 5,color:#b00")
        lines.append(f"  class {','.join(missing)} missing")
    return "".join(f"{line}\n" for line in lines)


def dot(graph: Graph) -> str:
    """A digraph in the language of Graphviz."""
    ids = _ids(graph)
    lines = ["digraph mastractl {", "  rankdir=LR", "  compound=true", "  node [shape=box, style=rounded]"]
    lines += _nested(graph, "", lambda v, body, depth: _dot_vertex(ids, v, body, depth))
    inner = {v.within: v.id for v in reversed(graph.vertices.values()) if v.within}
    for edge in _drawn(graph):
        attributes = [f'label="{_escape_dot(edge.label)}"'] if edge.label else []
        attributes.append(f"style={_STYLES[edge.sort]}")
        # An edge joins vertices only: one of a cluster's stands for it, and the arrow ends at its frame.
        attributes += [f"ltail=cluster_{ids[edge.source]}"] if edge.source in inner else []
        attributes += [f"lhead=cluster_{ids[edge.target]}"] if edge.target in inner else []
        source, target = (_stand_in(end, inner) for end in (edge.source, edge.target))
        lines.append(f"  {ids[source]} -> {ids[target]} [{', '.join(attributes)}]")
    return "".join(f"{line}\n" for line in [*lines, "}"])


def json(graph: Graph) -> str:
    """Nodes and edges as plain data."""
    nodes = [
        {"id": v.id, "role": v.role, "name": v.name}
        | ({"kind": v.kind} if v.kind else {})
        | ({"namespace": v.namespace} if v.namespace else {})
        | ({"within": v.within} if v.within else {})
        | ({"phase": v.state} if v.state else {})
        | ({"missing": True} if v.missing else {})
        for v in graph.vertices.values()
    ]
    edges = [
        {"source": e.source, "target": e.target, "type": e.sort} | ({"label": e.label} if e.label else {})
        for e in graph.edges
    ]
    return values.pretty({"nodes": nodes, "edges": edges})


FORMS: dict[str, Callable[[Graph], str]] = {"mermaid": mermaid, "dot": dot, "json": json}
"""The forms of a graph."""


def _ids(graph: Graph) -> dict[str, str]:
    return {vertex: f"n{number}" for number, vertex in enumerate(graph.vertices)}


def _drawn(graph: Graph) -> Iterator[Edge]:
    """The edges that are arrows: what a frame holds is seen without one."""
    for edge in graph.edges:
        if graph.vertices[edge.target].within != edge.source or edge.sort == "next":
            yield edge


def _nested(
    graph: Graph, within: str, draw: Callable[[Vertex, list[str], int], list[str]], depth: int = 1
) -> Iterator[str]:
    """The vertices that are part of one, each drawn with what is part of it."""
    parts: dict[str, list[Vertex]] = {}
    for vertex in graph.vertices.values():
        parts.setdefault(vertex.within, []).append(vertex)

    def below(outer: str, depth: int) -> Iterator[str]:
        for vertex in parts.get(outer, ()):
            yield from draw(vertex, list(below(vertex.id, depth + 1)), depth)

    yield from below(within, depth)


def _label(vertex: Vertex) -> str:
    """What is written on a vertex."""
    text = f"{vertex.kind.lower()}/{vertex.name}" if vertex.kind else vertex.name
    notes = [n for n in (vertex.state, "missing" if vertex.missing else "") if n]
    return f"{text} ({', '.join(notes)})" if notes else text


def _mermaid_vertex(ids: dict[str, str], vertex: Vertex, body: list[str], depth: int) -> list[str]:
    lead, label = "  " * depth, _escape_mermaid(_label(vertex))
    if body:
        return [f'{lead}subgraph {ids[vertex.id]}["{label}"]', *body, f"{lead}end"]
    opening, closing = {"step": ("(", ")"), "start": ("([", "])"), "end": ("([", "])")}.get(
        vertex.role, ("[", "]")
    )
    return [f'{lead}{ids[vertex.id]}{opening}"{label}"{closing}']


def _dot_vertex(ids: dict[str, str], vertex: Vertex, body: list[str], depth: int) -> list[str]:
    lead, label = "  " * depth, _escape_dot(_label(vertex))
    if body:
        head = f"{lead}subgraph cluster_{ids[vertex.id]} {{"
        return [head, f'{lead}  label="{label}"', *body, f"{lead}}}"]
    attributes = [f'label="{label}"']
    attributes += ["shape=oval"] if vertex.role in {"start", "end"} else []
    attributes += ['style="rounded,dashed"'] if vertex.missing else []
    return [f"{lead}{ids[vertex.id]} [{', '.join(attributes)}]"]


def _stand_in(vertex: str, inner: dict[str, str]) -> str:
    while vertex in inner:
        vertex = inner[vertex]
    return vertex


def _escape_mermaid(text: str) -> str:
    return "".join(_MERMAID.get(c, c if c.isprintable() else " ") for c in text)


def _escape_dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else " " for c in escaped)
