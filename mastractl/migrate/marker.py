"""How far a copy has come, kept in its destination: so that a killed one goes on, and nothing is done twice.

The marker is a key of its own, `copy/<identity of the source>`. It is an anchor: "when this store was at
revision `here`, everything up to revision `there` of the source had been done". As every commit of the
source makes exactly one revision here, the revision of the destination tells the rest, and a commit that
is replayed need not touch the marker. Where it would not be so (a commit is split), the marker is written
in the same commit as the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mastractl import errors, values
from mastractl.engines.contract import Put

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine

SPACE = "copy/"
"""The key space of markers."""

FORMAT = 1

Stage = Literal["emptying", "base", "log"]


class Marker(NamedTuple):
    """An unfinished copy: of which store, from which of its revisions on, and how far it is.

    Stages: what stood in the destination is removed; what stood in the source at `floor` is written; the
    source's log is replayed. `part` counts the operations of the next commit that have been done.
    """

    source: str
    floor: int
    history: bool
    stage: Stage = "base"
    here: int = 0
    there: int = 0
    part: int = 0

    @property
    def key(self) -> str:
        """Where it stands in the destination."""
        return SPACE + self.source

    def put(self) -> Put:
        """The operation that writes it."""
        return Put(self.key, values.dump({"format": FORMAT, **self._asdict()}))


def unfinished(engine: Engine) -> list[Marker]:
    """The copies into this store that were begun and not finished.

    Raises StorageValidationError for one that a newer mastractl began.
    """
    return [_read(entry.key, entry.value) for entry in engine.range(SPACE, limit=10).entries]


def refuse_unfinished(engine: Engine, what: str) -> None:
    """Refuse to take half a copy for a store. Raises Conflict."""
    for marker in unfinished(engine):
        message = f"the {what} is itself an unfinished copy, of the store {marker.source}"
        raise errors.Conflict(message, key=marker.key, hint="finish that copy first: run it again")


def _read(key: str, value: bytes) -> Marker:
    try:
        document = values.load(value)
        if document.pop("format") == FORMAT:
            return Marker(**document)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    message = f"{key!a} is no marker of a copy that this mastractl can understand"
    raise errors.StorageValidationError(message, hint="finish the copy with the version that began it")
