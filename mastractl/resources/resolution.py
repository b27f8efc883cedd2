"""Which kind and version a document means, by its apiVersion and kind, and what to write if it means none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.errors import Cause
from mastractl.resources import definition_forms
from mastractl.resources.jsontypes import shown, type_name
from mastractl.resources.resource import GROUP, split_api_version
from mastractl.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.errors import FieldPath
    from mastractl.resources.kinds import Kind, KindRegistry, Version
    from mastractl.values import JsonObject

_OLD_GROUP = "mastra"
_DEFINITION_VERSIONS = frozenset(
    (
        f"{GROUP}/v1",
        f"{GROUP}/v1alpha1",
        f"{definition_forms.KUBERNETES_GROUP}/v1",
        f"{definition_forms.KUBERNETES_GROUP}/v1beta1",
    )
)


def resolve(document: JsonObject, kinds: KindRegistry) -> tuple[Kind, Version] | Cause:
    """The kind and version of a document, or why it has none: MA007, MA010, MA011, MA102 or MA103.

    A CustomResourceDefinition always has the version in which it is kept, whatever form it is written in.
    """
    api_version, word = document.get("apiVersion"), document.get("kind")
    if not (word and api_version and isinstance(word, str) and isinstance(api_version, str)):
        return _incomplete(document, kinds)
    group, name = split_api_version(api_version)
    kind = kinds.find(group, word)
    if kind is None:
        return _unknown(api_version, word, kinds)
    if kind.bundled and kind.kind == definition_forms.KIND:
        if api_version in _DEFINITION_VERSIONS:
            return kind, kind.storage_version
        return _unserved(api_version, kind, sorted(_DEFINITION_VERSIONS))
    for version in kind.versions:
        if version.name == name and version.served:
            return kind, version
    return _unserved(api_version, kind, [f"{kind.group}/{v.name}" for v in kind.versions if v.served])


def _incomplete(document: JsonObject, kinds: KindRegistry) -> Cause:
    word, api_version = document.get("kind"), document.get("apiVersion")
    if word is None or word == "":
        return _missing("kind", "MA007", "every resource says what it is, as in kind: Agent")
    if not isinstance(word, str):
        return _not_text("kind", word)
    if api_version is None or api_version == "":
        known = [kind.api_version for kind in kinds if kind.kind == word]
        return _missing("apiVersion", "MA102", f"write apiVersion: {known[0] if known else f'{GROUP}/v1'}")
    return _not_text("apiVersion", api_version)


def _missing(field: str, code: str, hint: str) -> Cause:
    message = f'missing required field "{field}"'
    return Cause(code=code, path=(field,), message=message, reason="FieldValueRequired", hint=hint)


def _not_text(field: str, value: object) -> Cause:
    message = f"expected string, found {type_name(value)}"
    return Cause(code="MA103", path=(field,), message=message, reason="FieldValueTypeInvalid")


def _unknown(api_version: str, word: str, kinds: KindRegistry) -> Cause:
    """The group has no such kind: another group has it, or the word is misspelt, or nobody knows it."""
    group, _ = split_api_version(api_version)
    elsewhere = [kind for kind in kinds if kind.kind == word]
    if group == _OLD_GROUP:
        fix = next((kind.api_version for kind in elsewhere), f"{GROUP}/v1")
        message = f"no apiVersion {shown(api_version)}: the group is written {GROUP}"
        return _at("apiVersion", "MA011", message, f"use apiVersion: {fix}")
    if elsewhere:
        listed = ", ".join(kind.api_version for kind in elsewhere)
        message = f"{word} is no kind of {shown(api_version)}; it belongs to {listed}"
        return _at("apiVersion", "MA011", message, f"use apiVersion: {elsewhere[0].api_version}")
    return _at(
        "kind",
        "MA010",
        f"unknown kind {shown(word)} in {shown(api_version)}",
        _kind_advice(word, group, kinds),
    )


def _kind_advice(word: str, group: str, kinds: KindRegistry) -> str:
    same_group = [kind for kind in kinds if kind.group == group]
    known = same_group or list(kinds)
    meant = next((kind for kind in known if word.lower() in kind.names), None)
    near = meant.kind if meant else nearest(word[:100], [kind.kind for kind in known])
    if near:
        kind = next(kind for kind in known if kind.kind == near)
        return f'did you mean "{near}"{"" if same_group else f" of {kind.api_version}"}?'
    listed = ", ".join(sorted(kind.kind for kind in known))
    return f"known kinds: {listed}; a {definition_forms.KIND} defines more" if listed else ""


def _unserved(api_version: str, kind: Kind, served: Iterable[str]) -> Cause:
    message = f"{kind.kind} is not served as {shown(api_version)}"
    return _at("apiVersion", "MA011", message, f"served: {', '.join(served)}")


def _at(field: str, code: str, message: str, hint: str) -> Cause:
    path: FieldPath = (field,)
    return Cause(code=code, path=path, message=message, reason="FieldValueNotSupported", hint=hint)
