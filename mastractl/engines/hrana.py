"""Hrana over HTTP: SQL statements for a libSQL server, by the standard library.

The `libsql` package can speak to a server too. It is not used for that: it holds the interpreter's lock and
knows no timeout while it waits for an answer, so that one stalled server stops every thread of a process; it
asks twice for each statement; its scripts pass over errors; and its threads do not survive a fork.

Each request is one HTTP request: a batch of statements on a stream of its own, which is closed with it. So no
lock and no transaction of ours outlives a lost connection. Times are passed as quotients of integers:
servers that read decimals may miss a float by its last bit.

The protocol: https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import select
import socket
import sqlite3
import ssl
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

_IDLE_CONNECTIONS = 4

_CLOSE = {"type": "close"}

_TOO_LARGE = "RESPONSE_TOO_LARGE"
"""What sqld says where an answer would exceed 10 MB, if it was not told otherwise."""

Statement = tuple[str, "Sequence[Any]"]
"""A text with `?` for each parameter, and the parameters."""


class Address(NamedTuple):
    """Where a server is, and who asks. `shown` is the masked URL; times are in seconds."""

    host: str
    port: int
    tls: bool
    path: str
    token: str
    shown: str
    connect_timeout: float
    timeout: float


class Failure(NamedTuple):
    """A statement that failed: its number in the batch, and what SQLite says."""

    step: int
    error: sqlite3.Error


class Answer(NamedTuple):
    """The rows of each statement of a batch, up to the one that failed."""

    rows: list[list[Any]]
    failure: Failure | None


class Client:
    """Keeps some connections to one server. Thread-safe; a forked child makes connections of its own."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = allocate_lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._pid = os.getpid()
        self._closed = False

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._lock:
            self._closed = True
            if self._pid == os.getpid():
                while self._idle:
                    self._idle.pop().close()

    def run(self, statements: Sequence[Statement], *, writes: bool) -> Answer:
        """Execute the statements in turn, each only if the one before succeeded.

        A request that `writes` and whose answer is lost raises UnknownOutcome. One that only reads is sent
        again once, on a new connection. Raises StorageConnectionError, Forbidden, Unavailable.
        """
        batch = {"steps": [_step(number, *statement) for number, statement in enumerate(statements)]}
        asked = {"baton": None, "requests": [{"type": "batch", "batch": batch}, _CLOSE]}
        text = self._post("pipeline", asked, writes=writes)
        answer = _answer(self._parsed(text, writes=writes), self._address.shown)
        too_large = answer.failure and answer.failure.error.sqlite_errorname == _TOO_LARGE
        return self._stream(batch, len(statements)) if too_large and not writes else answer

    def _stream(self, batch: dict[str, Any], count: int) -> Answer:
        """The same by a cursor, of which servers limit no size; it leaves a stream that is to be closed."""
        text = self._post("cursor", {"baton": None, "batch": batch}, writes=False)
        try:
            first, *entries = [json.loads(line) for line in text.splitlines() if line]
            answer = _collected(entries, count)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise _no_hrana(self._address.shown) from error
        if first.get("baton"):
            with contextlib.suppress(errors.MastraError):  # then the server closes it by itself, soon
                self._post("pipeline", {"baton": first["baton"], "requests": [_CLOSE]}, writes=False)
        return answer

    def _post(self, route: str, asked: dict[str, Any], *, writes: bool) -> bytes:
        body = json.dumps(asked, separators=(",", ":")).encode()
        for attempt in (1, 2):
            connection = self._take()
            sent = False
            try:
                self._send(connection, route, body)
                sent = True
                answer = connection.getresponse()
                status, text = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if sent and writes:
                    raise self._unknown(_words(error)) from error
                if attempt == 2 or isinstance(error, TimeoutError):
                    raise self._lost(error) from error
                continue
            except BaseException:
                connection.close()
                raise
            self._give(connection)
            if status != 200:
                raise self._refused(status, writes=writes)
            return text
        raise AssertionError  # pragma: no cover - the second attempt returns or raises

    def _send(self, connection: http.client.HTTPConnection, route: str, body: bytes) -> None:
        """Send a request whole, or raise: of a part of it the server makes nothing."""
        headers = {"content-type": "application/json"}
        if self._address.token:
            headers["authorization"] = f"Bearer {self._address.token}"
        connection.request("POST", f"{self._address.path}/v3/{route}", body, headers)

    def _take(self) -> http.client.HTTPConnection:
        with self._lock:
            if self._pid != os.getpid():
                self._idle, self._pid = [], os.getpid()  # the parent goes on with its own
            while self._idle:
                connection = self._idle.pop()
                if not _stale(connection):
                    return connection
                connection.close()
        return self._connect()

    def _give(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if connection.sock and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port, *_ = self._address
        patience = self._address.connect_timeout
        connection = (
            http.client.HTTPSConnection(host, port, timeout=patience)
            if self._address.tls
            else http.client.HTTPConnection(host, port, timeout=patience)
        )
        try:
            connection.connect()
        except ssl.SSLError as error:
            connection.close()
            hint = "check the certificate; for a server without TLS add tls=0 to the URL"
            message = f"{self._address.shown} offers no TLS that can be trusted: {_words(error)}"
            raise errors.StorageConnectionError(message, hint=hint) from error
        except OSError as error:
            connection.close()
            message = f"{self._address.shown} cannot be reached: {_words(error)}"
            raise errors.StorageConnectionError(
                message, hint="check host and port, and that the server runs"
            ) from error
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(self._address.timeout)
        return connection

    def _parsed(self, text: bytes, *, writes: bool) -> dict[str, Any]:
        with contextlib.suppress(ValueError):
            found = json.loads(text)
            if isinstance(found, dict):
                return found
        if writes:
            why = "what came is no JSON object"
            raise self._unknown(why)
        raise _no_hrana(self._address.shown)

    def _refused(self, status: int, *, writes: bool) -> errors.MastraError:
        """What an HTTP status other than 200 means."""
        shown = self._address.shown
        if status in {401, 403}:
            message = f"{shown} refuses who asks: HTTP {status}"
            return errors.Forbidden(message, hint="check the authToken in the URL, and what it permits")
        if status == 404:
            message = f"{shown} has no such database, or speaks no Hrana 3: HTTP 404"
            return errors.StorageConnectionError(message, hint="check the URL, and the version of the server")
        if status == 429:
            message = f"{shown} is asked too often: HTTP 429"
            return errors.Unavailable(message, hint="try again later")
        if writes and not 400 <= status < 500:
            return self._unknown("HTTP " + str(status))
        message = f"{shown} does not answer as it should: HTTP {status}"
        return errors.Unavailable(message, hint="see the log of the server, and try again")

    def _unknown(self, why: str) -> errors.UnknownOutcome:
        message = f"{self._address.shown}: a commit was sent, and its answer was lost: {why}"
        return errors.UnknownOutcome(message, hint="read to see what stands before you repeat it")

    def _lost(self, error: Exception) -> errors.Unavailable:
        message = f"{self._address.shown} does not answer: {_words(error)}"
        return errors.Unavailable(message, hint="nothing was written; try again")


def _stale(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed an idle connection, or said something that nobody asked for."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _step(number: int, sql: str, values: Sequence[Any]) -> dict[str, Any]:
    """A statement that is executed if the one before it succeeded."""
    condition = {"type": "ok", "step": number - 1} if number else None
    return {"stmt": _statement(sql, values), "condition": condition}


def _statement(sql: str, values: Sequence[Any]) -> dict[str, Any]:
    """A statement as Hrana has it."""
    if not any(isinstance(value, float) for value in values):
        return {"sql": sql, "args": [_encoded(value) for value in values]}
    texts, arguments = sql.split("?"), []
    pieces = [texts[0]]
    for value, text in zip(values, texts[1:], strict=True):
        pair = _quotient(value) if isinstance(value, float) else None
        pieces += ["(CAST(? AS REAL) / ?)" if pair else "?", text]
        arguments += [_encoded(one) for one in pair or (value,)]
    return {"sql": "".join(pieces), "args": arguments}


def _quotient(value: float) -> tuple[int, int] | None:
    """Two integers of 64 bits whose quotient is exactly the float; None where there are none."""
    with contextlib.suppress(ValueError, OverflowError):
        above, below = value.as_integer_ratio()
        if abs(above) < 1 << 63 and below < 1 << 63:
            return above, below
    return None


def _encoded(value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": "null"}
    if isinstance(value, bytes):
        return {"type": "blob", "base64": base64.b64encode(value).decode()}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    if isinstance(value, float):  # one that is no quotient; the column makes a number of the text
        infinite = {float("inf"): "9e999", float("-inf"): "-9e999"}
        return {"type": "text", "value": infinite.get(value) or repr(value)}
    return {"type": "integer", "value": str(value)}


def _decoded(value: dict[str, Any]) -> Any:
    kind = value["type"]
    if kind == "null":
        return None
    if kind == "integer":
        return int(value["value"])
    if kind == "blob":
        text = value["base64"]
        return base64.b64decode(text + "=" * (-len(text) % 4))
    return value["value"]


def _answer(found: dict[str, Any], shown: str) -> Answer:
    try:
        first = found["results"][0]
        if first["type"] == "error":
            return Answer([], Failure(-1, _error(first["error"])))
        result = first["response"]["result"]
        rows: list[list[Any]] = []
        for number, (done, fault) in enumerate(
            zip(result["step_results"], result["step_errors"], strict=True)
        ):
            if fault:
                return Answer(rows, Failure(number, _error(fault)))
            if done is None:
                break
            rows.append([tuple([_decoded(value) for value in row]) for row in done["rows"]])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise _no_hrana(shown) from error
    return Answer(rows, None)


def _collected(entries: list[dict[str, Any]], count: int) -> Answer:
    """The answer that the entries of a cursor make up."""
    rows: list[list[Any]] = []
    for entry in entries:
        kind = entry["type"]
        if kind == "step_begin":
            rows += [[] for _ in range(entry["step"] + 1 - len(rows))]
        elif kind == "row":
            rows[-1].append(tuple([_decoded(value) for value in entry["row"]]))
        elif kind in {"step_error", "error"}:
            return Answer(rows, Failure(entry.get("step", -1), _error(entry["error"])))
    return Answer(rows + [[] for _ in range(count - len(rows))], None)


def _no_hrana(shown: str) -> errors.StorageConnectionError:
    message = f"{shown} answers what is no Hrana 3"
    return errors.StorageConnectionError(message, hint="check the URL and the server")


def _error(told: dict[str, Any]) -> sqlite3.Error:
    """What SQLite said on the server, as `sqlite3` would raise it."""
    code = str(told.get("code") or "")
    text = str(told.get("message") or code)
    error = sqlite3.OperationalError(text)
    number = getattr(sqlite3, code, None)
    if number is None and code.count("_") > 1:
        number = getattr(sqlite3, "_".join(code.split("_")[:2]), None)
    error.sqlite_errorcode = number if isinstance(number, int) else sqlite3.SQLITE_ERROR
    error.sqlite_errorname = code or "SQLITE_ERROR"
    return error
