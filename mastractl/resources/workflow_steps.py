"""The steps of a workflow as a graph: who leads to whom, in which scope, by which outcome.

A workflow's own steps are one scope and the steps of each parallel branch are another: a step leads to steps
of its own scope only, since a branch is over when its last step is, and then the parallel step goes on. How a
step ends is an outcome: the ways of a `switch`, the two of a `condition`, an error that `catch` takes, or
plainly `next`. An outcome leads to several steps at once or, naming none, to the end (`requirements.md`
§4, 12 and 13).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.jsontypes import objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

END = "END"
"""What `next` says where a path ends."""


class Outcome(NamedTuple):
    """One way in which a step may end: the steps it names, `END` left out, each with its place.

    `caught` says that the step failed: then it has no output. `label` is the condition in short.
    """

    targets: tuple[tuple[str, FieldPath], ...]
    caught: bool = False
    label: str = ""


class Step(NamedTuple):
    """A step, its place, and its outcomes. `idle` are targets that are written but can never be taken."""

    id: str
    path: FieldPath
    fields: JsonObject
    outcomes: tuple[Outcome, ...]
    idle: tuple[tuple[str, FieldPath], ...]
    branches: tuple[Scope, ...]

    @property
    def plain(self) -> bool:
        """Whether nothing is said of what follows, which ends the path."""
        return self.fields.keys().isdisjoint(("next", "switch", "transitions"))


class Scope(NamedTuple):
    """Steps that may lead to each other. The first of several of one id is the one that is meant.

    `name` is the branch's, "" where it has none.
    """

    steps: tuple[Step, ...]
    by_id: dict[str, Step]
    name: str = ""


def scope(steps: Any, path: FieldPath, *, name: str = "") -> Scope:
    """The scope of a list of steps in canonical form at a path; what is no step is passed over."""
    found = tuple(_step(step, (*path, i)) for i, step in objects(steps) if isinstance(step.get("id"), str))
    by_id: dict[str, Step] = {}
    for step in found:
        by_id.setdefault(step.id, step)
    return Scope(found, by_id, name)


def targets(value: Any, path: FieldPath) -> tuple[tuple[str, FieldPath], ...]:
    """The ids in a list of them, each with its place, without `END` and what is no text."""
    if not isinstance(value, list):
        return ()
    return tuple((v, (*path, i)) for i, v in enumerate(value) if isinstance(v, str) and v != END)


def rescuers(spec: JsonObject, path: FieldPath) -> tuple[tuple[str, FieldPath], ...]:
    """The steps that an error leads to which no step caught, each with its place; `path` is the spec's."""
    rescue = spec.get("onError")
    return targets(rescue.get("next") if isinstance(rescue, dict) else None, (*path, "onError", "next"))


def everywhere(top: Scope) -> Iterator[Scope]:
    """The scope itself and all below it."""
    waiting = [top]
    for each in waiting:
        yield each
        waiting.extend(branch for step in each.steps for branch in step.branches)


def _step(fields: JsonObject, path: FieldPath) -> Step:
    plain = Outcome(targets(fields.get("next"), (*path, "next")))
    outcomes = [plain]
    idle: tuple[tuple[str, FieldPath], ...] = ()
    if "switch" in fields or "transitions" in fields:
        outcomes = [*_switch(fields, path), *_transitions(fields, path)]
        if _always_decided(fields):
            idle = plain.targets
        else:
            outcomes.append(plain)
    for i, clause in objects(fields.get("catch")):
        to = targets(clause.get("next"), (*path, "catch", i, "next"))
        outcomes.append(Outcome(to, caught=True, label=_caught(clause.get("on"))))
    parallel = fields.get("parallel")
    branches: tuple[Scope, ...] = ()
    if isinstance(parallel, dict):
        at = (*path, "parallel", "branches")
        branches = tuple(
            scope(branch.get("steps"), (*at, i, "steps"), name=str(branch.get("name") or ""))
            for i, branch in objects(parallel.get("branches"))
        )
    return Step(fields["id"], path, fields, tuple(outcomes), idle, branches)


def _switch(fields: JsonObject, path: FieldPath) -> Iterator[Outcome]:
    for i, way in objects(fields.get("switch")):
        label = "else" if way.get("default") else str(way.get("when", ""))
        yield Outcome(targets(way.get("next"), (*path, "switch", i, "next")), label=label)


def _transitions(fields: JsonObject, path: FieldPath) -> Iterator[Outcome]:
    ways = fields.get("transitions")
    for word in ("true", "false"):
        if isinstance(ways, dict) and word in ways:
            yield Outcome(targets(ways[word], (*path, "transitions", word)), label=word)


def _caught(errors: Any) -> str:
    return " ".join(
        ["catch", ", ".join(map(str, errors))] if isinstance(errors, list) and errors else ["catch"]
    )


def _always_decided(fields: JsonObject) -> bool:
    """Whether one of the ways is always taken, so that `next` never is."""
    ways = fields.get("transitions")
    if isinstance(ways, dict) and "true" in ways and "false" in ways:
        return True
    return any(way.get("default") is True for _, way in objects(fields.get("switch")))
