"""Opening a store of files: what is missing, lost, damaged, newer, read-only, or not a store at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from mastractl import errors, values
from mastractl.engines import database, layout, mounts, recovery
from mastractl.engines.contract import EXTERNAL, Delete, Put
from mastractl.engines.filesystem import FileEngine
from mastractl.engines.mounts import Mount
from mastractl.testing.clocks import FakeClock

HOME = "res/agent/default/"


def put(name, n, **more):
    return Put(HOME + name, values.dump({"number": n}), **more)


def number(entry):
    return None if entry is None else values.load(entry.value)["number"]


def test_a_store_is_made_where_it_is_missing(store, tmp_path):
    engine = FileEngine(tmp_path / "deep" / "er" / "store")
    private = tmp_path / "deep" / "er" / "store" / ".mastractl"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert (private / ".gitignore").read_text() == "*\n"
    assert engine.health().writable
    engine.close()


def test_a_relative_path_means_the_directory_it_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = FileEngine("store")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    engine.commit([put("a", 1)])
    assert (tmp_path / "store" / "agent" / "default" / "a.json").exists()
    engine.close()


@pytest.mark.parametrize("path", ["file", "file/below"])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_path_that_is_no_directory_is_refused(tmp_path, path, read_only):
    (tmp_path / "file").write_text("x")
    with pytest.raises(errors.StorageConnectionError, match="is no directory") as caught:
        FileEngine(tmp_path / path, read_only=read_only)
    assert caught.value.hint


def test_a_store_that_is_only_to_be_read_is_not_made(tmp_path):
    with pytest.raises(errors.StorageConnectionError, match="there is no store"):
        FileEngine(tmp_path / "store", read_only=True)
    assert list(tmp_path.iterdir()) == []


# The database is lost, damaged, newer.


def fill(store):
    engine = store.open()
    for n in range(5):
        engine.commit([put("a", n), Put("rec/run/x", b"{}")])
    engine.commit([put("b", 1)])
    bookmark = (engine.identity, engine.revision())
    engine.close()
    return bookmark


def lose_the_directory(private):
    shutil.rmtree(private)


def lose_the_file(private):
    for path in private.glob("state.db*"):
        path.unlink()


def overwrite(private):
    (private / "state.db").write_bytes(b"this is no database at all" * 500)


def damage_the_schema(private):
    data = bytearray((private / "state.db").read_bytes())
    data[100:3000] = os.urandom(2900)
    (private / "state.db").write_bytes(data)


def damage_the_header(private):
    with (private / "state.db").open("r+b") as opened:
        opened.write(b"\0" * 100)


LOSSES = [lose_the_directory, lose_the_file, overwrite, damage_the_schema, damage_the_header]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_database_is_made_anew_from_the_files(store, loss):
    identity, bookmark = fill(store)
    loss(store.base / ".mastractl")
    engine = store.open()
    assert engine.identity != identity
    assert {e.key: number(e) for e in engine.range("").entries} == {HOME + "a": 4, HOME + "b": 1}
    assert {c.origin for c in engine.changes(engine.health().compacted).changes} == {EXTERNAL}
    for since in (0, 1, bookmark):
        with pytest.raises(errors.Expired):
            engine.changes(since)
    kept = [p for p in (store.base / ".mastractl").iterdir() if "damaged" in p.name]
    found = engine.health().problems
    if loss in {lose_the_directory, lose_the_file}:
        assert (kept, found) == ([], ())
    else:
        assert str(kept[0]) in {problem.location for problem in found}
        assert "damaged" in found[0].message
        assert store.open().health().problems == found, "it is said until somebody deals with it"
        for path in kept:
            path.unlink()
        assert engine.health().problems == ()
    assert engine.commit([put("a", 9)]).revision == engine.revision()
    again = store.open()
    assert again.identity == engine.identity


def test_a_store_of_files_alone_has_revisions_above_all_former_ones(store):
    store.write("a", {"number": 1})
    first = store.open()
    began = first.range("res/").revision
    assert began > time.time() * 900
    for engine in store.engines:
        engine.close()
    lose_the_file(store.base / ".mastractl")
    time.sleep(0.002)  # the offset is of milliseconds
    assert store.open().range("res/").revision > began


def test_a_new_store_beside_other_things_begins_at_nought(store):
    (store.base / "docs").mkdir(parents=True)
    (store.base / "docs" / "x.json").write_text("{}")
    (store.base / "README.md").write_text("hello")
    assert store.open().revision() == 0


def test_many_processes_that_find_a_damaged_database_make_one_new_one(store):
    fill(store)
    overwrite(store.base / ".mastractl")
    code = (
        "import sys; from mastractl.engines.filesystem import FileEngine\n"
        "print(FileEngine(sys.argv[1]).identity)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, store.base], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    assert len(list((store.base / ".mastractl").glob("*damaged*"))) == 1


def test_many_processes_that_make_a_store_make_the_same(store):
    code = (
        "import sys; from mastractl.engines.filesystem import FileEngine\n"
        "from mastractl.engines.contract import Put\n"
        "engine = FileEngine(sys.argv[1])\n"
        "engine.commit([Put('res/agent/default/p' + sys.argv[2], b'{}')])\n"
        "print(engine.identity)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, store.base, str(n)], stdout=subprocess.PIPE, text=True)
        for n in range(4)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    engine = store.open()
    assert engine.revision() == 4
    assert len(store.files()) == len(engine.range("").entries) == 4


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_database_is_refused_and_left_alone(store, read_only):
    fill(store)
    store.sql("PRAGMA user_version = 99")
    before = (store.base / ".mastractl" / "state.db").read_bytes()
    with pytest.raises(errors.StorageValidationError, match="newer mastractl") as caught:
        FileEngine(store.base, read_only=read_only)
    assert "upgrade" in caught.value.hint
    assert (store.base / ".mastractl" / "state.db").read_bytes() == before
    assert [p.name for p in (store.base / ".mastractl").glob("*damaged*")] == []


def test_damage_deep_in_the_database_is_told_by_health(store):
    engine = store.open()
    engine.commit([Put(f"rec/x/n{n}", b'"%s"' % (b"x" * 2000)) for n in range(500)])
    engine.close()
    path = store.base / ".mastractl" / "state.db"
    data = bytearray(path.read_bytes())
    for page in range(40, 60):
        data[page * 8192 : page * 8192 + 64] = b"\xff" * 64
    path.write_bytes(data)
    engine = store.open()
    assert any("damaged" in problem.message for problem in engine.health().problems)
    with pytest.raises(errors.StorageValidationError) as caught:
        engine.range("rec/")
    assert "move it away" in caught.value.hint


def test_a_database_replaced_while_in_use_is_noticed(store, engine):
    engine.commit([put("a", 1)])
    lose_the_file(store.base / ".mastractl")
    with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
        engine.commit([put("a", 2)])
    other = store.open()
    with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
        engine.commit([put("a", 3)])
    with pytest.raises(errors.StorageConnectionError):
        engine.wait(engine.revision(), 5)
    assert number(other.get(HOME + "a")) == 1


def test_a_store_moved_while_in_use_is_noticed_and_nothing_is_taken_for_deleted(store, engine, tmp_path):
    engine.commit([put("a", 1)])
    store.base.rename(tmp_path / "elsewhere")
    for call in (lambda: engine.commit([put("a", 2)]), lambda: engine.wait(1, 5)):
        with pytest.raises(errors.StorageConnectionError):
            call()
    moved = FileEngine(tmp_path / "elsewhere")
    assert moved.revision() == 1
    assert number(moved.get(HOME + "a")) == 1
    moved.close()


# Reading only.


@pytest.fixture
def filled(store):
    fill(store)
    return store


def test_a_store_opened_for_reading_reads_the_log(filled):
    writer = filled.open()
    engine = filled.open(read_only=True)
    assert engine.identity == writer.identity
    assert engine.range("") == writer.range("")
    assert engine.changes(0) == writer.changes(0)
    for refused in (lambda: engine.commit([put("a", 9)]), lambda: engine.compact(1)):
        with pytest.raises(errors.Forbidden, match="for reading only"):
            refused()
    writer.commit([put("a", 9)])
    assert engine.wait(6, 5)
    assert number(engine.get(HOME + "a")) == 9
    health = engine.health()
    assert (health.writable, health.revision, health.problems) == (False, 7, ())


def test_an_edit_of_a_store_that_is_only_read_is_told_and_not_taken_in(filled):
    engine = filled.open(read_only=True)
    filled.write("a", {"number": 77})
    assert number(engine.get(HOME + "a")) == 4
    assert [number(e) for e in engine.range("res/").entries] == [4, 1]
    assert engine.revision() == 6
    (problem,) = engine.health().problems
    assert (problem.key, problem.location) == (HOME + "a", str(filled.file("a")))
    assert "edited" in problem.message
    assert number(filled.open().get(HOME + "a")) == 77


def test_what_is_due_in_a_store_that_is_only_read_is_hidden(store):
    clock = FakeClock()
    store.open(clock=clock).commit([put("a", 1, expires_at=clock.now() + 5), put("b", 1)])
    engine = store.open(clock=clock, read_only=True)
    clock.advance(5)
    assert [e.key for e in engine.range("").entries] == [HOME + "b"]
    assert engine.get(HOME + "a") is None
    assert engine.revision() == 1


def test_files_are_read_where_there_is_no_database(filled):
    lose_the_directory(filled.base / ".mastractl")
    filled.write("broken", "{")
    filled.write("B", {"number": 3})
    engine = filled.open(read_only=True)
    page = engine.range("res/")
    assert [(e.key, number(e)) for e in page.entries] == [(HOME + "a", 4), (HOME + "b", 1)]
    assert engine.range("res/", limit=1).next == HOME + "a"
    assert [e.key for e in engine.range("res/", limit=1, after=HOME + "a").entries] == [HOME + "b"]
    assert number(engine.get(HOME + "a")) == 4
    assert engine.get(HOME + "broken") is None
    assert engine.get("res/../../etc/passwd") is None
    assert engine.changes(page.revision).changes == ()
    assert engine.wait(page.revision, 0.01) is False
    assert not engine.capabilities.push_watch
    health = engine.health()
    assert not health.writable
    assert [problem.key for problem in health.problems] == [HOME + "broken"]
    assert engine.identity == filled.open(read_only=True).identity
    with pytest.raises(errors.Forbidden, match="for reading only"):
        engine.commit([put("a", 9)])
    filled.write("a", {"number": 5})
    assert engine.wait(page.revision, 5) is True
    assert number(engine.get(HOME + "a")) == 5
    with pytest.raises(errors.Expired):
        engine.changes(page.revision)
    assert not (filled.base / ".mastractl").exists()
    engine.close()
    with pytest.raises(errors.StorageClosed):
        engine.get(HOME + "a")


NOBODY = """
import os, sys, zlib
from mastractl import errors, values
from mastractl.engines import plainfiles  # whoever we become may not reach the modules
from mastractl.engines.contract import Put
from mastractl.engines.filesystem import FileEngine

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
engine = FileEngine(sys.argv[1])
print([values.load(e.value)["number"] for e in engine.range("res/").entries], engine.health().writable)
try:
    engine.commit([Put("res/agent/default/a", b'{"number":9}')])
except errors.Forbidden as error:
    print(error.message, "|", error.hint)
"""


def as_nobody(path):
    result = subprocess.run(
        [sys.executable, "-c", NOBODY, path], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.fixture
def open_to_all(tmp_path_factory):
    """A directory that another user can reach."""
    directory = tmp_path_factory.mktemp("public")
    for place in (directory, *directory.parents):
        if not place.stat().st_mode & 0o001:
            place.chmod(0o755)
    return directory


@pytest.mark.parametrize("log", [True, False], ids=["with database", "files alone"])
def test_another_user_may_read_what_he_may_not_write(filled, open_to_all, log):
    path = open_to_all / "store"
    shutil.copytree(filled.base, path)
    if not log:
        shutil.rmtree(path / ".mastractl")
    for directory in (path, *(p for p in path.rglob("*") if p.is_dir())):
        directory.chmod(0o555)
    try:
        told, refused = as_nobody(path)
    finally:
        for directory in (path, *(p for p in path.rglob("*") if p.is_dir())):
            directory.chmod(0o755)
    assert told == "[4, 1] False"
    assert refused.startswith(f"the store at {path} is open for reading only | check the owner")


# Foreign filesystems.


def test_a_store_on_a_network_filesystem_does_without_shared_memory(store, monkeypatch):
    monkeypatch.setattr(layout, "mount_of", lambda path: Mount("nfs4", mounts.TICK_NS))
    engine = store.open()
    assert store.sql("PRAGMA journal_mode") == [("delete",)]
    assert not engine.capabilities.push_watch
    (problem,) = engine.health().problems
    assert "nfs4" in problem.message
    assert problem.hint
    other = store.open()
    engine.commit([put("a", 1)])
    assert other.wait(0, 5)
    store.write("a", {"number": 2})
    assert other.wait(1, 10)
    assert number(other.get(HOME + "a")) == 2
    assert "watchdog.observers" not in sys.modules or other._lookout._watcher is None


def test_a_store_that_moved_onto_a_network_filesystem_changes_its_journal(filled, monkeypatch):
    assert filled.sql("PRAGMA journal_mode") == [("wal",)]
    monkeypatch.setattr(layout, "mount_of", lambda path: Mount("nfs", mounts.TICK_NS))
    filled.open().commit([put("a", 9)])
    assert filled.sql("PRAGMA journal_mode") == [("delete",)]


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:40 / /mnt/team\\040files rw - nfs4 server:/x rw
31 22 0:41 / /mnt/btr rw master:3 - btrfs /dev/vdb rw
"""


@pytest.mark.parametrize(
    ("device", "path", "kind"),
    [
        ((254, 0), "/home/x", "ext4"),
        ((0, 40), "/mnt/team files/x", "nfs4"),
        ((0, 99), "/mnt/btr/sub", "btrfs"),
    ],
)
def test_the_filesystem_is_found_by_its_device_or_its_mount_point(tmp_path, monkeypatch, device, path, kind):

    monkeypatch.setattr(mounts, "_read", lambda name: MOUNTS.encode())
    found = types.SimpleNamespace(st_dev=os.makedev(*device))
    with monkeypatch.context() as patch:
        patch.setattr(mounts.os, "stat", lambda _: found)
        assert mounts.mount_of(path).kind == kind


@pytest.mark.parametrize(
    ("release", "kind", "tick"),
    [
        ("6.13.0", "ext4", 0),
        ("6.18.44-x", "tmpfs", 0),
        ("6.12.9", "ext4", mounts.TICK_NS),
        ("6.18.0", "vfat", mounts.TICK_NS),
        ("strange", "ext4", mounts.TICK_NS),
    ],
)
def test_where_two_changes_may_look_alike(monkeypatch, release, kind, tick):
    monkeypatch.setattr(mounts, "_kind_of", lambda path: kind)
    monkeypatch.setattr(mounts.os, "uname", lambda: types.SimpleNamespace(sysname="Linux", release=release))
    assert mounts.mount_of("/").tick_ns == tick


@pytest.mark.parametrize(
    ("kind", "shared"), [("nfs", True), ("fuse.sshfs", True), ("9p", True), ("ext4", False), ("", False)]
)
def test_which_filesystems_are_shared_between_machines(kind, shared):
    assert Mount(kind, 0).shared is shared


# After a power loss.


@pytest.fixture
def after_power_loss(store, monkeypatch):
    """The machine starts anew, having lost what was not yet on the disk."""

    def start_anew(lose):
        for engine in store.engines:
            engine.close()
        lose()
        boots.append(len(boots))
        monkeypatch.setattr(recovery, "booted_at", lambda: time.time() + 1)
        return store.open()

    boots = [0]
    monkeypatch.setattr(mounts, "boot_id", lambda: f"boot-{boots[-1]}")
    return start_anew


def test_files_that_a_power_loss_set_back_are_placed_again(store, after_power_loss):
    engine = store.open()
    engine.commit(
        [put(name, 1) for name in ("old", "empty", "torn", "missing", "edited", "same", "gone", "back")]
    )
    former = store.file("old").read_bytes(), store.file("back").read_bytes()
    store.write("edited", '{"number":    5}')
    engine.commit([put("old", 2), put("torn", 2), Delete(HOME + "gone"), Delete(HOME + "back")])
    engine.range("res/")
    revision = engine.revision()
    expected = store.files()

    def lose():
        store.file("old").write_bytes(former[0])
        store.file("empty").write_bytes(b"")
        store.file("torn").write_bytes(b'{\n  "num')
        store.file("missing").unlink()
        store.file("back").write_bytes(former[1])

    engine = after_power_loss(lose)
    assert store.files() == expected
    assert engine.health().problems == ()
    assert engine.revision() == revision, "no revision was undone, and none was made"
    assert store.file("edited").read_text() == '{"number":    5}'


def test_edits_made_after_the_machine_started_again_are_edits(store, after_power_loss, monkeypatch):
    engine = store.open()
    engine.commit([put("a", 1)])
    first = store.file("a").read_bytes()
    engine.commit([put("a", 2)])

    def edit():
        store.file("a").write_bytes(first)

    monkeypatch.setattr(recovery, "booted_at", lambda: time.time() - 100)
    for opened in store.engines:
        opened.close()
    edit()
    monkeypatch.setattr(mounts, "boot_id", lambda: "another")
    engine = store.open()
    assert number(engine.get(HOME + "a")) == 1
    assert [c.origin for c in engine.changes(0).changes] == ["", "", EXTERNAL]


def test_files_written_long_before_the_power_loss_are_left_alone(store, after_power_loss):
    clock = FakeClock()
    engine = store.open(clock=clock)
    engine.commit([put("a", 1)])
    engine.commit([put("a", 2)])
    clock.advance(7200)
    engine.commit([put("b", 1)])
    engine = after_power_loss(lambda: store.write("a", '{\n  "number": 1\n}\n'))
    assert number(engine.get(HOME + "a")) == 1, "so long after, it is an edit"


def test_the_boot_of_the_machine_is_told_apart():
    assert mounts.boot_id() == mounts.boot_id()
    assert recovery.booted_at() < time.time()


# Processes.


def test_a_forked_child_goes_on_with_the_store(store, engine):
    """Neither closes what is the other's; both write; the parent's database outlives the child."""
    engine.commit([put("parent", 1)])
    engine.wait(engine.revision(), 0.01)
    code = f"""
import os, sys
from mastractl.engines.contract import Put
from mastractl.engines.filesystem import FileEngine
engine = FileEngine({str(store.base)!r})
engine.commit([Put("res/agent/default/before", b'{{"number":1}}')])
child = os.fork()
if child == 0:
    for n in range(50):
        engine.commit([Put("res/agent/default/child", b'{{"number":%d}}' % n)])
    assert engine.wait(0, 1)
    engine.close()
    sys.exit(0)
for n in range(50):
    engine.commit([Put("res/agent/default/own", b'{{"number":%d}}' % n)])
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
engine.commit([Put("res/agent/default/after", b'{{"number":1}}')])
print(engine.revision(), len(engine.range("").entries))
"""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert result.stdout.split() == ["103", "5"], result.stderr
    assert len(store.files()) == 5
    assert engine.revision() == 103
    assert store.sql("PRAGMA integrity_check") == [("ok",)]


OUTLIVED = """
import os, sys
from mastractl.engines.contract import Put
from mastractl.engines.filesystem import FileEngine
engine = FileEngine(sys.argv[1])
engine.commit([Put("rec/run/before", b"{}")])
told_child, tells_child = os.pipe()
told_parent, tells_parent = os.pipe()
child = os.fork()
if child == 0:
    engine.commit([Put("rec/run/first", b"{}")])
    os.write(tells_parent, b".")
    os.read(told_child, 1)
    engine.commit([Put("rec/run/second", b"{}")])
    os._exit(0)
os.read(told_parent, 1)
engine.close()
os.write(tells_child, b".")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_a_forked_child_outlives_its_parents_use_of_the_store(store):
    """SQLite removes the journal with the last connection: it must know that the child has one."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", OUTLIVED, store.base], check=True, timeout=60)
    engine = store.open()
    assert [e.key for e in engine.range("rec/").entries] == [
        f"rec/run/{n}" for n in ("before", "first", "second")
    ]
    assert engine.revision() == 3


def test_a_writer_of_another_process_is_waited_for_and_then_named(store, engine, monkeypatch):
    engine.commit([put("a", 1)])
    holder = sqlite3.connect(store.base / ".mastractl" / "state.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with pytest.raises(errors.Unavailable, match="locked by another process"):
        engine.commit([put("a", 2)])
    assert number(engine.get(HOME + "a")) == 1
    assert store.files() == {"agent/default/a.json": {"number": 1}}
    store.write("a", {"number": 5})
    assert number(engine.get(HOME + "a")) == 1, "a read goes on with what the log has"
    holder.execute("ROLLBACK")
    holder.close()
    assert number(engine.get(HOME + "a")) == 5
    assert engine.health().problems == ()


def test_why_an_edit_is_not_taken_in_is_told(store, engine, monkeypatch):
    holder = sqlite3.connect(store.base / ".mastractl" / "state.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    store.write("a", {"number": 5})
    (problem,) = engine.health().problems
    assert "external edits are not taken in yet" in problem.message
    holder.execute("ROLLBACK")
    holder.close()
    assert engine.health().problems == ()


HEAVY = {"watchdog", "yaml", "jsonschema", "asyncio", "logging", "tempfile", "hashlib", "random", "pathlib"}


def test_reading_and_writing_import_nothing_heavy(store):
    code = f"""
import sys
before = set(sys.modules)
from mastractl.engines.contract import Delete, Put
from mastractl.engines.filesystem import FileEngine
engine = FileEngine({str(store.base)!r})
engine.commit([Put("res/agent/default/a", b"{{}}"), Put("rec/x", b"{{}}")])
engine.get("res/agent/default/a"), engine.range(""), engine.changes(0), engine.wait(0, 1), engine.health()
engine.commit([Delete("rec/x")])
engine.close()
print(*sorted({HEAVY!r} & (set(sys.modules) - before)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_engines_that_are_dropped_give_their_descriptors_back(tmp_path):
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0

    def use(n):
        engine = FileEngine(tmp_path / f"store-{n}")
        engine.commit([put("a", 1)])
        engine.close()

    use(0)
    before = descriptors()
    for n in range(20):
        use(n)
    assert descriptors() == before
