"""The engine over three tables of an SQL database. What it promises, and how: see the package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines import planning
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import EXPIRED, Capabilities, Changes, Commit, Delete, Health, Page
from mastractl.engines.sql import founding, rows
from mastractl.engines.sql.checking import flaws
from mastractl.engines.sql.connections import Connections
from mastractl.engines.sql.statements import UNLIMITED, Statements
from mastractl.engines.sql.tables import LAST_SEQ, MAX_COMMIT, SEQ_BITS, Tables
from mastractl.engines.sql.transactions import Transactions
from mastractl.engines.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.contract import Change, Entry, Flaw, Op
    from mastractl.engines.sql.dialect import Dialect, Facts
    from mastractl.engines.sql.rows import Head
    from mastractl.engines.sql.statements import Question, Row
    from mastractl.engines.sql.transactions import Moment

POLL = 0.5
"""Seconds between the looks of one who waits: how late it hears, at most, of a commit elsewhere. Twice as
often would cost more than a thousandth of the machine's time."""

_WINDOW = 100_000
"""Revisions that are looked through at a stretch for the changes under a prefix."""

_CLEANED_AT_ONCE = 1000
"""Rows of the log that compaction goes through under one lock."""


class SqlEngine:
    """An `Engine` over a database that many processes share. Thread-safe.

    Raises StorageConnectionError, StorageValidationError or Forbidden for what cannot be a store. With
    `read_only` nothing is written, not even the tables, and what is due is only hidden.
    """

    def __init__(self, dialect: Dialect, *, clock: Clock | None = None, read_only: bool = False) -> None:
        self._dialect = dialect
        self._clock = clock or SystemClock()
        self._read_only = read_only
        self._statements = Statements(Tables(dialect.address.prefix), dialect.core, dialect.upsert)
        self._closed = False
        connections = Connections(dialect)
        try:
            self._identity = founding.found(connections, self._statements, read_only=read_only)
            self._begin(connections)
            facts = self._facts()
        except BaseException:
            connections.close()
            raise
        dialect.settle(facts)
        self._capabilities = Capabilities(
            durable=facts.durable, multi_process=True, max_value=facts.max_value
        )

    def _begin(self, connections: Connections) -> None:
        """What belongs to this process alone."""
        self._pid = os.getpid()
        self._connections = connections
        self._transactions = Transactions(connections, self._statements, self._identity)
        self._waiting = Waiting(self._pulse, poll=POLL)

    @property
    def capabilities(self) -> Capabilities:
        """Shared, durable if the server's settings say so, and without push."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """The uid that the tables were born with, and which past it is if a crash has taken one back."""
        past = self._transactions.past
        return f"{self._identity}-{past}" if past else self._identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        self._ready()
        asked = rows.spoken(key)
        if asked is None:
            return None
        (found,) = self._connections.ask(self._statements.get(key=asked))
        entry = rows.entry((asked, *found[0])) if found else None
        return None if entry is None or self._due(entry.expires_at) else entry

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key, in few statements that are sent together."""
        self._ready()
        asked = [key for key in map(rows.spoken, dict.fromkeys(keys)) if key is not None]
        if not asked:
            return [None] * len(keys)
        answers = self._connections.ask(*self._statements.standing(asked))
        entries = [rows.entry(row) for answer in answers for row in answer]
        found = {entry.key: entry for entry in entries if not self._due(entry.expires_at)}
        return [found.get(key) for key in keys]

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        span = rows.span(prefix, after)
        if span is None:
            return Page(self.revision(), ())
        low, high = span
        most = limit + 1 if limit else UNLIMITED
        moment = self._moment(
            lambda: self._statements.page(low=low, high=high, now=self._clock.now(), limit=most)
        )
        more = bool(limit) and len(moment.rows) > limit
        entries = tuple([rows.entry(row) for row in (moment.rows[:limit] if more else moment.rows)])
        return Page(moment.head.revision, entries, entries[-1].key if more else "")

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        self._ready()
        check_operations(ops, self._capabilities)
        self._refuse_read_only()
        if len(ops) > MAX_COMMIT:
            message = f"{len(ops)} operations in one commit; this store numbers no more than {MAX_COMMIT}"
            raise errors.TooLarge(message, hint="split the work into smaller commits")
        standing = self._statements.standing([op.key.encode() for op in ops])
        questions = [self._statements.due, *standing]

        past = self._transactions.past

        def decide(head: Head, answers: list[Sequence[Row]]) -> tuple[list[Question], Commit | None]:
            if self._transactions.past != past:
                self._refuse_conditions(ops)
            if self._due(answers[0][0][0]):
                return [], None
            return self._append(head, ops, [row for rows in answers[1:] for row in rows], origin)

        while (made := self._transactions.write(questions, decide)) is None:
            self._sweep()
        if made.changes:
            self._transactions.note(made.revision, made.changes[0].at)
        self._waiting.heard(made.revision)
        return made

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        past = self._transactions.past
        present = self._moment().head.revision
        if self._transactions.past != past:
            self._waiting.close()  # the revisions heard of mean nothing any more
            self._waiting = Waiting(self._pulse, poll=POLL)
            message = f"{self._dialect.address.shown} has lost revisions in a crash, and perhaps {since}"
            raise errors.Expired(message, floor=present, hint="list again and go on from there")
        if present == since:  # as whoever has nothing to be told finds out cheaply
            return Changes(since, ())
        most = limit or UNLIMITED
        first = min(max(since + 1, 0), UNLIMITED >> SEQ_BITS) << SEQ_BITS
        # A long log with little under the prefix is gone through by parts, lest an answer take too long.
        end = since + _WINDOW if limit and prefix.endswith("/") else UNLIMITED >> SEQ_BITS
        until = min(end << SEQ_BITS | LAST_SEQ, UNLIMITED)
        revision, told = self._stretch(since, prefix, first, until, most)
        if len(told) < most:
            return Changes(min(revision, end), tuple(told), more=end < revision)
        last = told[-1].revision
        # The last commit may have been cut, so it is asked for as a whole.
        start = last << SEQ_BITS
        revision, whole = self._stretch(since, prefix, start, start | LAST_SEQ, UNLIMITED)
        before = [change for change in told if change.revision < last]
        return Changes(last, (*before, *whole), more=last < revision)

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        self._ready()
        return self._waiting.wait(since, timeout)

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return self._moment().head.revision

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched.

        The log begins anew at once. What is not needed any more is then removed a part at a time, so that
        nobody waits for long; what a crash leaves over is removed by the next compaction.
        """
        self._ready()
        self._refuse_read_only()

        def forget(head: Head, _: list[Sequence[Row]]) -> tuple[list[Question], None]:
            self._refuse_future(head, before)
            if before <= head.compacted:
                return [], None
            return [self._statements.set_head("compacted", before)], None

        self._transactions.write([], forget)
        while self._clean():
            pass

    def health(self) -> Health:
        """Whether the store can be written, and what in it needs a person."""
        head = self._moment().head
        facts = self._facts()
        return Health(
            writable=facts.writable and not self._read_only and self._transactions.may_write(),
            revision=head.revision,
            compacted=head.compacted,
            problems=facts.problems,
            details=facts.details,
        )

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """Compare the log with the index. Nothing is mended: what disagrees needs a person and a backup."""
        del repair
        self._ready()
        return flaws(self._connections, self._statements)

    def close(self) -> None:
        """Give everything back. Waiting calls return; later calls raise StorageClosed."""
        if self._closed:
            return
        self._closed = True
        if self._pid == os.getpid():
            self._waiting.close()
            self._connections.close()

    def _ready(self) -> None:
        """What every call begins with: the store is open, and it is this process that opened it."""
        if self._closed:
            message = f"the store at {self._dialect.address.shown} is closed"
            raise errors.StorageClosed(message)
        if os.getpid() != self._pid:
            self._connections.leave_to_parent()
            past = self._transactions.past
            self._begin(Connections(self._dialect))
            self._transactions.past = past

    def _facts(self) -> Facts:
        with self._connections.borrowed() as connection:
            return self._dialect.facts(connection, self._statements.tables)

    def _moment(self, question: Callable[[], Question] | None = None) -> Moment:
        """The head, and the answer to a question, of a moment at which nothing was due.

        Where nothing can be written, what is due stays and is only hidden.
        """
        while True:
            self._ready()
            moment = self._transactions.moment(question() if question else None)
            if self._read_only or not self._due(moment.due):
                return moment
            try:
                self._sweep()
            except errors.Forbidden:
                return moment

    def _stretch(
        self, since: int, prefix: str, first: int, last: int, limit: int
    ) -> tuple[int, list[Change]]:
        """The present revision, and the changes under a prefix in rows of the log from `first` to `last`."""
        narrow = bool(prefix) and not prefix.endswith("/")  # one key, and those that begin like it
        statement = self._statements.history if narrow else self._statements.changes
        low, high = rows.span(prefix) or (b"", b"")
        moment = self._moment(lambda: statement(first=first, last=last, low=low, high=high, limit=limit))
        head = moment.head
        if since < head.compacted:
            message = f"the log begins after revision {head.compacted}; revision {since} is forgotten"
            raise errors.Expired(message, floor=head.compacted, hint="list again and go on from there")
        self._refuse_future(head, since)
        return head.revision, [rows.change(row) for row in moment.rows]

    def _sweep(self) -> None:
        """Remove what is due, as a commit of its own."""

        def expire(head: Head, answers: list[Sequence[Row]]) -> tuple[list[Question], Commit]:
            due = sorted(answers[0], key=lambda row: bytes(row[0]))
            return self._append(head, [Delete(row[0].decode()) for row in due], due, EXPIRED)

        overdue = self._statements.overdue(now=self._clock.now(), limit=MAX_COMMIT)
        made = self._transactions.write([overdue], expire)
        self._waiting.heard(made.revision)

    def _append(
        self, head: Head, ops: Sequence[Op], standing: Sequence[Row], origin: str
    ) -> tuple[list[Question], Commit]:
        """What makes the next revision out of the operations, and what that revision is. Raises Conflict."""
        entries = {entry.key: entry for entry in map(rows.entry, standing)}
        revision = head.revision + 1
        made = planning.plan(ops, entries, revision=revision, origin=origin, now=self._clock.now())
        if not made:
            return [], Commit(head.revision, ())
        places = {row[0].decode(): int(row[2]) for row in standing}
        return list(rows.writes(self._statements, made, places, revision)), Commit(revision, made)

    def _clean(self) -> bool:
        """Remove some of what compaction has made unreachable; whether there may be more."""
        known = self._transactions.moment().head
        last = known.compacted << SEQ_BITS | LAST_SEQ
        if known.cleaned >= last:
            return False
        ended = self._statements.ended(after=known.cleaned, last=last, limit=_CLEANED_AT_ONCE)

        def remove(head: Head, answers: list[Sequence[Row]]) -> tuple[list[Question], None]:
            if head.cleaned != known.cleaned:  # another process is at it too
                return [], None
            found = answers[0]
            done = last if len(found) < _CLEANED_AT_ONCE else int(found[-1][0])
            return [
                *self._statements.forget(rows.victims(found)),
                self._statements.set_head("cleaned", done),
            ], None

        self._transactions.write([ended], remove)
        return True

    def _pulse(self) -> int:
        """The revision as it stands, for one who waits: what is due is told by the next look at the log."""
        self._ready()
        (found,) = self._connections.ask(self._statements.pulse)
        return int(found[0][0]) if found else 0

    def _due(self, expires_at: float | None) -> bool:
        return expires_at is not None and expires_at <= self._clock.now()

    def _refuse_read_only(self) -> None:
        if self._read_only:
            message = f"the store at {self._dialect.address.shown} is open for reading only"
            raise errors.Forbidden(message, hint="open it without read_only")

    def _refuse_conditions(self, ops: Sequence[Op]) -> None:
        """Refuse what relies on revisions that the server may have lost, and given to other commits."""
        for op in ops:
            if op.if_revision:
                message = f"{op.key!r} was read at revision {op.if_revision}, which may be lost in a crash"
                hint = "read again and decide anew"
                raise errors.Conflict(message, key=op.key, expected=op.if_revision, hint=hint)

    @staticmethod
    def _refuse_future(head: Head, asked: int) -> None:
        if asked > head.revision:
            message = f"revision {asked} is ahead of the store, which is at {head.revision}"
            raise errors.FutureRevision(message, floor=head.compacted, hint="it belongs to another store")
