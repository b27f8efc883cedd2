"""A graph as a tree of lines: what is below what, rings cut, what is missing marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl.cli.printers.palette import paint
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.resources.graph import Edge, Graph, Vertex


class Pen(NamedTuple):
    """The strokes of a tree: of a branch, of the last branch, and what goes on below each."""

    branch: str
    last: str
    on: str
    blank: str


BOX = Pen("├── ", "└── ", "│   ", "    ")
ASCII = Pen("|-- ", "`-- ", "|   ", "    ")


def pen_for(encoding: str) -> Pen:
    """Box characters where a stream of that encoding can hold them, ASCII where it cannot."""
    try:
        "".join(BOX).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BOX


def tree(graph: Graph, roots: Sequence[str], *, namespace: str, pen: Pen = BOX, color: bool = False) -> str:
    """The trees below some vertices, a blank line between them.

    Names outside `namespace` are shown with their own. What was shown before is not unfolded again.
    """
    return "\n".join(_Tree(graph, pen, color=color).lines(root, namespace) for root in roots)


class _Tree:
    def __init__(self, graph: Graph, pen: Pen, *, color: bool) -> None:
        self._graph = graph
        self._pen = pen
        self._color = color
        self._shown: set[str] = set()

    def lines(self, root: str, namespace: str) -> str:
        vertex = self._graph.vertices[root]
        out = [self._name(vertex, namespace)]
        self._shown = {root}
        out += self._below(root, vertex.namespace, "", (root,))
        return "".join(f"{line}\n" for line in out)

    def _below(self, at: str, namespace: str, lead: str, above: tuple[str, ...]) -> Iterator[str]:
        edges = self._edges(at)
        for number, edge in enumerate(edges, 1):
            last = number == len(edges)
            vertex = self._graph.vertices[edge.target]
            note = self._note(edge, above)
            yield lead + (self._pen.last if last else self._pen.branch) + self._name(vertex, namespace, note)
            if edge.target not in self._shown:
                self._shown.add(edge.target)
                below = lead + (self._pen.blank if last else self._pen.on)
                yield from self._below(edge.target, vertex.namespace, below, (*above, edge.target))

    def _edges(self, at: str) -> list[Edge]:
        """One edge to each vertex that is below."""
        found: dict[str, Edge] = {}
        for edge in self._graph.out(at):
            found.setdefault(edge.target, edge)
        return list(found.values())

    def _note(self, edge: Edge, above: tuple[str, ...]) -> str:
        """What is said behind a name about how it got here."""
        if edge.target in above:
            return "a ring: see above"
        if edge.target in self._shown and self._graph.out(edge.target):
            return "see above"
        return "owned" if edge.sort == "owns" else ""

    def _name(self, vertex: Vertex, namespace: str, note: str = "") -> str:
        text = f"{vertex.kind.lower()}/{vertex.name}" if vertex.kind else vertex.name
        notes = []
        if vertex.namespace and vertex.namespace != namespace:
            notes.append(f"namespace {vertex.namespace}")
        if vertex.missing:
            notes.append(paint("missing") if self._color else "missing")
        if vertex.state:
            state = harmless(vertex.state)
            notes.append(paint(state) if self._color else state)
        notes += [note] if note else []
        return harmless(text) + (f"  ({', '.join(notes)})" if notes else "")
