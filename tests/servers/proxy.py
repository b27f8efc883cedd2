"""A TCP proxy between a client and a server, which loses connections when a test says so."""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Listens on `port` of the loopback and passes everything to `target` and back, until told otherwise.

    * `cut()`: every connection is reset now; new ones are taken.
    * `refuse()` / `accept()`: new connections are reset at once, from now on / no longer.
    * `lose_answers()`: what the client sends arrives, and the answer does not: at the first byte of the
      next answer the connection is reset. `lose_answers(after=b"COMMIT")` waits for a request that holds
      these bytes: only the answer to that is lost.
    * `lose_requests(having=b"COMMIT")`: the connection is reset before a request that holds these bytes
      is passed on: the server never sees it.
    * `stall()` / `go_on()`: bytes are held back both ways / let through.

    `lost` counts the connections that `lose_answers` and `lose_requests` have reset; each call of these
    loses one connection, and then things are as before.
    """

    def __init__(self, target):
        self.target = target
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs = set()
        self._refusing = False
        self._answer_marker = None
        self._armed = set()
        self._request_marker = None
        self._flowing = threading.Event()
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._refusing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.go_on()
        self.cut()

    def cut(self):
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            self._reset(pair)

    def refuse(self):
        self._refusing = True
        self.cut()

    def accept(self):
        self._refusing = False

    def lose_answers(self, after=b""):
        with self._lock:
            self._answer_marker = after
            if not after:
                self._armed = set(self._pairs)

    def lose_requests(self, having=b""):
        self._request_marker = having

    def stall(self):
        self._flowing.clear()

    def go_on(self):
        self._flowing.set()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                self._reset((client,))
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
                server.settimeout(None)
            except OSError:
                self._reset((client,))
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
                if self._answer_marker == b"":
                    self._armed.add(pair)
            threading.Thread(target=self._pump, args=(pair, client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(pair, server, client, False), daemon=True).start()

    def _pump(self, pair, source, sink, asking):
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                if self._loses(pair, data, asking=asking):
                    self.lost += 1
                    break
                sink.sendall(data)
        except OSError:
            pass
        with self._lock:
            self._pairs.discard(pair)
            self._armed.discard(pair)
        self._reset(pair)

    def _loses(self, pair, data, *, asking):
        with self._lock:
            if asking:
                if self._request_marker is not None and self._request_marker in data:
                    self._request_marker = None
                    return True
                if self._answer_marker and self._answer_marker in data:
                    self._armed.add(pair)
                return False
            if pair in self._armed:
                self._armed.clear()
                self._answer_marker = None
                return True
            return False

    @staticmethod
    def _reset(ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                end.close()
