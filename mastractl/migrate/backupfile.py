"""The file of a backup: JSON lines, so that any tool can read it.

    {"mastractl": "backup", "format": 1, "identity": ..., "first": F, "revision": R, "commits": R - F,
     "history": true, "at": "2026-..."}
    {"key": ..., "revision": ..., "created_revision": ..., "created_at": ..., "value": {...}}
    {"commit": 18, "at": ..., "origin": ..., "key": ..., "value": {...}}
    {"commit": 18, "at": ..., "origin": ..., "key": ..., "deleted": true}
    {"end": true, "entries": ..., "changes": ..., "standing": ..., "sum": ..., "sha256": ...}

First come the entries that stood at revision F, in any order, then each change up to revision R. A value
that is not spelt as `values.dump` spells it stands as `"text"`, and one that is no UTF-8 as `"base64"`:
every value comes back byte for byte. `expires_at` is there where something expires. `standing` and `sum`
are the tally (`moments.Tally`) of what stood at revision R. `sha256` is over all lines before the last,
uncompressed, and what the last one says besides: a file that was cut off or edited is no backup.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import clock, errors, values
from mastractl.engines.contract import Change, Entry
from mastractl.migrate import moments
from mastractl.migrate.accounts import Survey, with_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from hashlib import _Hash as _Digest
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
    where it ends, and the sum of these (`moments.Tally`); and the SHA-256 of the file.
    """

    entries: int
    changes: int
    standing: int
    sum: str
    sha256: str = ""


class Writer:
    """Writes the lines of a backup, one after the other, and the last one at `end`."""

    def __init__(self, file: IO[bytes], header: Header) -> None:
        self._file = file
        self._digest = sha256()
        self._entries = self._changes = self._standing = self._sum = 0
        first = {"mastractl": "backup", "format": FORMAT, **header._asdict()}
        self._line({**first, "commits": header.revision - header.first})

    def entry(self, entry: Entry) -> None:
        """An entry that stood at the revision where the backup begins."""
        self._entries += 1
        self._stands(entry, 1)
        places = {"revision": entry.revision, "created_revision": entry.created_revision}
        self._line({"key": entry.key, **places, "created_at": entry.created_at, **_held(entry)})

    def change(self, change: Change) -> None:
        """The next change of the log."""
        self._changes += 1
        self._stands(change.entry, 1)
        self._stands(change.previous, -1)
        line = {"commit": change.revision, "at": change.at, "origin": change.origin, "key": change.key}
        self._line(line | ({"deleted": True} if change.entry is None else _held(change.entry)))

    def end(self) -> Contents:
        """The last line."""
        tally = moments.Tally(self._standing, self._sum % (1 << 256))
        contents = _signed(Contents(self._entries, self._changes, tally.entries, tally.digest), self._digest)
        self._line({"end": True, **contents._asdict()})
        return contents

    def _stands(self, entry: Entry | None, sign: int) -> None:
        if entry is not None:
            self._standing += sign
            self._sum += sign * moments.weight(entry)

    def _line(self, document: dict[str, Any]) -> None:
        line = values.dump(document) + b"\n"
        self._digest.update(line)
        self._file.write(line)


class BackupAccount:
    """The account (`accounts.Account`) that a backup gives of a store. It is read through when it is opened.

    `name` is what messages call it, `found` what the reading found. Raises StorageValidationError for what is
    no whole backup.
    """

    def __init__(self, reopen: Reopen, name: str) -> None:
        self._reopen = reopen
        self.name = name
        reading = _Reading(name)
        try:
            with reopen() as file:
                self.header, self.contents = reading.through(_whole_lines(file))
        except (*_DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise torn(name, "it is damaged or no backup at all") from error
        self.found = reading.found

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
        """The entries that stood where the backup begins: no other revision can be asked for."""
        if floor != self.first:
            raise self._forgotten(floor)
        for document in self._lines():
            if "commit" in document or "end" in document:
                return
            if "mastractl" not in document:
                yield _entry(document)

    def log(self, since: int, *, upto: int) -> Iterator[Step]:
        """The commits after a revision."""
        if since < self.first:
            raise self._forgotten(since)
        changes = (_change(document) for document in self._lines() if "commit" in document)
        yield from moments.steps(c for c in changes if since < c.revision <= upto)

    def tally(self, revision: int, *, alive_at: float) -> moments.Tally:
        """The tally of what stood where the backup ends; nothing has expired then."""
        del alive_at
        if revision != self.header.revision:
            raise self._forgotten(revision)
        return moments.Tally(self.contents.standing, int(self.contents.sum, 16))

    def _forgotten(self, revision: int) -> errors.Expired:
        message = f"{self.name} is of the revisions {self.first} to {self.header.revision}, not of {revision}"
        return errors.Expired(message, floor=self.first, hint="restore anew with --force")

    def _lines(self) -> Iterator[dict[str, Any]]:
        with self._reopen() as file:
            for line in file:
                yield values.load(line)


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


class _Reading:
    """One look at every line of a backup."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found = Survey()
        self._changes = self._commit = self._in_commit = 0

    def through(self, lines: Iterable[bytes]) -> tuple[Header, Contents]:
        """Read to the end. Raises StorageValidationError, and whatever a line that is none raises."""
        digest = sha256()
        header: Header | None = None
        ended: Contents | None = None
        for line in lines:
            if ended is not None:
                raise torn(self._name, "something follows its end")
            document = values.load(line)
            if header is None:
                header = _header(document, self._name)
                self._commit = header.first
            elif "end" in document:
                ended = Contents(**{field: document[field] for field in Contents._fields})
                continue
            else:
                self._take(document)
            digest.update(line)
        if header is None:
            raise torn(self._name, "it is empty")
        if ended is None:
            count = self.found.entries + self._changes
            raise torn(self._name, f"it ends after {count} lines, without its last one")
        if ended != _signed(ended, digest) or self._commit != header.revision:
            raise torn(self._name, "its contents are not what its last line says: it was changed")
        return header, ended

    def _take(self, document: dict[str, Any]) -> None:
        if "commit" not in document:
            self.found = with_entry(self.found._replace(entries=self.found.entries + 1), _entry(document))
            return
        change = _change(document)
        self._changes += 1
        if change.revision == self._commit + 1:
            self._commit, self._in_commit = change.revision, 0
            self.found = self.found._replace(commits=self.found.commits + 1)
        elif change.revision != self._commit or not self._in_commit:
            raise torn(self._name, f"a commit is missing after revision {self._commit}")
        self._in_commit += 1
        if self._in_commit > self.found.operations:
            self.found = self.found._replace(operations=self._in_commit, revision=change.revision)
        if change.entry is not None:
            self.found = with_entry(self.found, change.entry)


def _signed(contents: Contents, digest: _Digest) -> Contents:
    """The contents with the SHA-256 of the lines so far and of themselves."""
    signed = digest.copy()
    signed.update(values.dump(contents._replace(sha256="")._asdict()))
    return contents._replace(sha256=signed.hexdigest())


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
