"""What happened, in the terms of `kubectl events`: type, reason, message.

A happening is one revision of the log. Kubernetes keeps events apart from what they are about, and for an
hour; here they are the log itself, so that nothing is missing and nobody has to write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import clock
from mastractl.cli import revisions
from mastractl.cli.printers.name import qualified_kind
from mastractl.engines.contract import EXTERNAL
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.resource import Resource
    from mastractl.store import Revision
    from mastractl.values import JsonObject

TYPES = ("Normal", "Warning")
REASONS = ("Created", "Changed", "StatusChanged", "Deleted", "EditedOutside")

_FAILED = frozenset({"failed", "error"})
_NOT_TOLD = ("metadata.generation", "metadata.resourceVersion", "metadata.creationTimestamp", "metadata.uid")


class Happening(NamedTuple):
    """One thing that happened to a resource. `object` is `agent.mastra.ai/x`, for people."""

    type: str
    reason: str
    message: str
    object: str
    revision: Revision

    @property
    def time(self) -> str:
        """When, RFC 3339."""
        return clock.rfc3339(self.revision.at)

    def document(self) -> JsonObject:
        """The happening in the shape of a Kubernetes event."""
        resource = self.revision.resource
        about = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "namespace": resource.namespace,
            "name": resource.name,
            "uid": resource.uid,
            "resourceVersion": resource.resource_version,
        }
        metadata = {
            "name": f"{resource.name}.{self.revision.revision:x}",
            "namespace": resource.namespace or "default",
            "creationTimestamp": self.time,
            "resourceVersion": str(self.revision.revision),
        }
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": metadata,
            "involvedObject": {field: value for field, value in about.items() if value},
            "type": self.type,
            "reason": self.reason,
            "message": self.message,
            "source": {"component": self.revision.manager},
            "firstTimestamp": self.time,
            "lastTimestamp": self.time,
            "count": 1,
        }


def happening(revision: Revision, kinds: KindRegistry) -> Happening:
    """What a revision is to people."""
    reason, what = _told(revision)
    by = harmless(revision.manager) or "somebody"
    outside = revision.manager == EXTERNAL
    message = f"{what} outside mastractl" if outside else f"{what} by {by}"
    resource = revision.resource
    return Happening(
        type="Warning" if reason == "StatusChanged" and _failed(revision) else "Normal",
        reason="EditedOutside" if outside else reason,
        message=message,
        object=f"{qualified_kind(resource, kinds)}/{harmless(resource.name)}",
        revision=revision,
    )


def _told(revision: Revision) -> tuple[str, str]:
    """The reason, and what was done: `spec.instructions changed`."""
    if revision.type == "DELETED":
        return "Deleted", "deleted"
    if revision.before is None:
        return "Created", "created"
    before, after = revision.before, revision.resource
    if after.deletion_timestamp and not before.deletion_timestamp:
        return "Changed", f"deletion begun, held by {harmless(', '.join(map(str, after.finalizers)))},"
    paths = [p for p in revisions.fields(before.document, after.document) if p not in _NOT_TOLD]
    only_status = bool(paths) and all(p == "status" or p.startswith(("status.", "status[")) for p in paths)
    return "StatusChanged" if only_status else "Changed", f"{harmless(revisions.shortened(paths))} changed"


def _failed(revision: Revision) -> bool:
    """Whether the resource has come to a bad end by it."""
    return _is_failed(revision.resource) and (revision.before is None or not _is_failed(revision.before))


def _is_failed(resource: Resource) -> bool:
    return str(resource.status.get("phase", "")).lower() in _FAILED
