"""What can be moved: how things stood where an account begins, and every commit after that.

A store that is open is one account of itself (`Live`), a backup file another (`backupfile`).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mastractl import errors
from mastractl.migrate import moments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.contract import Capabilities, Engine, Entry
    from mastractl.migrate.moments import Step, Tally


class Account(Protocol):
    """What a store was and became."""

    @property
    def identity(self) -> str:
        """The uid of the store that this is an account of."""
        ...

    @property
    def first(self) -> int:
        """The revision with which the account begins, as it is told now."""
        ...

    def present(self) -> int:
        """The last revision there is; a live store may go on."""
        ...

    def base(self, floor: int) -> Iterator[Entry]:
        """Every entry that stood at the revision `floor`, each once. Raises Expired if that is forgotten."""
        ...

    def log(self, since: int, *, upto: int) -> Iterator[Step]:
        """The commits after `since` up to `upto`, in order. Raises Expired if one is forgotten."""
        ...

    def tally(self, revision: int, *, alive_at: float) -> Tally:
        """The tally of what stood at a revision, but for what has expired `alive_at`."""
        ...


class Live:
    """The account that an open store gives of itself: with its history, or beginning now."""

    def __init__(self, engine: Engine, *, history: bool = True) -> None:
        self._engine = engine
        self.first = engine.health().compacted if history else engine.revision()

    @property
    def identity(self) -> str:
        """The uid of the store."""
        return self._engine.identity

    def present(self) -> int:
        """The present revision."""
        return self._engine.revision()

    def base(self, floor: int) -> Iterator[Entry]:
        """Every entry that stood at the revision, each once."""
        with _reaching(floor):
            yield from moments.standing(self._engine, floor)

    def log(self, since: int, *, upto: int) -> Iterator[Step]:
        """The commits after `since` up to `upto`."""
        with _reaching(since):
            yield from moments.log(self._engine, since, upto=upto)

    def tally(self, revision: int, *, alive_at: float) -> Tally:
        """The tally of what stood at a revision; reads all of it."""
        return moments.tally(self.base(revision), alive_at=alive_at)


class Survey(NamedTuple):
    """What an account has in it.

    `operations` is the size of the largest commit and `revision` which that is; `size` that of the largest
    value in bytes and `key` where; `expiring` says whether anything expires.
    """

    entries: int = 0
    commits: int = 0
    operations: int = 0
    revision: int = 0
    size: int = 0
    key: str = ""
    expiring: bool = False


def survey(account: Account, floor: int) -> Survey:
    """Look through the whole account from a revision on; nothing is written."""
    found = Survey()
    for entry in account.base(floor):
        found = with_entry(found._replace(entries=found.entries + 1), entry)
    for step in account.log(floor, upto=account.present()):
        found = found._replace(commits=found.commits + 1)
        if len(step.changes) > found.operations:
            found = found._replace(operations=len(step.changes), revision=step.revision)
        for change in step.changes:
            if change.entry is not None:
                found = with_entry(found, change.entry)
    return found


def refuse_misfit(found: Survey, limits: Capabilities, *, split: bool) -> None:
    """Refuse what a destination of these limits cannot take, before anything is written.

    Raises TooLarge (a value; a commit, unless commits may be split) and BadRequest (expiry).
    """
    if found.size > limits.max_value:
        message = f"{found.key!a} holds {found.size} bytes; the destination takes {limits.max_value} in one"
        raise errors.TooLarge(
            message, hint="raise the limit of its server, or make the value smaller; its history counts too"
        )
    if limits.max_commit and found.operations > limits.max_commit and not split:
        message = (
            f"revision {found.revision} changed {found.operations} keys at once; "
            f"the destination takes {limits.max_commit}"
        )
        raise errors.TooLarge(
            message,
            hint="--split-commits makes several revisions of one; --no-history copies only what stands",
        )
    if found.expiring and not limits.ttl:
        message = "some entries expire, and the destination keeps everything for ever"
        raise errors.BadRequest(message, hint="choose an engine that lets entries expire")


def with_entry(found: Survey, entry: Entry) -> Survey:
    """The survey, with an entry looked at."""
    if entry.expires_at is not None and not found.expiring:
        found = found._replace(expiring=True)
    if len(entry.value) > found.size:
        return found._replace(size=len(entry.value), key=entry.key)
    return found


@contextlib.contextmanager
def _reaching(revision: int) -> Iterator[None]:
    """Say what it means here that the log was compacted."""
    try:
        yield
    except errors.FutureRevision:
        raise
    except errors.Expired as error:
        message = f"the source was compacted meanwhile: what followed revision {revision} is forgotten"
        hint = "begin anew (a copy: with --replace), and compact the source afterwards"
        raise errors.Expired(message, floor=error.floor, hint=hint) from error
