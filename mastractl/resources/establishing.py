"""The status of a definition: the kind it describes can be used as soon as it is stored.

The conditions, acceptedNames and storedVersions are those of apiextensions.k8s.io/v1. A store lets in no
definition whose names are taken, so both conditions are true of each that stands; `wait
--for=condition=Established` returns at once, as it does in a cluster a moment later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources.definition_forms import upgrade
from mastractl.resources.definition_rules import stored_versions

if TYPE_CHECKING:
    from mastractl.values import JsonObject

_NAMES = ("kind", "plural", "singular", "listKind", "shortNames", "categories")
_CONDITIONS = (
    ("NamesAccepted", "NoConflicts", "no other kind has these names"),
    ("Established", "InitialNamesAccepted", "resources of the kind can be made"),
)


def established(definition: JsonObject, now: str) -> JsonObject:
    """The definition with the status of one that is in force at the time `now` (RFC 3339).

    What else its status says stays. Versions in which resources may be stored are kept in storedVersions as
    long as the definition has them; the present one is added. A definition that makes no sense is returned
    as it is.
    """
    spec = upgrade(definition)["spec"]
    names, versions = spec.get("names"), spec.get("versions")
    if not isinstance(names, dict) or not isinstance(versions, list):
        return definition
    status = definition.get("status")
    before: JsonObject = status if isinstance(status, dict) else {}
    listed = before.get("conditions")
    conditions = [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []
    new = {
        **before,
        "phase": "Active",
        "acceptedNames": {word: names[word] for word in _NAMES if names.get(word)},
        "storedVersions": _stored(before, versions),
        "conditions": _conditions(conditions, now),
        "observedGeneration": definition["metadata"].get("generation", 1),
    }
    return {**definition, "status": new}


def _stored(status: JsonObject, versions: list[JsonObject]) -> list[str]:
    there = [version["name"] for version in versions]
    before = stored_versions({"status": status, "spec": {"versions": []}})
    now = [version["name"] for version in versions if version.get("storage")]
    return list(dict.fromkeys([name for name in before if name in there] + now))


def _conditions(before: list[JsonObject], now: str) -> list[JsonObject]:
    by_type = {condition.get("type"): condition for condition in before}
    for type_, reason, message in _CONDITIONS:
        old = by_type.get(type_, {})
        since = old.get("lastTransitionTime") if old.get("status") == "True" else None
        by_type[type_] = {
            "type": type_,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": since or now,
        }
    return list(by_type.values())
