"""The engine of `sqlite:`: one SQLite file, by the standard library, and no JSON files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.clock import SystemClock
from mastractl.engines.sqlitefile import SqliteFileEngine, locate

if TYPE_CHECKING:
    import os

    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine


class SqliteEngine(SqliteFileEngine):
    """An `Engine` over one SQLite file; see `SqliteFileEngine`."""

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Clock | None = None, read_only: bool = False
    ) -> None:
        super().__init__(path, clock=clock or SystemClock(), read_only=read_only)


def open_url(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The `Factory` of `sqlite:PATH` and `sqlite:///ABSOLUTE`, with `?mode=ro` or `?mode=rw`."""
    del adopt
    path, only_reads = locate(url)
    return SqliteEngine(path, clock=clock, read_only=read_only or only_reads)
