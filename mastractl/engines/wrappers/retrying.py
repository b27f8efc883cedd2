"""Asking again, where a store reached over a connection did not answer: never at the price of a wrong answer.

Transient are `Unavailable` (certainly not done, may be asked again) and `StorageConnectionError` other
than `StorageClosed` (not reached). Reads, waits and compactions do no harm twice and are asked again
freely. A commit that certainly was not written is asked again as it stands. What remains is
`UnknownOutcome`: the request may have been lost, or the answer, or it may still arrive, whenever.

**Why no commit is applied twice, and none is reported that was not.** Before a commit is first sent, every
operation without a condition is pinned to the revision at which its key was read (`pinning`); so all
copies that are sent are one and the same pinned commit P. Revisions are never used twice, hence

1. *a pin at r > 0 is spent once its key has moved*: no copy of P can be applied from then on;
2. if P changes a key that it pins at r > 0, the first copy that is applied moves that key, and (1) stops all
   others: **of any number of copies at most one is ever applied**. So P may be sent again;
3. if P creates no key (no Put pinned at 0), either (2) holds or P changes nothing: it may be sent again;
4. if P creates keys and (2) does not hold, a copy under way could be applied after the key was deleted
   again by somebody else. Such a commit is never sent twice: the log is read, and if P is not in it,
   `UnknownOutcome` is what the caller gets.

A copy that was sent again and conflicts says that a pinned key moved. Either a copy of P moved it, then the
log has it: a commit that changes the same keys to the same bytes and expiries, from the pinned revisions,
by the same origin. Or somebody else did, and if the moved pin was at r > 0, P is spent and was never
applied (the log was read after it was spent): the conflict is the caller's, or, where the pin was ours, the
commit is pinned anew. If the moved pin was at 0, a copy may yet be applied: `UnknownOutcome`.

Two clients could commit the same bytes from the same revision. An origin that is not empty is taken for the
name of the client, so whoever shares one should not share values. Without an origin a commit in the log is
taken for ours only if that makes no difference: it had no condition of the caller's, and P is spent.
Otherwise it is `UnknownOutcome`, not a guess. If the log was compacted beyond the commit, likewise.

Once any copy had no answer, no error but `UnknownOutcome` leaves here, except a conflict as above.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.checks import check_operations
from mastractl.engines.wrappers.copies import Copies
from mastractl.engines.wrappers.pinning import ROUNDS, outrun, pin
from mastractl.engines.wrappers.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Changes, Commit, Engine, Entry, Health, Op, Page

    T = TypeVar("T")

TRIES = 5
"""How often a call is asked again unless it is told otherwise."""

LIMIT = 30.0
"""Seconds after which nothing is asked again, whatever the number of tries."""

_FIRST_REST, _LONGEST_REST = 0.05, 5.0
"""Seconds before the first time a call is asked again, and at most; each time twice as long."""


class RetryingEngine(Wrapper):
    """Asks up to `tries` times again, within `limit` seconds; `clock` is slept by.

    A commit costs one more round trip, and one for each operation without a condition.
    """

    def __init__(
        self, inner: Engine, *, tries: int = TRIES, limit: float = LIMIT, clock: Clock | None = None
    ) -> None:
        super().__init__(inner)
        self._tries, self._limit = tries, limit
        self._clock = clock or SystemClock()

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        return self._again(lambda: self.inner.get(key))

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key."""
        return self._again(lambda: super(RetryingEngine, self).get_many(keys))

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        return self._again(lambda: self.inner.range(prefix, limit=limit, after=after))

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        return self._again(lambda: self.inner.changes(since, prefix, limit=limit))

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        return self._again(lambda: self.inner.wait(since, timeout))

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return self._again(self.inner.revision)

    def health(self) -> Health:
        """Whether the store can be written, and what in it needs a person."""
        return self._again(self.inner.health)

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; twice is as good as once."""
        self._again(lambda: self.inner.compact(before))

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision. Raises UnknownOutcome where that cannot be known."""
        check_operations(ops, self.capabilities)
        patience = self._patience()
        for _ in range(ROUNDS):
            since = self.revision()
            copies = Copies(self, pin(self, ops), origin=origin, since=since)
            made = self._send(copies, patience)
            if made is not None:
                return made
        raise outrun()

    def _send(self, copies: Copies, patience: Patience) -> Commit | None:
        """Send a pinned commit until its fate is known; None if it is to be pinned anew."""
        unknown: errors.UnknownOutcome | None = None
        while True:
            try:
                return self.inner.commit(copies.pinned.ops, origin=copies.origin)
            except errors.Conflict as conflict:
                return _after_conflict(copies, conflict, unknown)
            except errors.MastraError as error:
                failed = error
            if isinstance(failed, errors.UnknownOutcome):
                unknown = unknown or failed
                found = copies.after_silence(unknown)
                if found is not None:
                    return found
            again = isinstance(failed, errors.UnknownOutcome) or transient(failed)
            if not (again and patience.rest()):
                if unknown is None or unknown is failed:
                    raise failed
                raise unknown from failed

    def _again(self, call: Callable[[], T]) -> T:
        patience = self._patience()
        while True:
            try:
                return call()
            except errors.MastraError as error:
                harmless = isinstance(error, errors.UnknownOutcome)  # of a compaction
                if not ((harmless or transient(error)) and patience.rest()):
                    raise

    def _patience(self) -> Patience:
        return Patience(self._clock, self._tries, self._limit)


class Patience:
    """How long one call is asked again: so many times, and not beyond a time by the clock."""

    def __init__(self, clock: Clock, tries: int, limit: float) -> None:
        self._clock = clock
        self._left = tries
        self._pause = _FIRST_REST
        self._end = clock.monotonic() + limit

    def rest(self) -> bool:
        """Sleep before the next try, somewhere between half the pause and all of it; False if there is none.

        The jitter keeps those who failed together from coming again together.
        """
        if self._left <= 0:
            return False
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - to spread load, not to keep a secret
        if self._clock.monotonic() + pause > self._end:
            return False
        self._left -= 1
        self._pause = min(self._pause * 2, _LONGEST_REST)
        self._clock.sleep(pause)
        return True


def _after_conflict(
    copies: Copies, conflict: errors.Conflict, unknown: errors.UnknownOutcome | None
) -> Commit | None:
    """What an earlier copy did; None if none did anything and all are to be pinned anew. Raises Conflict."""
    found = None if unknown is None else copies.after_conflict(conflict, unknown)
    if found is None and conflict.key not in copies.pinned.own:
        raise conflict
    return found


def transient(error: errors.MastraError) -> bool:
    """Whether what failed certainly was not done, and might be if it is asked again."""
    if isinstance(error, errors.StorageClosed):
        return False
    return isinstance(error, errors.Unavailable | errors.StorageConnectionError)
