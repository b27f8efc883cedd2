"""Admission: everything that can be said about one document without a store.

From what the user wrote to a resource in canonical form, with every fault as a cause at the place where
the user wrote it. The order: the kind and its version, the canonical form, what only stores and
controllers write, unknown fields and the schema with its metadata, and then what is particular to a kind:
references, tool schemas, the rules for definitions. A document of no known kind is not looked into further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mastractl import errors
from mastractl.errors import Cause
from mastractl.resources import definition_forms, references, sensitive, shorthand, validation
from mastractl.resources.jsontypes import equal
from mastractl.resources.metadata import SERVER_OWNED
from mastractl.resources.resolution import resolve
from mastractl.resources.resource import Resource
from mastractl.resources.tool_schemas import TOOL_BEARERS, tool_schema_causes
from mastractl.resources.workflow_checks import WORKFLOW, WORKFLOW_BEARERS, workflow_causes

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.errors import FieldPath
    from mastractl.resources.kinds import Kind, KindRegistry, Version
    from mastractl.resources.parts import Extent
    from mastractl.resources.structural import Unknown
    from mastractl.values import JsonObject

    Written = Callable[[FieldPath], FieldPath]

Fields = Literal["strict", "warn", "ignore"]
"""What to do about unknown fields: refuse the document, drop them with a warning, drop them silently."""


class Admitted(NamedTuple):
    """What became of a document.

    `resource` is its canonical form, None where there are causes; `kind` is None where it is not known.
    `causes` are errors and `warnings` are remarks; their paths are those of the document as it was written.
    `complete` says that the resource lacks no default.
    """

    resource: Resource | None
    kind: Kind | None
    causes: tuple[Cause, ...] = ()
    warnings: tuple[Cause, ...] = ()
    complete: bool = False


def admit(  # noqa: PLR0913 - what a document can be checked against
    document: JsonObject,
    kinds: KindRegistry,
    *,
    fields: Fields = "strict",
    namespace: str = "default",
    namespace_given: bool = False,
    extent: Extent = "whole",
    old: JsonObject | None = None,
) -> Admitted:
    """Check one document against the kinds there are; what is wrong with it is answered, never raised.

    `namespace` is where a namespaced resource goes that names none; `namespace_given` says that the user
    asked for it, so that a document that names another is refused (MA013). `extent` says how much of a
    resource the document is (`parts`); a definition is never a part. `old` is what the store has in its
    place: a part that is as it was may be what the schema forbids by now (`ratcheting`). The document is
    never changed.
    """
    found = resolve(document, kinds)
    if isinstance(found, Cause):
        return Admitted(resource=None, kind=None, causes=(found,))
    kind, version = found
    try:
        form = _canonical(kind, document)
    except errors.Invalid as refused:
        return Admitted(resource=None, kind=kind, causes=refused.causes)
    form, remarks = _without_owned(form, version)
    form, misplaced = _placed(form, kind, namespace, given=namespace_given)
    if extent == "part" and kind.kind == definition_forms.KIND:
        extent = "declared"
    unknown: Unknown = "prune" if fields == "ignore" else "report"
    form, causes, complete = validation.checked(version, form, unknown=unknown, old=old, extent=extent)
    causes = sensitive.checked(version, form, causes)
    if kind.bundled:
        beside = _Beside(version, extent, old)
        causes, more = _particular(kind, document, form, causes, (kinds, beside))
        remarks += more
    causes = misplaced + (_unnamed(form, causes) if causes else causes)
    remarks += [cause for cause in causes if cause.warning]
    causes = [cause for cause in causes if not cause.warning]
    if fields == "warn":
        remarks += [cause._replace(warning=True) for cause in causes if cause.code == "MA101"]
        causes = [cause for cause in causes if cause.code != "MA101"]
    if causes:
        return Admitted(resource=None, kind=kind, causes=tuple(causes), warnings=tuple(remarks))
    if not version.storage:  # conversion is None: the versions of a kind differ in nothing but their name
        form = {**form, "apiVersion": kind.api_version}
    return Admitted(resource=Resource(form), kind=kind, warnings=tuple(remarks), complete=complete)


def _canonical(kind: Kind, document: JsonObject) -> JsonObject:
    if not kind.bundled:
        return document
    if kind.kind == definition_forms.KIND:
        return definition_forms.upgrade(document)
    return shorthand.canonical_form(kind.kind, document)


def _written(kind: Kind, document: JsonObject) -> Written:
    """From a path in the canonical form to where the user wrote it."""
    if kind.kind == definition_forms.KIND:
        return lambda path: definition_forms.written_path(document, path)
    return shorthand.written_paths(kind.kind, document)


def _without_owned(form: JsonObject, version: Version) -> tuple[JsonObject, list[Cause]]:
    """The document without what controllers and stores write, and remarks on what is ignored."""
    remarks = []
    if version.deprecation:
        remarks.append(_remark("MA121", "apiVersion", version.deprecation))
    if "status" in form and (version.status or "status" not in version.schema.get("properties", {})):
        form = {field: value for field, value in form.items() if field != "status"}
        message = "status is ignored: controllers write it"
        remarks.append(_remark("MA120", "status", message, hint="remove it from the manifest"))
    metadata = form.get("metadata")
    if isinstance(metadata, dict) and (not SERVER_OWNED.isdisjoint(metadata) or None in metadata.values()):
        kept = {k: v for k, v in metadata.items() if k not in SERVER_OWNED and v is not None}
        form = {**form, "metadata": kept}
    return form, remarks


def _remark(code: str, field: str, message: str, hint: str = "") -> Cause:
    return Cause(code=code, path=(field,), message=message, hint=hint, at_key=True, warning=True)


def _placed(form: JsonObject, kind: Kind, namespace: str, *, given: bool) -> tuple[JsonObject, list[Cause]]:
    """The document in its namespace, and what speaks against it."""
    metadata = form.get("metadata")
    if not isinstance(metadata, dict):
        return form, []
    own = metadata.get("namespace")
    if own and kind.namespaced:
        return form, _elsewhere(own, namespace) if given and own != namespace else []
    if own:
        message = f"{kind.kind} is cluster-scoped: it lives in no namespace"
        return form, [_misplaced(message, hint="remove it", at_key=True)]
    rest = {field: value for field, value in metadata.items() if field not in ("name", "namespace")}
    name = {"name": metadata["name"]} if "name" in metadata else {}
    if kind.namespaced:
        return {**form, "metadata": {**name, "namespace": namespace, **rest}}, []
    return ({**form, "metadata": {**name, **rest}} if "namespace" in metadata else form), []


def _elsewhere(own: str, namespace: str) -> list[Cause]:
    message = f"the manifest says namespace {own!r}, but {namespace!r} was asked for"
    hint = "leave the namespace out in one of the two places"
    return [_misplaced(message, hint=hint)]


def _misplaced(message: str, *, hint: str, at_key: bool = False) -> Cause:
    return Cause(code="MA013", path=("metadata", "namespace"), message=message, hint=hint, at_key=at_key)


def _unnamed(form: JsonObject, causes: list[Cause]) -> list[Cause]:
    """The causes with a word about generateName where the name is missing because of it."""
    metadata = form.get("metadata")
    if not isinstance(metadata, dict) or "name" in metadata or "generateName" not in metadata:
        return causes
    message = (
        "generateName is not supported: a manifest names its resource, so that applying it twice makes one"
    )
    cause = Cause(
        code="MA110", path=("metadata", "generateName"), message=message, hint="give it a name", at_key=True
    )
    return [cause, *(each for each in causes if each.path != ("metadata", "name"))]


class _Beside(NamedTuple):
    """What a document is seen beside: its version, how much of a resource it is, and what stands there."""

    version: Version
    extent: Extent
    old: JsonObject | None

    def left(self, causes: list[Cause], form: JsonObject) -> list[Cause]:
        """The causes, less those about a field of spec that is as it was."""
        if self.old is None or not causes:
            return causes
        was, now = (_spec(validation.filled(self.version, each)) for each in (self.old, form))
        return [cause for cause in causes if not _is_as_it_was(cause, was, now)]


def _spec(document: JsonObject) -> JsonObject:
    spec = document.get("spec")
    return spec if isinstance(spec, dict) else {}


def _is_as_it_was(cause: Cause, was: JsonObject, now: JsonObject) -> bool:
    """Whether a cause is about a field of spec that did not change; what makes a workflow is one."""
    if len(cause.path) < 2 or cause.path[0] != "spec":
        return False
    fields = WORKFLOW if cause.path[1] in WORKFLOW else (str(cause.path[1]),)
    return all(equal(was.get(field), now.get(field)) for field in fields)


def _particular(
    kind: Kind,
    document: JsonObject,
    form: JsonObject,
    causes: list[Cause],
    known: tuple[KindRegistry, _Beside],
) -> tuple[list[Cause], list[Cause]]:
    """What only a bundled kind is asked: all causes with the paths of the written document, and remarks.

    What it says of a part that is as it was is tolerated, as what the schema says is (`ratcheting`).
    """
    kinds, beside = known
    if kind.kind == definition_forms.KIND:
        more, remarks = (
            _definition(document, kinds) if all(c.code == "MA101" or c.warning for c in causes) else ([], [])
        )
    else:
        if faults := beside.left(references.faults(kind.kind, form), form):
            causes = [c for c in causes if not any(f.path == c.path[: len(f.path)] for f in faults)] + faults
        if kind.kind in TOOL_BEARERS:
            causes = causes + beside.left(tool_schema_causes(kind.kind, form), form)
        whole = beside.extent != "part" and all(c.code == "MA101" for c in causes)
        if kind.kind in WORKFLOW_BEARERS and whole:
            causes = causes + beside.left(workflow_causes(kind.kind, form), form)
        more, remarks = [], []
    if causes:
        written = _written(kind, document)
        causes = [_moved(cause, written) for cause in causes]
        remarks += [cause for cause in causes if cause.warning]
        causes = [cause for cause in causes if not cause.warning]
    return causes + more, remarks


def _moved(cause: Cause, written: Written) -> Cause:
    related = tuple((written(path), message) for path, message in cause.related)
    return cause._replace(path=written(cause.path), related=related)


def _definition(document: JsonObject, kinds: KindRegistry) -> tuple[list[Cause], list[Cause]]:
    """The rules for definitions: causes and remarks, with written paths."""
    from mastractl.resources import definitions  # noqa: PLC0415 - most documents are no definitions

    try:
        kind, remarks = definitions.kind_from_definition(document)
    except errors.Invalid as refused:
        return list(refused.causes), []
    return definitions.clash(kind, kinds) + definitions.check_rules(document), remarks
