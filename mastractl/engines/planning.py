"""What a commit makes of what stands: the rules of change, pure, the same for every engine.

An engine reads where the keys of a commit stand, has the commit planned here, and writes what it is
told, all under one lock or guard of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.engines.checks import check_precondition
from mastractl.engines.contract import Change, Check, Delete, Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mastractl.engines.contract import Op


def outcome(op: Op, before: Entry | None, *, revision: int, now: float) -> Entry | None:
    """How the key stands after the operation: `before` itself where nothing changes."""
    if isinstance(op, Check):
        return before
    if isinstance(op, Delete):
        return None
    if before is None:
        return Entry(op.key, op.value, revision, revision, now, op.expires_at)
    if (op.value, op.expires_at) == (before.value, before.expires_at):
        return before
    return Entry(op.key, op.value, revision, before.created_revision, before.created_at, op.expires_at)


def plan(
    ops: Sequence[Op], standing: Mapping[str, Entry], *, revision: int, origin: str, now: float
) -> tuple[Change, ...]:
    """What the operations change as that revision, in their order; empty if they change nothing.

    `standing` has the entry of each key of the operations that exists. Every precondition is checked
    before anything is planned. Raises Conflict.
    """
    for op in ops:
        before = standing.get(op.key)
        check_precondition(op, before.revision if before else 0)
    made = []
    for op in ops:
        before = standing.get(op.key)
        after = outcome(op, before, revision=revision, now=now)
        if after is not before:
            made.append(Change(revision, op.key, after, before, origin, now))
    return tuple(made)


def span(prefix: str, after: str = "") -> tuple[str, str | None]:
    """The keys that start with `prefix` and sort after `after` are those with low <= key < high.

    Keys sort by their UTF-8 bytes. A `high` of None is no bound.
    """
    low = max(prefix, after + "\0") if after else prefix
    for end in range(len(prefix), 0, -1):
        code = ord(prefix[end - 1])
        if code < 0x10FFFF:
            # UTF-8 knows no surrogates.
            return low, prefix[: end - 1] + chr(0xE000 if code == 0xD7FF else code + 1)
    return low, None
