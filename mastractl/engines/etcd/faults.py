"""What an answer of etcd that is no success means: one table.

The messages are those of etcd's `api/v3rpc/rpctypes`. What matters most is whether a commit that was
answered so may have been applied all the same. A refusal before the proposal, or by the state machine
that applies it, is certain: too large, no space, not permitted, too many requests, no leader. A timeout
is not: the proposal stands in the log of raft, or on its way to a leader, and may be applied later. So
whatever the table does not know to be certain is unknown, for a commit, and to be asked again, for a read.
"""

from __future__ import annotations

import json
import ssl
from typing import NamedTuple

from mastractl import errors

COMPACTED = "required revision has been compacted"
LEASE_GONE = "requested lease not found"
_TOKEN = ("invalid auth token", "revision of auth store is old", "revision in header is old")
NO_AUTH = "authentication is not enabled"

_READ_AGAIN = "the commit may have been written or not: read to see what stands"


class Meaning(NamedTuple):
    """A class of error and what to do about it."""

    error: type[errors.MastraError]
    hint: str


_TABLE = {
    "request is too large": Meaning(
        errors.TooLarge, "split the work, or raise --max-request-bytes, and max_request_bytes in the URL"
    ),
    "received message larger than max": Meaning(
        errors.TooLarge, "split the work, or raise --max-request-bytes, and max_request_bytes in the URL"
    ),
    "too many operations in txn": Meaning(
        errors.TooLarge, "split the work into smaller commits, or let etcd have --max-txn-ops of 128 or more"
    ),
    "database space exceeded": Meaning(
        errors.StorageFull,
        "compact and defragment etcd (etcdctl compact, defrag, then alarm disarm), let it compact by "
        "itself with --auto-compaction-mode and --auto-compaction-retention, or raise --quota-backend-bytes",
    ),
    "permission denied": Meaning(
        errors.Forbidden,
        "name a user in the URL (etcd://user:password@host/prefix) whose role has readwrite on the prefix "
        "(etcdctl role grant-permission)",
    ),
    "authentication failed": Meaning(
        errors.StorageConnectionError, "check user and password in the URL, percent-encoded where needed"
    ),
    "user name is empty": Meaning(
        errors.StorageConnectionError, "this etcd asks who you are: write etcd://user:password@host..."
    ),
    "invalid auth token": Meaning(errors.StorageConnectionError, "check the user in the URL"),
    "CommonName of client": Meaning(
        errors.StorageConnectionError,
        "etcd's gateway takes no client certificate that has a common name where users are checked; "
        "use one without",
    ),
    "corrupt cluster": Meaning(
        errors.StorageValidationError, "etcd found its members to differ: see etcdctl alarm list"
    ),
    "no leader": Meaning(errors.Unavailable, "etcd is electing a leader or has lost its quorum; try again"),
    "too many requests": Meaning(errors.Unavailable, "etcd is overloaded; try again later"),
    "not capable": Meaning(errors.Unavailable, "this member is starting or is being upgraded; try again"),
    "unhealthy cluster": Meaning(errors.Unavailable, "etcd has lost its quorum; try again"),
    "not supported for learner": Meaning(errors.Unavailable, "name a voting member in the URL"),
    COMPACTED: Meaning(errors.Expired, "read again"),
    LEASE_GONE: Meaning(errors.NotFound, "grant another"),
}
"""What certainly was not applied, by a part of the message."""

ELSEWHERE = ("no leader", "not capable", "not supported for learner")
"""What another member may answer better."""


def message_of(data: bytes) -> str:
    """The message in an answer of the gateway, "" if it is not one of its own."""
    try:
        document = json.loads(data)
    except ValueError:
        return data.decode(errors="replace").strip() if data.startswith(b"CommonName") else ""
    if not isinstance(document, dict):
        return ""
    nested = document.get("error")
    if isinstance(nested, dict):  # as in a stream
        return str(nested.get("message", ""))
    return str(document.get("message") or nested or "")


def about_token(message: str) -> bool:
    """Whether a new token would help: the old one timed out, or users and roles were changed since."""
    return any(part in message for part in _TOKEN)


def meaning(status: int, data: bytes, shown: str, *, wrote: bool) -> errors.MastraError:
    """The error that an answer other than 200 stands for. `wrote` says that it answers a commit."""
    message = message_of(data)
    for part, (error, hint) in _TABLE.items():
        if part in message:
            return error(f"{shown}: {message}", hint=hint)
    if not message:
        return stranger(status, data, shown)
    if wrote:
        return errors.UnknownOutcome(f"{shown}: {message}", hint=_READ_AGAIN)
    return errors.Unavailable(f"{shown}: {message}", hint="try again")


def stranger(status: int, data: bytes, shown: str) -> errors.MastraError:
    """What answers is not the gateway of etcd: its own words are not repeated, they may be a whole page."""
    if b"HTTP request to an HTTPS server" in data:
        message = f"{shown} speaks TLS"
        return errors.StorageConnectionError(message, hint="write etcds://, and cacert= for an own authority")
    message = f"what answers at {shown} is not the gateway of etcd v3 (HTTP status {status})"
    hint = f"check host and port; {_GATEWAY}"
    return errors.StorageConnectionError(message, hint=hint)


_GATEWAY = "etcd from 3.4 on answers here unless it runs with --enable-grpc-gateway=false"


def unreachable(error: OSError, shown: str, *, opened: bool) -> errors.MastraError:
    """No connection could be made, so nothing was sent. `opened`: to a store that was reached before."""
    if isinstance(error, ssl.SSLError) and not (opened and isinstance(error, ssl.SSLEOFError)):
        return _tls(error, shown)
    message = f"{shown} cannot be reached: {error}"
    if opened:
        return errors.Unavailable(message, hint="nothing was written; try again when etcd is back")
    return errors.StorageConnectionError(message, hint="check host and port, and that etcd is running")


def lost(error: OSError, shown: str, *, wrote: bool, opened: bool = True) -> errors.MastraError:
    """The connection was lost after a request had been sent. `opened`: to a store that was reached before."""
    if "no HTTP" in str(error):
        message = f"what answers at {shown} is not the gateway of etcd v3: it does not speak HTTP"
        return errors.StorageConnectionError(message, hint=f"check host and port; {_GATEWAY}")
    message = f"the connection to {shown} was lost: {error}"
    if wrote:
        return errors.UnknownOutcome(message, hint=_READ_AGAIN)
    if isinstance(error, ssl.SSLError) and not isinstance(
        error, ssl.SSLEOFError
    ):  # with TLS 1.3 a client's certificate is refused this late
        return _tls(error, shown)
    if not opened:
        hint = "check host and port; if etcd speaks TLS there, write etcds://"
        return errors.StorageConnectionError(message, hint=hint)
    return errors.Unavailable(message, hint="try again when etcd is back")


def _tls(error: ssl.SSLError, shown: str) -> errors.MastraError:
    reason = f"{error.reason or ''} {error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"the certificate of {shown} is not trusted: {error.verify_message}"
        hint = "name its authority with cacert=, and the host as its certificate does"
    elif "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER_FAILURE" in reason:
        message, hint = f"{shown} does not speak TLS", "write etcd://"
    elif isinstance(error, ssl.SSLEOFError):
        message = f"{shown} hung up when TLS was begun"
        hint = "if it does not speak TLS, write etcd://"
    elif "ALERT" in reason.upper():
        message = f"{shown} refuses the client's certificate: {error.reason}"
        hint = "name one that its --trusted-ca-file knows with cert= and key="
    else:
        message, hint = f"no TLS with {shown}: {error}", "check cacert=, cert= and key="
    return errors.StorageConnectionError(message, hint=hint)
