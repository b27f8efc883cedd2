"""Proving that a store is whole, by the contract alone: that its log and what stands tell the same story.

Each state that the log says a key was brought to must be found once more: as what a later change replaced,
or as what stands. Both sides are summed over the whole store, in some thousand heaps by key, so that no
more than a page is held; only the keys of a heap whose sums differ are then looked at one by one. What an
engine can say of its own accounts (`contract.Checkable`) and of its health comes after that.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, cast

from mastractl import errors, values
from mastractl.clock import SystemClock
from mastractl.engines.checks import check_key
from mastractl.engines.contract import Flaw
from mastractl.migrate import moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.engines.contract import Change, Checkable, Engine, Entry
    from mastractl.migrate.moments import Step

    Told = Callable[[str, int, int], None]

_HEAPS = 4096
_ANEW = 3
"""How often a check begins anew because the log was compacted beneath it."""

_MEND = "restore a backup, or copy what stands into a new store with `mastractl store copy --no-history`"


class Looked:
    """What was looked at: up to which revision, from which on, how many entries, commits and changes.

    `own` says whether the engine has accounts of its own, which were compared too.
    """

    def __init__(self) -> None:
        self.revision = self.compacted = 0
        self.entries = self.commits = self.changes = 0
        self.own = False


def check(
    engine: Engine, *, repair: bool = False, looked: Looked | None = None, told: Told | None = None
) -> Iterator[Flaw]:
    """Compare all that a store says of itself, while others may write to it, and yield what does not agree.

    With `repair` the engine mends what it can of its own accounts. `looked` is filled in on the way.
    """
    looked = looked or Looked()
    tell = told or (lambda _doing, _done, _total: None)
    for attempt in range(1, _ANEW + 1):
        held: list[Flaw] = []
        try:
            held.extend(_Examination(engine, looked, tell).flaws())
        except errors.FutureRevision:
            raise
        except errors.Expired:  # compacted meanwhile
            if attempt == _ANEW:
                raise
            continue
        yield from held
        break
    if callable(getattr(engine, "check", None)):
        looked.own = True
        tell("comparing the engine's own accounts", 0, 0)
        yield from cast("Checkable", engine).check(repair=repair)
    for problem in engine.health().problems:
        yield Flaw(*problem)


class _Examination:
    """One reading of everything between the compaction and the present, as they are when it begins."""

    def __init__(self, engine: Engine, looked: Looked, told: Told) -> None:
        health = engine.health()
        self._engine = engine
        self._told = told
        self._looked = looked
        self._first, self._last = health.compacted, engine.revision()
        looked.compacted, looked.revision = self._first, self._last
        looked.entries = looked.commits = looked.changes = 0
        self._sums = [0] * _HEAPS

    def flaws(self) -> Iterator[Flaw]:
        """All that is wrong, the log first."""
        due = self._first + 1
        for step in moments.log(self._engine, self._first, upto=self._last):
            if step.revision != due:
                yield _flaw("", f"the log goes from revision {due - 1} to {step.revision}")
            due = step.revision + 1
            yield from self._step(step)
            self._told("reading the log", step.revision - self._first, self._last - self._first)
        if due != self._last + 1:
            yield _flaw("", f"the log ends at revision {due - 1}, and the store is at {self._last}")
        ahead: list[Flaw] = []
        for entry in moments.standing(self._engine, self._last, ahead=_noted(ahead)):
            yield from self._standing(entry)
            if self._looked.entries % moments.PAGE == 0:
                self._told("reading entries", self._looked.entries, 0)
        yield from ahead
        apart = {heap for heap, total in enumerate(self._sums) if total % (1 << 256)}
        if apart:
            yield from self._apart(apart)

    def _step(self, step: Step) -> Iterator[Flaw]:
        self._looked.commits += 1
        self._looked.changes += len(step.changes)
        seen: set[str] = set()
        for change in step.changes:
            if change.key in seen:
                yield _flaw(change.key, f"revision {step.revision} changes it twice")
            seen.add(change.key)
            if (change.origin, change.at) != (step.origin, step.at):
                yield _flaw(change.key, f"revision {step.revision} has two origins or two times")
            if fault := _fault_of_change(change):
                yield _flaw(change.key, f"revision {step.revision}: {fault}")
            if change.entry is not None:
                yield from _faults_of_entry(change.entry)
                self._sum(change.entry, 1)
            if change.previous is not None and change.previous.revision > self._first:
                self._sum(change.previous, -1)

    def _standing(self, entry: Entry) -> Iterator[Flaw]:
        self._looked.entries += 1
        if entry.revision > self._first:
            self._sum(entry, -1)
        else:
            yield from _faults_of_entry(entry)

    def _sum(self, entry: Entry, sign: int) -> None:
        self._sums[_heap(entry.key)] += sign * moments.number(repr(entry).encode())

    def _apart(self, heaps: set[int]) -> Iterator[Flaw]:
        """The keys of these heaps, each state of which is looked for."""
        states: dict[str, Entry | None] = {}
        for step in moments.log(self._engine, self._first, upto=self._last):
            for change in step.changes:
                if _heap(change.key) not in heaps:
                    continue
                known = change.key in states or (
                    change.previous is not None and change.previous.revision > self._first
                )
                if known and states.get(change.key) != change.previous:
                    yield _flaw(
                        change.key,
                        f"revision {step.revision} replaced {_told(change.previous)}, "
                        f"and the log had {_told(states.get(change.key))}",
                    )
                states[change.key] = change.entry
        for entry in moments.standing(self._engine, self._last, ahead=_noted([])):
            if _heap(entry.key) not in heaps or entry.revision <= self._first:
                continue
            if states.get(entry.key) != entry:
                said = _told(states.get(entry.key))
                yield _flaw(entry.key, f"{_told(entry)} stands, and the log ends with {said}")
            states.pop(entry.key, None)
        now = SystemClock().now()  # a store that cannot be written hides what has expired
        for key, state in states.items():
            if state is not None and (state.expires_at is None or state.expires_at > now):
                yield _flaw(key, f"nothing stands of {_told(state)}, with which the log ends")


def _noted(flaws: list[Flaw]) -> Callable[[Entry, int], None]:
    """What notes the entries that are ahead of their store."""

    def note(entry: Entry, revision: int) -> None:
        flaws.append(_flaw(entry.key, f"{_told(entry)} stands, and the store is at {revision}"))

    return note


def _fault_of_change(change: Change) -> str:
    """What is impossible about a change; "" if nothing is."""
    entry, previous = change.entry, change.previous
    if entry is None and previous is None:
        return "it deletes what was not there"
    if previous is not None and (previous.key != change.key or previous.revision >= change.revision):
        return f"what it replaced is {_told(previous)}"
    if entry is None:
        return ""
    if entry.key != change.key or entry.revision != change.revision:
        return f"it tells of {_told(entry)}"
    created = change.revision if previous is None else previous.created_revision
    if entry.created_revision != created:
        return f"its key was made in revision {entry.created_revision}, not in {created}"
    return ""


def _faults_of_entry(entry: Entry) -> Iterator[Flaw]:
    try:
        check_key(entry.key)
    except errors.BadRequest as error:
        yield _flaw(entry.key, error.message)
    if not 0 < entry.created_revision <= entry.revision:
        yield _flaw(entry.key, f"revision {entry.revision}, made in {entry.created_revision}: that cannot be")
    try:
        fine = isinstance(values.load(entry.value), dict)
    except (ValueError, RecursionError):
        fine = False
    if not fine:
        yield _flaw(entry.key, f"its value of revision {entry.revision} is no JSON object")


def _heap(key: str) -> int:
    return int.from_bytes(sha256(key.encode(errors="surrogatepass")).digest()[:4], "big") % _HEAPS


def _told(entry: Entry | None) -> str:
    return "nothing" if entry is None else f"its state of revision {entry.revision}"


def _flaw(key: str, message: str) -> Flaw:
    return Flaw(key, key, message, _MEND)
