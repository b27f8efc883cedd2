"""Opening a store in one SQLite file: what a URL means, what is refused, what stands after every end."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import pytest

from mastractl import errors
from mastractl.engines import sqlitefile
from mastractl.engines.contract import Delete, Put
from mastractl.engines.filesystem import FileEngine
from mastractl.engines.hearing import Hearing
from mastractl.engines.libsql import LibsqlEngine
from mastractl.engines.mounts import Mount
from mastractl.engines.opening import open_engine
from mastractl.engines.sqlite import SqliteEngine
from mastractl.testing.engine_tests.foundation import SOON, document, fold, number_of, state_of

KEY = "res/agent/default/a"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture(params=[SqliteEngine, LibsqlEngine], ids=["sqlite", "libsql"])
def kind(request):
    return request.param


@pytest.fixture
def made():
    engines = []

    def keep(engine):
        engines.append(engine)
        return engine

    yield keep
    for engine in engines:
        engine.close()


def sql(path, statement):
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(statement).fetchall()
        connection.commit()
    finally:
        connection.close()
    return found


# What a URL means


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:a.db", "a.db"),
        ("sqlite:deep/er/a.db", "deep/er/a.db"),
        ("sqlite:a%20b%3F.db", "a b?.db"),
        ("sqlite:a.db?mode=rw", "a.db"),
        ("sqlite:~/a.db", "home/a.db"),
        ("sqlite:///~/a.db", "home/a.db"),
        ("libsql:a.db", "a.db"),
    ],
)
def test_a_url_names_a_file(url, expected, tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made(open_engine(url)).commit([Put(KEY, document(1))])
    assert sql(tmp_path / expected, "SELECT count(*) FROM current") == [(1,)]


def test_an_absolute_url_names_a_file(path, made):
    made(open_engine(f"sqlite://{path}")).commit([Put(KEY, document(1))])
    assert number_of(made(open_engine(f"sqlite:{path}?mode=ro")).get(KEY)) == 1


@pytest.mark.parametrize(
    "url", ["sqlite:", "sqlite::memory:", "sqlite://host/a.db", "sqlite:a.db?x=1", "sqlite:a%00b"]
)
def test_what_names_no_file_is_refused(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.ConfigError) as caught:
        open_engine(url)
    assert caught.value.hint
    assert [*tmp_path.iterdir()] == []


def test_memory_is_pointed_to_where_it_belongs():
    with pytest.raises(errors.ConfigError) as caught:
        open_engine("sqlite::memory:")
    assert "memory:" in caught.value.hint


def test_a_new_file_is_for_its_owner_alone(path, kind, made):
    made(kind(path)).commit([Put(KEY, document(1))])
    modes = {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert modes == {0o600}


def test_there_are_no_files_besides_the_databases_own_and_the_bell(path, made):
    made(SqliteEngine(path)).commit([Put(KEY, document(1))])
    assert {found.name for found in path.parent.iterdir()} <= {
        f"store.db{end}" for end in ("", "-wal", "-shm", "-bell")
    }


def test_the_two_drivers_have_one_format(path, made):
    first = made(SqliteEngine(path))
    first.commit([Put(KEY, document(1), expires_at=1.5e18)])
    told = (first.identity, first.range(""), first.changes(0))
    first.close()
    second = made(LibsqlEngine(path))
    assert (second.identity, second.range(""), second.changes(0)) == told


# What is refused, and left as it is


def refused(kind, path, error, match):
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(error, match=match) as caught:
        kind(path)
    assert caught.value.hint
    assert before is None or path.read_bytes() == before
    return caught.value


def test_a_directory_is_no_store(tmp_path, kind):
    assert "file:" in refused(kind, tmp_path, errors.StorageConnectionError, "is no file").hint


def test_a_file_above_is_no_directory(path, kind):
    path.write_text("x")
    with pytest.raises(errors.StorageConnectionError, match="cannot be made"):
        kind(path / "below.db")


def test_the_database_of_another_program_is_not_touched(path, kind):
    sql(path, "CREATE TABLE recipes (name TEXT)")
    refused(kind, path, errors.StorageValidationError, "another program")
    sql(path, "PRAGMA journal_mode = wal")
    refused(kind, path, errors.StorageValidationError, "another program")
    assert sql(path, "SELECT name FROM sqlite_master") == [("recipes",)]


def test_an_empty_database_that_another_program_marked_is_not_touched(path, kind):
    sql(path, "PRAGMA user_version = 1")
    refused(kind, path, errors.StorageValidationError, "another program")


def test_the_database_of_a_file_store_is_pointed_to_it(tmp_path, kind):
    store = FileEngine(tmp_path)
    store.commit([Put(KEY, document(1))])
    store.close()
    path = tmp_path / ".mastractl" / "state.db"
    assert f"file:{tmp_path}" in refused(kind, path, errors.StorageValidationError, "a file store").hint


def test_a_newer_store_is_refused(path, kind):
    kind(path).close()
    sql(path, f"PRAGMA user_version = {sqlitefile.VERSION + 1}")
    refused(kind, path, errors.StorageValidationError, r"newer mastractl \(format 2; this one knows 1\)")


@pytest.mark.parametrize("text", [b"{}", b"hello, this is no database" * 1000])
def test_what_is_no_database_is_refused(path, kind, text):
    path.write_bytes(text)
    refused(kind, path, errors.StorageValidationError, "damaged")


def test_a_damaged_file_is_refused_and_kept(path, kind):
    engine = kind(path)
    engine.commit([Put(f"{KEY}{n}", document(n)) for n in range(1000)])
    engine.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 20_000)
    refused(kind, path, errors.StorageValidationError, "damaged")


def test_a_store_that_lost_its_tables_is_refused(path, kind):
    kind(path).close()
    sql(path, "DROP TABLE log")
    refused(kind, path, errors.StorageValidationError, "tables are missing")


def test_a_path_that_cannot_be_made_is_an_error(kind):
    with pytest.raises(errors.StorageConnectionError, match="cannot be made"):
        kind("/proc/nothing/here/store.db")


# Reading only


def test_read_only_makes_nothing(path, kind):
    with pytest.raises(errors.StorageConnectionError, match="there is no store") as caught:
        kind(path, read_only=True)
    assert "a first write makes it" in caught.value.hint
    assert not path.exists()
    path.touch()
    with pytest.raises(errors.StorageConnectionError, match="there is no store"):
        kind(path, read_only=True)
    assert path.read_bytes() == b""


def test_read_only_reads_and_writes_nothing(path, kind, made):
    writer = made(kind(path))
    writer.commit([Put(KEY, document(1)), Put("rec/x", document(2), expires_at=1.0)])
    reader = made(kind(path, read_only=True))
    assert [entry.key for entry in reader.range("").entries] == [KEY]
    assert reader.revision() == 1
    assert not reader.health().writable
    for write in (
        lambda: reader.commit([Delete(KEY)]),
        lambda: reader.compact(1),
        lambda: [*reader.check(repair=True)],
    ):
        with pytest.raises(errors.Forbidden, match="reading only"):
            write()
    assert [*reader.check()] == []
    waiting = threading.Thread(target=lambda: heard.append(reader.wait(1, SOON)))
    heard = []
    waiting.start()
    writer.commit([Put(KEY, document(3))])
    waiting.join(SOON)
    assert heard == [True]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("where", ["file", "directory"])
def test_who_may_not_write_reads(path, where):
    """Somebody else's process; for root no mode forbids anything."""
    owner = SqliteEngine(path)
    owner.commit([Put(KEY, document(1))])
    owner.close()
    path.parent.chmod(0o755 if where == "directory" else 0o777)
    for found in path.parent.iterdir():
        found.chmod(0o644)
    keeper = SqliteEngine(path)
    keeper.revision()
    for above in path.parents:
        if above.owner() == "root" and str(above) not in {"/", "/tmp"}:
            above.chmod(above.stat().st_mode | 0o055)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        status = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            engine = SqliteEngine(path)
            assert not engine.health().writable
            assert number_of(engine.get(KEY)) == 1
            with pytest.raises(errors.Forbidden):
                engine.commit([Delete(KEY)])
            engine.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    keeper.close()


def test_a_network_filesystem_is_slower_and_says_so(path, kind, made, monkeypatch):
    monkeypatch.setattr(sqlitefile, "mount_of", lambda _: Mount("nfs4", 0))
    engine = made(kind(path))
    engine.commit([Put(KEY, document(1))])
    assert not engine.capabilities.push_watch
    assert sql(path, "PRAGMA journal_mode") == [("delete",)]
    (problem,) = engine.health().problems
    assert "nfs4" in problem.message
    assert engine.wait(0, SOON)


# The store is taken away


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_commit_never_goes_into_the_void_or_to_a_stranger(path, tmp_path, kind, made, how):
    engine = made(kind(path))
    engine.commit([Put(KEY, document(1))])
    other = tmp_path / "other.db"
    kind(other).close()
    for end in ("-wal", "-shm", ""):
        (tmp_path / f"store.db{end}").unlink(missing_ok=True)
    if how == "replaced":
        other.rename(path)
    with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
        engine.commit([Put(KEY, document(2))])
    with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
        engine.range("")
    if how == "replaced":
        assert made(kind(path)).revision() == 0


def test_a_log_swapped_within_the_file_is_noticed(path, kind, made):
    engine = made(kind(path))
    engine.commit([Put(KEY, document(1))])
    sql(path, "UPDATE head SET uid = 'another'")
    for call in (engine.revision, lambda: engine.range(""), lambda: engine.commit([Delete(KEY)])):
        with pytest.raises(errors.StorageConnectionError, match="replaced"):
            call()
    assert sql(path, "SELECT count(*) FROM log") == [(1,)]


def test_a_full_disk_is_said_and_nothing_is_written(path, made):
    engine = made(SqliteEngine(path))
    engine.commit([Put(KEY, document(1))])
    with engine._database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(errors.StorageFull, match="no space left"):
        engine.commit([Put(f"rec/x/{n}", b'"%s"' % (b"x" * 100_000)) for n in range(20)])
    assert engine.revision() == 1
    assert engine.health().problems == ()


def test_health_tells_what_it_is(path, kind, made):
    details = dict(made(kind(path)).health().details)
    assert details["file"] == str(path)
    assert "FULL" in details["durability"]
    assert details["server"].startswith("SQLite 3.")


# Processes


def test_another_process_is_heard_at_once(path, made):
    """By the bell, not by looking: the looks are a second apart."""
    engine = made(SqliteEngine(path))
    engine.wait(0, 0.01)
    script = f"""
import sys
from mastractl.engines.contract import Put
from mastractl.engines.sqlite import SqliteEngine
engine = SqliteEngine({str(path)!r})
for number in range(20):
    sys.stdin.readline()
    engine.commit([Put("rec/n/a", b"%d" % number)])
"""
    writer = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, text=True)
    began = time.monotonic()
    for number in range(20):
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert engine.wait(number, SOON)
    writer.stdin.close()
    assert writer.wait(SOON) == 0
    assert time.monotonic() - began < 10, "twenty looks would take as many seconds"


def test_a_bell_that_is_removed_is_made_again(path):
    bell = path.with_name("b-bell")
    heard, stopped = [], threading.Event()
    rung = threading.Event()

    def note(revision):
        heard.append(revision)
        rung.set()

    listen = Hearing(str(bell), lambda: len(heard))
    thread = threading.Thread(target=listen, args=(note, stopped))
    thread.start()
    assert rung.wait(SOON)
    bell.unlink()
    thread.join(SOON)
    assert not thread.is_alive()
    thread = threading.Thread(target=listen, args=(note, stopped))
    rung.clear()
    thread.start()
    assert rung.wait(SOON)
    rung.clear()
    bell.write_bytes(b"")
    assert rung.wait(SOON)
    stopped.set()
    listen.rouse()
    thread.join(SOON)
    assert not thread.is_alive()
    assert bell.exists()


def test_without_watches_waits_poll_and_health_says_why(path, made, monkeypatch):
    class Exhausted:
        def __init__(self, *_, **__):
            pass

        def inotify_init1(self, _):
            ctypes.set_errno(errno.EMFILE)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", Exhausted)
    engine, other = made(SqliteEngine(path)), made(SqliteEngine(path))
    assert not engine.wait(0, 0.2)
    other.commit([Put(KEY, document(1))])
    assert engine.wait(0, SOON)
    (problem,) = engine.health().problems
    assert "max_user_instances" in problem.hint


def test_one_who_closes_waits_for_no_slice_of_time(path, made):
    """A hundred engines, each of which has listened: half a second each would be most of a minute."""
    made(SqliteEngine(path)).commit([Put(KEY, document(1))])
    began = time.monotonic()
    for _ in range(100):
        engine = SqliteEngine(path)
        assert engine.wait(0, SOON)
        engine.close()
    assert time.monotonic() - began < 25


def test_a_forked_child_goes_on(path, kind, made):
    engine = made(kind(path))
    engine.commit([Put(KEY, document(1))])
    assert engine.wait(0, SOON)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        status = 1
        try:
            signal.alarm(int(SOON))
            engine.commit([Put(KEY, document(2), if_revision=1)])
            assert engine.wait(1, SOON)
            engine.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert number_of(engine.get(KEY)) == 2
    assert engine.commit([Put(KEY, document(3), if_revision=2)]).revision == 3


WORKER = """
import os, random, signal, sys
from mastractl.engines import failpoints
from mastractl.engines.contract import Put
from mastractl.engines.sqlite import SqliteEngine
path, fate = sys.argv[1:]
engine = SqliteEngine(path)
if fate in failpoints.NAMES:
    failpoints.install(lambda name: name == fate and os.kill(os.getpid(), signal.SIGKILL))
number = engine.revision()
while True:
    ops = [Put(f"rec/n/{name}", b'{"number":%d}' % number) for name in ("a", "b", "c")]
    made = engine.commit(ops)
    number = made.revision
    os.write(1, b"%d\\n" % number)
"""


def check_after_a_kill(path, acknowledged):
    engine = SqliteEngine(path)
    try:
        revision = engine.revision()
        assert acknowledged <= revision <= acknowledged + 1
        told = engine.changes(0, limit=0).changes
        assert [change.revision for change in told] == [n for n in range(1, revision + 1) for _ in "abc"]
        state = {}
        fold(state, told)
        assert state == state_of(engine)
        assert [*engine.check()] == []
        assert len({entry.value for entry in state.values()}) <= 1, "part of a commit"
    finally:
        engine.close()
    return revision


@pytest.mark.parametrize("fate", ["logged", "committed"])
def test_a_process_that_dies_in_a_commit_leaves_all_of_it_or_nothing(path, fate):
    done = subprocess.run([sys.executable, "-c", WORKER, path, fate], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert check_after_a_kill(path, 0) == {"logged": 0, "committed": 1}[fate]


def test_kills_at_random_lose_nothing_that_was_acknowledged(path):
    chance = random.Random(4)
    acknowledged = 0
    for _ in range(6):
        worker = subprocess.Popen([sys.executable, "-c", WORKER, path, ""], stdout=subprocess.PIPE)
        for _ in range(chance.randrange(1, 40)):
            acknowledged = int(worker.stdout.readline())
        worker.kill()
        rest = worker.stdout.read().split(b"\n")[:-1]
        worker.stdout.close()
        worker.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        acknowledged = check_after_a_kill(path, acknowledged)


def test_a_counter_loses_no_increment_between_processes(path, made):
    made(SqliteEngine(path)).commit([Put(KEY, document(0))])
    script = f"""
from mastractl import errors, values
from mastractl.engines.contract import Put
from mastractl.engines.sqlite import SqliteEngine
engine = SqliteEngine({str(path)!r})
done = 0
while done < 25:
    entry = engine.get({KEY!r})
    number = values.load(entry.value)["number"]
    try:
        engine.commit([Put({KEY!r}, values.dump({{"number": number + 1}}), if_revision=entry.revision)])
    except errors.Conflict:
        continue
    done += 1
"""
    workers = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [worker.wait(120) for worker in workers] == [0] * 4
    engine = made(SqliteEngine(path))
    assert number_of(engine.get(KEY)) == 100
    assert engine.revision() == 101


def test_without_the_driver_its_extra_is_named_and_nothing_is_left(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "libsql", None)
    with pytest.raises(errors.ConfigError) as caught:
        open_engine(f"libsql:{path}")
    assert "mastractl[libsql]" in caught.value.hint
    assert not path.exists()
