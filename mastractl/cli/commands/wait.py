"""`wait`: until resources are what somebody waits for.

Resources that are not there yet are waited for as well, with every goal but `delete`. Each is told as it
gets there; those that did not in time are failures (exit 6) that say what was last seen of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import changes, durations, goals, options, selection
from mastractl.cli.printers.name import resource_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mastractl.cli.goals import Goal
    from mastractl.cli.invocation import Invocation
    from mastractl.resources.resource import Resource

Resources = Annotated[
    list[str] | None,
    options.argument(
        metavar="[TYPE NAME... | TYPE/NAME... | TYPE -l SELECTOR | TYPE --all]", help="What to wait for."
    ),
]
For = Annotated[
    list[str] | None,
    options.flag(
        "--for",
        metavar="GOAL",
        help="condition=NAME[=VALUE], jsonpath={PATH}[=VALUE] (or != < <= > >=), create or delete. "
        "Repeated: all of them.",
    ),
]
Any = Annotated[bool, options.flag("--any", help="Of several goals one is enough.")]
All = Annotated[bool, options.flag("--all", help="Every resource of the types, in the namespace in force.")]
A_WEEK = 7 * 24 * 3600.0
_POLL = 1.0

EXAMPLES = """
# Until somebody has created it
mastractl wait --for=create agent/recipe-assistant -n cooking

# Until a field has a value
mastractl wait --for=jsonpath='{.spec.model.provider}'=openai agent/recipe-assistant -n cooking --timeout=5s

# Until one of two things happens to it
mastractl wait --any --for=condition=Ready --for='jsonpath={.metadata.generation}>=1' agents --all -A

# Until everything a directory describes is there
mastractl wait --for=create -f examples/kitchen

# Until it is gone
mastractl wait --for=delete agent/no-such-agent -n cooking --timeout=5s
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    goal: For = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    field_selector: options.FieldSelector = "",
    any_of_them: Any = False,
    everything: All = False,
    all_namespaces: options.AllNamespaces = False,
    timeout: options.Timeout = "30s",
    output: options.ChangeOutput = "",
) -> None:
    """Wait until resources meet a condition.

    With a timeout of 0 it is checked once; a negative one means a week.
    """
    wanted = [goals.parse(text) for text in goal or ()]
    if not wanted:
        message = "say what to wait for with --for"
        raise errors.UsageError(message, hint="for instance --for=condition=Ready or --for=delete")
    limit = durations.seconds(timeout, flag="--timeout")
    printer = changes.ChangePrinter(inv, output)
    asked = selection.Asked(
        resources=resources,
        filenames=filename,
        recursive=recursive,
        selector=selector,
        field_selector=field_selector,
        all_namespaces=all_namespaces,
    )
    chosen = _chosen(inv, asked, everything=everything)
    waiting = _Waiting(inv, chosen, wanted, enough=any if any_of_them else all)
    _until(inv, waiting, printer, limit=A_WEEK if limit < 0 else limit)


def _chosen(inv: Invocation, asked: selection.Asked, *, everything: bool) -> selection.Selection:
    """What is meant; raises UsageError unless that was said in so many words."""
    chosen = selection.choose(inv, asked)
    selected = chosen.labels is not None or chosen.fields is not None or chosen.by_manifest
    if not (everything or selected or chosen.named):
        message = "resource(s) were provided, but no name, label selector, or --all flag specified"
        raise errors.UsageError(message)
    return chosen


class _Waiting:
    """What is waited for: the resources named, or whatever passes the selection, and which got there.

    To wait for deletion is to wait for the end of those there were at first, by their uid: another one
    of the same name is another one.
    """

    def __init__(
        self,
        inv: Invocation,
        chosen: selection.Selection,
        wanted: list[Goal],
        *,
        enough: Callable[[Iterable[object]], bool],
    ) -> None:
        self._inv = inv
        self._chosen = chosen
        self._wanted = wanted
        self._enough = enough
        self._first = {r.key: r for r in self._found()}
        self._told: set[str] = set()
        self.ending = any(isinstance(goal, goals.Gone) for goal in wanted)

    def look(self) -> tuple[list[tuple[str, Resource | None]], list[tuple[str, str]]]:
        """Who got there since the last look, and who has not, with what is seen of them."""
        arrived, behind = [], []
        for label, resource in self._now():
            met = [goal.met(resource) for goal in self._wanted]
            if not self._enough(met):
                shown = self._inv.masked(resource) if resource is not None else None
                behind.append((label, self._wanted[met.index(False)].seen(shown)))
            elif label not in self._told:
                self._told.add(label)
                arrived.append((label, resource))
        if not behind and not self._told and not self.ending:
            behind.append(("", "no matching resources found"))
        return arrived, behind

    def _now(self) -> Iterable[tuple[str, Resource | None]]:
        """Each of them by its label, None where it is not there."""
        found = {r.key: r for r in self._found()}
        if self.ending:
            for key, first in self._first.items():
                again = found.get(key)
                alive = again if again is not None and again.uid == first.uid else None
                yield resource_name(first, self._inv.kinds), alive
            if self._chosen.named:
                for named in self._chosen.named:
                    if named.key not in self._first:
                        yield f"{named.kind.qualified_singular}/{named.name}", None
        elif self._chosen.named:
            for named in self._chosen.named:
                yield f"{named.kind.qualified_singular}/{named.name}", found.get(named.key)
        else:
            for resource in found.values():
                yield resource_name(resource, self._inv.kinds), resource

    def _found(self) -> list[Resource]:
        return selection.find(self._inv, self._chosen, ignore_not_found=True).resources


def _until(inv: Invocation, waiting: _Waiting, printer: changes.ChangePrinter, *, limit: float) -> None:
    """Tell who gets there until all did or the time (seconds) is up; then report the others."""
    end = inv.clock.monotonic() + limit if limit < math.inf else math.inf
    engine = inv.store.engine
    while True:
        revision = engine.revision()
        arrived, behind = waiting.look()
        for label, resource in arrived:
            if resource is not None:
                printer.show([changes.Change(resource, f"{label} condition met")])
            else:
                inv.line(f"{label} condition met")
        inv.stdout.flush()
        left = end - inv.clock.monotonic()
        if not behind or left <= 0:
            break
        engine.wait(revision, min(left, _POLL))
    for label, seen in behind:
        where = f" on {label}" if label else ""
        inv.fail(errors.TimedOut(f"timed out waiting for the condition{where}: {seen}"))
