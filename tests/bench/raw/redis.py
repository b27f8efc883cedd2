"""Redis without mastractl: redis-py, one hash, at a server that has every write on its disk."""

from __future__ import annotations

import json
from contextlib import contextmanager

import redis

from tests.servers.valkey import Valkey


class Raw:
    """A hash of documents by key."""

    def __init__(self, port):
        self._client = redis.Redis(port=port)

    def put(self, key, value):
        self._client.hset("raw", key, value)

    def get(self, key):
        return json.loads(self._client.hget("raw", key))

    def list(self, prefix):
        start = prefix.encode()
        found = sorted(pair for pair in self._client.hgetall("raw").items() if pair[0].startswith(start))
        return [json.loads(value) for _, value in found]

    def close(self):
        self._client.close()


@contextmanager
def opened(directory):
    """A URL of a new store, and `Raw`, at one server."""
    server = Valkey(directory)
    server.start()
    raw = Raw(server.port)
    try:
        yield server.url("bench"), raw
    finally:
        raw.close()
        server.kill()
