"""Taking external edits in: what the suspected files hold goes into the log.

Under the write lock each suspect is looked at again, read, adopted and, if it says anything new, logged
as a revision of its own. A file that says nothing new only has its signature stored again; one that
cannot be understood leaves the last good value standing and is reported until it is repaired. The file
itself is never written: it stays as its editor left it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mastractl import errors, values
from mastractl.engines import sqllog, tree
from mastractl.engines.contract import EXTERNAL, Delete, Put
from mastractl.engines.projection import UNREADABLE
from mastractl.engines.tree import BOM, NotRegular

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from mastractl.engines.contract import Adopt, Entry, Op
    from mastractl.engines.projection import Projection
    from mastractl.engines.scan import Scan
    from mastractl.engines.tree import Place, Signature, Tree


class Ingest:
    """Brings the log up to the files. `adopt` makes a value of a document."""

    def __init__(
        self, files: Tree, projection: Projection, scan: Scan, *, adopt: Adopt, max_value: int
    ) -> None:
        self._tree = files
        self._projection = projection
        self._scan = scan
        self._adopt = adopt
        self._max_value = max_value

    def take_in(self, connection: sqlite3.Connection, keys: Iterable[str], now: float) -> set[str]:
        """Log what changed in the files of the keys, in the write transaction that is open.

        The keys that could not be looked at now, because their files are being written.
        """
        unsettled = set()
        for key in sorted(keys):
            where = tree.place(key)
            if where and not self._take_in(connection, key, where, now):
                unsettled.add(key)
        return unsettled

    def _take_in(self, connection: sqlite3.Connection, key: str, where: Place, now: float) -> bool:
        """Log what changed in one file. False if that cannot be said now."""
        known = self._projection.known(connection, key)
        if known.retry_at is not None or not self._scan.suspicious(where, known):
            return True
        before = sqllog.get(connection, key)
        try:
            data, signature = self._tree.read(where)
        except (FileNotFoundError, NotADirectoryError):
            self._projection.forget(connection, key)
            self._log(connection, Delete(key), now)
            return True
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return False
            self._report_unreadable(connection, key, where, error)
            return True
        try:
            value = self._adopted(key, data, before, now)
        except _Unfit as unfit:
            self._projection.record(connection, key, signature, problem=unfit.message, hint=unfit.hint)
            return True
        self._projection.record(connection, key, signature)
        self._log(connection, Put(key, value, expires_at=before.expires_at if before else None), now)
        return True

    def _log(self, connection: sqlite3.Connection, op: Op, now: float) -> None:
        sqllog.append(connection, [op], origin=EXTERNAL, now=now)

    def _adopted(self, key: str, data: bytes, before: Entry | None, now: float) -> bytes:
        try:
            document = values.load(data.removeprefix(BOM).decode())
            value = self._adopt(key, document, before.value if before else None, now)
        except UnicodeDecodeError as error:
            message = f"not UTF-8: byte {error.start + 1} is 0x{data[error.start]:02x}"
            raise _Unfit(message, _REPAIR) from error
        except errors.MastraError as error:
            raise _Unfit(error.message, error.hint or _REPAIR) from error
        except (ValueError, RecursionError) as error:
            raise _Unfit(_fault(data, error), _MERGED if b"<<<<<<<" in data else _REPAIR) from error
        if len(value) > self._max_value:
            message = f"its value has {len(value)} bytes; this store takes {self._max_value}"
            raise _Unfit(message, "keep large content elsewhere and refer to it")
        return value

    def _report_unreadable(
        self, connection: sqlite3.Connection, key: str, where: Place, error: OSError
    ) -> None:
        in_the_way = isinstance(error, NotRegular) or error.errno == errno.ELOOP
        signature: Signature = self._tree.signature(where)
        self._projection.record(
            connection,
            key,
            signature,
            trust=UNREADABLE,
            problem=f"the file cannot be read: {tree.reason(error)}",
            hint="put a regular file in its place" if in_the_way else "check its owner and mode",
        )


_REPAIR = "repair the file, or write the resource again; until then its last good state is shown"
_MERGED = "git left conflict markers in it: resolve them; until then its last good state is shown"


class _Unfit(Exception):
    """A file that holds no value."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def _fault(data: bytes, error: Exception) -> str:
    """Where a JSON text is wrong, for a person."""
    if not data.strip():
        return "line 1, column 1: the file is empty"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    line, column, text = (getattr(error, name, None) for name in ("lineno", "colno", "msg"))
    return f"line {line}, column {column}: {text}" if line else str(error)
