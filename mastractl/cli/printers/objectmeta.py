"""What the fields of metadata mean, for `explain`: a definition's schema describes the rest only.

The types are those of `resources.metadata`; what is not described here is nothing that people write or
read, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.metadata import object_meta

if TYPE_CHECKING:
    from mastractl.values import JsonObject

_OWNER_FIELDS = {
    "apiVersion": "The apiVersion of the owner.",
    "kind": "The kind of the owner.",
    "name": "The name of the owner, in the same namespace.",
    "uid": "The uid of the owner: a later resource of the same name is not the owner.",
    "controller": "Whether this owner is the one that manages the resource.",
    "blockOwnerDeletion": "Whether a foreground deletion of the owner waits for this resource.",
}
_FIELDS = {
    "name": "The name, unique among the resources of its kind in its namespace. It cannot be changed.",
    "namespace": "The namespace it lives in; `default` where none is given. It cannot be changed.",
    "labels": "Short keys and values to select resources by, with -l.",
    "annotations": "Keys and values for people and tools. Nothing can be selected by them.",
    "uid": "What tells this resource from an earlier one of the same name. Set by the store.",
    "resourceVersion": (
        "An opaque text that changes with every change. A write that gives it is refused if the resource "
        "has changed since. Set by the store."
    ),
    "generation": "Counts the changes of the spec, from 1. Set by the store.",
    "creationTimestamp": "When it was created. Set by the store.",
    "deletionTimestamp": "When its deletion was asked for; it waits for the finalizers. Set by the store.",
    "finalizers": "Who must let go before a deletion completes.",
    "ownerReferences": "The resources it belongs to: when the last of them is gone, so is this.",
}


def described() -> JsonObject:
    """The schema of metadata with a description on every field that people meet."""
    about = {"description": "What names the resource, and what is known of it whatever its kind."}
    return _described(object_meta(), _FIELDS) | about | {"x-mastractl-type": "ObjectMeta"}


def _described(schema: JsonObject, fields: dict[str, str]) -> JsonObject:
    properties: dict[str, Any] = {}
    for name, description in fields.items():
        part = schema["properties"][name] | {"description": description}
        if name == "ownerReferences":
            part["items"] = _described(part["items"], _OWNER_FIELDS)
        properties[name] = part
    return schema | {"properties": properties}
