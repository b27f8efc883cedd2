"""A store that is nothing but files: what can be read where no database may be opened.

There is no log, so a revision is made from what the files are; it tells two states apart, but not which
was first. What changed cannot be told: whoever asks is sent back to list again.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from mastractl import errors, values
from mastractl.engines import tree
from mastractl.engines.contract import Changes, Entry, Page, Problem
from mastractl.engines.tree import BOM, SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.contract import Adopt
    from mastractl.engines.tree import Place, Signature, Tree

_POLL = 1.0


class PlainFiles:
    """Reads of a tree without a database."""

    def __init__(self, files: Tree, *, adopt: Adopt) -> None:
        self._tree = files
        self._adopt = adopt

    @property
    def identity(self) -> str:
        """The base directory stands for the store."""
        found = os.stat(self._tree.base)  # noqa: PTH116
        return f"files-{found.st_dev:x}-{found.st_ino:x}"

    def get(self, key: str) -> Entry | None:
        """What the file of a key holds now; None if there is none that can be understood."""
        where = tree.place(key)
        if where is None:
            return None
        try:
            return self._entry(key, where)
        except (OSError, ValueError, RecursionError, errors.MastraError):
            return None

    def range(self, prefix: str, *, limit: int, after: str) -> Page:
        """The keys under a prefix, read one file at a time."""
        found: list[Entry] = []
        keys = sorted(key for key in self._keys() if key.startswith(prefix) and key > after)
        for key in keys:
            entry = self.get(key)
            if entry is None:
                continue
            if limit and len(found) == limit:
                return Page(self.revision(), tuple(found), found[-1].key)
            found.append(entry)
        return Page(self.revision(), tuple(found))

    def changes(self, since: int) -> Changes:
        """None, if the files are as they were at `since`. Raises Expired."""
        present = self.revision()
        if since != present:
            message = "this store has no log, and its files are not as they were"
            raise errors.Expired(message, floor=present, hint="list again and go on from there")
        return Changes(present, ())

    def wait(self, since: int, timeout: float) -> bool:
        """Poll until the files are no longer as they were at `since`."""
        deadline = time.monotonic() + timeout
        while self.revision() == since:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _POLL))
        return True

    def revision(self) -> int:
        """A number made from the names and signatures of all files."""
        import zlib  # noqa: PLC0415 - only a store without a database needs it

        sum_ = 0
        for key in sorted(self._keys()):
            where = tree.place(key)
            if where:
                sum_ = zlib.crc32(repr((key, *self._tree.signature(where))).encode(), sum_)
        return sum_

    def problems(self) -> list[Problem]:
        """Every file that cannot be understood."""
        found = []
        for key in sorted(self._keys()):
            where = tree.place(key)
            if where is None:
                continue
            try:
                self._entry(key, where)
            except (OSError, ValueError, RecursionError, errors.MastraError) as error:
                text = tree.reason(error) if isinstance(error, OSError) else str(error)
                found.append(Problem(key=key, location=self._tree.location(where.path), message=text))
        return found

    def _entry(self, key: str, where: Place) -> Entry:
        data, signature = self._tree.read(where)
        changed = signature[1] / 1e9
        value = self._adopt(key, values.load(data.removeprefix(BOM).decode()), None, changed)
        number = _number(signature)
        return Entry(key, value, number, number, changed)

    def _keys(self) -> Iterator[str]:
        for kind, namespace, _ in tree.namespaces(self._tree.base):
            try:
                names = os.listdir(self._tree.location(f"{kind}/{namespace}"))  # noqa: PTH208
            except OSError:
                continue
            for name in names:
                key = None if tree.foreign(name) else tree.key_of(kind, namespace, name)
                if key and key.startswith(SPACE):
                    yield key


def _number(signature: Signature) -> int:
    """A revision for one file: when it last changed, in microseconds."""
    return signature[2] // 1000
