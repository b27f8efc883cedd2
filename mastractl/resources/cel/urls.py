"""URLs as Go's net/url reads those of requests: absolute, or a path from the root (Kubernetes' urls)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import Opaque

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+(?:%25[^\]]+)?\]|[^:\[\]]*)(:[0-9]*)?")
_BAD_HOST = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}#/?]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNSAFE = re.compile(r"[^A-Za-z0-9\-_.~!$&'()*+,;=:@/\[\]%]")


class _Parts(NamedTuple):
    scheme: str
    host: str
    path: str
    query: str


class Url(Opaque):
    """A URL."""

    __slots__ = ("parts",)
    kind = types.NAMED["kubernetes.URL"]

    def __init__(self, parts: _Parts) -> None:
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Url) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


def _parse(text: str) -> _Parts | None:
    """The parts of a URL, None where it is none. What stands behind a # is left out."""
    text = text.partition("#")[0]
    if not text or any(ord(char) < 0x20 or char == "\x7f" for char in text):
        return None
    hit = _SCHEME.fullmatch(text)
    scheme, rest = (hit[1].lower(), hit[2]) if hit else ("", text)
    if not hit and not text.startswith("/"):
        return None
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        return _Parts(scheme, "", "", query) if scheme else None  # mailto:anna@example.com
    host, path = "", rest
    if scheme and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
        user, _, host = authority.rpartition("@")
        if not _is_host(host) or _BAD_ESCAPE.search(user):
            return None
    return None if _BAD_ESCAPE.search(path) else _Parts(scheme, host, path, query)


def _is_host(host: str) -> bool:
    return _HOST.fullmatch(host) is not None and not _BAD_HOST.search(host) and not _BAD_ESCAPE.search(host)


def is_url(text: str) -> bool:
    """Whether a text is a URL that a request can be made to."""
    return _parse(text) is not None


def _url(text: str) -> Url:
    parts = _parse(text)
    if parts is None:
        message = f"{text[:60]!r} is no URL: it must be absolute, or a path that begins with /"
        raise CelError(message)
    return Url(parts)


def _split_host(url: Url) -> tuple[str, str]:
    hit = _HOST.fullmatch(url.parts.host)
    return (hit[1].strip("[]"), (hit[2] or "")[1:]) if hit else ("", "")


def _escaped_path(url: Url) -> str:
    return _UNSAFE.sub(lambda hit: "".join(f"%{byte:02X}" for byte in hit.group().encode()), url.parts.path)


def _unescape(text: str) -> str | None:
    if _BAD_ESCAPE.search(text):
        return None
    plain = text.replace("+", " ").encode()
    if b"%" not in plain:
        return plain.decode()
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda hit: bytes((int(hit[1], 16),)), plain).decode(
        errors="replace"
    )


def _query(url: Url) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in url.parts.query.split("&"):
        if not part or ";" in part:
            continue
        key, _, value = part.partition("=")
        name, text = _unescape(key), _unescape(value)
        if name is not None and text is not None:
            found.setdefault(name, []).append(text)
    return found


ROWS: tuple[tuple[Any, ...], ...] = (
    ("url", "", "string", "kubernetes.URL", _url, budget.scan),
    ("isURL", "", "string", "bool", is_url, budget.scan),
    ("getScheme", "kubernetes.URL", "", "string", lambda url: url.parts.scheme),
    ("getHost", "kubernetes.URL", "", "string", lambda url: url.parts.host),
    ("getHostname", "kubernetes.URL", "", "string", lambda url: _split_host(url)[0]),
    ("getPort", "kubernetes.URL", "", "string", lambda url: _split_host(url)[1]),
    ("getEscapedPath", "kubernetes.URL", "", "string", _escaped_path),
    ("getQuery", "kubernetes.URL", "", "map(string, list(string))", _query),
)
