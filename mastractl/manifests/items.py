"""The items of a list of resources as documents of their own, so that each is walked alone."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from yaml.events import AliasEvent, ScalarEvent

from mastractl.manifests.documents import Document
from mastractl.manifests.locate import events_of

if TYPE_CHECKING:
    from mastractl.errors import FieldPath


class Items:
    """Where the items of a list, and of lists in it, stand in its text: one walk, four numbers each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._places: dict[FieldPath, array[int]] = {}
        opened: list[tuple[array[int], int]] = []
        for role, event, path in events_of(document):
            if role not in ("value", "end") or len(path) % 2 or path[-2:-1] != ["items"]:
                continue
            if role == "value":
                opened.append(self._begin(tuple(path[:-1]), event.start_mark))
            if role == "end" or event.__class__ in (ScalarEvent, AliasEvent):
                places, end = opened.pop()
                places[end] = event.end_mark.index

    def get(self, path: FieldPath) -> Document | None:
        """An item by its path, which ends in `items` and its number. Its columns are those of the source."""
        places, at = self._places.get(path[:-1]), 4 * int(path[-1])
        if places is None or len(places) < at + 4:
            return None
        start, line, column, end = places[at : at + 4]
        whole = self._document
        text = " " * column + whole.text[start:end]
        return Document(text, whole.first_line + line, whole.parse, whole.source, whole.order, whole.index)

    def _begin(self, parent: FieldPath, mark: Any) -> tuple[array[int], int]:
        places = self._places.setdefault(parent, array("q"))
        places.extend((mark.index, mark.line, mark.column, 0))
        return places, len(places) - 1
