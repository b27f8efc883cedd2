"""The accounts of a store on PostgreSQL: log, index and counter, compacted, damaged and mended."""

from __future__ import annotations

import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.postgresql import PostgresEngine
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document, number_of, state_of
from tests.servers.base import shared
from tests.servers.postgresql import Postgres


@pytest.fixture
def server():
    return shared(Postgres)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def engine(server, store, clock):
    engine = PostgresEngine(server.url(store), clock=clock)
    yield engine
    engine.close()


@pytest.fixture
def sql(server, store):
    """What another program does to the tables."""
    return lambda statement, *values: server.execute(statement, *values, store=store)


def history(engine):
    """Keys made, changed, deleted and made again."""
    engine.commit([Put(f"res/{name}", document(1)) for name in "abcd"])
    engine.commit([Put("res/a", document(2)), Delete("res/b")])
    engine.commit([Put("res/b", document(3)), Delete("res/d")])


class TestCheck:
    def test_finds_nothing_where_nothing_is(self, engine):
        assert list(engine.check()) == []
        history(engine)
        assert list(engine.check()) == []
        for before in (1, 2, 3):
            engine.compact(before)
            assert list(engine.check()) == []

    @pytest.mark.parametrize(
        ("damage", "keys", "said"),
        [
            ("DELETE FROM {store}.current WHERE key = 'res/a'", ["res/a"], "is not in the index"),
            ("DELETE FROM {store}.current", ["res/a", "res/b", "res/c"], "is not in the index"),
            ("UPDATE {store}.current SET expires_at = 5 WHERE key = 'res/c'", ["res/c"], "does not point"),
            ("UPDATE {store}.current SET id = 77 WHERE key = 'res/c'", ["res/c"], "does not point"),
            ("UPDATE {store}.current SET id = 1 << 20 WHERE key = 'res/a'", ["res/a"], "does not point"),
            ("INSERT INTO {store}.current VALUES ('res/z', 1, NULL)", ["res/z"], "does not point"),
            ("UPDATE {store}.head SET revision = 2", [""], "the counter is at 2, and the log goes on to 3"),
        ],
    )
    def test_finds_and_mends_what_the_log_knows_better(self, engine, sql, clock, damage, keys, said):
        history(engine)
        before, told = state_of(engine), engine.changes(0)
        clock.set_now(1)  # lest what the damage made due be swept
        sql(damage)
        found = [flaw for flaw in engine.check() if said in flaw.message]
        assert sorted(flaw.key for flaw in found) == keys
        assert not any(flaw.repaired for flaw in found)
        assert {flaw.key for flaw in engine.check(repair=True) if flaw.repaired} == set(keys)
        assert list(engine.check()) == []
        assert state_of(engine) == before
        assert engine.changes(0) == told

    def test_finds_what_the_log_has_lost(self, engine, sql):
        history(engine)
        sql("DELETE FROM {store}.log WHERE id >> 20 = 2")
        found = {(flaw.key, flaw.message) for flaw in engine.check()}
        assert ("", "the log has nothing between the revisions 1 and 3") in found
        assert ("res/b", "what revision 3 replaced is not in the log") not in found, "it was made anew then"

    def test_finds_what_a_change_replaced_that_is_lost(self, engine, sql):
        history(engine)
        sql("DELETE FROM {store}.log WHERE id >> 20 = 1 AND key = 'res/a'")
        (flaw,) = engine.check()
        assert (flaw.key, flaw.message) == ("res/a", "what revision 2 replaced is not in the log")

    def test_a_commit_that_meets_the_damage_says_so(self, engine, sql):
        history(engine)
        sql("UPDATE {store}.current SET id = 77 WHERE key = 'res/c'")
        with pytest.raises(errors.StorageValidationError, match="do not agree") as caught:
            engine.commit([Put("res/c", document(9))])
        assert "repair" in caught.value.hint
        list(engine.check(repair=True))
        assert engine.commit([Put("res/c", document(9))]).revision == 4

    def test_many_flaws_are_mended_in_parts(self, engine, sql):
        engine.commit([Put(f"res/{number:04}", document(number)) for number in range(2500)])
        before = state_of(engine)
        sql("DELETE FROM {store}.current")
        assert sum(flaw.repaired for flaw in engine.check(repair=True)) == 2500
        assert state_of(engine) == before

    def test_one_who_only_reads_mends_nothing(self, server, store, engine, sql):
        history(engine)
        sql("DELETE FROM {store}.current WHERE key = 'res/a'")
        reader = PostgresEngine(server.url(store), clock=FakeClock(), read_only=True)
        try:
            assert [flaw.key for flaw in reader.check()] == ["res/a"]
            with pytest.raises(errors.Forbidden):
                list(reader.check(repair=True))
        finally:
            reader.close()


class TestCompaction:
    def test_leaves_what_stands_and_what_a_later_change_replaced(self, engine, sql):
        history(engine)
        engine.compact(2)
        rows = sql("SELECT id >> 20, key FROM {store}.log ORDER BY id")
        assert rows == [(1, "res/c"), (1, "res/d"), (2, "res/a"), (3, "res/b"), (3, "res/d")]
        (_, gone) = engine.changes(2).changes
        assert number_of(gone.previous) == 1
        engine.compact(3)
        assert sql("SELECT key FROM {store}.log ORDER BY key") == [("res/a",), ("res/b",), ("res/c",)]

    def test_goes_on_where_it_was_interrupted(self, engine, sql):
        history(engine)
        sql("UPDATE {store}.head SET compacted = 3")  # and then the connection was lost
        engine.compact(2)
        assert engine.health().compacted == 3
        assert sql("SELECT count(*) FROM {store}.log") == [(3,)]

    def test_walks_over_a_long_log_in_parts(self, engine, sql, monkeypatch):
        monkeypatch.setattr("mastractl.engines.postgresql.engine._PRUNED_AT_ONCE", 7)
        for number in range(30):
            engine.commit([Put("res/a", document(number)), Put("res/b", document(number))])
        engine.compact(20)
        assert sql("SELECT count(*) FROM {store}.log") == [(22,)]
        assert engine.changes(20, limit=0).changes[0].previous.revision == 20
        engine.compact(30)
        assert sql("SELECT count(*) FROM {store}.log") == [(2,)]
        assert list(engine.check()) == []


class TestOddTexts:
    """PostgreSQL's texts hold neither NUL nor lone surrogates; nor do keys."""

    def test_nothing_starts_with_what_cannot_be_written(self, engine):
        engine.commit([Put("res/a", document(1))])
        for prefix in ("res/\0", "res/\ud800", "\0", "\udfff"):
            assert engine.range(prefix).entries == ()
            assert engine.changes(0, prefix).changes == ()
            assert engine.get(prefix) is None

    def test_a_page_begins_after_what_cannot_be_written(self, engine):
        keys = ["res/a", "res/ab", "res/a\ud7ff", "res/a\ue000", "res/b"]
        engine.commit([Put(key, document(1)) for key in keys])
        for after in ("res/a\0", "res/a\0z", "res/a\ud800", "res/a\udfffz", "\0", "\ud800"):
            found = [entry.key for entry in engine.range("res/", after=after).entries]
            assert found == [key for key in keys if key > after], ascii(after)

    def test_an_origin_that_cannot_be_kept_is_refused(self, engine):
        for origin in ("a\0b", "\ud800"):
            with pytest.raises(errors.BadRequest):
                engine.commit([Put("res/a", document(1))], origin=origin)
        assert engine.revision() == 0


class TestLimits:
    def test_revisions_beyond_64_bits_are_in_the_future(self, engine):
        with pytest.raises(errors.FutureRevision):
            engine.changes(1 << 70)
        with pytest.raises(errors.FutureRevision):
            engine.compact(1 << 70)
        with pytest.raises(errors.Conflict):
            engine.commit([Put("res/a", document(1), 1 << 70)])

    def test_limits_beyond_64_bits_are_none(self, engine):
        engine.commit([Put("res/a", document(1))])
        assert len(engine.range("", limit=1 << 70).entries) == 1
        assert len(engine.changes(0, limit=1 << 70).changes) == 1

    def test_a_commit_that_no_parameter_holds_is_refused(self, engine, monkeypatch):
        monkeypatch.setattr("mastractl.engines.postgresql.engine.MAX_COMMIT_BYTES", 20)
        with pytest.raises(errors.TooLarge, match="in one commit"):
            engine.commit([Put("res/a", document(1)), Put("res/b", document(2))])
        assert engine.revision() == 0

    def test_what_expires_never_stays(self, engine, clock):
        engine.commit([Put("res/a", document(1), expires_at=float("inf"))])
        clock.advance(10**9)
        assert engine.range("").entries[0].expires_at == float("inf")


class TestCosts:
    """A read handles about as many rows as it gives, however large the store is."""

    @pytest.fixture
    def cost(self, engine):
        """The rows that a statement handles in all its steps."""
        connection = engine._life.connections.open()

        def cost(statement, **asked):
            explained = b"EXPLAIN (ANALYZE, FORMAT JSON) " + statement
            ((found,),) = connection.execute(explained, asked | {"now": 0.0}).fetchall()
            return handled(found[0]["Plan"])

        yield cost
        connection.close()

    @pytest.fixture
    def large(self, engine):
        engine.commit([Put(f"res/{number:04}", document(number)) for number in range(2000)])
        for number in range(5):
            engine.commit([Put("res/1000", document(-number - 1))])
        return engine

    def test_of_a_page(self, large, cost):
        span = {"low": "res/", "high": "res0", "limit": 11}
        assert cost(large._sql.range, after="", **span) < 100
        assert cost(large._sql.range, after="res/1500", **span) < 100

    def test_of_what_is_new(self, large, cost):
        span = {"low": "res/", "high": "res0", "first": 4 << 20}
        assert cost(large._sql.log(narrow=False, limited=True), skip=999, **span) < 100
        assert cost(large._sql.log(narrow=False, limited=False), **span) < 100

    def test_of_the_history_of_a_key(self, large, cost):
        span = {"low": "res/1000", "high": "res/1001", "first": 0}
        assert cost(large._sql.log(narrow=True, limited=True), skip=999, **span) < 100
        assert cost(large._sql.log(narrow=True, limited=False), **span) < 100


def handled(node):
    own = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
    return own + sum(handled(child) for child in node.get("Plans", ()))
