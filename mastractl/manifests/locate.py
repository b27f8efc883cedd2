"""Field paths to places in the text: found again only when there is something to say about them.

Several paths are found in one walk. A field that an alias or a `<<` brought in is found where it was
written; a field that is not there is shown at the nearest thing around it that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.error import YAMLError
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

from mastractl.manifests.documents import Span
from mastractl.manifests.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.errors import FieldPath
    from mastractl.manifests.documents import Document

HOPS = 16
"""How many aliases and merges are followed for one path before its nearest place is taken."""


def locate(document: Document, path: FieldPath, *, at_key: bool = False) -> Span:
    """Where a field of a document stands: its value, or its key if `at_key`.

    The value's span is cut at the end of its first line. A block collection, a null left empty and a
    collection over several lines are shown by their key.
    """
    return locate_all(document, [(path, at_key)])[0]


def locate_all(document: Document, targets: Sequence[tuple[FieldPath, bool]]) -> list[Span]:
    """Where several fields stand, each (path, at_key), in one walk over the document."""
    places = _Places(document, (path for path, _ in targets))
    return [_follow(document, places, path).span(at_key=at_key) for path, at_key in targets]


def events_of(document: Document) -> Iterator[tuple[Any, Any, list[str | int]]]:
    """The walk over the events of a document that was read before, or of an item cut out of one."""
    try:
        yield from walk(document.parse(document.text))
    except YAMLError:  # an item may not stand alone to its end: what was seen of it has its place
        return


class _Found:
    """The places that answer for one path: of the path itself, or of the longest part of it there is."""

    def __init__(self, places: _Places, path: FieldPath, rest: FieldPath) -> None:
        self._places, self._path, self.rest = places, path, rest

    def span(self, *, at_key: bool) -> Span:
        places, path = self._places, self._path
        key = places.keys.get(path)
        if key is not None and (at_key or self.rest or path in places.by_key):
            return key
        return places.values.get(path) or key or places.first


def _follow(document: Document, places: _Places, path: FieldPath) -> _Found:
    """What is found of a path, through aliases and merges."""
    best = found = _Found(places, *places.longest(path))
    waiting = [path]
    for _ in range(HOPS):
        if not found.rest:
            return found
        waiting = [*places.detours(waiting[0]), *waiting[1:]]
        if not waiting:
            break
        places = _Places(document, waiting[:1])
        found = _Found(places, *places.longest(waiting[0]))
    return best


class _Places:
    """The places of some paths and of everything on the way to them."""

    def __init__(self, document: Document, paths: Iterable[FieldPath]) -> None:
        self.keys: dict[FieldPath, Span] = {}
        self.values: dict[FieldPath, Span] = {}
        self.by_key: set[FieldPath] = set()
        self.first = Span(1, 1, 1)
        self._aliases: dict[FieldPath, FieldPath] = {}
        self._merges: dict[FieldPath, list[FieldPath]] = {}
        self._document = document
        self._wanted = {path[:n] for path in paths for n in range(len(path) + 1)}
        self._deepest = max(map(len, self._wanted))
        self._walk()

    def longest(self, path: FieldPath) -> tuple[FieldPath, FieldPath]:
        """The longest part of a path that is there, and the rest of it."""
        for n in range(len(path), -1, -1):
            if path[:n] in self.values:
                return path[:n], path[n:]
        return (), path

    def detours(self, path: FieldPath) -> list[FieldPath]:
        """The paths under which what a path means may have been written."""
        there, rest = self.longest(path)
        if there in self._aliases:
            return [self._aliases[there] + rest]
        return [merge + rest for merge in self._merges.get(there, ())]

    def _walk(self) -> None:
        anchors: dict[str, FieldPath] = {}
        pending: FieldPath | None = None  # a block mapping that is shown by its first key
        for role, event, path in events_of(self._document):
            if role == "document":
                continue
            anchored = role != "end" and event.anchor is not None
            deep = len(path) > self._deepest + 2  # `<<` and an index may follow what is wanted
            if deep and not anchored and pending is None:
                continue
            here = tuple(path)
            if anchored and event.__class__ is not AliasEvent:
                anchors[event.anchor] = here
            if role == "key":
                if pending is not None:
                    self.values[pending], pending = self._span(event), None
                self._key(here, event)
            elif role == "value":
                pending = self._value(here, event, anchors)
            elif here in self.by_key and here in self._wanted:
                self._close(here, event)

    def _span(self, event: Any) -> Span:
        return self._document.span(event.start_mark, event.end_mark)

    def _key(self, here: FieldPath, event: Any) -> None:
        if here in self._wanted:
            self.keys[here] = self._span(event)
        if self.first.end_column == 1 and len(here) == 1:
            self.first = self._span(event)

    def _value(self, here: FieldPath, event: Any, anchors: dict[str, FieldPath]) -> FieldPath | None:
        """Note a value's place; returns its path if it is a block mapping that waits for its first key."""
        if here not in self._wanted:
            merged = here[:-1] if here[-1:] == ("<<",) else here[:-2] if here[-2:-1] == ("<<",) else None
            if merged is not None and merged in self._wanted:
                target = anchors.get(str(event.anchor), here) if event.__class__ is AliasEvent else here
                self._merges.setdefault(merged, []).append(target)
            return None
        self.values[here] = self._span(event)
        empty = event.start_mark.index == event.end_mark.index
        if event.__class__ is AliasEvent:
            if (written := anchors.get(str(event.anchor))) is not None:
                self._aliases[here] = written
        elif event.__class__ is ScalarEvent:
            if empty:
                self.by_key.add(here)
        else:
            self.by_key.add(here)
            if event.__class__ is MappingStartEvent and not event.flow_style:
                return here
        return None

    def _close(self, here: FieldPath, event: Any) -> None:
        """Show a flow collection as a whole where it stands on one line."""
        start = self.values[here]
        if event.end_mark.line + 1 == start.line and event.start_mark.index < event.end_mark.index:
            self.by_key.discard(here)
            self.values[here] = Span(start.line, start.column, event.end_mark.column + 1)
