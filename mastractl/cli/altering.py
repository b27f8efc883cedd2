"""Changing what is in the store: what patch, label, annotate and scale share.

Resources are changed one after the other, each as one commit, as kubectl does. What fails is reported
with its name and does not hold up the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli import selection
from mastractl.cli.changes import DRY_RUN_SUFFIX, Change
from mastractl.cli.printers.name import resource_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.cli.changes import ChangePrinter
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.options import DryRunMode
    from mastractl.resources.kinds import Kind, KindRegistry
    from mastractl.resources.resource import Resource
    from mastractl.store import Applied
    from mastractl.store.modify import Subresource
    from mastractl.values import JsonObject

    Alter = Callable[[JsonObject], JsonObject]


class How(NamedTuple):
    """How a change is made. `resource_version` ("" for any) is the one that the resource must have."""

    manager: str
    dry_run: DryRunMode = "none"
    subresource: Subresource = ""
    resource_version: str = ""


def chosen(inv: Invocation, asked: selection.Asked, *, everything: bool) -> list[Resource]:
    """The resources that are to be changed. Names that are not there are reported as failures.

    Raises what `selection.choose_explicitly` raises. That nothing was found is said.
    """
    which = selection.choose_explicitly(inv, asked, everything=everything)
    found = selection.find(inv, which)
    if not found.resources and not which.named:
        selection.say_none(inv, which)
    found.report_missing(inv)
    return found.resources


def refuse_several(found: list[Resource], how: How) -> None:
    """Raise UsageError for a resourceVersion asked of several resources."""
    if how.resource_version and len(found) > 1:
        message = f"--resource-version is that of one resource; {len(found)} are meant"
        raise errors.UsageError(message, hint="name one resource")


def alter(inv: Invocation, found: list[Resource], change: Alter, how: How) -> Iterator[Applied]:
    """Change the resources one by one and give what came of each; failures and warnings are reported."""
    for resource in found:
        try:
            applied = modify(inv, resource, change, how)
        except errors.MastraError as error:
            if len(found) > 1 and resource.name not in error.message:
                error.message = f"{resource_name(resource, inv.kinds)}: {error.message}"
            inv.fail(error)
        else:
            yield applied


def modify(inv: Invocation, resource: Resource, change: Alter, how: How) -> Applied:
    """Change one resource; warnings are told. Raises what `StateStore.modify` raises."""
    applied = inv.store.modify(
        kind_of(inv, resource),
        namespace=resource.namespace,
        name=resource.name,
        change=change,
        manager=how.manager,
        subresource=how.subresource,
        resource_version=how.resource_version,
        dry_run=how.dry_run != "none",
    )
    tell_warnings(inv, applied)
    return applied


def tell_warnings(inv: Invocation, applied: Applied) -> None:
    """Tell what admission had to remark on a change."""
    for remark in applied.warnings:
        where = errors.format_path(remark.path).lstrip(".")
        inv.warn(f"{resource_name(applied.resource, inv.kinds)}: {where}: {remark.message}", hint=remark.hint)


def kind_of(inv: Invocation, resource: Resource) -> Kind:
    """The kind of a resource of this store."""
    return inv.store.resolve(f"{resource.kind}.{resource.group}")


def show(
    kinds: KindRegistry,
    printer: ChangePrinter,
    done: Iterable[Applied],
    said: Callable[[Applied], str],
    dry_run: DryRunMode = "none",
) -> None:
    """Print `agent.mastra.ai/x labeled` and so on, in the word that is `said` of each."""
    suffix = DRY_RUN_SUFFIX[dry_run]
    lines = [
        Change(each.resource, f"{resource_name(each.resource, kinds)} {said(each)}{suffix}") for each in done
    ]
    if lines:
        printer.show(lines)
