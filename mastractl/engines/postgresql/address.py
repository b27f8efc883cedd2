"""What a `postgresql:` URL says: libpq's own parameters pass through, a few are ours.

`postgresql://user:password@host:port/database?schema=mastractl`, also `postgres://`. What libpq knows it
takes from the URL, or else from where it always looks: `PGHOST` and its sisters, `~/.pgpass`, a service
file. Ours are:

* `schema`: where the tables are; `mastractl` if not given.
* `pool`: the most connections this process has for commits and reads (8); a listener has one besides.
* `pooled=1`: the server is reached through a pooler in transaction mode, such as PgBouncer: no prepared
  statements, no settings for a session, no listening (waits look at the store once a second).
* `statement_timeout` and `lock_timeout`: seconds that a statement, or its wait for another's lock, may take
  (60 and 15).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from mastractl import errors, spelling
from mastractl.engines.opening import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = ("schema", "pool", "pooled", "statement_timeout", "lock_timeout")

_DEFAULTS = {
    "application_name": "mastractl",
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""What a URL need not say: a connection that is dead is found to be so within half a minute or so."""

_MOST_BYTES = 63
"""The longest name of a schema: PostgreSQL cuts off the rest."""


class Address(NamedTuple):
    """Where a store is, and how it is spoken to."""

    shown: str
    """The URL as it may be shown."""
    schema: str
    parameters: Mapping[str, str]
    """What libpq is given, but for `options`."""
    options: str
    """The `options` that the URL itself gives."""
    pool: int
    pooled: bool
    statement_timeout: float
    lock_timeout: float

    @property
    def database(self) -> str:
        """The database as the URL names it, for commands that people are told to run."""
        return self.parameters.get("dbname") or self.parameters.get("user") or "DATABASE"

    @property
    def patience(self) -> float:
        """Seconds after which a server that does not answer is given up: later than it would itself."""
        return self.statement_timeout + 10.0


def parse(url: str) -> Address:
    """What the URL says. Raises ConfigError, naming what cannot be made sense of."""
    shown = mask(url)
    base, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    ours = {unquote(name): unquote(value) for name, _, value in pairs if unquote(name) in _OURS}
    theirs = [f"{name}={value}" for name, _, value in pairs if unquote(name) not in _OURS]
    _refuse_unknown([unquote(pair.partition("=")[0]) for pair in theirs], shown)
    scheme, _, rest = base.partition(":")
    if not rest.startswith("//"):
        message = f"{shown!r} has no // after {scheme}:"
        raise errors.ConfigError(message, hint="write postgresql://user@host/database?schema=mastractl")
    try:
        told = conninfo_to_dict(f"postgresql:{rest}{'?' if theirs else ''}{'&'.join(theirs)}")
    except psycopg.Error:  # whose text may hold the password
        message = f"{shown!r} is no URL of a PostgreSQL database"
        raise errors.ConfigError(
            message, hint="in a user, password or database, write : / ? # @ % as %3A %2F %3F %23 %40 %25"
        ) from None
    parameters = {name: str(value) for name, value in told.items()}
    options = parameters.pop("options", "")
    return Address(
        shown=shown,
        schema=_schema(ours.get("schema", "mastractl"), shown),
        parameters=_DEFAULTS | parameters,
        options=options,
        pool=int(_number(ours, "pool", "8", shown)),
        pooled=_switch(ours, "pooled", shown),
        statement_timeout=_number(ours, "statement_timeout", "60", shown),
        lock_timeout=_number(ours, "lock_timeout", "15", shown),
    )


def _refuse_unknown(names: list[str], shown: str) -> None:
    known = sorted(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())
    for name in names:
        if name in known:
            continue
        near = spelling.nearest(name, [*_OURS, *known])
        message = f"{shown!r} has a parameter {name!r}, which nobody knows" + (
            f"; did you mean {near}?" if near else ""
        )
        raise errors.ConfigError(
            message,
            hint=f"ours are {', '.join(_OURS)}; those of libpq are taken too: sslmode, options, "
            "connect_timeout, application_name, target_session_attrs, ...",
        )


def _schema(name: str, shown: str) -> str:
    if not name or len(name.encode()) > _MOST_BYTES or re.search(r"[\x00-\x1f\x7f]", name):
        message = f"{shown!r}: {name!r} is no name of a schema"
        raise errors.ConfigError(message, hint=f"1 to {_MOST_BYTES} bytes, without control characters")
    if name.startswith("pg_") or name == "information_schema":
        message = f"{shown!r}: the schema {name} belongs to PostgreSQL itself"
        raise errors.ConfigError(message, hint="take another name; the usual one is schema=mastractl")
    return name


def _number(given: Mapping[str, str], name: str, usual: str, shown: str) -> float:
    text = given.get(name, usual)
    try:
        found = int(text) if name == "pool" else float(text)
    except ValueError:
        found = 0
    if 0 < found < 1e6:
        return found
    message = f"{shown!r}: {name}={text} is no number above 0"
    raise errors.ConfigError(message, hint=f"leave it out for {usual}" + (" s" if name != "pool" else ""))


def _switch(given: Mapping[str, str], name: str, shown: str) -> bool:
    text = given.get(name, "0")
    if text in {"0", "1"}:
        return text == "1"
    message = f"{shown!r}: {name}={text} is neither {name}=1 nor {name}=0"
    raise errors.ConfigError(message)
