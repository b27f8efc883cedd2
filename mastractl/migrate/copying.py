"""Copying a store into another, of whatever engines, while the source goes on being used.

What is promised: the destination ends as the source was at one revision (`Copied.revision`), which is at
least the one that the source had when the copy began; what is written to the source after that is not in
it. With history, every commit that the source's log still holds becomes a commit of the destination, in
order, with its origin, at its time, and what expires does so at its time. A copy that was interrupted,
killed or cut off goes on where it was when it is called again, and does nothing twice. At the end both are
read and compared. The destination is nobody else's until then.
"""

from __future__ import annotations

import contextlib
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.migrate import marker as markers
from mastractl.migrate import moments
from mastractl.migrate.accounts import Live, Survey, refuse_misfit, survey
from mastractl.migrate.marker import Marker, refuse_unfinished
from mastractl.migrate.replayclock import BEGINNING
from mastractl.migrate.transfer import Counts, Transfer

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.migrate.accounts import Account
    from mastractl.migrate.moments import Tally
    from mastractl.migrate.replayclock import ReplayClock
    from mastractl.migrate.transfer import Told

_SOON = 3600.0
"""Seconds. A source that cannot be written hides what expires without saying so: what would expire while
it is read is not compared."""


class How(NamedTuple):
    """What is wanted of a copy.

    `history`: replay the log (True) or take only what stands (False); None: as it was begun, and with
    history if it is new. `replace`: remove what the destination holds. `split`: make several revisions of a
    commit that the destination does not take in one. `leave_open`: do not finish, so that the same copy
    called again later brings what was written meanwhile.
    """

    history: bool | None = None
    replace: bool = False
    split: bool = False
    leave_open: bool = False


PLAIN = How()
"""A copy with history into an empty store."""


class Copied(NamedTuple):
    """What a copy came to: the destination is what the source was at `revision`.

    `counts` is what this run wrote, `went_on` says that an earlier run had begun, `same` that the two were
    the same already and nothing was done.
    """

    revision: int
    tally: Tally
    counts: Counts
    history: bool
    went_on: bool = False
    same: bool = False


class Planned(NamedTuple):
    """What a copy would do: `begins` with the source's revision, and writes what the survey found.

    `removes`: whether something is removed from the destination first.
    """

    begins: int
    present: int
    history: bool
    found: Survey
    goes_on: bool
    removes: bool
    same: bool = False


def _silent(doing: str, done: int, total: int) -> None:
    del doing, done, total


def copy(
    source: Engine, destination: Engine, clock: ReplayClock, how: How = PLAIN, *, told: Told = _silent
) -> Copied:
    """Copy everything. `clock` must be the one with which the destination was opened.

    Raises Conflict for a destination that holds something else or is written to by others, TooLarge and
    BadRequest for what does not fit there (nothing is written then), Expired if the source's log is
    compacted beyond where the copy is, StorageValidationError if the two differ at the end, and whatever
    the engines raise. Whenever it is interrupted, calling it again goes on; with `replace`, it begins anew
    if that cannot be.
    """
    clock.set(BEGINNING)
    if how.replace and any(marker.source == source.identity for marker in markers.unfinished(destination)):
        with contextlib.suppress(errors.Conflict, errors.Expired, errors.StorageValidationError):
            return _copy(source, destination, clock, how._replace(replace=False), told)
    return _copy(source, destination, clock, how, told)


def _copy(source: Engine, destination: Engine, clock: ReplayClock, how: How, told: Told) -> Copied:
    planned, account, marker = _prepare(source, destination, clock, how)
    if planned.same:
        tally = account.tally(planned.present, alive_at=-inf)
        return Copied(planned.present, tally, Counts(), planned.history, same=True)
    transfer = Transfer(account, destination, clock, marker, split=how.split, told=told)
    if not planned.goes_on:
        transfer.begin(replace=planned.removes)
    transfer.run()
    tally = transfer.verify(_alive_at(source, clock))
    if not how.leave_open:
        transfer.finish()
    return Copied(transfer.position, tally, transfer.counts, planned.history, went_on=planned.goes_on)


def plan(source: Engine, destination: Engine, clock: ReplayClock, how: How = PLAIN) -> Planned:
    """What `copy` would do; raises what it would refuse. Reads the whole of the source, writes nothing."""
    planned, account, marker = _prepare(source, destination, clock, how, only_look=True)
    if planned.same or planned.found != Survey():
        return planned
    return planned._replace(found=survey(account, marker.floor))


def refuse_unwritable(destination: Engine) -> None:
    """Refuse a destination that cannot be written. Raises Forbidden."""
    if not destination.health().writable:
        message = "the destination cannot be written"
        raise errors.Forbidden(message, hint="`mastractl store info` says why")


def going_on(destination: Engine, ours: Marker) -> Marker | None:
    """The marker of the unfinished copy that is to go on, None for a new one.

    Raises Conflict for a destination in which another copy is unfinished.
    """
    for marker in markers.unfinished(destination):
        if marker.key == ours.key:
            return marker
        message = f"the destination is an unfinished copy of another store, {marker.source}"
        raise errors.Conflict(message, key=marker.key, hint="finish that one, or remove it with --replace")
    return None


def is_empty(destination: Engine) -> bool:
    """Whether nothing stands in a store."""
    return not destination.range("", limit=1).entries


def _prepare(
    source: Engine, destination: Engine, clock: ReplayClock, how: How, *, only_look: bool = False
) -> tuple[Planned, Account, Marker]:
    """All that can be refused is refused here, before anything is written."""
    clock.set(BEGINNING)
    if source.identity == destination.identity:
        message = "the source and the destination are the same store"
        raise errors.BadRequest(message, hint="name two different stores")
    refuse_unfinished(source, "source")
    account = Live(source, history=how.history is not False)
    ours = Marker(source.identity, account.first, history=how.history is not False)
    if not only_look:
        refuse_unwritable(destination)
    begun = None if how.replace else going_on(destination, ours)
    if begun is not None:
        ours = _as_begun(begun, how)
    present = account.present()
    planned = Planned(ours.floor, present, ours.history, Survey(), begun is not None, removes=how.replace)
    if begun is None and not is_empty(destination):
        if not how.replace:
            same = _is_same(account, destination, present, _alive_at(source, clock))
            return planned._replace(same=same), account, ours
    elif begun is None:
        planned = planned._replace(removes=False)
    limits = destination.capabilities
    if limits.max_commit or not limits.ttl or limits.max_value < source.capabilities.max_value:
        planned = planned._replace(found=survey(account, ours.floor))
        refuse_misfit(planned.found, limits, split=how.split)
    return planned, account, ours


def _as_begun(begun: Marker, how: How) -> Marker:
    if how.history is not None and how.history != begun.history:
        said = "with its history" if begun.history else "without history"
        message = f"this copy was begun {said}, and cannot go on otherwise"
        raise errors.Conflict(
            message, key=begun.key, hint="go on as it was begun, or begin anew with --replace"
        )
    return begun


def _is_same(account: Account, destination: Engine, present: int, alive_at: float) -> bool:
    """A destination that is in use may only be what the source is already. Raises Conflict."""
    there = account.tally(present, alive_at=alive_at)
    here = moments.tally(moments.standing(destination, destination.revision()), alive_at=alive_at)
    if here == there:
        return True
    entries = f"{here.entries} {'entry' if here.entries == 1 else 'entries'}"
    message = f"the destination holds {entries} of its own, and nothing says that they may go"
    raise errors.Conflict(message, hint="name an empty store, or remove what is there with --replace")


def _alive_at(source: Engine, clock: ReplayClock) -> float:
    if source.health().writable:
        return -inf
    return clock.present() + _SOON
