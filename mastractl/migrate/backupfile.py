"""The file of a backup: JSON lines, so that any tool can read it.

    {"mastractl": "backup", "format": 1, "identity": ..., "first": F, "revision": R, "commits": R - F,
     "history": true, "at": "2026-..."}
    {"key": ..., "revision": ..., "created_revision": ..., "created_at": ..., "value": {...}}
    {"commit": 18, "at": ..., "origin": ..., "key": ..., "value": {...}}
    {"commit": 18, "at": ..., "origin": ..., "key": ..., "deleted": true}
    {"end": true, "entries": ..., "changes": ..., "standing": ..., "sha256": ...}

First come the entries that stood at revision F, in any order, then each change up to revision R. A value
that is not spelt as `values.dump` spells it stands as `"text"`, and one that is no UTF-8 as `"base64"`:
every value comes back byte for byte. `expires_at` is there where something expires. The sum is over all
lines before the last, uncompressed: a file that was cut off or edited is no backup.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import clock, errors, values
from mastractl.engines.contract import Change, Entry
from mastractl.migrate import moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from typing import IO

    from mastractl.migrate.moments import Step

    Reopen = Callable[[], AbstractContextManager[IO[bytes]]]
    """Opens the file from its beginning, uncompressed."""

FORMAT = 1

MAX_LINE = 256 << 20
"""The longest line in bytes: more than any engine's value can need, and less than a machine's memory."""


_DAMAGE = (EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error)
"""What reading a file raises that is none of ours, or was damaged."""


class Header(NamedTuple):
    """Of which store a backup is, and of which of its revisions. `at` is when it was taken, RFC 3339."""

    identity: str
    first: int
    revision: int
    history: bool
    at: str


class Contents(NamedTuple):
    """How much is in a backup: entries that stood where it begins, changes after that, entries that stand
    where it ends; and the sum of its lines.
    """

    entries: int
    changes: int
    standing: int
    sha256: str


class Writer:
    """Writes the lines of a backup, one after the other, and the last one at `end`."""

    def __init__(self, file: IO[bytes], header: Header) -> None:
        self._file = file
        self._sum = sha256()
        self._entries = self._changes = self._standing = 0
        first = {"mastractl": "backup", "format": FORMAT, **header._asdict()}
        self._line({**first, "commits": header.revision - header.first})

    def entry(self, entry: Entry) -> None:
        """An entry that stood at the revision where the backup begins."""
        self._entries += 1
        self._standing += 1
        places = {"revision": entry.revision, "created_revision": entry.created_revision}
        self._line({"key": entry.key, **places, "created_at": entry.created_at, **_held(entry)})

    def change(self, change: Change) -> None:
        """The next change of the log."""
        self._changes += 1
        self._standing += (change.entry is not None) - (change.previous is not None)
        line = {"commit": change.revision, "at": change.at, "origin": change.origin, "key": change.key}
        self._line(line | ({"deleted": True} if change.entry is None else _held(change.entry)))

    def end(self) -> Contents:
        """The last line."""
        contents = Contents(self._entries, self._changes, self._standing, self._sum.hexdigest())
        self._line({"end": True, **contents._asdict()})
        return contents

    def _line(self, document: dict[str, Any]) -> None:
        line = values.dump(document) + b"\n"
        self._sum.update(line)
        self._file.write(line)


class BackupAccount:
    """The account (`accounts.Account`) that a backup gives of a store. It is read through when it is opened.

    `name` is what messages call it. Raises StorageValidationError for what is no whole backup.
    """

    def __init__(self, reopen: Reopen, name: str) -> None:
        self._reopen = reopen
        self.name = name
        self.header, self.contents = self._read_through()

    @property
    def identity(self) -> str:
        """The uid of the store that was backed up."""
        return self.header.identity

    @property
    def first(self) -> int:
        """The revision with which the backup begins."""
        return self.header.first

    def present(self) -> int:
        """The revision with which it ends."""
        return self.header.revision

    def base(self, floor: int) -> Iterator[Entry]:
        """The entries of a revision that the backup has: its first, or any later one.

        For a later one the log is folded, and all that changed by then is held in memory.
        """
        if floor < self.first:
            message = f"{self.name} begins with revision {self.first}; what stood at {floor} is not in it"
            raise errors.Expired(message, floor=self.first, hint="restore anew with --force")
        later = {c.key: c.entry for step in self.log(self.first, upto=floor) for c in step.changes}
        for document in self._lines():
            if "created_at" in document and document["key"] not in later:
                yield _entry(document)
        yield from (entry for entry in later.values() if entry is not None)

    def log(self, since: int, *, upto: int) -> Iterator[Step]:
        """The commits after a revision."""
        if since < self.first:
            message = f"{self.name} begins with revision {self.first}; what came before is not in it"
            raise errors.Expired(message, floor=self.first, hint="restore anew with --force")
        changes = (_change(document) for document in self._lines() if "commit" in document)
        yield from moments.steps(c for c in changes if since < c.revision <= upto)

    def _lines(self) -> Iterator[dict[str, Any]]:
        with self._reopen() as file:
            for line in file:
                yield values.load(line)

    def _read_through(self) -> tuple[Header, Contents]:
        try:
            with self._reopen() as file:
                return _checked(_whole_lines(file), self.name)
        except (*_DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise torn(self.name, "it is damaged or no backup at all") from error


def torn(name: str, why: str) -> errors.StorageValidationError:
    """What to raise for a file that is not a whole backup."""
    message = f"{name} is not a whole backup: {why}"
    return errors.StorageValidationError(message, hint="nothing was restored; take another copy of the file")


def header_of(identity: str, first: int, revision: int, *, history: bool, now: float) -> Header:
    """The header of a backup that is taken now."""
    return Header(identity, first, revision, history, clock.rfc3339(now))


def _whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            message = "a line is longer than any backup's"
            raise ValueError(message)
        yield line


def _checked(lines: Iterable[bytes], name: str) -> tuple[Header, Contents]:
    """Look at every line. Raises StorageValidationError, and whatever a line that is none raises."""
    summed = sha256()
    header: Header | None = None
    entries = changes = last = 0
    ended: Contents | None = None
    for line in lines:
        if ended is not None:
            raise torn(name, "something follows its end")
        document = values.load(line)
        if header is None:
            header = _header(document, name)
            last = header.first
        elif "end" in document:
            ended = Contents(**{field: document[field] for field in Contents._fields})
            continue
        elif "commit" in document:
            changes += 1
            if not last <= _change(document).revision <= last + 1:
                raise torn(name, f"a commit is missing after revision {last}")
            last = document["commit"]
        else:
            entries += 1
            _entry(document)
        summed.update(line)
    if header is None:
        raise torn(name, "it is empty")
    if ended is None:
        raise torn(name, f"it ends after {entries + changes} lines, without its last one")
    if ended._replace(standing=0) != (entries, changes, 0, summed.hexdigest()) or last != header.revision:
        raise torn(name, "its contents are not what its last line says: it was changed")
    return header, ended


def _header(document: dict[str, Any], name: str) -> Header:
    if document.get("mastractl") != "backup":
        raise torn(name, "it does not begin as one does")
    if document["format"] != FORMAT:
        message = (
            f"{name} was written by a newer mastractl (format {document['format']}; this one knows {FORMAT})"
        )
        raise errors.StorageValidationError(message, hint="restore it with the version that wrote it")
    return Header(**{field: document[field] for field in Header._fields})


def _held(entry: Entry) -> dict[str, Any]:
    """The value as it stands in a line, and when it expires."""
    expires = {} if entry.expires_at is None else {"expires_at": _spelt(entry.expires_at)}
    try:
        document = values.load(entry.value)
        if values.dump(document) == entry.value:
            return {**expires, "value": document}
        return {**expires, "text": entry.value.decode()}
    except (ValueError, RecursionError):
        pass
    try:
        return {**expires, "text": entry.value.decode()}
    except UnicodeDecodeError:
        return {**expires, "base64": b64encode(entry.value).decode()}


def _value(document: dict[str, Any]) -> bytes:
    if "value" in document:
        return values.dump(document["value"])
    if "text" in document:
        return str(document["text"]).encode()
    return b64decode(document["base64"], validate=True)


def _spelt(seconds: float) -> float | str:
    """JSON has no infinities."""
    return seconds if abs(seconds) != float("inf") else repr(seconds)


def _expires(document: dict[str, Any]) -> float | None:
    return float(document["expires_at"]) if "expires_at" in document else None


def _entry(document: dict[str, Any]) -> Entry:
    places = document["revision"], document["created_revision"], document["created_at"]
    return Entry(document["key"], _value(document), *places, _expires(document))


def _change(document: dict[str, Any]) -> Change:
    """The change, without what was before: whoever replays it knows that."""
    revision, key, at = document["commit"], document["key"], document["at"]
    entry = None
    if "deleted" not in document:
        entry = Entry(key, _value(document), revision, revision, at, _expires(document))
    return Change(revision, key, entry, None, document["origin"], at)
