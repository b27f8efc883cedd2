"""The connections of one engine in one process: pooled, bounded, never shared with another process.

psycopg's own pool keeps threads, which a fork would lose, and opens connections that nobody may need. Here
one is opened when it is first needed, the one used last is used next, and nothing runs by itself. A child
begins with none: what it inherited belongs to its parent and is neither used nor closed.

No call hangs for ever. The server cancels a statement that takes too long, or waits too long for a lock;
should the server itself not answer, the connection is given up a little later.
"""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from mastractl import errors
from mastractl.engines.postgresql import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from mastractl.engines.postgresql.address import Address

T = TypeVar("T")

_IDLE_CONNECTIONS = 4
"""How many are kept for the next borrower."""

_LONG_IDLE = 60.0
"""Seconds after which an idle connection is tried before a commit is sent over it: a firewall may have
forgotten it without telling anybody, and then nobody would know what became of the commit."""

_SETTINGS = {
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""What a session is told. Every statement has its index, and is planned once: by that index, whatever the
statistics of a table say that grew a moment ago. A client that vanishes cannot keep a lock for long."""


class Overdue(psycopg.OperationalError):
    """The server has not answered for longer than it allows itself."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is not waited for without end."""

    patience = 60.0
    """Seconds for one statement, or one pipeline."""
    used_at = 0.0
    """When it was given back last, by `time.monotonic`."""
    poll: select.poll
    """Tells of what comes in on its socket."""
    quick: psycopg.Cursor[tuple[Any, ...]]
    """The cursor for ordinary statements: making one for each would cost as much as the rest of our share."""

    def wait(self, gen: Any, *more: Any, **named: Any) -> Any:
        """As psycopg's, but raises Overdue when the time is over; the connection is closed then."""
        return super().wait(self._bounded(gen), *more, **named)

    def _bounded(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        deadline = time.monotonic() + self.patience
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.pgconn.finish()
                    message = f"no answer for {self.patience:g} s"
                    raise Overdue(message)
                wanted = steps.send(ready)
        except StopIteration as done:
            return done.value

    def run(
        self, statement: LiteralString | bytes, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement, which is a transaction of its own."""
        self.quick.execute(statement, values or None)
        return self.quick.fetchall()

    @property
    def alive(self) -> bool:
        """Whether nothing has come in while it was idle: what would come is the server's farewell."""
        return not self.closed and not self.poll.poll(0)


class Connections:
    """Opens connections and lends them. Thread-safe.

    Raises StorageConnectionError and what else `failures.unreachable` makes of a server that cannot be
    reached, Unavailable if all stay borrowed for too long, StorageClosed after `close`.
    """

    def __init__(self, address: Address, settings: Mapping[str, str]) -> None:
        self.address = address
        self._settings = settings
        """Further settings for sessions; the owner may change them for those that begin from then on."""
        self._pid = os.getpid()
        self._free = threading.Condition()
        self._idle: list[Connection] = []
        self._borrowed = 0
        self._closed = False

    def repeating(self, call: Callable[[Connection], T]) -> T:
        """What the call gives, which may be made twice: a read, or what does nothing the second time.

        It is made once more if its connection is lost. Raises Unavailable if that is lost too.
        """
        for last in (False, True):
            connection = self._take()
            try:
                return _undisturbed(connection, call)
            except psycopg.Error as error:
                if not connection.closed:
                    raise failures.explain(error, self.address) from error
                if last or isinstance(error, Overdue):
                    raise failures.lost(error, self.address) from error
            finally:
                self._give(connection)
            self.drop_idle()
        raise AssertionError  # pragma: no cover - the last time returned or raised

    def once(self, call: Callable[[Connection], T]) -> T:
        """What the call gives, which must not be made twice: a commit.

        Raises UnknownOutcome if its connection is lost. An idle connection that was lost is found to be so
        before anything is sent over it.
        """
        connection = self._take(surely=True)
        try:
            return _undisturbed(connection, call)
        except psycopg.Error as error:
            if connection.closed:
                raise failures.unknown(error, self.address) from error
            raise failures.explain(error, self.address) from error
        finally:
            self._give(connection)

    def open(self) -> Connection:
        """A connection that is the caller's alone, to be closed by it."""
        address = self.address
        try:
            connection = Connection.connect(
                make_conninfo(**address.parameters, options=self._options(), client_encoding="utf8"),
                autocommit=True,
                prepare_threshold=None if address.pooled else 2,
            )
        except psycopg.Error as error:
            raise failures.unreachable(error, address) from error
        connection.patience = address.patience
        connection.poll = select.poll()
        connection.poll.register(connection.pgconn.socket, select.POLLIN)
        connection.quick = connection.cursor(binary=True)
        return connection

    def drop_idle(self) -> None:
        """Close what is idle: it leads to a server that is no longer there."""
        with self._free:
            while self._idle:
                self._idle.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_pid") and self._pid == os.getpid():
            self.drop_idle()

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._free:
            self._closed = True
            self._free.notify_all()
        self.drop_idle()

    def _options(self) -> str:
        """The settings of a session, as libpq takes them; those in the URL come last and prevail.

        Through a pooler, sessions are not ours to set.
        """
        address = self.address
        if address.pooled:
            return address.options
        times = {
            "statement_timeout": f"{address.statement_timeout * 1000:.0f}ms",
            "lock_timeout": f"{address.lock_timeout * 1000:.0f}ms",
        }
        told = {**_SETTINGS, **times, **self._settings}
        ours = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in told.items())
        return f"{ours} {address.options}".rstrip()

    def _take(self, *, surely: bool = False) -> Connection:
        """A connection for one thread; `surely`: one that was idle for long is tried first."""
        with self._free:
            if self._closed or self._borrowed >= self.address.pool:
                self._await_turn()
            self._borrowed += 1
            connection = self._idle.pop() if self._idle else None
        try:
            while connection is not None:
                if connection.alive and (not surely or self._tried(connection)):
                    return connection
                connection.close()
                with self._free:
                    connection = self._idle.pop() if self._idle else None
            return self.open()
        except BaseException:
            with self._free:
                self._borrowed -= 1
                self._free.notify()
            raise

    def _await_turn(self) -> None:
        deadline = time.monotonic() + self.address.patience
        while not self._closed and self._borrowed >= self.address.pool:
            left = deadline - time.monotonic()
            if left <= 0:
                message = f"all {self.address.pool} connections to {self.address.shown} are in use"
                raise errors.Unavailable(message, hint="try again, or give a larger pool=N in the URL")
            self._free.wait(left)
        if self._closed:
            raise closed(self.address)

    @staticmethod
    def _tried(connection: Connection) -> bool:
        if time.monotonic() - connection.used_at < _LONG_IDLE:
            return True
        try:
            connection.run("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _give(self, connection: Connection) -> None:
        """Keep the connection for the next, or close it if it is not as it was."""
        idle = connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE
        connection.used_at = time.monotonic()
        with self._free:
            self._borrowed -= 1
            self._free.notify()
            if idle and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()


def closed(address: Address) -> errors.StorageClosed:
    """The refusal of an engine that was closed."""
    return errors.StorageClosed(f"{address.shown} is closed")


def _undisturbed(connection: Connection, call: Callable[[Connection], T]) -> T:
    """What the call gives, tried again while the server undoes it for the sake of others."""
    for attempt in range(_ATTEMPTS):
        try:
            return call(connection)
        except psycopg.Error as error:
            if connection.closed or error.sqlstate not in failures.AGAIN:
                raise
        time.sleep(0.001 * 2**attempt)
    return call(connection)


_ATTEMPTS = 6
