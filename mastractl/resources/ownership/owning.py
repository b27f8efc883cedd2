"""The two operations: apply a configuration, or record an update that was made otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.resources.metadata import SERVER_OWNED
from mastractl.resources.ownership import trees
from mastractl.resources.ownership.conflicts import field_conflict
from mastractl.resources.ownership.fieldset import FieldSet
from mastractl.resources.ownership.managers import APPLY, UPDATE, Manager, Owned, capped, ordered
from mastractl.resources.ownership.schemas import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.resources.ownership.shapes import Shape
    from mastractl.resources.ownership.trees import Tree
    from mastractl.values import JsonObject

_STORES = SERVER_OWNED | {"resourceVersion"}
_UNOWNED: Tree = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{"f:" + name: {} for name in ("name", "namespace", *sorted(_STORES))}},
}
"""What nobody owns: what a resource is called, and what only the store writes."""


def apply(  # noqa: PLR0913 - a document, who owns it, and who applies what to it
    live: JsonObject | None,
    managers: Sequence[Manager],
    given: JsonObject,
    schema: JsonObject,
    *,
    manager: str,
    now: str,
    force: bool = False,
    subresource: str = "",
) -> Owned:
    """What a resource becomes when a manager applies a configuration to it, and who owns it then.

    `given` is all that the manager has an opinion on. Its fields are put into `live` (None: there is no such
    resource yet); what the manager applied the last time and leaves out now goes away if nobody else owns it,
    and everything else stays. A given field that another manager owns with another value is a conflict;
    with `force` it is taken over. Fields of equal value are shared. What an updater of the same name owns is
    no conflict. What the store writes (uid, generation, ...) is taken from `live` if there is one.

    `schema` is the openAPIV3Schema of the version, `now` an RFC 3339 time. An apply that changes nothing
    returns `live` itself, and the managers and their times as they were.

    Raises FieldConflict, and Invalid if `given` holds an item of a map list or a set twice.
    """
    shape = shape_of(schema)
    if live is None:
        managers = ()
    else:
        given = _without_stores(given)
    offered = _offered(shape, given)
    entry = Manager(
        manager, APPLY, given["apiVersion"], now, FieldSet(trees.difference(offered, _UNOWNED)), subresource
    )
    reconciled = [_reconciled(m, shape) for m in managers]
    last = next((m for m in reconciled if m.identity == entry.identity), None)
    others = [m for m in reconciled if m is not last]
    document = given if live is None else _merged(shape, live, given, (last, offered, others))
    if document is live and last is not None and _says_same(last, entry):
        return Owned(document, tuple(managers))
    changes = shape.changes(live or {}, document) if others and document is not live else None
    if changes is not None and changes.put:
        clashes = [
            (m, clash)
            for m in others
            if (m.name, m.subresource) != (manager, subresource)
            and (clash := trees.intersection(m.fields.tree, changes.put))
        ]
        if clashes and not force:
            raise field_conflict(clashes, given)
    if changes is not None:
        others = [_less(m, changes.put, changes.gone) for m in others]
    return Owned(document, ordered(m for m in (entry, *others) if m.fields))


def update(  # noqa: PLR0913 - as apply
    live: JsonObject | None,
    managers: Sequence[Manager],
    after: JsonObject,
    schema: JsonObject,
    *,
    manager: str,
    now: str,
    subresource: str = "",
) -> Owned:
    """Who owns a resource after a manager made `after` of `live` (None: it made it) in its own way.

    What came or has another value belongs to the manager from now on, with the objects and lists that came
    with it, and to nobody else; what went belongs to nobody. `document` is `after`. Of updaters there are
    at most ten: the oldest become one, `ancient-changes`.

    `schema` is the openAPIV3Schema of the version, `now` an RFC 3339 time.
    """
    shape = shape_of(schema)
    changes = shape.changes(live or {}, after)
    if changes is None:
        return Owned(after, () if live is None else tuple(managers))
    put = trees.difference(changes.put or trees.LEAF, _UNOWNED)
    entry = Manager(manager, UPDATE, after["apiVersion"], now, FieldSet(put), subresource)
    kept: list[Manager] = []
    for before in () if live is None else managers:
        left = _less(_reconciled(before, shape), changes.put, changes.gone)
        if put and left.identity == entry.identity:
            entry = entry._replace(fields=entry.fields.union(left.fields))
        else:
            kept.append(left)
    return Owned(after, ordered(capped([m for m in (*kept, entry) if m.fields])))


def _without_stores(given: JsonObject) -> JsonObject:
    metadata = given.get("metadata")
    if not isinstance(metadata, dict) or _STORES.isdisjoint(metadata):
        return given
    return given | {"metadata": {k: v for k, v in metadata.items() if k not in _STORES}}


def _offered(shape: Shape, given: JsonObject) -> Tree:
    """The fields of a configuration. Invalid if one is there twice."""
    repeats: list[str] = []
    offered = shape.owned(given, parents=False, repeats=repeats)
    if repeats:
        causes = list(shape.faults(given, ()))
        faults = "; ".join(f"{errors.format_path(c.path)}: {c.message}" for c in causes)
        message = f"what is applied holds items twice: {faults}"
        raise errors.Invalid(message, hint="remove the repeated ones", causes=causes)
    return offered


def _merged(
    shape: Shape, live: JsonObject, given: JsonObject, claims: tuple[Manager | None, Tree, list[Manager]]
) -> JsonObject:
    """Live with what is given, less what the manager gives up and nobody else holds."""
    last, offered, others = claims
    document: Any = shape.merged(live, given)
    dropped = trees.difference(last.fields.tree, offered) if last else trees.LEAF
    if dropped:
        left = shape.without(document, dropped, [offered, *(m.fields.tree for m in others)])
        if left is not document:
            # What was emptied takes the given form: null, {} or [].
            document = shape.merged(left, given)
    result: JsonObject = document
    return result


def _reconciled(manager: Manager, shape: Shape) -> Manager:
    tree = shape.reconciled(manager.fields.tree)
    return manager if tree is manager.fields.tree else manager._replace(fields=FieldSet(tree))


def _less(manager: Manager, *taken: Tree | None) -> Manager:
    tree = manager.fields.tree
    for fields in taken:
        if fields:
            tree = trees.difference(tree, fields)
    return manager if tree is manager.fields.tree else manager._replace(fields=FieldSet(tree))


def _says_same(one: Manager, other: Manager) -> bool:
    return one.api_version == other.api_version and one.fields == other.fields
