"""Manifests from a few words of a command line: `create agent|tool|workflow|network`.

Each gives a document as a person might write it, shorthands and all; admission makes the canonical form
of it and says what is wrong.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.resources.resource import GROUP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.values import JsonObject

_STEPS = ("agent", "tool", "workflow", "network")
"""What a step may call, by the word before its reference."""


def document(kind: str, name: str, namespace: str, spec: JsonObject) -> JsonObject:
    """A manifest; what is "", None or empty in the spec is left out, and so is a namespace of ""."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    said = {field: value for field, value in spec.items() if value not in ("", None, [], {})}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, "spec": said}


def model(text: str) -> str:
    """`PROVIDER/MODEL` as it is written in a manifest. Raises UsageError for a word without a provider."""
    provider, slash, name = text.partition("/" if "/" in text else ":")
    if not text or (slash and provider and name):
        return text
    message = f"{text!r} is not of the form PROVIDER/MODEL"
    raise errors.UsageError(message, hint="such as openai/gpt-4o or anthropic/claude-3-opus")


def steps(texts: Sequence[str]) -> list[JsonObject]:
    """The steps of a workflow, one after the other, from `ID=agent:NAME` and the like. Raises UsageError."""
    found = [_step(text) for text in texts]
    for step, following in pairwise(found):
        step["next"] = [following["id"]]
    return found


def members(texts: Sequence[str]) -> list[Any]:
    """The agents of a network from `NAME`, `NAMESPACE.NAME` or `ALIAS=NAME`."""
    out: list[Any] = []
    for text in texts:
        alias, equals, reference = text.partition("=")
        out.append({"name": alias, "ref": reference} if equals else text)
    return out


def _step(text: str) -> JsonObject:
    identity, equals, call = text.partition("=")
    kind, colon, reference = call.partition(":")
    if identity and equals and colon and reference and kind in _STEPS:
        return {"id": identity, kind: reference}
    message = f"{text!r} is no step"
    raise errors.UsageError(message, hint=f"write ID=KIND:NAME, KIND being one of {', '.join(_STEPS)}")
