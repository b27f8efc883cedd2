"""Conditions: what `status.conditions` says about a resource (the Kubernetes API conventions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject


def conditions(resource: Resource) -> list[JsonObject]:
    """Its conditions in the order they stand; what is no condition is left out."""
    found = resource.status.get("conditions")
    return [c for c in found if isinstance(c, dict) and c.get("type")] if isinstance(found, list) else []


def condition(resource: Resource, type_: str) -> JsonObject | None:
    """The condition of a type, upper and lower case being the same, or None."""
    wanted = type_.lower()
    return next((c for c in conditions(resource) if str(c["type"]).lower() == wanted), None)


def holds(resource: Resource, type_: str, status: str = "True") -> bool:
    """Whether a condition has a status ("True", "False", "Unknown") and speaks of the present spec.

    A condition observed at an older generation says nothing yet, as `kubectl wait` has it.
    """
    found = condition(resource, type_)
    if found is None or str(found.get("status", "")).lower() != status.lower():
        return False
    observed = found.get("observedGeneration") or resource.status.get("observedGeneration")
    return not isinstance(observed, int) or observed >= resource.generation
