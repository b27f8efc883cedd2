"""Keeping log and files in step, both ways, before a call answers and while somebody waits.

The log follows the files (external edits), the files follow the log (what a commit or a dead process
left to be placed), and what is due expires. Each step is a write transaction of its own, made only if
there is something to do. A read goes on with what the log has if a step fails; `trouble` says why.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines import mounts, sqllog
from mastractl.engines.contract import Problem
from mastractl.engines.failpoints import failpoint
from mastractl.engines.ingest import Ingest
from mastractl.engines.projection import Projection
from mastractl.engines.scan import Scan, Sighting
from mastractl.engines.tree import SPACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.bell import FileBell
    from mastractl.engines.contract import Adopt
    from mastractl.engines.database import Database
    from mastractl.engines.layout import Store
    from mastractl.engines.tree import Staged
    from mastractl.engines.wakeup import Hints

_CHUNK = 500
"""External edits taken in at a time: others write in between, and watchers hear of the first ones soon."""


class Upkeep:
    """What keeps a writable store with a database as it should be. Thread-safe."""

    def __init__(
        self, store: Store, database: Database, *, adopt: Adopt, clock: Clock, bell: FileBell, max_value: int
    ) -> None:
        self.projection = Projection(store.tree, tick_ns=store.mount.tick_ns)
        self.scan = Scan(store.tree, self.projection)
        self.bell = bell
        self.trouble: Problem | None = None
        """Why the last external edits could not be taken in, or files not be placed."""
        self._tree = store.tree
        self._database = database
        self._writable = store.writable
        self._clock = clock
        self._ingest = Ingest(store.tree, self.projection, self.scan, adopt=adopt, max_value=max_value)

    def recover(self) -> None:
        """What opening a store begins with: the machine may have lost power, other processes have died."""
        boot = mounts.boot_id()
        with self._database.reading() as connection:
            before = self.projection.fact(connection, "boot")
        if before != boot:
            with self._database.writing() as connection:
                if before:
                    from mastractl.engines import recovery  # noqa: PLC0415 - once after each boot

                    recovery.distrust_recent_files(
                        connection, self._tree, self.projection, booted=recovery.booted_at()
                    )
                self.projection.remember(connection, "boot", boot)
        self.place_due()

    def catch_up(self, connection: sqlite3.Connection, keys: Iterable[str], now: float) -> list[str]:
        """Bring the log up to the present, in the write transaction that is open, before something is added.

        `keys` are looked at for external edits. Returns the keys whose files are to follow.
        """
        suspects = set(keys)
        if self.projection.any_due(connection):
            suspects.update(self.projection.place_due(connection))
        expired = sqllog.expire(connection, now)
        marked = self.projection.mark(connection, expired) if expired else []
        self._ingest.take_in(connection, suspects, now)
        return marked

    def place(
        self, keys: Sequence[str], staged: dict[str, Staged], rows: Mapping[str, int] | None = None
    ) -> None:
        """Let files follow the log. The commit stands, whatever comes of this.

        `staged` and `rows`: as `Projection.place_marked` has them.
        """
        if not keys:
            return
        try:
            with self._database.writing(durable=False) as connection:
                newer = self.projection.place_marked(connection, keys, staged, rows or {})
                failpoint("materialised")
            failpoint("settled")
        except errors.MastraError as error:
            self._note(error, "files do not follow the log yet")
        else:
            self.absorb(Sighting(newer))

    def place_due(self, *, put_aside: bool = False) -> None:
        """Place the files that dead processes left to be placed, or even those put aside until later."""
        with self._database.reading() as connection:
            if not self.projection.any_due(connection, put_aside=put_aside):
                return
        try:
            with self._database.writing() as connection:
                newer = self.projection.place_due(connection, put_aside=put_aside)
        except errors.MastraError as error:
            self._note(error, "files do not follow the log yet")
        else:
            self.absorb(Sighting(newer))

    def head(self) -> sqllog.Head:
        """Where the log stands, once what is due was removed."""
        now = self._clock.now()
        with self._database.reading() as connection:
            head = sqllog.head(connection)
        if not self._writable or head.due is None or head.due > now:
            return head
        with self._database.writing() as connection:
            marked = self.catch_up(connection, (), now)
            head = sqllog.head(connection)
        self.place(marked, {})
        self.bell.ring_everywhere()
        return head

    def refresh(self, prefix: str, *, deep: bool) -> None:
        """Take in what changed in the files under a prefix."""
        if self._writable and (prefix.startswith(SPACE) or SPACE.startswith(prefix)):
            self.absorb(self.look(max(prefix, SPACE), deep=deep))

    def look(self, prefix: str, *, deep: bool) -> Sighting:
        """See what may have changed in the files under a prefix: as `Scan.look`."""
        with self._database.snapshot() as connection:
            return self.scan.look(connection, prefix, deep=deep)

    def follow(self, hints: Hints) -> None:
        """Look where the hints point, everywhere excepted."""
        for prefix in sorted(hints.prefixes):
            self.refresh(prefix, deep=True)
        if hints.keys:
            with self._database.snapshot() as connection:
                suspects = self.scan.suspects_among(connection, hints.keys)
            self.absorb(Sighting(suspects))

    def absorb(self, sighting: Sighting) -> bool:
        """Log what was sighted; whether there are new revisions."""
        if not sighting or not self._writable:
            return False
        try:
            news = self._absorb(sighting)
        except (errors.StorageTransactionError, errors.Forbidden, errors.Unavailable) as error:
            self._note(error, "external edits are not taken in yet")
            return False
        self.trouble = None
        return news

    def _absorb(self, sighting: Sighting) -> bool:
        suspects = sorted(sighting.suspects)
        settled = True
        news = False
        for start in range(0, len(suspects), _CHUNK):
            now = self._clock.now()
            with self._database.writing() as connection:
                before = sqllog.revision(connection)
                marked = self.catch_up(connection, (), now)
                settled &= not self._ingest.take_in(connection, suspects[start : start + _CHUNK], now)
                changed = sqllog.revision(connection) != before
                failpoint("ingested")
            self.place(marked, {})
            if changed:
                news = True
                self.bell.ring_everywhere()
        if sighting.directories and settled:
            # It only spares the next look some names: not worth waiting for another process.
            with (
                contextlib.suppress(errors.Unavailable),
                self._database.writing(durable=False, patience=0) as connection,
            ):
                self.projection.record_directories(connection, sighting.directories)
        return news

    def _note(self, error: errors.MastraError, what: str) -> None:
        self.trouble = Problem(
            key="", location=self._tree.base, message=f"{what}: {error.message}", hint=error.hint
        )
