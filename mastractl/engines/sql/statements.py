"""Everything that is ever asked of the tables, compiled once into the words of one dialect.

SQLAlchemy's constructs are written here and nowhere else. What goes to the driver are `Question`s: text
and values. That costs a third of what executing the constructs would.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy import (
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateTable

from mastractl.engines.sql.tables import FORMAT, SEQ_BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ClauseElement, Select, Table
    from sqlalchemy.engine.interfaces import Dialect as Core
    from sqlalchemy.sql.elements import ColumnElement

    from mastractl.engines.sql.tables import Tables

Row = tuple[Any, ...]

UNLIMITED = 1 << 62
"""The LIMIT that is none."""

_SIZES = (64, 16, 4, 1)
"""How many rows or keys one statement may have: so few sizes that each is compiled once."""

_CHUNK = 1 << 18
"""Bytes of values in one statement of several rows."""


class Question(NamedTuple):
    """One statement with its values, in their order."""

    text: str
    values: tuple[Any, ...] = ()


class Statement(NamedTuple):
    """A statement of a dialect, the names of its values in their order, and what never differs of them."""

    text: str
    names: tuple[str, ...]
    fixed: dict[str, Any]

    def __call__(self, **values: Any) -> Question:
        """The statement with these values."""
        if self.fixed:
            values |= self.fixed
        return Question(self.text, tuple([values[name] for name in self.names]))


class Upsert(Protocol):
    """Makes the INSERT of a dialect that may find its row there already."""

    def __call__(
        self, table: Table, rows: list[dict[str, ColumnElement[Any]]], replaced: Sequence[str]
    ) -> ClauseElement:
        """Take over the columns `replaced` where the primary key is there; none: leave the row alone."""
        ...


class Statements:
    """The statements on some tables. Those for many rows are made when they are first needed."""

    def __init__(self, tables: Tables, core: Core, upsert: Upsert) -> None:
        self.tables = tables
        self._core = core
        self._upsert = upsert
        self._many: dict[tuple[str, int], Statement] = {}

    def _compile(self, construct: ClauseElement) -> Statement:
        compiled = construct.compile(dialect=self._core)
        names = tuple(getattr(compiled, "positiontup", None) or ())
        given = compiled.params if names else {}
        fixed = {name: value for name, value in given.items() if value is not None}
        return Statement(str(compiled).strip(), names, fixed)

    # Opening.

    def create(self, table: Table) -> Question:
        """Make a table unless it is there."""
        return self._compile(CreateTable(table, if_not_exists=True))()

    def nothing_of(self, table: Table) -> Question:
        """No row of a table, but all its columns."""
        return self._compile(select(literal_column("*")).select_from(table).where(text("1 = 0")))()

    def begin_head(self, uid: str) -> Question:
        """Make the row of the head unless it is there."""
        row = {"one": 1, "format": FORMAT, "uid": uid, "revision": 0, "compacted": 0, "cleaned": 0}
        marks: dict[str, ColumnElement[Any]] = {name: bindparam(f"{name}0") for name in row}
        statement = self._compile(self._upsert(self.tables.head, [marks], ()))
        return statement(**{f"{name}0": value for name, value in row.items()})

    @cached_property
    def opening(self) -> Question:
        """The format and the uid."""
        head = self.tables.head.c
        return self._compile(select(head.format, head.uid))()

    # Reading.

    @cached_property
    def _due(self) -> Select[Any]:
        return select(func.min(self.tables.current.c.expires_at))

    @cached_property
    def due(self) -> Question:
        """When the next entry expires."""
        return self._compile(self._due)()

    @cached_property
    def head(self) -> Question:
        """uid, revision, compacted, cleaned, when the next entry expires, and the mark of the revision."""
        head, row = self.tables.head.c, self.tables.log.c
        columns = (head.uid, head.revision, head.compacted, head.cleaned)
        mark = select(row.at).where(row.id == head.revision * (1 << SEQ_BITS)).scalar_subquery()
        return self._compile(select(*columns, self._due.scalar_subquery(), mark))()

    @cached_property
    def mark(self) -> Statement:
        """The mark of the revision whose first row of the log has this `id`: when it was made."""
        row = self.tables.log.c
        return self._compile(select(row.at).where(row.id == bindparam("id")))

    @cached_property
    def pulse(self) -> Question:
        """The revision, and nothing else."""
        return self._compile(select(self.tables.head.c.revision))()

    def _entries(self) -> Select[Any]:
        log, current = self.tables.log, self.tables.current
        row = log.c
        return (
            select(current.c.key, row.value, row.id, row.created_rev, row.created_at, row.expires_at)
            .select_from(current.join(log, row.id == current.c.id))
            # The few rows of `current` first, then the log's, whatever the server's statistics say.
            .prefix_with("STRAIGHT_JOIN", dialect="mysql")
        )

    @cached_property
    def get(self) -> Statement:
        """The entry row of `key`, without the key: to describe a column costs more than to send it."""
        row, current = self.tables.log.c, self.tables.current.c
        columns = (row.value, row.id, row.created_rev, row.created_at, row.expires_at)
        both = self.tables.current.join(self.tables.log, row.id == current.id)
        return self._compile(select(*columns).select_from(both).where(current.key == bindparam("key")))

    @cached_property
    def page(self) -> Statement:
        """Entry rows with low <= key < high that are not due at `now`, in key order."""
        current = self.tables.current.c
        return self._compile(
            self._entries()
            .where(current.key >= bindparam("low"), current.key < bindparam("high"))
            .where(or_(current.expires_at.is_(None), current.expires_at > bindparam("now")))
            .order_by(current.key)
            .limit(bindparam("limit"))
        )

    @cached_property
    def overdue(self) -> Statement:
        """Entry rows that are due at `now`."""
        expires_at = self.tables.current.c.expires_at
        return self._compile(self._entries().where(expires_at <= bindparam("now")).limit(bindparam("limit")))

    def standing(self, keys: Sequence[bytes]) -> Iterator[Question]:
        """Entry rows of the keys."""
        return self._for_each("standing", keys)

    @cached_property
    def changes(self) -> Statement:
        """Change rows with first <= id <= last and low <= key < high, in their order, by way of the ids."""
        return self._compile(self._changes("PRIMARY"))

    @cached_property
    def history(self) -> Statement:
        """What `changes` gives for few keys, at the price of their own history and not of the whole log."""
        return self._compile(self._changes(f"{self.tables.log.name}_key"))

    def _changes(self, index: str) -> Select[Any]:
        row = self.tables.log.alias("l")
        before = self.tables.log.alias("p")
        new = (row.c.key, row.c.value, row.c.id, row.c.created_rev, row.c.created_at, row.c.expires_at)
        old = (before.c.id, before.c.created_rev, before.c.created_at, before.c.expires_at, before.c.value)
        return (
            select(*new, row.c.origin, row.c.at, *old)
            .select_from(row.outerjoin(before, before.c.id == row.c.prev))
            .with_hint(row, f"FORCE INDEX ({index})", "mysql")
            .where(row.c.id >= bindparam("first"), row.c.id <= bindparam("last"))
            .where(row.c.key >= bindparam("low"), row.c.key < bindparam("high"))
            .order_by(row.c.id)
            .limit(bindparam("limit"))
        )

    # Writing.

    @cached_property
    def lock(self) -> Question:
        """uid, revision, compacted and cleaned; from then on this transaction writes alone."""
        head = self.tables.head.c
        columns = select(head.uid, head.revision, head.compacted, head.cleaned)
        return self._compile(columns.where(head.one == bindparam("one")).with_for_update())(one=1)

    def log(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Question]:
        """Append rows to the log."""
        return self._for_rows("log", rows)

    def point(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Question]:
        """Let `current` point at rows of the log."""
        return self._for_rows("current", rows)

    def unpoint(self, keys: Sequence[bytes]) -> Iterator[Question]:
        """Let the keys be gone."""
        return self._for_each("unpoint", keys)

    def forget(self, ids: Sequence[int]) -> Iterator[Question]:
        """Remove rows from the log."""
        return self._for_each("forget", ids)

    def set_head(self, column: str, value: int) -> Question:
        """Set `revision`, `compacted` or `cleaned`."""
        known = self._many.get((column, 0))
        if known is None:
            head = self.tables.head
            change = update(head).where(head.c.one == bindparam("which")).values({column: bindparam("new")})
            known = self._many[column, 0] = self._compile(change)
        return known(which=1, new=value)

    @cached_property
    def ended(self) -> Statement:
        """id, prev and whether it is a deletion, of the rows with after < id <= last that ended something."""
        row = self.tables.log.c
        deletion = row.value.is_(None)
        return self._compile(
            select(row.id, row.prev, deletion)
            .where(row.id > bindparam("after"), row.id <= bindparam("last"))
            .order_by(row.id)
            .limit(bindparam("limit"))
        )

    # Checking.

    @cached_property
    def accounts(self) -> Statement:
        """Of the keys after `after`: key, where `current` points, and expiry; id, key and expiry of that row,
        and whether it deletes.
        """
        log, current = self.tables.log, self.tables.current
        row = log.c
        deletion = row.value.is_(None)
        return self._compile(
            select(
                current.c.key, current.c.id, current.c.expires_at, row.id, row.key, row.expires_at, deletion
            )
            .select_from(current.outerjoin(log, row.id == current.c.id))
            .where(current.c.key > bindparam("after"))
            .order_by(current.c.key)
            .limit(bindparam("limit"))
        )

    @cached_property
    def rows(self) -> Statement:
        """Of the log's rows after `after`: key, id, prev, whether it deletes, where `current` points, prev's
        key, the newest row of the key, and where the log begins.
        """
        head, current = self.tables.head, self.tables.current
        row, before, other = (self.tables.log.alias(name) for name in ("l", "p", "n"))
        newest = select(func.max(other.c.id)).where(other.c.key == row.c.key).scalar_subquery()
        begins = select(head.c.compacted).scalar_subquery()
        told = (row.c.key, row.c.id, row.c.prev, row.c.value.is_(None))
        both = row.outerjoin(current, current.c.key == row.c.key)
        return self._compile(
            select(*told, current.c.id, before.c.key, newest, begins)
            .select_from(both.outerjoin(before, before.c.id == row.c.prev))
            .where(row.c.id > bindparam("after"))
            .order_by(row.c.id)
            .limit(bindparam("limit"))
        )

    @cached_property
    def counts(self) -> Question:
        """The revision and the compacted one of the head, and the last id of the log."""
        head = self.tables.head.c
        last = select(func.max(self.tables.log.c.id)).scalar_subquery()
        return self._compile(select(head.revision, head.compacted, last))()

    # Many at once.

    def _for_each(self, name: str, values: Sequence[Any]) -> Iterator[Question]:
        """A statement with `IN` for every so many values."""
        done = 0
        while done < len(values):
            size = next(size for size in _SIZES if size <= len(values) - done)
            statement = self._many.get((name, size)) or self._listing(name, size)
            yield Question(statement.text, tuple(values[done : done + size]))
            done += size

    def _listing(self, name: str, size: int) -> Statement:
        tables = self.tables
        marks: list[ColumnElement[Any]] = [bindparam(f"v{number}") for number in range(size)]
        construct: ClauseElement
        if name == "standing":
            construct = self._entries().where(tables.current.c.key.in_(marks))
        elif name == "unpoint":
            construct = delete(tables.current).where(tables.current.c.key.in_(marks))
        else:
            construct = delete(tables.log).where(tables.log.c.id.in_(marks))
        statement = self._many[name, size] = self._compile(construct)
        return statement

    def _for_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Question]:
        """An INSERT for every so many rows, no larger than it should be."""
        done = 0
        while done < len(rows):
            size = _fitting(rows[done : done + _SIZES[0]])
            statement = self._many.get((name, size)) or self._inserting(name, size)
            values = {
                f"{column}{n}": row[column]
                for n, row in enumerate(rows[done : done + size])
                for column in row
            }
            yield statement(**values)
            done += size

    def _inserting(self, name: str, size: int) -> Statement:
        table = self.tables.log if name == "log" else self.tables.current
        marks: list[dict[str, ColumnElement[Any]]] = [
            {column.name: bindparam(f"{column.name}{n}", type_=column.type) for column in table.c}
            for n in range(size)
        ]
        construct = (
            insert(table).values(marks) if name == "log" else self._upsert(table, marks, ("id", "expires_at"))
        )
        statement = self._many[name, size] = self._compile(construct)
        return statement


def _fitting(rows: Iterable[Mapping[str, Any]]) -> int:
    """How many of the rows go into one statement."""
    count = total = 0
    for row in rows:
        total += len(row.get("value") or b"")
        if count and total > _CHUNK:
            break
        count += 1
    return next(size for size in _SIZES if size <= count)
