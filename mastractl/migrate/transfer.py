"""Carrying an account over into a store, commit by commit: what `copying` and `restore` have in common.

Each commit of the account becomes one commit of the destination, with its origin and at its time; what
expired there expires here by the destination's own sweep, at the same place in the log. Only one may write
to the destination meanwhile: anybody else is noticed by the revision that a commit makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from mastractl import errors
from mastractl.engines.contract import EXPIRED, Delete, Put
from mastractl.migrate import moments
from mastractl.migrate.replayclock import BEGINNING, Dues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.engines.contract import Change, Engine, Entry, Op
    from mastractl.migrate.accounts import Account
    from mastractl.migrate.marker import Marker
    from mastractl.migrate.moments import Step
    from mastractl.migrate.replayclock import ReplayClock

_BYTES = 1 << 20
"""How much is written in one commit where that is free to choose, values larger than that excepted."""

_ATTEMPTS = 3
_ROUNDS = 8
"""How often a source that goes on meanwhile is caught up with, before it is called enough."""


class Told(Protocol):
    """Is told how far a transfer is."""

    def __call__(self, doing: str, done: int, total: int) -> None:
        """What is being done, how much of it is done, and how much there is (0: not known)."""
        ...


class Counts(NamedTuple):
    """What a run wrote: entries that stood where the account begins, commits after that, entries removed."""

    entries: int = 0
    commits: int = 0
    removed: int = 0


class Transfer:
    """One run. `clock` is the one that the destination was opened with.

    `marker` says how far earlier runs came; it is that of the destination, or a new one. With `split`, a
    commit that the destination does not take becomes several. Without
    `marker.history` the entries of the base are written in few commits, with the present as their
    `created_at`; with it, `created_at` is what it was.
    """

    def __init__(
        self,
        account: Account,
        destination: Engine,
        clock: ReplayClock,
        marker: Marker,
        *,
        split: bool,
        told: Told,
    ) -> None:
        self._account = account
        self._destination = destination
        self._clock = clock
        self._split = split
        self._told = told
        limits = destination.capabilities
        self._most = limits.max_commit
        self._bytes = min(_BYTES, limits.max_value)
        self._dues = Dues()
        self.marker = marker
        self.counts = Counts()
        self._now = clock.present()
        clock.set(BEGINNING)
        self._revision = destination.revision()

    @property
    def position(self) -> int:
        """Up to which revision of the source everything is done."""
        return self.marker.there + self._revision - self.marker.here

    def begin(self, *, replace: bool) -> None:
        """Put the marker; with `replace`, what stands is to go first."""
        if replace:
            self._clock.set(self._now)  # what has expired here goes first, which is a revision of its own
            self.marker = self.marker._replace(stage="emptying")
            self._revision = self._destination.commit([self.marker.put()], origin="copy").revision
        elif self.marker.floor or self._revision:
            self._mark(stage="base")
        else:  # an account from the very beginning, into a store without a past
            self._mark(stage="log", there=0, here=self._revision + 1)

    def run(self) -> None:
        """Do what is left, until the source is caught up with. May be interrupted at any moment."""
        if self.marker.stage == "emptying":
            self._empty()
        for entry in self._everything():
            self._dues.stands(entry)
        if self.marker.stage == "base":
            self._write_base()
            self._mark(stage="log", there=self.marker.floor, here=self._revision + 1)
        if self.marker.here > 1:  # what was written so far is no history of the source
            self._destination.compact(self.marker.here)
        self._refuse_strangers()
        for _ in range(_ROUNDS):
            target = self._account.present()
            if target <= self.position:
                break
            self._replay(target)

    def verify(self, alive_at: float) -> moments.Tally:
        """Compare what stands here with what stood in the source where the copy is. Reads both.

        What has expired `alive_at` does not count. Raises StorageValidationError.
        """
        self._told("comparing", 0, 0)
        there = self._account.tally(self.position, alive_at=alive_at)
        here = moments.tally(self._everything(), without={self.marker.key}, alive_at=alive_at)
        if here == there:
            return here
        message = (
            f"the copy is not what the source is at revision {self.position}: "
            f"{here.entries} entries ({here.digest[:12]}) here, {there.entries} ({there.digest[:12]}) there"
        )
        raise errors.StorageValidationError(
            message, hint="check both with `mastractl store check`, and begin anew: --replace, or --force"
        )

    def finish(self) -> None:
        """Take the marker away: the destination is a store like any other now, at the present time."""
        self._clock.release()
        self._destination.commit([Delete(self.marker.key)], origin="copy")

    def _everything(self) -> Iterator[Entry]:
        after = ""
        while True:
            page = self._destination.range("", limit=moments.PAGE, after=after)
            yield from page.entries
            after = page.next
            if not after:
                return

    def _empty(self) -> None:
        self._clock.set(BEGINNING)
        held: list[Op] = []
        for entry in self._everything():
            if entry.key == self.marker.key:
                continue
            held.append(Delete(entry.key))
            if len(held) >= (self._most or moments.PAGE):
                self._remove(held)
                held = []
        self._remove(held)
        self._mark(stage="base")

    def _remove(self, ops: Sequence[Op]) -> None:
        if ops:
            self._clock.set(self._now)
            self._revision = self._destination.commit(ops, origin="copy").revision
            self._clock.set(BEGINNING)
            self.counts = self.counts._replace(removed=self.counts.removed + len(ops))
            self._told("removing what was there", self.counts.removed, 0)

    def _write_base(self) -> None:
        for batch in self._batches(self._account.base(self.marker.floor)):
            groups: dict[float, list[Entry]] = {}
            for entry in batch:
                groups.setdefault(entry.created_at if self.marker.history else self._now, []).append(entry)
            for at, group in groups.items():
                self._set(at)
                self._commit([Put(e.key, e.value, expires_at=e.expires_at) for e in group], origin="copy")
                for entry in group:
                    self._dues.stands(entry)
            self.counts = self.counts._replace(entries=self.counts.entries + len(batch))
            self._told("copying entries", self.counts.entries, 0)

    def _batches(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        batch: list[Entry] = []
        size = 0
        for entry in entries:
            if batch and (
                size + len(entry.value) > self._bytes or len(batch) >= (self._most or moments.PAGE)
            ):
                yield batch
                batch, size = [], 0
            batch.append(entry)
            size += len(entry.value)
        if batch:
            yield batch

    def _replay(self, target: int) -> None:
        first, last = self.marker.floor, target
        for step in self._account.log(self.position, upto=target):
            if step.revision != self.position + 1:
                message = f"the source's log goes from revision {self.position} to {step.revision}"
                raise errors.StorageValidationError(message, hint="`mastractl store check` says more")
            if not self._sweep(step):
                self._set(step.at)
                self._commit_step(step)
                self._note(step)
            self.counts = self.counts._replace(commits=self.counts.commits + 1)
            self._told("replaying commits", step.revision - first, last - first)

    def _note(self, step: Step) -> None:
        for change in step.changes:
            if change.entry is None:
                self._dues.gone(change.key)
            else:
                self._dues.stands(change.entry)

    def _sweep(self, step: Step) -> bool:
        """Let the destination remove by itself what the source removed because it had expired.

        Whether that is what the commit was; if it only says so, it is a commit like any other.
        """
        if step.origin != EXPIRED or any(change.entry is not None for change in step.changes):
            return False
        last = self._dues.latest(change.key for change in step.changes)
        if last > step.at:
            return False
        self._note(step)
        self._clock.set(max(self._dues.before_next(step.at), last))
        before = self._revision
        self._revision = self._destination.revision()
        done = self._destination.changes(before).changes
        if self._revision != before + 1 or {c.key for c in done} != {c.key for c in step.changes}:
            raise self._stranger(self._revision)
        return True

    def _commit_step(self, step: Step) -> None:
        ops: list[Op] = [
            Delete(c.key) if c.entry is None else Put(c.key, c.entry.value, expires_at=c.entry.expires_at)
            for c in step.changes
        ]
        if not self.marker.part and (not self._most or len(ops) <= self._most):
            try:
                self._commit(ops, origin=step.origin)
            except errors.TooLarge as error:  # in bytes: nothing was written
                if not self._split or len(ops) == 1:
                    raise self._too_large(step, error) from error
            else:
                return
        position = self.position
        while (first := self.marker.part) < len(ops) and position == self.position:
            done = first + self._piece(ops[first:])
            after = self.marker._replace(
                here=self._revision + 1,
                there=position + (done == len(ops)),
                part=done if done < len(ops) else 0,
            )
            self._commit([*ops[first:done], after.put()], origin=step.origin)
            self.marker = after

    def _piece(self, ops: Sequence[Op]) -> int:
        """How many of the operations go into one commit, beside the marker."""
        size = 0
        for count, op in enumerate(ops):
            size += len(op.value) if isinstance(op, Put) else 0
            if count and (size > self._bytes or count + 1 == self._most):
                return count
        return len(ops)

    def _too_large(self, step: Step, error: errors.TooLarge) -> errors.TooLarge:
        message = f"the destination does not take revision {step.revision} of the source: {error.message}"
        hint = "with --split-commits the same command goes on, and makes several revisions of it"
        return errors.TooLarge(message, hint=error.hint if len(step.changes) == 1 else hint)

    def _set(self, at: float) -> None:
        """Let the destination's time be this, but let nothing expire that had not expired in the source."""
        self._clock.set(self._dues.before_next(at))

    def _mark(self, **changed: object) -> None:
        after = self.marker._replace(**changed)  # type: ignore[arg-type]
        self._set(self._now)
        self._commit([after.put()], origin="copy")
        self.marker = after

    def _commit(self, ops: Sequence[Op], *, origin: str) -> None:
        """One revision, or none if all of it stands already; once, even if the connection is lost."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                made = self._destination.commit(ops, origin=origin).revision
            except (errors.UnknownOutcome, errors.Unavailable):
                if attempt == _ATTEMPTS:
                    raise
                made = self._destination.revision()
                if made == self._revision:
                    continue
            if made not in {self._revision, self._revision + 1}:
                raise self._stranger(made)
            self._revision = made
            return

    def _stranger(self, revision: int) -> errors.Conflict:
        message = f"somebody else wrote to the destination while it was copied to (revision {revision})"
        return errors.Conflict(
            message, hint="let nobody use it until the copy is finished; copy again with --replace"
        )

    def _refuse_strangers(self) -> None:
        """Whether the last commit here is the one of the source where an earlier run left off."""
        if self._revision == self.marker.here:
            return
        try:
            expected = [
                c for s in self._account.log(self.position - 1, upto=self.position) for c in s.changes
            ]
        except errors.FutureRevision:
            raise self._stranger(self._revision) from None
        except errors.Expired:
            return  # it is forgotten already; the comparison at the end has the last word
        done = self._destination.changes(self._revision - 1).changes
        if self.marker.part or _gist(expected) != _gist(done):
            raise self._stranger(self._revision)


def _gist(changes: Iterable[Change]) -> list[tuple[str, str, bytes | None]]:
    return [(c.key, c.origin, c.entry and c.entry.value) for c in changes]
