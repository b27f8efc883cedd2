"""Whether the files of a file store agree with its log, and how they are made to.

A file whose signature is not what it was is an external edit, and no fault: it is taken in as always. What is
looked for here is what no signature tells: a file with other content that looks unchanged, one that was
lost together with what was known of it, one that the index does not show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors, values
from mastractl.engines import sqllog, tree
from mastractl.engines.contract import Flaw
from mastractl.engines.scan import Sighting
from mastractl.engines.tree import ABSENT, BOM, SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt
    from mastractl.engines.database import Connection, Database
    from mastractl.engines.tree import Place, Tree
    from mastractl.engines.upkeep import Upkeep

_PART = 200
"""Keys looked at in one read transaction."""

_KEYS = (
    "SELECT key FROM current WHERE key >= ? AND key < ?"
    " UNION SELECT key FROM files WHERE key >= ? AND key < ? ORDER BY 1 LIMIT ?"
)
_STATE = (
    "SELECT f.problem, f.hint, p.problem, p.hint, p.key IS NOT NULL FROM (SELECT ? AS key) k"
    " LEFT JOIN files f ON f.key = k.key LEFT JOIN pending p ON p.key = k.key"
)
_PLACE = "have it repaired: the file is written again from the log"
_TAKE = "have it repaired: the file is taken in as if it were new"


class _Fault(NamedTuple):
    key: str
    message: str
    hint: str


class FileCheck:
    """Compares files, index and log of one store."""

    def __init__(
        self, files: Tree, database: Database, upkeep: Upkeep, *, adopt: Adopt, clock: Clock
    ) -> None:
        self._tree = files
        self._database = database
        self._upkeep = upkeep
        self._adopt = adopt
        self._clock = clock

    def faults(self, *, repair: bool) -> Iterator[Flaw]:
        """What does not agree, in the order of the keys; with `repair`, what can be is mended first."""
        low, high = sqllog.span(SPACE)
        while True:
            with self._database.snapshot() as connection:
                rows = connection.execute(_KEYS, (low, high, low, high, _PART)).fetchall()
                found = [fault for (key,) in rows if (fault := self._fault(connection, key))]
            if not rows:
                return
            low = f"{rows[-1][0]}\0"
            if repair and found:
                self._mend(found)
            for fault in found:
                yield Flaw(
                    fault.key,
                    self._tree.location(f"{fault.key[len(SPACE) :]}.json"),
                    fault.message,
                    fault.hint,
                    repaired=repair and self._agrees(fault.key),
                )

    def _agrees(self, key: str) -> bool:
        with self._database.snapshot() as connection:
            return self._fault(connection, key) is None

    def _fault(self, connection: Connection, key: str) -> _Fault | None:
        where = tree.place(key)
        if where is None:
            return _Fault(key, "the index shows a key that can have no file", "delete it, or rename it")
        unfit, unfit_hint, stuck, stuck_hint, waits = connection.execute(_STATE, (key,)).fetchone()
        if unfit or stuck:
            return _Fault(key, unfit or stuck, unfit_hint or stuck_hint or "")
        if waits or self._tree.signature(where) != self._upkeep.projection.known(connection, key).signature:
            return None
        return self._hidden(connection, key, where)

    def _hidden(self, connection: Connection, key: str, where: Place) -> _Fault | None:
        """What the signature does not tell."""
        entry = sqllog.get(connection, key)
        there = self._tree.signature(where) != ABSENT
        if entry is None:
            return _Fault(key, "the index does not show this file", _TAKE) if there else None
        if not there:
            return _Fault(key, "the file is missing, and nobody removed it", _PLACE)
        try:
            data, _ = self._tree.read(where)
            document = values.load(data.removeprefix(BOM).decode())
            if values.load(entry.value) == document:
                return None
            if self._adopt(key, document, entry.value, self._clock.now()) == entry.value:
                return None
        except OSError as error:
            return _Fault(key, f"the file cannot be read: {tree.reason(error)}", "check its owner and mode")
        except (ValueError, RecursionError, errors.MastraError):
            pass
        return _Fault(key, "the file holds something else than the log, and looks unchanged", _PLACE)

    def _mend(self, faults: list[_Fault]) -> None:
        projection = self._upkeep.projection
        lost = [fault.key for fault in faults if fault.hint == _PLACE]
        strange = [fault.key for fault in faults if fault.hint == _TAKE]
        with self._database.writing() as connection:
            marked = [key for key in lost if projection.mark_present(connection, key)]
            for key in strange:
                projection.forget(connection, key)
        self._upkeep.place(marked, {})
        self._upkeep.absorb(Sighting(strange))
