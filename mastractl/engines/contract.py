"""What every engine is: keys, JSON bytes, one revision per commit, an ordered change log.

An engine knows nothing of resources. What it promises (etcd's promises, checked by the suite in
`mastractl.testing`):

* a commit is atomic and makes exactly one new revision, or none if it changes nothing;
* revisions only grow, in commit order, and are never reused;
* the log gives every change once, in order, never part of a commit, never with a gap;
* a read of a prefix is one consistent moment, and says which (`Page.revision`), so that a list
  followed by `changes(since=page.revision)` misses nothing and repeats nothing;
* below the compacted revision, and above the present one, `changes` raises and never guesses;
  a change keeps its `previous` even if that was written at or below the compacted revision.

Keys are `<space>/<kind>/<namespace>/<name>` (any number of segments past the first; what is refused:
`mastractl.engines.checks.check_key`) and sort by code point, the order of their UTF-8 bytes. Values
are JSON objects as compact UTF-8 bytes, given back byte for byte. Prefixes are plain string prefixes;
callers end them with `/`. Revisions count up by one.

Expiry: from the moment the clock reaches an entry's `expires_at` no read shows it. It is removed by a
commit of its own (origin `EXPIRED`, all entries then due in one commit, in key order), which the
engine makes before `range`, `commit`, `changes`, `revision` or `health` answers, so that a list and
the log never disagree; `get` and `wait` need not make it. A store that cannot be written only hides
what is due. An entry written with an `expires_at` already past is logged, and then due like any other.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from mastractl import errors, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_VALUE_BYTES = 3 * 1024 * 1024
"""The largest value any engine takes unless its capabilities say otherwise (Kubernetes' request limit)."""

EXTERNAL = "external-edit"
"""The origin of changes that came from outside every mastractl process: an editor, git, rsync."""

EXPIRED = "expired"
"""The origin of the commits that remove what has reached its `expires_at`."""


class Entry(NamedTuple):
    """A key as it stood at one revision.

    `revision` is that of the commit that wrote this value, `created_revision` that of the commit
    that made the key (it starts anew after a delete), `created_at` the epoch seconds of the latter.
    `expires_at` (epoch seconds) is None for ever.
    """

    key: str
    value: bytes
    revision: int
    created_revision: int
    created_at: float
    expires_at: float | None = None


class Put(NamedTuple):
    """Write a value. `if_revision`: None = whatever is there, 0 = the key must not exist,
    n = the key must stand at revision n. Equal bytes (and expiry) are no change.
    """

    key: str
    value: bytes
    if_revision: int | None = None
    expires_at: float | None = None


class Delete(NamedTuple):
    """Remove a key. Without `if_revision`, removing what is not there is no change."""

    key: str
    if_revision: int | None = None


class Check(NamedTuple):
    """Change nothing, but refuse the whole commit unless the key stands at `if_revision` (0 = absent)."""

    key: str
    if_revision: int


Op = Put | Delete | Check


class ChangeType(StrEnum):
    """What happened to a key."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Change(NamedTuple):
    """One line of the log: what a commit did to one key.

    `entry` is the new state, None when the key was deleted; `previous` the state before, None when it
    was new. `origin` is who did it, as the committer said; `at` the epoch seconds of the commit.
    """

    revision: int
    key: str
    entry: Entry | None
    previous: Entry | None
    origin: str
    at: float

    @property
    def type(self) -> ChangeType:
        """ADDED, MODIFIED or DELETED."""
        if self.entry is None:
            return ChangeType.DELETED
        return ChangeType.ADDED if self.previous is None else ChangeType.MODIFIED


class Commit(NamedTuple):
    """What a commit did: the revision it made and its changes in the order of the operations.

    If nothing changed, `changes` is empty and `revision` is the one the store already had.
    """

    revision: int
    changes: tuple[Change, ...]


class Page(NamedTuple):
    """A consistent read of a prefix, in key order. `next` is the following page's `after`, "" at the end."""

    revision: int
    entries: tuple[Entry, ...]
    next: str = ""


class Changes(NamedTuple):
    """A stretch of the log. `revision` is where to go on from: everything up to it has been told.

    A commit is never split: `limit` bounds the stretch softly. `more` says that the log goes on: then
    `revision` is past the one asked for, though `changes` may be empty. Without `more` it is the present one.
    """

    revision: int
    changes: tuple[Change, ...]
    more: bool = False


class Capabilities(NamedTuple):
    """What an engine can do, for callers to plan by and for the suite to test by."""

    durable: bool
    """An acknowledged commit survives kill -9 and power loss."""
    multi_process: bool
    """Several processes may have the store open at once."""
    external_edits: bool = False
    """Changes made behind the engine's back are found and logged."""
    push_watch: bool = False
    """`wait` wakes at once on another process's commit, rather than at the next poll."""
    ttl: bool = True
    """`expires_at` is honoured; without this a Put that has one is refused with BadRequest."""
    max_commit: int = 0
    """The most operations in one commit; 0 = no limit."""
    max_value: int = MAX_VALUE_BYTES
    """The largest value in bytes."""


class Problem(NamedTuple):
    """Something in the store that needs a person: where it is, what is wrong, what to do.

    `key` is "" where it concerns the store as a whole; `location` is a path or URL a person can open.
    """

    key: str
    location: str
    message: str
    hint: str = ""


class Health(NamedTuple):
    """The state of the store: whether writes are possible, where the log begins and ends, what is wrong.

    `details` are further facts for people, name and value: the server and its version, what its settings
    promise, how much space is used. They hold no secret.
    """

    writable: bool
    revision: int
    compacted: int
    problems: tuple[Problem, ...] = ()
    details: tuple[tuple[str, str], ...] = ()


class Flaw(NamedTuple):
    """Where two accounts that a store keeps of itself disagree: as a `Problem`, and whether it was mended."""

    key: str
    location: str
    message: str
    hint: str = ""
    repaired: bool = False


class Checkable(Protocol):
    """What an engine has besides if it keeps more than one account: log and index, index and files."""

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """Compare the accounts, all of them, and yield what does not agree; with `repair`, mend what can be.

        May read the whole store. Without `repair` nothing is written. Reads no more than a part at a time.
        """
        ...


class Engine(Protocol):
    """Everything a backend implements. All methods are thread-safe and blocking."""

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""
        ...

    @property
    def identity(self) -> str:
        """The uid of this store; a bookmark is (identity, revision)."""
        ...

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        ...

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        ...

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision.

        No key may appear twice (ValueError). Raises Conflict for an unmet `if_revision`, TooLarge,
        Forbidden for a store that cannot be written, StorageFull, StorageTransactionError. Where the
        store is reached over a connection: Unavailable if it certainly wrote nothing and may be asked
        again, UnknownOutcome if the connection was lost after the commit had been asked for.
        """
        ...

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0.

        Raises Expired below the compacted revision and FutureRevision above the present one.
        """
        ...

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`. A hint: it may lie both ways.

        Cheap to call again and again: feeds wait in slices of half a second, so that they can be
        stopped. The time is the machine's own, not the engine's clock's.
        """
        ...

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        ...

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched.

        What was forgotten already is no error. Raises FutureRevision above the present revision.
        """
        ...

    def health(self) -> Health:
        """Whether the store can be written, and what in it needs a person."""
        ...

    def close(self) -> None:
        """Give everything back. Waiting calls return; later ones, except `close`, raise StorageClosed."""
        ...


@runtime_checkable
class ReadsMany(Protocol):
    """What an engine has besides if a call to its store takes long, as over a network."""

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key, in few calls to the store; not all as of the same moment."""
        ...


class Adopt(Protocol):
    """Turns what an external edit left in a file into the value that goes into the log.

    Engines know no resources, so whoever opens one says what a hand-edited document becomes: it gets
    its uid, its generation, and keeps what an editor must not touch. It must be idempotent: adopting
    a document that holds nothing new over `previous` gives `previous` back, byte for byte.
    """

    def __call__(self, key: str, document: object, previous: bytes | None, now: float) -> bytes:
        """The bytes to log for `key`. `previous` is what the log held; raises errors.Refused."""
        ...


def adopt_as_is(key: str, document: object, previous: bytes | None, now: float) -> bytes:
    """The default adopter: any JSON object, as it stands."""
    del key, previous, now
    if not isinstance(document, dict):
        message = f"expected a JSON object, found {type(document).__name__}"
        raise errors.Refused(message)
    return values.dump(document)
