"""Workflows that cannot do what they say: steps that are not there, that nothing leads to, that never end.

A schema sees one field at a time; these are the rules about several of them. What could never run as it is
written is an error: a step that does not exist, an input that nothing gives or that several give, a round
without a way out. What runs but is hardly meant is a warning: a step that is never reached, a round that
nothing bounds. The rules are those of `reference/requirements.md` (1.6; §4, 11 to 14).

Causes have the paths of the canonical form. A step that is misspelt is taken for the one that was meant, so
that one mistake is told once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources import workflow_inputs, workflow_rounds, workflow_steps
from mastractl.resources.jsontypes import shown
from mastractl.resources.workflow_steps import END
from mastractl.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import FieldPath
    from mastractl.resources.workflow_steps import Scope, Step
    from mastractl.values import JsonObject

WORKFLOW_BEARERS = frozenset(("Workflow", "System"))
"""The kinds that hold workflows."""

WORKFLOW = ("steps", "initialStep", "onError", "timeout")
"""The fields of a Workflow's spec that the rules look at, all of them together."""


def workflow_causes(kind: str, document: JsonObject) -> list[Cause]:
    """The errors and warnings of every workflow in a Workflow or System in canonical form."""
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return []
    if kind == "Workflow":
        return _causes(spec, ("spec",))
    children = spec.get("workflows")
    causes: list[Cause] = []
    for i, child in enumerate(children if isinstance(children, list) else ()):
        if isinstance(child, dict) and isinstance(child.get("spec"), dict):
            causes += _causes(child["spec"], ("spec", "workflows", i, "spec"))
    return causes


def _causes(spec: JsonObject, path: FieldPath) -> list[Cause]:
    return [] if _is_chain(spec) else _Check(spec, path).all()


def _is_chain(spec: JsonObject) -> bool:
    """Whether this is beyond doubt a chain of steps, each leading to the one below it, as most workflows are.

    A quick yes, at a tenth of what looking closer costs; no only means that it takes a closer look.
    """
    steps = spec.get("steps")
    if not isinstance(steps, list) or not steps or "onError" in spec:
        return False
    ids: set[str] = set()
    labels: set[str] = set()
    follows: Any = spec.get("initialStep")
    for step in steps:
        if not isinstance(step, dict) or not _AROUND.isdisjoint(step):
            return False
        name, after = step.get("id"), step.get("next") or [END]
        if type(name) is not str or name == END or name in ids or follows not in (None, name):
            return False
        if not isinstance(after, list) or len(after) != 1 or not _fed(step, ids, labels):
            return False
        ids.add(name)
        (follows,) = after
    return bool(follows == END)


def _fed(step: JsonObject, ids: set[str], labels: set[str]) -> bool:
    """Whether a step's input comes from one before it, and its output has a label of its own; notes that."""
    given, taken = step.get("output"), step.get("input")
    word = taken.get("from") if isinstance(taken, dict) else None
    if word is not None and (type(word) is not str or (word not in labels and word not in ids)):
        return False
    label = given.get("type") if isinstance(given, dict) else None
    if label is None:
        return True
    new = type(label) is str and label not in labels
    if new:
        labels.add(label)
    return new


_AROUND = frozenset(("switch", "transitions", "catch", "parallel"))
"""The fields with which a step leads elsewhere than to the next one."""


GUESSES = 20
"""How often it is guessed in one workflow what was meant: a guess looks at every step."""


class _Check:
    """One workflow."""

    def __init__(self, spec: JsonObject, path: FieldPath) -> None:
        self._spec = spec
        self._path = path
        self._top = workflow_steps.scope(spec.get("steps"), (*path, "steps"))
        self._scopes = list(workflow_steps.everywhere(self._top))
        self._meant: dict[FieldPath, str] = {}
        self._guesses = 0

    def all(self) -> list[Cause]:
        if not self._top.steps:
            return []
        causes = [*self._ids(), *self._unknown()]
        starts = self._starts()
        for scope in self._scopes:
            begin = starts if scope is self._top else [scope.steps[0]] if scope.steps else []
            graph = workflow_rounds.Graph(scope, begin, self._meant)
            causes += self._unreached(scope, graph, begin)
            causes += workflow_rounds.causes(graph, bounded="timeout" in self._spec)
        causes += workflow_inputs.causes(self._top, starts[:1], starts[1:], self._meant)
        return causes

    def _starts(self) -> list[Step]:
        """The step a run starts with, then those that an error leads to."""
        initial = self._spec.get("initialStep")
        path = (*self._path, "initialStep")
        first = self._find(initial, path) if isinstance(initial, str) else None
        rescuers = workflow_steps.rescuers(self._spec, self._path)
        named = [self._find(name, at) for name, at in rescuers]
        return [first or self._top.steps[0], *(step for step in named if step)]

    def _find(self, name: str, path: FieldPath) -> Step | None:
        return self._top.by_id.get(self._meant.get(path, name))

    def _ids(self) -> Iterator[Cause]:
        """Ids that are not one step's own. Two in one list are the schema's to find (MA107)."""
        first: dict[str, tuple[Step, Scope]] = {}
        for scope in self._scopes:
            for step in scope.steps:
                at = (*step.path, "id")
                if step.id == END:
                    message = f"a step cannot be called {END}: in `next` that word ends the path"
                    yield Cause(code="MA171", path=at, message=message, hint="give it another id")
                known, where = first.setdefault(step.id, (step, scope))
                if known is not step and where is not scope:
                    yield Cause(
                        code="MA171",
                        path=at,
                        message=f"the id {shown(step.id)} is another step's already",
                        hint="ids are unique in the whole workflow, branches included: rename one of the two",
                        related=(((*known.path, "id"), "the other step"),),
                    )

    def _unknown(self) -> Iterator[Cause]:
        """Steps that are named and do not exist where they are looked for."""
        initial = self._spec.get("initialStep")
        if isinstance(initial, str):
            yield from self._looked_for(initial, (*self._path, "initialStep"), self._top)
        for name, path in workflow_steps.rescuers(self._spec, self._path):
            yield from self._looked_for(name, path, self._top)
        for scope in self._scopes:
            for step in scope.steps:
                for outcome in step.outcomes:
                    for name, path in outcome.targets:
                        yield from self._looked_for(name, path, scope)
                for name, path in step.idle:
                    yield from self._looked_for(name, path, scope)

    def _looked_for(self, name: str, path: FieldPath, scope: Scope) -> Iterator[Cause]:
        if name in scope.by_id:
            return
        self._guesses += 1
        near = nearest(name, [*scope.by_id, END]) if self._guesses <= GUESSES else ""
        if near in scope.by_id:
            self._meant[path] = near
        elsewhere = next((other.by_id[name] for other in self._scopes if name in other.by_id), None)
        if elsewhere is None:
            message = f"there is no step {shown(name)}"
            hint = f"did you mean {shown(near)}?" if near else _few(scope)
            yield Cause(code="MA170", path=path, message=message, hint=hint)
            return
        yield Cause(
            code="MA170",
            path=path,
            message=f"the step {shown(name)} stands in another branch: nothing here can lead to it",
            hint="a branch leads to its own steps only; the parallel step says in its `next` what follows",
            related=(((*elsewhere.path, "id"), f"{shown(name)} is here"),),
        )

    def _unreached(self, scope: Scope, graph: workflow_rounds.Graph, begin: list[Step]) -> Iterator[Cause]:
        """The steps that nothing leads to; not those that only such a step leads to."""
        lost = [step for step in scope.by_id.values() if step.id not in graph.reached and step.id != END]
        if not lost:
            return
        graph_of_lost = workflow_rounds.Graph(scope, [], self._meant)
        led_to = {target for step in lost for target in graph_of_lost.targets(step) if target != step.id}
        heads = [step for step in lost if step.id not in led_to] or lost[:1]
        for number, step in enumerate(heads):
            yield Cause(
                code="MA172",
                path=(*step.path, "id"),
                message=f"the step {shown(step.id)} is never reached",
                hint=self._way_to(step, scope, graph, begin) if number < GUESSES else "",
                warning=True,
            )

    def _way_to(self, step: Step, scope: Scope, graph: workflow_rounds.Graph, begin: list[Step]) -> str:
        index = next(i for i, each in enumerate(scope.steps) if each is step)
        before = scope.steps[index - 1] if index else None
        if before is not None and before.plain and before.id in graph.reached:
            return f"{shown(before.id)} before it has no `next`, which ends the path: next: {step.id}"
        onward = workflow_rounds.Graph(scope, [step], self._meant)
        if scope is self._top and begin[0].id in onward.reached:
            return f"a run starts with {shown(begin[0].id)}: initialStep: {step.id} would start it here"
        return "name it in the `next` of another step, or remove it"


def _few(scope: Scope) -> str:
    ids: list[Any] = list(scope.by_id)
    return f"the steps are {', '.join(map(shown, ids))}" if len(ids) <= 8 else ""
