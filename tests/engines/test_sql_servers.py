"""MariaDB as operators set it up: with TLS, with a table space that is full, with defaults of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.opening import open_engine
from tests.servers.mariadb import DATABASE, MariaDB
from tests.servers.tls import make_certificates


@pytest.fixture
def own(tmp_path):
    """A server of one's own, with settings of one's own."""
    servers = []

    def own(*settings):
        servers.append(MariaDB(tmp_path / "server", *settings, in_memory=False))
        return servers[-1].start()

    yield own
    for server in servers:
        server.kill()


@pytest.fixture
def open_store():
    opened = []

    def open_store(url, **more):
        opened.append(open_engine(url, **more))
        return opened[-1]

    yield open_store
    for engine in opened:
        engine.close()


@pytest.fixture
def secured(own, tmp_path):
    """A server with a certificate, that insists on TLS, and the directory of the certificates."""
    place = tmp_path / "tls"
    make_certificates(place)
    server = own(
        f"ssl-ca={place}/ca.crt",
        f"ssl-cert={place}/server.crt",
        f"ssl-key={place}/server.key",
        "require-secure-transport=ON",
        "bind-address=0.0.0.0",
    )
    return server, place


def test_a_server_whose_authority_is_known_is_trusted(secured, open_store):
    server, place = secured
    url = server.url("x") + f"&ssl_ca={place}/ca.crt&ssl_verify_identity=true"
    assert open_store(url).commit([Put("res/a", b"{}")]).revision == 1


def test_a_client_may_have_to_show_a_certificate(secured, open_store):
    server, place = secured
    with_tls = server.url("x") + f"&ssl_ca={place}/ca.crt&ssl_verify_identity=true"
    engine = open_store(with_tls)
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER shy@'%' IDENTIFIED BY 'geheim' REQUIRE X509")
        cursor.execute(f"GRANT ALL ON {DATABASE}.* TO shy@'%'")
    connection.close()
    shy = with_tls.replace("mastractl:a%20pass%2Fword%40with%3Amarks@", "shy:geheim@")
    with pytest.raises(errors.StorageConnectionError):
        open_engine(shy)
    shown = f"&ssl_cert={place}/client.crt&ssl_key={place}/client.key"
    assert open_store(shy + shown).identity == engine.identity


def test_a_server_of_an_unknown_authority_is_not_trusted(secured, tmp_path):
    server, _ = secured
    make_certificates(tmp_path / "other")
    with pytest.raises(errors.StorageConnectionError, match="certificate") as caught:
        open_engine(server.url("x") + f"&ssl_ca={tmp_path}/other/ca.crt&ssl_verify_identity=true")
    assert "ssl_ca=/path/ca.pem" in caught.value.hint


def test_a_server_of_another_name_is_not_trusted(secured):
    server, place = secured
    url = server.url("x").replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(errors.StorageConnectionError, match=r"127\.0\.0\.2"):
        open_engine(url + f"&ssl_ca={place}/ca.crt&ssl_verify_identity=true")


def test_to_do_without_tls_where_it_is_insisted_on_is_explained(secured):
    server, _ = secured
    with pytest.raises(errors.StorageConnectionError) as caught:
        open_engine(server.url("x") + "&ssl_disabled=true")
    assert "ssl_ca=/path/ca.pem" in caught.value.hint


def test_a_full_table_space_takes_nothing_and_loses_nothing(own, open_store):
    server = own("innodb-file-per-table=0", "innodb-data-file-path=ibdata1:12M:autoextend:max:28M")
    engine = open_store(server.url("x"))
    written = 0

    def write():
        nonlocal written
        while written < 100:
            engine.commit([Put(f"res/n{written:03}", b'{"x":"' + b"x" * 1_000_000 + b'"}')])
            written += 1

    with pytest.raises(errors.StorageFull, match="no space left"):
        write()
    assert written > 2
    assert engine.revision() == written
    assert len(engine.range("").entries) == written
    assert list(engine.check()) == []
    server.settings[-1] = "innodb-data-file-path=ibdata1:12M:autoextend"
    server.restart()
    assert engine.commit([Delete("res/n000"), Delete("res/n001")]).revision == written + 1


@pytest.mark.parametrize(
    "settings",
    [
        ["transaction-isolation=READ-UNCOMMITTED"],
        ["transaction-isolation=SERIALIZABLE"],
        ["innodb-snapshot-isolation=ON"],
        ["innodb-rollback-on-timeout=ON", "autocommit=0", "completion-type=CHAIN"],
        ["sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES"],
        ["character-set-server=latin1", "collation-server=latin1_german1_ci"],
    ],
    ids=lambda settings: settings[0],
)
def test_settings_of_the_server_change_nothing(own, open_store, settings):
    """Racing handles lose nothing, and odd bytes come back, whatever the defaults of a session are."""
    server = own(*settings)
    handles = [open_store(server.url("x")) for _ in range(3)]
    odd = b'{"n":"%d\\\\\\"\'\x00\xff\xc3\x28"}'

    def write(which):
        for number in range(15):
            value = odd % (10 * number + which)
            handles[which].commit([Put("res/Ä'\\", value), Put(f"res/n{which}", value)])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    told = handles[0].changes(0, limit=0).changes
    assert [change.revision for change in told] == [n for r in range(1, 46) for n in (r, r)]
    assert handles[1].get("res/n2").value == odd % 142
    assert handles[1].get("res/ä'\\") is None
    assert list(handles[2].check()) == []
