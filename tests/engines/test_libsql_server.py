"""A store on a libSQL server: lost connections, refusals, forks; and the test server before its driver."""

from __future__ import annotations

import math
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import libsql
import pytest

from mastractl import errors
from mastractl.engines.contract import Check, Put
from mastractl.engines.hrana import Address, Client
from mastractl.engines.opening import open_engine
from mastractl.testing.engine_tests.foundation import SOON, document, fold, number_of, state_of
from tests.servers.base import free_port, shared
from tests.servers.hrana import Hrana
from tests.servers.hrana_server import TOKEN
from tests.servers.proxy import Proxy

KEY = "res/agent/default/a"


@pytest.fixture
def server():
    return shared(Hrana)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def made():
    engines = []

    def keep(url, **more):
        engines.append(open_engine(url, **more))
        return engines[-1]

    yield keep
    for engine in engines:
        engine.close()


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def far(server, store, proxy, made):
    return made(server.url(store, port=proxy.port))


@pytest.fixture
def near(server, store, far, made):
    """The same store, without the proxy."""
    return made(server.url(store))


def driver(server, store):
    return libsql.connect(
        f"http://127.0.0.1:{server.port}/dev/{store}", auth_token=TOKEN, isolation_level=None
    )


# Lost connections


def test_a_commit_whose_answer_is_lost_may_stand(far, near, proxy):
    far.commit([Put(KEY, document(1))])
    proxy.lose_answers(after=b"BEGIN IMMEDIATE")
    with pytest.raises(errors.UnknownOutcome) as caught:
        far.commit([Put(KEY, document(2))])
    assert "read to see" in caught.value.hint
    assert TOKEN not in caught.value.message
    assert number_of(near.get(KEY)) == number_of(far.get(KEY)) == 2
    assert far.commit([Put(KEY, document(3), if_revision=2)]).revision == 3


def test_a_commit_that_was_lost_on_its_way_is_not_said_to_have_failed(far, near, proxy):
    """The client cannot know where it was lost."""
    proxy.lose_requests(having=b"BEGIN IMMEDIATE")
    with pytest.raises(errors.UnknownOutcome):
        far.commit([Put(KEY, document(1))])
    assert near.revision() == 0
    assert far.commit([Put(KEY, document(1))]).revision == 1


def test_the_read_before_a_commit_is_asked_for_again(far, proxy):
    far.commit([Put(KEY, document(1))])
    proxy.lose_answers(after=b"uid")
    assert far.commit([Put(KEY, document(2))]).revision == 2
    assert proxy.lost == 1


@pytest.mark.parametrize("call", ["get", "range", "changes", "revision", "health"])
def test_a_read_is_asked_for_again_once(far, proxy, call):
    far.commit([Put(KEY, document(1))])
    calls = {
        "get": lambda: number_of(far.get(KEY)),
        "range": lambda: len(far.range("").entries),
        "changes": lambda: len(far.changes(0).changes),
        "revision": far.revision,
        "health": lambda: far.health().revision,
    }
    proxy.lose_answers()
    assert calls[call]() == 1
    assert proxy.lost == 1


def test_idle_connections_that_were_cut_are_not_used(far, proxy):
    far.commit([Put(KEY, document(1))])
    proxy.cut()
    time.sleep(0.05)  # until the reset has arrived: what a commit meets otherwise is the test before
    assert far.commit([Put(KEY, document(2))]).revision == 2


def test_a_server_that_does_not_answer_is_waited_for_so_long(server, store, proxy, made):
    engine = made(server.url(store, port=proxy.port) + "&timeout=0.3")
    proxy.stall()
    began = time.monotonic()
    with pytest.raises(errors.Unavailable, match="no answer in time"):
        engine.get(KEY)
    ticks = []
    with ThreadPoolExecutor(1) as pool:
        stalled = pool.submit(engine.revision)
        while not stalled.done():
            ticks.append(1)
            time.sleep(0.01)
        with pytest.raises(errors.Unavailable):
            stalled.result()
    assert len(ticks) > 5, "other threads stood still meanwhile"
    assert time.monotonic() - began < SOON
    proxy.go_on()


def test_a_server_that_is_gone_and_comes_back(tmp_path, made):
    server = Hrana(tmp_path / "server").start()
    try:
        engine = made(server.url("store"))
        engine.commit([Put(KEY, document(1))])
        server.kill()
        for call in (engine.revision, lambda: engine.commit([Put(KEY, document(2))])):
            with pytest.raises((errors.StorageConnectionError, errors.Unavailable)) as caught:
                call()
            assert TOKEN not in str(caught.value)
            assert caught.value.hint
        server.start()
        assert engine.commit([Put(KEY, document(2), if_revision=1)]).revision == 2
    finally:
        server.kill()


def test_kills_of_the_server_lose_nothing_that_was_acknowledged(tmp_path):
    server = Hrana(tmp_path / "server").start()
    engine = open_engine(server.url("store"))
    chance = random.Random(4)
    acknowledged, unknown = 0, 0
    try:
        for _ in range(4):
            killer = threading.Timer(chance.uniform(0.05, 0.3), server.kill)
            killer.start()
            while True:
                try:
                    acknowledged = engine.commit(
                        [Put(f"rec/n/{name}", document(acknowledged + 1)) for name in "abc"]
                    ).revision
                except errors.UnknownOutcome:
                    unknown += 1
                    break
                except (errors.StorageConnectionError, errors.Unavailable):
                    break
            killer.join()
            server.start()
            found = engine.revision()
            assert acknowledged <= found <= acknowledged + 1
            told = engine.changes(0, limit=0).changes
            assert [change.revision for change in told] == [n for n in range(1, found + 1) for _ in "abc"]
            state = {}
            fold(state, told)
            assert state == state_of(engine)
            acknowledged = found
    finally:
        engine.close()
        server.kill()


def test_a_commit_that_is_overtaken_is_begun_again(far, near, proxy):
    """Between the read and the write of a commit, another one is made."""
    near.commit([Put(KEY, document(0))])
    with ThreadPoolExecutor(2) as pool:

        def count(engine):
            done = 0
            while done < 20:
                entry = engine.get(KEY)
                try:
                    engine.commit([Put(KEY, document(number_of(entry) + 1), if_revision=entry.revision)])
                except errors.Conflict:
                    continue
                done += 1

        for racer in [pool.submit(count, engine) for engine in (far, near)]:
            racer.result(120)
    assert number_of(near.get(KEY)) == 40
    assert near.revision() == 41


# What is refused


@pytest.mark.parametrize(
    ("more", "match"),
    [("&colour=blue", "colour"), ("&tls=2", "0 or 1"), ("&timeout=x", "seconds"), ("&poll=0", "seconds")],
)
def test_a_parameter_that_makes_no_sense(server, store, more, match):
    url = server.url(store).replace("tls=0&", "") if "tls" in more else server.url(store)
    with pytest.raises(errors.ConfigError, match=match) as caught:
        open_engine(url + more)
    assert TOKEN not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("url", ["libsql://", "libsql://u:p@h", "libsql://h:x", "libsql://h#x"])
def test_a_url_that_makes_no_sense(url):
    with pytest.raises(errors.ConfigError):
        open_engine(url)


def test_a_token_that_does_not_fit(server, store):
    with pytest.raises(errors.Forbidden, match="401") as caught:
        open_engine(server.url(store).replace(TOKEN, "guessed"))
    assert "authToken" in caught.value.hint
    assert "guessed" not in caught.value.message


def test_nobody_is_there():
    with pytest.raises(errors.StorageConnectionError, match="cannot be reached"):
        open_engine(f"libsql://127.0.0.1:{free_port()}?tls=0")


def test_a_server_without_tls(server, store):
    with pytest.raises(errors.StorageConnectionError, match="TLS") as caught:
        open_engine(server.url(store).replace("tls=0", "tls=1"))
    assert "tls=0" in caught.value.hint


def test_a_server_of_another_kind():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            for _ in range(2):
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(errors.StorageConnectionError, match="no Hrana"):
            open_engine(f"libsql://127.0.0.1:{listener.getsockname()[1]}?tls=0")


def test_tables_of_another_program_are_not_touched(server, store):
    connection = driver(server, store)
    connection.execute("CREATE TABLE log (line TEXT)")
    with pytest.raises(errors.StorageValidationError, match="another program: log"):
        open_engine(server.url(store))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("log",)]
    connection.close()


def test_tables_of_others_under_other_names_do_not_matter(server, store, made):
    connection = driver(server, store)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    assert made(server.url(store)).commit([Put(KEY, document(1))]).revision == 1


def test_a_newer_store_is_refused(server, store, made):
    made(server.url(store))
    connection = driver(server, store)
    connection.execute("UPDATE mastractl SET format = 2")
    connection.close()
    with pytest.raises(errors.StorageValidationError, match="newer mastractl"):
        open_engine(server.url(store))


def test_read_only_makes_nothing(server, store, made):
    with pytest.raises(errors.StorageConnectionError, match="there is no store"):
        open_engine(server.url(store), read_only=True)
    made(server.url(store)).commit([Put(KEY, document(1))])
    reader = made(server.url(store), read_only=True)
    assert number_of(reader.get(KEY)) == 1
    with pytest.raises(errors.Forbidden):
        reader.commit([Put(KEY, document(2))])


@pytest.mark.parametrize("how", ["dropped", "another"])
def test_no_commit_goes_to_a_stranger(server, store, made, how):
    engine = made(server.url(store))
    engine.commit([Put(KEY, document(1))])
    connection = driver(server, store)
    if how == "dropped":
        for table in ("head", "log", "current", "mastractl"):
            connection.execute(f"DROP TABLE {table}")
    else:
        connection.execute("UPDATE head SET uid = 'x'")
    for call in (engine.revision, lambda: engine.range(""), lambda: engine.commit([Put(KEY, document(2))])):
        with pytest.raises(errors.StorageConnectionError):
            call()
    connection.close()


def test_an_index_that_does_not_agree_is_made_anew(server, store, made):
    engine = made(server.url(store))
    engine.commit([Put(KEY, document(1)), Put("rec/x", document(2))])
    truth = state_of(engine)
    assert [*engine.check()] == []
    connection = driver(server, store)
    connection.execute("DELETE FROM current WHERE key = 'rec/x'")
    connection.close()
    assert [(flaw.key, flaw.repaired) for flaw in engine.check()] == [("rec/x", False)]
    assert [flaw.repaired for flaw in engine.check(repair=True)] == [True]
    assert [*engine.check()] == []
    assert state_of(engine) == truth


# What goes over the wire


def test_every_float_arrives_as_it_was(server, store, made):
    """As a quotient of integers: a server that reads decimals carelessly cannot spoil it."""
    engine = made(server.url(store))
    chance = random.Random(1)
    times = [chance.random() * 10.0 ** chance.randrange(-3, 16) for _ in range(200)]
    times += [0.1, 1764042434.1234567, 5e-324, 1.7e308, float("inf"), 3.0]
    later = [Put(f"rec/t/{number}", b"{}", expires_at=at + 2e9) for number, at in enumerate(times)]
    engine.commit(later)
    found = {entry.key: entry.expires_at for entry in engine.range("rec/t/").entries}
    assert found == {op.key: op.expires_at for op in later}
    assert any(not math.isinf(at) and at % 1 for at in found.values())


def test_a_commit_is_two_requests(server, store, made, monkeypatch):
    engine = made(server.url(store))
    asked = []
    post = Client._post
    monkeypatch.setattr(Client, "_post", lambda *a, **k: asked.append(1) or post(*a, **k))
    engine.commit([Put(f"rec/n/{number}", document(number)) for number in range(100)])
    assert len(asked) == 2
    asked.clear()
    assert len(engine.range("").entries) == 100
    engine.get("rec/n/1")
    assert len(asked) == 2


def test_a_list_may_be_larger_than_a_server_answers_at_once(server, store, made):
    """sqld refuses to answer more than 10 MB; what it streams has no limit."""
    engine = made(server.url(store))
    large = b'"%s"' % (b"x" * 1_500_000)
    for number in range(6):
        engine.commit([Put(f"rec/n/{number}", large)])
    page = engine.range("rec/")
    assert (page.revision, [entry.value for entry in page.entries]) == (6, [large] * 6)
    assert len(engine.changes(0).changes) == 6
    engine.compact(3)
    with pytest.raises(errors.Expired):
        engine.changes(0)
    assert len(engine.changes(3).changes) == 3


def test_a_conflict_writes_nothing(server, store, made):
    engine = made(server.url(store))
    with pytest.raises(errors.Conflict):
        engine.commit([Put(KEY, document(1)), Check("rec/x", 3)])
    assert engine.revision() == 0


def test_a_forked_child_goes_on(server, store, made):
    engine = made(server.url(store))
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
    assert engine.commit([Put(KEY, document(3), if_revision=2)]).revision == 3


def test_what_a_server_promises_is_told(server, store, made):
    health = made(server.url(store)).health()
    assert health.problems == ()
    assert dict(health.details)["durability"] == "synchronous FULL"
    assert TOKEN not in str(health)


# The test server is one that the real driver takes for a libSQL server


def test_the_drivers_own_client_and_ours_see_the_same(server, store, made):
    engine = made(server.url(store))
    engine.commit([Put(KEY, document(1)), Put("rec/t", b"\x00\xff", expires_at=1764042434.1234567e3)])
    connection = driver(server, store)
    rows = connection.execute("SELECT key, value, expires_at FROM log ORDER BY id").fetchall()
    assert rows == [(KEY, document(1), None), ("rec/t", b"\x00\xff", 1764042434.1234567e3)]
    connection.execute("BEGIN IMMEDIATE")
    assert connection.in_transaction
    connection.execute("CREATE TABLE t (a PRIMARY KEY)")
    connection.execute("INSERT INTO t VALUES (?)", (1,))
    connection.execute("ROLLBACK")
    assert not connection.in_transaction
    with pytest.raises(ValueError, match="no such table"):
        connection.execute("SELECT * FROM t")
    connection.close()


def test_conditions_of_a_batch(server, store):
    """What our commits rest on: a step that depends on one that failed or was left out is left out."""
    client = Client(Address("127.0.0.1", server.port, False, f"/dev/{store}", TOKEN, "shown", 5, 5))
    answer = client.run(
        [("CREATE TABLE t (a)", ()), ("nonsense", ()), ("INSERT INTO t VALUES (1)", ())], writes=True
    )
    assert answer.failure.step == 1
    assert client.run([("SELECT count(*) FROM t", ())], writes=False).rows == [[(0,)]]
    client.close()
