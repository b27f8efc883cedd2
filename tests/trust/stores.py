"""Every kind of store, in one list: how a new one is made, opened and, if it has a server, reached.

Servers here belong to these tests alone, so that they may be restarted and killed; each worker has one of a
kind, started when it is first asked for. Stores are new and empty.
"""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from mastractl.engines.opening import open_engine
from tests.servers.base import shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.base import Server


@dataclass(frozen=True)
class Place:
    """One new store: where it is and, if it has a server, which. `via(port)` is its URL by way of a proxy."""

    kind: Kind
    url: str
    server: Server | None = None
    via: Callable[[int], str] | None = None

    def open(self, **how):
        return open_engine(self.url, **how)

    def by_way_of(self, proxy):
        """The same store, reached through a proxy."""
        return replace(self, url=self.via(proxy.port))


@dataclass(frozen=True)
class Kind:
    """A kind of store. `server` is where its server is found, "" for none.

    `marker` gives what stands in the request that makes a commit, and in no other, as it goes over the wire.
    `terms` is added to the URL of a store that is reached by way of a proxy, which may hold bytes back: how
    long a call may take.
    """

    name: str
    local: str = ""
    server: str = ""
    marker: Callable[[], bytes] = bytes
    terms: str = ""

    def new(self, directory: Path) -> Place:
        """A new store: in the directory, or on the server of these tests."""
        if not self.server:
            return Place(self, f"{self.local}{directory / f'{self.name}-{next(_numbers)}'}")
        server = self.started()
        store = server.new_store()
        return Place(self, server.url(store), server, lambda port: server.url(store, port=port) + self.terms)

    def started(self) -> Server:
        """The running server of these tests."""
        server = shared(_own(self.server))
        if server.process is None:
            server.start()
        return server


_numbers = itertools.count()


@cache
def _own(where):
    """A class of servers that only these tests share, and may restart."""
    module, _, name = where.partition(":")
    server = getattr(importlib.import_module(f"tests.servers.{module}"), name)
    return type(f"Trusted{name}", (server,), {})


def _redis_commit():
    from mastractl.engines.redis.scripts import script

    return script("commit").digest


KINDS = (
    Kind("file", local="file:"),
    Kind("sqlite", local="sqlite:"),
    Kind("libsql", local="libsql:"),
    Kind("libsql-server", server="hrana:Hrana", marker=lambda: b"COMMIT"),
    Kind("postgresql", server="postgresql:Postgres", marker=lambda: b".commit("),
    Kind("redis", server="valkey:Valkey", marker=_redis_commit),
    Kind("etcd", server="etcd:Etcd", marker=lambda: b"/v3/kv/txn"),
    Kind("sql", server="mariadb:MariaDB", marker=lambda: b"COMMIT"),
)

STORES = KINDS
REMOTE = [kind for kind in STORES if kind.server]


def named(name: str) -> Kind:
    """The kind of that name."""
    (kind,) = [kind for kind in STORES if kind.name == name]
    return kind
