"""The server behind `libsql://` URLs in tests: see `hrana_server`."""

from __future__ import annotations

import sys

from tests.servers import hrana_server
from tests.servers.base import Server, answers


class Hrana(Server):
    """One server in a process of its own; each store is a database of its own."""

    name = "hrana"

    def command(self):
        return [sys.executable, hrana_server.__file__, str(self.port), str(self.directory)]

    def ready(self):
        return answers(self.port)

    def url(self, store, *, port=None):
        at = port or self.port
        return f"libsql://127.0.0.1:{at}/dev/{store}?tls=0&authToken={hrana_server.TOKEN}"
