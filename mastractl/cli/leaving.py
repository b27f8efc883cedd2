"""Waiting for resources that are being deleted until what holds them has let go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.cli.printers.name import resource_name

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.resources.resource import Resource


def await_gone(inv: Invocation, pending: list[Resource], *, limit: float) -> None:
    """Wait until these are gone. What is not within the limit (0 or less: none) is reported as a failure."""
    end = inv.clock.monotonic() + limit if limit > 0 else math.inf
    for resource in pending:
        held = ", ".join(resource.finalizers)
        inv.note(f"waiting for {resource_name(resource, inv.kinds)}: it is held by {held}")
    engine = inv.store.engine
    while pending:
        revision = engine.revision()
        pending = [r for r in pending if _stands(inv, r)]
        left = end - inv.clock.monotonic()
        if left <= 0:
            break
        if pending:
            engine.wait(revision, min(left, 1.0))
    for resource in pending:
        name = resource_name(resource, inv.kinds)
        message = f"timed out waiting for the deletion of {name}"
        inv.fail(errors.TimedOut(message, hint=f"it is held by {', '.join(resource.finalizers)}"))


def _stands(inv: Invocation, resource: Resource) -> bool:
    """Whether it is still there, and not another one of the same name."""
    kind = inv.store.resolve(f"{resource.kind}.{resource.group}")
    found = inv.store.get(kind, namespace=resource.namespace, name=resource.name)
    return found is not None and found.uid == resource.uid
