"""Commits: one transaction of etcd each, guarded by the head that they were planned on.

Whoever loses the race for the head is told in the same answer how things stand now, and plans again.
Threads of one process take turns, so that they do not race each other.
"""

from __future__ import annotations

import math
import random
import threading
import time
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines import planning
from mastractl.engines.contract import EXPIRED, Commit, Delete
from mastractl.engines.etcd import records, txn
from mastractl.engines.etcd.leases import Leases
from mastractl.engines.etcd.reading import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Change, Entry, Op
    from mastractl.engines.etcd.records import Head
    from mastractl.engines.etcd.seen import Standing
    from mastractl.engines.etcd.store import Store

PATIENCE = 30.0
"""Seconds for which a commit tries to get in between those of others."""

_EAGER, _REST = 50, 0.002
"""So many times a commit is tried again at once, then with rests of up to so many seconds. Whoever rests
is overtaken by those who do not: with growing rests, one of two busy writers got in once in three seconds,
and with none as often as the other."""

_GUESSES = 40
"""So many keys at most are guessed not to exist; if more are unknown, they are read first."""

_SWEEP = 1000
"""How many entries one commit removes, at most, because they expired."""

_FORGET = 1000
"""How many lines of the log are removed at a time: etcd does nothing else meanwhile."""


class Writer:
    """The commits of one process. Thread-safe."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._leases = Leases(store.address.grace)
        self._turn = threading.Lock()

    def commit(self, ops: Sequence[Op], origin: str) -> Commit:
        """Apply the operations, which were checked; what is due goes first, as a commit of its own."""
        keys = [op.key for op in ops]
        with self._turn:
            standing = self._guess(ops, keys)
            for _ in self._tries():
                standing = standing or self._store.standing(keys)
                now = self._clock.now()
                if is_due(standing.head, now):
                    self._expire(now)
                    standing = None
                    continue
                made = self._planned(ops, standing, origin, now)
                if made is None:  # the guess was not good enough to say no on
                    standing = None
                elif not made:
                    return Commit(standing.head.revision, ())
                else:
                    standing = self._write(standing, made, keys)
                    if standing is None:
                        return Commit(made[0].revision, made)
        raise self._crowded()

    def expire(self, now: float) -> None:
        """Remove what is due by then, as a commit of its own, or several if it is very much."""
        with self._turn:
            self._expire(now)

    def compact(self, before: int) -> None:
        """Forget the log up to a revision: first the head says so, then the lines go, some at a time."""
        with self._turn:
            for _ in self._tries():
                head, modified = self._store.head()
                if before > head.revision:
                    refuse(head, before)
                if before <= head.compacted:
                    return
                if self._rewrite(head._replace(compacted=before), modified):
                    break
            else:
                raise self._crowded()
        self.forget_below(before)

    def forget_below(self, before: int) -> int:
        """Remove the lines of the log up to a revision; gives how many spans there were."""
        names, spans = self._store.names, 0
        born = txn.created(names.head, self._store.born)
        while True:
            first = txn.span(names.log, names.line(before + 1), limit=1, more=txn.KEYS_ONLY)
            found = self._store.gateway.ask("/v3/kv/range", first).get("kvs")
            if not found:
                return spans
            begin = int(txn.unb64(found[0]["key"])[len(names.log) :])
            stop = min(begin + _FORGET, before + 1)
            gone = [txn.delete(names.line(begin), names.line(stop))]
            answer = self._store.txn(gone, [txn.read(names.head)], [born], wrote=True)
            if not answer.get("succeeded"):
                self._store.head_in(next(txn.ranges(answer)))
                return spans
            spans += 1

    def _guess(self, ops: Sequence[Op], keys: Sequence[str]) -> Standing | None:
        """How the keys stand as far as was seen, if a commit may be tried on that."""
        standing = self._store.seen.guess(keys)
        if standing is None or len(standing.unknown) > _GUESSES:
            return None
        unknown = set(standing.unknown)
        for op in ops:
            if op.key in unknown and (op.if_revision or (isinstance(op, Delete) and op.if_revision is None)):
                return None  # it must be there, or will be: it takes its previous state to go on
        return standing

    def _planned(
        self, ops: Sequence[Op], standing: Standing, origin: str, now: float
    ) -> tuple[Change, ...] | None:
        """What the operations change; None where a mere guess says that they change nothing or conflict."""
        try:
            revision = standing.head.revision + 1
            made = planning.plan(ops, standing.entries, revision=revision, origin=origin, now=now)
        except errors.Conflict:
            if standing.fresh:
                raise
            return None
        return made if made or standing.fresh else None

    def _write(self, standing: Standing, made: Sequence[Change], keys: Sequence[str]) -> Standing | None:
        """Write what was planned: None if that is done, else how things stand instead."""
        names, before = self._store.names, standing.head
        times = [change.entry.expires_at for change in made if change.entry]
        head = before._replace(revision=before.revision + 1, due=records.soonest(before.due, *times))
        try:
            success = [*self._records(head, made), *self._entries(made)]
        except errors.NotFound:
            self._leases.forget()
            return standing
        self._refuse_large(success, made)
        compare = [txn.modified(names.head, standing.modified)]
        compare += [txn.absent(names.entry(key)) for key in standing.unknown]
        # What is many is read again only if it has to be: to ask for it would take as long as the writing.
        instead = self._store.reads(keys) if len(keys) <= txn.FLAT else ()
        try:
            answer = self._store.txn(success, instead, compare, wrote=True)
        except errors.NotFound:  # the lease ended before it was used
            self._leases.forget()
            return self._store.standing(keys)
        if not answer.get("succeeded"):
            return self._store.standing_in(answer) if instead else self._store.standing(keys)
        self._store.seen.note_commit(standing.modified, head, int(answer["header"]["revision"]), made)
        return None

    def _records(self, head: Head, made: Sequence[Change]) -> list[str]:
        names = self._store.names
        line = records.dump_changes(made)
        return [txn.put(names.head, head.dump()), txn.put(names.line(head.revision), line)]

    def _entries(self, made: Sequence[Change]) -> Iterable[str]:
        """The operations on the entries that changed, and on what is kept of those that expire."""
        names = self._store.names
        lease = self._lease(made)
        for change in made:
            entry, previous = change.entry, change.previous
            held = lease if records.expires(entry) else ""
            if entry is None:
                yield txn.delete(names.entry(change.key))
            else:
                yield txn.put(names.entry(change.key), records.dump_entry(entry), held)
            dues = [_due_name(names, one) for one in (previous, entry)]
            if dues[0] and dues[0] != dues[1]:
                yield txn.delete(dues[0])
            if entry is not None and dues[1]:
                yield txn.put(dues[1], records.dump_due(entry))

    def _lease(self, made: Sequence[Change]) -> str:
        """One lease for all entries of a commit that expire, by the last of them."""
        times = [c.entry.expires_at for c in made if c.entry and c.entry.expires_at is not None]
        finite = [at for at in times if at != math.inf]
        if not finite:
            return ""
        return self._leases.covering(self._store.gateway, max(finite), self._clock.now())

    def _refuse_large(self, success: Sequence[str], made: Sequence[Change]) -> None:
        """Raises TooLarge for a transaction that etcd would refuse; base64 makes four bytes of three."""
        most = self._store.address.max_request_bytes
        size = sum(len(operation) * 3 // 4 for operation in success)
        if size <= most:
            return
        message = f"a commit of {len(made)} changes takes about {size} bytes; etcd takes {most} at a time"
        raise errors.TooLarge(
            message,
            hint="split the work, or raise --max-request-bytes, and max_request_bytes in the URL",
        )

    def _rewrite(self, head: Head, modified: int) -> bool:
        """Write the head alone, which makes no revision; False if somebody else wrote it meanwhile."""
        names = self._store.names
        compare = [txn.modified(names.head, modified)]
        answer = self._store.txn([txn.put(names.head, head.dump())], (), compare, wrote=True)
        if not answer.get("succeeded"):
            return False
        self._store.seen.note_commit(modified, head, int(answer["header"]["revision"]), ())
        return True

    def _expire(self, now: float) -> None:
        for _ in self._tries():
            if self._sweep(now):
                return
        raise self._crowded()

    def _sweep(self, now: float) -> bool:
        """Remove some of what is due; True when nothing is left of it."""
        names = self._store.names
        later = names.due(math.nextafter(now, math.inf))
        reads = [
            txn.read(names.head),
            txn.read(names.dues, later, limit=_SWEEP + 1),
            txn.read(later, records.end(names.dues), limit=1),
        ]
        first, now_due, next_due = txn.ranges(self._store.txn(reads))
        head, modified = self._store.head_in(first)
        due = records.load_dues(names, now_due.get("kvs", ()))
        following = records.load_dues(names, next_due.get("kvs", ()))
        if not due:
            right = head._replace(due=records.soonest(*(entry.expires_at for entry in following)))
            return head == right or self._rewrite(right, modified)
        batch = self._batch(due)
        return self._remove(batch, modified, due[len(batch) :] or following, now) and len(batch) == len(due)

    def _batch(self, due: Sequence[Entry]) -> Sequence[Entry]:
        """As many as fit in one commit."""
        size, most = 0, self._store.address.max_request_bytes // 2
        for count, entry in enumerate(due[:_SWEEP]):
            size += len(entry.value) + 4 * len(entry.key) + 200
            if count and size > most:
                return due[:count]
        return due[:_SWEEP]

    def _remove(self, due: Sequence[Entry], modified: int, rest: Sequence[Entry], now: float) -> bool:
        """Remove entries, even if etcd has removed them already. False if somebody else came between."""
        names = self._store.names
        standing = self._store.standing([entry.key for entry in due])
        if standing.modified != modified:
            return False
        there = {entry.key: entry.revision for entry in standing.entries.values()}
        # A key that stands at another revision was made anew by one who saw nothing there.
        gone = {entry.key: entry for entry in due if there.get(entry.key, entry.revision) == entry.revision}
        revision = standing.head.revision + 1 if gone else standing.head.revision
        ops = [Delete(key) for key in sorted(gone)]
        made = planning.plan(ops, gone, revision=revision, origin=EXPIRED, now=now)
        head = standing.head._replace(
            revision=revision, due=records.soonest(*(entry.expires_at for entry in rest))
        )
        success = self._records(head, made) if made else [txn.put(names.head, head.dump())]
        success += [txn.delete(names.entry(key)) for key in gone]
        success += [txn.delete(name) for entry in due if (name := _due_name(names, entry))]
        answer = self._store.txn(success, (), [txn.modified(names.head, modified)], wrote=True)
        if answer.get("succeeded"):
            self._store.seen.note_commit(modified, head, int(answer["header"]["revision"]), made)
        return bool(answer.get("succeeded"))

    def _tries(self) -> Iterable[int]:
        """Turns, until patience is over."""
        deadline, turn = time.monotonic() + PATIENCE, 0
        while time.monotonic() < deadline:
            yield turn
            turn += 1
            if turn > _EAGER:
                time.sleep(_REST * random.random())  # noqa: S311 - to be out of step with others

    def _crowded(self) -> errors.Unavailable:
        message = f"others write to {self._store.shown} so much that a commit did not get in between"
        return errors.Unavailable(message, hint="nothing was written; try again")


def is_due(head: Head, now: float) -> bool:
    """Whether something may have expired by then."""
    return head.due is not None and head.due <= now


def _due_name(names: records.Names, entry: Entry | None) -> bytes:
    """Where it is kept that an entry expires, b"" if it does not."""
    if entry is None or entry.expires_at is None or not records.expires(entry):
        return b""
    return names.due(entry.expires_at, entry.key)
