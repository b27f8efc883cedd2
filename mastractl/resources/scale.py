"""The scale subresource: how many there should be, wherever a kind keeps that number.

A definition says at which plain paths the numbers stand (`subresources.scale`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.resources.jsontypes import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import FieldPath
    from mastractl.resources.kinds import Version
    from mastractl.values import JsonObject

MOST = 2**31 - 1
"""The largest number of replicas: Kubernetes' `Scale` has it in 32 bits."""


def replicas(version: Version, document: JsonObject) -> int | None:
    """How many are wanted; None if the version has no scale subresource or the document no such number."""
    if not version.scale:
        return None
    value = _at(document, path_of(version.scale["specReplicasPath"]))
    return int(value) if _is_whole(value) else None


def with_replicas(version: Version, document: JsonObject, n: int) -> JsonObject:
    """The document with that many wanted; the given one is not changed, and parts are shared.

    ValueError if the version has no scale subresource, or `n` is no possible number of replicas.
    """
    if not version.scale:
        message = f"version {version.name} has no scale subresource"
        raise ValueError(message)
    if not 0 <= n <= MOST:
        message = f"replicas must be a whole number from 0 to {MOST}, not {n}"
        raise ValueError(message)
    scaled: JsonObject = _with(document, path_of(version.scale["specReplicasPath"]), n)
    return scaled


def causes(version: Version, document: JsonObject) -> list[Cause]:
    """What is wrong with the numbers and the selector of a document whose version has a scale subresource."""
    return list(_causes(version.scale, document)) if version.scale else []


def _causes(scale: JsonObject, document: JsonObject) -> Iterator[Cause]:
    for word in ("specReplicasPath", "statusReplicasPath"):
        path = path_of(scale[word])
        value = _at(document, path)
        if value is not None and not (_is_whole(value) and 0 <= value <= MOST):
            message = f"replicas must be a whole number from 0 to {MOST}, found {shown(value)}"
            yield Cause(code="MA106", path=path, message=message)
    path = path_of(scale.get("labelSelectorPath") or "")
    value = _at(document, path) if path else None
    if value is not None and not isinstance(value, str):
        yield Cause(
            code="MA103", path=path, message=f"the label selector must be a text, found {shown(value)}"
        )


def path_of(text: str) -> FieldPath:
    """`.spec.replicas` as a path."""
    return tuple(part for part in text.split(".") if part)


def _is_whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _at(document: Any, path: FieldPath) -> Any:
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _with(document: Any, path: FieldPath, n: int) -> Any:
    if not path:
        return n
    here = document if isinstance(document, dict) else {}
    return {**here, path[0]: _with(here.get(path[0]), path[1:], n)}
