"""A matcher whose time grows with the text and never explodes: Thompson's construction, states made lazily.

Python's `re` backtracks, so a pattern such as `(a+)+$` takes time without end on a text of 40 letters. Where
`patterns` cannot rule that out, this takes over. A state is a set of places in the program; the
transitions met so far are remembered, so that most characters cost one look into a dictionary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import codepoints
from mastractl.resources.re2_syntax import (
    BEGIN_LINE,
    BEGIN_TEXT,
    END_LINE,
    END_TEXT,
    WORD,
    Alt,
    Assert,
    Cat,
    Chars,
    Repeat,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.resources.codepoints import Ranges
    from mastractl.resources.re2_syntax import Node

SIZE_LIMIT = 10_000
"""Instructions of one program; a larger pattern is refused."""

STEPS_LIMIT = 1_000_000
"""Steps of finding all matches in one text, about a second."""

_TRANSITIONS_LIMIT = 20_000
_EDGE, _NEWLINE, _WORD, _OTHER = range(4)
"""What stands beside a place in the text: its edge, a newline, a word character, any other."""

_Instruction = tuple["Ranges | None", int | None, tuple[int, ...]]  # characters | place | where to go next


class _State:
    __slots__ = ("before", "next", "places")

    def __init__(self, places: frozenset[int], before: int) -> None:
        self.places = places
        self.before = before
        self.next: dict[str, _State | None] = {}


class Automaton:
    """A pattern made into a program. ValueError if it is too large. Safe to share between threads."""

    def __init__(self, tree: Node) -> None:
        self._program: list[_Instruction] = [(None, None, ())]  # place 0 is the match
        self._start = self._compile(tree, 0)
        self._forget()

    @property
    def size(self) -> int:
        """How many instructions the program has: what one character costs at worst."""
        return len(self._program)

    def search(self, text: str) -> bool:
        """Whether the pattern is found in the text."""
        state = self._first
        for char in text:
            following = state.next.get(char, state)
            if following is state and char not in state.next:
                following = self._step(state, char)
            if following is None:
                return True
            state = following
        return 0 in self._closure(state, _EDGE)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the parts that match begin and end, from left to right, each the one that RE2 prefers.

        ValueError where that takes more steps than anybody can wait for.
        """
        at, spent = 0, 0
        while at <= len(text):
            found, steps = self._first_match(text, at, STEPS_LIMIT - spent)
            spent += steps
            if found is None:
                return
            yield found
            start, end = found
            at = end if end > start else end + 1

    def _first_match(self, text: str, at: int, limit: int) -> tuple[tuple[int, int] | None, int]:
        """The leftmost match from a place of the text on, and the steps it took.

        Threads are places of the program with the start of their match, the preferred ones first: where one
        arrives at the end of the program, those behind it are given up.
        """
        threads: list[tuple[int, int]] = []
        found: tuple[int, int] | None = None
        steps = 0
        for index in range(at, len(text) + 1):
            if found is None:
                threads.append((self._start, index))
            elif not threads:
                break
            before = _kind(text[index - 1]) if index else _EDGE
            after = _kind(text[index]) if index < len(text) else _EDGE
            ordered, arrived = self._advance(threads, before, after)
            steps += len(ordered) + 1
            if steps > limit:
                message = "the text is too long for this pattern"
                raise ValueError(message)
            if arrived is not None:
                found = (arrived, index)
            point = ord(text[index]) if index < len(text) else -1
            threads = [
                (following[0], start)
                for ranges, following, start in ordered
                if codepoints.contains(ranges, point)
            ]
        return found, steps

    def _advance(
        self, threads: list[tuple[int, int]], before: int, after: int
    ) -> tuple[list[tuple[Ranges, tuple[int, ...], int]], int | None]:
        """The instructions that read a character, in order, and the start of a thread that arrived."""
        seen: set[int] = set()
        ordered: list[tuple[Ranges, tuple[int, ...], int]] = []
        for first, start in threads:
            pending = [first]
            while pending:
                place = pending.pop()
                if place in seen:
                    continue
                if place == 0:
                    return ordered, start
                seen.add(place)
                ranges, what, following = self._program[place]
                if ranges is not None:
                    ordered.append((ranges, following, start))
                elif what is None or _holds(what, before, after):
                    pending.extend(reversed(following))
        return ordered, None

    def _forget(self) -> None:
        self._states: dict[tuple[frozenset[int], int], _State] = {}
        self._transitions = 0
        self._first = self._state(frozenset((self._start,)), _EDGE)

    def _state(self, places: frozenset[int], before: int) -> _State:
        key = places, before
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = _State(places, before)
        return state

    def _step(self, state: _State, char: str) -> _State | None:
        """The state after one more character; None once the pattern is found."""
        if self._transitions >= _TRANSITIONS_LIMIT:
            self._forget()
        self._transitions += 1
        reached = self._closure(state, _kind(char))
        if 0 in reached:
            state.next[char] = None
            return None
        point = ord(char)
        places = {self._start}
        for place in reached:
            ranges, _, following = self._program[place]
            if ranges is not None and codepoints.contains(ranges, point):
                places.update(following)
        new = state.next[char] = self._state(frozenset(places), _kind(char))
        return new

    def _closure(self, state: _State, after: int) -> set[int]:
        """Every place that can be reached from a state without reading, with that kind of character ahead."""
        reached: set[int] = set()
        pending = list(state.places)
        while pending:
            place = pending.pop()
            if place in reached:
                continue
            reached.add(place)
            ranges, what, following = self._program[place]
            if ranges is None and (what is None or _holds(what, state.before, after)):
                pending.extend(following)
        return reached

    def _add(self, ranges: Ranges | None, what: int | None, following: Iterable[int]) -> int:
        if len(self._program) >= SIZE_LIMIT:
            message = "the pattern is too large"
            raise ValueError(message)
        self._program.append((ranges, what, tuple(following)))
        return len(self._program) - 1

    def _compile(self, node: Node, after: int) -> int:
        """The place where a node begins that goes on at `after`."""
        match node:
            case Chars(ranges):
                return self._add(ranges, None, (after,))
            case Assert(what):
                return self._add(None, what, (after,))
            case Cat(items):
                for item in reversed(items):
                    after = self._compile(item, after)
                return after
            case Alt(items):
                return self._add(None, None, [self._compile(item, after) for item in items])
            case Repeat():
                return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        item, least, most, lazy = node
        if most is None:
            loop = self._add(None, None, ())
            self._program[loop] = (None, None, _preferred(self._compile(item, loop), after, lazy=lazy))
            place = loop
        else:
            place = after
            for _ in range(most - least):
                place = self._add(None, None, _preferred(self._compile(item, place), after, lazy=lazy))
        for _ in range(least):
            place = self._compile(item, place)
        return place


def _preferred(again: int, after: int, *, lazy: bool) -> tuple[int, int]:
    return (after, again) if lazy else (again, after)


def _kind(char: str) -> int:
    if char == "\n":
        return _NEWLINE
    return _WORD if char == "_" or (char.isascii() and char.isalnum()) else _OTHER


def _holds(what: int, before: int, after: int) -> bool:
    if what == BEGIN_TEXT:
        return before == _EDGE
    if what == END_TEXT:
        return after == _EDGE
    if what == BEGIN_LINE:
        return before in (_EDGE, _NEWLINE)
    if what == END_LINE:
        return after in (_EDGE, _NEWLINE)
    between = (before == _WORD) != (after == _WORD)
    return between if what == WORD else not between
