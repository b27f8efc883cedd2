"""Opening a store on PostgreSQL: what is made, what is refused, and what people are told to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine
from mastractl.engines.postgresql import PostgresEngine, migrations
from mastractl.testing.clocks import FakeClock
from tests.servers.base import free_port, shared
from tests.servers.postgresql import Postgres, TlsFront
from tests.servers.tls import Authority


@pytest.fixture
def server():
    return shared(Postgres)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def open_store(server, store):
    opened = []

    def open_store(url=None, **more):
        opened.append(PostgresEngine(url or server.url(store), clock=FakeClock(), **more))
        return opened[-1]

    yield open_store
    for engine in opened:
        engine.close()


@pytest.fixture
def role(server):
    """A role of its own that may connect, and nothing else."""
    return server.role(server.new_store())


class TestWhatIsMade:
    def test_a_schema_with_the_tables(self, server, store, open_store):
        open_store().commit([Put("res/a", b"{}")])
        assert server.execute("SELECT revision, format FROM {store}.head", store=store) == [
            (1, migrations.FORMAT)
        ]

    def test_by_one_of_many_who_open_at_once(self, open_store):
        start = threading.Barrier(6)
        found, failed = [], []

        def open_one():
            start.wait()
            try:
                found.append(open_store().identity)
            except errors.MastraError as error:
                failed.append(error)

        threads = [threading.Thread(target=open_one) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(found) == 6
        assert len(set(found)) == 1

    def test_in_an_empty_schema_that_somebody_has_made(self, server, store, role, open_store):
        server.execute(f"CREATE SCHEMA {store} AUTHORIZATION {role}")
        assert open_store(server.url(store, user=role)).commit([Put("res/a", b"{}")]).revision == 1

    def test_nothing_if_it_is_only_to_be_read(self, server, store, open_store):
        with pytest.raises(errors.StorageConnectionError, match="there is no store") as caught:
            open_store(read_only=True)
        assert "first write makes it" in caught.value.hint
        assert server.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", store) == []

    def test_over_the_unix_socket_by_its_scheme(self, server, store, open_store):
        engine = open_engine(server.socket_url(store).replace("postgresql:", "postgres:"))
        try:
            assert engine.identity == open_store().identity
        finally:
            engine.close()

    def test_keys_sort_by_their_bytes_whatever_the_database_says(self, server, store, open_store):
        open_store()
        found = server.execute(
            "SELECT c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation WHERE"
            " a.attname = 'key' AND a.attrelid IN ('{store}.log'::regclass, '{store}.current'::regclass)",
            store=store,
        )
        assert found == [("C",), ("C",)]


class TestWhatIsRefused:
    def test_a_newer_format_and_nothing_is_changed(self, server, store, open_store):
        open_store().close()
        server.execute("UPDATE {store}.head SET format = 99", store=store)
        with pytest.raises(errors.StorageValidationError, match=r"newer mastractl \(format 99"):
            open_store()
        assert server.execute("SELECT format FROM {store}.head", store=store) == [(99,)]

    def test_tables_of_another_program(self, server, store, open_store):
        server.execute(f"CREATE SCHEMA {store}")
        server.execute(f"CREATE TABLE {store}.head (one integer)")
        with pytest.raises(errors.StorageValidationError, match="another program") as caught:
            open_store()
        assert "?schema=" in caught.value.hint
        assert server.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace", store
        ) == [("head",)]

    def test_a_database_whose_encoding_lacks_characters(self, server, store, open_store):
        server.execute(f"CREATE DATABASE {store} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
        with pytest.raises(errors.StorageConnectionError, match="LATIN1") as caught:
            open_store(server.url(store, database=store))
        assert "UTF8" in caught.value.hint

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("shema=x", "did you mean schema"),
            ("sslmod=require", "did you mean sslmode"),
            ("schema=", "no name of a schema"),
            ("schema=pg_catalog", "belongs to PostgreSQL"),
            ("pool=0", "no number above 0"),
            ("statement_timeout=soon", "no number above 0"),
            ("pooled=yes", "neither pooled=1 nor pooled=0"),
        ],
    )
    def test_a_parameter_that_makes_no_sense(self, query, said):
        with pytest.raises(errors.ConfigError, match=said):
            open_engine(f"postgresql://me:secret@localhost/db?{query}")

    @pytest.mark.parametrize(
        "rest",
        [
            "sec%ret@localhost/db",
            "secret@[::1/db",
            "secret@localhost:port/db",
            "secret@localhost:99999/db",
            "secret@localhost/db?sslmode=maybe",
            "secret@localhost/db?connect_timeout=soon",
            "secret@localhost/db?keepalives_idle=long",
            "secret@localhost/db?service=none",
        ],
    )
    def test_a_url_that_makes_no_sense_without_its_password(self, rest):
        with pytest.raises(errors.ConfigError) as caught:
            open_engine(f"postgresql://me:{rest}")
        assert "sec" not in str(caught.value) + caught.value.hint


class TestPermissions:
    def test_one_who_may_make_nothing_is_told_what_to_ask_for(self, server, store, role, open_store):
        with pytest.raises(errors.Forbidden) as caught:
            open_store(server.url(store, user=role))
        assert f'CREATE SCHEMA "{store}" AUTHORIZATION "{role}"' in caught.value.hint

    def test_one_who_may_not_look_is_told_what_to_ask_for(self, server, store, role, open_store):
        open_store()
        with pytest.raises(errors.Forbidden) as caught:
            open_store(server.url(store, user=role))
        assert f'GRANT USAGE ON SCHEMA "{store}"' in caught.value.hint

    def test_one_who_may_only_read_reads(self, server, store, role, open_store):
        writer = open_store()
        now = writer._clock.now()
        writer.commit([Put("res/a", b"{}"), Put("res/b", b"{}", expires_at=now)])
        server.execute(f"GRANT USAGE ON SCHEMA {store} TO {role}")
        server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {store} TO {role}")
        for read_only in (True, False):
            reader = open_store(server.url(store, user=role), read_only=read_only)
            page = reader.range("")
            assert (page.revision, [entry.key for entry in page.entries]) == (1, ["res/a"])
            assert reader.get("res/b") is None
            assert len(reader.changes(0).changes) == 2
            assert not reader.health().writable
            with pytest.raises(errors.Forbidden) as caught:
                reader.commit([Put("res/a", b'{"a":1}')])
            assert read_only or "GRANT USAGE" in caught.value.hint
        assert writer.revision() == 2

    def test_one_who_was_granted_all_writes(self, server, store, role, open_store):
        open_store()
        server.execute(f"GRANT USAGE ON SCHEMA {store} TO {role}")
        server.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {store} TO {role}")
        engine = open_store(server.url(store, user=role))
        now = engine._clock.now()
        assert engine.commit([Put("res/a", b"{}", expires_at=now)]).revision == 1
        assert engine.revision() == 2
        engine.compact(1)
        assert engine.health().writable

    def test_a_database_that_is_read_only(self, server, store, open_store):
        open_store()
        options = "&options=-c%20default_transaction_read_only%3Don"
        engine = open_store(server.url(store) + options)
        assert not engine.health().writable
        with pytest.raises(errors.Forbidden, match="takes no writes"):
            engine.commit([Put("res/a", b"{}")])


class TestWhoCannotComeIn:
    def test_with_a_wrong_password(self, server, store, open_store):
        name = server.role(server.new_store(), password="right-one", member_of="guarded")
        server.execute(f"CREATE SCHEMA {store} AUTHORIZATION {name}")
        assert open_store(server.url(store, user=f"{name}:right-one")).revision() == 0
        with pytest.raises(errors.StorageConnectionError, match="password was refused") as caught:
            open_store(server.url(store, user=f"{name}:wrong-one"))
        assert "PGPASSWORD" in caught.value.hint
        assert "wrong-one" not in str(caught.value)

    def test_without_a_password(self, server, store, open_store):
        name = server.role(server.new_store(), password="right-one", member_of="guarded")
        with pytest.raises(errors.StorageConnectionError, match="no password supplied") as caught:
            open_store(server.url(store, user=name))
        assert "PGPASSWORD" in caught.value.hint

    def test_as_nobody_known(self, server, store, open_store):
        with pytest.raises(errors.StorageConnectionError, match='role "stranger" does not exist') as caught:
            open_store(server.url(store, user="stranger"))
        assert "role" in caught.value.hint

    def test_to_a_database_that_is_not_there(self, server, store, open_store):
        with pytest.raises(errors.StorageConnectionError, match="no such database") as caught:
            open_store(server.url(store, database="nowhere"))
        assert "createdb nowhere" in caught.value.hint

    def test_where_nothing_listens(self, server, store, open_store):
        with pytest.raises(errors.StorageConnectionError, match="cannot be reached") as caught:
            open_store(server.url(store, user="me:secret", port=free_port()))
        assert "listen" in caught.value.hint
        assert "secret" not in str(caught.value)

    def test_where_nobody_answers(self, server, store, open_store):
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            url = server.url(store, port=deaf.getsockname()[1])
            with pytest.raises(errors.StorageConnectionError) as caught:
                open_store(url + "&connect_timeout=2")
        assert "connect_timeout" in caught.value.hint

    def test_at_a_host_that_does_not_exist(self, open_store):
        with pytest.raises(errors.StorageConnectionError) as caught:
            open_store("postgresql://me@nowhere.invalid/db")
        assert "host" in caught.value.hint

    def test_when_there_is_no_connection_left(self, server, store, open_store):
        name = server.role(server.new_store())
        server.execute(f"CREATE SCHEMA {store} AUTHORIZATION {name}")
        server.execute(f"ALTER ROLE {name} CONNECTION LIMIT 1")
        open_store(server.url(store, user=name)).revision()
        with pytest.raises(errors.Unavailable, match="no connection left") as caught:
            open_store(server.url(store, user=name))
        assert "max_connections" in caught.value.hint


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path):
        return Authority(tmp_path / "tls")

    @pytest.fixture
    def front(self, server, authority):
        with TlsFront(server.port, *authority.issue("server")) as front:
            yield front

    def test_a_certificate_that_is_known(self, server, store, open_store, front, authority):
        url = server.url(store, port=front.port) + f"&sslmode=verify-full&sslrootcert={authority.ca}"
        assert open_store(url).commit([Put("res/a", b"{}")]).revision == 1

    def test_a_certificate_that_nobody_vouches_for(self, server, store, open_store, front, tmp_path):
        other = Authority(tmp_path / "other", "another authority")
        url = server.url(store, port=front.port) + f"&sslmode=verify-full&sslrootcert={other.ca}"
        with pytest.raises(errors.StorageConnectionError, match="certificate verify failed") as caught:
            open_store(url)
        assert "sslrootcert=FILE" in caught.value.hint

    def test_a_certificate_of_another_host(self, server, store, open_store, authority):
        with TlsFront(server.port, *authority.issue("elsewhere", hosts=("elsewhere.example",))) as front:
            url = server.url(store, port=front.port) + f"&sslmode=verify-full&sslrootcert={authority.ca}"
            with pytest.raises(errors.StorageConnectionError, match="does not match") as caught:
                open_store(url)
        assert "name that is in the certificate" in caught.value.hint

    def test_a_server_that_has_none(self, server, store, open_store):
        with pytest.raises(errors.StorageConnectionError, match="does not support SSL") as caught:
            open_store(server.url(store) + "&sslmode=require")
        assert "sslmode=prefer" in caught.value.hint

    def test_a_server_that_wants_it(self, server, store, open_store):
        name = server.role(server.new_store(), member_of="shut")
        with pytest.raises(errors.StorageConnectionError, match=r"pg_hba\.conf rejects") as caught:
            open_store(server.url(store, user=name))
        assert "sslmode=require" in caught.value.hint


class TestPromises:
    def test_a_server_default_that_forgets_is_overruled(self, server, store, open_store):
        server.execute(f"CREATE DATABASE {store}")
        server.execute(f"ALTER DATABASE {store} SET synchronous_commit = off")
        engine = open_store(server.url(store, database=store))
        assert engine.capabilities.durable
        assert dict(engine.health().details)["synchronous_commit"] == "on"
        assert engine.health().problems == ()

    def test_who_asks_for_less_gets_less_and_is_told(self, server, store, open_store):
        engine = open_store(server.url(store) + "&options=-c%20synchronous_commit%3Doff")
        assert not engine.capabilities.durable
        (problem,) = engine.health().problems
        assert "synchronous_commit is off" in problem.message
        assert "URL" in problem.hint

    def test_a_server_that_does_not_write_to_the_disk(self, tmp_path):
        server = Postgres(tmp_path / "server", settings="fsync = off\nfull_page_writes = off").start()
        try:
            engine = PostgresEngine(server.url("fast"), clock=FakeClock())
            try:
                assert not engine.capabilities.durable
                told = [problem.message for problem in engine.health().problems]
                assert len(told) == 2
                assert told[0].startswith("fsync is off")
                assert told[1].startswith("full_page_writes is off")
            finally:
                engine.close()
        finally:
            server.stop()

    def test_health_tells_of_the_server(self, server, store, open_store):
        details = dict(open_store().health().details)
        assert details["server"].startswith("PostgreSQL ")
        assert (details["role"], details["database"], details["schema"]) == ("primary", "postgres", store)
        assert details["size"].split()[0].isdigit()

    def test_the_driver_is_not_loaded_for_other_stores(self):
        code = (
            "import sys, mastractl.engines.opening as opening; opening.open_engine('memory:');"
            " print('psycopg' in sys.modules)"
        )
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
        )
        assert found.stdout.strip() == "False"
