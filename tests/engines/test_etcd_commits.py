"""What etcd's limits make of commits, and how they get on with one another."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mastractl import errors, values
from mastractl.clock import SystemClock
from mastractl.engines.contract import Delete, Put
from mastractl.engines.etcd import EtcdEngine
from mastractl.testing.clocks import FakeClock
from tests.servers.base import shared
from tests.servers.etcd import Etcd, QuickEtcd

COUNTER = """
import json, sys
from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine

engine = open_engine(sys.argv[1])
for _ in range(int(sys.argv[2])):
    while True:
        entry = engine.get("res/count")
        number = json.loads(entry.value)["n"] if entry else 0
        try:
            engine.commit([Put("res/count", b'{"n":%d}' % (number + 1), entry.revision if entry else 0)])
        except errors.Conflict:
            continue
        break
engine.close()
"""


class Narrow(Etcd):
    """A server that takes little at a time."""

    name = "etcd-narrow"

    def __init__(self, directory):
        super().__init__(directory, fsync=False, arguments=["--max-txn-ops=20", "--max-request-bytes=100000"])


@pytest.fixture
def server():
    return shared(QuickEtcd)


@pytest.fixture
def url(server):
    return server.url(server.new_store())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def engine(url, clock):
    engine = EtcdEngine(url, clock=clock)
    yield engine
    engine.close()


def text(count, seed=0):
    """So many bytes of a JSON object that no compression makes small."""
    import random

    body = random.Random(seed).randbytes(count // 2).hex()
    return values.dump({"x": body[: count - 8]})


def test_the_largest_commit_may_have_to_do_with_expiry(engine, clock):
    """Each operation then takes three in etcd: that of the entry, and two on when it is due."""
    most = engine.capabilities.max_commit
    keys = [f"rec/run/n{number}" for number in range(most)]
    engine.commit([Put(key, b"{}", expires_at=clock.now() + 10) for key in keys])
    made = engine.commit([Put(key, b"{}", expires_at=clock.now() + 20) for key in keys])
    assert (made.revision, len(made.changes)) == (2, most)
    clock.advance(10)
    assert len(engine.range("rec/").entries) == most
    clock.advance(10)
    assert engine.range("").entries == ()
    gone = [change.key for change in engine.changes(2, limit=0).changes]
    assert gone == sorted(keys)


def test_the_largest_value_is_taken_whatever_is_done_with_it(engine, clock):
    most = engine.capabilities.max_value
    one, two = text(most, 1), text(most, 2)
    assert len(one) <= most < len(one) + 16
    engine.commit([Put("res/a", one)])
    engine.commit([Put("res/a", two)])
    engine.commit([Put("res/a", one, expires_at=clock.now() + 1)])
    engine.commit([Put("res/a", two, expires_at=clock.now() + 1)])
    assert engine.get("res/a").value == two
    clock.advance(1)
    assert engine.changes(4).changes[0].previous.value == two


def test_a_commit_too_large_as_a_whole_is_refused_before_anything_is_written(engine):
    value = text(engine.capabilities.max_value)
    with pytest.raises(errors.TooLarge, match="5 changes"):
        engine.commit([Put(f"res/n{number}", value) for number in range(5)])
    assert engine.range("") == engine.range("")._replace(revision=0, entries=())
    engine.commit([Put("res/n1", b"{}")])
    assert engine.revision() == 1


def test_a_server_that_takes_less_says_so(clock):
    server = shared(Narrow)
    engine = EtcdEngine(server.url(server.new_store()), clock=clock)
    try:
        engine.commit([Put(f"res/n{number}", b"{}") for number in range(10)])
        with pytest.raises(errors.TooLarge, match="too many operations") as many:
            engine.commit([Put(f"res/m{number}", b"{}") for number in range(30)])
        assert "--max-txn-ops" in many.value.hint
        with pytest.raises(errors.TooLarge, match="too large") as large:
            engine.commit([Put("res/large", text(90_000))])
        assert "--max-request-bytes" in large.value.hint
        assert engine.revision() == 1
        assert len(engine.range("").entries) == 10
    finally:
        engine.close()


def test_a_server_that_takes_more_is_said_to(server, clock):
    engine = EtcdEngine(f"{server.url(server.new_store())}?max_request_bytes=4194304", clock=clock)
    try:
        assert engine.capabilities.max_value == 1048576
    finally:
        engine.close()


@pytest.mark.parametrize("count", [1, 39, 41, 300])
def test_a_wrong_guess_costs_nothing_but_time(url, clock, engine, count):
    """What another handle wrote is neither overwritten blindly nor told wrong."""
    other = EtcdEngine(url, clock=clock)
    try:
        engine.commit([Put(f"res/n{number}", b"{}") for number in range(count)])
        mine = other.commit([Put(f"res/n{number}", b'{"a":1}') for number in range(count)])
        assert {change.previous.revision for change in mine.changes} == {1}
        again = engine.commit([Delete(f"res/n{number}") for number in range(count)])
        assert {change.previous.value for change in again.changes} == {b'{"a":1}'}
        assert other.commit([Put("res/n0", b"{}", if_revision=0)]).revision == 4
    finally:
        other.close()


def test_processes_lose_no_increment(url):
    workers = [subprocess.Popen([sys.executable, "-c", COUNTER, url, "20"]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    engine = EtcdEngine(url, clock=SystemClock())
    try:
        assert engine.get("res/count").value == b'{"n":60}'
        told = engine.changes(0).changes
        assert [change.revision for change in told] == list(range(1, 61))
        assert [change.entry.value for change in told] == [b'{"n":%d}' % n for n in range(1, 61)]
    finally:
        engine.close()


def test_a_forked_child_goes_on_with_connections_of_its_own(engine):
    engine.commit([Put("res/a", b"{}")])
    assert engine.wait(0, 5)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            engine.commit([Put("res/b", b"{}")])
            code = 0 if engine.wait(1, 5) and len(engine.range("").entries) == 2 else 2
            engine.close()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert engine.commit([Put("res/c", b"{}")]).revision == 3
    assert engine.wait(2, 5)
