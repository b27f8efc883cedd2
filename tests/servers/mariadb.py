"""MariaDB, as the distribution packages it, for the engine `sql:`."""

from __future__ import annotations

import atexit
import getpass
import shutil
import subprocess
import tempfile
from pathlib import Path

import pymysql

from tests.servers.base import Server, required

USER, PASSWORD, DATABASE = "mastractl", "a pass/word@with:marks", "mastractl"
"""The password needs escaping in a URL, so that every test shows that it is escaped."""

_MEMORY = "/dev/shm"
_ENOUGH = 1 << 30

_ESCAPED = "a%20pass%2Fword%40with%3Amarks"

_HINT = "apt-get install mariadb-server"

_FIRST = f"""
CREATE DATABASE IF NOT EXISTS {DATABASE};
CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;
"""
"""Read by the server at each start, before it takes connections."""


class MariaDB(Server):
    """A server with durable commits and little memory. Its user may do everything, over TCP on the loopback.

    A store is a table prefix in one database. `settings` are further options of the server, without `--`;
    they may be changed between `stop` and `start`. With `in_memory` its data is kept in memory where that can
    be, until all tests end: a kill -9 loses nothing of it, and many tables are made quickly.
    """

    name = "mariadb"

    def __init__(self, directory, *settings, in_memory=True):
        super().__init__(directory)
        self.settings = list(settings)
        roomy = in_memory and Path(_MEMORY).is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
        self._where = _MEMORY if roomy else None
        self._place = self.directory

    def prepare(self):
        if self._where:
            self._place = Path(tempfile.mkdtemp(prefix="mastractl-mariadb-", dir=self._where))
            atexit.register(self._remove)
        install = required("mariadb-install-db", _HINT)
        required("mariadbd", _HINT)
        (self.directory / "first.sql").write_text(_FIRST)
        made = subprocess.run(
            [
                install,
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self._places(),
                *_SMALL,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(f"mariadb-install-db failed:\n{made.stdout}{made.stderr}")

    def command(self):
        return [
            required("mariadbd", _HINT),
            "--no-defaults",
            *self._places(),
            *_SMALL,
            f"--socket={self.directory / 'socket'}",
            f"--pid-file={self.directory / 'pid'}",
            f"--init-file={self.directory / 'first.sql'}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--max-connections=400",
            "--innodb-flush-log-at-trx-commit=1",
            *[f"--{setting}" for setting in self.settings],
        ]

    def ready(self):
        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def url(self, store, *, port=None):
        return f"sql:mysql://{USER}:{_ESCAPED}@127.0.0.1:{port or self.port}/{DATABASE}?prefix={store}_"

    def connect(self, *, port=None, **settings):
        """A raw connection of the user who may do everything, committing each statement."""
        return pymysql.connect(
            **{
                "host": "127.0.0.1",
                "port": port or self.port,
                "user": USER,
                "password": PASSWORD,
                "database": DATABASE,
                "autocommit": True,
                "connect_timeout": 10,
                **settings,
            }
        )

    def _remove(self):
        self.kill()
        shutil.rmtree(self._place, ignore_errors=True)

    def _places(self):
        # Root has to be named; a change of the user would besides undo what ends the server with its test.
        # A server that starts removes what looks like a temporary table of its own, whosever it is.
        temporary = self._place / "tmp"
        temporary.mkdir(exist_ok=True)
        return [
            f"--datadir={self._place / 'data'}",
            f"--tmpdir={temporary}",
            f"--user={getpass.getuser()}",
        ]


_SMALL = [
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=1M",
]
