"""metadata: its shape, which Kubernetes fixes for every kind, and the rules for what stands in it.

A definition describes only spec and status; `resource_schema` adds what every resource has. The shape is an
ordinary structural schema, checked in the same pass as the rest; the rules for names, labels, annotations,
finalizers and owners are `metadata_causes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

SERVER_OWNED = frozenset(
    (
        "uid",
        "creationTimestamp",
        "generation",
        "managedFields",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    )
)
"""Fields of metadata that only a store writes; in a manifest they are left-overs of an earlier `get`."""

MARK = "x-mastractl-object-meta"
"""The keyword by which a schema says that the object at this place obeys `metadata_causes`."""

_STRING: JsonObject = {"type": "string"}
_STRINGS: JsonObject = {"type": "object", "nullable": True, "additionalProperties": _STRING}
_TIME: JsonObject = {"type": "string", "format": "date-time", "nullable": True}
_OWNER: JsonObject = {
    "type": "object",
    "required": ["apiVersion", "kind", "name", "uid"],
    "properties": {
        "apiVersion": _STRING,
        "kind": _STRING,
        "name": _STRING,
        "uid": _STRING,
        "controller": {"type": "boolean", "nullable": True},
        "blockOwnerDeletion": {"type": "boolean", "nullable": True},
    },
    "x-kubernetes-map-type": "atomic",
}
_PROPERTIES: JsonObject = {
    "name": _STRING,
    "generateName": _STRING,
    "namespace": _STRING,
    "labels": _STRINGS,
    "annotations": _STRINGS,
    "uid": _STRING,
    "resourceVersion": _STRING,
    "generation": {"type": "integer", "format": "int64"},
    "creationTimestamp": _TIME,
    "deletionTimestamp": _TIME,
    "deletionGracePeriodSeconds": {"type": "integer", "format": "int64", "nullable": True},
    "finalizers": {"type": "array", "nullable": True, "items": _STRING, "x-kubernetes-list-type": "set"},
    "ownerReferences": {
        "type": "array",
        "nullable": True,
        "items": _OWNER,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["uid"],
    },
    "managedFields": {"x-kubernetes-preserve-unknown-fields": True},
    "selfLink": _STRING,
}
_RESTRICTABLE = ("name", "generateName")


def object_meta(restricted: Any = None) -> JsonObject:
    """The schema of metadata; `restricted` is what a definition says about name and generateName."""
    properties = dict(_PROPERTIES)
    given = restricted.get("properties") if isinstance(restricted, dict) else None
    for name in _RESTRICTABLE:
        if isinstance(given, dict) and isinstance(given.get(name), dict):
            properties[name] = given[name] | _STRING
    return {"type": "object", "properties": properties, MARK: True}


def resource_schema(schema: JsonObject, *, embedded: bool = False) -> JsonObject:
    """A definition's schema with what every resource has: apiVersion, kind and metadata with a name.

    A resource embedded in another needs no metadata (a template is named by whoever uses it).
    """
    given: JsonObject = schema.get("properties", {})
    meta = object_meta(given.get("metadata"))
    needed = ["apiVersion", "kind"]
    if not embedded:
        needed.append("metadata")
        meta["required"] = ["name"]
    own = {"apiVersion": _STRING, "kind": _STRING, **given, "metadata": meta}
    more = [name for name in schema.get("required", ()) if name not in needed]
    return schema | {"type": "object", "properties": own, "required": [*needed, *more]}


def type_problems(document: JsonObject) -> list[tuple[str, str]]:
    """What is wrong with apiVersion and kind of an embedded resource: (field, problem) pairs.

    Values that are no texts are passed over: the schema reports them.
    """
    found = []
    api_version, kind = document.get("apiVersion"), document.get("kind")
    if isinstance(api_version, str) and (not api_version or api_version.count("/") > 1):
        found.append(("apiVersion", f"{api_version!r} is no apiVersion: GROUP/VERSION, or VERSION alone"))
    if isinstance(kind, str) and names.dns_label_problem(kind.lower()):
        found.append(("kind", f"{kind!r} is no kind: letters, digits and '-', first a letter, at most 63"))
    return found


def is_plain(metadata: JsonObject) -> bool:
    """Whether metadata of the right shape breaks no rule: the quick form of asking for `metadata_causes`."""
    for field, value in metadata.items():
        fine = _FINE.get(field)
        if fine is not None and not fine(value):
            return False
    return True


def _plain_labels(labels: JsonObject | None) -> bool:
    for key, value in (labels or {}).items():
        if names.label_key_problem(key) or names.label_value_problem(value):
            return False
    return True


def _plain_annotations(annotations: JsonObject | None) -> bool:
    for key in annotations or ():
        if names.label_key_problem(key.lower()):
            return False
    return not annotations or not names.annotations_problem(annotations)


def _plain_otherwise(field: str) -> Callable[[Any], bool]:
    return lambda value: not value or next(metadata_causes({field: value}, ()), None) is None


_FINE: dict[str, Callable[[Any], bool]] = {
    "name": lambda name: not names.name_problem(name),
    "namespace": lambda namespace: not names.namespace_problem(namespace),
    "labels": _plain_labels,
    "annotations": _plain_annotations,
    **{field: _plain_otherwise(field) for field in ("generateName", "finalizers", "ownerReferences")},
}


def metadata_causes(metadata: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """What breaks the rules in metadata that has the right shape. `path` is where the metadata stands.

    Values of a wrong type are passed over: the schema reports them.
    """
    for field, problem in (("name", names.name_problem), ("namespace", names.namespace_problem)):
        text = metadata.get(field)
        if isinstance(text, str):
            yield from _cause((*path, field), problem(text))
    prefix = metadata.get("generateName")
    if isinstance(prefix, str) and prefix:
        yield from _cause((*path, "generateName"), _prefix_problem(prefix))
    yield from _label_causes(metadata.get("labels"), (*path, "labels"))
    yield from _annotation_causes(metadata.get("annotations"), (*path, "annotations"))
    yield from _finalizer_causes(metadata.get("finalizers"), (*path, "finalizers"))
    yield from _owner_causes(metadata.get("ownerReferences"), (*path, "ownerReferences"))


def _cause(path: FieldPath, problem: str, *, at_key: bool = False) -> Iterator[Cause]:
    if problem:
        yield Cause(code="MA110", path=path, message=problem, at_key=at_key)


def _prefix_problem(prefix: str) -> str:
    return names.name_problem(prefix.rstrip("-.")[: names.NAME_LIMIT - 5] or prefix)


def _label_causes(labels: Any, path: FieldPath) -> Iterator[Cause]:
    if not isinstance(labels, dict):
        return
    for key, value in labels.items():
        yield from _cause((*path, key), names.label_key_problem(key), at_key=True)
        if isinstance(value, str):
            yield from _cause((*path, key), names.label_value_problem(value))


def _annotation_causes(annotations: Any, path: FieldPath) -> Iterator[Cause]:
    if not isinstance(annotations, dict):
        return
    for key in annotations:
        yield from _cause((*path, key), names.label_key_problem(key.lower()), at_key=True)
    if all(isinstance(value, str) for value in annotations.values()):
        yield from _cause(path, names.annotations_problem(annotations))


def _finalizer_causes(finalizers: Any, path: FieldPath) -> Iterator[Cause]:
    if not isinstance(finalizers, list):
        return
    for index, text in enumerate(finalizers):
        if isinstance(text, str):
            yield from _cause((*path, index), names.finalizer_problem(text))


def _owner_causes(owners: Any, path: FieldPath) -> Iterator[Cause]:
    if not isinstance(owners, list):
        return
    controllers = 0
    for index, owner in enumerate(owners):
        if not isinstance(owner, dict):
            continue
        for field in ("apiVersion", "kind", "name", "uid"):
            if owner.get(field) == "":
                yield from _cause((*path, index, field), f"an owner's {field} must not be empty")
        controllers += owner.get("controller") is True
        if controllers > 1 and owner.get("controller") is True:
            yield from _cause((*path, index, "controller"), "only one owner can be the controller")
