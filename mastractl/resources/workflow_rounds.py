"""Rounds in a workflow: steps that lead back to themselves, and whether they ever come to an end.

One round of a step is `loop`, which is bounded; a round of several is made by `next`. Where no outcome of any
of its steps leads out, no run ever ends: an error. Where one does, how often it goes round is left to the
expressions; a workflow with a `timeout` bounds that, and so does a person or an event that is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.errors import Cause
from mastractl.resources.jsontypes import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.workflow_steps import Outcome, Scope, Step

_WAITS = frozenset(("approval", "waitFor"))
"""The steps that hold a round up until somebody outside lets it go on."""

_SHOWN = 6
"""How many steps of a round a message names."""


class Graph:
    """The steps of a scope that can be reached from some of them.

    `reached` are their ids, each before those it leads to, rounds aside. `back` are the places in which the
    search came back to a step that it had not left yet; without any there is no round.
    """

    def __init__(self, scope: Scope, begin: Iterable[Step], meant: Mapping[FieldPath, str]) -> None:
        self.scope = scope
        self.meant = meant
        self.reached: dict[str, None] = {}
        self.back: list[tuple[str, str, FieldPath]] = []
        self._search(begin)

    def edges(self, step: Step) -> Iterator[tuple[str, FieldPath]]:
        """The steps it leads to, each with the place that says so."""
        for outcome in step.outcomes:
            yield from self.known(outcome)

    def known(self, outcome: Outcome) -> Iterator[tuple[str, FieldPath]]:
        """The steps an outcome leads to that exist, one that was misspelt included."""
        for name, path in outcome.targets:
            target = self.meant.get(path, name) if self.meant else name
            if target in self.scope.by_id:
                yield target, path

    def targets(self, step: Step) -> list[str]:
        """The ids of the steps it leads to."""
        return [target for target, _ in self.edges(step)]

    def _search(self, begin: Iterable[Step]) -> None:
        done: list[str] = []
        entered: set[str] = set()
        open_: set[str] = set()
        for start in begin:
            if start.id in entered:
                continue
            entered.add(start.id)
            open_.add(start.id)
            stack = [(start.id, self.edges(self.scope.by_id[start.id]))]
            while stack:
                here, onward = stack[-1]
                for target, path in onward:
                    if target not in entered:
                        entered.add(target)
                        open_.add(target)
                        stack.append((target, self.edges(self.scope.by_id[target])))
                        break
                    if target in open_:
                        self.back.append((here, target, path))
                else:
                    stack.pop()
                    open_.discard(here)
                    done.append(here)
        self.reached = dict.fromkeys(reversed(done))


def causes(graph: Graph, *, bounded: bool) -> Iterator[Cause]:
    """A cause for each round: MA173 where it has no way out, MA174 where nothing bounds it."""
    if not graph.back:
        return
    endless: set[str] = set()
    lost = _without(graph, _ending(graph))
    for members in _rounds(lost):
        endless |= members
        message = "the steps {} go round for ever: nothing in them leads to an end"
        hint = "let one of them lead out of the round: by a `switch`, or with next: END"
        yield _cause("MA173", lost, members, message, hint)
    for members in _rounds(graph):
        steps = [graph.scope.by_id[each] for each in members]
        waits = any(not _WAITS.isdisjoint(step.fields) for step in steps)
        if not bounded and not waits and members.isdisjoint(endless):
            message = "nothing bounds how often the steps {} go round"
            hint = "give the workflow a `timeout`, or use `loop` with maxIterations in one step"
            yield _cause("MA174", graph, members, message, hint)._replace(warning=True)


def _cause(code: str, graph: Graph, members: set[str], message: str, hint: str) -> Cause:
    """What is said of a round, where the search came back to its beginning."""
    here, target, path = next(edge for edge in graph.back if {edge[0], edge[1]} <= members)
    begin = graph.scope.by_id[target]
    begins = (((*begin.path, "id"), f"the round begins with {shown(target)}"),)
    return Cause(
        code=code,
        path=path,
        message=message.format(_around(graph, members, target, here)),
        hint=hint,
        related=begins if here != target else (),
    )


def _without(graph: Graph, ending: set[str]) -> Graph:
    """The part of a graph whose steps never come to an end: one that starts such a step is one itself."""
    steps = tuple(graph.scope.by_id[name] for name in graph.reached if name not in ending)
    return Graph(graph.scope._replace(steps=steps, by_id={s.id: s for s in steps}), steps, graph.meant)


def _ending(graph: Graph) -> set[str]:
    """The steps that may come to an end: an outcome of theirs has only steps that may, or none at all.

    Each outcome waits for as many steps as it names; one that waits for no more makes its step one of them.
    """
    waiting: dict[str, list[int]] = {}
    missing: list[int] = []
    owners: list[str] = []
    ending: set[str] = set()
    for name in graph.reached:
        for outcome in graph.scope.by_id[name].outcomes:
            targets = {target for target, _ in graph.known(outcome)}
            for target in targets:
                waiting.setdefault(target, []).append(len(missing))
            missing.append(len(targets))
            owners.append(name)
            if not targets:
                ending.add(name)
    ready = list(ending)
    while ready:
        for number in waiting.get(ready.pop(), ()):
            missing[number] -= 1
            owner = owners[number]
            if not missing[number] and owner not in ending:
                ending.add(owner)
                ready.append(owner)
    return ending


def _rounds(graph: Graph) -> Iterator[set[str]]:
    """The sets of steps that all lead to each other (Kosaraju), as far as they make a round."""
    before: dict[str, list[str]] = {}
    for name in graph.reached:
        for target in graph.targets(graph.scope.by_id[name]):
            before.setdefault(target, []).append(name)
    left = set(graph.reached)
    for name in graph.reached:
        if name not in left:
            continue
        left.discard(name)
        members, stack = {name}, [name]
        while stack:
            for each in before.get(stack.pop(), ()):
                if each in left:
                    left.discard(each)
                    members.add(each)
                    stack.append(each)
        if len(members) > 1 or name in before.get(name, ()):
            yield members


def _around(graph: Graph, members: set[str], begin: str, last: str) -> str:
    """The shortest way from one step of a round to another, as a message names it: `"a" → "b" → "a"`."""
    came: dict[str, str] = {begin: ""}
    queue = [begin]
    for each in queue:
        if each == last:
            break
        for target in graph.targets(graph.scope.by_id[each]):
            if target in members and target not in came:
                came[target] = each
                queue.append(target)
    way: list[str] = []
    at = last
    while at:
        way.append(at)
        at = came[at]
    return " → ".join([*_few(way[::-1]), shown(begin)])


def _few(names: Sequence[str]) -> list[str]:
    named = list(map(shown, names))
    return named if len(named) <= _SHOWN else [*named[: _SHOWN - 1], "…"]
