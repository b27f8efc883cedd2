"""Who owns what: the ownerReferences of the store, the other way round.

Garbage is found by asking which resources name an owner that goes. To answer without reading the whole
store each time, the references are read once and kept up to date from the log; edits made from outside
are in the log as well. Reading the log has its price too (a store of files looks for such edits first), so
that a transaction looks once, and its own commits are taken in as they are made.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.store import documents, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.engines.contract import Change, Commit, Engine, Entry

_PAGE = 1000
_MARK = b'"ownerReferences"'


class Owners:
    """The dependents of each owner, as of the last look at the log. Thread-safe."""

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
        if entry is None or _MARK not in entry.value:
            return
        references = documents.decode(entry)["metadata"].get("ownerReferences", ())
        owners = frozenset(uid for reference in references if (uid := reference.get("uid")))
        if owners:
            self._owners[key] = owners
            for uid in owners:
                self._dependents.setdefault(uid, set()).add(key)
