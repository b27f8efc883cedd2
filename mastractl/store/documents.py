"""Documents and the bytes an engine keeps, and the four ways one document becomes the next.

An engine keeps compact JSON without a resourceVersion; a reader gets a `Resource` of its own, with the
revision of its entry as `metadata.resourceVersion`. All functions are pure: what they are given is never
changed, what they give may share parts with it.
"""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING

from mastractl import errors, values
from mastractl.resources import lifecycle
from mastractl.resources.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.engines.contract import Entry
    from mastractl.values import JsonObject

_MANY = 100
"""From so many documents on, decoding them is bulk work."""


def decode(entry: Entry) -> JsonObject:
    """The document as it is kept. Raises StorageValidationError for what no store has written."""
    try:
        document = json.loads(entry.value.decode())
        document["metadata"]["name"]
    except (ValueError, TypeError, KeyError) as fault:
        from mastractl.engines.wrappers import sealed  # noqa: PLC0415 - for what cannot be read only

        if sealed.is_sealed(entry.value):
            message = f"what the store holds at {entry.key} cannot be read"
            raise errors.StorageValidationError(message, hint=sealed.HINT) from fault
        message = f"what the store holds at {entry.key} is not a resource: {fault}"
        hint = "correct or remove it; if the store is of files, its file says where it is"
        raise errors.StorageValidationError(message, hint=hint) from fault
    return document  # type: ignore[no-any-return]


def resource(entry: Entry, revision: int = 0) -> Resource:
    """The resource of an entry, at its own revision or at a later one (that of its deletion)."""
    document = decode(entry)
    document["metadata"]["resourceVersion"] = str(revision or entry.revision)
    return Resource(document)


def resources(entries: Sequence[Entry]) -> list[Resource]:
    """The resources of many entries.

    The cycle collector rests meanwhile: documents hold no cycles, and looking for some in ten thousand
    of them takes several times as long as reading them.
    """
    resting = len(entries) >= _MANY and gc.isenabled()
    if resting:
        gc.disable()
    try:
        return [resource(entry) for entry in entries]
    finally:
        if resting:
            gc.enable()


def encode(document: JsonObject) -> bytes:
    """The bytes to keep. Raises BadRequest for what is no JSON: NaN, infinities, foreign types."""
    try:
        return values.dump(document)
    except (ValueError, TypeError) as fault:
        metadata = document["metadata"]
        message = f"{document.get('kind')} {metadata.get('name')!r} cannot be kept as JSON: {fault}"
        raise errors.BadRequest(
            message, hint="use null, booleans, finite numbers, text, lists, objects"
        ) from fault


def new(given: JsonObject, *, uid: str, now: str, status_apart: bool = True) -> JsonObject:
    """The first state of a resource: what was given, under an identity of its own.

    Here and below, `status_apart` says that the given status is not part of what is wanted.
    """
    metadata = lifecycle.written_by_people(given["metadata"])
    metadata |= {"uid": uid, "generation": 1, "creationTimestamp": now}
    document = {**given, "metadata": metadata}
    if status_apart:
        document.pop("status", None)
    return lifecycle.arranged(document)


def replaced(stored: JsonObject, given: JsonObject, *, status_apart: bool = True) -> JsonObject:
    """What `update` makes: everything as given but status and what the store writes."""
    metadata = lifecycle.written_by_people(given["metadata"]) | lifecycle.owned_by_store(stored["metadata"])
    return _next(stored, {**given, "metadata": metadata}, status_apart=status_apart)


def merged(stored: JsonObject, document: JsonObject, *, status_apart: bool = True) -> JsonObject:
    """What `apply` makes of what came out of the merge: the store's part of metadata and status stay."""
    metadata = lifecycle.written_by_people(document["metadata"]) | lifecycle.owned_by_store(
        stored["metadata"]
    )
    return _next(stored, {**document, "metadata": metadata}, status_apart=status_apart)


def with_status(stored: JsonObject, given: JsonObject) -> JsonObject:
    """What `update_status` makes: the given status, and all else as it stood."""
    rest = {k: v for k, v in stored.items() if k != "status"}
    if given.get("status") is not None:
        rest["status"] = given["status"]
    return lifecycle.arranged(rest)


def _next(stored: JsonObject, document: JsonObject, *, status_apart: bool) -> JsonObject:
    if status_apart:
        document.pop("status", None)
        if "status" in stored:
            document["status"] = stored["status"]
    document["metadata"]["generation"] = lifecycle.next_generation(
        stored, document, status_apart=status_apart
    )
    return lifecycle.arranged(document)
