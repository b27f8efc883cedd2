"""One HTTP/1.1 connection to a member of etcd, kept open from one call to the next.

It knows what etcd's gateway speaks and no more, in a third of the time that `http.client` takes for a
small answer: that one parses headers with the package for electronic mail, and sends head and body
apart. Whatever breaks raises OSError; `sent` tells whether a request had left as a whole.
"""

from __future__ import annotations

import contextlib
import select
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

_LONGEST_LINE = 65536


class Wire:
    """A connection, open when it is made. Raises OSError if it cannot be, ssl.SSLError included."""

    def __init__(
        self,
        endpoint: tuple[str, int],
        context: ssl.SSLContext | None,
        timeout: float,
        *,
        buffered: bool = True,
    ) -> None:
        self.endpoint = endpoint
        self.sent = False
        """Whether the present request was handed over as a whole: a part of one is never acted on."""
        self.reusable = True
        plain = socket.create_connection(endpoint, timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket = context.wrap_socket(plain, server_hostname=endpoint[0]) if context else plain
        except BaseException:
            plain.close()
            raise
        self._file = self._socket.makefile("rb", -1 if buffered else 0)
        self._host = f"[{endpoint[0]}]" if ":" in endpoint[0] else endpoint[0]

    def stale(self) -> bool:
        """Whether the other side has closed it while it lay idle: there is something to read unasked."""
        return self._readable(0)

    def ask(self, path: str, body: str, token: str, timeout: float) -> tuple[int, bytes]:
        """POST a body and give status and answer; no step of that may take longer than `timeout` seconds."""
        self.send(path, body, token, timeout)
        status, length, chunked = self._head()
        if chunked:
            return status, b"".join(self._chunks())
        if length is None:
            self.reusable = False
            return status, self._file.read()
        return status, self._exactly(length)

    def send(self, path: str, body: str, token: str, timeout: float) -> None:
        """Send a request; the answer is read by `ask` or by `stream`."""
        self.sent = False
        self._socket.settimeout(timeout)
        data = body.encode()
        login = f"Authorization: {token}\r\n" if token else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self.endpoint[1]}\r\n{login}"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + data)
        self.sent = True

    def stream(self) -> tuple[int, Iterator[bytes]]:
        """The status of an answer without end, and its pieces as they come."""
        status, length, chunked = self._head()
        return status, self._chunks() if chunked else iter((self._exactly(length or 0),))

    def readable(self, seconds: float) -> bool:
        """Wait until a stream has something to read, or so many seconds. Only where it is not `buffered`."""
        pending = getattr(self._socket, "pending", None)
        return bool(pending and pending()) or self._readable(seconds)

    def wake(self) -> None:
        """End a stream that another thread waits at: it finds the connection closed."""
        with contextlib.suppress(OSError):
            # Not TLS's own way, which takes the keys from under whoever reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def _readable(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _head(self) -> tuple[int, int | None, bool]:
        """Status, length if it was said, and whether the body comes in chunks."""
        line = self._line()
        if not line.startswith(b"HTTP/1."):
            message = f"no HTTP: {line[:60]!r}"
            raise OSError(message)
        status = int(line[9:12]) if line[9:12].isdigit() else 0
        self.reusable = line.startswith(b"HTTP/1.1")
        length, chunked = None, False
        while (line := self._line()) not in {b"\r\n", b"\n"}:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length" and value.strip().isdigit():
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = b"chunked" in value.lower()
            elif name == b"connection" and b"close" in value.lower():
                self.reusable = False
        return status, length, chunked

    def _line(self) -> bytes:
        line = self._file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            message = "the connection was closed" if not line else f"no HTTP: {line[:60]!r}"
            raise OSError(message)
        return line

    def _exactly(self, length: int) -> bytes:
        data: bytes = self._file.read(length)
        while len(data) < length:  # as is usual where it is not buffered
            more = self._file.read(length - len(data))
            if not more:
                message = "the connection was closed in the middle of an answer"
                raise OSError(message)
            data += more
        return data

    def _chunks(self) -> Iterator[bytes]:
        while size := self._size():
            yield self._exactly(size)
            self._line()
        while self._line() not in {b"\r\n", b"\n"}:
            pass

    def _size(self) -> int:
        line = self._line()
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError as error:
            message = f"no HTTP: {line[:60]!r}"
            raise OSError(message) from error
