"""A walk over parsing events that knows the field path of each: the slow, careful counterpart of `compose`.

It keeps nothing but the path, so a document of any shape is walked in flat memory and without recursion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Role = Literal["document", "key", "value", "end"]

_NODES = (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent)


def walk(get: Callable[[], Any]) -> Iterator[tuple[Role, Any, list[str | int]]]:
    """Each key, value and end of a collection with its event and its path.

    The path is one list that changes as the walk goes on. A key that is no scalar has the path part `?`.
    Raises what the parser raises.
    """
    path: list[str | int] = []
    awaiting_key: list[bool | None] = []  # one per open collection; None in a sequence
    while (event := get()) is not None:
        cls = event.__class__
        if cls in _NODES:
            role: Role = "value"
            if awaiting_key:
                if awaiting_key[-1]:
                    role = "key"
                    path[-1] = event.value if cls is ScalarEvent else "?"
                _advance(path, awaiting_key)
            yield role, event, path
            if cls is MappingStartEvent or cls is SequenceStartEvent:
                path.append("" if cls is MappingStartEvent else -1)
                awaiting_key.append(True if cls is MappingStartEvent else None)
        elif cls is MappingEndEvent or cls is SequenceEndEvent:
            path.pop()
            awaiting_key.pop()
            yield "end", event, path
        elif cls is DocumentStartEvent:
            yield "document", event, path


def _advance(path: list[str | int], awaiting_key: list[bool | None]) -> None:
    last = path[-1]
    if isinstance(last, int):
        path[-1] = last + 1
    else:
        awaiting_key[-1] = not awaiting_key[-1]
