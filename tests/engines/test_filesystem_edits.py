"""External edits: what editors, git, rsync and careless programs do to the files, and what becomes of it."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastractl import errors, values
from mastractl.engines import mounts, sqllog
from mastractl.engines.contract import EXTERNAL, ChangeType, Delete, Put
from mastractl.engines.filesystem import FileEngine
from mastractl.testing.clocks import FakeClock

HOME = "res/agent/default/"


def put(name, n, **more):
    return Put(HOME + name, values.dump({"number": n}), **more)


def number(entry):
    return None if entry is None else values.load(entry.value)["number"]


def told(engine, since=0):
    return [
        (c.key.removeprefix(HOME), c.type.value, number(c.entry))
        for c in engine.changes(since, limit=0).changes
    ]


def only_problem(engine):
    (problem,) = engine.health().problems
    return problem


# Reads see edits.


def by_get(engine):
    return number(engine.get(HOME + "a"))


def by_range(engine):
    return {e.key: number(e) for e in engine.range("res/agent/").entries}.get(HOME + "a")


def by_exact_range(engine):
    return {e.key: number(e) for e in engine.range(HOME).entries}.get(HOME + "a")


def by_page(engine):
    return {e.key: number(e) for e in engine.range("", limit=10).entries}.get(HOME + "a")


def by_changes(engine):
    found = [number(c.entry) for c in engine.changes(0, limit=0).changes if c.key == HOME + "a"]
    return found[-1] if found else None


def by_health(engine):
    engine.health()
    with engine._store.database.reading() as connection:
        return number(sqllog.get(connection, HOME + "a"))


READS = [by_get, by_range, by_exact_range, by_page, by_changes, by_health]


@pytest.mark.parametrize("read", READS)
def test_a_read_sees_what_is_in_the_files(store, engine, read):
    assert read(engine) is None
    store.write("a", {"number": 1})
    assert read(engine) == 1
    store.write("a", {"number": 2})
    assert read(engine) == 2
    store.replace("a", {"number": 3})
    assert read(engine) == 3
    store.file("a").unlink()
    assert read(engine) is None
    shutil.rmtree(store.base / "agent")
    assert read(engine) is None
    store.write("a", {"number": 4})
    assert read(engine) == 4
    assert [entry[2] for entry in told(engine)] == [1, 2, 3, None, 4]


def test_a_page_looks_at_its_own_files_and_no_others(store, engine):
    engine.commit([put(f"n{i:02}", i) for i in range(20)])
    engine.range("res/")
    for i in range(20):
        store.write(f"n{i:02}", {"number": -i})
    page = engine.range("res/", limit=5, after=HOME + "n04")
    assert [number(e) for e in page.entries] == [-5, -6, -7, -8, -9]
    assert engine.revision() == page.revision == 6


def test_edits_of_other_spaces_cannot_be(store, engine):
    """A directory that happens to look like a kind is one: but only `res/` has files."""
    store.write("a", {"number": 1}, directory="run/default")
    assert engine.get("rec/run/default/a") is None
    assert number(engine.get("res/run/default/a")) == 1


def test_an_edit_keeps_when_its_key_was_made(store, engine):
    engine.commit([put("a", 1)])
    made = engine.get(HOME + "a")
    store.write("a", {"number": 2})
    edited = engine.get(HOME + "a")
    assert (edited.revision, edited.created_revision, edited.created_at) == (2, 1, made.created_at)


def test_the_file_stays_as_its_editor_left_it_until_the_next_commit(store, engine):
    engine.commit([put("a", 1)])
    text = '{"number":\n\n\t2,   "note": "mine"}'
    store.write("a", text)
    assert values.load(engine.get(HOME + "a").value) == {"number": 2, "note": "mine"}
    engine.commit([Put(HOME + "a", engine.get(HOME + "a").value)])
    assert store.file("a").read_text() == text
    engine.commit([put("a", 3)])
    assert json.loads(store.file("a").read_text()) == {"number": 3}


# How a change is noticed.


def forge_times(path, like):
    os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("how", ["in place", "replaced", "truncated and written", "linked"])
def test_an_edit_of_equal_size_and_forged_time_is_noticed(store, engine, elsewhere, how, read):
    """As `rsync -t`, `cp -p` and `touch -d` leave it: ctime cannot be forged."""
    engine.commit([put("a", 1)])
    assert read(engine) == 1
    file = store.file("a")
    before = file.stat()
    text = file.read_text().replace("1", "2")
    if how == "in place":
        with file.open("r+") as opened:
            opened.write(text)
    elif how == "replaced":
        (elsewhere / "a").write_text(text)
        (elsewhere / "a").replace(file)
    elif how == "truncated and written":
        file.write_text(text)
    else:
        (elsewhere / "a").write_text(text)
        file.unlink()
        os.link(elsewhere / "a", file)
    forge_times(file, before)
    assert file.stat().st_size == before.st_size
    assert read(engine) == 2


def test_quick_edits_are_all_noticed_though_the_clock_may_stand_still(store, engine):
    for n in range(200):
        store.write("a", {"number": n % 10})
        assert number(engine.get(HOME + "a")) == n % 10


def test_where_timestamps_are_coarse_contents_are_compared(store, monkeypatch):
    """Git's rule: a signature taken within a tick of the change says nothing."""
    monkeypatch.setattr(mounts, "_kernel", lambda: (5, 10))
    engine = store.open()
    engine.commit([put("a", 1)])
    file = store.file("a")
    known = store.sql("SELECT trust FROM files")
    assert known == [(1,)]
    found = file.stat()
    with file.open("r+") as opened:
        opened.write(file.read_text().replace("1", "2"))
    # What such a kernel would show: the same signature as before.
    store.sql("UPDATE files SET ino=?, mtime=?, ctime=?, size=?", *signature_of(file))
    assert found.st_size == file.stat().st_size
    assert number(engine.get(HOME + "a")) == 2
    assert [entry[2] for entry in told(engine)] == [1, 2]


def signature_of(file):
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def test_touching_a_file_is_no_change(store, engine):
    engine.commit([put("a", 1)])
    os.utime(store.file("a"))
    store.file("a").chmod(0o600)
    store.replace("a", {"number": 1})
    assert engine.range("res/").revision == engine.get(HOME + "a").revision == 1
    assert engine.changes(1).changes == ()


# What tools do.


def test_vim_with_a_backup_copy(store, engine):
    engine.commit([put("a", 1)])
    file = store.file("a")
    swap, backup = file.with_name(".a.json.swp"), file.with_name("a.json~")
    swap.write_bytes(b"b0VIM 9.0")
    (file.parent / "4913").write_text("")
    (file.parent / "4913").unlink()
    file.rename(backup)
    file.write_text('{"number": 2}')
    assert number(engine.get(HOME + "a")) == 2
    backup.unlink()
    swap.unlink()
    assert told(engine) == [("a", "ADDED", 1), ("a", "MODIFIED", 2)]


def test_emacs_with_its_lock_and_auto_save(store, engine):
    engine.commit([put("a", 1)])
    file = store.file("a")
    file.with_name(".#a.json").symlink_to("user@host.1234:1")
    file.with_name("#a.json#").write_text('{"number": 7}')
    file.with_name("#b.json").write_text('{"number": 7}')
    store.write("a", {"number": 2})
    assert told(engine) == [("a", "ADDED", 1), ("a", "MODIFIED", 2)]
    assert engine.health().problems == ()


def test_sed_in_place(store, engine):
    engine.commit([put("a", 1), put("b", 1)])
    subprocess.run(["sed", "-i", "s/1/2/", store.file("a"), store.file("b")], check=True)
    assert told(engine, 1) == [("a", "MODIFIED", 2), ("b", "MODIFIED", 2)]


def test_git_goes_back_and_forth(store, engine):
    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments],
            cwd=store.base, check=True, capture_output=True,
        )  # fmt: skip

    engine.commit([put("a", 1), put("b", 1)])
    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    tracked = subprocess.run(["git", "ls-files"], cwd=store.base, check=True, capture_output=True, text=True)
    assert tracked.stdout.split() == ["agent/default/a.json", "agent/default/b.json"]
    engine.commit([put("a", 2), Delete(HOME + "b"), put("c", 2)])
    git("add", ".")
    git("commit", "-m", "two")
    git("checkout", "HEAD~1")
    assert told(engine, 2) == [("a", "MODIFIED", 1), ("b", "ADDED", 1), ("c", "DELETED", None)]
    git("checkout", "-")
    assert {e.key: number(e) for e in engine.range("res/").entries} == {HOME + "a": 2, HOME + "c": 2}
    assert engine.health().problems == ()


def test_a_copy_of_a_tree(store, engine, elsewhere):
    """As rsync does: temporary dot-files renamed into place, times kept."""
    for n in range(30):
        source = elsewhere / f"n{n}.json"
        source.write_text(json.dumps({"number": n}))
        beside = store.file(f".n{n}.json.Xy12ab").with_suffix("")
        beside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, beside)
        beside.rename(store.file(f"n{n}"))
    assert sorted(number(e) for e in engine.range("res/").entries) == list(range(30))
    assert {change[1] for change in told(engine)} == {"ADDED"}


def test_a_directory_is_renamed(store, engine):
    engine.commit([put("a", 1), put("b", 2)])
    (store.base / "agent" / "default").rename(store.base / "agent" / "prod")
    assert {e.key for e in engine.range("res/").entries} == {"res/agent/prod/a", "res/agent/prod/b"}
    assert sorted((c.type, c.key) for c in engine.changes(1).changes) == [
        (ChangeType.ADDED, "res/agent/prod/a"),
        (ChangeType.ADDED, "res/agent/prod/b"),
        (ChangeType.DELETED, HOME + "a"),
        (ChangeType.DELETED, HOME + "b"),
    ]


def test_a_kind_is_moved_out_and_in_again(store, engine, elsewhere):
    engine.commit([put("a", 1), Put("res/agent/prod/a", b'{"number":2}')])
    (store.base / "agent").rename(elsewhere / "agent")
    assert engine.range("res/").entries == ()
    (elsewhere / "agent").rename(store.base / "agent")
    assert [number(e) for e in engine.range("res/").entries] == [1, 2]


# What cannot be read.


BAD = {
    "half": ('{\n  "number": 1,\n  "x": ', "line 3, column 8: Expecting value"),
    "empty": ("", "line 1, column 1: the file is empty"),
    "blank": (" \n", "line 1, column 1: the file is empty"),
    "list": ("[1]", "expected a JSON object, found list"),
    "trailing": ('{"number": 1} x', "line 1, column 15: Extra data"),
    "nan": ('{"number": NaN}', "NaN is not JSON"),
    "infinite": ('{"number": 1e999}', "Out of range float values are not JSON compliant"),
    "surrogate": ('{"number": "\\ud800"}', "surrogates not allowed"),
    "deep": ('{"number": ' + "[" * 100_000, "nested too deeply"),
    "merge": ('{\n<<<<<<< HEAD\n"number": 1\n=======\n"number": 2\n>>>>>>> x\n}', "line 2, column 1: "),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("new", [False, True], ids=["known", "new"])
def test_a_file_that_cannot_be_understood_is_reported_and_the_last_good_value_stands(
    store, engine, case, new
):
    text, message = BAD[case]
    engine.commit([put("b", 1)] if new else [put("a", 1), put("b", 1)])
    file = store.write("a", text)
    good = None if new else 1
    for handle in (engine, store.open()):
        assert number(handle.get(HOME + "a")) == good
        assert [number(e) for e in handle.range("res/").entries] == [1] * (1 if new else 2)
        problem = only_problem(handle)
        assert (problem.key, problem.location) == (HOME + "a", str(file))
        assert message in problem.message
        assert problem.hint
    assert ("conflict markers" in problem.hint) == (case == "merge")
    assert engine.revision() == 1
    assert file.read_text() == text
    store.write("a", {"number": 5})
    assert engine.range("res/").entries[0].value == b'{"number":5}', "a list notices the repair"
    assert engine.health().problems == ()


def test_bytes_that_are_no_text(store, engine):
    store.file("a").parent.mkdir(parents=True)
    store.file("a").write_bytes(b'{"number": "\xff"}')
    assert engine.get(HOME + "a") is None
    assert "not UTF-8: byte 13 is 0xff" in only_problem(engine).message


def test_a_byte_order_mark_is_no_fault(store, engine):
    store.file("a").parent.mkdir(parents=True)
    store.file("a").write_bytes(b'\xef\xbb\xbf{"number": 1}')
    assert number(engine.get(HOME + "a")) == 1


def test_a_repair_that_brings_the_last_good_value_back_is_no_change(store, engine):
    engine.commit([put("a", 1)])
    store.write("a", "{")
    assert only_problem(engine).key == HOME + "a"
    store.write("a", {"number": 1})
    assert engine.health().problems == ()
    assert engine.revision() == 1


def test_writing_the_last_good_value_again_repairs_the_file(store, engine):
    engine.commit([put("a", 1)])
    store.write("a", "{")
    assert engine.commit([put("a", 1)]).changes == ()
    assert store.files() == {"agent/default/a.json": {"number": 1}}
    assert engine.health().problems == ()
    assert engine.revision() == 1


def test_a_broken_file_can_be_overwritten_and_deleted(store, engine):
    engine.commit([put("a", 1), put("b", 1)])
    for name in ("a", "b"):
        store.write(name, "{")
    engine.health()
    engine.commit([put("a", 2), Delete(HOME + "b")])
    assert store.files() == {"agent/default/a.json": {"number": 2}}
    assert engine.health().problems == ()


def test_a_broken_file_that_is_removed_is_deleted(store, engine):
    engine.commit([put("a", 1)])
    store.write("a", "{")
    engine.health()
    store.file("a").unlink()
    assert engine.health().problems == ()
    assert told(engine) == [("a", "ADDED", 1), ("a", "DELETED", None)]


def test_a_file_that_is_too_large_is_reported_unread(store, engine):
    engine.commit([put("a", 1)])
    with store.file("a").open("wb") as opened:
        opened.truncate(1 << 40)
    assert number(engine.get(HOME + "a")) == 1
    assert "bytes" in only_problem(engine).message
    store.write("a", {"number": 1, "text": "x" * 4_000_000})
    assert "this store takes" in only_problem(engine).message
    store.write("a", {"number": 2})
    assert number(engine.get(HOME + "a")) == 2


def fifo(file, elsewhere):
    os.mkfifo(file)


def directory(file, elsewhere):
    file.mkdir()


def link(file, elsewhere):
    (elsewhere / "x.json").write_text('{"number": 666}')
    file.symlink_to(elsewhere / "x.json")


def dangling_link(file, elsewhere):
    file.symlink_to(elsewhere / "nothing.json")


@pytest.mark.parametrize("irregular", [fifo, directory, link, dangling_link])
def test_what_is_no_file_is_reported_and_never_read(store, engine, elsewhere, irregular):
    engine.commit([put("a", 1), put("b", 1)])
    store.file("a").unlink()
    irregular(store.file("a"), elsewhere)
    for handle in (engine, store.open()):
        assert [number(e) for e in handle.range("res/").entries] == [1, 1]
        assert number(handle.get(HOME + "a")) == 1
        problem = only_problem(handle)
        assert problem.key == HOME + "a"
        assert "cannot be read" in problem.message
        assert problem.hint == "put a regular file in its place"
    with pytest.raises(errors.Forbidden):
        engine.commit([put("a", 2)])
    store.file("a").rmdir() if store.file("a").is_dir() else store.file("a").unlink()
    store.write("a", {"number": 3})
    assert number(engine.get(HOME + "a")) == 3
    assert engine.health().problems == ()


def test_a_linked_directory_is_not_followed_and_what_was_known_of_it_stands(store, engine, elsewhere):
    engine.commit([put("a", 1), Put("res/tool/default/t", b'{"number":1}')])
    (elsewhere / "evil").mkdir()
    (elsewhere / "evil" / "b.json").write_text('{"number": 666}')
    shutil.rmtree(store.base / "agent" / "default")
    (store.base / "agent" / "default").symlink_to(elsewhere / "evil")
    for handle in (engine, store.open()):
        assert handle.get(HOME + "b") is None
        assert [e.key for e in handle.range("res/").entries] == [HOME + "a", "res/tool/default/t"]
        found = {p.location: p.message for p in handle.health().problems}
        assert "symbolic link" in found[str(store.base / "agent" / "default")]
        assert str(store.file("a")) in found
    with pytest.raises(errors.Forbidden):
        engine.commit([put("b", 1)])
    assert [p.name for p in (elsewhere / "evil").iterdir()] == ["b.json"]
    (store.base / "agent" / "default").unlink()
    assert [e.key for e in engine.range("res/").entries] == ["res/tool/default/t"]
    assert engine.health().problems == ()


def test_a_directory_moved_behind_a_link_to_itself_and_back(store, engine, elsewhere):
    engine.commit([put("a", 1)])
    engine.range("res/")
    (store.base / "agent" / "default").rename(elsewhere / "default")
    (store.base / "agent" / "default").symlink_to(elsewhere / "default")
    assert number(engine.get(HOME + "a")) == 1
    assert engine.health().problems
    (store.base / "agent" / "default").unlink()
    (elsewhere / "default").rename(store.base / "agent" / "default")
    assert engine.health().problems == ()
    assert told(engine) == [("a", "ADDED", 1)]


def test_a_linked_base_is_followed_once(store, engine, tmp_path):
    (tmp_path / "link").symlink_to(store.base)
    engine.commit([put("a", 1)])
    with_link = FileEngine(tmp_path / "link")
    assert with_link.identity == engine.identity
    (tmp_path / "link").unlink()
    with_link.commit([put("a", 2)])
    assert store.files() == {"agent/default/a.json": {"number": 2}}
    with_link.close()


def test_an_unreadable_directory_hides_nothing(store, engine, failing):
    engine.commit([put("a", 1), Put("res/tool/default/t", b'{"number":1}')])
    failing("open", errno.EACCES, lambda path, *_: path == "default")
    store.write("b", {"number": 2})
    assert [e.key for e in engine.range("res/").entries] == [HOME + "a", "res/tool/default/t"]
    assert {p.location for p in engine.health().problems} >= {str(store.base / "agent" / "default")}


def test_an_unreadable_file_keeps_its_value(store, engine, failing):
    engine.commit([put("a", 1), put("b", 1)])
    store.write("a", {"number": 2})
    with pytest.MonkeyPatch.context() as patch:
        original = os.open

        def broken(path, *arguments, **more):
            if path == "a.json":
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
            return original(path, *arguments, **more)

        patch.setattr(os, "open", broken)
        assert [number(e) for e in engine.range("res/").entries] == [1, 1]
        assert only_problem(engine).hint == "check its owner and mode"
    assert number(engine.get(HOME + "a")) == 2
    assert engine.health().problems == ()


# What is none of ours.


FOREIGN = [
    "README.md",
    "agent/notes.txt",
    "agent/default/x.txt",
    "agent/default/X.txt",
    "agent/default/a.json~",
    "agent/default/.a.json.swp",
    "agent/default/.hidden.json",
    "agent/default/a.jsonl",
    "agent/default/deeper/still/b.json",
    "agent/c.json",
    "d.json",
    ".git/objects/ab/c.json",
    "node_modules/x/package.json",
    "Agent/default/e.json",
    "agent/Default/f.json",
    "agent/de fault/g.json",
]


def test_foreign_files_are_ignored(store, engine):
    engine.commit([put("a", 1)])
    for path in FOREIGN:
        file = store.base / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{")
    assert [e.key for e in engine.range("res/").entries] == [HOME + "a"]
    assert engine.health().problems == ()
    engine.commit([Delete(HOME + "a")])
    assert all((store.base / path).exists() for path in FOREIGN)


@pytest.mark.parametrize("name", ["Upper", "under_score", "trailing-", "a b", "con", "é", "a..b"])
def test_a_json_file_with_an_illegal_name_is_a_problem(store, engine, name):
    file = store.write(name, {"number": 1})
    problem = only_problem(engine)
    assert problem.location == str(file)
    assert "no legal resource name" in problem.message
    assert engine.range("res/").entries == ()
    file.unlink()
    assert engine.health().problems == ()


# Adopting.


def test_what_adopt_makes_of_an_edit_is_logged(store):
    def adopt(key, document, previous, now):
        seen.append((key, document, previous))
        return values.dump(document | {"adopted": True})

    seen = []
    engine = store.open(adopt=adopt)
    engine.commit([put("a", 1)])
    store.write("a", {"number": 2})
    assert values.load(engine.get(HOME + "a").value) == {"number": 2, "adopted": True}
    assert seen == [(HOME + "a", {"number": 2}, b'{"number":1}')]
    assert store.files() == {"agent/default/a.json": {"number": 2}}
    os.utime(store.file("a"))
    assert engine.get(HOME + "a").revision == 2, "adopted again, it is the same"


def test_what_adopt_refuses_is_a_problem(store):
    def adopt(key, document, previous, now):
        raise errors.Refused("the name is another", hint="rename it")

    engine = store.open(adopt=adopt)
    engine.commit([put("a", 1)])
    store.write("a", {"number": 2})
    assert number(engine.get(HOME + "a")) == 1
    problem = only_problem(engine)
    assert (problem.key, problem.message, problem.hint) == (HOME + "a", "the name is another", "rename it")


def test_the_clock_of_the_engine_dates_an_edit(store):
    clock = FakeClock()
    engine = store.open(clock=clock)
    clock.advance(100)
    store.write("a", {"number": 1})
    (change,) = engine.changes(0).changes
    assert change.at == change.entry.created_at == clock.now()


# Files and log, whatever happens.


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.sampled_from("abc"), st.integers(0, 3)),
        st.tuples(st.just("break"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("remove"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(0, 3)),
        st.tuples(st.just("delete"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("read"), st.sampled_from("abc"), st.integers(0, len(READS) - 1)),
        st.tuples(st.just("wipe"), st.just("a"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_after_any_history_files_and_log_agree(tmp_path_factory, steps):
    base = tmp_path_factory.mktemp("store")
    engine = FileEngine(base)
    home = base / "agent" / "default"
    broken = set()
    for act, name, n in steps:
        file = home / f"{name}.json"
        if act in {"edit", "break"}:
            home.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"number": n}) if act == "edit" else "{")
            (broken.add if act == "break" else broken.discard)(name)
        elif act == "remove":
            file.unlink(missing_ok=True)
            broken.discard(name)
        elif act == "wipe":
            shutil.rmtree(base / "agent", ignore_errors=True)
            broken.clear()
        elif act == "read":
            READS[n](engine)
        elif act == "put":
            engine.commit([put(name, n)])
            broken.discard(name)
        elif engine.get(HOME + name):
            engine.commit([Delete(HOME + name)])
            broken.discard(name)
    health = engine.health()
    assert {p.key for p in health.problems} == {HOME + name for name in broken}
    state = {}
    for change in engine.changes(0, limit=0).changes:
        assert change.previous == state.get(change.key)
        state[change.key] = change.entry
    state = {key: entry for key, entry in state.items() if entry}
    assert state == {e.key: e for e in engine.range("").entries}
    on_disk = {p.stem: p for p in home.glob("*.json")} if home.exists() else {}
    assert {k.removeprefix(HOME) for k in state} | broken == set(on_disk)
    for name in set(on_disk) - broken:
        assert json.loads(on_disk[name].read_text()) == values.load(state[HOME + name].value)
    engine.close()


class Crowd:
    """Threads that each do something again and again until they are told to stop."""

    def __init__(self, *acts):
        self.failures = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(act,)) for act in acts]

    def _run(self, act):
        dice = random.Random(3)
        try:
            while not self._stop.is_set():
                act(dice)
        except BaseException as failure:  # noqa: BLE001 - told by the one who waits
            self.failures.append(failure)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_writers_editors_and_readers_at_once_tell_one_story(store, engine):
    """Two handles that write, one hand that edits, one that reads: every change follows on the one before."""
    other = store.open()

    def write(dice, handle):
        handle.commit([put(dice.choice("abc"), dice.randrange(100)), put("both", dice.randrange(9))])

    def edit(dice):
        name = dice.choice("abc")
        how = dice.choice(["remove", "replace", "replace", "write", "write"])
        if how == "remove":
            store.file(name).unlink(missing_ok=True)
        else:
            getattr(store, how)(name, {"number": dice.randrange(1000, 2000)})

    def read(dice):
        page = other.range("res/")
        assert [e.key for e in page.entries] == sorted(e.key for e in page.entries)
        engine.get(HOME + dice.choice("abc"))

    engine.commit([put("keep", 0)])
    with Crowd(lambda dice: write(dice, engine), lambda dice: write(dice, other), edit, read) as crowd:
        while engine.revision() < 150 and not crowd.failures:
            engine.wait(engine.revision(), 1)
    assert not crowd.failures
    assert engine.health().problems == ()
    state = {}
    log = engine.changes(0, limit=0).changes
    for change in log:
        assert change.previous == state.get(change.key)
        state[change.key] = change.entry
    assert [c.revision for c in log] == sorted(c.revision for c in log)
    assert {c.revision for c in log} == set(range(1, engine.revision() + 1))
    assert {c.origin for c in log} == {"", EXTERNAL}
    assert store.files() == {f"{e.key[4:]}.json": values.load(e.value) for e in engine.range("").entries}
