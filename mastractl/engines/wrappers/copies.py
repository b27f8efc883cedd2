"""What became of a pinned commit that was sent and not answered. The argument is in `retrying`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.contract import Check, Commit, Delete, Put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.engines.contract import Change, Engine, Op
    from mastractl.engines.wrappers.pinning import Pinned


class Copies:
    """The copies of one pinned commit. `since` is a revision the store had before the first was sent."""

    def __init__(self, engine: Engine, pinned: Pinned, *, origin: str, since: int) -> None:
        self.pinned = pinned
        self.origin = origin
        self._engine = engine
        self._since = since

    def after_silence(self, unknown: errors.UnknownOutcome) -> Commit | None:
        """A copy had no answer: what it did, if that is known; None if it may be sent again.

        Raises `unknown` where neither can be said.
        """
        try:
            spent, anchored = self._standing()
            made = self._ours(spent=spent, unknown=unknown)
        except errors.MastraError as error:
            raise unknown from (None if error is unknown else error)
        creates = any(isinstance(op, Put) and op.if_revision == 0 for op in self.pinned.ops)
        if made is None and creates and not (spent or anchored):
            raise unknown
        return made

    def after_conflict(self, conflict: errors.Conflict, unknown: errors.UnknownOutcome) -> Commit | None:
        """A later copy met a key that had moved: what an earlier one did; None if none did or ever will.

        Raises `unknown` where that cannot be said.
        """
        try:
            spent = conflict.expected > 0 or self._standing()[0]
            made = self._ours(spent=spent, unknown=unknown)
        except errors.MastraError as error:
            raise unknown from (None if error is unknown else error)
        if made is None and not spent:
            raise unknown
        return made

    def _standing(self) -> tuple[bool, bool]:
        """Whether a key moved that was pinned at a revision, and whether one such will move for certain."""
        spent = anchored = False
        for op in self.pinned.ops:
            if not op.if_revision:
                continue
            entry = self._engine.get(op.key)
            if entry is None or entry.revision != op.if_revision:
                spent = True
            elif isinstance(op, Delete):
                anchored = True
            elif isinstance(op, Put):
                anchored |= (op.value, op.expires_at) != (entry.value, entry.expires_at)
        return spent, anchored

    def _ours(self, *, spent: bool, unknown: errors.UnknownOutcome) -> Commit | None:
        """The commit in the log that is a copy of ours. Raises `unknown` if it might be another's."""
        for op in self.pinned.ops:
            for change in self._told(op):
                commit = self._commit(change.revision)
                if not self._matches(commit.changes):
                    continue
                if self.origin or (spent and not self._conditional(commit.changes)):
                    return commit
                raise unknown
        return None

    def _told(self, op: Op) -> Iterator[Change]:
        """The changes in the log that this operation may have made."""
        since, more = self._since, not isinstance(op, Check)
        while more:
            stretch = self._engine.changes(since, op.key)
            yield from (change for change in stretch.changes if _made_by(op, change))
            since, more = stretch.revision, stretch.more

    def _commit(self, revision: int) -> Commit:
        changes = self._engine.changes(revision - 1, limit=1).changes
        return Commit(revision, tuple(change for change in changes if change.revision == revision))

    def _matches(self, changes: Sequence[Change]) -> bool:
        """Whether these changes, all of one commit, are what the operations make."""
        ops = {op.key: op for op in self.pinned.ops}
        for change in changes:
            op = ops.pop(change.key, None)
            if change.origin != self.origin or op is None or not _made_by(op, change):
                return False
        return not any(_must_change(op) for op in ops.values())

    def _conditional(self, changes: Sequence[Change]) -> bool:
        return any(change.key not in self.pinned.own for change in changes)


def _made_by(op: Op, change: Change) -> bool:
    """Whether the operation makes just this change."""
    if change.key != op.key or (change.previous.revision if change.previous else 0) != op.if_revision:
        return False
    if isinstance(op, Put) and change.entry is not None:
        return (change.entry.value, change.entry.expires_at) == (op.value, op.expires_at)
    return isinstance(op, Delete) and change.entry is None


def _must_change(op: Op) -> bool:
    """Whether the operation changes its key for certain, if its condition is met."""
    if isinstance(op, Put):
        return op.if_revision == 0
    return isinstance(op, Delete) and op.if_revision != 0
