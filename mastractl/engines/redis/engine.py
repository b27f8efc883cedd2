"""The engine: each method of the contract over the session, the reads and the waits."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines import planning
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import Capabilities, Commit, Health
from mastractl.engines.redis import checking, packing, promises, reading
from mastractl.engines.redis.session import Session
from mastractl.engines.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Changes, Entry, Flaw, Op, Page
    from mastractl.engines.redis.address import Address
    from mastractl.engines.redis.wire import Link

MAX_COMMIT = 20_000
"""The most operations in one commit: a script keeps everybody else waiting, for so many about a second."""

COMPACTED_AT_ONCE = 5_000
"""Revisions that one script forgets."""

_ATTENTION = 0.5
"""Seconds after which the listener looks whether it was stopped."""


class RedisEngine:
    """An `Engine` on a Redis server: see the package. `clock` decides what is due.

    Opening makes the store where there is none; `read_only` writes nothing, and hides what is due.
    """

    def __init__(self, address: Address, *, clock: Clock | None = None, read_only: bool = False) -> None:
        self._address = address
        self._clock = clock or SystemClock()
        self._read_only = read_only
        self._closed = False
        self._pid = os.getpid()
        self._settling = threading.Lock()
        self._listening: Link | None = None
        self._waiting = self._new_waiting()
        self._session = Session(address, self._clock, read_only=read_only, turned=self._turned)

    @property
    def capabilities(self) -> Capabilities:
        """Durable only if the server has every acknowledged commit on its disk."""
        return Capabilities(
            durable=self._session.life.durable, multi_process=True, push_watch=True, max_commit=MAX_COMMIT
        )

    @property
    def identity(self) -> str:
        """The uid of this store. It changes if the server has begun anew and may have forgotten commits."""
        return self._session.identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        session = self._ready()
        packed = session.held(key) if "/" in key else None  # without a slash, it is a field of the head
        if packed is None:
            return None
        entry = packing.entry(key, packed)
        due = entry.expires_at is not None and entry.expires_at <= self._clock.now()
        return None if due else entry

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        return reading.page(self._ready(), prefix, limit=limit, after=after)

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        session = self._ready()
        check_operations(ops, self.capabilities)
        self._refuse_read_only()
        now = self._clock.now()
        _, number, made, *before = session.ask(
            "commit",
            origin.encode("utf-8", "surrogatepass"),
            *packing.operations(ops),
            now=now,
            writes=True,
            rewound=lambda floor: _refuse_rewound(ops, floor),
        )
        revision = int(number)
        standing = {
            op.key: packing.entry(op.key, packed)
            for op, packed in zip(ops, before, strict=True)
            if packed is not None
        }
        changes = planning.plan(
            ops, standing, revision=revision if made else revision + 1, origin=origin, now=now
        )
        self._waiting.heard(revision)
        return Commit(revision, changes)

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        return reading.changes(self._ready(), since, prefix, limit=limit)

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        self._ready()
        return self._waiting.wait(since, timeout)

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return int(self._ready().ask("head")[1])

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`, a part at a time."""
        session = self._ready()
        self._refuse_read_only()
        more = True
        while more:
            answer = session.ask("compact", before, COMPACTED_AT_ONCE)
            if answer[0] == b"future":
                reading.refuse_future(before, int(answer[1]), int(answer[2]))
            more = bool(answer[1])

    def health(self) -> Health:
        """Whether the store can be written, and what in the server's settings needs a person."""
        session = self._ready()
        _, revision, compacted, keys, changes = session.ask("head")
        life = session.described()
        return Health(
            writable=not self._read_only and promises.writable(life),
            revision=int(revision),
            compacted=int(compacted),
            problems=tuple(promises.problems(life, self._address.shown)),
            details=(
                *promises.details(life, self._address),
                ("keys", str(keys)),
                ("changes in the log", str(changes)),
            ),
        )

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """Compare entries, index, dues and log, a part at a time; `repair` mends index and dues."""
        if repair:
            self._refuse_read_only()
        return checking.flaws(self._ready(), repair=repair)

    def close(self) -> None:
        """Hang up. Waiting calls return; later ones raise StorageClosed."""
        self._closed = True
        if self._pid == os.getpid():
            self._end_waiting()
            self._session.wire.close()

    def _ready(self) -> Session:
        """The session, in this process. Raises StorageClosed."""
        if self._closed:
            message = f"the store at {self._address.shown} is closed"
            raise errors.StorageClosed(message)
        if self._pid != os.getpid():
            with self._settling:
                if self._pid != os.getpid():
                    self._session.after_fork()
                    self._listening = None
                    self._waiting = self._new_waiting()
                    self._pid = os.getpid()
        return self._session

    def _refuse_read_only(self) -> None:
        if self._read_only:
            message = f"the store at {self._address.shown} was opened read-only"
            raise errors.Forbidden(message, hint="open it without read-only to write")

    def _new_waiting(self) -> Waiting:
        return Waiting(self.revision, self._listen)

    def _end_waiting(self) -> None:
        if link := self._listening:
            link.hang_up()
        self._waiting.close()

    def _turned(self) -> None:
        """The store has another past, in which the revisions heard of mean nothing."""
        self._end_waiting()
        self._waiting = self._new_waiting()

    def _listen(self, heard: Callable[[int], None], stopped: threading.Event) -> None:
        """Tell of commits by whomever, as the stream of the log does."""
        session = self._ready()
        link = session.wire.fresh()
        self._listening = link
        try:
            revision = self.revision()
            while not stopped.is_set():
                heard(revision)
                revision = session.await_beyond(link, revision, _ATTENTION)
        finally:
            self._listening = None
            link.close()


def _refuse_rewound(ops: Sequence[Op], floor: int) -> None:
    """Refuse what relies on revisions that the server may have forgotten, and given to other commits."""
    for op in ops:
        if op.if_revision is not None and op.if_revision > floor:
            message = f"{op.key!r} was read at revision {op.if_revision}, which the server may have forgotten"
            raise errors.Conflict(
                message,
                key=op.key,
                expected=op.if_revision,
                hint=f"the server began anew at revision {floor}: read again and decide anew",
            )
