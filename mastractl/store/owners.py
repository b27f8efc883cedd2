"""Who owns what: the ownerReferences of the store, the other way round.

Garbage is found by asking which resources name an owner that goes, without reading the whole store each
time. Where resources can be edited from outside, the references are read once by each process and kept up
to date from the log (`LoggedOwners`). Everywhere else whoever writes a resource writes its line of the
index in the same commit (`Draft.operations`), and that is asked (`IndexedOwners`).
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Protocol

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.store import documents, keys
from mastractl.values import dump

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.engines.contract import Change, Commit, Engine, Entry

COMPLETE = "idx/dependents"
"""The key that says that the index of dependents is complete."""

NOTHING = b"{}"
"""The value of a line of the index, which says all with its key."""

_FEW = 50
"""As many missing lines as go with an ordinary commit."""

_PAGE = 1000
_MARK = b'"ownerReferences"'


class Owners(Protocol):
    """The dependents of each owner."""

    def refresh(self) -> int:
        """Look once more; a revision up to which all that happened is known now."""
        ...

    def dependents(self, uid: str) -> list[str]:
        """The keys of the resources that name the owner, in order; some may have changed since."""
        ...

    def follow(self, seen: int, commits: Sequence[Commit]) -> bool:
        """Take in commits that were worked out on the look at revision `seen`.

        False if others came in between, so that it has to be looked at again for them.
        """
        ...

    def missing(self) -> dict[str, bytes]:
        """What of it is not in the store and should be, if it is little: to be put with the next commit."""
        ...

    def complete(self, origin: str) -> None:
        """After a commit: write what is missing in the store, if that was much."""
        ...


def owners_in(engine: Engine) -> Owners:
    """The dependents of each owner in an engine."""
    return LoggedOwners(engine) if engine.capabilities.external_edits else IndexedOwners(engine)


def owners_of(entry: Entry | None) -> frozenset[str]:
    """The uids of the owners that a resource names."""
    if entry is None or _MARK not in entry.value:
        return frozenset()
    references = documents.decode(entry)["metadata"].get("ownerReferences", ())
    return frozenset(uid for reference in references if (uid := reference.get("uid")))


class IndexedOwners:
    """The index of dependents in the store itself. Thread-safe.

    Whether it is complete is written in the store too, with the store's identity: in one that was filled
    from another it is made anew. Until then the log is followed, and `complete` writes what is missing.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known_complete = False
        self._log: LoggedOwners | None = None

    def refresh(self) -> int:
        """Look once more; the revision up to which all of it is known."""
        if self._known_complete:
            return self._engine.revision()
        page = self._engine.range(COMPLETE, limit=1)
        if page.entries and page.entries[0].value == self._seal():
            self._known_complete, self._log = True, None
            return page.revision
        self._log = self._log or LoggedOwners(self._engine)
        return self._log.refresh()

    def dependents(self, uid: str) -> list[str]:
        """The keys of the resources that name the owner, in order."""
        if self._log:
            return self._log.dependents(uid)
        prefix = keys.dependents(uid)
        page = self._engine.range(prefix)
        return [keys.EVERYTHING + entry.key.removeprefix(prefix) for entry in page.entries]

    def follow(self, seen: int, commits: Sequence[Commit]) -> bool:
        """Whether nobody came in between: false if others did, so that it has to be looked at again."""
        if self._log:
            return self._log.follow(seen, commits)
        return all(commit.revision == seen + 1 + n for n, commit in enumerate(commits))

    def missing(self) -> dict[str, bytes]:
        """The lines of the index that are not there and its seal, after which every process relies on it.

        What others write meanwhile they index themselves; a line that came to say too much does no harm,
        for it is checked when it is used.
        """
        lines = self._log.lines() if self._log else []
        if self._log is None or len(lines) > _FEW:
            return {}
        return dict.fromkeys(lines, NOTHING) | {COMPLETE: self._seal()}

    def complete(self, origin: str) -> None:
        """Write the missing lines, a part at a time, and then the seal; of no harm if it fails half way."""
        lines = self._log.lines() if self._log else []
        if len(lines) <= _FEW:
            return
        step = self._engine.capabilities.max_commit or _PAGE
        for start in range(0, len(lines), step):
            part = [Put(line, NOTHING) for line in lines[start : start + step]]
            self._engine.commit(part, origin=origin)
        self._engine.commit([Put(COMPLETE, self._seal())], origin=origin)

    def _seal(self) -> bytes:
        return dump({"identity": self._engine.identity})


class LoggedOwners:
    """The dependents of each owner, as of the last look at the log. Thread-safe.

    Reading the log has its price (a store of files looks for edits first), so that a transaction looks
    once, and its own commits are taken in as they are made.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = allocate_lock()
        self._revision = -1
        self._owners: dict[str, frozenset[str]] = {}
        """The uids of the owners of each resource that has some, by key."""
        self._dependents: dict[str, set[str]] = {}
        """The keys of the dependents of each uid."""

    def refresh(self) -> int:
        """Take in what happened since the last look; the revision up to which all of it is known now."""
        with self._lock:
            if self._revision < 0:
                self._read()
                return self._revision
            try:
                stretch = self._engine.changes(self._revision, keys.EVERYTHING, limit=0)
            except errors.Expired:
                self._read()
            else:
                self._take_in(stretch.revision, stretch.changes)
            return self._revision

    def dependents(self, uid: str) -> list[str]:
        """The keys of the resources that name the owner, in order, as of the last look."""
        with self._lock:
            return sorted(self._dependents.get(uid, ()))

    def follow(self, seen: int, commits: Sequence[Commit]) -> bool:
        """Take in commits that were worked out on the look at revision `seen`.

        False if others came in between, so that the log has to be read for them.
        """
        with self._lock:
            for commit in commits:
                if commit.revision != seen + 1:
                    return False
                seen += 1
                if self._revision == seen - 1:
                    self._take_in(commit.revision, commit.changes)
            return True

    def missing(self) -> dict[str, bytes]:
        """Nothing is kept in the store."""
        return {}

    def complete(self, origin: str) -> None:
        """Nothing is kept in the store."""

    def lines(self) -> list[str]:
        """What the index of dependents would have to hold, in order."""
        with self._lock:
            return sorted(
                keys.dependents(uid) + key.removeprefix(keys.EVERYTHING)
                for uid, found in self._dependents.items()
                for key in found
            )

    def _take_in(self, revision: int, changes: Iterable[Change]) -> None:
        for change in changes:
            self._note(change.key, change.entry)
        self._revision = revision

    def _read(self) -> None:
        """Read every resource, a page at a time; what changes meanwhile is in the log after the first."""
        self._owners, self._dependents = {}, {}
        first = -1
        after = ""
        while True:
            page = self._engine.range(keys.EVERYTHING, limit=_PAGE, after=after)
            first = page.revision if first < 0 else first
            for entry in page.entries:
                self._note(entry.key, entry)
            after = page.next
            if not after:
                self._revision = first
                return

    def _note(self, key: str, entry: Entry | None) -> None:
        for uid in self._owners.pop(key, ()):
            self._dependents[uid].discard(key)
            if not self._dependents[uid]:
                del self._dependents[uid]
        owners = owners_of(entry)
        if owners:
            self._owners[key] = owners
            for uid in owners:
                self._dependents.setdefault(uid, set()).add(key)
