"""How many faults of one document are told.

A file of a megabyte can hold a hundred thousand of them; nobody reads so many, and to word each with its
advice would take minutes.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mastractl.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 500
"""Causes of one sort (unknown fields, faults of the schema) for one document."""


def first(causes: Iterable[Cause]) -> list[Cause]:
    """The first causes, and one more (MA004) that says so where some are left out."""
    found = list(islice(causes, LIMIT + 1))
    if len(found) <= LIMIT:
        return found
    message = f"more than {LIMIT} faults; the others are not listed"
    return [*found[:LIMIT], Cause(code="MA004", path=(), message=message)]
