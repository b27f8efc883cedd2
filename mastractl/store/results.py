"""What a merge comes to: the fields of several hands, which must be right together.

Each hand was checked when it came in. What was merged out of them gets its defaults and is checked once
more: all of it by its schema, and by the rules of a bundled kind where it is not simply what was given.

What an update comes to was checked whole when it came in, save for the rules that compare it with what stood
there: those are asked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import cel_rules, lifecycle, validation
from mastractl.resources.structural import version_program
from mastractl.store import keys, refusals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.errors import Cause, Invalid
    from mastractl.resources.kinds import Kind
    from mastractl.values import JsonObject

_NOT_WANTED = ("apiVersion", "metadata", "status")


def whole(
    kind: Kind,
    document: JsonObject,
    declared: JsonObject,
    *,
    partial: bool = False,
    old: JsonObject | None = None,
) -> JsonObject:
    """The merged document with its defaults; raises Invalid if it does not hold together.

    `declared` is what was applied. Unless it is `partial` it was found to obey all rules that look at spec
    alone, and so does the document if it says the same. `old` is what stood there, None if nothing did.
    """
    whole, causes = validation.result_causes(kind.storage_version, document, old)
    causes = [cause for cause in causes if not cause.warning]
    if not causes and kind.bundled and (partial or _wanted(document) != _wanted(declared)):
        causes = _particular(kind, whole, old)
    if causes:
        raise _refusal(kind, document, causes)
    return whole


def is_declared(kind: Kind, document: JsonObject, declared: JsonObject) -> bool:
    """Whether a merge came to what was declared, which was found to be right, and nothing is left to ask.

    That is so where nobody else has a field in it, and no rule looks at what stood there or at status.
    """
    return (
        not cel_rules.has_rules(kind.storage_version)
        and _wanted(document) == _wanted(declared)
        and lifecycle.written_by_people(document["metadata"]) == declared["metadata"]
    )


def follows(kind: Kind, document: JsonObject, old: JsonObject, *, subresource: str = "") -> None:
    """Raise Invalid for an update that breaks a rule about how a value may change.

    With a `subresource` only what is wrong there, or with the whole, counts.
    """
    version = kind.storage_version
    if not cel_rules.has_rules(version):
        return
    _, causes = validation.result_causes(version, document, old)
    found = [c for c in causes if not c.warning and (not subresource or c.path[:1] in {(), (subresource,)})]
    if found:
        raise _refusal(kind, document, found)


def completed(kind: Kind, document: JsonObject) -> JsonObject:
    """A document that stood as it is, with the defaults that its schema has come to have since.

    Whether it obeys that schema is not asked: nobody changes it.
    """
    return version_program(kind.storage_version).scan(document, unknown="keep").document


def _refusal(kind: Kind, document: JsonObject, causes: Sequence[Cause]) -> Invalid:
    metadata = document["metadata"]
    error = refusals.invalid(kind, metadata["name"], tuple(causes))
    error.key = keys.key(kind, metadata.get("namespace", ""), metadata["name"])
    return error


def _wanted(document: JsonObject) -> JsonObject:
    return {field: value for field, value in document.items() if field not in _NOT_WANTED}


def _particular(kind: Kind, document: JsonObject, old: JsonObject | None) -> list[Cause]:
    """What speaks against it beside its schema."""
    from mastractl.resources.admission import admit  # noqa: PLC0415 - seldom
    from mastractl.resources.kinds import KindRegistry  # noqa: PLC0415 - seldom

    alone = KindRegistry()
    alone.add(kind)
    found = admit(document, alone, fields="ignore")
    if found.causes and old is not None:
        found = admit(document, alone, fields="ignore", old=old)
    return list(found.causes)
