"""The log in SQLite: prefixes as ranges, rows that are written once, what compaction leaves."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines import sqllog
from mastractl.engines.contract import Delete, Put

LETTERS = st.text(st.sampled_from("a/0.\ud7ff\ue000\uffff\U00010000\U0010ffff"), max_size=5)


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    sqllog.create(connection)
    yield connection
    connection.close()


@given(keys=st.sets(LETTERS.filter(bool)), prefix=LETTERS, after=LETTERS)
@example(keys={"a", "a\U0010ffff", "a\U0010ffffb", "b"}, prefix="a\U0010ffff", after="")
@example(keys={"\ud7ffx", "\ue000"}, prefix="\ud7ff", after="")
@example(keys={"\U0010ffff", "\U0010ffffa"}, prefix="\U0010ffff", after="\U0010ffff")
def test_a_span_is_what_starts_with_the_prefix_and_comes_after(keys, prefix, after):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (key TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.executemany("INSERT INTO t VALUES (?)", [(key,) for key in keys])
    low, high = sqllog.span(prefix, after)
    found = connection.execute("SELECT key FROM t WHERE key >= ? AND key < ? ORDER BY key", (low, high))
    expected = sorted(key for key in keys if key.startswith(prefix) and key > after)
    assert [key for (key,) in found] == expected
    connection.close()


def write(connection, *ops, now=0.0):
    return sqllog.append(connection, ops, origin="", now=now)


def test_a_row_is_replaced_once_or_the_database_refuses(connection):
    """Compare and swap by constraint: should two writers ever hold the lock at once, one of them fails."""
    write(connection, Put("a/b", b"1"))
    row = connection.execute("SELECT id FROM log").fetchone()[0]
    write(connection, Put("a/b", b"2"))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO log VALUES (99 << 20, 'a/b', ?, 1, 0, NULL, 0, '', x'33')", (row,))


def test_compaction_leaves_what_stands_and_what_a_later_change_replaced(connection):
    write(connection, Put("a/stands", b"1"))
    write(connection, Put("a/changes", b"1"))
    write(connection, Put("a/changes", b"2"))
    write(connection, Put("a/goes", b"1"))
    write(connection, Delete("a/goes"))
    write(connection, Put("a/changes", b"3"))
    sqllog.compact(connection, 5)
    rows = connection.execute("SELECT id >> 20, key, value FROM log ORDER BY id").fetchall()
    assert rows == [(1, "a/stands", b"1"), (3, "a/changes", b"2"), (6, "a/changes", b"3")]
    (change,) = sqllog.changes(connection, 5, "", limit=0).changes
    assert change.previous.value == b"2"
    sqllog.compact(connection, 6)
    assert connection.execute("SELECT count(*) FROM log").fetchone() == (2,)
    sqllog.compact(connection, 3)
    assert sqllog.head(connection).compacted == 6
    with pytest.raises(errors.FutureRevision):
        sqllog.compact(connection, 7)


def test_a_log_of_which_nothing_is_left_goes_on_where_it_was(connection):
    write(connection, Put("a/b", b"1"))
    write(connection, Delete("a/b"))
    sqllog.compact(connection, 2)
    assert connection.execute("SELECT count(*) FROM log").fetchone() == (0,)
    assert sqllog.revision(connection) == sqllog.head(connection).revision == 2
    assert write(connection, Put("a/b", b"1")).revision == 3


def test_a_log_may_begin_anywhere():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    sqllog.create(connection, first=1_790_000_000_000)
    assert sqllog.revision(connection) == 1_790_000_000_000
    assert write(connection, Put("a/b", b"1")).revision == 1_790_000_000_001
    connection.close()


def test_what_is_due_goes_in_the_order_of_the_keys(connection):
    write(connection, *(Put(f"a/{key}", b"1", expires_at=at) for key, at in (("b", 1), ("c", 3), ("a", 2))))
    gone = sqllog.expire(connection, 3)
    assert [change.key for change in gone.changes] == ["a/a", "a/b", "a/c"]
    assert sqllog.expire(connection, 3) is None


def test_more_operations_than_can_be_numbered_are_refused(connection, monkeypatch):
    monkeypatch.setattr(sqllog, "MAX_COMMIT", 3)
    with pytest.raises(errors.TooLarge):
        write(connection, *(Put(f"a/{n}", b"{}") for n in range(4)))
    assert sqllog.revision(connection) == 0


def test_what_is_looked_up_often_is_never_searched_for(connection):
    """With a hundred thousand keys, a scan where there should be a lookup costs milliseconds."""
    for statement, values in (
        ("SELECT key FROM current WHERE expires_at <= ?", (1,)),
        (sqllog._GET, ("a",)),
        (sqllog._standing(1), ("a",)),
        (sqllog._standing(3), ("a", "b", "c")),
        (sqllog._RANGE, ("a", "b", 1, 1)),
        (sqllog._CHANGES, (1, "a", "b", 1)),
    ):
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        assert not [step for step in plan if step.startswith("SCAN")], (statement, plan)
