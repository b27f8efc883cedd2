"""What the dialects differ in: how one connects, what a transaction begins with, what an error means.

Statements come from SQLAlchemy (`statements`), connections straight from the driver, in the mode in which
each statement commits itself: transactions are begun and ended in so many words, so that they can travel
with what stands in them. A `Parcel` is what is sent at once: several statements, if the driver can.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from mastractl import errors
from mastractl.engines.contract import MAX_VALUE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine.interfaces import Dialect as Core

    from mastractl.engines.contract import Problem
    from mastractl.engines.sql.address import Address
    from mastractl.engines.sql.statements import Question, Row, Statements, Upsert
    from mastractl.engines.sql.tables import Tables

Connection = Any
"""A connection as the driver made it."""

Parcel = Any
"""What a dialect sends at once."""

CONNECT_SECONDS = 10
"""How long a connection may take to come about."""

ANSWER_SECONDS = 60
"""How long an answer may take before the connection counts as lost."""

LOCK_SECONDS = 30
"""How long a writer waits for the writers of other processes."""


class Facts(NamedTuple):
    """What a server says of itself."""

    durable: bool
    """What it acknowledges survives kill -9 and power loss."""
    writable: bool
    """It takes writes at all; whether ours is another question."""
    details: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]
    max_value: int = MAX_VALUE_BYTES
    """The largest value that can be written and read in one piece."""


class Dialect(Protocol):
    """One kind of server, reached by one driver."""

    address: Address
    begin: ClassVar[Question]
    """Begins a transaction that reads what is there at its first statement."""
    begin_write: ClassVar[Question]
    commit: ClassVar[Question]
    rollback: ClassVar[Question]
    failures: ClassVar[tuple[type[Exception], ...]]
    """What the driver raises."""

    @property
    def core(self) -> Core:
        """What SQLAlchemy compiles for."""
        ...

    @property
    def upsert(self) -> Upsert:
        """Makes an INSERT that may find its row there already."""
        ...

    def connect(self) -> Connection:
        """A new connection. Raises `failures`."""
        ...

    def settle(self, facts: Facts) -> None:
        """Go by what the server has said."""
        ...

    def parcels(self, connection: Connection, questions: Sequence[Question]) -> list[Parcel]:
        """The statements, in as few parcels as can be; the last statement is in the last one."""
        ...

    def send(self, connection: Connection, parcel: Parcel) -> Iterator[Sequence[Row]]:
        """Send a parcel, and give the rows of each answer. The first statement that fails ends it."""
        ...

    def columns(self, connection: Connection, table: Question) -> set[str] | None:
        """The columns of a table, None if there is no such table."""
        ...

    def founding(self, statements: Statements, first: Question) -> list[list[Question]]:
        """What makes the tables and, last, the row of the head, whoever else does so at the same time.

        Each list is one parcel's worth; all may be repeated, after a crash or by somebody else.
        """
        ...

    def facts(self, connection: Connection, tables: Tables) -> Facts:
        """What the server promises now. Raises StorageValidationError for tables that keep no promise."""
        ...

    def explain(self, error: Exception) -> errors.MastraError:
        """The error of ours that says what the driver's means for the one who uses the store.

        Unavailable: nothing was written, and it may be asked again.
        """
        ...

    def absent(self, error: BaseException | None) -> bool:
        """Whether there is no such table."""
        ...

    def lost(self, error: BaseException | None) -> bool:
        """Whether the connection is gone, and a new one may do."""
        ...

    def doubtful(self, error: Exception, *, committing: bool) -> bool:
        """Whether a parcel with a COMMIT may have been carried out, though it failed with this error.

        `committing`: all that comes before the COMMIT was answered.
        """
        ...


def keys_of(table: Table) -> list[str]:
    """The columns of the primary key."""
    return [column.name for column in table.primary_key]


def unreachable(address: Address, error: object, hint: str) -> errors.StorageConnectionError:
    """The refusal of a server that cannot be reached, or does not let us in."""
    return errors.StorageConnectionError(f"cannot open {address.shown}: {error}", hint=hint)


def vanished(address: Address, error: object = "") -> errors.StorageConnectionError:
    """The refusal of a store whose tables are gone."""
    del error
    message = f"the tables of {address.shown} were removed or replaced while they were in use"
    return errors.StorageConnectionError(
        message, hint="open the store again: it is another one then, and watches begin anew"
    )


def disconnected(address: Address, error: object) -> errors.Unavailable:
    """The connection was lost before anything could have been written."""
    message = f"the connection to {address.shown} was lost: {error}"
    return errors.Unavailable(message, hint="nothing was written; try again once the server answers")


def busy(address: Address, error: object) -> errors.Unavailable:
    """Another writer was in the way, and nothing was written."""
    message = f"another writer was in the way at {address.shown}: {error}"
    return errors.Unavailable(message, hint="nothing was written; try again")


def full(address: Address, error: object) -> errors.StorageFull:
    """The server has no space left."""
    hint = "free some space there and try again"
    return errors.StorageFull(f"no space left at {address.shown}: {error}", hint=hint)


def unwritable(address: Address, error: object) -> errors.Forbidden:
    """The server takes no writes at all."""
    hint = "is it a replica? Write to the primary, or let it be written"
    return errors.Forbidden(f"{address.shown} takes no writes: {error}", hint=hint)


def failed(address: Address, error: object) -> errors.StorageTransactionError:
    """Whatever else the server says."""
    return errors.StorageTransactionError(f"{address.shown}: {error}")


Verdict = Callable[["Address", object], errors.MastraError]
"""Makes an error of what the server said."""


def size(number: float) -> str:
    """Bytes for people."""
    return f"{number / 1024 / 1024:.1f} MiB"
