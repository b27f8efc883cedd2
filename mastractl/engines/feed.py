"""Watching, written once for every engine, over nothing but `changes` and `wait`.

What a feed promises, whatever the engine: the changes under a prefix in order, each once, none left
out, a commit never split, from any revision the log still holds. It keeps no queue: a slow consumer
costs no memory, and is told `Expired` if the log was compacted beneath it.

`Engine.wait` is a hint that may lie both ways, so a feed reads the log at least once a second however
silent the engine, and rests a little longer each time if the engine cries wolf.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, Self

from mastractl import errors
from mastractl.clock import SystemClock

if TYPE_CHECKING:
    from types import TracebackType

    from mastractl.clock import Clock
    from mastractl.engines.contract import Changes, Engine

POLL = 1.0
"""Seconds after which the log is read although no news was hinted at."""

_SLICE = 0.5
"""Seconds a feed waits at a stretch: how soon it notices that it was stopped. Waking ten times a second
would alone cost more than the thousandth of the time that an idle watch may take."""

_FIRST_REST, _LONGEST_REST = 0.001, 0.05
"""Seconds to rest after the first hint that came to nothing, and after many."""


class Stop(Protocol):
    """What ends feeds from outside: a `threading.Event`, for one, which several feeds may share."""

    def is_set(self) -> bool:
        """Whether to end. Asked about ten times a second."""
        ...


def watch(  # noqa: PLR0913 - all but the engine are options, named at the call
    engine: Engine,
    *,
    prefix: str = "",
    since: int | None = None,
    identity: str | None = None,
    stop: Stop | None = None,
    limit: int = 1000,
    poll: float = POLL,
    clock: Clock | None = None,
) -> Feed:
    """The changes under a prefix after revision `since` (None: from now on), as they come.

    `since` and `identity` are a bookmark of an earlier feed or page; `stop` ends the feed from outside.
    At most about `limit` changes are fetched at a time. Once in `poll` seconds, at most, a bookmark is
    given if the log went on without a change under the prefix. To list and then watch without a gap:
    `page = engine.range(prefix)`, then `watch(engine, prefix=prefix, since=page.revision)`.
    """
    return Feed(
        engine,
        prefix=prefix,
        since=engine.revision() if since is None else since,
        identity=identity,
        stop=stop,
        limit=limit,
        poll=poll,
        clock=clock or SystemClock(),
    )


class Feed:
    """An iterator of `Changes`, for one consumer at a time; `close` may be called from any thread.

    Each item is one or more whole commits, or a bookmark: no changes, but a `revision` to resume from.
    The iteration ends when the feed or its engine is closed. It raises Expired or FutureRevision when
    the log does not reach from where the feed stands to here; the feed is closed then. Any other error
    leaves the feed where it stood: iterating again goes on without a gap.
    """

    def __init__(  # noqa: PLR0913 - `watch` is the face; this keeps what it is given
        self,
        engine: Engine,
        *,
        prefix: str,
        since: int,
        identity: str | None,
        stop: Stop | None,
        limit: int,
        poll: float,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._prefix = prefix
        self._revision = self._told = since
        self._identity = identity or engine.identity
        self._stop = stop
        self._ended = threading.Event()
        self._limit = limit
        self._poll = poll
        self._clock = clock
        self._told_at = clock.monotonic()
        self._fruitless = 0

    @property
    def revision(self) -> int:
        """Everything up to this revision has been told: with the engine's identity, a bookmark."""
        return self._revision

    @property
    def closed(self) -> bool:
        """Whether the feed has ended, or is about to because `stop` is set."""
        return self._ended.is_set() or (self._stop is not None and self._stop.is_set())

    def take(self, timeout: float | None = None) -> Changes | None:
        """The next changes or bookmark; None once the feed has ended or `timeout` seconds have passed.

        A timeout of 0 tells what is there already. Raises what the iteration raises.
        """
        deadline = float("inf") if timeout is None else self._clock.monotonic() + timeout
        while not self.closed:
            news, going_on = self._read()
            if news:
                return news
            if going_on:
                continue
            left = deadline - self._clock.monotonic()
            if left <= 0:
                break
            self._idle(min(left, self._poll))
        return None

    def close(self) -> None:
        """End the feed. A thread that is waiting in it goes on within half a second."""
        self._ended.set()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Changes:
        news = self.take()
        if news is None:
            raise StopIteration
        return news

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> tuple[Changes | None, bool]:
        """What there is to tell now, and whether the log goes on after it."""
        try:
            self._refuse_replaced()
            stretch = self._engine.changes(self._revision, self._prefix, limit=self._limit)
        except errors.StorageClosed:
            self.close()
            return None, False
        except errors.Expired:
            self.close()
            raise
        if stretch.revision > self._revision:
            self._fruitless = 0
        self._revision = stretch.revision
        now = self._clock.monotonic()
        bookmark_due = stretch.revision > self._told and now - self._told_at >= self._poll
        if not stretch.changes and not bookmark_due:
            return None, stretch.more
        self._told, self._told_at = stretch.revision, now
        return stretch, stretch.more

    def _refuse_replaced(self) -> None:
        """A revision means nothing to another store, even where that one has a revision of the number."""
        if self._engine.identity != self._identity:
            message = f"revision {self._revision} is of another store: this one was made anew since"
            raise errors.Expired(message, floor=self._revision, hint="list again and go on from there")

    def _idle(self, seconds: float) -> None:
        """Rest until the engine hints at news, the feed is stopped, or the time is over."""
        if self._fruitless:
            self._ended.wait(min(_FIRST_REST * 2 ** min(self._fruitless, 10), _LONGEST_REST, seconds))
        end = self._clock.monotonic() + seconds
        while not self.closed and (left := end - (began := self._clock.monotonic())) > 0:
            asked = min(left, _SLICE)
            try:
                if self._engine.wait(self._revision, asked):
                    self._fruitless += 1
                    return
            except errors.StorageClosed:
                return
            unslept = asked - (self._clock.monotonic() - began)
            if unslept > 0:
                self._ended.wait(unslept)
