"""How a commit reaches the files: the defects that a first implementation of this algorithm had, first."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors, values
from mastractl.engines import database, tree
from mastractl.engines.contract import EXTERNAL, Check, Delete, Put

HOME = "res/agent/default/"


def put(name, n, **more):
    return Put(HOME + name, values.dump({"number": n}), **more)


def number(entry):
    return None if entry is None else values.load(entry.value)["number"]


# 1: what hinders placing a file is found before the commit, and never blocks anything else.


def link_in_place_of_the_file(store, elsewhere):
    store.file("bad").parent.mkdir(parents=True)
    store.file("bad").symlink_to(elsewhere / "target.json")


def link_in_place_of_the_directory(store, elsewhere):
    (store.base / "agent").mkdir()
    (store.base / "agent" / "default").symlink_to(elsewhere)


def link_in_place_of_the_kind(store, elsewhere):
    (store.base / "agent").symlink_to(elsewhere)


def directory_in_place_of_the_file(store, elsewhere):
    store.file("bad").mkdir(parents=True)


def file_in_place_of_the_directory(store, elsewhere):
    (store.base / "agent").mkdir()
    (store.base / "agent" / "default").write_text("x")


OBSTACLES = [
    link_in_place_of_the_file,
    link_in_place_of_the_directory,
    link_in_place_of_the_kind,
    directory_in_place_of_the_file,
    file_in_place_of_the_directory,
]


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_an_obstacle_is_met_before_the_commit(store, engine, elsewhere, obstacle):
    obstacle(store, elsewhere)
    with pytest.raises(errors.Forbidden) as caught:
        engine.commit([Put("res/tool/default/good", b"{}"), put("bad", 1)])
    assert str(store.file("bad")) in caught.value.message
    assert caught.value.hint
    assert engine.revision() == 0
    assert engine.range("res/tool/").entries == ()
    assert not (store.base / "tool").exists()
    assert list(elsewhere.iterdir()) == []
    assert engine.commit([Put("res/tool/default/good", b"{}")]).revision == 1


@pytest.mark.parametrize("number_", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_file_that_may_not_be_written_is_forbidden_before_the_commit(engine, failing, number_):
    failing("open", number_, lambda path, *_: str(path).startswith(".mastractl-"))
    with pytest.raises(errors.Forbidden, match=r"a\.json cannot be written"):
        engine.commit([put("a", 1)])
    assert engine.revision() == 0


@pytest.mark.parametrize("number_", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_met_before_the_commit(store, engine, failing, number_):
    engine.commit([put("a", 1)])
    failing("write", number_)
    with pytest.raises(errors.StorageFull):
        engine.commit([put("b", 1), Put("res/tool/default/c", b"{}"), put("a", 2)])
    assert engine.revision() == 1
    assert store.files() == {"agent/default/a.json": {"number": 1}}
    assert sorted(p.name for p in store.base.iterdir()) == [".mastractl", "agent"]


def test_a_file_that_cannot_be_placed_after_the_commit_is_put_aside(store, engine, elsewhere, at_failpoint):
    """The commit stands, the others go on, it is reported, and placed when it becomes possible."""
    engine.commit([put("a", 1)])
    moved = elsewhere / "default"

    def put_a_link_in_the_way():
        (store.base / "agent" / "default").rename(moved)
        (store.base / "agent" / "default").symlink_to(moved)

    at_failpoint("committed", put_a_link_in_the_way)
    assert engine.commit([put("a", 2), Put("res/tool/default/t", b"{}")]).revision == 2
    assert json.loads((moved / "a.json").read_text()) == {"number": 1}
    for handle in (engine, store.open()):
        assert number(handle.get(HOME + "a")) == 2
        assert [e.key for e in handle.range("res/").entries] == [HOME + "a", "res/tool/default/t"]
        problems = handle.health().problems
        assert HOME + "a" in {problem.key for problem in problems}
        assert all(problem.message for problem in problems)
    assert engine.commit([Put("res/tool/default/t", b'{"x":1}')]).revision == 3
    assert store.file("t", "tool/default").exists()
    (store.base / "agent" / "default").unlink()
    moved.rename(store.base / "agent" / "default")
    assert engine.health().problems == ()
    assert store.files()["agent/default/a.json"] == {"number": 2}
    assert engine.revision() == 3


# 2: SQLite rolls back by itself on a full disk, and that must not hide why.


def test_a_database_without_room_says_so_and_not_that_there_was_no_transaction(store, engine, monkeypatch):
    engine.commit([put("a", 1)])
    connect = database._connect

    def cramped(name):
        connection = connect(name)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(database, "_connect", cramped)
    other = store.open()
    with pytest.raises(errors.StorageFull, match="no space left"):
        other.commit([Put(f"rec/x/{n}", b'"%s"' % (b"x" * 100_000)) for n in range(20)])
    with pytest.raises(errors.StorageFull):
        other.commit([put("b", 1), Put("rec/x/0", b'"%s"' % (b"x" * 1_000_000))])
    assert other.revision() == 1
    assert number(other.get(HOME + "a")) == 1
    assert store.files() == {"agent/default/a.json": {"number": 1}}
    assert engine.health().problems == ()
    assert store.sql("PRAGMA integrity_check") == [("ok",)]


FULL_DISK = """
import resource, signal, sys
from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.filesystem import FileEngine

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
engine = FileEngine(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
done, refused = 0, None
while refused is None and done < 1000:
    try:
        value = b'{"text":"%s"}' % (b"x" * 3000)
        engine.commit([Put(f"res/agent/default/a{done}", value), Put("rec/x/y", b"%d" % done)])
        done += 1
    except errors.StorageTransactionError as error:
        refused = type(error).__name__
print(done, refused, engine.revision(), len(engine.range("res/").entries))
"""


def test_when_a_real_disk_fills_up_nothing_is_half_written(store):
    """No file may grow beyond a limit: the same write fails as on a full disk, at some point of a commit."""
    store.open().close()
    result = subprocess.run(
        [sys.executable, "-c", FULL_DISK, store.base], capture_output=True, text=True, check=True
    )
    done, refused, revision, listed = result.stdout.split()
    assert refused in {"StorageFull", "StorageTransactionError", "UnknownOutcome"}
    assert 5 < int(done) < 1000
    engine = store.open()
    assert int(done) == int(revision) == int(listed) == engine.revision()
    assert set(store.files()) == {f"agent/default/a{n}.json" for n in range(int(done))}
    assert engine.health().problems == ()
    assert store.sql("PRAGMA integrity_check") == [("ok",)]
    assert engine.commit([put("more", 1)]).revision == int(done) + 1


# 3: a value is stored once.


def test_a_value_is_stored_once(store, engine):
    """One megabyte written ten times, each with its former value in the log, takes ten megabytes."""
    for n in range(10):
        engine.commit([Put("rec/run/x", values.dump({"n": n, "text": os.urandom(500_000).hex()}))])
    engine.close()
    size = (store.base / ".mastractl" / "state.db").stat().st_size
    assert 10_000_000 < size < 10_500_000


def test_compaction_gives_the_room_back(store, engine):
    for n in range(10):
        engine.commit([Put("rec/run/x", values.dump({"n": n, "text": os.urandom(500_000).hex()}))])
    engine.compact(10)
    engine.close()
    assert (store.base / ".mastractl" / "state.db").stat().st_size < 1_200_000


# 4: what changes nothing writes nothing.


def test_a_commit_that_changes_nothing_writes_nothing(store, engine, monkeypatch):
    engine.commit([put("a", 1), Put("rec/run/x", b"{}")])

    def no_write(*arguments, **more):
        pytest.fail("a transaction was begun")

    monkeypatch.setattr(engine._store.database, "writing", no_write)
    before = store.file("a").stat()
    assert engine.commit([put("a", 1), Put("rec/run/x", b"{}"), Delete(HOME + "b")]).changes == ()
    assert engine.commit([put("a", 1, if_revision=1), Check(HOME + "b", 0)]).revision == 1
    with pytest.raises(errors.Conflict):
        engine.commit([put("a", 2, if_revision=7)])
    assert engine.get(HOME + "a").revision == 1
    assert len(engine.range("rec/").entries) == 1
    assert store.file("a").stat() == before


def test_only_files_that_change_are_written(store, engine, failing):
    engine.commit([put("a", 1), put("b", 1), put("c", 1)])
    failing("write", errno.ENOSPC)
    made = engine.commit([put("a", 1), put("b", 1), Delete(HOME + "c"), Put("rec/run/x", b"{}")])
    assert [change.key for change in made.changes] == [HOME + "c", "rec/run/x"]
    assert set(store.files()) == {"agent/default/a.json", "agent/default/b.json"}


def test_reading_what_nobody_changed_writes_nothing(store, engine, monkeypatch):
    engine.commit([put("a", 1), put("b", 1)])
    store.write("broken", "{")
    store.file("link").symlink_to("nowhere")
    handles = [engine, store.open()]
    assert len(engine.health().problems) == 2

    def no_write(*arguments, **more):
        pytest.fail("a transaction was begun")

    monkeypatch.setattr(database.Database, "writing", no_write)
    for handle in [*handles, store.open()]:
        assert number(handle.get(HOME + "a")) == 1
        assert handle.get(HOME + "broken") is handle.get(HOME + "link") is None
        assert len(handle.range("res/").entries) == 2
        assert len(handle.changes(0).changes) == 2
        assert len(handle.health().problems) == 2
        assert handle.revision() == 1


# 6: os.write may write less than it was given.


def test_short_writes_are_gone_on_with(store, engine, monkeypatch):
    write = os.write
    monkeypatch.setattr(tree.os, "write", lambda fd, data: write(fd, bytes(data)[:7]))
    text = "long " * 50
    engine.commit([Put(HOME + "a", values.dump({"text": text}))])
    assert store.files() == {"agent/default/a.json": {"text": text}}


# 7: modes.


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_new_files_have_the_mode_of_the_umask_and_old_ones_keep_theirs(store, engine, umask):
    engine.commit([put("a", 1), put("secret", 1)])
    assert mode(store.file("a")) == 0o640
    assert mode(store.file("a").parent) == 0o750
    store.file("secret").chmod(0o600)
    engine.commit([put("a", 2), put("secret", 2)])
    assert (mode(store.file("a")), mode(store.file("secret"))) == (0o640, 0o600)
    assert mode(store.base / ".mastractl") == 0o700


def test_a_file_keeps_its_owner(store, engine):
    if os.geteuid():
        assert store.base.parent.stat().st_uid == os.geteuid()  # only root can give files away
        return
    engine.commit([put("a", 1)])
    os.chown(store.file("a"), 65534, 65534)
    engine.commit([put("a", 2)])
    assert store.file("a").stat().st_uid == 65534


# 8: temporary files of the dead.


def test_litter_of_dead_processes_is_swept_and_of_living_ones_left(store, engine):
    engine.commit([put("a", 1)])
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    directory = store.file("a").parent
    (directory / f".mastractl-{dead.pid}-1-abcdef.tmp").write_text("{")
    (directory / f".mastractl-{os.getppid()}-1-abcdef.tmp").write_text("{")
    (directory / ".mastractl-notes").write_text("somebody's")
    store.open().range("res/")
    assert {p.name for p in directory.iterdir()} == {
        "a.json",
        f".mastractl-{os.getppid()}-1-abcdef.tmp",
        ".mastractl-notes",
    }


def test_a_temporary_file_that_was_swept_is_written_anew(store, engine, at_failpoint):
    """Another container does not see our process, and may take us for dead."""

    def sweep():
        for path in store.base.rglob(".mastractl-*.tmp"):
            path.unlink()

    at_failpoint("staged", sweep)
    engine.commit([put("a", 1), put("b", 1)])
    assert store.files() == {"agent/default/a.json": {"number": 1}, "agent/default/b.json": {"number": 1}}
    assert engine.health().problems == ()


# The files.


def test_files_are_for_people(store, engine):
    value = values.dump({"z": "café 菜谱 😀", "a": {"list": [1, 2.5, None], "empty": {}, "none": []}})
    engine.commit([Put("res/tool.example.org/_cluster/x.y", value)])
    assert (store.base / "tool.example.org/_cluster/x.y.json").read_text(encoding="utf-8") == (
        "{\n"
        '  "z": "café 菜谱 😀",\n'
        '  "a": {\n'
        '    "list": [\n'
        "      1,\n"
        "      2.5,\n"
        "      null\n"
        "    ],\n"
        '    "empty": {},\n'
        '    "none": []\n'
        "  }\n"
        "}\n"
    )
    assert engine.get("res/tool.example.org/_cluster/x.y").value == value


def test_only_resources_have_files(store, engine):
    engine.commit([Put("rec/run/default/x", b"{}"), Put("idx/a", b"1"), put("a", 1)])
    assert set(store.files()) == {"agent/default/a.json"}


def test_a_delete_takes_the_file_and_empty_directories_with_it(store, engine):
    engine.commit([put("a", 1), put("b", 1), Put("res/tool/default/t", b"{}")])
    engine.commit([Delete(HOME + "a")])
    assert set(store.files()) == {"agent/default/b.json", "tool/default/t.json"}
    engine.commit([Delete(HOME + "b")])
    assert sorted(p.name for p in store.base.iterdir()) == [".mastractl", "tool"]
    engine.commit([put("b", 2)])
    assert store.files()["agent/default/b.json"] == {"number": 2}


BAD_PLACES = [
    "res/agent/default",
    "res/agent/default/a/b",
    "res/Agent/default/a",
    "res/agent/Default/a",
    "res/agent/default/A",
    "res/agent/default/.a",
    "res/agent/default/a.",
    "res/agent/default/a..b",
    "res/agent/default/-a",
    "res/agent/default/a_b",
    "res/agent/_other/a",
    "res/_cluster/default/a",
    "res/.mastractl/default/a",
    "res/agent/default/con",
    "res/agent/default/nul.txt",
    "res/agent/com1/a",
    "res/agent/default/é",
    "res/agent/default/a b",
    "res/agent/default/a\\b",
    f"res/agent/default/{'x' * 251}",
]


@pytest.mark.parametrize("key", BAD_PLACES)
def test_a_key_that_can_have_no_file_is_refused_before_the_disk_is_touched(store, engine, key):
    for op in (Put(key, b"{}"), Delete(key), Check(key, 0)):
        with pytest.raises(errors.BadRequest, match="can have no file"):
            engine.commit([put("a", 1), op])
    assert engine.get(key) is None
    assert store.files() == {}


def test_the_longest_name_has_a_file(store, engine):
    name = "x" * 250
    engine.commit([put(name, 1)])
    assert len(store.file(name).name.encode()) == 255
    engine.commit([put(name, 2)])
    assert store.files() == {f"agent/default/{name}.json": {"number": 2}}


@pytest.mark.parametrize("value", [b"[]", b"1", b"nonsense", b"", b'{"a":NaN}', b"[" * 100_000])
def test_a_value_that_is_no_object_has_no_file(store, engine, value):
    with pytest.raises(errors.BadRequest):
        engine.commit([put("a", 1), Put(HOME + "b", value)])
    assert engine.revision() == 0
    assert store.files() == {}


# Between two writers.


def test_an_edit_made_between_commit_and_placing_is_not_overwritten(store, engine, at_failpoint):
    """It is newer than the commit. The log has both."""
    engine.commit([put("a", 1)])
    at_failpoint("committed", lambda: store.write("a", {"number": 3}))
    assert engine.commit([put("a", 2)]).revision == 2
    assert store.files() == {"agent/default/a.json": {"number": 3}}
    told = engine.changes(0).changes
    assert [(number(c.entry), c.origin) for c in told] == [(1, ""), (2, ""), (3, EXTERNAL)]


def test_what_a_conflict_met_stands_at_the_revision_it_names(store, engine):
    engine.commit([put("a", 1)])
    store.write("a", {"number": 2})
    with pytest.raises(errors.Conflict) as caught:
        engine.commit([put("a", 3, if_revision=1)])
    assert caught.value.actual == 2
    assert store.sql("SELECT max(id) >> 20 FROM log") == [(2,)]


def test_a_removal_between_commit_and_placing_is_not_undone(store, engine, at_failpoint):
    engine.commit([put("a", 1)])
    at_failpoint("committed", lambda: store.file("a").unlink())
    engine.commit([put("a", 2)])
    assert store.files() == {}
    assert [number(c.entry) for c in engine.changes(0).changes] == [1, 2, None]
    assert engine.get(HOME + "a") is None


def test_the_files_of_a_commit_follow_the_log_whoever_places_them(store, engine, at_failpoint):
    """Another process commits over a key between our commit and our placing: it places ours, then its own."""
    other = store.open()
    at_failpoint("committed", lambda: other.commit([put("a", 2)]))
    engine.commit([put("a", 1), put("b", 1)])
    assert store.files() == {"agent/default/a.json": {"number": 2}, "agent/default/b.json": {"number": 1}}
    assert [number(c.entry) for c in engine.changes(0).changes if c.key == HOME + "a"] == [1, 2]
    assert engine.health().problems == ()


def test_files_are_placed_under_the_lock_of_writers(store, engine, at_failpoint):
    """Otherwise a slow process could put the file of an older commit over that of a newer one."""
    locked = []

    def try_to_write():
        other = sqlite3.connect(store.base / ".mastractl" / "state.db", isolation_level=None, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        locked.append(True)

    at_failpoint("placed", try_to_write)
    engine.commit([put("a", 1)])
    assert locked == [True]


def test_a_commit_that_was_left_by_a_dead_process_is_placed_by_the_next(store, engine, at_failpoint):
    class Death(BaseException):
        pass

    def die():
        raise Death

    for step, point in enumerate(("committed", "placed", "materialised")):
        at_failpoint(point, die)
        with pytest.raises(Death):
            engine.commit([put("a", step), put(f"new-{point}", step)])
        engine.close()
        engine = store.open()
        assert store.files()["agent/default/a.json"] == {"number": step}
        assert store.files()[f"agent/default/new-{point}.json"] == {"number": step}
        at_failpoint(point, die)
        with pytest.raises(Death):
            engine.commit([Delete(HOME + f"new-{point}")])
        assert engine.commit([put("other", step)]).revision
        assert not store.file(f"new-{point}").exists()
    assert engine.health().problems == ()
    assert [c.revision for c in engine.changes(0, limit=0).changes if c.key == HOME + "a"] == [1, 4, 7]


def test_a_commit_that_dies_before_it_is_logged_never_was(store, engine, at_failpoint):
    class Death(BaseException):
        pass

    def die():
        raise Death

    engine.commit([put("a", 1)])
    for point in ("staged", "logged"):
        at_failpoint(point, die)
        with pytest.raises(Death):
            engine.commit([put("a", 2), Delete(HOME + "b")])
    assert engine.revision() == 1
    assert store.files() == {"agent/default/a.json": {"number": 1}}


def test_a_directory_removed_between_staging_and_placing_is_made_again(store, engine, at_failpoint):
    def remove():
        for path in store.file("a").parent.iterdir():
            path.unlink()
        store.file("a").parent.rmdir()

    at_failpoint("committed", remove)
    engine.commit([put("a", 1)])
    assert store.files() == {"agent/default/a.json": {"number": 1}}


def test_writers_in_threads_and_handles_leave_files_and_log_alike(store, engine):
    handles = [engine, store.open(), store.open()]
    start = threading.Barrier(len(handles))

    def write(index):
        start.wait()
        for n in range(25):
            handles[index].commit([put("shared", index * 100 + n), put(f"own-{index}", n)])
            if n % 5 == 0:
                handles[index].commit([Delete(HOME + "shared")])

    with ThreadPoolExecutor(len(handles)) as pool:
        list(pool.map(write, range(len(handles))))
    entries = engine.range("").entries
    assert store.files() == {f"{e.key[4:]}.json": values.load(e.value) for e in entries}
    assert [c.revision for c in engine.changes(0, limit=0).changes][-1] == engine.revision()
    assert engine.health().problems == ()


class Died(Exception):
    """Stands for kill -9."""


def die():
    raise Died


@pytest.mark.parametrize("moment", ["placed", "never"])
def test_a_commit_never_places_its_own_file_for_the_row_of_a_later_one(store, engine, at_failpoint, moment):
    """The first waits to place its file, a second commits and dies before it places its own."""
    other = store.open()

    def second_commits_and_dies():
        at_failpoint("committed", die)
        with pytest.raises(Died):
            other.commit([put("a", 2)])
        if moment == "placed":
            at_failpoint("placed", die)

    at_failpoint("committed", second_commits_and_dies)
    if moment == "placed":
        with pytest.raises(Died):
            engine.commit([put("a", 1)])
    else:
        engine.commit([put("a", 1)])
    third = store.open()
    assert number(third.get(HOME + "a")) == 2
    assert store.files()["agent/default/a.json"] == {"number": 2}
    assert [change.origin for change in third.changes(0).changes] == ["", ""]
