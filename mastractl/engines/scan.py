"""Finding external edits: which files may have been changed behind the engine's back.

Finding needs no lock, and may be wrong in one way only: it may suspect too much. A file is suspected if
its signature is not what it was when its content was last looked at; a directory's names are read if
the directory's own signature changed. Nothing here reads a file's content, and nothing writes.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from mastractl.engines import sqllog, tree
from mastractl.engines.contract import Problem
from mastractl.engines.projection import RACY, UNREADABLE
from mastractl.engines.tree import SPACE, signature_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from mastractl.engines.contract import Entry
    from mastractl.engines.projection import Known, Projection
    from mastractl.engines.tree import Place, Signature, Tree

_Row = tuple[str, int, int, int, int, int]
"""A key with the signature and the trust of its file."""


class Sighting:
    """What a look at the tree found: keys to be looked at again, and directories as they were seen.

    `directories` maps a path to the signature that it had before its names were read.
    """

    __slots__ = ("directories", "suspects")

    def __init__(self, suspects: Iterable[str] = ()) -> None:
        self.suspects = set(suspects)
        self.directories: dict[str, Signature] = {}

    def __bool__(self) -> bool:
        return bool(self.suspects or self.directories)


class Scan:
    """Compares the tree with what is known of it."""

    def __init__(self, files: Tree, projection: Projection) -> None:
        self._tree = files
        self._projection = projection
        self._oddities: dict[str, list[Problem]] = {}
        """What stands in a directory and is neither ours nor plainly foreign, as last seen."""

    def problems(self) -> list[Problem]:
        """The oddities of all directories, as last seen."""
        return [problem for path in sorted(self._oddities) for problem in self._oddities[path]]

    def suspicious(self, where: Place, known: Known) -> bool:
        """Whether a file may have changed since it was last looked at.

        One that is still to be placed differs because of that; it is suspected when that is overdue.
        """
        signature = self._tree.signature(where)
        if known.retry_at is not None:
            return signature != known.signature and self._projection.overdue(known)
        if signature != known.signature or known.trust == RACY:
            return True
        return known.trust == UNREADABLE and not self._still_unreadable(where)

    def suspects_among(self, connection: sqlite3.Connection, keys: Iterable[str]) -> set[str]:
        """Those of the keys whose files may have changed."""
        found = set()
        for key in keys:
            where = tree.place(key)
            if where and self.suspicious(where, self._projection.known(connection, key)):
                found.add(key)
        return found

    def suspects_on_page(
        self, connection: sqlite3.Connection, entries: Iterable[Entry], prefix: str
    ) -> set[str]:
        """The keys of a page of entries whose files may have changed, and the unfit ones under its prefix.

        Of a file that never was fit to be read there is no entry, so it would be missed otherwise.
        """
        keys = [entry.key for entry in entries if entry.key.startswith(SPACE)]
        unfit = [row[0] for row in connection.execute(_UNFIT, sqllog.span(prefix))]
        if not keys:
            return self.suspects_among(connection, unfit)
        rows: list[_Row] = connection.execute(_ROWS, (keys[0], keys[-1] + "\0")).fetchall()
        asked = set(keys)
        suspects = set(self._tree.differing([row for row in rows if row[0] in asked]))
        suspects |= asked.difference(row[0] for row in rows)
        return self.suspects_among(connection, suspects.union(unfit))

    def look(self, connection: sqlite3.Connection, prefix: str, *, deep: bool) -> Sighting:
        """Compare the names under a prefix with what is known, and with `deep` each file's signature too.

        A directory whose own signature is as it was holds the same names: it is not read unless `deep`.
        """
        sighting = Sighting()
        present = set()
        for kind, namespace in self._directories(prefix):
            present.add(f"{kind}/{namespace}")
            self._look_into(connection, kind, namespace, sighting, deep=deep)
        for path in self._known_directories(connection, prefix):
            if path not in present:
                low, high = sqllog.span(f"{SPACE}{path}/")
                below = connection.execute(_NAMES, (low, high)).fetchall()
                sighting.suspects |= self.suspects_among(connection, (key for (key,) in below))
        return sighting

    def _look_into(
        self, connection: sqlite3.Connection, kind: str, namespace: str, sighting: Sighting, *, deep: bool
    ) -> None:
        path = f"{kind}/{namespace}"
        try:
            with self._tree.directory(kind, namespace) as fd:
                signature = signature_of(os.fstat(fd))
                unchanged = signature == self._projection.directory(connection, path)
                if unchanged and not deep:
                    return
                low, high = sqllog.span(f"{SPACE}{path}/")
                rows: list[_Row] = connection.execute(_ROWS if deep else _NAMES, (low, high)).fetchall()
                suspects = self._strange_names(fd, kind, namespace, [row[0] for row in rows])
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._note(path, [self._unreadable(path, error)])
            return
        if deep:
            suspects.update(self._tree.differing(rows))
        sighting.suspects |= self.suspects_among(connection, suspects)
        if not unchanged:
            sighting.directories[path] = signature

    def _strange_names(self, fd: int, kind: str, namespace: str, known: list[str]) -> set[str]:
        """The keys that have a file in a directory and are not known, or are known and have none.

        Other files are noted if they look as if they should be ours; our own litter is swept.
        """
        start = len(f"{SPACE}{kind}/{namespace}/")
        missing = {f"{key[start:]}.json": key for key in known}
        odd, found = [], set()
        for name in os.listdir(fd):
            if missing.pop(name, None):
                continue
            if key := tree.key_of(kind, namespace, name):
                found.add(key)
            elif tree.foreign(name):
                tree.sweep(fd, name)
            elif not _is_directory(fd, name):
                odd.append(self._illegal(f"{kind}/{namespace}/{name}"))
        self._note(f"{kind}/{namespace}", odd)
        return found.union(missing.values())

    def _directories(self, prefix: str) -> Iterator[tuple[str, str]]:
        """The directories on the disk that may hold keys of a prefix."""
        wanted = prefix[len(SPACE) :].split("/")
        for kind in self._names("", wanted[0] if len(wanted) > 1 else None):
            for namespace in self._names(kind, wanted[1] if len(wanted) > 2 else None):
                yield kind, namespace

    def _names(self, path: str, only: str | None) -> list[str]:
        """The legal directories in a directory; `only` one of them, if it is there."""
        legal = tree.legal_namespace if path else tree.legal_kind
        if only is not None:
            return [only] if legal(only) and self._is_ours(f"{path}/{only}" if path else only) else []
        found, odd = [], []
        try:
            with self._tree.directory(*([path] if path else ())) as fd, os.scandir(fd) as entries:
                for entry in entries:
                    if not legal(entry.name):
                        continue
                    if entry.is_symlink():
                        odd.append(self._linked(f"{path}/{entry.name}" if path else entry.name))
                    elif entry.is_dir(follow_symlinks=False):
                        found.append(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            odd.append(self._unreadable(path, error))
        self._note(path or ".", odd)
        return sorted(found)

    def _is_ours(self, path: str) -> bool:
        """Whether a directory is there and can be entered, which whoever asks for it alone may assume."""
        try:
            with self._tree.directory(*path.split("/")):
                return True
        except OSError:
            return False

    def _known_directories(self, connection: sqlite3.Connection, prefix: str) -> Iterator[str]:
        """The directories in which files are known, by hopping through their keys."""
        low, high = sqllog.span(prefix)
        while row := connection.execute(f"{_NAMES} LIMIT 1", (low, high)).fetchone():
            path = row[0][len(SPACE) :].rpartition("/")[0]
            yield path
            low = f"{SPACE}{path}0"  # "0" comes next after "/"

    def _still_unreadable(self, where: Place) -> bool:
        try:
            self._tree.read(where)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return False

    def _note(self, path: str, odd: list[Problem]) -> None:
        if odd:
            self._oddities[path] = odd
        else:
            self._oddities.pop(path, None)

    def _illegal(self, path: str) -> Problem:
        return Problem(
            key="",
            location=self._tree.location(path),
            message="the file name is no legal resource name, so the file is not read",
            hint="use lower-case letters, digits, '-' and '.', at most 250 bytes, or another extension",
        )

    def _linked(self, path: str) -> Problem:
        return Problem(
            key="",
            location=self._tree.location(path),
            message="a symbolic link is not followed: nothing is read or written there",
            hint="put a real directory in its place; only the base directory may be a link",
        )

    def _unreadable(self, path: str, error: OSError) -> Problem:
        return Problem(
            key="",
            location=self._tree.location(path),
            message=f"the directory cannot be read, and what was known of it stands: {tree.reason(error)}",
            hint="check its owner and mode",
        )


_NAMES = "SELECT key FROM files WHERE key >= ? AND key < ? ORDER BY key"
_ROWS = "SELECT key, ino, mtime, ctime, size, trust FROM files WHERE key >= ? AND key < ? ORDER BY key"
_UNFIT = "SELECT key FROM files WHERE problem IS NOT NULL AND key >= ? AND key < ?"


def _is_directory(fd: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    return False
