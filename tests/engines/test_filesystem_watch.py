"""Waiting for what others do to the files: hints that may be lost, and what is found without them."""

from __future__ import annotations

import ctypes
import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import types

import pytest
from watchdog.events import DirCreatedEvent

from mastractl import values
from mastractl.engines import lookout, wakeup
from mastractl.engines.bell import FileBell
from mastractl.engines.contract import Delete, Put
from mastractl.engines.feed import watch
from mastractl.engines.wakeup import Watcher

HOME = "res/agent/default/"
SOON = 30.0


def put(name, n):
    return Put(HOME + name, values.dump({"number": n}))


def number(entry):
    return None if entry is None else values.load(entry.value)["number"]


@pytest.fixture
def feed(engine):
    """A feed that has begun to wait: the watcher runs."""
    feed = watch(engine, prefix="res/", since=0)
    await_watcher(engine)
    yield feed
    feed.close()


def await_keys(feed, keys):
    """Take changes until all these keys were told of; what was told last of each."""
    told = {}
    while not keys <= told.keys():
        news = feed.take(SOON)
        assert news is not None, f"nothing was told of {keys - told.keys()}"
        told |= {change.key: change for change in news.changes}
    return told


def edit_and_await(store, feed, name="probe", n=1):
    """What is written now is told: so everything before it was looked at, or soon will be."""
    store.write(name, {"number": n})
    while number(await_keys(feed, {HOME + name})[HOME + name].entry) != n:
        pass


def await_watcher(engine):
    """Wait until a watcher runs."""
    while not (engine._lookout and engine._lookout._watcher and engine._lookout.live):
        engine.wait(engine.revision(), 0.05)


def test_a_directory_renamed_under_a_watch(store, engine, feed):
    """No library tells of the children of a directory that went away."""
    engine.commit([put("a", 1), put("b", 1)])
    await_keys(feed, {HOME + "a", HOME + "b"})
    (store.base / "agent" / "default").rename(store.base / "agent" / "prod")
    keys = {f"res/agent/{namespace}/{name}" for namespace in ("default", "prod") for name in "ab"}
    told = await_keys(feed, keys)
    assert {key: change.type.value for key, change in told.items()} == {
        HOME + "a": "DELETED",
        HOME + "b": "DELETED",
        "res/agent/prod/a": "ADDED",
        "res/agent/prod/b": "ADDED",
    }


def test_a_kind_moved_away_under_a_watch_and_back(store, engine, feed, elsewhere):
    engine.commit([put("a", 1), Put("res/agent/other/b", b'{"number":1}')])
    await_keys(feed, {HOME + "a", "res/agent/other/b"})
    (store.base / "agent").rename(elsewhere / "agent")
    told = await_keys(feed, {HOME + "a", "res/agent/other/b"})
    assert {change.type.value for change in told.values()} == {"DELETED"}
    (elsewhere / "agent").rename(store.base / "agent")
    told = await_keys(feed, {HOME + "a", "res/agent/other/b"})
    assert {change.type.value for change in told.values()} == {"ADDED"}


def test_everything_removed_under_a_watch(store, engine, feed):
    engine.commit([put(f"n{n}", n) for n in range(50)])
    keys = {f"{HOME}n{n}" for n in range(50)}
    await_keys(feed, keys)
    shutil.rmtree(store.base / "agent")
    assert {change.entry for change in await_keys(feed, keys).values()} == {None}


def test_directories_made_and_filled_in_one_go(store, feed):
    """The watch on a new directory comes too late for what is written into it at once."""
    for n in range(40):
        directory = store.base / "agent" / f"ns{n}"
        directory.mkdir(parents=True)
        (directory / "a.json").write_text('{"number": 1}')
    await_keys(feed, {f"res/agent/ns{n}/a" for n in range(40)})


def test_a_file_linked_in(store, feed, elsewhere):
    """It is never opened for writing here, so never closed."""
    edit_and_await(store, feed)
    (elsewhere / "x").write_text('{"number": 5}')
    os.link(elsewhere / "x", store.file("linked"))
    assert number(await_keys(feed, {HOME + "linked"})[HOME + "linked"].entry) == 5


def test_a_file_written_slowly_is_told_when_it_is_whole(store, engine, feed):
    engine.commit([put("a", 1)])
    await_keys(feed, {HOME + "a"})
    with store.file("a").open("w") as opened:
        opened.write('{"number": ')
        opened.flush()
        edit_and_await(store, feed)
        assert number(engine.get(HOME + "a")) == 1
        opened.write("2}")
    assert number(await_keys(feed, {HOME + "a"})[HOME + "a"].entry) == 2


def test_a_broken_file_repaired_under_a_watch(store, engine, feed):
    engine.commit([put("a", 1)])
    await_keys(feed, {HOME + "a"})
    store.write("a", "{")
    edit_and_await(store, feed, n=1)
    store.write("a", {"number": 2})
    assert number(await_keys(feed, {HOME + "a"})[HOME + "a"].entry) == 2


BURST = 3 * wakeup._FLOOD


def test_a_burst_loses_nothing_and_the_watcher_takes_over_again(store, engine, feed):
    engine.commit([put(f"n{n:04}", -1) for n in range(BURST)])
    keys = {f"{HOME}n{n:04}" for n in range(BURST)}
    await_keys(feed, keys)
    for n in range(BURST):
        store.replace(f"n{n:04}", {"number": n})
    told = await_keys(feed, keys)
    assert {key: number(change.entry) for key, change in told.items()} == {
        f"{HOME}n{n:04}": n for n in range(BURST)
    }
    quiet = engine.revision()
    assert quiet == 1 + BURST
    await_watcher(engine)
    edit_and_await(store, feed)


def test_lost_events_are_made_up_for(store, engine, feed):
    """watchdog says of an overflow only in its log, and tells nothing of what it lost."""
    edit_and_await(store, feed)
    watcher = engine._lookout._watcher
    watcher.dispatch = lambda event: None
    for emitter in watcher._observer.emitters:
        emitter._event_filter = frozenset()
    store.write("lost", {"number": 1})
    logging.getLogger("watchdog.observers.inotify_c").warning(
        "Inotify queue overflowed; filesystem events were lost"
    )
    await_keys(feed, {HOME + "lost"})
    await_watcher(engine)
    assert engine._lookout._watcher is not watcher
    edit_and_await(store, feed, n=2)


def test_everything_is_looked_at_now_and_then_though_nobody_hints(store, engine, monkeypatch):
    monkeypatch.setattr(lookout, "_EVERY", 0.05)
    monkeypatch.setattr(Watcher, "dispatch", lambda watcher, event: None)
    with watch(engine, prefix="res/") as feed:
        for n in range(3):
            edit_and_await(store, feed, n=n)


def test_a_watcher_that_died_is_replaced(store, engine, feed):
    edit_and_await(store, feed)
    first = engine._lookout._watcher
    first.stop()
    edit_and_await(store, feed, n=2)
    await_watcher(engine)
    assert engine._lookout._watcher is not first
    edit_and_await(store, feed, n=3)


def no_watches(monkeypatch, *, but=0):
    """The kernel grants so many watches, and then no more."""
    from watchdog.observers import inotify_c

    add = inotify_c.inotify_add_watch
    granted = []

    def refuse(fd, path, mask):
        if len(granted) < but:
            granted.append(path)
            return add(fd, path, mask)
        ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", refuse)


def test_without_watches_files_are_polled_and_the_limit_is_named(store, engine, monkeypatch):
    no_watches(monkeypatch)
    with watch(engine, prefix="res/", poll=0.05) as feed:
        engine.wait(engine.revision(), 0.2)
        edit_and_await(store, feed)
        edit_and_await(store, feed, n=2)
    (problem,) = engine.health().problems
    assert "polled, not watched" in problem.message
    assert "fs.inotify.max_user_watches" in problem.hint


def test_without_inotify_instances_too(store, engine, monkeypatch):
    from watchdog.observers import inotify_c

    def refuse():
        ctypes.set_errno(errno.EMFILE)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_init", refuse)
    with watch(engine, prefix="res/", poll=0.05) as feed:
        engine.wait(engine.revision(), 0.2)
        edit_and_await(store, feed)
    (problem,) = engine.health().problems
    assert "fs.inotify.max_user_instances" in problem.hint


def test_with_too_few_watches_too_though_watchdog_keeps_silent(store, engine, monkeypatch):
    engine.commit([Put(f"res/agent/ns{n}/a", b'{"number":1}') for n in range(10)])
    no_watches(monkeypatch, but=5)
    monkeypatch.setattr(lookout, "_POLL_EVERY", 0.05)
    with watch(engine, prefix="res/", poll=0.05) as feed:
        for n in range(10):
            store.write("a", {"number": 2}, directory=f"agent/ns{n}")
        await_keys(feed, {f"res/agent/ns{n}/a" for n in range(10)})
        while not engine.health().problems:
            feed.take(0.05)
    assert "fs.inotify.max_user_watches" in engine.health().problems[0].hint
    assert not engine._lookout.live


def test_a_directory_that_watchdog_overlooked_is_watched_at_the_next_look(store, engine, feed, monkeypatch):
    edit_and_await(store, feed)
    monkeypatch.setattr(lookout, "_POLL_EVERY", 0.05)
    covers = Watcher.covers
    answers = iter([False])
    monkeypatch.setattr(
        Watcher, "covers", lambda self, inodes: next(answers, None) is None and covers(self, inodes)
    )
    first = engine._lookout._watcher
    engine._lookout.lost()
    while engine._lookout._watcher is first:
        feed.take(0.05)
    await_watcher(engine)
    assert engine.health().problems == ()


COMMITTER = """
import sys
from mastractl.engines.contract import Put
from mastractl.engines.filesystem import FileEngine
engine = FileEngine(sys.argv[1])
for line in sys.stdin:
    engine.commit([Put(line.strip(), b'{"number":1}')])
    print(engine.revision(), flush=True)
"""


@pytest.mark.parametrize("space", ["res/agent/default", "rec/run"])
def test_a_commit_of_another_process_ends_a_wait(store, engine, space):
    """Without the poll, which would find it too."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMITTER, store.base],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mastractl.engines.filesystem.POLL", 1000.0)
            for n in range(5):
                since = engine.revision()
                engine.wait(since, 0.01)
                other.stdin.write(f"{space}/n{n}\n")
                other.stdin.flush()
                assert engine.wait(since, SOON)
                assert engine.changes(since).changes[0].key == f"{space}/n{n}"
                assert other.stdout.readline()
        other.stdin.close()


def test_reading_wakes_nobody(store, engine, feed):
    engine.commit([put(f"n{n}", n) for n in range(50)])
    await_keys(feed, {f"{HOME}n{n}" for n in range(50)})
    edit_and_await(store, feed)
    assert feed.take(0.6) is None, "the late looks at what was made are over"
    rung = engine._bell.rung
    for path in (store.base / "agent" / "default").iterdir():
        json.loads(path.read_text())
    engine.range("res/")
    engine.health()
    assert feed.take(0.3) is None
    assert engine._bell.rung == rung


def test_a_closed_engine_leaves_no_thread(store):
    before = set(threading.enumerate())
    engine = store.open()
    engine.wait(engine.revision(), 0.01)
    assert set(threading.enumerate()) > before
    engine.close()
    assert set(threading.enumerate()) == before


NOISE = """
import logging, os, shutil, sys, threading
from mastractl.engines.filesystem import FileEngine
engine = FileEngine(sys.argv[1])
engine.wait(0, 0.01)
for n in range(300):
    os.makedirs(f"{sys.argv[1]}/agent/ns{n}/deeper/still")
    open(f"{sys.argv[1]}/agent/ns{n}/a.json", "w").write("{}")
    if n % 3 == 0:
        shutil.rmtree(f"{sys.argv[1]}/agent/ns{n}")
logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; events were lost")
engine.wait(10**9, 0.5)
print(len(engine.range("res/").entries))
engine.close()
"""


def test_watchdog_does_not_talk_to_users(store):
    result = subprocess.run(
        [sys.executable, "-c", NOISE, store.base], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("200\n", "")


def test_a_new_directory_is_looked_at_again_and_again_for_a_while(tmp_path, monkeypatch):
    """Not every watchdog is in time to watch what is written into it at once."""
    (tmp_path / ".mastractl").mkdir()
    watcher = Watcher(str(tmp_path), FileBell(str(tmp_path / ".mastractl" / "bell")))
    try:
        now = [time.monotonic()]
        monkeypatch.setattr(wakeup, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
        watcher.dispatch(DirCreatedEvent(f"{tmp_path}/agent/default"))
        for _ in range(3):
            assert watcher.drain().prefixes == {HOME}
            assert not watcher.drain()
            now[0] += watcher.due_in()
        assert watcher.due_in() == float("inf")
    finally:
        watcher.stop()


def test_a_bell_is_heard_by_all_who_wait_and_by_those_who_looked_before(tmp_path):
    (tmp_path / ".mastractl").mkdir()
    bell = FileBell(str(tmp_path / ".mastractl" / "bell"))
    heard = []
    rung = bell.rung
    waiting = [threading.Thread(target=lambda: heard.append(bell.wait(rung, SOON))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    bell.ring_everywhere()
    for thread in waiting:
        thread.join()
    bell.wait(rung, SOON)
    assert len(heard) == 3


VANDAL = """
import json, os, random, shutil, sys, time
base, seconds = sys.argv[1], float(sys.argv[2])
dice = random.Random(11)
end = time.monotonic() + seconds
while time.monotonic() < end:
    directory = f"{base}/agent/ns{dice.randrange(4)}"
    file = f"{directory}/n{dice.randrange(30)}.json"
    text = json.dumps({"number": dice.randrange(10**6)})
    try:
        match dice.randrange(40):
            case 0:
                shutil.rmtree(directory)
            case 1:
                os.rename(directory, f"{base}/agent/ns{dice.randrange(4)}-{dice.randrange(3)}")
            case 2:
                open(file, "w").write(text[:5])
            case n if n < 8:
                os.unlink(file)
            case n if n < 20:
                os.makedirs(directory, exist_ok=True)
                open(file, "w").write(text)
            case _:
                os.makedirs(directory, exist_ok=True)
                open(file + ".new", "w").write(text)
                os.rename(file + ".new", file)
    except OSError:
        pass
    if dice.random() < 0.05:
        time.sleep(dice.random() * 0.05)
"""


def vandalise(store, engine, seconds):
    """What a watcher was told of all that another process did to the tree adds up to what is there."""
    state = {}

    def fold(news):
        for change in news.changes if news else ():
            assert change.previous == state.get(change.key)
            state.pop(change.key, None)
            if change.entry:
                state[change.key] = change.entry

    with watch(engine, prefix="res/", since=0) as feed:
        with subprocess.Popen([sys.executable, "-c", VANDAL, store.base, str(seconds)]) as vandal:
            while vandal.poll() is None:
                fold(feed.take(0.2))
        while engine.revision() > feed.revision or engine._lookout._flood:
            fold(feed.take(0.2))
    broken = {problem.key for problem in engine.health().problems}
    assert state == {entry.key: entry for entry in engine.range("res/").entries}
    found = {}
    for path in (store.base / "agent").glob("*/*.json"):
        key = f"res/{path.relative_to(store.base)}".removesuffix(".json")
        if key not in broken:
            found[key] = json.loads(path.read_text())
    assert found == {k: values.load(entry.value) for k, entry in state.items() if k not in broken}
    return engine.revision()


def test_whatever_is_done_to_the_tree_is_told(store, engine):
    assert vandalise(store, engine, 1.0) > 50


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_whatever_is_done_to_the_tree_for_long_is_told(store, engine):
    assert vandalise(store, engine, 45.0) > 2000


def test_deleting_and_making_again_under_a_watch_is_told_in_order(store, engine, feed):
    for n in range(5):
        engine.commit([put("a", n)])
        engine.commit([Delete(HOME + "a")])
    told = []
    while len(told) < 10:
        told += feed.take(SOON).changes
    assert [number(change.entry) for change in told] == [x for n in range(5) for x in (n, None)]
