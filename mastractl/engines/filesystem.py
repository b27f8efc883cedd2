"""The engine of plain JSON files: what people see and edit, with a log beside it.

`<base>/<kind>/<namespace>/<name>.json` is the visible truth for the keys `res/<kind>/<namespace>/<name>`;
`<base>/.mastractl/state.db` holds the change log, its index and every other key. A commit is durable
when its log is: files are written beside their places before it, renamed after it, and written again
from the log if a process dies between the two (`projection`). Files that others change are taken in as
revisions of their own before a commit or a read of their keys answers, and while somebody waits
(`scan`, `ingest`, `lookout`). Where no database can be opened, files alone are read (`plainfiles`).
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines import layout, sqllog, tree
from mastractl.engines.bell import FileBell
from mastractl.engines.checks import check_operations, check_precondition
from mastractl.engines.contract import (
    Capabilities,
    Changes,
    Commit,
    Delete,
    Health,
    Page,
    Problem,
    Put,
    adopt_as_is,
)
from mastractl.engines.failpoints import failpoint
from mastractl.engines.logengine import speakable
from mastractl.engines.planning import outcome
from mastractl.engines.projection import check_value
from mastractl.engines.scan import Sighting
from mastractl.engines.tree import BELL, PRIVATE, SPACE
from mastractl.engines.upkeep import Upkeep

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Entry, Flaw, Op
    from mastractl.engines.database import Database
    from mastractl.engines.lookout import Lookout
    from mastractl.engines.tree import Staged

POLL = 1.0
"""Seconds after which a wait looks at the log although it heard nothing, as kine does."""

_BLIND_POLL = 0.05
"""Seconds between the looks of one who can hear nothing, because the store may not be written."""

_LOOKS = 3
"""How often a list looks at files that change beneath it, before it gives what the log has."""


class FileEngine:
    """An `Engine` over a directory, shared by any number of processes. Thread-safe.

    `path` is made if it is missing. `adopt` turns an external edit into a value. With `read_only`, or
    where nothing may be written, only reads are possible, and external edits are not taken in.
    Raises StorageConnectionError for a path that cannot be a store.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        adopt: Adopt = adopt_as_is,
        clock: Clock | None = None,
        read_only: bool = False,
    ) -> None:
        self._store = layout.open_store(os.fspath(path), read_only=read_only)
        self._tree = self._store.tree
        self._adopt = adopt
        self._clock = clock or SystemClock()
        self._capabilities = Capabilities(
            durable=True,
            multi_process=True,
            external_edits=True,
            push_watch=self._store.writable and not self._store.mount.shared,
        )
        self._closed = False
        self._begin()
        if self._store.writable:
            self._upkeep.recover()

    def _begin(self) -> None:
        """What belongs to this process alone: a fork has its own bell and watcher."""
        self._pid = os.getpid()
        self._bell = FileBell(self._tree.location(BELL))
        self._heard = (-1, 0.0, 0)
        self._beginning = allocate_lock()
        self._lookout: Lookout | None = None
        if self._store.database is None:
            from mastractl.engines.plainfiles import PlainFiles  # noqa: PLC0415 - seldom needed

            self._plain = PlainFiles(self._tree, adopt=self._adopt)
        else:
            self._upkeep = Upkeep(
                self._store,
                self._store.database,
                adopt=self._adopt,
                clock=self._clock,
                bell=self._bell,
                max_value=self._capabilities.max_value,
            )

    @property
    def capabilities(self) -> Capabilities:
        """Durable, shared between processes, and aware of external edits."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """The uid of this store; it changes if the database is lost."""
        return self._store.identity or self._plain.identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, its file included, or None."""
        database = self._ready()
        if not speakable(key):
            return None
        if database is None:
            return self._plain.get(key)
        if key.startswith(SPACE):
            where = tree.place(key)
            if where is None:
                return None
            with database.reading() as connection:
                known = self._upkeep.projection.known(connection, key)
            if self._upkeep.scan.suspicious(where, known):
                self._upkeep.absorb(Sighting([key]))
        with database.reading() as connection:
            entry = sqllog.get(connection, key)
        due = entry is not None and entry.expires_at is not None and entry.expires_at <= self._clock.now()
        return None if due else entry

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        database = self._ready()
        if database is None:
            return self._plain.range(prefix, limit=limit, after=after)
        if not speakable(prefix + after):
            return Page(self.revision(), ())
        self._upkeep.refresh(prefix, deep=False)
        for _ in range(_LOOKS):
            page, suspects = self._page(database, prefix, limit=limit, after=after)
            if not suspects or not self._upkeep.absorb(Sighting(suspects)):
                return page
        return self._page(database, prefix, limit=limit, after=after)[0]

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        database = self._ready()
        check_operations(ops, self._capabilities)
        _refuse_places(ops)
        if database is None or not self._store.writable:
            raise self._read_only()
        present, touched = self._survey(database, ops)
        if not touched:
            return Commit(present, ())
        staged: dict[str, Staged] = {}
        try:
            self._stage(touched, staged)
            failpoint("staged")
            return self._commit(database, ops, origin, staged)
        finally:
            for left in staged.values():
                self._tree.discard(left)

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        database = self._ready()
        if database is None:
            return self._plain.changes(since)
        if self._lookout and self._lookout.live:
            self._attend(self._lookout)
        else:
            self._upkeep.refresh(prefix, deep=True)
        if self._upkeep.head().revision == since:
            return Changes(since, ())
        with database.snapshot() as connection:
            return sqllog.changes(connection, since, prefix, limit=limit)

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        database = self._ready()
        if database is None:
            return self._plain.wait(since, timeout)
        deadline = time.monotonic() + timeout
        lookout = self._lookout or self._look_out()
        while not self._closed:
            rung = self._bell.rung
            if self._present(database, lookout, rung) > since:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if not self._store.writable:
                self._bell.wait(rung, min(left, _BLIND_POLL))
            elif not self._attend(lookout):
                self._bell.wait(rung, min(left, POLL, lookout.due_in()))
        return False

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        database = self._ready()
        if database is None:
            return self._plain.revision()
        return self._upkeep.head().revision

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched."""
        database = self._ready()
        if database is None or not self._store.writable:
            raise self._read_only()
        with database.writing() as connection:
            sqllog.compact(connection, before)
            sqllog.give_back(connection)

    def health(self) -> Health:
        """Whether the store can be written, and what in it needs a person. Looks at every file."""
        database = self._ready()
        if database is None:
            found = tuple(self._plain.problems())
            present = self._plain.revision()
            return Health(writable=False, revision=present, compacted=present, problems=found)
        if self._store.writable:
            self._upkeep.place_due(put_aside=True)
            self._upkeep.refresh(SPACE, deep=True)
            self._upkeep.head()
        with database.snapshot() as connection:
            now = sqllog.head(connection)
            problems = [*database.problems(connection), *self._problems(connection)]
        return Health(
            writable=self._store.writable,
            revision=now.revision,
            compacted=now.compacted,
            problems=tuple(problems),
        )

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """As `contract.Checkable`: the log against its index, and the files against both.

        With `repair`, the index is made to agree with the log, and files are written again from it.
        """
        from mastractl.engines import filecheck, sqlcheck  # noqa: PLC0415 - only who asks for it pays

        database = self._ready()
        if repair and not self._store.writable:
            raise self._read_only()
        if database is None:
            return
        where = self._tree.location(PRIVATE)
        yield from sqlcheck.check(database, location=where, repair=repair)
        if repair:
            self._upkeep.place_due(put_aside=True)
            self._upkeep.refresh(SPACE, deep=True)
        checking = filecheck.FileCheck(
            self._tree, database, self._upkeep, adopt=self._adopt, clock=self._clock
        )
        yield from checking.faults(repair=repair)

    def close(self) -> None:
        """Give everything back. Waiting calls return; later calls raise StorageClosed."""
        if self._closed:
            return
        self._closed = True
        self._bell.ring()
        if self._lookout and self._pid == os.getpid():
            self._lookout.stop()
        if self._store.database:
            self._store.database.close()

    def _ready(self) -> Database | None:
        """What every call begins with: the store is open, and it is this process that opened it."""
        if self._closed:
            message = f"the store at {self._tree.base} is closed"
            raise errors.StorageClosed(message)
        if os.getpid() != self._pid:
            self._begin()
        return self._store.database

    def _read_only(self) -> errors.Forbidden:
        message = f"the store at {self._tree.base} is open for reading only"
        return errors.Forbidden(
            message, hint="check the owner and mode of the directory, and how it was opened"
        )

    def _present(self, database: Database, lookout: Lookout, rung: int) -> int:
        """The present revision, for one who waits: asked of the log once a second if nobody rings.

        Waits are made of short slices (see `Engine.wait`), most of which need nothing but this memory.
        """
        heard, at, present = self._heard
        now = time.monotonic()
        if heard != rung or now - at >= POLL or not lookout.live:
            database.refuse_replaced()
            with database.reading() as connection:
                present = sqllog.revision(connection)
            self._heard = (rung, now, present)
        return present

    def _page(self, database: Database, prefix: str, *, limit: int, after: str) -> tuple[Page, set[str]]:
        """What the log has, and the keys of which the files may say otherwise."""
        self._upkeep.head()
        with database.snapshot() as connection:
            page = sqllog.page(connection, prefix, limit=limit, after=after, now=self._clock.now())
            suspects = self._upkeep.scan.suspects_on_page(connection, page.entries, prefix)
        return page, suspects

    def _survey(self, database: Database, ops: Sequence[Op]) -> tuple[int, list[Op]]:
        """The present revision, and the operations that may change something; found without a write.

        Raises Conflict, where that is certain without a write.
        """
        self._upkeep.head()
        now = self._clock.now()
        touched: list[Op] = []
        with database.snapshot() as connection:
            for op in ops:
                if touched and not op.key.startswith(SPACE):
                    touched.append(op)  # there is a commit to be made, which looks for itself, and no file
                    continue
                entry = sqllog.get(connection, op.key)
                clean = self._clean(connection, op.key)
                if clean:
                    check_precondition(op, entry.revision if entry else 0)
                if not clean or outcome(op, entry, revision=0, now=now) is not entry:
                    touched.append(op)
            return sqllog.revision(connection), touched

    def _clean(self, connection: sqlite3.Connection, key: str) -> bool:
        """Whether the file of a key is as it should be."""
        where = tree.place(key) if key.startswith(SPACE) else None
        if where is None:
            return True
        known = self._upkeep.projection.known(connection, key)
        return (
            known.problem is None
            and known.retry_at is None
            and not self._upkeep.scan.suspicious(where, known)
        )

    def _stage(self, ops: Sequence[Op], staged: dict[str, Staged]) -> None:
        """Write what will be renamed after the commit, and meet before it whatever would hinder that."""
        for op in ops:
            where = tree.place(op.key) if op.key.startswith(SPACE) else None
            if where is None:
                continue
            try:
                if isinstance(op, Put):
                    staged[op.key] = self._tree.stage(where, check_value(op.key, op.value))
                elif isinstance(op, Delete):
                    self._tree.check_removable(where)
            except OSError as error:
                raise tree.refusal(error, self._tree.location(where.path)) from error

    def _commit(
        self, database: Database, ops: Sequence[Op], origin: str, staged: dict[str, Staged]
    ) -> Commit:
        now = self._clock.now()
        conflict: errors.Conflict | None = None
        made = Commit(0, ())
        rows: dict[str, int] = {}
        with database.writing() as connection:
            before = sqllog.revision(connection)
            marked = self._upkeep.catch_up(connection, [op.key for op in ops], now)
            try:
                made = sqllog.append(connection, ops, origin=origin, now=now)
            except errors.Conflict as error:
                conflict = error  # what was taken in before it stands
            else:
                marked += self._upkeep.projection.mark(connection, made)
                marked += self._repair(connection, staged.keys() - set(marked))
                rows = self._upkeep.projection.rows_marked(connection, staged)
            news = sqllog.revision(connection) != before
            failpoint("logged")
        failpoint("committed")
        self._upkeep.place(marked, staged, rows)
        if news:
            self._bell.ring_everywhere()
        if conflict:
            raise conflict
        return made

    def _repair(self, connection: sqlite3.Connection, keys: Iterable[str]) -> list[str]:
        """Have the files of unchanged keys written again, where they are not as they should be."""
        broken = [key for key in keys if not self._clean(connection, key)]
        return [key for key in broken if self._upkeep.projection.mark_present(connection, key)]

    def _look_out(self) -> Lookout:
        """What knows where to look while somebody waits; made by the first who does."""
        from mastractl.engines.lookout import Lookout  # noqa: PLC0415 - most processes never wait

        watch = self._capabilities.push_watch and not self._closed
        with self._beginning:
            self._lookout = self._lookout or Lookout(self._tree.base, self._bell, watch=watch)
            return self._lookout

    def _attend(self, lookout: Lookout) -> bool:
        """Look where the lookout says; whether it said anything: then there may be news by now."""
        hints = lookout.hints()
        if not hints:
            return False
        try:
            if hints.everywhere:
                began = time.monotonic()
                sighting = self._upkeep.look(SPACE, deep=True)
                cost = time.monotonic() - began
                lookout.looked(cost, news=self._upkeep.absorb(sighting))
            else:
                self._upkeep.follow(hints)
        except BaseException:
            lookout.lost()
            raise
        return True

    def _problems(self, connection: sqlite3.Connection) -> list[Problem]:
        upkeep = self._upkeep
        found = [*self._store.problems, *layout.damaged(self._tree)]
        found += [problem for problem in (upkeep.trouble, self._lookout and self._lookout.problem) if problem]
        if not self._store.writable:
            edited = upkeep.scan.look(connection, SPACE, deep=True).suspects
            found += [
                Problem(
                    key=key,
                    location=self._tree.location(f"{key[len(SPACE) :]}.json"),
                    message="it was edited since the store was last written, and is shown as it was before",
                    hint="open the store for writing once, to take the edit in",
                )
                for key in sorted(edited)
            ]
        return [*found, *upkeep.scan.problems(), *upkeep.projection.problems(connection)]


def _refuse_places(ops: Sequence[Op]) -> None:
    """Refuse keys that can have no file, before anything is looked at. Raises BadRequest."""
    for op in ops:
        if op.key.startswith(SPACE) and tree.place(op.key) is None:
            message = f"{op.key!a} can have no file"
            raise errors.BadRequest(
                message,
                hint="res/<kind>/<namespace>/<name>, each of lower-case letters, digits, '-' and '.',"
                " at most 250 bytes, and no name that Windows reserves",
            )
