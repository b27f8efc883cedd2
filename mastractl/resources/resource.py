"""A resource is its JSON document; this is the one view over it.

The document is the truth and unknown fields survive in it; `Resource` only reads. Documents that came
from a store are shared: whoever changes one copies it first (`values.copy`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mastractl.values import JsonObject

GROUP = "mastra.ai"
"""The group of the bundled kinds."""

DEFAULT_NAMESPACE = "default"
"""Where namespaced resources live that name no namespace (seed 000)."""


class ResourceKey(NamedTuple):
    """What names a resource: its group and kind, its namespace ("" if cluster-scoped) and its name."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`agent.mastra.ai/cooking/recipe-assistant`, without the namespace where there is none."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.lower()}.{self.group}/{where}{self.name}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """`mastra.ai/v1` as (group, version); a bare `v1` has the empty group."""
    group, _, version = api_version.rpartition("/")
    return group, version


class Resource:
    """Read access to a resource document. Missing parts read as empty, never as an error."""

    __slots__ = ("document",)

    def __init__(self, document: JsonObject) -> None:
        self.document = document

    def __repr__(self) -> str:
        return f"<Resource {self.key}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self.document == other.document

    __hash__ = None  # type: ignore[assignment]  # documents are mutable

    @property
    def api_version(self) -> str:
        """`mastra.ai/v1`."""
        return _text(self.document.get("apiVersion"))

    @property
    def group(self) -> str:
        """`mastra.ai`."""
        return split_api_version(self.api_version)[0]

    @property
    def kind(self) -> str:
        """`Agent`."""
        return _text(self.document.get("kind"))

    @property
    def key(self) -> ResourceKey:
        """What names it. The namespace is as the document has it: "" where it has none."""
        metadata = self.metadata
        namespace, name = _text(metadata.get("namespace")), _text(metadata.get("name"))
        return ResourceKey(self.group, self.kind, namespace, name)

    @property
    def metadata(self) -> JsonObject:
        """The metadata object."""
        return _object(self.document.get("metadata"))

    @property
    def name(self) -> str:
        """metadata.name."""
        return _text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """metadata.namespace, "" where there is none."""
        return _text(self.metadata.get("namespace"))

    @property
    def uid(self) -> str:
        """metadata.uid: stays the same from creation to deletion, and is never used again."""
        return _text(self.metadata.get("uid"))

    @property
    def resource_version(self) -> str:
        """metadata.resourceVersion, an opaque string; "" where the caller holds none."""
        return _text(self.metadata.get("resourceVersion"))

    @property
    def generation(self) -> int:
        """metadata.generation: counts the changes of the spec, from 1."""
        value = self.metadata.get("generation")
        return value if isinstance(value, int) else 0

    @property
    def labels(self) -> dict[str, str]:
        """metadata.labels."""
        return _object(self.metadata.get("labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """metadata.annotations."""
        return _object(self.metadata.get("annotations"))

    @property
    def finalizers(self) -> list[str]:
        """metadata.finalizers: who must let go before a deletion completes."""
        return _list(self.metadata.get("finalizers"))

    @property
    def owner_references(self) -> list[JsonObject]:
        """metadata.ownerReferences: when the last owner is gone, so is this."""
        return _list(self.metadata.get("ownerReferences"))

    @property
    def creation_timestamp(self) -> str:
        """metadata.creationTimestamp, RFC 3339."""
        return _text(self.metadata.get("creationTimestamp"))

    @property
    def deletion_timestamp(self) -> str:
        """metadata.deletionTimestamp, "" unless a deletion waits for finalizers."""
        return _text(self.metadata.get("deletionTimestamp"))

    @property
    def spec(self) -> JsonObject:
        """What is wanted."""
        return _object(self.document.get("spec"))

    @property
    def status(self) -> JsonObject:
        """What was observed; written by controllers only."""
        return _object(self.document.get("status"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
