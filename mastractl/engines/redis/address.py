"""What a `redis:` URL says: where the server is, who asks, and which store on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from mastractl import errors
from mastractl.engines.opening import mask

if TYPE_CHECKING:
    from urllib.parse import SplitResult

FORM = "redis://[user:password@]host[:port][/database][?prefix=mastractl]"

PARAMETERS = ("prefix", "timeout", "connect_timeout", "cacert", "cert", "key", "verify")
TLS_PARAMETERS = ("cacert", "cert", "key", "verify")

_PREFIX = r"[^\s{}\x00-\x1f\x7f\ud800-\udfff]{1,200}"


@dataclass(frozen=True, slots=True)
class Address:
    """A store on a server. `shown` is the URL without its secrets, for messages.

    `timeout` is how many seconds a call may take, `connect_timeout` a connection. `verify` is how a
    `rediss:` server is known: "full" by its certificate and name, "ca" by its certificate, "none" not at all.
    """

    shown: str
    host: str
    port: int
    database: int
    prefix: str
    user: str | None = None
    password: str | None = None
    timeout: float = 30.0
    connect_timeout: float = 10.0
    tls: bool = False
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: str = "full"

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The names of the store, its index, its log and what is due: in one slot of a cluster."""
        return tuple(f"{{{self.prefix}}}:{name}".encode() for name in ("store", "index", "log", "due"))


def parse(url: str) -> Address:
    """The address that a URL is. Raises ConfigError, and says what was understood of it."""
    shown = mask(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # whose message may hold part of a password
        _refuse(f"{shown!r} is no URL: is the port a number, and what is special percent-encoded?")
    if not url.partition(":")[2].startswith("//") or not parts.hostname:
        _refuse(f"{shown!r} names no host")
    if parts.fragment:
        _refuse(f"{shown!r} has a #", hint="in a password, # is written %23")
    return Address(
        shown=shown,
        host=parts.hostname,
        port=port or 6379,
        database=_database(parts.path, shown),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=parts.scheme == "rediss",
        **_parameters(parts, shown),
    )


def _database(path: str, shown: str) -> int:
    name = path.strip("/")
    if not re.fullmatch(r"[0-9]{0,9}", name):
        message = f"{shown!r}: the database of a Redis is a number, not {name!r}"
        _refuse(message, hint="several stores in one database differ by ?prefix=")
    return int(name or 0)


def _parameters(parts: SplitResult, shown: str) -> dict[str, Any]:
    found: dict[str, Any] = {"prefix": "mastractl"}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in PARAMETERS:
            message = f"{shown!r} has a parameter {name!r}, which is not known"
            _refuse(message, hint=f"known are {', '.join(PARAMETERS)}")
        if name in TLS_PARAMETERS and parts.scheme != "rediss":
            _refuse(f"{shown!r}: {name} is for TLS", hint="TLS is spoken at rediss:// URLs")
        found[name] = _seconds(name, value, shown) if name.endswith("timeout") else value
    if not re.fullmatch(_PREFIX, found["prefix"]):
        message = f"{shown!r}: a prefix has 1 to 200 characters, and no spaces or braces"
        _refuse(message)
    if found.get("verify", "full") not in {"full", "ca", "none"}:
        _refuse(f"{shown!r}: verify is full, ca or none")
    if bool(found.get("cert")) != bool(found.get("key")):
        _refuse(f"{shown!r}: cert and key go together")
    return found


def _seconds(name: str, value: str, shown: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        _refuse(f"{shown!r}: {name} is a number of seconds above 0, not {value!r}")
    return seconds


def _refuse(message: str, *, hint: str = "") -> NoReturn:
    raise errors.ConfigError(message, hint=hint or f"such a URL is {FORM}; with TLS, rediss://...")
