"""The least a client can do with etcd: its gateway over `http.client`, one call to a put, a get, a list."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json

from tests.servers.etcd import Etcd


class Raw:
    """Documents by key, as etcd has them."""

    def __init__(self, port, prefix="/raw/"):
        self._prefix = prefix
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def put(self, key, value):
        self._ask("/v3/kv/put", {"key": self._name(key), "value": base64.b64encode(value).decode()})

    def get(self, key):
        return self._documents({"key": self._name(key)})[0]

    def list(self, prefix):
        following = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return self._documents({"key": self._name(prefix), "range_end": self._name(following)})

    def close(self):
        self._connection.close()

    def _documents(self, span):
        found = self._ask("/v3/kv/range", span).get("kvs", ())
        return [json.loads(base64.b64decode(pair["value"])) for pair in found]

    def _name(self, key):
        return base64.b64encode((self._prefix + key).encode()).decode()

    def _ask(self, path, body):
        self._connection.request("POST", path, json.dumps(body).encode())
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(data)
        return json.loads(data)


@contextlib.contextmanager
def opened(directory):
    """The URL of a new store, and `Raw` on the same server, which keeps what it acknowledges."""
    server = Etcd(directory).start()
    raw = Raw(server.port)
    try:
        yield server.url(server.new_store()), raw
    finally:
        raw.close()
        server.kill()
