"""What a URL of etcd may say, and what is said of one that leads nowhere, or to somebody else's."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.etcd import EtcdEngine
from mastractl.engines.etcd.address import parse
from mastractl.engines.opening import open_engine
from tests.servers.base import free_port, shared
from tests.servers.etcd import PASSWORD, Etcd, QuickEtcd
from tests.servers.tls import make_certificates


class SafeEtcd(Etcd):
    """With TLS, and users."""

    name = "etcd-safe"

    def __init__(self, directory):
        super().__init__(directory, fsync=False, tls=True, auth=True)


class TlsEtcd(Etcd):
    name = "etcd-tls"

    def __init__(self, directory):
        super().__init__(directory, fsync=False, tls=True)


@pytest.fixture
def server():
    return shared(QuickEtcd)


@pytest.fixture
def safe():
    return shared(SafeEtcd)


@pytest.fixture
def opening():
    opened = []

    def opening(url, **more):
        opened.append(open_engine(url, **more))
        return opened[-1]

    yield opening
    for engine in opened:
        engine.close()


@contextlib.contextmanager
def answering(data):
    """The port of a server that says the same to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def refused(url, error=errors.StorageConnectionError, **more):
    with pytest.raises(error) as caught:
        open_engine(url, **more).close()
    assert PASSWORD not in str(caught.value) + caught.value.hint
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_url_is_taken_apart():
    url = (
        "etcds://me:p%40ss@a.example:1,[::1]:2,b/team/store/?cacert=/ca&timeout=5&connect_timeout=1&grace=60"
    )
    found = parse(url)
    assert found.endpoints == (("a.example", 1), ("::1", 2), ("b", 2379))
    assert (found.user, found.password, found.prefix, found.tls) == ("me", "p@ss", "/team/store", True)
    assert found.files == {"cacert": "/ca"}
    assert (found.timeout, found.connect_timeout, found.grace) == (5.0, 1.0, 60.0)
    assert "p%40ss" not in found.shown
    assert parse("etcd://h").prefix == parse("etcd://h/").prefix == "/mastractl"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("etcd:host:2379", "etcd://host:2379/prefix"),
        ("etcd://", "host"),
        ("etcd:///prefix", "host"),
        ("etcd://a,,b/x", "host"),
        ("etcd://a:port/x", "host"),
        ("etcd://a/x//y", "empty segment"),
        ("etcd://a/x%00y", "control character"),
        ("etcd://a/x#y", "%23"),
        ("etcd://a/x?prefix=y", "cacert, cert, key, connect_timeout, timeout, grace, max_request_bytes"),
        ("etcd://a/x?cacert=y", "etcds://"),
        ("etcds://a/x?key=y", "cert="),
        ("etcd://a/x?timeout=soon", "timeout=soon"),
        ("etcd://a/x?timeout=nan", "timeout=nan"),
        ("etcd://a/x?grace=0", "grace=0"),
        ("etcds://a/x?cacert=/does/not/exist", "/does/not/exist"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_with_what_does(url, said):
    assert said in refused(url, errors.ConfigError)


def test_a_password_is_never_shown(safe):
    wrong = safe.url("x").replace(f":{PASSWORD}@", ":wr0ng@")
    told = refused(wrong)
    assert "authentication failed" in told
    assert "user and password" in told
    assert "wr0ng" not in told


def test_nobody_there():
    told = refused(f"etcd://127.0.0.1:{free_port()}/x?connect_timeout=2")
    assert "cannot be reached" in told
    assert "running" in told


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Welcome</body></html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[42]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"-ERR unknown command 'POST'\r\n",
        b"\x00\xff" * 50 + b"\n",
    ],
    ids=["404", "page", "json", "chunks", "ssh", "redis", "bytes"],
)
def test_somebody_else_there(data):
    with answering(data) as port:
        told = refused(f"etcd://127.0.0.1:{port}/x")
    assert "not the gateway of etcd v3" in told
    assert "--enable-grpc-gateway" in told
    assert "Welcome" not in told


def test_an_etcd_without_the_gateway(tmp_path):
    server = Etcd(tmp_path, fsync=False, arguments=["--enable-grpc-gateway=false"]).start()
    try:
        assert "--enable-grpc-gateway" in refused(server.url("x"))
    finally:
        server.kill()


def test_tls_and_users(safe, opening):
    engine = opening(safe.url("x"))
    engine.commit([Put("res/a", b"{}")])
    assert engine.wait(0, 5)
    assert len(opening(safe.url("x")).changes(0).changes) == 1
    assert engine.health().writable
    assert engine.health().problems == ()


def test_a_wait_over_tls_is_woken(opening):
    server = shared(TlsEtcd)
    engine, other = opening(server.url("y")), opening(server.url("y"))
    for number in range(5):
        other.commit([Put("res/a", b'{"n":%d}' % number)])
        assert engine.wait(number, 20)


def test_tls_that_does_not_fit(safe, server, tmp_path):
    port, at = safe.port, safe.certificates
    login = f"mastra:{PASSWORD}@127.0.0.1"
    make_certificates(tmp_path)
    assert "write etcds://" in refused(f"etcd://{login}:{port}/mastra/x")
    assert "write etcd://" in refused(f"etcds://127.0.0.1:{server.port}/x")
    assert "cacert=" in refused(f"etcds://{login}:{port}/mastra/x")
    assert "cacert=" in refused(f"etcds://{login}:{port}/mastra/x?cacert={tmp_path / 'ca.crt'}")
    assert "cert=" in refused(f"etcds://{login}:{port}/mastra/x?cacert={at / 'ca.crt'}")
    mine = f"cacert={at / 'ca.crt'}&cert={tmp_path / 'client.crt'}&key={tmp_path / 'client.key'}"
    assert "cert=" in refused(f"etcds://{login}:{port}/mastra/x?{mine}")
    named = f"cacert={at / 'ca.crt'}&cert={at / 'server.crt'}&key={at / 'server.key'}"
    assert "common name" in refused(f"etcds://{login}:{port}/mastra/x?{named}")


def test_a_host_must_be_the_one_in_the_certificate(opening, tmp_path):
    server = shared(TlsEtcd)
    url = server.url("z")
    opening(url.replace("127.0.0.1", "localhost"))
    assert "cacert=" in refused(url.replace("127.0.0.1", "127.0.0.2"))


def test_users_that_may_not(safe, opening):
    url = safe.url("x")
    assert "user:password@" in refused(url.replace(f"mastra:{PASSWORD}@", ""), errors.Forbidden)
    told = refused(url.replace("/mastra/x", "/other"), errors.Forbidden)
    assert "permission denied" in told
    assert "grant-permission" in told


def test_one_who_may_only_read_reads(safe, opening):
    opening(safe.url("r")).commit([Put("res/a", b"{}", expires_at=1e10)])
    token = safe.token()

    def admin(path, body):
        assert safe.call(f"/v3/auth/{path}", body, token=safe.token())[0] == 200

    del token
    admin("user/add", {"name": "reader", "password": PASSWORD})
    admin("role/add", {"name": "reader"})
    # All under /mastra/, in base64.
    admin("role/grant", {"name": "reader", "perm": {"key": "L21hc3RyYS8=", "range_end": "L21hc3RyYTA="}})
    admin("user/grant", {"user": "reader", "role": "reader"})
    engine = opening(safe.url("r").replace("mastra:", "reader:"))
    assert len(engine.range("").entries) == 1
    with pytest.raises(errors.Forbidden):
        engine.commit([Put("res/a", b'{"a":1}')])
    assert engine.revision() == 1


def test_a_store_that_is_not_there_is_not_made_by_a_reader(server, opening):
    store = server.new_store()
    told = refused(server.url(store), read_only=True)
    assert f"there is no store at etcd://127.0.0.1:{server.port}/{store}" in told
    assert "a first write makes it" in told
    assert server.keys(f"/{store}/") == {}
    opening(server.url(store)).commit([Put("res/a", b"{}")])
    reader = opening(server.url(store), read_only=True)
    assert len(reader.range("").entries) == 1
    assert not reader.health().writable
    for call in (lambda: reader.commit([]), lambda: reader.compact(0)):
        with pytest.raises(errors.Forbidden):
            call()


def test_another_programs_keys_are_left_alone(server):
    store = server.new_store()
    server.put(f"/{store}/registry/pods/x", "theirs")
    told = refused(server.url(store), errors.StorageValidationError)
    assert f"/{store}/registry/pods/x" in told
    assert server.keys(f"/{store}/") == {f"/{store}/registry/pods/x": b"theirs"}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_of_a_newer_format_is_left_alone(server, read_only):
    store = server.new_store()
    head = json.dumps({"format": 2, "identity": "x", "novelty": True})
    server.put(f"/{store}/head", head)
    told = refused(server.url(store), errors.StorageValidationError, read_only=read_only)
    assert "written by a newer mastractl (format 2; this one knows 1)" in told
    assert server.keys(f"/{store}/") == {f"/{store}/head": head.encode()}


@pytest.mark.parametrize("head", ["", "null", "[]", "{}", '{"format":1}', '{"format":"x"}', "\x00"])
def test_a_head_that_is_none(server, head):
    store = server.new_store()
    server.put(f"/{store}/head", head)
    assert f"/{store}/head" in refused(server.url(store), errors.StorageValidationError)


def test_what_cannot_be_understood_says_where_it_is(server, opening):
    store = server.new_store()
    engine = opening(server.url(store))
    engine.commit([Put("res/a", b"{}")])
    server.put(f"/{store}/kv/res/b", "not ours")
    with pytest.raises(errors.StorageValidationError, match=f"/{store}/kv/res/b"):
        engine.range("")
    server.put(f"/{store}/log/0000000000000001", "zzz")
    with pytest.raises(errors.StorageValidationError, match=f"/{store}/log/0000000000000001"):
        engine.changes(0)
    server.delete(f"/{store}/log/")
    with pytest.raises(errors.StorageValidationError, match="no line for revision 1"):
        engine.changes(0)


@pytest.mark.parametrize("anew", [False, True], ids=["wiped", "replaced"])
def test_no_commit_goes_into_the_void_or_to_a_stranger(server, opening, anew):
    store = server.new_store()
    engine = opening(server.url(store))
    engine.commit([Put("res/a", b"{}")])
    server.delete(f"/{store}/")
    if anew:
        opening(server.url(store)).commit([Put("res/a", b"{}")])
    before = server.keys(f"/{store}/")
    for call in (
        lambda: engine.commit([Put("res/a", b'{"a":1}')]),
        lambda: engine.commit([Put("res/new", b"{}")]),
        lambda: engine.range(""),
        lambda: engine.changes(0),
        lambda: engine.compact(1),
        engine.revision,
        engine.health,
    ):
        with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
            call()
    assert server.keys(f"/{store}/") == before


def test_two_stores_in_one_cluster_do_not_meet(server, opening):
    store = server.new_store()
    one, two = opening(server.url(store)), opening(server.url(f"{store}x"))
    one.commit([Put("res/a", b"{}")])
    assert two.revision() == 0
    assert two.range("").entries == ()
    assert one.identity != two.identity


def test_of_many_who_open_a_new_store_all_open_the_same(server):
    from concurrent.futures import ThreadPoolExecutor

    url = server.url(server.new_store())
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(lambda _: EtcdEngine(url), range(6)))
    assert len({engine.identity for engine in engines}) == 1
    for engine in engines:
        engine.close()
