"""A store in a database on a libSQL server (sqld, Turso): the log in SQL, a request at a time.

A commit is two requests. The first reads where the log and the keys stand; the commit is planned here. The
second writes it as one transaction, which begins by making sure that the log still stands where it stood:
if others were faster it changes nothing, and all is begun again. So a connection that is lost leaves nothing
half done and no lock behind.

The server tells nobody of commits: waits ask for the revision, once in `poll` seconds.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any, TypeVar

from mastractl import errors
from mastractl.engines import database, sqllog
from mastractl.engines.contract import Capabilities, Problem
from mastractl.engines.hrana import Address, Client
from mastractl.engines.logengine import LogEngine
from mastractl.engines.opening import mask
from mastractl.engines.waiting import POLL, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.hrana import Answer, Statement

T = TypeVar("T")

VERSION = 1
"""The format of the tables, kept in the table `mastractl`. A newer one is refused."""

_PATIENCE = 30.0
"""Seconds for which a commit is begun again and again because others are faster."""

_REMEDY = "restore a backup of the database"
_OURS = ("head", "log", "current")
_KNOWN = {"authToken": "", "tls": "1", "connect_timeout": "10", "timeout": "60", "poll": str(POLL)}
"""The parameters of the URL, and what they are if they are not given."""

_STANDS = f"SELECT uid, {sqllog.REVISION} FROM head"  # noqa: S608 - no value is spliced in
_GUARD = (
    "INSERT INTO head (one, uid, compacted) SELECT 2, '', 0"  # noqa: S608 - as above
    f" WHERE NOT EXISTS (SELECT 1 FROM head WHERE uid = ? AND {sqllog.REVISION} = ?)"
)
"""Fails, by the constraint on `head.one`, unless the log stands as it is said to."""

_GUARD_STEP = 1


class LibsqlRemoteEngine(LogEngine):
    """An `Engine` over a database on a libSQL server, shared by any number of machines.

    Raises StorageConnectionError for a server that cannot be reached, Forbidden for a token that does not
    fit, StorageValidationError for tables of another program or of a newer mastractl.
    """

    def __init__(self, address: Address, *, clock: Clock, read_only: bool, poll: float) -> None:
        self._client = Client(address)
        self._poll = poll
        try:
            remote = Remote(self._client, address.shown)
            _prepare(remote, address.shown, read_only=read_only)
            self._synchronous = _synchronous(remote)
            super().__init__(
                remote,
                location=address.shown,
                clock=clock,
                capabilities=Capabilities(durable=self._synchronous >= 2, multi_process=True),
                writable=not read_only,
            )
        except BaseException:
            self._client.close()
            raise

    def _begin(self) -> Waiting:
        return Waiting(self._present, poll=self._poll)

    def _problems(self, connection: sqllog.Connection) -> tuple[Problem, ...]:
        del connection
        if self._capabilities.durable:
            return ()
        message = "the server does not say that it has a commit on its disk before it answers"
        hint = "have it run with PRAGMA synchronous = FULL, or be content with what its provider promises"
        return (Problem(key="", location=self._location, message=message, hint=hint),)

    def _details(self, connection: sqllog.Connection) -> tuple[tuple[str, str], ...]:
        version = connection.execute("SELECT sqlite_version()").fetchone()[0]
        promised = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}.get(self._synchronous, "not told")
        return (
            ("server", f"libSQL over Hrana 3, SQLite {version}"),
            ("url", self._location),
            ("durability", f"synchronous {promised}"),
        )


def open_url(url: str, *, clock: Clock, read_only: bool) -> LibsqlRemoteEngine:
    """The engine for `libsql://HOST[:PORT][/PATH]?authToken=...&tls=0|1&timeout=...`. Raises ConfigError."""
    address, poll = locate(url)
    return LibsqlRemoteEngine(address, clock=clock, read_only=read_only, poll=poll)


def locate(url: str) -> tuple[Address, float]:
    """What a URL says: the server, and how often to ask it for news."""
    from urllib.parse import parse_qsl, urlsplit  # noqa: PLC0415 - only a URL needs it

    shown = mask(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        message = f"{shown!r} is no URL"
        raise errors.ConfigError(message, hint="libsql://HOST[:PORT]?authToken=TOKEN") from error
    strange = sorted(set(given) - set(_KNOWN) - {"mode"})
    if strange or given.get("mode", "rw") != "rw":
        what = ", ".join(strange) or "mode"
        message = f"{shown!r} has a parameter that is not known: {what}"
        raise errors.ConfigError(message, hint=f"known are {', '.join(_KNOWN)}")
    if not host or parts.username is not None or parts.fragment:
        message = f"{shown!r} names no host, or has more than that before its path"
        raise errors.ConfigError(message, hint="libsql://HOST[:PORT]?authToken=TOKEN")
    options = {**_KNOWN, **given}
    if options["tls"] not in {"0", "1"}:
        raise _no_number(shown, "tls", "0 or 1")
    tls = options["tls"] == "1"
    times = [_seconds(options[name], name, shown) for name in ("connect_timeout", "timeout", "poll")]
    where = Address(
        host,
        port or (443 if tls else 80),
        tls,
        parts.path.rstrip("/"),
        options["authToken"],
        shown,
        *times[:2],
    )
    return where, times[2]


def _seconds(text: str, name: str, shown: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < 86400:
            return float(text)
    raise _no_number(shown, name, "a number of seconds")


def _no_number(shown: str, name: str, what: str) -> errors.ConfigError:
    message = f"{name} in {shown!r} is not {what}"
    return errors.ConfigError(message, hint=f"for one {name}={_KNOWN[name]}")


class Remote:
    """The `LogStore` on a server."""

    checks_pages = False

    def __init__(self, client: Client, shown: str) -> None:
        self._client = client
        self._shown = shown

    @contextlib.contextmanager
    def reading(self) -> Iterator[Reader]:
        """Each statement is a request, and sees a moment of its own."""
        yield Reader(self)

    snapshot = reading

    def write(self, body: Callable[[sqllog.Connection], T]) -> T:
        """What `body` makes of a transaction; it is called again while others are faster."""
        deadline = time.monotonic() + _PATIENCE
        pause = 0.001
        while True:
            writer = Writer(self)
            made = body(writer)
            if not writer.later or self._flush(writer):
                return made
            if time.monotonic() > deadline:
                message = f"{self._shown} is busy: others were faster for {_PATIENCE:g} seconds"
                raise errors.Unavailable(message, hint="try again when fewer write to it")
            time.sleep(pause * (0.5 + time.monotonic_ns() % 1024 / 1024))  # out of step with others
            pause = min(pause * 1.5, 0.1)

    def refuse_replaced(self) -> None:
        """Only a query could tell."""

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def read(self, asked: Sequence[Statement]) -> list[list[Any]]:
        """The rows of several queries as of one moment."""
        if len(asked) == 1:
            return self._done(self._client.run(asked, writes=False))
        rows = self._done(self._client.run([("BEGIN", ()), *asked, ("COMMIT", ())], writes=False))
        return rows[1:-1]

    def transact(self, statements: Sequence[Statement]) -> Answer:
        """Execute statements as one transaction; the first of them is number 1 in a failure."""
        return self._client.run([("BEGIN IMMEDIATE", ()), *statements, ("COMMIT", ())], writes=True)

    def refusal(self, error: sqlite3.Error) -> errors.MastraError:
        """The error of ours that says what a statement's means."""
        if "no such table" in str(error):
            message = f"the tables of the store at {self._shown} are gone"
            return errors.StorageConnectionError(message, hint="open the store again: it will be a new one")
        if getattr(error, "sqlite_errorname", "") == "BLOCKED":
            message = f"{self._shown} takes no writes: {error}"
            return errors.Forbidden(message, hint="see what the provider says of the database")
        return database.explain(error, self._shown, _REMEDY)

    def _flush(self, writer: Writer) -> bool:
        """Write what was put off. False if others were faster, and nothing was written."""
        answer = self.transact([(_GUARD, writer.stood), *writer.later])
        if answer.failure is None:
            return True
        step, error = answer.failure
        if step == _GUARD_STEP and "constraint" in str(error):
            return False
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return False
        raise self.refusal(error) from error

    def _done(self, answer: Answer) -> list[list[Any]]:
        if answer.failure:
            raise self.refusal(answer.failure.error) from answer.failure.error
        return answer.rows


class Found:
    """Rows that are here already."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:
        """The next row, None at the end."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return self._rows


class Reader:
    """A `sqllog.Connection` that only reads."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Found:
        """The rows of one query."""
        return Found(self._remote.read([(sql, parameters)])[0])

    def together(self, asked: Sequence[Statement]) -> list[list[Any]]:
        """The rows of several queries as of one moment."""
        return self._remote.read(asked)


class Writer:
    """A `sqllog.Connection` that reads at once and puts off what it writes.

    Whatever is read later, the transaction is made only if the log stands as it did at the first read.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self.later: list[Statement] = []
        self.stood: tuple[Any, ...] = ()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Found:
        """The rows of a query; none of what is put off."""
        if sql.startswith("SELECT"):
            return Found(self.together([(sql, parameters)])[0])
        self.later.append((sql, parameters))
        return Found([])

    def together(self, asked: Sequence[Statement]) -> list[list[Any]]:
        """As `Reader.together`, and where the log stands."""
        if self.stood:
            return self._remote.read(asked)
        stood, *found = self._remote.read([(_STANDS, ()), *asked])
        self.stood = stood[0] if stood else ("", 0)
        return found


def _prepare(remote: Remote, shown: str, *, read_only: bool) -> None:
    """Make sure that the database holds our tables, making them unless `read_only`."""
    if _recognise(remote, shown):
        return
    if read_only:
        message = f"there is no store at {shown}"
        raise errors.StorageConnectionError(message, hint="check the URL: a first write makes it")
    making = Making()
    making.execute("CREATE TABLE mastractl (format INTEGER NOT NULL)")
    making.execute("INSERT INTO mastractl VALUES (?)", (VERSION,))
    sqllog.create(making)
    deadline = time.monotonic() + _PATIENCE
    while failure := remote.transact(making.statements).failure:
        if _recognise(remote, shown):  # another process was faster
            return
        if failure.error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
            raise remote.refusal(failure.error) from failure.error
        time.sleep(0.05)


class Making:
    """Notes statements, to be executed as one transaction."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Found:
        """Note a statement."""
        self.statements.append((sql, parameters))
        return Found([])


def _recognise(remote: Remote, shown: str) -> bool:
    """Whether our tables are there. Refuses those of others under their names, and newer ones."""
    names = ", ".join(f"'{name}'" for name in ("mastractl", *_OURS))
    (rows,) = remote.read([(f"SELECT name FROM sqlite_master WHERE name IN ({names})", ())])  # noqa: S608
    found = {row[0] for row in rows}
    if not found:
        return False
    if "mastractl" not in found or not found.issuperset(_OURS):
        message = f"the database at {shown} has tables of another program: {', '.join(sorted(found))}"
        raise errors.StorageValidationError(message, hint="nothing was changed: name another database")
    (rows,) = remote.read([("SELECT max(format) FROM mastractl", ())])
    version = rows[0][0] or 0
    if version > VERSION:
        raise database.newer(shown, version, VERSION)
    return True


def _synchronous(remote: Remote) -> int:
    """How the server's commits reach its disk, as SQLite numbers it; -1 where it does not say."""
    try:
        (rows,) = remote.read([("PRAGMA synchronous", ())])
        return int(rows[0][0])
    except (errors.StorageError, IndexError, TypeError, ValueError):
        return -1
