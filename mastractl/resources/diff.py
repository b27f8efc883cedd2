"""Differences between two states of a resource: as a unified diff of its text, and field by field."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import FieldPath


class Absent(Enum):
    """The mark of a side on which a field does not stand at all; null is a value of its own."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent.ABSENT


def unified(before: str, after: str, *, name: str, sides: tuple[str, str] = ("LIVE", "MERGED")) -> str:
    """The unified diff of two texts, "" if they are equal.

    The header reads `--- LIVE/<name>` and `+++ MERGED/<name>`: the names of `kubectl diff` without its
    temporary directories. `sides` are other words for the two.
    """
    if before == after:
        return ""
    import difflib  # noqa: PLC0415 - 6 ms that only a difference is worth

    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"{sides[0]}/{name}",
        f"{sides[1]}/{name}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def changed_fields(before: Any, after: Any) -> list[tuple[FieldPath, Any, Any]]:
    """What differs between two JSON values: (path, value before, value after), in document order.

    ABSENT stands for the side that lacks the field. Objects are compared key by key and lists index by
    index; a path is reported once, at the outermost place where the values can no longer be compared.
    Equal values, in JSON's sense (1 equals 1.0, true does not equal 1), give an empty list.
    """
    return list(_changes((), before, after))


def _changes(path: FieldPath, before: Any, after: Any) -> Iterator[tuple[FieldPath, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before | after:
            yield from _changes((*path, key), before.get(key, ABSENT), after.get(key, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            pair = (items[index] if index < len(items) else ABSENT for items in (before, after))
            yield from _changes((*path, index), *pair)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield path, before, after
