"""What the tests of the Redis engine share: handles that are closed, servers of a test's own."""

from __future__ import annotations

from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine
from mastractl.testing.engine_tests.foundation import document
from tests.servers.base import shared
from tests.servers.valkey import Valkey

HOME = "res/agent/default/"


def put(name, number, **more):
    return Put(HOME + name, document(number), **more)


class Stage:
    """Opens stores and starts servers, and ends them with the test."""

    def __init__(self, directory):
        self.directory = directory
        self.server = shared(Valkey)
        self.store = self.server.new_store()
        self.url = self.server.url(self.store)
        self._endings = []

    def open(self, url=None, **more):
        engine = open_engine(url or self.url, **more)
        self._endings.append(engine.close)
        return engine

    def serve(self, kind=Valkey, **options):
        """A server of this test's own, which `url` is of from now on."""
        self.server = kind(self.directory / f"server{len(self._endings)}", **options)
        self._endings.append(self.server.kill)
        self.server.start()
        self.url = self.server.url(self.store)
        return self.server

    def names(self):
        """The names of the store's keys, for hands that reach in from outside."""
        return [f"{{{self.store}}}:{name}" for name in ("store", "index", "log", "due")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in reversed(self._endings):
            end()
