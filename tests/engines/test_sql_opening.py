"""How a store in an SQL database is found, made and refused: URLs, tables, rights, the server's settings."""

# ruff: noqa: S608 - names of tables cannot be parameters

from __future__ import annotations

import subprocess
import sys
import threading

import pymysql
import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.opening import open_engine
from mastractl.testing.clocks import FakeClock
from tests.engines.sql_stores import postgresql_url, sqlite_url
from tests.servers.base import free_port, shared
from tests.servers.mariadb import DATABASE, PASSWORD, MariaDB


@pytest.fixture
def server():
    return shared(MariaDB)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def url(server, store):
    return server.url(store)


@pytest.fixture
def sql(server):
    """Run a statement as another program does; its rows."""
    connection = server.connect()

    def run(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    yield run
    connection.close()


@pytest.fixture
def open_store():
    opened = []

    def open_store(url, **more):
        opened.append(open_engine(url, **more))
        return opened[-1]

    yield open_store
    for engine in opened:
        engine.close()


def tables(sql, store):
    return sorted(name for (name,) in sql("SHOW TABLES LIKE %s", store.replace("_", r"\_") + r"\_%"))


# URLs.


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sql:", "no URL"),
        ("sql:nonsense", "no URL"),
        ("sql:mysql://host", "names no database"),
        ("sql:sqlite://", "names no database"),
        ("sql:sqlite:///:memory:", "gone at once"),
        ("sql:oracle://host/db", "'oracle'"),
        ("sql:mssql+pyodbc://host/db", "'mssql.pyodbc'"),
        ("sql:mysql+mysqldb://host/db", "'mysql.mysqldb'"),
        ("sql:mysql://host/db?prefix=Robert'); DROP", "prefix"),
        ("sql:mysql://host/db?prefix=", "prefix"),
        ("sql:mysql://host/db?prefix=" + "x" * 41, "prefix"),
        ("sql:mysql://host/db?sslca=x", "not known: sslca"),
        ("sql:mysql://host/db?local_infile=1", "not known: local_infile"),
        ("sql:mysql://host/db?read_timeout=soon", "read_timeout"),
        ("sql:mysql://host/db?read_timeout=0", "read_timeout"),
        ("sql:mysql://host/db?ssl_verify_cert=perhaps", "true or false"),
        ("sql:postgresql://host/db?schema=x", "not known: schema"),
        ("sql:sqlite:////tmp/x?mode=ro", "not known: mode"),
        ("sql:mysql://host:port/db", "no URL"),
    ],
)
def test_a_url_that_does_not_do_is_a_configuration_error(url, words):
    with pytest.raises(errors.ConfigError, match=words) as caught:
        open_engine(url)
    assert caught.value.exit_code == 2


def test_what_is_proven_is_said():
    with pytest.raises(errors.ConfigError) as caught:
        open_engine("sql:cockroachdb://host/db")
    assert all(name in caught.value.hint for name in ("mysql:", "mariadb:", "postgresql:", "sqlite:"))


@pytest.mark.parametrize("wrong", ["sslca=x", "connect_timeout=0", "prefix=9"])
def test_no_message_about_a_url_holds_its_password(wrong):
    with pytest.raises(errors.ConfigError) as caught:
        open_engine(f"sql:mysql://me:geheim@host/db?ssl_key_password=auch&{wrong}")
    assert "geheim" not in str(caught.value.to_status())
    assert "auch" not in str(caught.value.to_status())
    assert "host/db" in caught.value.message


@pytest.mark.parametrize(
    ("driver", "url", "extra"),
    [
        ("pymysql", "sql:mysql://host/db", "mastractl[sql]"),
        ("psycopg", "sql:postgresql://host/db", "mastractl[sql,postgres]"),
        ("sqlalchemy", "sql:sqlite:///x", "mastractl[sql]"),
    ],
)
def test_a_driver_that_is_not_installed_is_named_with_its_extra(driver, url, extra):
    program = f"""
import sys
sys.modules[{driver!r}] = None
from mastractl import errors
from mastractl.engines.opening import open_engine
try:
    open_engine({url!r})
except errors.ConfigError as error:
    print(error.message, error.hint)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert driver in told
    assert extra in told


def test_mariadb_is_a_name_for_the_same(url, open_store):
    open_store(url).commit([Put("res/a", b"{}")])
    assert open_store(url.replace("mysql://", "mariadb+pymysql://")).get("res/a")


def test_parameters_reach_the_driver(server, store, sql, open_store):
    open_store(server.url(store) + "&program_name=somebody&read_timeout=7")
    assert open_store(server.url(store) + "&ssl_disabled=true").revision() == 0
    by_socket = server.url(store, port=free_port()) + f"&unix_socket={server.directory}/socket"
    assert open_store(by_socket).revision() == 0


# Reaching the server.


def refused(url, **more):
    with pytest.raises(errors.StorageConnectionError) as caught:
        open_engine(url, **more)
    error = caught.value
    assert "pass%2Fword" not in error.message
    assert PASSWORD not in str(error.to_status())
    return error


def test_a_server_that_is_not_there_is_named_with_what_to_look_at(store):
    port = free_port()
    error = refused(f"sql:mysql://me:secret@127.0.0.1:{port}/db")
    assert f"127.0.0.1:{port}" in error.hint
    assert "sql:mysql://me:***@127.0.0.1" in error.message


def test_a_wrong_password_and_a_wrong_database_have_hints_of_their_own(server, store):
    good = server.url(store)
    assert "%40" in refused(good.replace("a%20pass", "no%20pass")).hint
    assert "CREATE DATABASE `elsewhere`" in refused(good.replace(f"/{DATABASE}?", "/elsewhere?")).hint


def test_tls_that_cannot_be_had_is_explained(server, store):
    error = refused(server.url(store) + "&ssl_ca=/nowhere/ca.pem&ssl_verify_identity=true")
    assert "ssl_ca=/path/ca.pem" in error.hint


def test_postgresql_explains_itself_too():
    url = postgresql_url()
    assert "listen_addresses" in refused(f"sql:postgresql://postgres@127.0.0.1:{free_port()}/postgres").hint
    assert "CREATE DATABASE" in refused(url.replace("/postgres?", "/elsewhere?")).hint


def test_sqlite_explains_itself_too(tmp_path):
    assert "directory" in refused(sqlite_url(tmp_path / "missing")).hint
    (tmp_path / "store.db").write_text("This is no database, and long enough to be taken for none." * 20)
    with pytest.raises(errors.StorageValidationError, match="no database"):
        open_engine(sqlite_url(tmp_path))


# Tables.


def test_two_prefixes_are_two_stores(server, open_store):
    one, two = (open_store(server.url(server.new_store())) for _ in range(2))
    one.commit([Put("res/a", b"{}")])
    assert (one.revision(), two.revision()) == (1, 0)
    assert one.identity != two.identity


def test_opened_for_reading_only_nothing_is_made(url, store, sql):
    error = refused(url, read_only=True)
    assert "no store" in error.message
    assert tables(sql, store) == []


def test_a_store_opened_for_reading_only_is_read(url, open_store):
    clock = FakeClock()
    writer = open_store(url, clock=clock)
    writer.commit([Put("res/a", b"{}"), Put("res/b", b"{}", expires_at=clock.now() + 1)])
    reader = open_store(url, clock=clock, read_only=True)
    assert len(reader.range("").entries) == 2
    clock.advance(1)
    assert [entry.key for entry in reader.range("").entries] == ["res/a"]
    assert reader.get("res/b") is None
    assert reader.revision() == 1, "what is due is hidden, and not removed"
    assert not reader.health().writable
    for call in (lambda: reader.commit([Delete("res/a")]), lambda: reader.compact(1)):
        with pytest.raises(errors.Forbidden, match="reading only"):
            call()


@pytest.mark.parametrize("table", ["head", "log", "current"])
def test_a_table_of_another_program_is_refused_untouched(url, store, sql, table):
    sql(f"CREATE TABLE {store}_{table} (id INT, value TEXT)")
    with pytest.raises(errors.StorageValidationError, match="another program") as caught:
        open_engine(url)
    assert "prefix" in caught.value.hint
    assert tables(sql, store) == [f"{store}_{table}"]


def test_a_newer_format_is_refused_untouched(url, store, sql, open_store):
    open_store(url).commit([Put("res/a", b"{}")])
    sql(f"ALTER TABLE {store}_log ADD COLUMN novelty INT")
    sql(f"ALTER TABLE {store}_head ADD COLUMN novelty INT")
    sql(f"UPDATE {store}_head SET format = 2")
    before = sql(f"SELECT * FROM {store}_head")
    with pytest.raises(
        errors.StorageValidationError, match=r"newer mastractl \(format 2; this one knows 1\)"
    ):
        open_engine(url)
    assert sql(f"SELECT * FROM {store}_head") == before


@pytest.mark.parametrize("made", [0, 1, 2, 3])
def test_a_crash_while_tables_are_made_is_made_good(url, store, sql, open_store, made):
    """Whatever was there when the maker died: the tables up to any, and no row of the head."""
    open_store(url)
    sql(f"DELETE FROM {store}_head")
    for name in ("log", "current", "head")[made:]:
        sql(f"DROP TABLE {store}_{name}")
    engine = open_store(url)
    assert engine.commit([Put("res/a", b"{}")]).revision == 1
    assert list(engine.check()) == []


@pytest.mark.parametrize("new_url", [lambda: None, postgresql_url], ids=["mariadb", "postgresql"])
def test_many_who_open_a_new_store_at_once_open_one(url, new_url, open_store):
    where = new_url() or url
    start = threading.Barrier(5)
    opened = []

    def open_it():
        start.wait()
        opened.append(open_store(where))

    threads = [threading.Thread(target=open_it) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({engine.identity for engine in opened}) == 1
    assert len(opened) == 5
    assert [engine.commit([Put(f"res/n{n}", b"{}")]).revision for n, engine in enumerate(opened)] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_tables_without_transactions_are_refused(url, store, sql, open_store):
    open_store(url)
    sql(f"ALTER TABLE {store}_log ENGINE = MyISAM")
    with pytest.raises(errors.StorageValidationError, match="MyISAM") as caught:
        open_engine(url)
    assert caught.value.hint == f"ALTER TABLE {store}_log ENGINE = InnoDB"


def test_a_store_that_was_removed_or_replaced_takes_no_commit(url, store, sql, open_store):
    engine = open_store(url)
    engine.commit([Put("res/a", b"{}")])
    for name in ("log", "current", "head"):
        sql(f"DROP TABLE {store}_{name}")
    for call in (
        lambda: engine.commit([Put("res/a", b'{"a":1}')]),
        lambda: engine.range(""),
        engine.revision,
    ):
        with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
            call()
    stranger = open_store(url)
    stranger.commit([Put("res/b", b"{}")])
    for call in (
        lambda: engine.commit([Put("res/a", b'{"a":1}')]),
        lambda: engine.range(""),
        engine.revision,
    ):
        with pytest.raises(errors.StorageConnectionError, match="replaced by another"):
            call()
    assert [entry.key for entry in stranger.range("").entries] == ["res/b"]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_removed_or_replaced_takes_no_commit(tmp_path, open_store, replaced):
    engine = open_store(sqlite_url(tmp_path))
    engine.commit([Put("res/a", b"{}")])
    for file in tmp_path.glob("store.db*"):
        file.rename(file.with_name(f"old-{file.name}"))
    if replaced:
        open_store(sqlite_url(tmp_path))
    for call in (lambda: engine.commit([Put("res/b", b"{}")]), lambda: engine.range(""), engine.revision):
        with pytest.raises(errors.StorageConnectionError, match="removed or replaced"):
            call()
    assert (tmp_path / "store.db").exists() == replaced


def test_tables_that_were_emptied_take_no_commit(url, store, sql, open_store):
    engine = open_store(url)
    for name in ("log", "current", "head"):
        sql(f"TRUNCATE {store}_{name}")
    with pytest.raises(errors.StorageConnectionError):
        engine.commit([Put("res/a", b"{}")])
    assert sql(f"SELECT COUNT(*) FROM {store}_log") == ((0,),)


# Rights.


@pytest.fixture
def as_user(server, sql, store):
    """The URL of the store for a new user with these rights in the database."""

    def as_user(rights):
        name = f"u{store}"
        sql(f"CREATE USER '{name}'@'%' IDENTIFIED BY 'geheim'")
        if rights:
            sql(f"GRANT {rights} ON {DATABASE}.* TO '{name}'@'%'")
        return f"sql:mysql://{name}:geheim@127.0.0.1:{server.port}/{DATABASE}?prefix={store}_"

    return as_user


def test_a_user_without_rights_is_told_what_to_ask_for(as_user):
    with pytest.raises(errors.MastraError) as caught:
        open_engine(as_user(""))
    assert isinstance(caught.value, errors.Forbidden)
    assert "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON" in caught.value.hint


def test_a_user_who_may_not_create_is_told_what_to_ask_for(as_user, sql, store):
    with pytest.raises(errors.Forbidden) as caught:
        open_engine(as_user("SELECT, INSERT, UPDATE, DELETE"))
    assert "CREATE ON" in caught.value.hint
    assert tables(sql, store) == []


@pytest.mark.parametrize("read_only", [True, False])
def test_a_user_who_may_only_read_reads(url, as_user, open_store, read_only):
    clock = FakeClock()
    open_store(url, clock=clock).commit(
        [Put("res/a", b"{}"), Put("res/b", b"{}", expires_at=clock.now() + 1)]
    )
    clock.advance(1)
    reader = open_store(as_user("SELECT"), clock=clock, read_only=read_only)
    assert [entry.key for entry in reader.range("").entries] == ["res/a"]
    assert len(reader.changes(0).changes) == 2
    assert reader.revision() == 1
    assert not reader.health().writable
    with pytest.raises(errors.Forbidden):
        reader.commit([Delete("res/a")])


def test_the_rights_that_are_asked_for_suffice(as_user, open_store):
    engine = open_store(as_user("SELECT, INSERT, UPDATE, DELETE, CREATE"))
    engine.commit([Put("res/a", b"{}")])
    engine.commit([Delete("res/a")])
    engine.compact(2)
    assert engine.health().writable


# What the server's settings promise.


@pytest.fixture
def own(tmp_path):
    """A server of one's own, whose settings may be changed."""
    server = MariaDB(tmp_path / "server", in_memory=False)
    yield server
    server.kill()


def test_a_server_that_does_not_flush_is_not_durable_and_says_why(own, open_store):
    own.settings = ["innodb-flush-log-at-trx-commit=2"]
    engine = open_store(own.start().url("x"))
    assert not engine.capabilities.durable
    (problem,) = engine.health().problems
    assert "innodb_flush_log_at_trx_commit = 2" in problem.message
    assert "SET GLOBAL innodb_flush_log_at_trx_commit = 1" in problem.hint
    assert "geheim" not in problem.location


def test_a_binary_log_that_is_not_synchronised_is_not_durable_and_says_why(own, open_store):
    """After a power failure the server rolls back what its binary log does not have."""
    own.settings = [f"log-bin={own.directory}/binlog", "sync-binlog=0", "binlog-format=STATEMENT"]
    engine = open_store(own.start().url("x"))
    assert [problem.hint.split(",")[0] for problem in engine.health().problems] == [
        "SET GLOBAL sync_binlog = 1"
    ]
    engine.commit([Put("res/a", b"{}")])  # which a statement-based log must not hinder
    connection = own.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET GLOBAL sync_binlog = 1")
    connection.close()
    assert engine.health().problems == ()
    assert open_store(own.url("x")).capabilities.durable


def test_a_server_that_takes_no_writes_says_so(own, open_store):
    writer = own.start().url("x")
    open_store(writer).commit([Put("res/a", b"{}")])
    connection = own.connect()
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER app IDENTIFIED BY 'geheim'")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON {DATABASE}.* TO app")
        cursor.execute("SET GLOBAL read_only = 1")
    connection.close()
    engine = open_store(f"sql:mysql://app:geheim@127.0.0.1:{own.port}/{DATABASE}?prefix=x_")
    assert engine.get("res/a")
    assert not engine.health().writable
    with pytest.raises(errors.Forbidden, match="takes no writes"):
        engine.commit([Delete("res/a")])


def test_small_packets_make_small_values(own, open_store):
    own.settings = ["max-allowed-packet=1M"]
    engine = open_store(own.start().url("x"))
    most = engine.capabilities.max_value
    assert most == (1024 * 1024 - 65536) // 2
    worst = b'{"' + b'"' * (most - 2)  # every byte of which is escaped
    engine.commit([Put("res/a", worst), Put("res/b", worst)])
    engine.commit([Put("res/a", worst[:-1])])
    assert [len(change.entry.value) for change in engine.changes(0).changes] == [most, most, most - 1]
    engine.commit([Put(f"res/n{n}", b'{"' + b"x" * 50_000) for n in range(100)])
    assert len(engine.range("").entries) == 102
    with pytest.raises(errors.TooLarge):
        engine.commit([Put("res/a", worst + b"x")])


def test_health_says_what_kind_of_server_it_is(url, open_store):
    details = dict(open_store(url).health().details)
    assert details["server"].startswith("MariaDB 1")
    assert details["database"] == DATABASE
    assert details["innodb_flush_log_at_trx_commit"] == "1"
    assert details["size"].endswith("MiB")
    assert PASSWORD not in str(details)


def test_a_server_without_room_for_connections_says_so(own):
    own.settings = ["max-connections=10"]
    own.start()
    held = []
    try:
        with pytest.raises(pymysql.err.OperationalError):
            held.extend(own.connect() for _ in range(20))
        while True:
            try:
                held.append(own.connect())
            except pymysql.err.OperationalError:
                break
        assert "max_connections" in refused(own.url("x")).hint
    finally:
        for connection in held:
            connection.close()


def test_the_head_without_its_row_is_not_opened_for_reading(url, store, sql, open_store):
    open_store(url)
    sql(f"DELETE FROM {store}_head")
    assert "no store" in refused(url, read_only=True).message
