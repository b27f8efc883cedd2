"""Operations pinned to what stands: those that said nothing of revisions get the ones that were read.

A pinned commit does the same as the one it was made of as long as nothing was written between; if
something was, it conflicts on a key that was pinned here, and is to be pinned anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.engines.contract import Check
from mastractl.engines.several import get_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.engines.contract import Engine, Entry, Op

ROUNDS = 1000
"""How often a commit is pinned anew before it is given up: each time somebody else got on."""


class Pinned(NamedTuple):
    """The operations, every one with its `if_revision`; the keys that were pinned here, not by the caller;
    and how the keys stood that were read.
    """

    ops: tuple[Op, ...]
    own: frozenset[str]
    standing: dict[str, Entry | None]


def pin(engine: Engine, ops: Sequence[Op], *, read_all: bool = False) -> Pinned:
    """Pin the operations to what stands in the engine; `read_all`: read those with a condition as well."""
    changing = [op for op in ops if not isinstance(op, Check)]
    own = frozenset(op.key for op in changing if op.if_revision is None)
    asked = [op.key for op in changing if read_all or op.key in own]
    standing = dict(zip(asked, get_many(engine, asked), strict=True))
    return Pinned(tuple(_pinned(op, standing.get(op.key)) for op in ops), own, standing)


def _pinned(op: Op, before: Entry | None) -> Op:
    if isinstance(op, Check) or op.if_revision is not None:
        return op
    return op._replace(if_revision=before.revision if before else 0)


def outrun() -> errors.Unavailable:
    """The error of a commit that was outrun as often as it was pinned anew."""
    message = f"nothing was written: others changed the same keys {ROUNDS} times while it was tried"
    return errors.Unavailable(message, hint="try again when less is written")
