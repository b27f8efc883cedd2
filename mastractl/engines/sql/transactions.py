"""Moments that are read and transactions that are written, on the tables of one store.

Every one of them looks at the head, and refuses a store that is no longer the one that was opened.
"""

from __future__ import annotations

import random
import time
from _thread import allocate_lock
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mastractl import errors
from mastractl.engines.sql.dialect import vanished
from mastractl.engines.sql.rows import Head
from mastractl.engines.sql.tables import SEQ_BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mastractl.engines.sql.connections import Connections
    from mastractl.engines.sql.dialect import Connection
    from mastractl.engines.sql.statements import Question, Row, Statements

    Decide = Callable[[Head, list[Sequence[Row]]], tuple[list[Question], "T"]]
    """From the locked head and the answers: what to write (nothing: roll back), and what to give back."""

_PATIENCE = 10.0
"""Seconds for which a commit that met another writer, or lost its connection, is begun again."""

_TRIES = 5

T = TypeVar("T")


class Moment(NamedTuple):
    """What was there at once: the head, when the next entry expires, and the rows that were asked for."""

    head: Head
    due: float | None
    rows: Sequence[Row] = ()


class Seen(NamedTuple):
    """The latest revision that was seen, and its mark: when it was made, None if that is forgotten."""

    revision: int
    mark: float | None


class Transactions:
    """What one process does with one store. Thread-safe. Its writers take turns before they lock the head."""

    def __init__(self, connections: Connections, statements: Statements, identity: str) -> None:
        self._connections = connections
        self._dialect = connections.dialect
        self._statements = statements
        self._identity = identity
        self._turn = allocate_lock()
        self._seen = Seen(0, None)
        self._checked = connections.made
        self.past = 0
        """Counts up when the server has lost in a crash what was seen here."""

    def moment(self, question: Question | None = None) -> Moment:
        """The head, and the rows of a question at that very moment."""
        while True:
            made = self._connections.made
            moment, mark = self._moment(question)
            if made == self._checked == self._connections.made:
                self.note(moment.head.revision, mark)
                return moment
            with self._connections.borrowed() as connection:
                self._look_back(connection)

    def note(self, revision: int, mark: float | None) -> None:
        """A revision was seen, here or in a commit's answer."""
        if revision > self._seen.revision:
            self._seen = Seen(revision, mark)

    def _look_back(self, connection: Connection) -> None:
        """Since there are new connections: is what was seen still there, and what it was? Else, another past.

        InnoDB shows a commit to others before it is on the disk, so a crash may take back what was never
        acknowledged and yet seen; its revision is then given to another commit.
        """
        made, seen = self._connections.made, self._seen
        asked = [self._statements.head, self._statements.mark(id=seen.revision << SEQ_BITS)]
        heads, marks = self._connections.sent(connection, asked)
        head = self._head([row[:4] for row in heads])
        if marks:
            lost = seen.mark is not None and marks[0][0] != seen.mark
        else:
            lost = seen.mark is not None and head.compacted < seen.revision
        if lost or head.revision < seen.revision:
            self.past += 1
            self._seen = Seen(head.revision, heads[0][5])
        self._checked = made

    def _moment(self, question: Question | None) -> tuple[Moment, float | None]:
        asked = [self._statements.head]
        if question:
            asked = [self._dialect.begin, *asked, question, self._dialect.commit]
        answers = self._connections.ask(*asked)
        found = answers[1] if question else answers[0]
        head = self._head([row[:4] for row in found])
        return Moment(head, found[0][4], answers[2] if question else ()), found[0][5]

    def write(self, questions: Sequence[Question], decide: Decide[T]) -> T:
        """One transaction, alone. `decide` may be called again: it must do nothing but decide.

        What met another writer, or lost its connection before the COMMIT was sent, is begun again for a
        while. Raises what `decide` raises, Unavailable, UnknownOutcome and what the dialect explains.
        """
        deadline = time.monotonic() + _PATIENCE
        attempt = 0
        with self._turn:
            while True:
                attempt += 1
                try:
                    return self._once(questions, decide)
                except errors.Unavailable:
                    if attempt == _TRIES or time.monotonic() > deadline:
                        raise
                time.sleep(random.uniform(0.001, 0.01) * attempt)  # noqa: S311 - out of step with others

    def may_write(self) -> bool:
        """Whether the server lets us change the head; nothing is changed."""
        begin, end = self._dialect.begin_write, self._dialect.rollback
        try:
            with self._connections.borrowed() as connection:
                (_, locked) = self._connections.sent(connection, [begin, self._statements.lock])
                unchanged = self._statements.set_head("cleaned", self._head(locked).cleaned)
                self._connections.sent(connection, [unchanged, end])
        except errors.Forbidden:
            return False
        return True

    def _once(self, questions: Sequence[Question], decide: Decide[T]) -> T:
        connections, dialect = self._connections, self._dialect
        with connections.borrowed() as connection:
            answers = connections.sent(connection, [dialect.begin_write, self._statements.lock, *questions])
            head = self._head(answers[1])
            try:
                if self._connections.made != self._checked:
                    self._look_back(connection)
                writes, result = decide(head, answers[2:])
            except errors.MastraError as error:
                refusal = error
            else:
                if writes:
                    connections.commit(connection, writes)
                else:
                    connections.sent(connection, [dialect.rollback])
                return result
            connections.sent(connection, [dialect.rollback])  # the connection is as good as before
        raise refusal

    def _head(self, found: Sequence[Row]) -> Head:
        if len(found) != 1:
            raise vanished(self._dialect.address)
        uid, *numbers = found[0]
        if str(uid) != self._identity:
            message = (
                f"the store at {self._dialect.address.shown} was replaced by another while it was in use"
            )
            raise errors.StorageConnectionError(
                message, hint="open the store again: it is another one now, and watches begin anew"
            )
        return Head(str(uid), *[int(number) for number in numbers])
