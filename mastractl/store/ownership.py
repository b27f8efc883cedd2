"""Who owns the fields of what the store holds: the records beside the resources.

The rules are pure and stand in `resources.ownership`; here they meet the store. The record of a resource is
kept at `own/<segment>/<namespace>/<name>` and written in the commit that writes the resource. It says for
which resource (`uid`) and for which of its values (`value`, a digest) it holds, so that whatever was written
without the record's knowledge, by an editor or by an older program, is noticed when the record is next read:
the difference then belongs to the manager `external-edit`. A resource without a record belongs, field by
field, to the applier `mastractl`: that is how all of it came about before there were records.

`given` is a digest of what was last applied and by whom. Where it and the value are as they were, applying
the same again changes nothing, and that is known without reading the record any further.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import mastractl
from mastractl import errors, values

if TYPE_CHECKING:
    from mastractl.engines.contract import Entry
    from mastractl.resources.kinds import Version
    from mastractl.resources.ownership.managers import Manager
    from mastractl.values import JsonObject

_SIZE = 12
"""Bytes of a digest. Nobody gains by a collision: it would hide an edit from its own author."""


class Ownership(NamedTuple):
    """The managers of the resource with this uid; `given` as in the head of the module, "" for no apply."""

    uid: str
    managers: tuple[Manager, ...]
    given: str = ""

    def record(self, value: str) -> bytes:
        """The bytes to keep beside the value of this digest."""
        return values.dump(
            _head(self.uid, value, self.given) | {"managers": [_entry(each) for each in self.managers]}
        )


def digest(value: bytes) -> str:
    """The digest of the bytes of a resource."""
    return blake2b(value, digest_size=_SIZE).hexdigest()


def fingerprint(given: bytes, version: Version, *, bundled: bool, manager: str) -> str:
    """The digest of an apply: what is applied, by whom, under which schema."""
    state = blake2b(given, digest_size=_SIZE)
    rules = mastractl.__version__.encode() if bundled else values.dump(version.schema)
    state.update(b"\0".join((b"", manager.encode(), rules)))
    return state.hexdigest()


def settled(record: Entry | None, entry: Entry, uid: str, given: str) -> bool:
    """Whether this very apply was the last thing that happened to the resource of the entry."""
    if record is None:
        return False
    head = values.dump(_head(uid, digest(entry.value), given))
    return record.value.startswith(head[:-1])


def renewed(record: Entry, before: Entry, after: bytes, document: JsonObject) -> bytes:
    """The record, for a change that the store itself made and nobody comes to own.

    A record that did not hold for the value before stays as it is, so that this is still noticed.
    """
    kept = read(record)
    if kept["uid"] != document["metadata"].get("uid") or kept["value"] != digest(before.value):
        return record.value
    return values.dump(_head(kept["uid"], digest(after), "") | {"managers": kept["managers"]})


def _entry(manager: Manager) -> JsonObject:
    """The entry of a manager as `Manager.from_json` reads it, its fields in whatever order they stand."""
    return {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "time": manager.time,
        "fieldsV1": manager.fields.tree,
        "subresource": manager.subresource,
    }


def _head(uid: str, value: str, given: str) -> JsonObject:
    return {"uid": uid, "value": value, "given": given}


def read(record: Entry) -> JsonObject:
    """What a record says: uid, value, given, and the entries of managers. Raises StorageValidationError."""
    try:
        kept: JsonObject = values.load(record.value)
        kept["uid"], kept["value"], kept["managers"]
    except (ValueError, TypeError, KeyError) as fault:
        message = f"what the store holds at {record.key} is no record of ownership: {fault}"
        raise errors.StorageValidationError(message, hint="delete and apply the resource anew") from fault
    return kept
