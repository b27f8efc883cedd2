"""Stores of every engine there is, for what moves between them."""

from __future__ import annotations

import importlib
import random

import pytest

from mastractl.engines.contract import Delete, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.opening import open_engine
from mastractl.migrate.replayclock import ReplayClock
from mastractl.testing.clocks import FakeClock

PATHS = {"file": "file:{0}/{1}", "sqlite": "sqlite:{0}/{1}.db", "libsql": "libsql:{0}/{1}.db"}
"""Engines whose stores are paths: how their URLs are made of a directory and a name."""

SERVERS = {
    "postgresql": ("postgresql", "Postgres"),
    "redis": ("valkey", "Valkey"),
    "etcd": ("etcd", "Etcd"),
    "sql": ("mariadb", "MariaDB"),
}
"""Engines whose stores are on servers: the module below `tests.servers` and the class in it."""


ENGINES = ["memory", *PATHS, *SERVERS]


class Stores:
    """Makes stores, and closes them at the end."""

    def __init__(self, directory):
        self.directory = directory
        self.made = 0
        self.open_ones = []

    def url(self, engine):
        """The URL of a new store."""
        self.made += 1
        if engine in PATHS:
            return PATHS[engine].format(self.directory, f"store{self.made}")
        module, kind = SERVERS[engine]
        from tests.servers.base import shared

        server = shared(getattr(importlib.import_module(f"tests.servers.{module}"), kind))
        return server.url(server.new_store())

    def new(self, engine="memory", **more):
        """A new store, opened. For memory stores, `max_commit` and `max_value` may be given."""
        if engine == "memory":
            return self.keep(MemoryEngine(**more))
        return self.keep(open_engine(self.url(engine), **more))

    def keep(self, opened):
        self.open_ones.append(opened)
        return opened


@pytest.fixture
def stores(tmp_path):
    found = Stores(tmp_path)
    yield found
    for engine in found.open_ones:
        engine.close()


@pytest.fixture
def replay(clock):
    return ReplayClock(clock)


KEYS = [f"res/agent/default/a{n}" for n in range(6)] + [f"notes/n{n}" for n in range(4)]


def lived(engine, clock, *, steps=60, seed=1, compact_at=None, keys=KEYS):
    """Let a store have a history: changes of several keys at once, deletions, and things that expire."""
    seeded = random.Random(seed)
    for step in range(steps):
        clock.advance(seeded.random() * 5)
        ops = {}
        for key in seeded.sample(keys, seeded.randint(1, 4)):
            expires = clock.now() + seeded.random() * 20 if seeded.random() < 0.3 else None
            value = b'{"kind":"Agent","n":%d}' % seeded.randint(0, 9)
            ops[key] = Delete(key) if seeded.random() < 0.3 else Put(key, value, expires_at=expires)
        engine.commit(list(ops.values()), origin=f"author{step % 3}")
        if step == compact_at:
            engine.compact(engine.revision())
    return engine


@pytest.fixture
def live():
    return lived


@pytest.fixture
def clock():
    return FakeClock()


def history_of(engine):
    """The log but for the markers of copies, with revisions counted from the first one told: comparable."""
    told = engine.changes(engine.health().compacted, limit=0).changes
    commits = {}
    for change in told:
        if not change.key.startswith("copy/"):
            commits.setdefault(change.revision, []).append(change)
    return [
        (changes[0].origin, changes[0].at, [(c.key, *_state(c.entry), *_state(c.previous)) for c in changes])
        for changes in commits.values()
    ]


def _state(entry):
    return (None,) if entry is None else (entry.value, entry.created_at, entry.expires_at)


def state_of(engine):
    return {e.key: (e.value, e.expires_at) for e in engine.range("").entries}


@pytest.fixture
def seen():
    """`seen.history(engine)` and `seen.state(engine)`: what two stores can be compared by."""

    class Seen:
        history = staticmethod(history_of)
        state = staticmethod(state_of)

    return Seen
