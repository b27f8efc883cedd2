"""Two causes that are one mistake: a required field that is missing, and the misspelling meant for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.errors import Cause, FieldPath


def fold(causes: Sequence[Cause]) -> list[Cause]:
    """The causes without those missing fields (MA102) of which an unknown one (MA101) is the misspelling."""
    missing: dict[FieldPath, dict[str, Cause]] = {}
    for cause in causes:
        if cause.code == "MA102" and cause.path:
            missing.setdefault(cause.path[:-1], {})[str(cause.path[-1])] = cause
    if not missing:
        return list(causes)
    folded = [_meant(cause, missing.get(cause.path[:-1], {})) for cause in causes]
    left = {id(cause) for fields in missing.values() for cause in fields.values()}
    return [cause for cause in folded if cause.code != "MA102" or not cause.path or id(cause) in left]


def _meant(cause: Cause, missing: dict[str, Cause]) -> Cause:
    """An unknown field with the missing one it was meant for in its hint; that one is missing no more."""
    if cause.code != "MA101" or cause.warning or not missing:
        return cause
    near = nearest(str(cause.path[-1]), missing)
    if not near:
        return cause
    del missing[near]
    return cause._replace(hint=f'did you mean "{near}"? it is required')
