"""Where a resource stands in an engine: `res/<kind's segment>/<namespace>/<name>`.

Cluster-scoped resources stand in the namespace segment `_cluster`, which no namespace may be called.
The way back from a key is `resources.adoption.place`, which adoption needs one floor further down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources.adoption import CLUSTER, RESOURCES, place
from mastractl.resources.resource import DEFAULT_NAMESPACE, GROUP, split_api_version

if TYPE_CHECKING:
    from mastractl.resources.kinds import Kind
    from mastractl.values import JsonObject

__all__ = [
    "CLUSTER",
    "DEFINITIONS",
    "DEPENDENTS",
    "EVERYTHING",
    "OWNERSHIP",
    "definition",
    "dependents",
    "key",
    "owners",
    "place",
    "prefix",
    "record",
    "segment",
]

EVERYTHING = f"{RESOURCES}/"
"""The prefix of all resources."""

OWNERSHIP = "own/"
"""The prefix of the records of ownership, one for each resource."""

DEPENDENTS = "dep/"
"""The prefix of the index of dependents: `dep/<uid of an owner>/<key of a dependent, without its space>`."""

DEFINITIONS = f"{RESOURCES}/customresourcedefinition/"
"""The prefix of the definitions of kinds."""


def key(kind: Kind, namespace: str, name: str) -> str:
    """The key of one resource; the namespace counts only for kinds that have them."""
    where = (namespace or DEFAULT_NAMESPACE) if kind.namespaced else CLUSTER
    return f"{RESOURCES}/{kind.segment}/{where}/{name}"


def prefix(kind: Kind, namespace: str | None = None) -> str:
    """The prefix of a kind's resources, in one namespace or (None) in all."""
    if namespace is None or not kind.namespaced:
        return f"{RESOURCES}/{kind.segment}/"
    return f"{RESOURCES}/{kind.segment}/{namespace}/"


def record(key: str) -> str:
    """The key of the record of who owns the resource at a key."""
    return f"{OWNERSHIP}{key.removeprefix(EVERYTHING)}"


def dependents(uid: str) -> str:
    """The prefix under which the index has the dependents of an owner."""
    if not uid.isascii() or not uid.replace("-", "").isalnum():  # none that a store has given out
        uid = "~" + uid.encode().hex()
    return f"{DEPENDENTS}{uid}/"


def segment(group: str, kind: str) -> str:
    """The segment of a kind that is known by group and name alone."""
    return kind.lower() if group == GROUP else f"{kind.lower()}.{group}"


def definition(kind: Kind) -> str:
    """The key of the definition of a kind."""
    return f"{DEFINITIONS}{CLUSTER}/{kind.qualified_plural}"


def owners(reference: JsonObject, dependent: str) -> tuple[str, str]:
    """The keys at which the owner of the resource at `dependent` may stand: its namespace, or none.

    `reference` is an item of metadata.ownerReferences (Kubernetes: owners are in the same namespace, or
    cluster-scoped).
    """
    group = split_api_version(reference["apiVersion"])[0]
    kind = f"{RESOURCES}/{segment(group, reference['kind'])}"
    name = reference["name"]
    return f"{kind}/{place(dependent).namespace or CLUSTER}/{name}", f"{kind}/{CLUSTER}/{name}"
