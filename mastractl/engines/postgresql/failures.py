"""What PostgreSQL's errors mean for the one who uses the store: one table by SQLSTATE, and what libpq says.

A server that answered with an error has undone the statement: nothing was written. A connection that was
lost while a commit was under way leaves that open, whatever came last over it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors

if TYPE_CHECKING:
    import psycopg

    from mastractl.engines.postgresql.address import Address

READ_AGAIN = "read to see what stands: the commit is there as a whole, or not at all"

AGAIN = {"40001", "40P01"}
"""Serialization failure and deadlock: undone by the server, and worth trying again at once."""

_REPLACED = {"3F000", "42P01", "42883", "42703"}
"""No such schema, table, function or column: what was there when the store was opened is gone."""


class Meaning(NamedTuple):
    """Which error of ours it is, what happened, and what to do; `{name}` is filled in from the address."""

    kind: type[errors.MastraError]
    message: str
    hint: str = ""


_MEANINGS = {
    "28P01": Meaning(
        errors.StorageConnectionError,
        "the password was refused",
        "put the right one into the URL, PGPASSWORD or ~/.pgpass",
    ),
    "28000": Meaning(
        errors.StorageConnectionError,
        "the server does not let this role in",
        "check the role and database in the URL; the server's pg_hba.conf says who may connect from where, "
        "and whether only with TLS (sslmode=require)",
    ),
    "3D000": Meaning(
        errors.StorageConnectionError, "there is no such database", "createdb {database}, or name another"
    ),
    "53300": Meaning(
        errors.Unavailable,
        "the server has no connection left",
        "try again; or raise max_connections, give pool=N in the URL, or put a pooler in between (pooled=1)",
    ),
    "53100": Meaning(errors.StorageFull, "the server's disk is full", "free some space there and try again"),
    "53200": Meaning(errors.Unavailable, "the server is out of memory", "try again, with smaller commits"),
    "54000": Meaning(
        errors.TooLarge, "more than PostgreSQL takes at once", "split the work into smaller commits"
    ),
    "22P05": Meaning(
        errors.BadRequest,
        "the database's encoding lacks a character of it",
        "keep the store in a database with encoding UTF8",
    ),
    "23505": Meaning(
        errors.StorageValidationError,
        "log and index do not agree; nothing was written",
        "check the store with repair: the index is made again from the log",
    ),
    "25006": Meaning(
        errors.Forbidden,
        "the server takes no writes",
        "it is a standby, or its default is read only: name the primary in the URL, or let libpq find it: "
        "several hosts and target_session_attrs=read-write",
    ),
    "42501": Meaning(
        errors.Forbidden,
        "the role lacks a permission",
        "have the owner run: GRANT USAGE ON SCHEMA {schema} TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON "
        "ALL TABLES IN SCHEMA {schema} TO ROLE (SELECT is enough to read)",
    ),
    "55P03": Meaning(
        errors.Unavailable,
        "another session holds the store's lock",
        "try again; pg_stat_activity shows who, and lock_timeout=SECONDS in the URL says how long to wait",
    ),
    "57014": Meaning(
        errors.Unavailable,
        "the statement was cancelled; nothing was written",
        "try again; statement_timeout=SECONDS in the URL allows it longer",
    ),
    "57P03": Meaning(errors.Unavailable, "the server is starting up or shutting down", "try again shortly"),
    "08P01": Meaning(
        errors.StorageConnectionError,
        "the server does not understand",
        "through PgBouncer, give pooled=1 in the URL; else check that it is a PostgreSQL server",
    ),
}
"""By SQLSTATE: PostgreSQL's manual, appendix A."""

_SPOKEN = (
    (r"root certificate file .* does not exist", "give sslrootcert=FILE (or =system) in the URL"),
    (r"server certificate for .* does not match host", "connect by a name that is in the certificate"),
    (
        r"certificate verify failed",
        "sslrootcert=FILE names the authority that signed the server's certificate",
    ),
    (
        r"server does not support SSL|SSL negotiation|SSL SYSCALL",
        "set up TLS on the server, or give sslmode=prefer to do without",
    ),
    (r"no password supplied", "put it into the URL, PGPASSWORD or ~/.pgpass"),
    (r"could not translate host name|resolve", "check the host's name in the URL"),
    (
        r"Connection refused|No such file or directory",
        "check host and port, and that the server runs and listens there (listen_addresses)",
    ),
    (
        r"timeout|timed out",
        "check host and port, and the firewalls in between; connect_timeout=SECONDS waits longer",
    ),
    (r"read-write|read-only|hot standby|recovery", "no host named in the URL is of the kind asked for"),
)
"""What libpq says where no server has answered with an SQLSTATE: a pattern, and the remedy."""


def explain(error: psycopg.Error, address: Address) -> errors.MastraError:
    """The error of ours for one that the server answered with, over a connection that stands."""
    state = error.sqlstate or ""
    if state in _REPLACED:
        return replaced(address)
    meaning = _MEANINGS.get(state)
    if meaning is None and state == "XX000" and "invalid memory alloc" in str(error):
        meaning = _MEANINGS["54000"]
    if meaning is None:
        said = f"{_first_line(error)}" + (f" (SQLSTATE {state})" if state else "")
        return errors.StorageTransactionError(f"{address.shown}: {said}")
    return _made(meaning, error, address)


def unreachable(error: psycopg.Error, address: Address) -> errors.MastraError:
    """The error of ours for a connection that did not come about."""
    said = _first_line(error)
    if re.search(_ILL_PUT, str(error)):
        message = f"{address.shown!r} is nothing that libpq can use: {said}"
        return errors.ConfigError(message, hint="see Connection URIs in PostgreSQL's manual")
    for state, pattern in _UNTOLD.items():
        if error.sqlstate == state or re.search(pattern, str(error)):
            return _made(_MEANINGS[state], error, address)
    hint = next((hint for pattern, hint in _SPOKEN if re.search(pattern, str(error))), "")
    return errors.StorageConnectionError(f"{address.shown} cannot be reached: {said}", hint=hint)


_ILL_PUT = (
    r"invalid \w+ value|invalid integer value|invalid port number|bad value for|Servname not supported"
    r"|definition of service|could not match \d+"
)
"""What is said of a URL that nothing was tried with."""

_UNTOLD = {
    "28P01": r"password authentication failed",
    "28000": r"no pg_hba\.conf entry|pg_hba\.conf rejects|role \".*\" (does not exist|is not permitted)",
    "3D000": r"database \".*\" does not exist",
    "53300": r"too many (clients|connections)|remaining connection slots",
    "57P03": r"the database system is (starting up|shutting down|in recovery mode|not yet accepting)",
    "08P01": r"unsupported startup parameter",
    "42501": r"permission denied for database",
}
"""While it connects, psycopg gives the server's text without its SQLSTATE."""


def lost(error: Exception | None, address: Address) -> errors.Unavailable:
    """The connection was lost, and what was asked for changes nothing."""
    said = f": {_first_line(error)}" if error else ""
    return errors.Unavailable(f"the connection to {address.shown} was lost{said}", hint="try again")


def unknown(error: Exception, address: Address) -> errors.UnknownOutcome:
    """The connection was lost after a commit had been asked for, and before it was answered."""
    return errors.UnknownOutcome(
        f"the connection to {address.shown} was lost during a commit: {_first_line(error)}", hint=READ_AGAIN
    )


def replaced(address: Address) -> errors.StorageConnectionError:
    """The store is no longer the one that was opened."""
    return errors.StorageConnectionError(
        f"{address.shown} was removed or replaced while it was in use",
        hint="open the store again: it is another one now, and watches begin anew",
    )


def _made(meaning: Meaning, error: psycopg.Error, address: Address) -> errors.MastraError:
    message = f"{address.shown}: {meaning.message}: {_first_line(error)}"
    named = {"{database}": address.database, "{schema}": f'"{address.schema}"'}
    hint = meaning.hint
    for place, name in named.items():
        hint = hint.replace(place, name)
    return meaning.kind(message, hint=hint)


def _first_line(error: Exception) -> str:
    """What the server or libpq says, on one line: of several attempts, the last."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    lines = [line.strip() for line in (primary or str(error)).splitlines() if line.strip()]
    said = next((line for line in lines if "FATAL" in line or "failed" in line), lines[0] if lines else "")
    return said or type(error).__name__
