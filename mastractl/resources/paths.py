"""Compiled paths into JSON documents, and what each segment of one does.

`path_reader` makes them from text. A path is a chain of steps, each leading from the values so far to
the next ones; the common path of nothing but field names is followed without them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from mastractl import errors

Step = Callable[[list[Any]], list[Any]]
"""From the values so far to those that a segment leads to."""

Test = Callable[[Any], bool]
"""What a filter asks of an element."""


class Segment(NamedTuple):
    """One segment of a path, at a column of its text (from 1).

    `missed` is the name under which a strict caller misses it; "" for one that may rightly find
    nothing: a wildcard, a slice, a filter, `..`. `field` is the name if the segment is just that.
    """

    step: Step
    missed: str = ""
    field: str | None = None
    column: int = 0


class Path:
    """A compiled path expression; `text` is as it was written."""

    __slots__ = ("_names", "_segments", "text")

    def __init__(self, text: str, segments: tuple[Segment, ...]) -> None:
        self.text = text
        self._segments = segments
        names = [s.field for s in segments if s.field is not None]
        self._names = names if len(names) == len(segments) else None

    @property
    def names(self) -> list[str | None]:
        """The field that each segment names, None for one that does something else."""
        return [segment.field for segment in self._segments]

    def __repr__(self) -> str:
        return f"<Path {self.text}>"

    def find(self, document: Any, *, allow_missing: bool = True) -> list[Any]:
        """Every value the path leads to, in document order; empty if there is none.

        Raises BadRequest where a filter compares what cannot be compared and, unless
        `allow_missing`, where a named field or an index is not there.
        """
        if self._names is not None:
            value = document
            try:
                for name in self._names:
                    value = value[name]
            except (KeyError, TypeError):
                if allow_missing:
                    return []
            else:
                return [value]
        values = [document]
        for segment in self._segments:
            found = segment.step(values)
            if not found and segment.missed and values and not allow_missing:
                message = f"jsonpath {self.text!r}, column {segment.column}: {segment.missed} is not found"
                raise errors.BadRequest(message)
            values = found
        return values

    def first(self, document: Any, default: Any = None) -> Any:
        """The first value the path leads to, or the default."""
        found = self.find(document)
        return found[0] if found else default


def field(name: str) -> Step:
    """The value under a key of each object."""
    return lambda values: [v[name] for v in values if isinstance(v, dict) and name in v]


def key_or_path(key: str, path: Path) -> Step:
    """The value under a key where there is one, otherwise what the path of the same spelling finds."""

    def step(values: list[Any]) -> list[Any]:
        out: list[Any] = []
        for value in values:
            out.extend([value[key]] if isinstance(value, dict) and key in value else path.find(value))
        return out

    return step


def item(index: int) -> Step:
    """The item at an index of each list, counted from the end if negative."""
    return lambda values: [v[index] for v in values if isinstance(v, list) and -len(v) <= index < len(v)]


def items(part: slice) -> Step:
    """The items of a slice of each list."""
    return lambda values: [found for v in values if isinstance(v, list) for found in v[part]]


def children(values: list[Any]) -> list[Any]:
    """Every item of each list and every value of each object."""
    out: list[Any] = []
    for value in values:
        if isinstance(value, list):
            out.extend(value)
        elif isinstance(value, dict):
            out.extend(value.values())
    return out


def descend(values: list[Any]) -> list[Any]:
    """Every object and list in the values, themselves included, parents before children."""
    out: list[Any] = []
    stack = values[::-1]
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list)):
            out.append(value)
            stack.extend(reversed(value.values() if isinstance(value, dict) else value))
    return out


def union(steps: list[Step]) -> Step:
    """All that the first step finds, then all that the second does: kubectl's order."""
    return lambda values: [found for step in steps for found in step(values)]


def kept(test: Test) -> Step:
    """The items of each list that pass a filter."""
    return lambda values: [found for v in values if isinstance(v, list) for found in v if test(found)]


def comparison(
    *, left: Path | tuple[Any], right: Path | tuple[Any], compare: Callable[[Any, Any], bool], where: str
) -> Test:
    """A filter's comparison; a side is a path from the element, or a literal in a tuple of one.

    What is missing on either side never matches. What cannot be compared raises BadRequest, whose
    message begins with `where`.
    """

    def test(element: Any) -> bool:
        lefts = left.find(element) if isinstance(left, Path) else left
        rights = right.find(element) if isinstance(right, Path) else right
        if not lefts or not rights:
            return False
        if len(lefts) > 1 or len(rights) > 1:
            message = f"{where}: only one value can be compared at a time"
            raise errors.BadRequest(message, hint="narrow the path with an index such as [0]")
        a, b = lefts[0], rights[0]
        if a is None or b is None:
            return (compare is operator.eq and a is b) or (compare is operator.ne and a is not b)
        if _type(a) != _type(b) or not _type(a):
            message = f"{where}: {_said(a)} cannot be compared with {_said(b)}"
            raise errors.BadRequest(message, hint='text stands in quotes, numbers do not: @.n==3, @.s=="3"')
        return compare(a, b)

    return test


def _type(value: Any) -> str:
    """The type within which a value can be compared, "" if it cannot be."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else ""


def _said(value: Any) -> str:
    """A value in a message; not what is in objects and lists, which may be long or secret."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return f"the {_type(value)} {value!r}"
