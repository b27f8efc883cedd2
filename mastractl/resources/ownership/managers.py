"""Managers: who owns what, as entries of metadata.managedFields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.ownership import trees
from mastractl.resources.ownership.fieldset import FieldSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.values import JsonObject

APPLY = "Apply"
UPDATE = "Update"
MOST_UPDATERS = 10
"""So many entries of operation Update are kept apart (Kubernetes' figure)."""
ANCIENT = "ancient-changes"
"""Who owns what the oldest updaters owned, once there are too many (Kubernetes' name)."""


class Manager(NamedTuple):
    """One writer and the fields it owns.

    `operation` is "Apply" or "Update", `time` the RFC 3339 time of its last change (seconds, UTC),
    `subresource` "" for the resource itself. An applier is told apart by name and subresource, an updater by
    its version as well.
    """

    name: str
    operation: str
    api_version: str
    time: str
    fields: FieldSet
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells this entry from the others of one resource."""
        version = "" if self.operation == APPLY else self.api_version
        return self.operation, self.name, self.subresource, version

    def to_json(self) -> JsonObject:
        """The entry of metadata.managedFields."""
        entry: JsonObject = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_json(),
        }
        if not self.time:
            del entry["time"]
        if self.subresource:
            entry["subresource"] = self.subresource
        return entry

    @classmethod
    def from_json(cls, entry: Any) -> Manager:
        """The manager of an entry of metadata.managedFields, whoever wrote it. ValueError if it is none."""
        if not isinstance(entry, dict) or entry.get("operation") not in {APPLY, UPDATE}:
            message = "an entry of managedFields has the operation Apply or Update"
            raise ValueError(message)
        if entry.get("fieldsType", "FieldsV1") != "FieldsV1":
            message = f"fieldsType {entry['fieldsType']!r} is not known; it is FieldsV1"
            raise ValueError(message)
        texts = [entry.get(n) or "" for n in ("manager", "operation", "apiVersion", "time", "subresource")]
        if not all(isinstance(text, str) for text in texts):
            message = "manager, apiVersion, time and subresource of an entry of managedFields are text"
            raise ValueError(message)
        name, operation, version, time, subresource = texts
        fields = FieldSet.from_json(entry.get("fieldsV1", {}))
        return cls(name or "unknown", operation, version, time, fields, subresource)


class Owned(NamedTuple):
    """A document and the managers of its fields, in Kubernetes' order (`ordered`)."""

    document: JsonObject
    managers: tuple[Manager, ...]


def ordered(managers: Iterable[Manager]) -> tuple[Manager, ...]:
    """Appliers before updaters, older before newer, then by name, version and subresource."""
    listed = tuple(managers)
    if len(listed) < 2:
        return listed
    return tuple(sorted(listed, key=lambda m: (m.operation, m.time, m.name, m.api_version, m.subresource)))


def capped(managers: Sequence[Manager]) -> list[Manager]:
    """At most `MOST_UPDATERS` updaters: the oldest of a version are united as `ancient-changes`.

    Updaters of a version of which there is only one stay, so that there may be more, if there are that
    many versions.
    """
    excess = sum(m.operation == UPDATE for m in managers) - MOST_UPDATERS
    if excess <= 0:
        return list(managers)
    held = {m.identity: m for m in managers}
    first: dict[str, Manager] = {}
    for old in sorted((m for m in managers if m.operation == UPDATE), key=lambda m: (m.time, m.name)):
        bucket = old._replace(name=ANCIENT, subresource="")
        if excess <= 0 or old.identity == bucket.identity:
            continue
        into = held.get(bucket.identity) or first.setdefault(old.api_version, old)
        if into is not old:
            del held[old.identity]
            held.pop(into.identity)
            fields = FieldSet(trees.union(into.fields.tree, old.fields.tree))
            held[bucket.identity] = bucket._replace(fields=fields, time=max(into.time, old.time))
            excess -= 1
    return list(held.values())
