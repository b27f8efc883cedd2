"""What becomes of commits, reads and watches when connections, servers and stores are lost."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.contract import Delete, Put
from mastractl.engines.feed import watch
from mastractl.engines.postgresql import PostgresEngine
from mastractl.testing.engine_tests.foundation import SOON, await_changes, document, fold, number_of, state_of
from tests.servers.base import shared
from tests.servers.postgresql import Postgres, Standby
from tests.servers.proxy import Proxy

KEY = "res/agent/default/a"


@pytest.fixture
def server():
    return shared(Postgres)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def opened():
    opened = []
    yield opened
    for engine in opened:
        engine.close()


@pytest.fixture
def open_store(opened):
    def open_store(url, **more):
        opened.append(PostgresEngine(url, clock=SystemClock(), **more))
        return opened[-1]

    return open_store


@pytest.fixture
def engine(server, store, open_store):
    """A handle that nothing befalls."""
    return open_store(server.url(store))


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def fragile(server, store, proxy, engine, open_store):
    """A handle on the same store by way of the proxy."""
    return open_store(server.url(store, port=proxy.port) + "&sslmode=disable")


class TestALostConnection:
    def test_leaves_a_commit_open_whose_answer_was_lost(self, engine, fragile, proxy):
        proxy.lose_answers(after=b"commit")
        with pytest.raises(errors.UnknownOutcome) as caught:
            fragile.commit([Put(KEY, document(1), 0)])
        assert "read to see what stands" in caught.value.hint
        assert proxy.lost == 1
        assert number_of(fragile.get(KEY)) == number_of(engine.get(KEY)) == 1
        assert engine.revision() == 1

    def test_leaves_a_commit_open_that_did_not_arrive(self, engine, fragile, proxy):
        """From here the two look the same, and neither is guessed at."""
        fragile.revision()
        proxy.lose_requests(having=b"commit")
        with pytest.raises(errors.UnknownOutcome):
            fragile.commit([Put(KEY, document(1), 0)])
        assert fragile.get(KEY) is None
        assert fragile.commit([Put(KEY, document(1), 0)]).revision == 1

    def test_that_was_idle_is_replaced_before_a_commit(self, engine, fragile, proxy):
        fragile.commit([Put(KEY, document(1))])
        proxy.cut()
        await_idle_end(fragile)
        assert fragile.commit([Put(KEY, document(2))]).revision == 2

    def test_that_was_idle_for_long_is_tried_before_a_commit(self, engine, fragile, proxy):
        fragile.commit([Put(KEY, document(1))])
        fragile._life.connections._idle[0].used_at -= 100
        proxy.lose_answers()
        assert fragile.commit([Put(KEY, document(2))]).revision == 2
        assert proxy.lost == 1

    @pytest.mark.parametrize("read", ["get", "range", "changes", "revision", "health"])
    def test_is_made_again_for_a_read(self, engine, fragile, proxy, read):
        engine.commit([Put(KEY, document(1))])
        calls = {
            "get": lambda: fragile.get(KEY).revision,
            "range": lambda: fragile.range("").revision,
            "changes": lambda: fragile.changes(0).revision,
            "revision": fragile.revision,
            "health": lambda: fragile.health().revision,
        }
        assert calls[read]() == 1
        proxy.lose_answers()
        assert calls[read]() == 1
        assert proxy.lost == 1

    def test_that_cannot_be_made_again_is_told(self, fragile, proxy):
        proxy.refuse()
        with pytest.raises(errors.StorageConnectionError):
            fragile.get(KEY)
        with pytest.raises(errors.StorageConnectionError):
            fragile.commit([Put(KEY, document(1))])
        proxy.accept()
        assert fragile.commit([Put(KEY, document(1))]).revision == 1

    def test_is_given_up_when_the_server_says_nothing(self, server, store, engine, proxy, open_store):
        url = server.url(store, port=proxy.port) + "&sslmode=disable&statement_timeout=0.1"
        fragile = open_store(url)
        fragile._life.connections._idle[0].patience = 0.3  # rather than ten seconds more than the server's
        proxy.stall()
        with pytest.raises(errors.UnknownOutcome, match="no answer"):
            fragile.commit([Put(KEY, document(1))])
        proxy.go_on()
        assert fragile.commit([Put("res/b", document(2))]).revision in {1, 2}

    def test_costs_a_watcher_nothing(self, engine, fragile, proxy):
        with watch(fragile, prefix="res/") as feed:
            for number in range(5):
                engine.commit([Put(KEY, document(number))])
                (change,) = await_changes(feed, 1)
                assert number_of(change.entry) == number
                proxy.cut()

    def test_ended_by_an_administrator(self, server, store, engine):
        engine.commit([Put(KEY, document(1))])
        server.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'mastractl'"
        )
        assert engine.commit([Put(KEY, document(2))]).revision == 2


class TestALock:
    def test_that_somebody_holds_is_not_waited_for_without_end(self, server, store, engine, open_store):
        hasty = open_store(server.url(store) + "&lock_timeout=0.2")
        with server.connect() as other, other.transaction():
            other.execute(f'SELECT FROM "{store}".head FOR UPDATE')
            with pytest.raises(errors.Unavailable, match="lock") as caught:
                hasty.commit([Put(KEY, document(1))])
            assert hasty.commit([Delete(KEY)]).changes == (), "what changes nothing needs no lock"
        assert "pg_stat_activity" in caught.value.hint
        assert hasty.commit([Put(KEY, document(1))]).revision == 1

    def test_a_cancelled_commit_wrote_nothing(self, server, store, engine, open_store):
        hasty = open_store(server.url(store) + "&statement_timeout=0.2")
        with server.connect() as other, other.transaction():
            other.execute(f'SELECT FROM "{store}".head FOR UPDATE')
            with pytest.raises(errors.Unavailable, match="cancelled; nothing was written"):
                hasty.commit([Put(KEY, document(1))])
        assert engine.get(KEY) is None

    def test_more_threads_than_connections_take_turns(self, server, store, open_store):
        narrow = open_store(server.url(store) + "&pool=2")
        threads = [
            threading.Thread(target=lambda n=n: narrow.commit([Put(f"res/{n}", document(n))]))
            for n in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert narrow.revision() == 12
        used = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state = 'idle'", f'%"{store}"%'
        )
        assert used[0][0] <= 2


class TestAnError:
    """What the server answers, made by a trigger that raises it."""

    def raising(self, server, store, state, when="true"):
        server.execute("CREATE SEQUENCE {store}.times", store=store)
        server.execute(
            "CREATE FUNCTION {store}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
            + when
            + " THEN RAISE EXCEPTION 'it is so' USING ERRCODE = '"
            + state
            + "'; END IF; RETURN NEW; END $$",
            store=store,
        )
        server.execute(
            "CREATE TRIGGER fail BEFORE INSERT ON {store}.log FOR EACH ROW EXECUTE FUNCTION {store}.fail()",
            store=store,
        )

    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            ("53100", errors.StorageFull),
            ("53200", errors.Unavailable),
            ("54000", errors.TooLarge),
            ("42501", errors.Forbidden),
            ("25006", errors.Forbidden),
            ("40001", errors.StorageTransactionError),
            ("XX001", errors.StorageTransactionError),
        ],
    )
    def test_is_told_as_what_it_is_and_undone(self, server, store, engine, state, kind):
        self.raising(server, store, state)
        with pytest.raises(errors.MastraError, match="it is so") as caught:
            engine.commit([Put(KEY, document(1))])
        assert type(caught.value) is kind
        assert engine.revision() == 0

    @pytest.mark.parametrize("state", ["40001", "40P01"])
    def test_that_will_pass_is_tried_again(self, server, store, engine, state):
        self.raising(server, store, state, f"nextval('\"{store}\".times') < 4")
        assert engine.commit([Put(KEY, document(1))]).revision == 1

    def test_that_ends_the_connection_leaves_the_commit_open(self, server, store, engine):
        with server.connect() as other, ThreadPoolExecutor(1) as pool:
            with other.transaction():
                other.execute(f'SELECT FROM "{store}".head FOR UPDATE')
                waiting = pool.submit(engine.commit, [Put(KEY, document(1))])
                asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s AND "
                ended = []
                while not ended:
                    ended = server.execute(asked + "wait_event_type = 'Lock'", f'%"{store}"%')
            with pytest.raises(errors.UnknownOutcome, match="administrator"):
                waiting.result(SOON)
        assert engine.revision() == 0


class TestALostStore:
    def test_that_was_dropped_takes_no_commit(self, server, store, engine):
        engine.commit([Put(KEY, document(1))])
        server.execute("DROP SCHEMA {store} CASCADE", store=store)
        for call in (engine.revision, lambda: engine.commit([Put(KEY, document(2))]), engine.health):
            with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
                call()

    def test_that_was_made_anew_takes_no_commit_either(self, server, store, engine, open_store):
        engine.commit([Put(KEY, document(1))])
        server.execute("DROP SCHEMA {store} CASCADE", store=store)
        another = open_store(server.url(store))
        another.commit([Put(KEY, document(9))])
        assert another.identity != engine.identity
        calls = (
            engine.revision,
            lambda: engine.get(KEY),
            lambda: engine.range(""),
            lambda: engine.changes(0),
            lambda: engine.compact(1),
            lambda: engine.commit([Put(KEY, document(2))]),
            lambda: engine.commit([Delete("res/none")]),
        )
        for call in calls:
            with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
                call()
        assert (another.revision(), number_of(another.get(KEY))) == (1, 9)


class TestALostServer:
    @pytest.fixture
    def own(self, tmp_path):
        server = Postgres(tmp_path / "server").start()
        yield server
        server.stop()

    def test_that_was_restarted_is_found_again(self, own, open_store):
        engine = open_store(own.url("mine"))
        engine.commit([Put(KEY, document(1))])
        own.restart()
        assert number_of(engine.get(KEY)) == 1
        own.restart()
        assert engine.commit([Put(KEY, document(2))]).revision == 2

    def test_that_was_restarted_is_watched_again(self, own, open_store):
        engine, writer = open_store(own.url("mine")), open_store(own.url("mine"))
        with watch(engine, prefix="res/") as feed:
            for number in range(2):
                writer.commit([Put(KEY, document(number))])
                while True:
                    try:
                        (change,) = await_changes(feed, 1)
                        break
                    except errors.Unavailable:
                        continue
                assert number_of(change.entry) == number
                own.restart()

    def test_that_was_killed_has_lost_nothing_that_was_acknowledged(self, own, open_store):
        url = own.url("mine")
        told, ended = [], threading.Event()

        def work(name):
            engine = open_store(url)
            number = 0
            while not ended.is_set():
                try:
                    engine.commit(
                        [Put(f"res/{name}", document(number)), Put(f"rec/{name}", document(number))]
                    )
                    told.append((name, number))
                except (errors.UnknownOutcome, errors.Unavailable, errors.StorageConnectionError):
                    time.sleep(0.01)
                number += 1

        workers = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        open_store(url)
        for worker in workers:
            worker.start()
        for _ in range(5):
            before = len(told)
            while len(told) < before + 30:
                time.sleep(0.005)
            own.restart(hard=True)
        ended.set()
        for worker in workers:
            worker.join()
        engine = open_store(url)
        log = engine.changes(0, limit=0).changes
        state = {}
        fold(state, log)
        assert state == state_of(engine)
        stood = {(change.key[4:], number_of(change.entry)) for change in log if change.key.startswith("res/")}
        torn = stood ^ {(c.key[4:], number_of(c.entry)) for c in log if c.key.startswith("rec/")}
        assert torn == set()
        assert set(told) - stood == set()
        assert sorted({change.revision for change in log}) == list(range(1, engine.revision() + 1))
        assert list(engine.check()) == []


class TestAStandby:
    @pytest.fixture
    def primary(self, tmp_path):
        server = Postgres(tmp_path / "primary").start()
        yield server
        server.stop()

    @pytest.fixture
    def standby(self, tmp_path, primary, open_store):
        open_store(primary.url("mine")).commit([Put(KEY, document(1))])
        server = Standby(tmp_path / "standby", primary).start()
        yield server
        server.stop()

    def test_is_read_and_not_written(self, primary, standby, open_store):
        engine, writer = open_store(standby.url("mine")), open_store(primary.url("mine"))
        assert number_of(engine.get(KEY)) == 1
        health = engine.health()
        assert (health.writable, dict(health.details)["role"]) == (False, "standby")
        with pytest.raises(errors.Forbidden, match="takes no writes") as caught:
            engine.commit([Put(KEY, document(2))])
        assert "target_session_attrs=read-write" in caught.value.hint
        past = time.time() - 1
        writer.commit([Put("res/gone", document(2), expires_at=past)])
        while engine.revision() < 2:
            time.sleep(0.005)
        assert [entry.key for entry in engine.range("").entries] == [KEY], "what is due is hidden"
        assert engine.revision() == 2, "and not removed"

    def test_makes_no_store(self, standby, open_store):
        with pytest.raises(errors.Forbidden):
            open_store(standby.url("another"))

    def test_that_takes_over_is_written(self, primary, standby, open_store):
        both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        url = primary.url("mine").replace(f"127.0.0.1:{primary.port}", both)
        engine = open_store(url + "&target_session_attrs=read-write")
        assert engine.commit([Put(KEY, document(2))]).revision == 2
        follower = open_store(standby.url("mine"))
        while follower.revision() < 2:
            time.sleep(0.005)
        primary.kill()
        standby.execute("SELECT pg_promote(true, 30)")
        assert engine.commit([Put(KEY, document(3))]).revision == 3
        assert engine.health().writable


class TestProcesses:
    def test_a_child_goes_on_with_connections_of_its_own(self, server, store, engine):
        engine.commit([Put(KEY, document(0))])
        engine.wait(0, 0)
        heard = threading.Thread(target=engine.wait, args=(3, SOON))
        heard.start()
        for number in (1, 2):
            child = os.fork()
            if not child:
                code = 1
                try:
                    engine.commit([Put(KEY, document(number))])
                    code = 0 if engine.wait(number, 0) and number_of(engine.get(KEY)) == number else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert number_of(engine.get(KEY)) == number
        assert engine.commit([Put(KEY, document(3))]).revision == 4
        heard.join(SOON)
        assert not heard.is_alive()

    def test_many_count_together(self, server, store, engine):
        engine.commit([Put(KEY, document(0))])
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=count, args=(server.url(store), 20)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        assert number_of(engine.get(KEY)) == 60
        assert engine.revision() == 61


def count(url, times):
    engine = PostgresEngine(url, clock=SystemClock())
    done = 0
    while done < times:
        entry = engine.get(KEY)
        try:
            engine.commit([Put(KEY, document(number_of(entry) + 1), entry.revision)])
        except errors.Conflict:
            continue
        done += 1
    engine.close()


def await_idle_end(engine):
    """Wait until the end of the idle connections has arrived here."""
    deadline = time.monotonic() + SOON
    while any(connection.alive for connection in engine._life.connections._idle):
        assert time.monotonic() < deadline
        time.sleep(0.001)
