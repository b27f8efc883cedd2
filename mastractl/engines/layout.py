"""How a store is opened: its directories, its database, and what to do when they are not as they should be.

A database that is lost or damaged is made anew, with a new identity and with revisions that lie above
any the old one can have given, so that an old bookmark is refused and never silently wrong. A damaged
one is moved aside and kept: records that have no file are in it. Where nothing may be written the store
is opened for reading, with its database if that can be read and else from its files alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines import database, projection, sqllog, tree
from mastractl.engines.contract import Problem
from mastractl.engines.database import Database
from mastractl.engines.mounts import mount_of
from mastractl.engines.tree import PRIVATE, Tree

if TYPE_CHECKING:
    from mastractl.engines.mounts import Mount

VERSION = 1
"""The format of the database. A newer one is refused."""

_DATABASE = f"{PRIVATE}/state.db"
_DAMAGED = "state.db.damaged-"
_JOURNALS = ("-wal", "-shm", "-journal")


class Store:
    """An opened store. `database` is None where there is none that can be read; `writable` says the rest."""

    __slots__ = ("database", "identity", "mount", "problems", "tree", "writable")

    def __init__(self, files: Tree, mount: Mount, database: Database | None, *, writable: bool) -> None:
        self.tree = files
        self.mount = mount
        self.database = database
        self.writable = writable
        self.problems: list[Problem] = []
        self.identity = ""
        if database:
            with database.reading() as connection:
                self.identity = sqllog.identity(connection)


def open_store(path: str, *, read_only: bool) -> Store:
    """Open the store in a directory, making what is missing unless `read_only`.

    Raises StorageConnectionError for a path that cannot be a store, StorageValidationError for one of a
    newer mastractl.
    """
    files = _base(path, create=not read_only)
    mount = mount_of(files.base)
    if not read_only and _writable(files):
        return _open_for_writing(files, mount)
    return _open_for_reading(files, mount)


def damaged(files: Tree) -> list[Problem]:
    """The damaged databases that were moved aside and that nobody has dealt with."""
    return [
        Problem(
            key="",
            location=files.location(f"{PRIVATE}/{name}"),
            message="the store's database was damaged; resources were read back from their files",
            hint="records without files are in it: restore a backup, or delete it",
        )
        for name in sorted(_own_names(files))
        if name.startswith(_DAMAGED) and not name.endswith(_JOURNALS)
    ]


def _base(path: str, *, create: bool) -> Tree:
    try:
        if create:
            os.makedirs(path, exist_ok=True)  # noqa: PTH103 - Path is slow to import, and not needed
        return Tree(path)
    except FileNotFoundError as error:
        message = f"there is no store at {path}"
        raise errors.StorageConnectionError(message, hint="check the path: a first write makes it") from error
    except (FileExistsError, NotADirectoryError) as error:
        message = f"{path} is no directory, or lies below what is none"
        hint = "a file store is a directory: name another path"
        raise errors.StorageConnectionError(message, hint=hint) from error
    except OSError as error:
        message = f"the store at {path} cannot be opened: {tree.reason(error)}"
        raise errors.StorageConnectionError(message, hint="check the owner and mode of the path") from error


def _writable(files: Tree) -> bool:
    """Whether the private directory can be written; it is made if it is missing."""
    private = files.location(PRIVATE)
    path = files.location(_DATABASE)
    if os.access(path, os.F_OK):
        return os.access(path, os.W_OK) and os.access(private, os.W_OK | os.X_OK)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(private, 0o700)  # noqa: PTH102
            with open(f"{private}/.gitignore", "x", encoding="utf-8") as file:  # noqa: PTH123
                file.write("*\n")
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            return False
        raise tree.refusal(error, private) from error
    return os.access(private, os.W_OK | os.X_OK)


def _open_for_writing(files: Tree, mount: Mount) -> Store:
    try:
        found = _prepared(files, mount)
    except errors.StorageValidationError as error:
        if not _damage(error):
            raise
        found = _replaced(files, mount)
    store = Store(files, mount, found, writable=True)
    if mount.shared or found.journal != "wal":
        store.problems.append(_shared(files, mount))
    return store


def _prepared(files: Tree, mount: Mount) -> Database:
    def create(connection: sqlite3.Connection) -> None:
        # What had a database before is to be told from it: its revisions begin above all that gave.
        first = 0 if _untouched(files) else time.time_ns() // 1_000_000
        sqllog.create(connection, first=first)
        projection.create(connection)

    found = Database(files.location(_DATABASE), journal="delete" if mount.shared else "wal")
    try:
        found.prepare(VERSION, create)
        with found.reading() as connection:
            sqllog.identity(connection)
            sqllog.head(connection)
    except BaseException:
        found.close()
        raise
    return found


def _untouched(files: Tree) -> bool:
    """Whether there never was a store here: no file of a resource, and no trace of a former database."""
    former = _own_names(files) - {".gitignore", "state.db", *(f"state.db{end}" for end in _JOURNALS)}
    return not former and not any(
        tree.key_of(kind, namespace, name)
        for kind, namespace, _ in tree.namespaces(files.base)
        for name in _names(files.location(f"{kind}/{namespace}"))
    )


def _damage(error: errors.StorageValidationError) -> bool:
    """Whether a refusal comes from SQLite, and not from us."""
    return isinstance(error.__cause__, sqlite3.DatabaseError)


def _replaced(files: Tree, mount: Mount) -> Database:
    """A new database, the damaged one moved aside with its journal, unless another process just did so."""
    import fcntl  # noqa: PLC0415 - seldom needed

    lock = os.open(files.location(PRIVATE), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(errors.StorageValidationError):
            return _prepared(files, mount)
        stamp = time.time_ns()
        for end in (*_JOURNALS, ""):
            with contextlib.suppress(FileNotFoundError):
                kept = files.location(f"{PRIVATE}/{_DAMAGED}{stamp}{end}")
                os.rename(files.location(_DATABASE) + end, kept)  # noqa: PTH104
        return _prepared(files, mount)
    finally:
        os.close(lock)


def _open_for_reading(files: Tree, mount: Mount) -> Store:
    found = Database(files.location(_DATABASE), read_only=True)
    try:
        version = found.version()
        if version > VERSION:
            raise database.newer(found.path, version, VERSION)
        if version == VERSION:
            return Store(files, mount, found, writable=False)
    except (errors.StorageConnectionError, errors.StorageTransactionError, errors.Forbidden):
        pass  # no database, or one whose journal cannot be opened without writing
    found.close()
    return Store(files, mount, None, writable=False)


def _shared(files: Tree, mount: Mount) -> Problem:
    kind = mount.kind if mount.shared else "a filesystem without shared memory"
    return Problem(
        key="",
        location=files.base,
        message=f"the store lies on {kind}: it is slower there, and changes by other machines are seen late",
        hint="put it on a local disk, or use a store made for several machines",
    )


def _own_names(files: Tree) -> set[str]:
    return _names(files.location(PRIVATE))


def _names(path: str) -> set[str]:
    with contextlib.suppress(OSError):
        return set(os.listdir(path))  # noqa: PTH208
    return set()
