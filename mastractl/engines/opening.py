"""From a URL to an open engine: the one place that knows which engines there are.

Those in `BUILT_IN` are built in, a bare path is a file store; programs add schemes with `register`,
installed packages by the entry point group `mastractl.engines`, which is read only for a scheme that
is not known otherwise. An unknown scheme is an error and never a store that forgets.

An engine is imported when a URL names it. Each module in `BUILT_IN` has a function `open_url`, its
`Factory`, and imports its driver at the top: where that is not installed, the extra is named.

No message holds a secret: URLs are shown through `mask`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.contract import adopt_as_is

if TYPE_CHECKING:
    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine

GROUP = "mastractl.engines"
"""The entry point group: name = scheme, value = a `Factory`."""

# These are compiled when they are used: most stores are opened by a path, and then none is.
_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]+):"
"""Two letters at least: a single one is a Windows drive."""

_BEFORE_HOST = r"(?s)(?<=:)(/{0,2}[^:/?#@]*):.*@"
_TELLING = r"(?i)([?&;][^=&;#]*(?:pass|pwd|secret|token|key|auth|credential)[^=&;#]*=)[^&;#]*"


class BuiltIn(NamedTuple):
    """Where an engine of ours is: its module below `mastractl.engines`, and the extra with its driver."""

    module: str
    extra: str = ""


BUILT_IN = {
    "sqlite": BuiltIn("sqlite"),
    "libsql": BuiltIn("libsql", "libsql"),
    "postgresql": BuiltIn("postgresql", "postgres"),
    "postgres": BuiltIn("postgresql", "postgres"),
    "redis": BuiltIn("redis", "redis"),
    "rediss": BuiltIn("redis", "redis"),
    "etcd": BuiltIn("etcd"),
    "etcds": BuiltIn("etcd"),
    "sql": BuiltIn("sql", "sql"),
}
"""The schemes whose engines are modules of ours, besides `memory:` and `file:`."""


class Factory(Protocol):
    """What opens the engine of a scheme."""

    def __call__(self, url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
        """The engine for a URL, opened. Raises ConfigError for a URL it cannot make sense of."""
        ...


def open_engine(
    url: str | os.PathLike[str],
    *,
    adopt: Adopt = adopt_as_is,
    clock: Clock | None = None,
    read_only: bool = False,
) -> Engine:
    """Open the store at a URL: `memory:`, `file:PATH`, `file:///PATH`, or a path as it stands.

    In a path, `~` is the home directory. A `file:` URL is percent-decoded and may end in `?mode=ro`;
    a bare path is taken as it is, and a `PathLike` always is one. `adopt` takes in what is edited
    behind the engine's back. Raises ConfigError for a URL that names no engine or no store, PluginError
    if an installed engine cannot be loaded, and whatever the engine raises when it is opened.
    """
    if not isinstance(url, str):
        return _open_path(os.fspath(url), adopt=adopt, clock=clock or SystemClock(), read_only=read_only)
    scheme = _scheme(url)
    factory = _factory(scheme, url) if scheme else _open_path
    return factory(url, adopt=adopt, clock=clock or SystemClock(), read_only=read_only)


def register(scheme: str, factory: Factory) -> None:
    """Let a scheme open with this factory. ValueError for what is no scheme, or is taken already."""
    if not re.fullmatch(_SCHEME, f"{scheme}:") or scheme != scheme.lower():
        message = f"{scheme!r} is no scheme: two or more of a-z 0-9 + . - with a letter first"
        raise ValueError(message)
    if scheme in _factories or scheme in BUILT_IN:
        message = f"the scheme {scheme!r} is taken"
        raise ValueError(message)
    _factories[scheme] = factory


def unregister(scheme: str) -> None:
    """Forget a scheme that `register` made known. KeyError if it is not known."""
    del _factories[scheme]


def available() -> tuple[str, ...]:
    """The schemes that can be opened here, sorted: built in, registered and installed."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, seldom needed

    return tuple(sorted({*_factories, *BUILT_IN, *entry_points(group=GROUP).names}))


def mask(url: str) -> str:
    """The URL as it may be shown: `***` for a password and for every parameter that sounds like a secret.

    Where a malformed URL leaves doubt, too much is hidden rather than too little. Paths are not touched.
    """
    if not _scheme(url) and "://" not in url:
        return url
    return re.sub(_TELLING, r"\1***", re.sub(_BEFORE_HOST, r"\1:***@", url, count=1))


def _scheme(url: str) -> str:
    """The scheme in lower case, "" for a path."""
    match = re.match(_SCHEME, url) if ":" in url else None
    return match[1].lower() if match else ""


def _factory(scheme: str, url: str) -> Factory:
    return _factories.get(scheme) or _built_in(scheme) or _installed(scheme) or _unknown(scheme, url)


def _built_in(scheme: str) -> Factory | None:
    engine = BUILT_IN.get(scheme)
    if engine is None:
        return None
    from importlib import import_module  # noqa: PLC0415 - the two engines that start fast do without

    try:
        module = import_module(f"mastractl.engines.{engine.module}")
    except ModuleNotFoundError as error:
        if not engine.extra or (error.name or "").startswith("mastractl"):
            raise
        message = f"the engine for {scheme}: needs the package {error.name}, which is not installed"
        hint = f"pip install 'mastractl[{engine.extra}]'"
        raise errors.ConfigError(message, hint=hint) from error
    factory: Factory = module.open_url
    return factory


def _installed(scheme: str) -> Factory | None:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, seldom needed

    for point in entry_points(group=GROUP, name=scheme):
        try:
            factory: Factory = point.load()
        except Exception as cause:
            package = point.dist.name if point.dist else point.module
            message = f"the engine for {scheme}: comes from {package}, which cannot be loaded: {cause}"
            raise errors.PluginError(message, hint=f"reinstall or remove {package}") from cause
        return factory
    return None


def _unknown(scheme: str, url: str) -> Factory:
    from mastractl import spelling  # noqa: PLC0415 - for mistakes only

    known = available()
    near = spelling.nearest(scheme, known)
    message = f"no engine for {scheme}: in {mask(url)!r}" + (f"; did you mean {near}:?" if near else "")
    listed = ", ".join(f"{name}:" for name in known)
    raise errors.ConfigError(
        message,
        hint=f"available: {listed}; others come with packages that provide the entry point group {GROUP}; "
        f"a path with a colon in it is written ./{scheme}:...",
    )


def _open_memory(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    from mastractl.engines.memory import MemoryEngine  # noqa: PLC0415 - only the engine in use is imported

    del adopt
    if url.partition(":")[2]:
        message = f"{mask(url)!r} names a memory store, and these have no names: each is new and empty"
        raise errors.ConfigError(message, hint="write memory:, or file:PATH for a store that stays")
    if read_only:
        message = "a memory store opened read-only would be empty for ever"
        raise errors.ConfigError(message, hint="write file:PATH for a store that stays")
    return MemoryEngine(clock=clock)


def _open_file(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    from urllib.parse import unquote  # noqa: PLC0415 - a bare path does without

    path, _, query = url.partition(":")[2].partition("?")
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        path = slash + path
        if host not in {"", "localhost"}:
            message = f"{mask(url)!r} names a host; a file store is on this machine"
            raise errors.ConfigError(message, hint="for a path write file:PATH or file:///PATH")
        path = re.sub(r"^/(?=~|[A-Za-z]:[\\/])", "", path)
    if query not in {"", "mode=ro", "mode=rw"}:
        message = f"{mask(url)!r} has a parameter other than mode=ro or mode=rw"
        raise errors.ConfigError(message, hint="a question mark in a path is written %3F")
    return _open_path(unquote(path), adopt=adopt, clock=clock, read_only=read_only or query == "mode=ro")


def _open_path(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    from mastractl.engines.filesystem import FileEngine  # noqa: PLC0415 - only the engine in use is imported

    if not url or "\0" in url:
        message = f"{url!r} names no directory" if url else "the store has no path"
        raise errors.ConfigError(message, hint="write a path, file:PATH or memory:")
    if "://" in url:
        message = f"{mask(url)!r} is neither a URL nor a path"
        raise errors.ConfigError(message, hint="a URL begins with its scheme, without quotes or spaces")
    path = os.path.expanduser(url)  # noqa: PTH111 - Path.expanduser raises where there is no such user
    if path.startswith("~"):
        message = f"{url!r}: there is no such home directory"
        raise errors.ConfigError(message, hint="write the path in full, or ./~... for a name that begins so")
    if not os.path.isabs(path):  # noqa: PTH117 - pathlib costs its import on every start
        steps = [step for step in path.split(os.sep) if step not in {"", "."}]  # noqa: PTH206 - as above
        path = os.path.join(os.getcwd(), *steps)  # noqa: PTH109, PTH118
    return FileEngine(path, adopt=adopt, clock=clock, read_only=read_only)


_factories: dict[str, Factory] = {"file": _open_file, "memory": _open_memory}
