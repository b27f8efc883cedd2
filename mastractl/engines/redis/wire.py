"""Connections to the server: made when they are needed, kept while idle, never shared by two calls at once.

redis-py's own client asks again by itself when a connection is lost, which for a commit may be once too
often. So its connections are used without it, and what was lost when is told apart here:

* lost before the whole command was sent, or refused: certainly not done, and asked again if that may help;
* lost after: a read is asked again once, on a new connection; a write is `UnknownOutcome`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from redis import exceptions as driver
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from mastractl import errors
from mastractl.engines.redis import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mastractl.engines.redis.address import Address
    from mastractl.engines.redis.scripts import Script

IDLE = 8
"""The most connections that are kept while nobody uses them."""

_HOPS = 5
"""How often a cluster may send us from node to node for one call."""

_FIRST_REST, _LONGEST_REST = 0.02, 0.5


class Link:
    """One connection. Errors are the driver's."""

    def __init__(self, connection: Any) -> None:  # the driver's; much of it has no types
        self._connection = connection
        self._connection.connect()

    def stale(self) -> bool:
        """Whether the server has hung up meanwhile: there is something to read, and nothing was asked."""
        try:
            return bool(self._connection.can_read(0))
        except (driver.RedisError, OSError):
            return True

    def send(self, words: Sequence[Any]) -> None:
        """Send a command: on an error, the server has not got the whole of it."""
        self._connection.send_packed_command([_packed(words)], check_health=False)

    def receive(self) -> Any:
        """The answer to the command sent longest ago."""
        return self._connection.read_response()

    def ask(self, *words: Any) -> Any:
        """Send a command and receive its answer."""
        self.send(words)
        return self.receive()

    def script(self, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Any:
        """The answer of a script, which the server is told if it does not know it."""
        words = (len(keys), *keys, *arguments)
        try:
            return self.ask(b"EVALSHA", script.digest, *words)
        except driver.NoScriptError:
            return self.ask(b"EVAL", script.source, *words)

    def hang_up(self) -> None:
        """End it from another thread than the one that waits for an answer, which is told at once."""
        sock = self._connection._sock  # noqa: SLF001 - there is no public way to wake who reads
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        self._connection.disconnect()


class Wire:
    """All connections of one engine in one process. `greet` is called with each new one, before other use.

    Thread-safe. Calls raise our errors: those of `trouble`, Unavailable, UnknownOutcome, StorageClosed.
    """

    def __init__(self, address: Address, greet: Callable[[Link], None]) -> None:
        self._address = address
        self._greet = greet
        self._node = (address.host, address.port)
        self._idle: list[Link] = []
        self._lock = threading.Lock()
        self._closed = False
        self._met = False
        """Whether there was ever a connection: then the server is known, and only away."""

    def meet(self) -> None:
        """Make the first connection, and keep it. Patient, as `ask` is, with a server that is starting."""
        self._patiently(lambda: self._give(self._take()))

    def ask(self, words: Sequence[Any], *, writes: bool = False, otherwise: Sequence[Any] = ()) -> Any:
        """The answer to a command. `otherwise` is asked instead if the server does not know the script."""
        asked = [words, *([otherwise] if otherwise else [])]
        return self._patiently(lambda: self._once(asked[0], writes=writes), unknown=lambda: asked.pop(0))

    def _patiently(self, call: Callable[[], Any], *, unknown: Callable[[], Any] | None = None) -> Any:
        """Do what may be refused, again where that may help; `unknown` is for a script that is not known."""
        deadline = time.monotonic() + self._address.timeout
        rest, hops = _FIRST_REST, 0
        while True:
            try:
                return call()
            except driver.RedisError as error:
                code = trouble.refusal(error)
                if code == "NOSCRIPT" and unknown:
                    unknown()
                    unknown = None
                elif code == "MOVED" and hops < _HOPS:
                    hops += 1
                    self._move(error)
                elif code in trouble.PASSING and time.monotonic() + rest < deadline:
                    time.sleep(rest)
                    rest = min(rest * 2, _LONGEST_REST)
                else:
                    raise trouble.explain(error, self._address.shown, self._address.prefix) from error

    def fresh(self, timeout: float | None = None) -> Link:
        """A new connection of the caller's own; `timeout` is how long it may wait for an answer."""
        try:
            return self._connect(timeout or self._address.timeout)
        except driver.RedisError as error:
            raise trouble.explain(error, self._address.shown, self._address.prefix) from error

    def close(self) -> None:
        """Hang up what is idle now, and the rest when it is given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    def _once(self, words: Sequence[Any], *, writes: bool) -> Any:
        """The answer to the command, on a connection that stood when it was sent."""
        for again in (True, False):
            link = self._take()
            try:
                link.send(words)
            except (driver.ConnectionError, driver.TimeoutError) as error:
                link.close()
                if again:
                    continue
                raise self._lost(error, "before it got what was asked") from error
            try:
                answer = link.receive()
            except driver.RedisError as error:
                if trouble.refusal(error):
                    self._give(link)
                    raise
                link.close()
                if writes:
                    raise self._unknown(error) from error
                if not again or isinstance(error, driver.TimeoutError):
                    raise self._lost(error, "before it answered") from error
            except BaseException:
                link.close()  # what comes next on it answers this question
                raise
            else:
                self._give(link)
                return answer
        raise AssertionError  # pragma: no cover - the second turn returns or raises

    def _connect(self, timeout: float) -> Link:
        """A new connection that was greeted. Raises refusals as the driver has them, and our errors."""
        self._refuse_closed()
        try:
            link = Link(connection(self._address, self._node, timeout))
        except (driver.ConnectionError, driver.TimeoutError, OSError) as error:
            if isinstance(error, driver.RedisError) and trouble.refusal(error):
                raise
            self._node = (self._address.host, self._address.port)  # the cluster may have another by now
            raise trouble.unreachable(error, self._address, met=self._met) from error
        try:
            self._greet(link)
        except (driver.ConnectionError, driver.TimeoutError) as error:
            link.close()
            if trouble.refusal(error):
                raise
            raise self._lost(error, "as soon as it was reached") from error
        except BaseException:
            link.close()
            raise
        self._met = True
        return link

    def _take(self) -> Link:
        self._refuse_closed()
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread was faster
                link = self._idle.pop()
                if not link.stale():
                    return link
                link.close()
        return self._connect(self._address.timeout)

    def _give(self, link: Link) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < IDLE:
                self._idle.append(link)
                return
        link.close()

    def _move(self, error: driver.RedisError) -> None:
        """Go to the node of the cluster that has the store."""
        if isinstance(error, driver.MovedError):
            with self._lock:
                idle, self._idle = self._idle, []
                self._node = (error.host or self._node[0], error.port)
            for link in idle:
                link.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            message = f"the store at {self._address.shown} is closed"
            raise errors.StorageClosed(message)

    def _lost(self, error: driver.RedisError, when: str) -> errors.Unavailable:
        if isinstance(error, driver.TimeoutError):
            message = f"{self._address.shown}: no answer within {self._address.timeout:g} s"
            return errors.Unavailable(message, hint="try again later, or give ?timeout= more seconds")
        message = f"{self._address.shown}: the server hung up {when}"
        return errors.Unavailable(message, hint="nothing was written; try again")

    def _unknown(self, error: driver.RedisError) -> errors.UnknownOutcome:
        why = (
            "no answer came in time" if isinstance(error, driver.TimeoutError) else "the connection was lost"
        )
        message = f"{self._address.shown}: {why} after the commit was sent: it may or may not be written"
        return errors.UnknownOutcome(message, hint="read what stands, and decide anew")


def _packed(words: Sequence[Any]) -> bytes:
    """A command as it goes over the wire: the driver's own way is made for words of every kind."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


class _TlsConnection(SSLConnection):
    """A server that does not speak TLS may say nothing at all: that too is a matter of connecting."""

    def _connect(self) -> socket.socket:
        waits, self.socket_timeout = self.socket_timeout, self.socket_connect_timeout
        try:
            made: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        finally:
            self.socket_timeout = waits
        made.settimeout(waits)
        return made


def connection(address: Address, node: tuple[str, int], timeout: float) -> Connection:
    """A connection of the driver's that never asks twice."""
    more: dict[str, Any] = {}
    kind: type[Connection] = Connection
    if address.tls:
        kind = _TlsConnection
        more = {
            "ssl_ca_certs": address.cacert,
            "ssl_certfile": address.cert,
            "ssl_keyfile": address.key,
            "ssl_cert_reqs": "none" if address.verify == "none" else "required",
            "ssl_check_hostname": address.verify == "full",
        }
    return kind(
        host=node[0],
        port=node[1],
        db=address.database,
        username=address.user,
        password=address.password,
        socket_timeout=timeout,
        socket_connect_timeout=address.connect_timeout,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **more,
    )
