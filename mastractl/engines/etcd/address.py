"""The URL of a store in etcd: `etcd://[user:password@]host[:port][,host[:port]...][/prefix][?parameters]`.

`etcds://` speaks TLS: `cacert` is the authority to trust (the system's, if it is left out), `cert` and
`key` the client's certificate. `connect_timeout` and `timeout` are seconds, for a connection and for one
answer; `grace` is how many seconds after its expiry etcd itself removes an entry that nobody came for.
`max_request_bytes` is what the server was told with `--max-request-bytes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from mastractl import errors
from mastractl.engines.opening import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 2379
PREFIX = "/mastractl"
"""Where a store lives whose URL has no path."""

_NUMBERS = {"connect_timeout": 10.0, "timeout": 30.0, "grace": 3600.0, "max_request_bytes": 1572864.0}
_FILES = ("cacert", "cert", "key")
_LEAST = {"grace": 1.0, "max_request_bytes": 65536.0}


class Address(NamedTuple):
    """Where a store is, and how it is reached. `shown` is the URL as it may be shown."""

    shown: str
    endpoints: tuple[tuple[str, int], ...]
    prefix: str
    user: str
    password: str
    tls: bool
    files: dict[str, str]
    connect_timeout: float
    timeout: float
    grace: float
    max_request_bytes: int


def parse(url: str) -> Address:
    """The address in a URL. Raises ConfigError for one that makes no sense, naming what does."""
    shown = mask(url)
    scheme = url.partition(":")[0].lower()
    if not url.partition(":")[2].startswith("//"):
        message = f"{shown!r} names no server"
        raise errors.ConfigError(message, hint=f"write {scheme}://host:{PORT}/prefix")
    parts = urlsplit(url)
    if parts.fragment:
        message = f"{shown!r} has a #, which is written %23 in a name or a password"
        raise errors.ConfigError(message)
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    numbers, files = _parameters(parts.query, shown, tls=scheme == "etcds")
    return Address(
        shown=shown,
        endpoints=tuple(_endpoints(hosts, shown)),
        prefix=_prefix(unquote(parts.path), shown),
        user=unquote(user),
        password=unquote(password),
        tls=scheme == "etcds",
        files=files,
        connect_timeout=numbers["connect_timeout"],
        timeout=numbers["timeout"],
        grace=numbers["grace"],
        max_request_bytes=int(numbers["max_request_bytes"]),
    )


def _endpoints(hosts: str, shown: str) -> Iterator[tuple[str, int]]:
    for host in hosts.split(","):
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname, parts.port
        except ValueError:
            name, port = None, None
        if not name:
            message = f"{shown!r} has {host!r} where a host is expected"
            raise errors.ConfigError(message, hint=f"write host:{PORT}, several with commas between them")
        yield name, port or PORT


def _prefix(path: str, shown: str) -> str:
    stripped = path.strip("/")
    if not stripped:
        return PREFIX
    if any(ord(letter) < 0x20 for letter in stripped) or "" in stripped.split("/"):
        message = f"{shown!r} has a prefix with an empty segment or a control character"
        raise errors.ConfigError(message, hint=f"write a path like {PREFIX}")
    return f"/{stripped}"


def _parameters(query: str, shown: str, *, tls: bool) -> tuple[dict[str, float], dict[str, str]]:
    """The numbers, complete, and the files of TLS."""
    numbers, files = dict(_NUMBERS), {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in _NUMBERS:
            numbers[name] = _number(name, value, shown)
        elif name in _FILES:
            files[name] = value
        else:
            known = ", ".join([*_FILES, *_NUMBERS])
            message = f"{shown!r} has the parameter {name!r}, which etcd's engine does not know"
            raise errors.ConfigError(message, hint=f"it knows {known}")
    if files and not tls:
        message = f"{shown!r} names {', '.join(files)}, and does not speak TLS"
        raise errors.ConfigError(message, hint="write etcds:// for TLS")
    if "key" in files and "cert" not in files:
        message = f"{shown!r} has a key and no cert"
        raise errors.ConfigError(message, hint="name the certificate that the key belongs to with cert=")
    return numbers, files


def _number(name: str, value: str, shown: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    least = _LEAST.get(name, 0.001)
    if not least <= number <= 1e9:
        message = f"{shown!r} has {name}={value}, which is no number from {least:g} on"
        raise errors.ConfigError(message)
    return number
