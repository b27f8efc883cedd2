"""What a store in an SQL database keeps and what that costs: exact values, compaction, its accounts."""

# ruff: noqa: S608 - names of tables cannot be parameters

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.opening import open_engine
from mastractl.engines.sql import engine as module
from mastractl.testing.clocks import FakeClock
from tests.engines.sql_stores import mariadb_url, postgresql_url, sqlite_url
from tests.servers.base import shared
from tests.servers.mariadb import MariaDB


@pytest.fixture(params=["mariadb", "postgresql", "sqlite"])
def url(request, tmp_path):
    kinds = {"mariadb": mariadb_url, "postgresql": postgresql_url, "sqlite": lambda: sqlite_url(tmp_path)}
    return kinds[request.param]()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def engine(url, clock):
    engine = open_engine(url, clock=clock)
    yield engine
    engine.close()


@pytest.fixture
def server():
    return shared(MariaDB)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def mariadb(server, store, clock):
    engine = open_engine(server.url(store), clock=clock)
    yield engine
    engine.close()


@pytest.fixture
def sql(server):
    """Run a statement as another program does; its rows."""
    connection = server.connect()

    def run(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    yield run
    connection.close()


# What is kept.


@pytest.mark.parametrize("origin", ["", "菜谱 😀", "a'b\\c\"d%s;\x00\n", "\ud800", "x" * 100_000])
def test_an_origin_may_be_any_text(engine, origin):
    engine.commit([Put("res/a", b"{}")], origin=origin)
    assert engine.changes(0).changes[0].origin == origin


@pytest.mark.parametrize(
    "expires_at", [float("inf"), 1795250400.1234567, 0.1 + 0.2, 5e-324, 1.7e308, -1.5, float("-inf"), 3]
)
def test_an_expiry_is_kept_to_the_last_bit(engine, expires_at):
    engine.commit([Put("res/a", b"{}", expires_at=expires_at)])
    assert engine.changes(0).changes[0].entry.expires_at == expires_at


TIMES = st.floats(1.0e9, 1e10)
BYTES = st.binary(max_size=300).map(lambda data: b'{"' + data + b"\x00\\'%s%%;\xff\"}")


def test_whatever_is_written_comes_back(engine, clock):
    """Bytes that escape, end or format something somewhere, and times of any kind."""

    @settings(max_examples=30)
    @given(BYTES, TIMES)
    def run(value, now):
        clock.set_now(now)
        entry = engine.commit([Put("res/a", value), Put("res/b'%s\\", value)]).changes[0].entry
        assert engine.get("res/a").value == value
        assert engine.get("res/b'%s\\").value == value
        assert engine.get("res/a") == entry
        engine.commit([Delete("res/a"), Delete("res/b'%s\\")])

    run()


def test_a_large_commit_is_one_revision_whatever_its_statements(engine):
    """Sizes around those at which statements are split."""
    for total, count in enumerate((1, 3, 4, 5, 63, 64, 65, 1000), start=1):
        ops = [Put(f"res/{count}/n{n:04}", b'{"n":%d}' % n) for n in range(count)]
        made = engine.commit(ops)
        assert made.revision == total
        assert [entry.value for entry in engine.range(f"res/{count}/").entries] == [op.value for op in ops]
        assert engine.changes(total - 1).changes == made.changes
    deleted = engine.commit([Delete(entry.key) for entry in engine.range("").entries])
    assert len(deleted.changes) == 1205
    assert engine.range("").entries == ()
    assert list(engine.check()) == []


def test_large_values_together_are_one_commit(engine):
    """More than one packet takes."""
    large = b'{"x":"' + b'"' * 2_500_000 + b'"}'
    made = engine.commit([Put(f"res/n{n}", large) for n in range(8)])
    assert made.revision == 1
    assert [len(entry.value) for entry in engine.range("").entries] == [len(large)] * 8


def test_more_operations_than_can_be_numbered_are_refused(engine, monkeypatch):
    monkeypatch.setattr(module, "MAX_COMMIT", 2)
    engine.commit([Put(f"res/n{n}", b"{}") for n in range(2)])
    with pytest.raises(errors.TooLarge):
        engine.commit([Put(f"res/m{n}", b"{}") for n in range(3)])
    assert engine.revision() == 1


def test_what_is_due_goes_even_if_it_is_more_than_one_commit_takes(engine, clock, monkeypatch):
    engine.commit([Put(f"res/n{n}", b"{}", expires_at=clock.now() + 1) for n in range(5)])
    monkeypatch.setattr(module, "MAX_COMMIT", 2)
    clock.advance(1)
    assert engine.range("").entries == ()
    assert engine.revision() == 4


# Compaction.


def rows_of_log(sql, store):
    return sql(f"SELECT COUNT(*) FROM {store}_log")[0][0]


def test_compaction_leaves_what_stands_and_nothing_else(mariadb, sql, store):
    for number in range(50):
        mariadb.commit([Put(f"res/n{number % 5}", b'{"n":%d}' % number)])
    mariadb.commit([Delete("res/n0")])
    assert rows_of_log(sql, store) == 51
    mariadb.compact(51)
    assert rows_of_log(sql, store) == 4
    mariadb.commit([Delete(f"res/n{number}") for number in range(1, 5)])
    mariadb.compact(52)
    assert rows_of_log(sql, store) == 0
    assert list(mariadb.check()) == []
    assert mariadb.revision() == 52


def test_compaction_that_was_broken_off_is_finished_by_the_next(mariadb, sql, store, monkeypatch):
    """However far it came: the log begins where it was told to, and nothing is left over in the end."""
    monkeypatch.setattr(module, "_CLEANED_AT_ONCE", 7)
    for number in range(40):
        mariadb.commit([Put("res/a", b'{"n":%d}' % number)])
    whole = mariadb.changes(30).changes

    def broken():
        raise KeyboardInterrupt

    clean = mariadb._clean
    for parts in (0, 2):
        left = iter([clean] * parts)
        monkeypatch.setattr(mariadb, "_clean", lambda left=left: next(left, broken)())
        with pytest.raises(KeyboardInterrupt):
            mariadb.compact(30)
        assert mariadb.health().compacted == 30
        assert mariadb.changes(30).changes == whole
        with pytest.raises(errors.Expired):
            mariadb.changes(29)
        assert rows_of_log(sql, store) > 11
        assert list(mariadb.check()) == []
    monkeypatch.undo()
    mariadb.compact(30)
    assert rows_of_log(sql, store) == 11
    assert mariadb.changes(30).changes == whole


def test_several_may_compact_at_once_while_others_write(url, clock, monkeypatch):
    monkeypatch.setattr(module, "_CLEANED_AT_ONCE", 5)
    handles = [open_engine(url, clock=clock) for _ in range(3)]
    failures = []

    def compact(engine):
        try:
            for _ in range(5):
                engine.compact(engine.revision())
        except errors.MastraError as error:
            failures.append(error)

    threads = [threading.Thread(target=compact, args=(handle,)) for handle in handles[1:]]
    for thread in threads:
        thread.start()
    for number in range(60):
        handles[0].commit(
            [Put("res/a", b'{"n":%d}' % number), Put(f"res/b{number % 3}", b'{"n":%d}' % number)]
        )
    for thread in threads:
        thread.join()
    assert failures == []
    handles[0].compact(60)
    assert list(handles[0].check()) == []
    assert len(handles[0].range("").entries) == 4
    for handle in handles:
        handle.close()


# What it costs.


def test_the_history_of_a_key_reads_its_own_rows_and_a_stretch_of_the_log_that_stretch(mariadb, sql, store):
    mariadb.commit([Put(f"res/n{n:04}", b"{}") for n in range(2000)])
    for number in range(3):
        mariadb.commit([Put("res/n0007", b'{"n":%d}' % number)])

    def rows_read(call):
        """How many rows the server looked at, for all who use it."""
        names = ("Handler_read_first", "Handler_read_key", "Handler_read_next", "Handler_read_rnd_next")

        def count():
            told = sql("SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS")
            wanted = {name.upper() for name in names}
            return sum(int(value) for name, value in told if name.upper() in wanted)

        mariadb._connections._discard_idle()  # what a connection has counted is added up when it ends
        before = count()
        noise = count() - before
        call()
        mariadb._connections._discard_idle()
        return count() - before - 2 * noise

    assert len(mariadb.changes(0, "res/n0007").changes) == 4
    assert rows_read(lambda: mariadb.changes(0, "res/n0007")) < 150
    assert rows_read(lambda: mariadb.changes(2)) < 150
    assert rows_read(lambda: mariadb.changes(0, limit=10)) < 4500
    assert rows_read(lambda: mariadb.range("res/", limit=10)) < 150
    assert rows_read(lambda: mariadb.get("res/n0007")) < 150
    assert rows_read(lambda: mariadb.range("")) > 1500, "what is counted is what is read"


def test_a_long_log_is_looked_through_by_parts(engine, monkeypatch):
    """However little of it is under the prefix: each part ends further on, and none is left out."""
    monkeypatch.setattr(module, "_WINDOW", 3)
    for number in range(10):
        engine.commit([Put("rec/x" if number % 4 else "res/a", b'{"n":%d}' % number)])
    since, told, parts = 0, [], 0
    more = True
    while more:
        stretch = engine.changes(since, "res/", limit=5)
        assert stretch.revision > since
        told += [change.revision for change in stretch.changes]
        since, more, parts = stretch.revision, stretch.more, parts + 1
    assert (told, since, parts) == ([1, 5, 9], 10, 4)
    assert len(engine.changes(0, "res/", limit=0).changes) == 3
    assert engine.changes(0, "res/a").revision == 10


# Its accounts.


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM {}_log WHERE id >> 20 = 2", "not there"),
        ("UPDATE {}_current SET id = (SELECT MIN(id) FROM {}_log) WHERE `key` = 'res/b'", "another key's"),
        ("DELETE FROM {}_current WHERE `key` = 'res/b'", "does not say"),
        ("UPDATE {}_current SET expires_at = 1e15 WHERE `key` = 'res/b'", "expires"),
        ("UPDATE {}_log SET value = NULL WHERE id >> 20 = 2", "deleted"),
        ("UPDATE {}_head SET revision = 9", "head is at revision 9"),
        ("DELETE FROM {}_log WHERE id >> 20 = 1", "what revision 3 replaced is not in the log"),
    ],
)
def test_accounts_that_do_not_agree_are_found(mariadb, sql, store, damage, words):
    mariadb.commit([Put("res/a", b"{}")])
    mariadb.commit([Put("res/b", b"{}")])
    mariadb.commit([Put("res/a", b'{"a":1}')])
    assert list(mariadb.check()) == []
    sql(damage.format(store, store))
    found = list(mariadb.check())
    assert any(words in flaw.message for flaw in found), found
    assert not any(flaw.repaired for flaw in found)
    assert all(flaw.hint for flaw in found)
    assert all("pass" not in flaw.location for flaw in found)
