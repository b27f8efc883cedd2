"""Read, change, write: the step on which patch, edit, label, annotate, scale and rollback stand.

The change is a function of what stands there, so when somebody else gets in between it is worked out
anew on top of what they wrote, and nothing of theirs is lost. What comes out of it is checked like any
update. Who a resource is cannot be changed, and status only through the subresource of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mastractl import values
from mastractl.errors import Cause
from mastractl.resources import lifecycle
from mastractl.resources import scale as scaling
from mastractl.resources.resource import split_api_version
from mastractl.store import admission, apply, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.errors import FieldPath, Invalid
    from mastractl.resources.kinds import Kind
    from mastractl.store.admission import Fields
    from mastractl.store.drafts import Draft
    from mastractl.store.garbage import Removal
    from mastractl.store.kinds import StoreKinds
    from mastractl.values import JsonObject

Subresource = Literal["", "status", "scale"]
"""Which part of a resource is changed: what is wanted, its status, or the number of its replicas."""


class Asked(NamedTuple):
    """What is to be changed, and how.

    `change` is given a copy of the document as it stands (for `scale`: of its Scale) and gives back what
    it is to be. `resource_version` ("" for any) is the one that must stand there.
    """

    kind: Kind
    key: str
    name: str
    change: Callable[[JsonObject], JsonObject]
    subresource: Subresource = ""
    resource_version: str = ""
    fields: Fields = "strict"


def modify(
    draft: Draft, asked: Asked, removal: Removal, kinds: StoreKinds, manager: str
) -> tuple[Cause, ...]:
    """Let what the change makes of it take the place of what stands; the remarks of admission.

    What is changed belongs to `manager` from then on.

    Raises NotFound, Conflict, Invalid, and what the change raises.
    """
    stored = draft.read(asked.key)
    if stored is None:
        raise refusals.not_found(asked.kind, asked.name)
    if asked.resource_version:
        entry = draft.entry(asked.key)
        refusals.refuse_other_revision(asked.kind, asked.name, asked.resource_version, entry)
    present = draft.resource(asked.key, stored).document
    changed = _changed(asked, present)
    if lifecycle.same(changed, present):
        return ()  # even where what stands is not valid any more: a change that is none breaks nothing
    if asked.subresource == "status":
        incoming = admission.let_status_in(kinds, changed)
        apply.update_status(draft, incoming._replace(manager=manager), removal)
        return incoming.warnings
    if changed.get("status") == present.get("status") and admission.has_status_apart(asked.kind):
        changed = {field: value for field, value in changed.items() if field != "status"}
    (incoming,) = admission.let_in(kinds, [changed], admission.How(fields=asked.fields))
    apply.update(draft, incoming._replace(manager=manager, subresource=asked.subresource), removal)
    return incoming.warnings


def _changed(asked: Asked, present: JsonObject) -> JsonObject:
    """What the change comes to, still the same resource."""
    if asked.subresource == "scale":
        scale = asked.change(scaling.scale_of(asked.kind, present))
        return scaling.scaled(asked.kind, present, scale)
    changed: object = asked.change(values.copy(present))
    if not isinstance(changed, dict):
        raise _broken(asked, (), "a resource is an object: the change leaves none")
    metadata = changed.get("metadata")
    if not isinstance(metadata, dict):
        raise _broken(asked, ("metadata",), "it must be an object", hint="leave the name at least")
    refuse_another(asked.kind, asked.name, present, changed)
    kept = {field: present["metadata"][field] for field in _KEPT if field in present["metadata"]}
    return {**changed, "metadata": metadata | kept}


def refuse_another(kind: Kind, name: str, present: JsonObject, changed: JsonObject) -> None:
    """Raise Invalid for a change of what says which resource it is."""
    causes = []
    for path, before, after in _identity(present, changed):
        if before == after:
            continue
        message = f"the field is immutable: it is {before!r} and cannot become {after!r}"
        if after is None:
            message = f"the field is immutable: it is {before!r} and cannot be removed"
        cause = Cause(
            code="MA151",
            path=path,
            message=message,
            reason="FieldValueForbidden",
            hint=_ADVICE[str(path[-1])],
        )
        causes.append(cause)
    if causes:
        raise refusals.invalid(kind, name, tuple(causes))


def _identity(present: JsonObject, changed: JsonObject) -> Iterator[tuple[FieldPath, object, object]]:
    """Every field that says which resource it is, as it is and as it would be.

    Of apiVersion only the group: it may be spelled in another version. What only the store writes, and
    the namespace, may be left out.
    """
    group, _ = split_api_version(present["apiVersion"])
    spelled = changed.get("apiVersion")
    same_group = isinstance(spelled, str) and split_api_version(spelled)[0] == group
    yield ("apiVersion",), present["apiVersion"], present["apiVersion"] if same_group else spelled
    yield ("kind",), present["kind"], changed.get("kind")
    before, after = present["metadata"], changed["metadata"]
    yield ("metadata", "name"), before["name"], after.get("name")
    for field in _KEPT:
        if after.get(field) is not None:
            yield ("metadata", field), before.get(field), after[field]


_KEPT = ("namespace", "uid")

_ANOTHER = "create another resource and delete this one"
_ADVICE = {
    "apiVersion": f"to move it to another API group, {_ANOTHER}",
    "kind": f"to make it one of another kind, {_ANOTHER}",
    "name": f"to rename it, {_ANOTHER}",
    "namespace": f"to move it, {_ANOTHER}",
    "uid": "leave metadata.uid as it is, or out",
}


def _broken(asked: Asked, path: FieldPath, message: str, *, hint: str = "") -> Invalid:
    cause = Cause(code="MA103", path=path, message=message, reason="FieldValueTypeInvalid", hint=hint)
    return refusals.invalid(asked.kind, asked.name, (cause,))
