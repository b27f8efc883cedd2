"""What stands under a store's prefix, and how it is written.

    head                  JSON: format, identity, revision, compacted, due
    kv/<key>              an entry: a line `revision created_revision created_at expires_at`, and the value
    log/<revision>        what a commit changed: a line of JSON, and the values before and after
    due/<time>/<key>      the entry that expires then, once more: etcd may have removed the other by its lease

Times are epoch seconds as Python writes floats, which is exact; `-` is never. The time in a key is the
float's bits, turned so that they sort as it does. A log line or a due entry of more than some thousand
bytes is deflated: it has a `z` in front. An entry under `kv` never is, so that people can read it.
"""

from __future__ import annotations

import json
import math
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors
from mastractl.engines import planning
from mastractl.engines.contract import Change, Entry
from mastractl.engines.etcd.txn import unb64

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT = 1
_DEFLATED_FROM = 4096


class Head(NamedTuple):
    """Where the store stands. `due`: nothing expires before it (None: never); something may, later."""

    identity: str
    revision: int = 0
    compacted: int = 0
    due: float | None = None

    def dump(self) -> bytes:
        """The record."""
        return json.dumps({"format": FORMAT, **self._asdict()}).encode()


class Names:
    """The keys of a store in etcd. Prefixes end with a slash; `end` is what sorts after all under one."""

    def __init__(self, prefix: str, shown: str) -> None:
        self.root = f"{prefix}/".encode()
        self.head = self.root + b"head"
        self.entries = self.root + b"kv/"
        self.log = self.root + b"log/"
        self.dues = self.root + b"due/"
        self.shown = shown

    def entry(self, key: str) -> bytes:
        """Where an entry is. A key that cannot be written, a lone surrogate in it, is nowhere."""
        return self.entries + key.encode(errors="surrogatepass")

    def entry_span(self, prefix: str, after: str) -> tuple[bytes, bytes]:
        """Where the entries are whose keys start with `prefix` and sort after `after`."""
        low, high = planning.span(prefix, after)
        return self.entry(low), end(self.entries) if high is None else self.entry(high)

    def line(self, revision: int) -> bytes:
        """Where the log tells of a revision."""
        return self.log + b"%016d" % revision

    def due(self, at: float, key: str = "") -> bytes:
        """Where it stands that a key expires then; without a key, what sorts before all that do."""
        return self.dues + b"%016x/" % _sortable(at) + key.encode()

    def misread(self, key: bytes, error: Exception) -> errors.StorageValidationError:
        """What cannot be understood, and where it is."""
        message = f"{key.decode(errors='replace')} in {self.shown} is no record of a store: {error}"
        return errors.StorageValidationError(message, hint="was it written by another program?")


def end(prefix: bytes) -> bytes:
    """What sorts after all that starts with a prefix (which does not end in 0xff)."""
    return prefix[:-1] + bytes((prefix[-1] + 1,))


def load_head(names: Names, data: bytes) -> Head:
    """Raises StorageValidationError for what is no head, or one of a newer format."""
    try:
        document = json.loads(data)
        version = document.pop("format")
        if version > FORMAT:
            message = (
                f"{names.shown} was written by a newer mastractl (format {version}; this one knows {FORMAT})"
            )
            raise errors.StorageValidationError(message, hint="upgrade mastractl; nothing was changed")
        return Head(**document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise names.misread(names.head, error) from error


def dump_entry(entry: Entry) -> bytes:
    """The record of an entry."""
    expires = "-" if entry.expires_at is None else repr(float(entry.expires_at))
    line = f"{entry.revision} {entry.created_revision} {float(entry.created_at)!r} {expires}\n"
    return line.encode() + entry.value


def load_entry(key: str, data: bytes) -> Entry:
    """The entry in a record. Raises ValueError for what is none."""
    line, _, value = data.partition(b"\n")
    revision, created, at, expires = line.split(b" ")
    return Entry(
        key, value, int(revision), int(created), float(at), None if expires == b"-" else float(expires)
    )


def load_entries(names: Names, found: Iterable[dict[str, Any]]) -> list[Entry]:
    """The entries in what a range of `kv/` gave."""
    cut = len(names.entries)
    entries = []
    for pair in found:
        name = unb64(pair["key"])
        try:
            entries.append(load_entry(name[cut:].decode(), unb64(pair.get("value", ""))))
        except ValueError as error:
            raise names.misread(name, error) from error
    return entries


def load_dues(names: Names, found: Iterable[dict[str, Any]]) -> list[Entry]:
    """The entries in what a range of `due/` gave."""
    cut = len(names.dues) + 17
    entries = []
    for pair in found:
        name = unb64(pair["key"])
        try:
            entries.append(load_entry(name[cut:].decode(), _inflated(unb64(pair.get("value", "")))))
        except (ValueError, zlib.error) as error:
            raise names.misread(name, error) from error
    return entries


def dump_due(entry: Entry) -> bytes:
    """The record of an entry that expires."""
    return _deflated(dump_entry(entry))


def dump_changes(changes: Sequence[Change]) -> bytes:
    """The line of the log for a commit."""
    parts: list[bytes] = []
    told = [
        [change.key, _meta(change.previous, parts), _meta(change.entry, parts)]  # in the order they are read
        for change in changes
    ]
    line = json.dumps([changes[0].origin, changes[0].at, told], separators=(",", ":"))
    return _deflated(b"\n".join((line.encode(), b"".join(parts))))


def load_changes(names: Names, pair: dict[str, Any]) -> tuple[int, list[Change]]:
    """The revision and the changes in a line of the log."""
    name = unb64(pair["key"])
    try:
        revision = int(name[len(names.log) :])
        line, _, values = _inflated(unb64(pair.get("value", ""))).partition(b"\n")
        origin, at, told = json.loads(line)
        changes, place = [], 0
        for key, before, after in told:
            previous, place = _entry(key, before, values, place)
            entry, place = _entry(key, after, values, place)
            changes.append(Change(revision, key, entry, previous, origin, at))
    except (ValueError, TypeError, zlib.error) as error:
        raise names.misread(name, error) from error
    return revision, changes


def soonest(*times: float | None) -> float | None:
    """The earliest of some times, for a head: None is never, and so is infinity."""
    known = [time for time in times if time is not None and time != math.inf]
    return max(min(known), -sys.float_info.max) if known else None


def expires(entry: Entry | None) -> bool:
    """Whether an entry has a time at which it goes."""
    return entry is not None and entry.expires_at is not None and entry.expires_at != math.inf


def _meta(entry: Entry | None, parts: list[bytes]) -> list[Any] | None:
    if entry is None:
        return None
    parts.append(entry.value)
    times = (entry.revision, entry.created_revision, entry.created_at, entry.expires_at)
    return [*times, len(entry.value)]


def _entry(key: str, meta: list[Any] | None, values: bytes, place: int) -> tuple[Entry | None, int]:
    """The entry whose value begins at a place, and where it ends."""
    if meta is None:
        return None, place
    revision, created, at, expires_at, length = meta
    value = values[place : place + length]
    if len(value) < length:
        message = "it is cut short"
        raise ValueError(message)
    return Entry(key, value, revision, created, at, expires_at), place + length


def _deflated(data: bytes) -> bytes:
    return b"z" + zlib.compress(data, 1) if len(data) > _DEFLATED_FROM else data


def _inflated(data: bytes) -> bytes:
    return zlib.decompress(data[1:]) if data.startswith(b"z") else data


def _sortable(number: float) -> int:
    (bits,) = struct.unpack(">Q", struct.pack(">d", number))
    return int(bits ^ (0xFFFFFFFFFFFFFFFF if bits >> 63 else 1 << 63))
