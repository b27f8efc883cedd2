"""A store that checks itself: what raw SQL and stray writes did to it is named, and mended if it can be."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.filesystem import FileEngine
from mastractl.engines.sqlite import SqliteEngine
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document, fold, number_of, state_of

HOME = "res/agent/default/"


class Store:
    """A store with some history, and a hand that reaches into its database and files."""

    def __init__(self, kind, base):
        self.kind = kind
        self.base = base
        self.clock = FakeClock()
        self.engines = []
        engine = self.open()
        later = self.clock.now() + 3600
        engine.commit([Put(f"{HOME}{name}", document(1)) for name in "abcd"])
        engine.commit([Put(f"{HOME}a", document(2)), Put(f"{HOME}e", document(1), expires_at=later)])
        engine.commit([Delete(f"{HOME}b"), Put("rec/run/x", document(9))])
        engine.commit([Put(f"{HOME}b", document(3))])
        engine.commit([Delete(f"{HOME}d")])
        self.truth = state_of(engine)
        self.close()

    @property
    def database(self):
        return self.base / ".mastractl" / "state.db" if self.kind is FileEngine else self.base / "store.db"

    def file(self, name):
        return self.base / "agent" / "default" / f"{name}.json"

    def open(self, **more):
        path = self.base if self.kind is FileEngine else self.base / "store.db"
        self.engines.append(self.kind(path, clock=self.clock, **more))
        return self.engines[-1]

    def close(self):
        for engine in self.engines:
            engine.close()

    def sql(self, statement, *values):
        connection = sqlite3.connect(self.database, isolation_level=None)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


@pytest.fixture(params=[SqliteEngine, FileEngine], ids=["sqlite", "file"])
def store(request, tmp_path):
    store = Store(request.param, tmp_path / "s")
    yield store
    store.close()


@pytest.fixture
def files(tmp_path):
    store = Store(FileEngine, tmp_path / "s")
    yield store
    store.close()


def whole(store):
    """What is in the database, to see that nothing was written."""
    connection = sqlite3.connect(store.database)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_a_sound_store_has_no_flaws(store):
    engine = store.open()
    assert [*engine.check()] == [*engine.check(repair=True)] == []
    engine.compact(3)
    engine.commit([Put(f"{HOME}a", document(7)), Delete(f"{HOME}c")])
    assert [*engine.check()] == []
    engine.compact(engine.revision())
    assert [*engine.check()] == []
    assert engine.get(f"{HOME}a").revision == 6


INDEX = {
    "lost": "DELETE FROM current WHERE key = 'res/agent/default/a'",
    "old": "UPDATE current SET id = (SELECT 1 << 20) WHERE key LIKE '%/a'",
    "nowhere": "UPDATE current SET id = 99 << 20 WHERE key LIKE '%/a'",
    "another": "UPDATE current SET id = (1 << 20) + 2 WHERE key LIKE '%/a'",
    "expiry": "UPDATE current SET expires_at = 1e12 WHERE key LIKE '%/e'",
    "no-expiry": "UPDATE current SET expires_at = NULL WHERE key LIKE '%/e'",
    "deleted": "INSERT INTO current SELECT key, id, NULL FROM log WHERE key LIKE '%/d' AND value IS NULL",
    "deleted-value": "INSERT INTO current SELECT key, id, NULL FROM log WHERE key LIKE '%/d' AND value > ''",
    "unknown": "INSERT INTO current VALUES ('res/agent/default/zz', 12345, NULL)",
    "all": "DELETE FROM current",
}


@pytest.mark.parametrize("fault", INDEX)
def test_an_index_that_does_not_agree_is_named_and_made_anew(store, fault):
    store.sql(INDEX[fault])
    engine = store.open()
    before = whole(store)
    found = [*engine.check()]
    assert found
    assert not any(flaw.repaired for flaw in found)
    assert all(flaw.hint and flaw.location for flaw in found)
    if store.kind is SqliteEngine:
        assert whole(store) == before
    mended = [*engine.check(repair=True)]
    assert mended
    assert all(flaw.repaired for flaw in mended), mended
    assert [*engine.check()] == []
    assert state_of(engine) == store.truth
    state = {}
    fold(state, engine.changes(0).changes)
    assert state == store.truth


def test_of_a_big_index_every_flaw_is_named_once(tmp_path):
    with_many = Store(SqliteEngine, tmp_path / "s")
    engine = with_many.open()
    engine.commit([Put(f"rec/n/{number:04}", document(number)) for number in range(1500)])
    truth = state_of(engine)
    with_many.sql("DELETE FROM current WHERE key LIKE 'rec/n/%0'")
    with_many.sql("UPDATE current SET id = 1 WHERE key LIKE 'rec/n/%1'")
    found = [*engine.check()]
    assert len({flaw.key for flaw in found}) == 300
    assert all(flaw.repaired for flaw in engine.check(repair=True))
    assert [*engine.check()] == []
    assert state_of(engine) == truth
    with_many.close()


LOG = {
    "gap": ("DELETE FROM log WHERE id >> 20 = 4", "the log has lost something"),
    "part": ("DELETE FROM log WHERE id = (2 << 20)", "the log has lost something"),
    "prev": ("UPDATE log SET prev = 77 WHERE id = (2 << 20)", "that the log does not have"),
    "prev-key": ("UPDATE log SET prev = (1 << 20) + 2 WHERE id = (2 << 20)", "of another key"),
}


@pytest.mark.parametrize("fault", LOG)
def test_what_the_log_lost_is_named_and_left(store, fault):
    statement, text = LOG[fault]
    store.sql(statement)
    engine = store.open()
    for repair in (False, True):
        flaws = [*engine.check(repair=repair)]
        assert any(text in flaw.message and not flaw.repaired and "backup" in flaw.hint for flaw in flaws), (
            flaws
        )


def test_what_compaction_forgot_is_no_loss(store):
    store.sql("DELETE FROM log WHERE id >> 20 = 4")
    engine = store.open()
    assert {flaw.repaired for flaw in engine.check(repair=True)} == {True, False}
    assert [flaw.repaired for flaw in engine.check()] == [False]
    engine.compact(4)
    assert [*engine.check()] == []


def test_a_damaged_database_is_named(tmp_path):
    store = Store(SqliteEngine, tmp_path / "s")
    engine = store.open()
    engine.commit([Put(f"rec/n/{number}", document(number)) for number in range(3000)])
    store.close()
    root = store.sql("SELECT rootpage FROM sqlite_master WHERE name = 'log_ends'")[0][0]
    size = store.sql("PRAGMA page_size")[0][0]
    with store.database.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(b"\xff" * 200)
    engine = store.open()
    (flaw, *_) = engine.check()
    assert "damaged" in flaw.message
    assert not flaw.repaired
    assert engine.health().problems


def test_a_store_that_may_not_be_written_is_not_repaired(store):
    engine = store.open(read_only=True)
    assert [*engine.check()] == []
    with pytest.raises(errors.Forbidden):
        [*engine.check(repair=True)]


# Files


def unchanged(path, text):
    """Change a file so that it looks as it did: in place, of the same size, its times set back."""
    before = path.stat()
    data = text.encode()
    assert len(data) == before.st_size
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def seem_unchanged(store, name):
    """The change time cannot be set back, so what is known of the file is brought up to it."""
    found = store.file(name).stat()
    store.sql(
        "UPDATE files SET ino = ?, mtime = ?, ctime = ?, size = ?, trust = 0 WHERE key = ?",
        found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size, HOME + name,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", [lambda good: good.replace("2", "7"), lambda good: "x" * len(good)], ids=["other", "torn"]
)
def test_a_file_with_other_content_that_looks_unchanged(files, text):
    unchanged(files.file("a"), text(files.file("a").read_text()))
    seem_unchanged(files, "a")
    engine = files.open()
    (flaw,) = engine.check()
    assert (flaw.key, flaw.location, flaw.repaired) == (f"{HOME}a", str(files.file("a")), False)
    (flaw,) = engine.check(repair=True)
    assert flaw.repaired
    assert json.loads(files.file("a").read_text()) == {"number": 2}
    assert [*engine.check()] == []
    assert state_of(engine) == files.truth


def test_a_file_that_was_lost_with_what_was_known_of_it(files):
    files.file("c").unlink()
    files.sql("DELETE FROM files WHERE key LIKE '%/c'")
    engine = files.open()
    (flaw,) = engine.check()
    assert "missing" in flaw.message
    assert [flaw.repaired for flaw in engine.check(repair=True)] == [True]
    assert files.file("c").exists()
    assert state_of(engine) == files.truth


def test_a_file_of_which_the_log_knows_nothing_is_taken_in(files):
    files.sql("DELETE FROM current WHERE key LIKE '%/c'")
    files.sql("DELETE FROM log WHERE key LIKE '%/c'")
    engine = files.open()
    assert any("does not show this file" in flaw.message for flaw in engine.check())
    flaws = {flaw.key: flaw.repaired for flaw in engine.check(repair=True)}
    assert flaws == {"": False, f"{HOME}c": True}
    assert number_of(engine.get(f"{HOME}c")) == 1


def test_an_edit_is_no_flaw(files):
    engine = files.open()
    files.file("a").write_text('{"number": 5}')
    files.file("new").write_text('{"number": 6}')
    files.file("c").unlink()
    assert [*engine.check()] == []
    assert engine.check(repair=True) is not None
    assert [*engine.check(repair=True)] == []
    assert number_of(engine.get(f"{HOME}a")) == 5
    assert engine.get(f"{HOME}c") is None


def test_a_file_that_cannot_be_understood_is_named_and_left(files):
    engine = files.open()
    files.file("a").write_text("{")
    assert engine.health().problems
    for repair in (False, True):
        (flaw,) = engine.check(repair=repair)
        assert flaw.key == f"{HOME}a"
        assert not flaw.repaired
    assert files.file("a").read_text() == "{"


def test_files_follow_an_index_that_was_made_anew(files):
    files.sql(INDEX["lost"])
    files.file("a").unlink()
    files.sql("DELETE FROM files WHERE key LIKE '%/a'")
    engine = files.open()
    assert all(flaw.repaired for flaw in engine.check(repair=True))
    assert json.loads(files.file("a").read_text()) == {"number": 2}
    assert state_of(engine) == files.truth
