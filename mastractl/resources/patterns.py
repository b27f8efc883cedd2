"""Patterns of schemas: RE2 patterns, found in time that cannot explode.

A pattern is read by `re2_syntax` and normally run by Python's `re`, which is quickest. `re` backtracks,
though, so the tree also tells how bad that can get; texts for which it could get bad go to the
`automaton`, whose time is bounded, and texts too long even for that are refused (`limit`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from mastractl.resources import codepoints
from mastractl.resources.automaton import Automaton
from mastractl.resources.re2_syntax import (
    BEGIN_LINE,
    BEGIN_TEXT,
    END_LINE,
    END_TEXT,
    NOT_WORD,
    WORD,
    Alt,
    Assert,
    Cat,
    Chars,
    Repeat,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.resources.codepoints import Ranges
    from mastractl.resources.re2_syntax import Node

_STEPS = 200_000
"""How many steps of backtracking a text may cost at worst before the automaton is quicker."""

_WORK = 20_000_000
"""Characters times instructions that the automaton may have to look at, a few seconds at worst."""

_UNLIMITED = 1 << 62


class Matcher:
    """A pattern ready to be found. ValueError, with a sentence for people, where it is not RE2."""

    def __init__(self, pattern: str) -> None:
        self._tree = parse(pattern)
        self._search = re.compile(_spelled(self._tree), re.ASCII).search
        self._automaton: Automaton | None = None
        self.quick_limit = _quick_limit(self._tree)
        self.limit = _UNLIMITED if self.quick_limit == _UNLIMITED else _WORK // self._slow().size

    def found(self, text: str) -> bool:
        """Whether the pattern is found in a text of at most `limit` characters; never in a longer one."""
        if len(text) <= self.quick_limit:
            return self._search(text) is not None
        return len(text) <= self.limit and self._slow().search(text)

    def parts(self, text: str) -> Iterator[str]:
        """The parts of a text that match, from left to right. ValueError where that could take too long."""
        spans = self._spans(text) if len(text) <= self.quick_limit else self._slow().spans(text)
        last = -1
        for start, end in spans:
            if start != last or end != last:  # RE2 finds no empty part where another one ends
                yield text[start:end]
            last = end

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        at = 0
        while at <= len(text) and (hit := self._search(text, at)) is not None:
            start, end = hit.span()
            yield start, end
            at = end if end > start else end + 1

    def _slow(self) -> Automaton:
        if self._automaton is None:
            self._automaton = Automaton(self._tree)
        return self._automaton


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Matcher:
    """The matcher of a pattern, made once. ValueError where it is not RE2."""
    return Matcher(pattern)


def _spelled(node: Node) -> str:
    """The node as Python's `re` writes it."""
    match node:
        case Chars(ranges):
            return _spelled_class(ranges)
        case Assert(what):
            return _PLACES[what]
        case Cat(items):
            return "".join(map(_spelled, items))
        case Alt(items):
            return f"(?:{'|'.join(map(_spelled, items))})"
        case Repeat(item, least, most, lazy):
            return f"(?:{_spelled(item)}){{{least},{'' if most is None else most}}}{'?' if lazy else ''}"


_PLACES = {
    BEGIN_TEXT: r"\A",
    END_TEXT: r"\Z",
    BEGIN_LINE: r"(?:\A|(?<=\n))",
    END_LINE: r"(?=\n|\Z)",
    WORD: r"\b",
    NOT_WORD: r"(?!\b)",
}


def _spelled_class(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return re.escape(chr(ranges[0][0]))
    return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"


def _quick_limit(tree: Node) -> int:
    """The longest text on which backtracking stays harmless."""
    loops, choices = 0, 0
    for kind in _risks(tree):
        if kind == _EXPLOSIVE:
            return 0
        loops += kind == _LOOP
        choices += kind == _CHOICE
    degree = loops + (not _anchored(tree))
    if degree <= 1 and choices <= 8:
        return _UNLIMITED
    return int((_STEPS / 2.0 ** min(choices, 64)) ** (1 / max(degree, 1)))


_LOOP, _CHOICE, _EXPLOSIVE = range(3)


def _risks(node: Node) -> Iterator[int]:
    """What there is to go back to: loops, choices, and loops whose rounds can be divided in many ways."""
    match node:
        case Cat(items):
            for item in items:
                yield from _risks(item)
        case Alt(items):
            yield _CHOICE
            for item in items:
                yield from _risks(item)
        case Repeat(item, least, most):
            if most == 1:
                yield _CHOICE
            elif least != most or not _fixed(item):
                yield _LOOP if _plain_round(item) else _EXPLOSIVE
            yield from _risks(item)


def _plain_round(item: Node) -> bool:
    """Whether rounds of a loop can be told apart: a fixed row of characters, or a separator at an end."""
    if _fixed(item):
        return True
    items = item.items if isinstance(item, Cat) else ()
    return len(items) > 1 and (_separates(items[0], items[1:]) or _separates(items[-1], items[:-1]))


def _separates(end: Node, others: tuple[Node, ...]) -> bool:
    """Whether a character at the end of a round occurs nowhere else in it."""
    if not isinstance(end, Chars):
        return False
    return not any(codepoints.overlap(end.ranges, each) for other in others for each in _sets(other))


def _fixed(node: Node) -> bool:
    """Whether the node is a row of single characters, so that there is one way to match it."""
    if isinstance(node, Cat):
        return bool(node.items) and all(isinstance(item, Chars) for item in node.items)
    return isinstance(node, Chars)


def _sets(node: Node) -> Iterator[Ranges]:
    match node:
        case Chars(ranges):
            yield ranges
        case Cat(items) | Alt(items):
            for item in items:
                yield from _sets(item)
        case Repeat(item, _, _):
            yield from _sets(item)


def _anchored(node: Node) -> bool:
    match node:
        case Assert(what):
            return what == BEGIN_TEXT
        case Cat(items):
            return bool(items) and _anchored(items[0])
        case Alt(items):
            return all(map(_anchored, items))
    return False
