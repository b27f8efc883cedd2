"""What a Redis says when it refuses, and what that is to us: one table.

A refusal is an answer: whatever was asked was not done. Lost connections are no refusals; see `wire`.
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, NamedTuple

from redis import exceptions as driver

from mastractl import errors

if TYPE_CHECKING:
    from mastractl.engines.redis.address import Address

PASSING = ("LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN")
"""What a server says that will soon answer: it is asked again, for a while."""

MOVED = ("MOVED", "ASK")


class Meaning(NamedTuple):
    """What a code is: our class, what is wrong, what to do."""

    error: type[errors.MastraError]
    message: str
    hint: str


_MEMORY = "raise maxmemory, or `mastractl` compacts the log and deletes what is not needed"
_PASSWORD = "write them into the URL, percent-encoded: redis://user:password@host"  # noqa: S105 - no secret
_FOREIGN = "give this store a prefix of its own: ?prefix=another"

_TABLE = {
    "OOM": Meaning(errors.StorageFull, "the memory of the server is full (maxmemory)", _MEMORY),
    "MISCONF": Meaning(
        errors.StorageFull,
        "the server cannot save to its disk and takes no writes",
        "make space where the server keeps its data; its log says what failed",
    ),
    "READONLY": Meaning(
        errors.Forbidden,
        "the server is a replica and takes no writes",
        "use the address of the primary, or open the store read-only",
    ),
    "NOPERM": Meaning(
        errors.Forbidden,
        "this user may not do that",
        "its ACL needs the keys ~{PREFIX}:* and the commands +@read +@write +@scripting +@connection, "
        "and for a full account of the store's health +info +config|get",
    ),
    "NOREPLICAS": Meaning(
        errors.Unavailable,
        "the server has fewer replicas than min-replicas-to-write asks for, and takes no writes",
        "bring the replicas back, or lower min-replicas-to-write",
    ),
    "NOAUTH": Meaning(errors.StorageConnectionError, "the server wants a user and password", _PASSWORD),
    "WRONGPASS": Meaning(
        errors.StorageConnectionError, "the server does not know this user and password", _PASSWORD
    ),
    "LOADING": Meaning(
        errors.Unavailable, "the server is still loading its data", "try again when it has loaded"
    ),
    "BUSY": Meaning(errors.Unavailable, "the server is busy with somebody's script", "try again later"),
    "MASTERDOWN": Meaning(
        errors.Unavailable, "this replica has lost its primary", "try again later, or use the primary"
    ),
    "TRYAGAIN": Meaning(errors.Unavailable, "the cluster is moving this store", "try again later"),
    "CLUSTERDOWN": Meaning(
        errors.Unavailable, "the cluster is down or serves not all slots", "see CLUSTER INFO on the server"
    ),
    "MOVED": Meaning(
        errors.Unavailable, "the cluster sends from node to node", "try again when it has settled"
    ),
    "ASK": Meaning(errors.Unavailable, "the cluster is moving this store to another node", "try again later"),
    "CROSSSLOT": Meaning(
        errors.StorageConnectionError, "the keys of the store are in several slots", "this is our fault"
    ),
    "MAXCLIENTS": Meaning(
        errors.Unavailable,
        "the server has as many clients as it takes",
        "try again later, or raise maxclients",
    ),
    "DATABASE": Meaning(
        errors.StorageConnectionError,
        "the server has no database of this number",
        "a cluster has only 0, others as many as its `databases` says; stores differ by ?prefix= as well",
    ),
    "WRONGTYPE": Meaning(
        errors.StorageValidationError, "another program keeps something else under our keys", _FOREIGN
    ),
    "LOG": Meaning(
        errors.StorageValidationError,
        "the log is ahead of the store: another program wrote to it, or part of the store was lost",
        "`mastractl` can check the store; keep its data until you know what happened",
    ),
    "PROTOCOL": Meaning(
        errors.StorageConnectionError,
        "what answers there is no Redis, or one that speaks TLS where plain text was spoken",
        "check host and port; a server with TLS has a rediss:// URL",
    ),
}

_BY_CLASS: tuple[tuple[type[Exception], str], ...] = (
    (driver.BusyLoadingError, "LOADING"),
    (driver.AskError, "ASK"),
    (driver.MasterDownError, "MASTERDOWN"),
    (driver.ClusterDownError, "CLUSTERDOWN"),
    (driver.TryAgainError, "TRYAGAIN"),
    (driver.ClusterCrossSlotError, "CROSSSLOT"),
    (driver.OutOfMemoryError, "OOM"),
    (driver.ReadOnlyError, "READONLY"),
    (driver.NoPermissionError, "NOPERM"),
    (driver.NoScriptError, "NOSCRIPT"),
    (driver.AuthenticationWrongNumberOfArgsError, "WRONGPASS"),
    (driver.InvalidResponse, "PROTOCOL"),
)

_BY_TEXT = (
    (r"DB index|SELECT is not allowed|invalid DB", "DATABASE"),
    (r"Authentication required|NOAUTH", "NOAUTH"),
    (r"invalid (username|password)|without any password configured|WRONGPASS", "WRONGPASS"),
    (r"ID specified in XADD", "LOG"),
    (r"ACL failure|has no permissions", "NOPERM"),
    (r"\b(OOM|MISCONF|READONLY|NOPERM|NOREPLICAS|WRONGTYPE|LOADING|BUSY)\b", ""),
)


def refusal(error: driver.RedisError) -> str:
    """The code of what the server answered; "" if it is no answer but a lost connection."""
    if type(error) in {driver.ConnectionError, driver.TimeoutError}:
        return "MAXCLIENTS" if "max number of clients" in str(error) else ""
    if isinstance(error, driver.MovedError):
        return "MOVED"
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    for pattern, code in _BY_TEXT:
        if match := re.search(pattern, str(error)):
            return code or match[0]
    return "WRONGPASS" if isinstance(error, driver.AuthenticationError) else "ERR"


def explain(error: driver.RedisError, shown: str, prefix: str) -> errors.MastraError:
    """Our error for a refusal."""
    meaning = _TABLE.get(refusal(error))
    if meaning is None:
        message = f"{shown}: the server refused: {error}"
        return errors.StorageTransactionError(message, hint="nothing was written")
    detail = f" ({error})" if meaning.error is errors.Forbidden else ""
    hint = meaning.hint.replace("PREFIX", prefix)
    return meaning.error(f"{shown}: {meaning.message}{detail}", hint=hint)


def unreachable(error: Exception, address: Address, *, met: bool) -> errors.MastraError:
    """Our error for a connection that cannot be made. `met`: it could be made before."""
    shown = address.shown
    cause = _root(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = f"{shown}: the server's certificate is not to be trusted: {cause.verify_message}"
        hint = "name the authority with ?cacert=FILE; the host in the URL must be one of the certificate's"
        return errors.StorageConnectionError(message, hint=hint)
    if isinstance(cause, ssl.SSLError):
        message = f"{shown}: TLS failed: {cause.reason or cause}"
        hint = "a server without TLS has a redis:// URL; one that knows its clients wants ?cert= and &key="
        return errors.StorageConnectionError(message, hint=hint)
    if isinstance(cause, FileNotFoundError | PermissionError):
        message = f"{shown}: a file that the URL names cannot be read: {cause}"
        return errors.StorageConnectionError(message, hint="check cacert, cert and key")
    message = f"{shown} cannot be reached: {error}"
    if met:
        return errors.Unavailable(message, hint="it could be reached before; nothing was written: try again")
    other = "without TLS has a redis://" if address.tls else "with TLS has a rediss://"
    hint = f"check that the server runs, and the host and port; a server {other} URL"
    return errors.StorageConnectionError(message, hint=hint)


def _root(error: BaseException) -> BaseException:
    """What the driver made its error from."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error
