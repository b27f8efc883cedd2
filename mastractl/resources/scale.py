"""The scale subresource: how many there should be, whatever the kind and wherever it keeps that number.

A definition says at which paths the numbers stand (`subresources.scale`); here they become an object of
Kubernetes' `autoscaling/v1` `Scale`, and such an object becomes a change of the resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.errors import Cause
from mastractl.resources.jsontypes import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.resources.kinds import Kind, Version
    from mastractl.values import JsonObject

MOST = 2**31 - 1
"""The largest number of replicas: `Scale` has it in 32 bits."""


def scale_of(kind: Kind, document: JsonObject) -> JsonObject:
    """The Scale of a resource. Raises BadRequest for a kind that has none."""
    paths = _paths(kind)
    metadata = document["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    scale: JsonObject = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": _number(_at(document, paths["specReplicasPath"]))},
        "status": {"replicas": _number(_at(document, paths["statusReplicasPath"]))},
    }
    selector = _at(document, paths.get("labelSelectorPath", ""))
    if isinstance(selector, str) and selector:
        scale["status"]["selector"] = selector
    return scale


def scaled(kind: Kind, document: JsonObject, scale: Any) -> JsonObject:
    """The resource with the number that a Scale wants; the document given is not changed.

    Raises BadRequest for a kind that has no scale, and Invalid for a number that is none.
    """
    path = _paths(kind)["specReplicasPath"]
    spec = scale.get("spec") if isinstance(scale, dict) else None
    wanted = spec.get("replicas", 0) if isinstance(spec, dict) else None
    if not isinstance(wanted, int) or isinstance(wanted, bool) or not 0 <= wanted <= MOST:
        rule = f"spec.replicas must be a whole number from 0 to {MOST}"
        title = f'{kind.qualified_singular} "{document["metadata"].get("name")}"'
        message = f"the scale of {title} is invalid: {rule}"
        raise errors.Invalid(message, causes=(Cause("MA106", ("spec", "replicas"), rule),))
    return _with(document, path.strip(".").split("."), wanted)


def causes(version: Version, document: JsonObject) -> list[Cause]:
    """What is wrong with the numbers and the selector of a document whose version has a scale subresource."""
    return list(_causes(version.scale, document)) if version.scale else []


def _causes(scale: JsonObject, document: JsonObject) -> Iterator[Cause]:
    for word in ("specReplicasPath", "statusReplicasPath"):
        path = path_of(scale[word])
        value = _at(document, scale[word])
        if value is not None and not (_is_whole(value) and 0 <= value <= MOST):
            message = f"replicas must be a whole number from 0 to {MOST}, found {shown(value)}"
            yield Cause(code="MA106", path=path, message=message)
    path = path_of(scale.get("labelSelectorPath") or "")
    value = _at(document, scale["labelSelectorPath"]) if path else None
    if value is not None and not isinstance(value, str):
        yield Cause(
            code="MA103", path=path, message=f"the label selector must be a text, found {shown(value)}"
        )


def path_of(text: str) -> tuple[str, ...]:
    """`.spec.replicas` as a path."""
    return tuple(part for part in text.split(".") if part)


def _is_whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _paths(kind: Kind) -> JsonObject:
    scale = kind.storage_version.scale
    if scale:
        return scale
    message = f"{kind.qualified_plural} cannot be scaled: the kind has no scale subresource"
    raise errors.BadRequest(message, hint=_advice(kind))


def _advice(kind: Kind) -> str:
    if kind.bundled and kind.kind == "Agent":
        return (
            "an agent has limits and no number of replicas: mastractl patch agent NAME -p "
            """'{"spec":{"scaling":{"maxReplicas":3}}}'"""
        )
    if kind.bundled:
        return "`mastractl edit` or `mastractl patch` change what its spec has instead"
    return f"`subresources.scale` in the definition {kind.qualified_plural} says where the number stands"


def _at(document: JsonObject, path: str) -> Any:
    """The value at a path such as `.spec.replicas`, None where there is none."""
    value: Any = document
    for field in path.strip(".").split("."):
        value = value.get(field) if isinstance(value, dict) else None
    return value


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _with(document: JsonObject, fields: list[str], value: int) -> JsonObject:
    first, *rest = fields
    if not rest:
        return {**document, first: value}
    inner = document.get(first)
    return {**document, first: _with(inner if isinstance(inner, dict) else {}, rest, value)}
