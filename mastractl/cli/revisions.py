"""The revisions of a resource: one for each state that was wanted of it, read from the log of the store.

A revision is numbered by the generation it was. Where a resource was deleted and made again its count goes
on, so that what stood before the deletion can still be named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli import selection
from mastractl.resources import diff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.selection import Named
    from mastractl.resources.resource import Resource
    from mastractl.store import Revision
    from mastractl.values import JsonObject

_APART = ("apiVersion", "kind", "metadata", "status")
"""The fields that say nothing of what is wanted; see `lifecycle.next_generation`."""


class Step(NamedTuple):
    """One revision: its number, the change that began it, and the resource as it last stood in it.

    `changed` are the fields that differ from the revision before, none for the first of a resource.
    """

    number: int
    began: Revision
    resource: Resource
    changed: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What it changed, in a few words."""
        if self.began.type == "ADDED":
            return "created"
        return "<forgotten>" if self.began.forgotten else shortened(self.changed)


class Past(NamedTuple):
    """All that is known of one resource. `ended` is its deletion, if it is not there any more."""

    named: Named
    steps: list[Step]
    ended: Revision | None = None

    @property
    def title(self) -> str:
        """`agent.mastra.ai/x`."""
        return f"{self.named.kind.qualified_singular}/{self.named.name}"

    @property
    def forgotten(self) -> bool:
        """Whether the log was compacted, so that there may have been more."""
        return self.steps[0].began.forgotten

    def step(self, number: int) -> Step:
        """The revision of that number; raises NotFound."""
        for step in self.steps:
            if step.number == number:
                return step
        message = f"unable to find specified revision {number} in history of {self.title}"
        known = ", ".join(str(step.number) for step in self.steps[-20:])
        compacted = "; the log was compacted, what was before is forgotten" if self.forgotten else ""
        raise errors.NotFound(message, hint=f"there are {known}{compacted}")

    def before_last(self) -> Step:
        """The revision to go back to: the one before the present, or the last if it was deleted.

        Raises NotFound where there is none.
        """
        if self.ended is not None:
            return self.steps[-1]
        if len(self.steps) > 1:
            return self.steps[-2]
        message = (
            f"no rollout history found for {self.title}: revision {self.steps[0].number} is the only one"
        )
        hint = "the log was compacted, what was before is forgotten" if self.forgotten else ""
        raise errors.NotFound(message, hint=hint)


def past(inv: Invocation, named: Named) -> Past:
    """The revisions of one resource. Raises NotFound where nothing is known of it."""
    history = inv.store.history(named.kind, namespace=named.namespace, name=named.name)
    steps = list(_steps(history))
    if not steps:
        raise named.not_found(hint="the history knows nothing of that name either")
    ended = history[-1] if history[-1].type == "DELETED" else None
    return Past(named, steps, ended)


def chosen(inv: Invocation, asked: selection.Asked) -> Iterator[Past]:
    """The pasts of the resources that were asked for; failures are reported. Raises UsageError."""
    if not asked.resources and not asked.filenames:
        message = "required resource not specified"
        raise errors.UsageError(message, hint="write TYPE NAME or TYPE/NAME")
    which = selection.choose(inv, asked)
    named: Sequence[Named] = which.named
    if not named:
        found = selection.find(inv, which).resources
        named = [
            selection.Named(inv.store.resolve(f"{r.kind}.{r.group}"), r.namespace, r.name) for r in found
        ]
        if not named:
            selection.say_none(inv, which)
    for each in named:
        try:
            yield past(inv, each)
        except errors.MastraError as error:
            inv.fail(error)


def wanted(document: JsonObject) -> JsonObject:
    """What a document wants: all but metadata, status, and what it is."""
    return {field: value for field, value in document.items() if field not in _APART}


def shortened(paths: Sequence[str], most: int = 3) -> str:
    """The first few of some fields, and how many more there are."""
    more = f", {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more


def fields(before: JsonObject, after: JsonObject) -> tuple[str, ...]:
    """The paths of the fields in which two documents differ, as people write them."""
    return tuple(errors.format_path(path).lstrip(".") for path, _, _ in diff.changed_fields(before, after))


def _steps(history: Sequence[Revision]) -> Iterator[Step]:
    """The revisions in the history of one name."""
    step: Step | None = None
    offset = 0
    for revision in history:
        if revision.type == "DELETED":
            continue
        if step is not None and revision.before is not None and revision.generation == step.began.generation:
            step = step._replace(resource=revision.resource)
            continue
        if step is not None:
            yield step
            if revision.before is None or offset + revision.generation <= step.number:
                offset = step.number + (0 if revision.before is None else 1 - revision.generation)
        before = revision.before
        changed = fields(wanted(before.document), wanted(revision.resource.document)) if before else ()
        step = Step(offset + revision.generation, revision, revision.resource, changed)
    if step is not None:
        yield step
