"""Where a log in SQL is kept, as the engine over it and its checks see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from mastractl.engines.sqllog import Connection

T = TypeVar("T")


class LogStore(Protocol):
    """Where a log is kept. Thread-safe; a forked child goes on with connections of its own."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for single statements, each of which sees a moment of its own."""
        ...

    def snapshot(self) -> AbstractContextManager[Connection]:
        """A connection to read one moment with, as far as `sqllog.fetch_together` asks for it."""
        ...

    def write(self, body: Callable[[Connection], T]) -> T:
        """Execute `body` as one transaction; it may be called again if others were faster."""
        ...

    def refuse_replaced(self) -> None:
        """Raises StorageConnectionError if it is known without a query that this is another store by now."""
        ...

    def close(self) -> None:
        """Give all connections back."""
        ...
