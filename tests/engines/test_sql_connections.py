"""What a store in an SQL database does when the server, the network or a process goes away beneath it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.feed import watch
from mastractl.engines.opening import open_engine
from tests.engines.sql_stores import postgresql_url
from tests.servers.base import shared
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import Postgres
from tests.servers.proxy import Proxy

SOON = 30.0


@pytest.fixture
def server():
    return shared(MariaDB)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def open_store():
    opened = []

    def open_store(url, **more):
        opened.append(open_engine(url, **more))
        return opened[-1]

    yield open_store
    for engine in opened:
        engine.close()


@pytest.fixture(params=["mariadb", "postgresql"])
def behind(request, open_store):
    """An engine whose server is behind a proxy, the proxy, and the same store without it."""
    if request.param == "mariadb":
        server = shared(MariaDB)
        name = server.new_store()
        direct = server.url(name)
    else:
        server = shared(Postgres)
        direct = postgresql_url()
    with Proxy(server.port) as proxy:
        engine = open_store(direct.replace(f":{server.port}/", f":{proxy.port}/"))
        other = open_store(direct)
        yield engine, proxy, other
        engine.close()


def put(number):
    return Put("res/a", b'{"n":%d}' % number)


# Connections that are lost.


def test_a_lost_answer_to_a_commit_is_an_unknown_outcome(behind):
    """Nobody can know, and the server itself may have noticed in time or not: the store stays whole."""
    engine, proxy, other = behind
    engine.commit([put(1)])
    proxy.lose_answers(after=b"COMMIT")
    with pytest.raises(errors.UnknownOutcome) as caught:
        engine.commit([put(2)])
    assert proxy.lost == 1
    assert "read" in caught.value.hint
    last = engine.commit([put(3)]).revision
    told = [(change.revision, change.entry.value) for change in other.changes(0).changes]
    written = [(2, b'{"n":2}')] if last == 3 else []
    assert told == [(1, b'{"n":1}'), *written, (last, b'{"n":3}')]
    assert list(other.check()) == []


def test_a_commit_that_was_lost_on_its_way_is_an_unknown_outcome_too(behind):
    """It was not written, and nobody could know."""
    engine, proxy, other = behind
    engine.commit([put(1)])
    proxy.lose_requests(having=b"COMMIT")
    with pytest.raises(errors.UnknownOutcome):
        engine.commit([put(2)])
    assert proxy.lost == 1
    assert other.revision() == 1
    assert engine.commit([put(3)]).revision == 2


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_connection_that_is_lost_before_the_commit_is_sent_is_made_good(behind, lose):
    engine, proxy, other = behind
    engine.commit([put(1)])
    if lose == "request":
        proxy.lose_requests(having=b"FOR UPDATE")
    else:
        proxy.lose_answers(after=b"FOR UPDATE")
    assert engine.commit([put(2)]).revision == 2
    assert proxy.lost == 1
    assert [change.revision for change in other.changes(0).changes] == [1, 2]


@pytest.mark.parametrize(
    "read",
    [
        lambda engine: engine.get("res/a").value,
        lambda engine: engine.range("").entries[0].value,
        lambda engine: engine.changes(0).changes[0].entry.value,
        lambda engine: engine.revision() and b'{"n":1}',
    ],
    ids=["get", "range", "changes", "revision"],
)
def test_a_read_over_a_lost_connection_is_asked_again(behind, read):
    engine, proxy, _ = behind
    engine.commit([put(1)])
    proxy.cut()
    assert read(engine) == b'{"n":1}'
    proxy.lose_answers()
    assert read(engine) == b'{"n":1}'
    assert proxy.lost == 1


def test_a_server_that_cannot_be_reached_is_said_and_found_again(behind):
    engine, proxy, _ = behind
    engine.commit([put(1)])
    proxy.refuse()
    for call in (engine.revision, lambda: engine.commit([put(2)]), engine.health):
        with pytest.raises((errors.StorageConnectionError, errors.Unavailable)):
            call()
    proxy.accept()
    assert engine.commit([put(2)]).revision == 2


def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(server, store, open_store):
    with Proxy(server.port) as proxy:
        engine = open_store(server.url(store, port=proxy.port) + "&read_timeout=1&connect_timeout=1")
        engine.commit([put(1)])
        proxy.stall()
        with pytest.raises((errors.StorageConnectionError, errors.Unavailable)):
            engine.get("res/a")
        proxy.go_on()
        proxy.cut()
        assert engine.get("res/a")


def test_a_wait_goes_on_over_a_lost_connection(behind):
    engine, proxy, other = behind
    engine.commit([put(1)])
    with watch(engine, since=1) as feed, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(feed.take, SOON)
        proxy.cut()
        other.commit([put(2)])
        assert waiting.result(SOON).changes[0].revision == 2


# Connections that the server ends.


def kill_connections(server, kind="CONNECTION"):
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()")
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {kind} {number}")
    connection.close()


@pytest.fixture
def own(tmp_path):
    """A server of one's own, that may be ended."""
    server = MariaDB(tmp_path / "server", in_memory=False).start()
    yield server
    server.kill()


def test_connections_that_were_killed_are_replaced(own, open_store):
    engine = open_store(own.url("x"))
    engine.commit([put(1)])
    kill_connections(own)
    assert engine.commit([put(2)]).revision == 2
    kill_connections(own)
    assert engine.get("res/a").value == b'{"n":2}'


def test_a_writer_that_is_killed_while_it_waits_for_the_lock_begins_again(own, open_store):
    engine = open_store(own.url("x"))
    holder = own.connect(autocommit=False)
    with holder.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("SELECT * FROM x_head FOR UPDATE")
        waiting = pool.submit(engine.commit, [put(1)])
        seen = own.connect()
        with seen.cursor() as look:
            blocked = ()
            while not blocked:
                look.execute(
                    "SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX"
                    " WHERE trx_state = 'LOCK WAIT'"
                )
                blocked = look.fetchall()
            look.execute(f"KILL {blocked[0][0]}")
        seen.close()
        holder.rollback()
        assert waiting.result(SOON).revision == 1
    holder.close()


def test_a_lock_that_is_held_for_too_long_makes_a_commit_unavailable(own, open_store):
    engine = open_store(own.url("x") + "&lock_timeout=1")
    holder = own.connect(autocommit=False)
    with holder.cursor() as cursor:
        cursor.execute("SELECT * FROM x_head FOR UPDATE")
        with pytest.raises(errors.Unavailable, match="another writer"):
            engine.commit([put(1)])
    holder.close()
    assert engine.commit([put(1)]).revision == 1


@pytest.mark.parametrize("hard", [False, True])
def test_a_server_that_is_restarted_is_found_again(own, open_store, hard):
    engine = open_store(own.url("x"))
    for number in range(3):
        engine.commit([put(number)])
    before = engine.range(""), engine.changes(0)
    own.restart(hard=hard)
    assert (engine.range(""), engine.changes(0)) == before
    assert engine.commit([put(9)]).revision == 4


def test_what_was_acknowledged_outlives_kill_9_of_the_server(own, open_store):
    """Writers at work, the server killed beneath them: whatever they were told was written stands."""
    acknowledged = {}

    def write(name):
        engine = open_store(own.url("x"))
        number = 0
        while True:
            number += 1
            try:
                made = engine.commit(
                    [Put(f"res/{name}", b'{"n":%d}' % number), Put(f"rec/{name}/{number}", b"{}")]
                )
            except (errors.StorageError, errors.Unavailable):
                return
            acknowledged[name] = (number, made.revision)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 3 or min(number for number, _ in acknowledged.values()) < 20:
        assert any(thread.is_alive() for thread in threads)
    own.kill()
    for thread in threads:
        thread.join()
    engine = open_store(own.start().url("x"))
    for name, (number, revision) in acknowledged.items():
        told = int(engine.get(f"res/{name}").value[5:-1])
        assert told in {number, number + 1}, "what was acknowledged, or what was under way"
        assert len(engine.range(f"rec/{name}/").entries) == told
        assert engine.revision() >= revision
    log = engine.changes(0, limit=0).changes
    assert [change.revision for change in log] == [n for r in range(1, engine.revision() + 1) for n in (r, r)]
    assert list(engine.check()) == []


# Processes.

WRITER = """
import sys
from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine

engine = open_engine(sys.argv[1])
print("ready", flush=True)
done = 0
while done < int(sys.argv[2]):
    entry = engine.get("res/count")
    number = int(entry.value[5:-1]) if entry else 0
    try:
        engine.commit([Put("res/count", b'{"n":%d}' % (number + 1), entry.revision if entry else 0)])
    except errors.Conflict:
        continue
    done += 1
    print(done, flush=True)
engine.close()
"""


def writer(url, times):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(times)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_processes_lose_no_increment_and_revisions_have_no_gap(server, store, open_store, kind):
    url = server.url(store) if kind == "mariadb" else postgresql_url()
    engine = open_store(url)
    writers = [writer(url, 20) for _ in range(3)]
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert engine.get("res/count").value == b'{"n":60}'
    assert [change.revision for change in engine.changes(0).changes] == list(range(1, 61))


def test_a_writer_that_is_killed_leaves_the_store_to_the_others(server, store, open_store):
    url = server.url(store)
    process = writer(url, 10**6)
    assert process.stdout.readline() == "ready\n"
    for _ in range(30):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    told = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    engine = open_store(url)
    made = engine.commit([put(1)])
    count = int(engine.get("res/count").value[5:-1])
    assert count >= max([30, *map(int, told)])
    assert made.revision == count + 1
    assert list(engine.check()) == []


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_forked_child_goes_on_with_connections_of_its_own(server, store, open_store, kind):
    engine = open_store(server.url(store) if kind == "mariadb" else postgresql_url())
    engine.commit([put(1)])
    engine.wait(0, 0)

    def child(end):
        made = engine.commit([Put("res/child", b"{}")])
        end.send((made.revision, engine.get("res/a").value, engine.wait(1, SOON)))
        engine.close()
        os._exit(0)

    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
    process.start()
    assert here.recv() == (2, b'{"n":1}', True)
    process.join(SOON)
    assert engine.commit([Delete("res/child")]).revision == 3
    assert engine.get("res/a").value == b'{"n":1}'
    here.close()
    there.close()


def test_many_threads_share_few_connections(own, open_store):
    engine = open_store(own.url("x"))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: engine.commit([Put(f"res/n{n}", b"{}")]), range(64)))
        list(pool.map(lambda n: engine.get(f"res/n{n}"), range(64)))
    connection = own.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'mastractl'")
        ((count,),) = cursor.fetchall()
    connection.close()
    assert count <= 1 + 4
    assert engine.revision() == 64
