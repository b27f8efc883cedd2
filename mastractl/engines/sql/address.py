"""From a URL to a place: which server, which database, which tables, and what the driver is told besides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mastractl import errors
from mastractl.engines.opening import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import URL

MYSQL, POSTGRESQL, SQLITE = "mysql", "postgresql", "sqlite"

_KINDS = {
    "mysql": MYSQL,
    "mysql+pymysql": MYSQL,
    "mariadb": MYSQL,
    "mariadb+pymysql": MYSQL,
    "postgresql": POSTGRESQL,
    "postgresql+psycopg": POSTGRESQL,
    "postgres": POSTGRESQL,
    "sqlite": SQLITE,
    "sqlite+pysqlite": SQLITE,
}

DEFAULT_PREFIX = "mastractl_"

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""Short enough for the names of all our indexes, and the same on servers that fold case."""


class Address(NamedTuple):
    """Where a store is."""

    kind: str
    """One of MYSQL, POSTGRESQL and SQLITE."""
    url: URL
    """As SQLAlchemy understands it, without parameters."""
    prefix: str
    """What the names of its tables begin with."""
    options: Mapping[str, str]
    """What is left for the driver."""
    shown: str
    """The URL as it may be shown."""


def read(url: str) -> Address:
    """The place a `sql:` URL names. Raises ConfigError."""
    inner = url.partition(":")[2]
    shown = f"sql:{mask(inner)}"
    where, _, query = inner.partition("?")
    try:
        found = make_url(where)
    except (ArgumentError, ValueError) as error:
        message = f"{shown!r} is no URL of a database"
        hint = "write sql:mysql://user:password@host:3306/database, and in a password %40 for @, %2F for /"
        raise errors.ConfigError(message, hint=hint) from error
    kind = _KINDS.get(found.drivername.lower())
    if kind is None:
        raise _unproven(found.drivername, shown)
    options = dict(parse_qsl(query, keep_blank_values=True))
    prefix = options.pop("prefix", DEFAULT_PREFIX)
    if not _PREFIX.fullmatch(prefix):
        message = f"the prefix {prefix!r} in {shown!r} does not do for the names of tables"
        hint = "it is a lower-case letter, then at most 39 of a-z 0-9 _"
        raise errors.ConfigError(message, hint=hint)
    if not found.database or found.database == ":memory:":
        message = f"{shown!r} names no database" if not found.database else f"{shown!r} would be gone at once"
        raise errors.ConfigError(message, hint="write sql:mysql://host/database or sql:sqlite:///path")
    return Address(kind, found, prefix, options, shown)


def options(address: Address, known: Mapping[str, type]) -> dict[str, str | int | bool]:
    """The parameters for the driver, as it wants them. Raises ConfigError for one that it does not know."""
    found: dict[str, str | int | bool] = {}
    for name, value in address.options.items():
        kind = known.get(name)
        if kind is None:
            message = f"{address.shown!r} has a parameter that is not known: {name}"
            listed = ", ".join(sorted(["prefix", *known]))
            raise errors.ConfigError(message, hint=f"known are {listed}")
        try:
            found[name] = _TRUTHS[value.lower()] if kind is bool else kind(value)
        except (KeyError, ValueError) as error:
            wanted = "true or false" if kind is bool else "a whole number"
            message = f"the parameter {name} in {address.shown!r} is not {wanted}"
            raise errors.ConfigError(message) from error
        if kind is int and not 0 < int(value) < 10**6:
            message = f"the parameter {name} in {address.shown!r} is not a number of seconds above 0"
            raise errors.ConfigError(message)
    return found


_TRUTHS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def _unproven(driver: str, shown: str) -> errors.ConfigError:
    message = f"{driver!r} in {shown!r} is no database that this engine is proven with"
    hint = (
        "proven are mysql: and mariadb: (by pymysql), postgresql: (by psycopg) and sqlite:; "
        "other dialects and drivers of SQLAlchemy behave otherwise where it matters"
    )
    return errors.ConfigError(message, hint=hint)
