"""The connections of one process to one store: borrowed, given back, thrown away when anything went wrong.

A connection is given back only after all it was asked has been answered. After an error it is closed, and
so the server forgets whatever had been begun on it.
"""

from __future__ import annotations

import contextlib
from _thread import allocate_lock
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.sql.dialect import unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.engines.sql.dialect import Connection, Dialect
    from mastractl.engines.sql.statements import Question, Row

_IDLE = 4
"""How many connections are kept for the next borrower."""

_inherited: list[Connections] = []
"""Those of parent processes, which a child must neither use nor close."""


class Connections:
    """What reaches the server. Thread-safe. Raises what the dialect makes of the driver's errors."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._lock = allocate_lock()
        self._idle: list[Connection] = []
        self._closed = False
        self.made = 0
        """How many connections there have been: a new one may lead to a server that has begun anew."""

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Connection]:
        """A connection outside any transaction, to be left so."""
        connection = self._take()
        try:
            yield connection
        except BaseException as error:
            self._discard(connection)
            if self.dialect.lost(error):  # what made one go made others go
                self._discard_idle()
            if isinstance(error, self.dialect.failures):
                raise self.dialect.explain(error) from error
            raise
        self._give(connection)

    def ask(self, *questions: Question) -> list[Sequence[Row]]:
        """The answers to statements that only read; asked once more if the connection was lost."""
        try:
            with self.borrowed() as connection:
                return self.sent(connection, questions)
        except errors.Unavailable as error:
            if not self.dialect.lost(error.__cause__):
                raise
        with self.borrowed() as connection:
            return self.sent(connection, questions)

    def sent(self, connection: Connection, questions: Sequence[Question]) -> list[Sequence[Row]]:
        """The answers to statements, over this connection."""
        answers: list[Sequence[Row]] = []
        for parcel in self.dialect.parcels(connection, questions):
            answers.extend(self.dialect.send(connection, parcel))
        return answers

    def commit(self, connection: Connection, writes: Sequence[Question]) -> None:
        """Send the rest of a transaction, and its COMMIT. Raises UnknownOutcome where nobody can know."""
        dialect = self.dialect
        *before, last = dialect.parcels(connection, [*writes, dialect.commit])
        for parcel in before:
            for _ in dialect.send(connection, parcel):
                pass
        answered = 0
        try:
            for _ in dialect.send(connection, last):
                answered += 1
        except dialect.failures as error:
            if not dialect.doubtful(error, committing=answered == len(last) - 1):
                raise
            message = f"the connection to {dialect.address.shown} was lost during a commit: {error}"
            raise errors.UnknownOutcome(
                message, hint="it may or may not have been written: read to see what stands"
            ) from error

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._lock:
            self._closed = True
        self._discard_idle()

    def leave_to_parent(self) -> None:
        """In a forked child: keep hands off what the parent uses, for ever."""
        _inherited.append(self)

    def _take(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            connection = self.dialect.connect()
        except self.dialect.failures as error:
            explained = self.dialect.explain(error)
            if isinstance(explained, errors.Unavailable):
                explained = unreachable(self.dialect.address, error, explained.hint)
            raise explained from error
        with self._lock:
            self.made += 1
        return connection

    def _give(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        self._discard(connection)

    def _discard_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            self._discard(connection)

    def _discard(self, connection: Connection) -> None:
        with contextlib.suppress(*self.dialect.failures, OSError):
            connection.close()
