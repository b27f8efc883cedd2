"""A store in one SQLite file: its URL, how it is opened, and what is refused before anything is written.

The file is told from others by its `application_id`: the log of a file store, which has tables of the same
names, and the databases of other programs are never touched. It is made with mode 0600, and missing
directories above it are made as for a file store.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.engines import database, sqllog
from mastractl.engines.bell import FileBell
from mastractl.engines.contract import Capabilities, Problem
from mastractl.engines.database import Database
from mastractl.engines.hearing import AVAILABLE, Hearing
from mastractl.engines.logengine import LogEngine
from mastractl.engines.mounts import mount_of
from mastractl.engines.opening import mask
from mastractl.engines.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.clock import Clock
    from mastractl.engines.database import Connection
    from mastractl.engines.mounts import Mount

# ruff: noqa: PTH100, PTH103, PTH109, PTH111, PTH117, PTH118, PTH120 - as in opening: pathlib is slow

APPLICATION = 0x6D737472
"""The `application_id` of our files: "mstr"."""

VERSION = 1
"""The format of the tables, kept as `user_version`. A newer one is refused."""

_BLIND_POLL = 0.05
"""Seconds between the looks of one who can hear nothing, because the store may not be written."""

_REMEDY = "nothing was changed: restore a backup, or save what can be read with `sqlite3 FILE .recover`"


class Location(NamedTuple):
    """What a URL of a SQLite file says."""

    path: str
    read_only: bool


def locate(url: str) -> Location:
    """The file that `SCHEME:PATH`, `SCHEME:///ABSOLUTE` or `SCHEME:~/PATH`, percent-decoded, names.

    `?mode=ro` opens it for reading only. Raises ConfigError, naming what is known.
    """
    from urllib.parse import unquote  # noqa: PLC0415 - only a URL needs it

    scheme, _, rest = url.partition(":")
    path, _, query = rest.partition("?")
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        path = slash + path
        if host not in {"", "localhost"}:
            message = f"{mask(url)!r} names a host; the file of a {scheme}: store is on this machine"
            raise errors.ConfigError(message, hint=f"for a path write {scheme}:PATH or {scheme}:///PATH")
        path = re.sub(r"^/(?=~)", "", path)
    if query not in {"", "mode=ro", "mode=rw"}:
        message = f"{mask(url)!r} has a parameter other than mode=ro or mode=rw"
        raise errors.ConfigError(message, hint="a question mark in a path is written %3F")
    return Location(_absolute(unquote(path), scheme, url), query == "mode=ro")


def _absolute(path: str, scheme: str, url: str) -> str:
    if path.startswith(":"):
        message = f"{mask(url)!r}: a store that forgets is not kept in SQLite"
        raise errors.ConfigError(message, hint=f"write memory:, or {scheme}:PATH for one that stays")
    if not path or "\0" in path:
        message = f"{mask(url)!r} names no file"
        raise errors.ConfigError(message, hint=f"write {scheme}:PATH, for one {scheme}:store.db")
    found = os.path.expanduser(path)
    if found.startswith("~"):
        message = f"{mask(url)!r}: there is no such home directory"
        raise errors.ConfigError(message, hint="write the path in full, or ./~... for a name that begins so")
    return os.path.normpath(found) if os.path.isabs(found) else os.path.join(os.getcwd(), found)


class SqliteFileEngine(LogEngine):
    """An `Engine` over one SQLite file, by whichever driver `connect` opens it with.

    Shared by any number of processes of this machine. With `read_only`, or where the file may not be
    written, only reads are possible. Raises StorageConnectionError for a path that cannot be a store, and
    StorageValidationError for a file that is damaged, of another program or of a newer mastractl.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        connect: Callable[[str], Connection] | None = None,
        clock: Clock,
        read_only: bool = False,
    ) -> None:
        self._path = os.path.abspath(os.fspath(path))
        if not read_only:
            _make_place(self._path)
        writable = not read_only and _may_write(self._path)
        _refuse_no_file(self._path)
        self._mount = mount_of(os.path.dirname(self._path))
        self._database = _open(self._path, self._mount, connect, writable=writable)
        self._bell = FileBell(f"{self._path}-bell")
        self._hearing: Hearing | None = None
        super().__init__(
            self._database,
            location=self._path,
            clock=clock,
            capabilities=Capabilities(
                durable=True,
                multi_process=True,
                push_watch=AVAILABLE and writable and not self._mount.shared,
            ),
            writable=writable,
        )

    def _begin(self) -> Waiting:
        if self._capabilities.push_watch:
            self._hearing = Hearing(f"{self._path}-bell", self._present)
            return Waiting(self._present, self._hearing, rouse=self._hearing.rouse)
        blind = not self._writable or not self._mount.shared
        return Waiting(self._present, poll=_BLIND_POLL) if blind else Waiting(self._present)

    def _tell(self, revision: int) -> None:
        super()._tell(revision)
        self._bell.ring_everywhere()

    def _compact(self, connection: sqllog.Connection, before: int) -> None:
        super()._compact(connection, before)
        sqllog.give_back(connection)

    def _problems(self, connection: sqllog.Connection) -> tuple[Problem, ...]:
        found = []
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            message = f"the database is damaged: {damage}"
            found.append(Problem(key="", location=self._path, message=message, hint=_REMEDY))
        trouble = self._hearing and self._hearing.trouble
        if trouble:
            message = f"commits of other processes are heard of late: {trouble.message}"
            found.append(Problem(key="", location=self._path, message=message, hint=trouble.hint))
        if self._writable and (self._mount.shared or self._database.journal != "wal"):
            kind = self._mount.kind if self._mount.shared else "a filesystem without shared memory"
            found.append(
                Problem(
                    key="",
                    location=self._path,
                    message=f"the store lies on {kind}: it is slower there, and changes are seen late",
                    hint="put it on a local disk, or use a store made for several machines",
                )
            )
        return tuple(found)

    def _details(self, connection: sqllog.Connection) -> tuple[tuple[str, str], ...]:
        version, pages, size = (
            connection.execute(query).fetchone()[0]
            for query in ("SELECT sqlite_version()", "PRAGMA page_count", "PRAGMA page_size")
        )
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return (
            ("server", f"SQLite {version}, in this process"),
            ("file", self._path),
            ("size", f"{pages * size} bytes"),
            ("durability", f"journal_mode {journal}, synchronous FULL: on the disk before a commit returns"),
        )


def _make_place(path: str) -> None:
    """Make the directories and the file, the latter for its owner alone, if they are missing."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except (FileExistsError, NotADirectoryError) as error:
        message = f"{path} cannot be made: a directory above it is a file"
        raise errors.StorageConnectionError(message, hint="name another path") from error
    except PermissionError as error:
        message = f"{path} cannot be made: {error.strerror}"
        hint = "check the owner and mode of its directory"
        raise errors.StorageConnectionError(message, hint=hint) from error
    except OSError as error:
        if not os.path.exists(path):  # noqa: PTH110
            message = f"{path} cannot be made: {error.strerror}"
            hint = "check the path, the disk and how it is mounted"
            raise errors.StorageConnectionError(message, hint=hint) from error


def _may_write(path: str) -> bool:
    """Whether the file can be written, and the journal beside it."""
    return os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK | os.X_OK)


def _refuse_no_file(path: str) -> None:
    if os.path.isfile(path):  # noqa: PTH113
        return
    if os.path.exists(path):  # noqa: PTH110
        message = f"{path} is no file"
        raise errors.StorageConnectionError(
            message, hint="name the file itself; for a directory of JSON files write file:PATH"
        )
    raise _no_store(path)


def _no_store(path: str) -> errors.StorageConnectionError:
    message = f"there is no store at {path}"
    return errors.StorageConnectionError(message, hint="check the path: a first write makes it")


def _open(
    path: str, mount: Mount, connect: Callable[[str], Connection] | None, *, writable: bool
) -> Database:
    """The database, its tables made if it is new and may be written."""
    reader = Database(path, read_only=True, still=True, connect=connect, remedy=_REMEDY)
    keep = False
    try:
        with reader.snapshot() as connection:
            ready = _recognise(path, connection)
            if ready:
                sqllog.head(connection)
        keep = ready and not writable
    finally:
        if not keep:
            reader.close()
    if keep:
        return reader
    if not writable:
        raise _no_store(path)
    found = Database(path, journal="delete" if mount.shared else "wal", connect=connect, remedy=_REMEDY)
    try:
        if ready:
            with found.reading():
                pass
        else:
            found.write(lambda connection: _create(path, connection))
    except BaseException:
        found.close()
        raise
    return found


def _recognise(path: str, connection: Connection) -> bool:
    """Whether the file holds our tables; False for an empty one. Refuses every other."""
    application, version = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version")
    )
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master").fetchall()}
    if application == APPLICATION:
        if version > VERSION:
            raise database.newer(path, version, VERSION)
        if version == VERSION and tables.issuperset({"head", "log", "current"}):
            return True
        message = f"{path} is a store of mastractl in which tables are missing"
        raise errors.StorageValidationError(message, hint=_REMEDY)
    if tables.issuperset({"head", "log", "current", "pending"}):
        message = f"{path} is the database of a file store"
        base = os.path.dirname(os.path.dirname(path))
        raise errors.StorageValidationError(message, hint=f"nothing was changed: open file:{base}")
    if application or version or tables:
        message = f"{path} is the database of another program"
        raise errors.StorageValidationError(message, hint="nothing was changed: name another file")
    return False


def _create(path: str, connection: Connection) -> None:
    if not _recognise(path, connection):  # another process may have been faster
        sqllog.create(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION:d}")
        connection.execute(f"PRAGMA user_version = {VERSION:d}")
