"""The store's part of a resource: what it keeps, counts and orders, whoever writes.

A resource is written by three hands: people write apiVersion, kind, names, labels and spec; controllers
write status; the store alone writes uid, generation and the timestamps. The pure half of the third hand
is here, shared by the store (which writes) and by adoption (which takes in what an editor wrote), so
that both leave the same document behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import values
from mastractl.resources.metadata import SERVER_OWNED

if TYPE_CHECKING:
    from mastractl.values import JsonObject

KEPT = ("uid", "generation", "creationTimestamp", "deletionTimestamp")
"""The fields of metadata that the store writes into the document."""

_FIRST = ("apiVersion", "kind", "metadata", "spec", "status")
_FIRST_METADATA = ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences")
_VANISHING = ("labels", "annotations", "finalizers", "ownerReferences")


def arranged(document: JsonObject) -> JsonObject:
    """The document as it is kept: apiVersion, kind, metadata, spec, status, then the rest as it stands.

    In metadata the name comes first and what the store wrote last; empty labels, annotations, finalizers
    and ownerReferences say nothing and go, as does a resourceVersion, which belongs to the log. Only the
    outer two levels are new; what is below is shared.
    """
    metadata = document["metadata"]
    kept = {k: metadata[k] for k in _FIRST_METADATA if k in metadata and (metadata[k] or k not in _VANISHING)}
    kept |= {k: v for k, v in metadata.items() if k not in _FIRST_METADATA and k not in _STORES}
    kept |= {k: metadata[k] for k in KEPT if k in metadata}
    ordered = {k: document[k] for k in _FIRST if k in document}
    ordered["metadata"] = kept
    ordered |= {k: v for k, v in document.items() if k not in _FIRST}
    return ordered


def written_by_people(metadata: JsonObject) -> JsonObject:
    """The part of metadata that is not the store's."""
    return {k: v for k, v in metadata.items() if k not in _STORES}


def owned_by_store(metadata: JsonObject) -> JsonObject:
    """The part of metadata that only the store writes and that stays: uid, generation, timestamps."""
    return {k: metadata[k] for k in KEPT if k in metadata}


def next_generation(before: JsonObject, after: JsonObject, *, status_apart: bool = True) -> int:
    """The generation of `after`: one more than before if what is wanted differs, else the same.

    What is wanted is everything but metadata, the version it is spelled in and, if it stands apart, status.
    """
    apart = _APART if status_apart else _APART[:2]
    generation = before["metadata"].get("generation")
    present = generation if isinstance(generation, int) and generation > 0 else 1
    return present if same(_without(before, apart), _without(after, apart)) else present + 1


def same(one: JsonObject, other: JsonObject) -> bool:
    """Whether two JSON objects say the same, whatever the order of their keys.

    Stricter than `==`, to which `1`, `1.0` and `true` are one.
    """
    return one == other and (
        values.dump(one) == values.dump(other) or values.canonical(one) == values.canonical(other)
    )


def uid(random: bytes, *, version: int) -> str:
    """Sixteen bytes as the text of a UUID (RFC 9562), `version` saying where they came from."""
    fields = bytearray(random[:16])
    fields[6] = fields[6] & 0x0F | version << 4
    fields[8] = fields[8] & 0x3F | 0x80
    text = fields.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_STORES = SERVER_OWNED | {"resourceVersion"}
_APART = ("apiVersion", "metadata", "status")


def _without(document: JsonObject, fields: tuple[str, ...]) -> JsonObject:
    return {k: v for k, v in document.items() if k not in fields}
