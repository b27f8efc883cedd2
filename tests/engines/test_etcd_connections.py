"""Connections that break, servers that restart or die: nothing acknowledged is lost, nothing is guessed."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.etcd import EtcdEngine
from mastractl.engines.feed import watch
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import await_changes
from tests.servers.base import free_port, shared
from tests.servers.etcd import Etcd, QuickEtcd
from tests.servers.proxy import Proxy

SOON = 20

WRITER = """
import sys
from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine

engine = open_engine(sys.argv[1])
number = 0
while True:
    number += 1
    try:
        made = engine.commit([Put(f"res/{sys.argv[2]}/{half}{number}", b"{}") for half in "nm"])
    except (errors.UnknownOutcome, errors.Unavailable, errors.StorageConnectionError):
        break
    print(number, made.revision, flush=True)
"""


@pytest.fixture
def server():
    return shared(QuickEtcd)


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as proxy:
        yield proxy


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
def pair(server, proxy, opening):
    """An engine that goes by way of the proxy, and one that does not."""
    store = server.new_store()
    return opening(server.url(store, port=proxy.port)), opening(server.url(store))


@pytest.fixture
def own(tmp_path):
    """A server to restart."""
    server = Etcd(tmp_path).start()
    yield server
    server.kill()


def test_a_commit_whose_answer_is_lost_is_neither_failed_nor_done(pair, proxy):
    engine, other = pair
    engine.commit([Put("res/a", b"{}")])
    proxy.lose_answers(after=b"/v3/kv/txn")
    with pytest.raises(errors.UnknownOutcome) as caught:
        engine.commit([Put("res/b", b"{}")])
    assert proxy.lost == 1
    assert "read" in caught.value.hint
    assert other.get("res/b") is not None
    assert engine.commit([Put("res/c", b"{}")]).revision == 3
    assert engine.changes(0) == other.changes(0)


def test_a_commit_that_never_arrived_is_unknown_too(pair, proxy):
    engine, other = pair
    engine.commit([Put("res/a", b"{}")])
    proxy.lose_requests(having=b"/v3/kv/txn")
    with pytest.raises(errors.UnknownOutcome):
        engine.commit([Put("res/b", b"{}")])
    assert other.revision() == 1
    assert engine.commit([Put("res/b", b"{}", if_revision=0)]).revision == 2


@pytest.mark.parametrize(
    "read",
    [
        lambda engine: engine.get("res/a").revision,
        lambda engine: engine.range("").revision,
        lambda engine: engine.changes(0).revision,
        lambda engine: engine.revision(),
        lambda engine: engine.health().revision,
    ],
    ids=["get", "range", "changes", "revision", "health"],
)
def test_a_read_is_asked_again_on_a_new_connection(pair, proxy, read):
    engine, _ = pair
    engine.commit([Put("res/a", b"{}")])
    proxy.lose_answers(after=b"/v3/")
    assert read(engine) == 1
    assert proxy.lost == 1


def test_a_connection_that_was_cut_while_it_lay_idle_is_not_used(pair, proxy):
    engine, _ = pair
    for number in range(5):
        proxy.cut()
        assert engine.commit([Put("res/a", b'{"n":%d}' % number)]).revision == number + 1


def test_a_server_that_cannot_be_reached_may_be_asked_again(pair, proxy):
    engine, _ = pair
    proxy.refuse()
    for call in (lambda: engine.commit([Put("res/a", b"{}")]), engine.revision):
        with pytest.raises((errors.Unavailable, errors.UnknownOutcome)):
            call()
    proxy.accept()
    assert engine.commit([Put("res/a", b"{}")]).revision == 1


def test_a_server_that_is_away_may_be_asked_again(own, opening):
    engine = opening(own.url("s"))
    engine.commit([Put("res/a", b"{}")])
    own.stop()
    with pytest.raises(errors.Unavailable) as caught:
        engine.commit([Put("res/b", b"{}")])
    assert "nothing was written" in caught.value.hint
    with pytest.raises(errors.Unavailable):
        engine.range("")
    own.start()
    assert engine.commit([Put("res/b", b"{}")]).revision == 2
    assert len(engine.range("").entries) == 2


def test_a_server_that_does_not_answer_is_not_waited_for_forever(server, proxy, opening):
    engine = opening(f"{server.url(server.new_store(), port=proxy.port)}?timeout=0.2")
    proxy.stall()
    with pytest.raises(errors.Unavailable):
        engine.revision()
    with pytest.raises(errors.UnknownOutcome):
        engine.commit([Put("res/a", b"{}")])
    proxy.go_on()


def test_the_next_member_is_asked_if_one_is_away(server, proxy, opening):
    store = server.new_store()
    away = f"127.0.0.1:{free_port()}"
    opening(server.url(store)).commit([Put("res/a", b"{}")])
    engine = opening(f"etcd://{away},127.0.0.1:{proxy.port},127.0.0.1:{server.port}/{store}")
    assert engine.revision() == 1
    proxy.refuse()
    assert engine.revision() == 1
    assert engine.commit([Put("res/b", b"{}")]).revision == 2


def test_a_watch_goes_on_when_its_connection_is_lost(pair, proxy):
    engine, other = pair
    with watch(engine, prefix="res/") as feed, ThreadPoolExecutor(1) as pool:
        for number in range(3):
            waiting = pool.submit(await_changes, feed, 1)
            proxy.cut()
            made = other.commit([Put("res/a", b'{"n":%d}' % number)])
            assert tuple(waiting.result(SOON)) == made.changes


def test_a_watch_goes_on_when_etcd_restarts_and_compacts(own, opening):
    engine, other = opening(own.url("s")), opening(own.url("s"))
    with watch(engine, prefix="res/") as feed, ThreadPoolExecutor(1) as pool:
        for number in range(3):
            waiting = pool.submit(await_changes, feed, 1)
            made = other.commit([Put("res/a", b'{"n":%d}' % number)])
            assert tuple(waiting.result(SOON)) == made.changes
            moment = own.call("/v3/kv/range", {"key": "AA=="})[1]["header"]["revision"]
            assert own.call("/v3/kv/compaction", {"revision": moment, "physical": True})[0] == 200
            own.restart(hard=number == 1)


def test_a_push_is_heard_over_the_wire_alone(server, opening):
    """Long before the next look, which is a second away."""
    store = server.new_store()
    engine, other = opening(server.url(store)), opening(server.url(store))
    with ThreadPoolExecutor(1) as pool:
        took = []
        for number in range(10):
            waiting = pool.submit(engine.wait, number, SOON)
            began = time.monotonic()
            other.commit([Put("res/a", b'{"n":%d}' % number)])
            assert waiting.result(SOON)
            took.append(time.monotonic() - began)
    assert sorted(took)[5] < 0.5


def test_what_was_acknowledged_outlives_kill_9(own, opening):
    url = own.url("s")
    workers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, name], stdout=subprocess.PIPE, text=True)
        for name in ("x", "y")
    ]
    lines = [[worker.stdout.readline() for _ in range(20)] for worker in workers]
    own.kill()
    for worker, told in zip(workers, lines, strict=True):
        told.extend(worker.stdout)  # to its end
        worker.stdout.close()
        assert worker.wait(SOON) == 0
    own.start()
    engine = opening(url)
    stands = {entry.key: entry.revision for entry in engine.range("res/").entries}
    last = 0
    for name, told in zip("xy", lines, strict=True):
        for line in told:
            number, revision = map(int, line.split())
            assert stands[f"res/{name}/n{number}"] == stands[f"res/{name}/m{number}"] == revision
            last = max(last, revision)
    # At most one commit each was under way, and stands as a whole or not at all.
    assert last <= engine.revision() <= last + 2
    assert list(engine.check()) == []


def test_a_token_that_ran_out_is_asked_for_again(tmp_path, opening):
    server = Etcd(tmp_path, fsync=False, auth=True, arguments=["--auth-token-ttl=1"]).start()
    try:
        engine = opening(server.url("s"))
        assert engine.commit([Put("res/a", b"{}")]).revision == 1
        server.restart()  # simple tokens are gone with the process that gave them
        assert engine.commit([Put("res/b", b"{}")]).revision == 2
        server.restart(hard=True)
        assert engine.get("res/b") is not None
        assert engine.wait(1, SOON)
        # What users may do has a version, and a token is of one version.
        server.call("/v3/auth/user/add", {"name": "another", "password": "x"}, token=server.token())
        assert engine.commit([Put("res/c", b"{}")]).revision == 3
        server.call("/v3/auth/user/add", {"name": "third", "password": "x"}, token=server.token())
        assert len(engine.range("").entries) == 3
    finally:
        server.kill()


def test_many_threads_share_an_engine(pair):
    engine, other = pair
    numbers = itertools.count()

    def work():
        for _ in range(10):
            number = next(numbers)
            engine.commit([Put(f"res/n{number}", b"{}", if_revision=0)])
            assert engine.get(f"res/n{number}") is not None
            engine.range("res/", limit=3)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert other.revision() == 60
    assert list(other.check()) == []
