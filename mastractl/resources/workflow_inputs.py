"""Where the input of a step comes from: `input.from` names an `output.type` of an earlier step, or its id.

An output type is looked for first and a step's id after it (`reference/runtime.md` §4). Only the steps that
lead to a step have given their output when it begins, those in branches of a parallel step included; a label
that two of them give says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources.jsontypes import shown
from mastractl.resources.workflow_rounds import Graph
from mastractl.resources.workflow_steps import everywhere
from mastractl.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.workflow_steps import Scope, Step

MANY = 2_000
"""Steps beyond which it is only asked whether somebody gives an input, not whether that step leads here."""


def causes(
    top: Scope, begin: Sequence[Step], rescuers: Sequence[Step], meant: Mapping[FieldPath, str]
) -> Iterator[Cause]:
    """The inputs that nothing gives (MA176) and those that several steps give (MA175)."""
    steps = [step for scope in everywhere(top) for step in scope.steps]
    asking = [(step, word) for step in steps if isinstance(word := _label(step, "input", "from"), str)]
    if not asking:
        return
    labels: dict[str, list[Step]] = {}
    for step in steps:
        if isinstance(word := _label(step, "output", "type"), str):
            labels.setdefault(word, []).append(step)
    ids = {step.id: step for step in steps}
    before = None if len(steps) > MANY else _Before(top, begin, rescuers, meant)
    for step, word in asking:
        if before is not None and not before.reached(step):
            continue
        given = labels.get(word, [])
        named = [ids[word]] if word in ids else []
        if before is None:
            if not given and not named:
                yield _nothing(step, word, [], ())
            continue
        leading = [each for each in given if before.leads(each, step)]
        if len(leading) > 1:
            yield _several(step, word, leading)
        elif not leading and not any(before.leads(each, step) for each in named):
            yield _nothing(step, word, given or named, [*labels, *ids])


def _label(step: Step, field: str, key: str) -> Any:
    value = step.fields.get(field)
    return value.get(key) if isinstance(value, dict) else None


def _nothing(step: Step, word: str, given: Sequence[Step], words: Iterable[str]) -> Cause:
    path = (*step.path, "input", "from")
    if step in given:
        message = f"the step {shown(step.id)} cannot be given its own output"
        return Cause(code="MA176", path=path, message=message, hint="take the input from a step before it")
    if given:
        where = given[0]
        return Cause(
            code="MA176",
            path=path,
            message=f"{shown(word)} is not there yet: what gives it does not lead to {shown(step.id)}",
            hint="let that step come first, or take the input from one that does",
            related=(((*where.path, "id"), f"{shown(where.id)} gives it"),),
        )
    message = f"no step gives {shown(word)}: it is no output.type, and no step's id"
    near = nearest(word, words)
    hint = f"did you mean {shown(near)}?" if near else "say output.type in the step that gives it, or its id"
    if word == "user-input":
        hint = "the input of the run is asked for with type: user-input"
    return Cause(code="MA176", path=path, message=message, hint=hint)


def _several(step: Step, word: str, leading: Sequence[Step]) -> Cause:
    names = " and ".join(shown(each.id) for each in leading[:2])
    more = f" (and {len(leading) - 2} more)" if len(leading) > 2 else ""
    return Cause(
        code="MA175",
        path=(*step.path, "input", "from"),
        message=f"the steps {names}{more} both lead here and give {shown(word)}: which is meant is not said",
        hint="give their outputs types of their own, or name the step that is meant by its id",
        related=tuple(((*each.path, "output", "type"), f"{shown(each.id)} gives it") for each in leading[:4]),
    )


class _Before:
    """Which steps have given their output when another begins: a bit for each step, an integer for a set."""

    def __init__(
        self, top: Scope, begin: Sequence[Step], rescuers: Sequence[Step], meant: Mapping[FieldPath, str]
    ) -> None:
        self._meant = meant
        self._bits: dict[FieldPath, int] = {}
        self._before: dict[FieldPath, int] = {}
        for scope in everywhere(top):
            for step in scope.steps:
                self._bits[step.path] = 1 << len(self._bits)
        self._inner = {step.path: self._within(step) for scope in everywhere(top) for step in scope.steps}
        everything = (1 << len(self._bits)) - 1
        self._walk(top, [*begin, *rescuers], 0, {step.id: everything for step in rescuers})

    def reached(self, step: Step) -> bool:
        """Whether a run may come to that step."""
        return step.path in self._before

    def leads(self, step: Step, to: Step) -> bool:
        """Whether the output of a step may be there when the other begins."""
        return bool(self._bits[step.path] & self._before[to.path])

    def _within(self, step: Step) -> int:
        """A step and all that stand in its branches."""
        bits = self._bits[step.path]
        for branch in step.branches:
            for each in branch.steps:
                bits |= self._within(each)
        return bits

    def _walk(self, scope: Scope, begin: Sequence[Step], around: int, extra: Mapping[str, int]) -> None:
        """Say of every step of a scope what comes before it; `around` comes before all of them."""
        graph = Graph(scope, begin, self._meant)
        before = {name: around | extra.get(name, 0) for name in graph.reached}
        changed = True
        while changed:  # once over, where there are no rounds
            changed = False
            for name in graph.reached:
                step = scope.by_id[name]
                for outcome in step.outcomes:
                    gone = before[name] | (0 if outcome.caught else self._inner[step.path])
                    for target, _ in graph.known(outcome):
                        if gone | before[target] != before[target]:
                            before[target] |= gone
                            changed = True
            changed = changed and bool(graph.back)
        for name, bits in before.items():
            step = scope.by_id[name]
            self._before[step.path] = bits
            for branch in step.branches:
                if branch.steps:
                    self._walk(branch, branch.steps[:1], bits, {})
