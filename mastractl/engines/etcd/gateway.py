"""Calls of etcd's gateway: pooled connections to its members, failover, users' tokens.

A call goes to the member that answered last; if no connection can be made to it, to the next. A read
whose connection was lost is asked once more, of another member if there is one; one that took too long
only of another. A commit is asked again only if it certainly was not sent, or was refused for its token;
otherwise its outcome is unknown (`faults`).
"""

from __future__ import annotations

import json
import ssl
import threading
from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.engines.etcd import faults
from mastractl.engines.etcd.wire import Wire

if TYPE_CHECKING:
    from mastractl.engines.etcd.address import Address

_IDLE = 8
"""How many connections are kept for the next caller."""


class Gateway:
    """The way to one cluster. Thread-safe. Errors are those of `faults`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._context = _context(address) if address.tls else None
        self._lock = threading.Lock()
        self._idle: list[Wire] = []
        self._streams: set[Wire] = set()
        self._first = 0
        """Which endpoint is tried first."""
        self._token = ""
        self._reached = False
        self._closed = False

    def ask(self, path: str, body: str, *, wrote: bool = False) -> dict[str, Any]:
        """One call; `wrote` says that it may change something. Gives the document that is answered."""
        renewed = False
        for elsewhere in range(2 * len(self.address.endpoints)):
            status, data = self._exchange(path, body, wrote=wrote)
            if status == 200:
                return self._document(data)
            message = faults.message_of(data)
            if self.address.user and not renewed and faults.about_token(message):
                renewed, self._token = True, ""
            elif any(part in message for part in faults.ELSEWHERE) and elsewhere + 1 < len(
                self.address.endpoints
            ):
                self._go_elsewhere()
            else:
                raise faults.meaning(status, data, self.address.shown, wrote=wrote)
        message = f"{self.address.shown}: no member answers as it should"
        raise errors.Unavailable(message, hint="see etcdctl endpoint status")

    def stream(self, path: str, body: str) -> Wire:
        """A connection on which a call without end was sent; `hang_up` ends it, and so does `close`."""
        token = self._login()
        wire = self._connect(buffered=False)
        try:
            wire.send(path, body, token, self.address.timeout)
        except OSError as error:
            wire.close()
            raise self._lost(error) from error
        with self._lock:
            self._streams.add(wire)
            if self._closed:
                wire.wake()
        return wire

    def hang_up(self, wire: Wire) -> None:
        """End a stream."""
        with self._lock:
            self._streams.discard(wire)
        wire.close()

    def forget_token(self) -> None:
        """Ask for another at the next call."""
        self._token = ""

    def close(self) -> None:
        """Hang up what is idle now, and the rest when it is given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for wire in self._streams:
                wire.wake()
        for wire in idle:
            wire.close()

    def _document(self, data: bytes) -> dict[str, Any]:
        try:
            document = json.loads(data)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise faults.stranger(200, data, self.address.shown)
        self._reached = True
        return document

    def _exchange(self, path: str, body: str, *, wrote: bool) -> tuple[int, bytes]:
        """Send it and take the answer; once more on a new connection if that cannot have done harm."""
        token = self._login()
        several = len(self.address.endpoints) > 1
        for last in (False, True):
            wire = self._take(fresh=last)
            try:
                answer = wire.ask(path, body, token, self.address.timeout)
            except OSError as error:
                wire.close()
                late = isinstance(error, TimeoutError) and not several
                if (wrote and wire.sent) or last or late:
                    raise self._lost(error, wrote=wrote and wire.sent) from error
                if several:
                    self._go_elsewhere()
            except BaseException:
                wire.close()
                raise
            else:
                self._give(wire)
                return answer
        raise AssertionError  # pragma: no cover - the last turn returns or raises

    def _lost(self, error: OSError, *, wrote: bool = False) -> errors.MastraError:
        return faults.lost(error, self.address.shown, wrote=wrote, opened=self._reached)

    def _login(self) -> str:
        """The token of the user in the URL, "" where there is none."""
        if not self.address.user or self._token:
            return self._token
        body = json.dumps({"name": self.address.user, "password": self.address.password})
        wire = self._take(fresh=False)
        try:
            status, data = wire.ask("/v3/auth/authenticate", body, "", self.address.timeout)
        except OSError as error:
            wire.close()
            raise self._lost(error) from error
        self._give(wire)
        if status == 200:
            self._token = str(self._document(data).get("token", ""))
        elif faults.NO_AUTH not in faults.message_of(data):  # without, everybody may do everything
            raise faults.meaning(status, data, self.address.shown, wrote=False)
        return self._token

    def _take(self, *, fresh: bool) -> Wire:
        while not fresh:
            with self._lock:
                wire = self._idle.pop() if self._idle else None
            if wire is None:
                break
            if not wire.stale():
                return wire
            wire.close()
        return self._connect()

    def _give(self, wire: Wire) -> None:
        with self._lock:
            if wire.reusable and not self._closed and len(self._idle) < _IDLE:
                self._idle.append(wire)
                return
        wire.close()

    def _connect(self, *, buffered: bool = True) -> Wire:
        endpoints = self.address.endpoints
        for turn in range(len(endpoints)):
            endpoint = endpoints[self._first % len(endpoints)]
            try:
                return Wire(endpoint, self._context, self.address.connect_timeout, buffered=buffered)
            except OSError as error:
                if turn + 1 == len(endpoints):
                    raise faults.unreachable(error, self.address.shown, opened=self._reached) from error
                self._go_elsewhere()
        raise AssertionError  # pragma: no cover - there is at least one endpoint

    def _go_elsewhere(self) -> None:
        """Begin with the next endpoint from now on."""
        with self._lock:
            self._first += 1
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()


def _context(address: Address) -> ssl.SSLContext:
    """What TLS is to be. Raises ConfigError for files that cannot be read."""
    files = address.files
    try:
        context = ssl.create_default_context(cafile=files.get("cacert"))
        if "cert" in files:
            context.load_cert_chain(files["cert"], files.get("key"))
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(f"{name}={path}" for name, path in files.items())
        message = f"{address.shown}: the files of TLS cannot be used ({names}): {error}"
        raise errors.ConfigError(message, hint="they hold PEM; a key is not encrypted") from error
    return context
