"""The accounts that a store keeps of itself: the log, the index to it, and the counter.

Each question is one statement, and so about one moment, whatever is committed meanwhile; what it finds comes
in parts. The index and the counter are mended from the log, which is the store: under the lock of a commit,
and from what the log says then. What the log itself has lost is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from mastractl.engines.contract import Flaw
from mastractl.engines.postgresql import failures
from mastractl.engines.postgresql.statements import asking, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.postgresql.connections import Connection, Connections

_PART = 1000
"""How many flaws are fetched, and mended, at a time."""

_WIDE = (
    "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_seqscan = on;"
    " SET LOCAL plan_cache_mode = auto"
)
"""Whole tables are compared, for once: not row by row."""

_LATEST = "l.value IS NOT NULL AND NOT EXISTS (SELECT FROM {s}.log n WHERE n.prev = l.id)"
"""Whether a row `l` of the log is how its key stands: a value that nothing has replaced."""


class _Question(NamedTuple):
    """A statement whose rows are flaws (key, what is wrong), and whether the log can mend them."""

    ask: str
    hint: str
    mendable: bool


_QUESTIONS = (
    _Question(
        "SELECT c.key, 'the index does not point at how the log says that it stands' FROM {s}.current c"
        " LEFT JOIN {s}.log l ON l.id = c.id AND l.key = c.key AND {latest}"
        " WHERE l.id IS NULL OR l.expires_at IS DISTINCT FROM c.expires_at",
        "check with repair: the index is made again from the log",
        mendable=True,
    ),
    _Question(
        "SELECT l.key, 'it stands in the log at revision ' || (l.id >> {bits}) || ' and is not in the index'"
        " FROM {s}.log l WHERE {latest} AND NOT EXISTS (SELECT FROM {s}.current c WHERE c.key = l.key)",
        "check with repair: the index is made again from the log",
        mendable=True,
    ),
    _Question(
        "SELECT '', 'the counter is at ' || h.revision || ', and the log goes on to ' || l.last"
        " FROM {s}.head h CROSS JOIN (SELECT max(id) >> {bits} AS last FROM {s}.log) l"
        " WHERE l.last > h.revision",
        "check with repair: the counter is set by the log",
        mendable=True,
    ),
    _Question(
        "SELECT '', 'the log has nothing between the revisions ' || g.before || ' and ' || g.number FROM"
        " (SELECT number, lag(number) OVER (ORDER BY number) AS before FROM ("
        "  SELECT l.id >> {bits} AS number FROM {s}.log l, {s}.head h WHERE l.id >> {bits} > h.compacted"
        "  UNION SELECT h.compacted FROM {s}.head h UNION SELECT h.revision + 1 FROM {s}.head h) numbers) g"
        " WHERE g.number > g.before + 1",
        "watches that go on from there miss what was lost: have them list again; or restore a backup",
        mendable=False,
    ),
    _Question(
        "SELECT l.key, 'what revision ' || (l.id >> {bits}) || ' replaced is not in the log' FROM {s}.log l"
        " CROSS JOIN {s}.head h LEFT JOIN {s}.log p ON p.id = l.prev AND p.key = l.key"
        " WHERE l.prev IS NOT NULL AND p.id IS NULL AND l.id >> {bits} > h.compacted",
        "the change cannot tell what was before; a backup may",
        mendable=False,
    ),
)

_LOCK = "SELECT FROM {s}.head WHERE one FOR UPDATE"

_MEND = (
    "DELETE FROM {s}.current c WHERE c.key = ANY(%(keys)s)",
    (
        "INSERT INTO {s}.current SELECT DISTINCT ON (key) key, id, expires_at FROM {s}.log l"
        " WHERE key = ANY(%(keys)s) AND {latest} ORDER BY key, id DESC"
    ),
    "UPDATE {s}.head SET revision = greatest(revision, (SELECT max(id) >> {bits} FROM {s}.log))",
)


def check(connections: Connections, *, repair: bool) -> Iterator[Flaw]:
    """Where the accounts do not agree; with `repair`, the index and the counter are mended.

    Raises as a read does, and with `repair` as a commit does, except that it may be asked for again.
    """
    for question in _QUESTIONS:
        asking = connections.open()
        try:
            for part in _parts(asking, question, connections.address.schema):
                mended = repair and question.mendable
                if mended:
                    connections.repeating(_mending([key for key, _ in part], connections.address.schema))
                for key, message in part:
                    yield Flaw(key, connections.address.shown, message, question.hint, repaired=mended)
        except psycopg.Error as error:
            if asking.closed:
                raise failures.lost(error, connections.address) from error
            raise failures.explain(error, connections.address) from error
        finally:
            asking.close()


def _parts(connection: Connection, question: _Question, schema: str) -> Iterator[list[tuple[str, str]]]:
    with connection.transaction():
        connection.execute(_WIDE)
        with connection.cursor("flaws") as cursor:
            cursor.execute(plain(_filled(question.ask), schema))
            while part := cursor.fetchmany(_PART):
                yield part


def _mending(keys: list[str], schema: str) -> Any:
    """The call that makes the index anew for these keys, and sets the counter."""

    def mend(connection: Connection) -> None:
        with connection.transaction():
            connection.execute(_WIDE)
            connection.execute(plain(_LOCK, schema))
            for statement in _MEND:
                connection.execute(asking(_filled(statement), schema), {"keys": keys})

    return mend


def _filled(text: str) -> str:
    return text.replace("{latest}", _LATEST)
