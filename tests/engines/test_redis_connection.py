"""A Redis whose connections are lost, that ends and begins again, or that does not let us in."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.feed import watch
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import SOON, await_changes, document, number_of
from tests.engines.redis_stage import HOME, Stage, put
from tests.servers.base import free_port
from tests.servers.proxy import Proxy
from tests.servers.tls import Authority, TlsFront
from tests.servers.valkey import Valkey


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def proxy(stage):
    with Proxy(stage.server.port) as proxy:
        yield proxy


@pytest.fixture
def engine(stage, proxy):
    return stage.open(stage.server.url(stage.store, port=proxy.port))


def test_a_commit_whose_answer_is_lost_is_of_unknown_outcome_and_done_once(stage, proxy, engine):
    engine.commit([put("a", 1)])
    proxy.lose_answers(after=b"default/lost")
    with pytest.raises(errors.UnknownOutcome, match="may or may not"):
        engine.commit([put("lost", 2)])
    assert proxy.lost == 1
    assert engine.revision() == 2
    assert number_of(stage.open().get(HOME + "lost")) == 2


def test_a_commit_that_did_not_arrive_is_of_unknown_outcome_and_not_done(stage, proxy, engine):
    engine.commit([put("a", 1)])
    proxy.lose_requests(having=b"default/lost")
    with pytest.raises(errors.UnknownOutcome):
        engine.commit([put("lost", 2)])
    assert engine.revision() == 1
    assert engine.get(HOME + "lost") is None


def test_a_commit_over_a_connection_that_was_cut_while_idle_is_done(proxy, engine):
    engine.commit([put("a", 1)])
    proxy.cut()
    assert engine.commit([put("a", 2)]).revision == 2


@pytest.mark.parametrize(
    "read",
    [lambda e: e.get(HOME + "a"), lambda e: e.range(""), lambda e: e.changes(0), lambda e: e.revision()],
    ids=["get", "range", "changes", "revision"],
)
def test_a_read_is_asked_again_once(proxy, engine, read):
    engine.commit([put("a", 1)])
    expected = read(engine)
    proxy.lose_answers()
    assert read(engine) == expected
    assert proxy.lost == 1
    proxy.refuse()
    with pytest.raises(errors.Unavailable, match=r"try again|reached"):
        read(engine)
    proxy.accept()
    assert read(engine) == expected


def test_a_server_that_does_not_answer_in_time_is_not_waited_for(stage, proxy):
    engine = stage.open(stage.server.url(stage.store, port=proxy.port) + "&timeout=0.2")
    engine.commit([put("a", 1)])
    proxy.stall()
    with pytest.raises(errors.Unavailable, match=r"within 0.2 s"):
        engine.get(HOME + "a")
    proxy.go_on()
    engine.get(HOME + "a")
    proxy.stall()
    with pytest.raises(errors.UnknownOutcome, match="no answer came in time"):
        engine.commit([put("a", 2)])
    proxy.go_on()


def test_a_watch_goes_on_over_lost_connections(stage, proxy, engine):
    other = stage.open()
    with watch(engine, prefix=HOME) as feed, ThreadPoolExecutor(1) as pool:
        for number in range(3):
            told = pool.submit(await_changes, feed, 1)
            proxy.cut()
            other.commit([put("a", number)])
            assert number_of(told.result(SOON)[0].entry) == number


def test_a_process_that_was_forked_has_connections_of_its_own(stage):
    engine = stage.open()
    engine.commit([put("a", 1)])
    assert not engine.wait(1, 0)
    child = os.fork()
    if not child:
        try:
            done = engine.commit([put("a", 2)]).revision == 2 and engine.wait(1, 0)
            engine.close()
            os._exit(0 if done else 1)
        finally:
            os._exit(2)
    assert engine.wait(1, SOON)
    assert os.waitpid(child, 0)[1] == 0
    assert engine.commit([put("a", 3)]).revision == 3
    assert len(engine.changes(0).changes) == 3


def test_what_was_acknowledged_stands_after_kill_9(stage):
    server = stage.serve()
    engine = stage.open()
    identity = engine.identity
    assert engine.capabilities.durable
    acknowledged, enough = [], threading.Event()

    def write_until_it_fails():
        for number in range(1_000_000):
            engine.commit([put("a", number), put("b", number)])
            acknowledged.append(number)
            if number == 200:
                enough.set()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_until_it_fails)
        assert enough.wait(SOON)
        server.kill()
        with pytest.raises((errors.UnknownOutcome, errors.Unavailable)):
            writing.result(SOON)
    server.start()
    last = number_of(engine.get(HOME + "a"))
    assert last - acknowledged[-1] in {0, 1}
    assert number_of(engine.get(HOME + "b")) == last
    assert engine.revision() == last + 1
    assert engine.identity == identity
    assert list(engine.check()) == []


def test_a_server_that_is_away_is_asked_again_later(stage):
    server = stage.serve()
    engine = stage.open()
    engine.commit([put("a", 1)])
    server.stop()
    for call in (lambda: engine.commit([put("a", 2)]), lambda: engine.get(HOME + "a"), engine.health):
        with pytest.raises(errors.Unavailable, match="cannot be reached"):
            call()
    server.start()
    assert engine.commit([put("a", 2)]).revision == 2


class SlowlyLoading(Valkey):
    """Counts as started while it is still loading."""

    def ready(self):
        return self.ask("PING").startswith(("+PONG", "-LOADING"))


def test_a_server_that_is_loading_is_waited_for_a_while(stage):
    slowly = {"key-load-delay": 10_000, "loading-process-events-interval-bytes": 1024, "rdbcompression": "no"}
    server = stage.serve(SlowlyLoading, appendfsync=None, settings=slowly)
    engine, hasty = stage.open(), stage.open(stage.url + "&timeout=0.05")
    engine.commit([put("a", 1)])
    for number in range(50):
        server.ask(f"SET filler{number} {'x' * 2000}")
    assert server.ask("SAVE").startswith("+OK")
    server.restart(hard=True)
    with pytest.raises(errors.Unavailable, match="loading"):
        hasty.revision()
    assert engine.revision() == 1


def test_a_server_that_takes_no_more_clients_is_told_as_one(stage):
    server = stage.serve()
    engine = stage.open()
    server.ask("CONFIG SET maxclients 1")
    with pytest.raises(errors.Unavailable, match="as many clients"):
        stage.open()
    assert engine.commit([put("a", 1)]).revision == 1


def test_where_nobody_listens_the_address_is_told(stage):
    port = free_port()
    with pytest.raises(errors.StorageConnectionError, match=f"127.0.0.1:{port}.*cannot be reached") as caught:
        stage.open(f"redis://user:secret@127.0.0.1:{port}/0")
    assert "secret" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("login", ["", ":wrong-one@", "nobody:wrong-one@"])
def test_a_wrong_password_is_told_as_one(stage, login):
    server = stage.serve(password="right-one")
    with pytest.raises(errors.StorageConnectionError, match="user and password") as caught:
        stage.open(f"redis://{login}127.0.0.1:{server.port}/0")
    assert "wrong-one" not in str(caught.value) + caught.value.hint
    assert stage.open().revision() == 0


def test_a_user_who_may_only_read_is_refused_a_write_and_reads(stage):
    clock = FakeClock()
    rules = "reader on >pw ~{PREFIX}:* +@read +@scripting +@connection"
    server = stage.serve(users=[rules.replace("PREFIX", stage.store)])
    engine = stage.open(clock=clock)
    engine.commit([put("a", 1), put("b", 2, expires_at=clock.now() + 1)])
    reader = stage.open(f"redis://reader:pw@127.0.0.1:{server.port}/0?prefix={stage.store}", clock=clock)
    clock.advance(1)
    assert [entry.key for entry in reader.range("").entries] == [HOME + "a"]
    assert reader.revision() == 1, "a user who may not write hides what is due, and does not log it"
    with pytest.raises(errors.Forbidden, match="may not") as caught:
        reader.commit([put("a", 2)])
    assert f"~{{{stage.store}}}:*" in caught.value.hint
    details = dict(reader.health().details)
    assert "the server does not tell" in details["appendfsync"]
    assert not reader.capabilities.durable
    assert engine.revision() == 2


def test_a_user_of_other_keys_is_refused_at_the_door(stage):
    server = stage.serve(users=["other on >pw ~other:* +@all"])
    with pytest.raises(errors.Forbidden, match="may not"):
        stage.open(f"redis://other:pw@127.0.0.1:{server.port}/0?prefix={stage.store}")


def test_a_database_that_is_not_there_is_told_as_one(stage):
    with pytest.raises(errors.StorageConnectionError, match="no database of this number"):
        stage.open(f"redis://127.0.0.1:{stage.server.port}/9999")


def test_what_is_no_redis_is_told_as_that(stage, tmp_path):
    certificate, key = Authority(tmp_path / "ca").issue("server")
    with TlsFront(stage.server.port, certificate, key) as front, pytest.raises(errors.StorageConnectionError):
        stage.open(f"redis://127.0.0.1:{front.port}/0?timeout=5")


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path):
        return Authority(tmp_path / "ca")

    @pytest.fixture
    def front(self, stage, authority):
        with TlsFront(stage.server.port, *authority.issue("server")) as front:
            yield front

    def url(self, stage, front, **parameters):
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"rediss://127.0.0.1:{front.port}/0?prefix={stage.store}{more}"

    def test_a_server_whose_authority_is_named_is_trusted(self, stage, authority, front):
        engine = stage.open(self.url(stage, front, cacert=authority.ca))
        engine.commit([put("a", 1)])
        assert stage.open().get(HOME + "a") == engine.get(HOME + "a")

    def test_an_unknown_server_is_not(self, stage, front):
        with pytest.raises(errors.StorageConnectionError, match="not to be trusted") as caught:
            stage.open(self.url(stage, front))
        assert "cacert" in caught.value.hint
        assert stage.open(self.url(stage, front, verify="none")).revision() == 0

    def test_a_server_of_another_name_is_not(self, stage, authority):
        with TlsFront(stage.server.port, *authority.issue("elsewhere", hosts=("example.org",))) as front:
            with pytest.raises(errors.StorageConnectionError, match="not to be trusted"):
                stage.open(self.url(stage, front, cacert=authority.ca))
            assert stage.open(self.url(stage, front, cacert=authority.ca, verify="ca")).revision() == 0

    def test_a_server_without_tls_is_told_as_one(self, stage):
        with pytest.raises(errors.StorageConnectionError, match="cannot be reached") as caught:
            stage.open(f"rediss://127.0.0.1:{stage.server.port}/0?connect_timeout=0.3")
        assert "redis://" in caught.value.hint

    def test_a_client_shows_its_certificate(self, stage, authority):
        certificate, key = authority.issue("client")
        server = authority.issue("server")
        with TlsFront(stage.server.port, *server, client_ca=authority.ca) as front:
            with pytest.raises(errors.StorageConnectionError):
                stage.open(self.url(stage, front, cacert=authority.ca))
            url = self.url(stage, front, cacert=authority.ca, cert=certificate, key=key)
            assert stage.open(url).revision() == 0

    def test_a_file_that_is_not_there_is_named(self, stage, front):
        with pytest.raises(errors.StorageConnectionError, match="cannot be read"):
            stage.open(self.url(stage, front, cacert="/nowhere/ca.pem"))


def test_values_of_any_bytes_go_over_the_wire(stage):
    engine = stage.open()
    value = bytes(range(256)) + b"\r\n$5\r\n" + document(1)
    engine.commit([Put(HOME + "ünï\u4e2d🎉", value)], origin="ü\ud800")
    (change,) = engine.changes(0).changes
    assert change.entry.value == value == engine.get(HOME + "ünï\u4e2d🎉").value
    assert change.origin == "ü\ud800"
