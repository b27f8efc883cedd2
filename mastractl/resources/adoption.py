"""Taking in what came from outside: a file that an editor, git or `cp` left in the store.

The path of a file says what it holds; the document says what is wanted; the log knows what an editor
must not touch. `adopt` joins the three into the value for the log:

* kind, namespace and name come from the path. What the document leaves out is filled in; what it says
  otherwise is refused, with both ways to put it right.
* uid, creationTimestamp, deletionTimestamp and the status of a known kind stay as the log had them;
  generation counts on if what is wanted changed. Where the log has nothing (a new file, or an index
  rebuilt from the files) the document's own count, or they are made.
* short spellings take their canonical form, so that whoever reads the store meets only one.

It promises what the engines ask (`engines.contract.Adopt`): the same arguments give the same bytes, and
a document that says nothing new gives the previous bytes back. Whether the document obeys the schema of
its kind is not asked here: that needs the definitions, and they are in the store being opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from mastractl import clock, errors, values
from mastractl.resources import lifecycle, metadata
from mastractl.resources.resource import GROUP, split_api_version

if TYPE_CHECKING:
    from mastractl.resources.kinds import Kind, KindRegistry
    from mastractl.values import JsonObject

RESOURCES = "res"
"""The space of an engine's keys in which resources live."""

CLUSTER = "_cluster"
"""The namespace segment of what has no namespace. No namespace may be called that."""

_DEFINITION = "customresourcedefinition"
_KEPT = "correct it; until then the last good state stays"
_TEXTS = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp")


class Place(NamedTuple):
    """What the key of a resource says: the kind's directory, the namespace ("" for none) and the name."""

    segment: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """The group of the kind."""
        return self.segment.partition(".")[2] or GROUP

    @property
    def kind(self) -> str:
        """The kind in lower case, as directories are called."""
        return self.segment.partition(".")[0]

    @property
    def file(self) -> str:
        """Where a store of files has it."""
        return f"{self.segment}/{self.namespace or CLUSTER}/{self.name}.json"


def place(key: str) -> Place:
    """What an engine's key in the space of resources says. ValueError if it is none."""
    space, segment, namespace, name = key.split("/")
    if space != RESOURCES:
        message = f"{key!r} is not the key of a resource"
        raise ValueError(message)
    return Place(segment, "" if namespace == CLUSTER else namespace, name)


def adopt(
    key: str, document: object, previous: bytes | None, now: float, *, kinds: KindRegistry | None = None
) -> bytes:
    """The value to log for a document found at `key`, where the log last had `previous`, at the time `now`.

    `now` is in seconds since the epoch. `kinds` are the kinds known without the store: with them a file
    need not even say its kind, and a kind cannot stand in a directory of the wrong scope; without them
    every kind of mastractl's own group counts as known. Raises Refused.
    """
    if not isinstance(document, dict):
        _refuse(
            f"expected a JSON object, found {_json_type(document)}",
            'a resource is {"apiVersion": ..., "kind": ..., "metadata": {...}, "spec": {...}}',
        )
    before = _resource(previous)
    where = place(key)
    known = _known(kinds, where)
    found = _canonical(_identified(document, where, before, known), where)
    found["metadata"] = _metadata(found, where, before, now)
    if before is not None:
        bundled = known is not None or (kinds is None and where.group == GROUP)
        found = _with_status(found, before, kept=bundled)
        found["metadata"]["generation"] = lifecycle.next_generation(before, found)
    if where.segment == _DEFINITION:
        from mastractl.resources.establishing import established  # noqa: PLC0415 - only edits need it

        found = established(found, clock.rfc3339(now))
    adopted = lifecycle.arranged(found)
    if previous is not None and before is not None and lifecycle.same(before, adopted):
        return previous
    return values.dump(adopted)


def _resource(previous: bytes | None) -> JsonObject | None:
    """What the log had, if it was a resource: a program may have put there what is none."""
    document = None if previous is None else values.load(previous)
    return document if isinstance(document, dict) and isinstance(document.get("metadata"), dict) else None


def _known(kinds: KindRegistry | None, where: Place) -> Kind | None:
    return next((k for k in kinds or () if k.segment == where.segment), None)


def _with_status(document: JsonObject, before: JsonObject, *, kept: bool) -> JsonObject:
    """The document with the status as the log had it, which an editor's older copy must not undo.

    For a kind not known here status may be an ordinary field: then what the document says counts.
    """
    if not kept and "status" in document:
        return document
    rest = {k: v for k, v in document.items() if k != "status"}
    return rest | {"status": before["status"]} if "status" in before else rest


def _identified(
    document: JsonObject, where: Place, before: JsonObject | None, known: Kind | None
) -> JsonObject:
    """A copy of the document with apiVersion and kind, once they agree with the path."""
    expected = known.kind if known else (before or {}).get("kind")
    kind = document.get("kind") or expected
    if not isinstance(kind, str):
        _refuse(
            f"it says no kind, and {where.kind!r} is none of the bundled ones", 'add "kind" and "apiVersion"'
        )
    if kind.lower() != where.kind or (expected and kind != expected):
        named = expected or where.kind
        _refuse(
            f'its kind is {kind!r}, but it stands among the files of kind "{named}"',
            f'move it to {kind.lower()}/..., or set "kind" to "{named}"',
        )
    api_version = document.get("apiVersion") or (before or {}).get("apiVersion")
    if not api_version and where.group == GROUP:
        api_version = known.api_version if known else f"{GROUP}/v1"
    if not isinstance(api_version, str):
        _refuse("it says no apiVersion", f'add "apiVersion": "{where.group}/<version>"')
    group = split_api_version(api_version)[0]
    if group != where.group and not _is_alias(group, where):
        _refuse(
            f"its apiVersion is {api_version!r}, but it stands among the files of the group {where.group}",
            f'move it to {where.kind}.{group}/..., or set "apiVersion" to "{where.group}/<version>"',
        )
    _refuse_wrong_scope(known, where)
    return {**document, "apiVersion": api_version, "kind": kind}


def _is_alias(group: str, where: Place) -> bool:
    """Definitions may come as Kubernetes spells them; they are kept as mastra.ai's."""
    return where.segment == _DEFINITION and group == "apiextensions.k8s.io"


def _refuse_wrong_scope(known: Kind | None, where: Place) -> None:
    if known is None or known.namespaced == bool(where.namespace):
        return
    right = where._replace(namespace="default" if known.namespaced else "")
    rule = "lives in namespaces" if known.namespaced else "is cluster-scoped"
    _refuse(f"{known.kind} {rule}, but it stands in {where.namespace or CLUSTER}", f"move it to {right.file}")


def _canonical(document: JsonObject, where: Place) -> JsonObject:
    """The canonical spelling of what people may write in several ways. A definition must make sense."""
    if where.segment == _DEFINITION:
        from mastractl.resources import definitions  # noqa: PLC0415 - only edits made from outside need it

        try:
            definitions.kind_from_definition(document)
        except errors.Invalid as fault:
            raise errors.Refused(fault.message, hint=fault.hint or _KEPT, causes=fault.causes) from fault
        return dict(definitions.upgrade(document))
    if where.group != GROUP:
        return document
    from mastractl.resources import shorthand  # noqa: PLC0415 - as above

    return dict(shorthand.canonical_form(document["kind"], document))


def _metadata(document: JsonObject, where: Place, before: JsonObject | None, now: float) -> JsonObject:
    """The metadata for the log: checked against the path and the rules, with the store's part in it."""
    given = document.get("metadata", {})
    _refuse_wrong_types(given)
    for field, expected in (("name", where.name), ("namespace", where.namespace)):
        _refuse_elsewhere(given.get(field) or expected, expected, field=field, where=where)
    written = lifecycle.written_by_people(given)
    written["name"] = where.name
    if where.namespace:
        written["namespace"] = where.namespace
    else:
        written.pop("namespace", None)
    _refuse_broken_rules(written)
    if before is not None:
        return written | lifecycle.owned_by_store(before["metadata"])
    return written | _first(document, given, where, now)


def _first(document: JsonObject, given: JsonObject, where: Place, now: float) -> JsonObject:
    """The store's part of the metadata of a resource the log knows nothing of.

    The uid is made of the place, the time and the content: nothing here may be random, and the same
    name taken again later must still be another resource.
    """
    from hashlib import sha256  # noqa: PLC0415 - only new files need it

    own = lifecycle.owned_by_store(given)
    own = {k: v for k, v in own.items() if v}
    for field in ("creationTimestamp", "deletionTimestamp"):
        _refuse_no_time(own.get(field))
    if "uid" not in own:
        seed = values.canonical([where.file, now, document])
        own["uid"] = lifecycle.uid(sha256(seed).digest(), version=8)
    own.setdefault("creationTimestamp", clock.rfc3339(now))
    generation = own.get("generation")
    own["generation"] = generation if _is_count(generation) else 1
    return own


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _refuse_elsewhere(given: str, expected: str, *, field: str, where: Place) -> None:
    if given == expected:
        return
    right = where._replace(**{field: given}).file
    if not expected:
        _refuse(
            f"metadata.namespace is {given!r}, but it stands among what has no namespace",
            f"move it to {right}, or leave out metadata.namespace",
        )
    _refuse(
        f"metadata.{field} is {given!r}, but the path says {expected!r}",
        f"move it to {right}, or set metadata.{field} to {expected!r}",
    )


def _refuse_wrong_types(given: Any) -> None:
    """The types of metadata, which Kubernetes fixes for every kind."""
    if not isinstance(given, dict):
        _refuse(f"metadata is {_json_type(given)}, not an object", 'write "metadata": {"name": ...}')
    for field in _TEXTS:
        if not isinstance(given.get(field) or "", str):
            _refuse(f"metadata.{field} is {_json_type(given[field])}, not text", "put it in quotes")
    for field in ("labels", "annotations"):
        texts = given.get(field) or {}
        if not isinstance(texts, dict):
            _refuse(
                f"metadata.{field} is {_json_type(texts)}, not an object",
                f'write "{field}": {{"key": "value"}}',
            )
        for name, value in texts.items():
            if not isinstance(value, str):
                _refuse(f"metadata.{field}[{name!r}] is {_json_type(value)}, not text", "put it in quotes")
    _refuse_wrong_list(given, "finalizers", str, "texts")
    _refuse_wrong_list(given, "ownerReferences", dict, "objects")
    for owner in given.get("ownerReferences") or ():
        missing = [f for f in ("apiVersion", "kind", "name", "uid") if not isinstance(owner.get(f), str)]
        if missing:
            _refuse(
                f"an item of metadata.ownerReferences has no {missing[0]}",
                "an owner has apiVersion, kind, name and uid",
            )


def _refuse_wrong_list(given: JsonObject, field: str, of: type, named: str) -> None:
    items = given.get(field) or []
    if not isinstance(items, list) or not all(isinstance(item, of) for item in items):
        _refuse(f"metadata.{field} is not a list of {named}", f"correct it, or leave out metadata.{field}")


def _refuse_broken_rules(written: JsonObject) -> None:
    causes = tuple(metadata.metadata_causes(written, ("metadata",)))
    if causes:
        _refuse(causes[0].message, _KEPT, causes)


def _refuse_no_time(text: str | None) -> None:
    if not text:
        return
    try:
        clock.parse_rfc3339(text)
    except ValueError as fault:
        message = f"{text!r} is no time such as 2026-11-21T08:30:00Z"
        raise errors.Refused(message, hint="leave it out; the store writes it") from fault


def _json_type(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _refuse(message: str, hint: str, causes: tuple[errors.Cause, ...] = ()) -> NoReturn:
    raise errors.Refused(message, hint=hint, causes=causes)
