"""What this client last saw of a store: the guesses that let a commit do with one round trip.

An entry that was read at some revision of etcd still stands so as long as the head stands that was the
last one then, for every commit writes the head. So what was seen since another client last wrote it is
good, if only the head has not changed; and that the transaction compares. A wrong guess costs a round
trip and nothing else.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.engines.contract import Change, Entry
    from mastractl.engines.etcd.records import Head

_MOST = 512
_LARGEST = 32 * 1024
"""How many entries are remembered, and how large one may be."""


class Standing(NamedTuple):
    """How the keys of a commit stand while the head was last written at etcd's revision `modified`.

    `entries` has those that exist; of the keys in `unknown` it is only hoped that they do not. `fresh`
    says that all this was read at one moment, for this commit.
    """

    head: Head
    modified: int
    entries: dict[str, Entry]
    unknown: tuple[str, ...] = ()
    fresh: bool = True


class Seen:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head: Head | None = None
        self._modified = 0
        self._since = 0
        """The last revision of etcd at which somebody else is known to have committed."""
        self._entries: OrderedDict[str, tuple[int, Entry | None]] = OrderedDict()
        """Key to the revision of etcd it was read at and what was there."""

    def note_head(self, head: Head, modified: int) -> None:
        """The head as it was read."""
        with self._lock:
            if modified > self._modified:
                self._head, self._modified, self._since = head, modified, modified

    def note(self, key: str, entry: Entry | None, at: int) -> None:
        """An entry, or that there is none, as it was read at a revision of etcd."""
        with self._lock:
            self._remember(key, entry, at)

    def note_all(self, entries: Iterable[Entry], at: int) -> None:
        """A few entries."""
        with self._lock:
            for entry in entries:
                self._remember(entry.key, entry, at)

    def note_commit(self, before: int, head: Head, at: int, changes: Iterable[Change]) -> None:
        """A commit of this client's, on the head that was written at `before`: nobody came between."""
        with self._lock:
            if before == self._modified:
                self._head, self._modified = head, at
            elif at > self._modified:
                self._head, self._modified, self._since = head, at, at
            for change in changes:
                self._remember(change.key, change.entry, at)

    def forget(self) -> None:
        """Nothing is known any more."""
        with self._lock:
            self._head, self._modified = None, 0
            self._entries.clear()

    def guess(self, keys: Iterable[str]) -> Standing | None:
        """How the keys stand, as far as was seen; None if not even the head is known."""
        with self._lock:
            if self._head is None:
                return None
            entries: dict[str, Entry] = {}
            unknown = []
            for key in keys:
                at, entry = self._entries.get(key, (-1, None))
                if at < self._since:
                    unknown.append(key)
                elif entry is not None:
                    entries[key] = entry
            return Standing(self._head, self._modified, entries, tuple(unknown), fresh=False)

    def _remember(self, key: str, entry: Entry | None, at: int) -> None:
        if self._entries.get(key, (-1, None))[0] > at:
            return
        self._entries.pop(key, None)
        if entry is None or len(entry.value) <= _LARGEST:
            self._entries[key] = at, entry
            if len(self._entries) > _MOST:
                self._entries.popitem(last=False)
