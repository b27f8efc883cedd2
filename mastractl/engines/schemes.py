"""Which engines there are: the scheme of a URL, and what opens it.

Those in `BUILT_IN` are ours; programs add schemes with `register`, installed packages by the entry point
group `mastractl.engines`, which is read only for a scheme that is not known otherwise. An engine is
imported when a URL names it. Each module in `BUILT_IN` has a function `open_url`, its `Factory`, and
imports its driver at the top: where that is not installed, the extra is named.

A package of somebody else's brings an engine so, in its pyproject.toml,

    [project.entry-points."mastractl.engines"]
    theirs = "their_package:open_theirs"

and tests it with `mastractl.testing.engine_suite`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mastractl import errors
from mastractl.engines.localstores import open_file, open_memory
from mastractl.engines.masking import mask

if TYPE_CHECKING:
    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine

GROUP = "mastractl.engines"
"""The entry point group: name = scheme, value = a `Factory`."""

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]+"


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

_BY_SQLALCHEMY = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "mssql+pyodbc",
    "sqlserver": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
    "cockroachdb": "cockroachdb",
}
"""Databases that are reached by `sql:`, and their names in SQLAlchemy's URLs."""


class Factory(Protocol):
    """What opens the engine of a scheme."""

    def __call__(self, url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
        """The engine for a URL, opened. Raises ConfigError for a URL it cannot make sense of."""
        ...


def register(scheme: str, factory: Factory) -> None:
    """Let a scheme open with this factory. ValueError for what is no scheme, or is taken already."""
    if not re.fullmatch(_SCHEME, scheme) or scheme != scheme.lower():
        message = f"{scheme!r} is no scheme: two or more of a-z 0-9 + . - with a letter first"
        raise ValueError(message)
    if scheme in _factories or scheme in BUILT_IN:
        message = f"the scheme {scheme!r} is taken"
        raise ValueError(message)
    _factories[scheme] = factory


def unregister(scheme: str) -> None:
    """Forget a scheme that `register` made known. KeyError if it is not known, or our own."""
    if scheme in {"file", "memory"}:
        raise KeyError(scheme)
    del _factories[scheme]


def available() -> tuple[str, ...]:
    """The schemes there are, sorted: built in (whether or not their extras are installed), registered
    and installed.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, seldom needed

    return tuple(sorted({*_factories, *BUILT_IN, *entry_points(group=GROUP).names}))


def factory(scheme: str, url: str) -> Factory:
    """What opens this scheme. Raises ConfigError where nothing does, or its extra is not installed, and
    PluginError for an installed package that cannot be loaded; `url` is for the messages.
    """
    return _factories.get(scheme) or _built_in(scheme) or _installed(scheme) or _unknown(scheme, url)


def _built_in(scheme: str) -> Factory | None:
    engine = BUILT_IN.get(scheme)
    if engine is None:
        return None
    from importlib import import_module  # noqa: PLC0415 - the two engines that start fast do without

    try:
        module = import_module(f"mastractl.engines.{engine.module}")
    except ImportError as error:
        if not engine.extra or (error.name or "").startswith("mastractl"):
            raise
        missing = isinstance(error, ModuleNotFoundError)
        fault = "which is not installed" if missing else f"which cannot be loaded: {error}"
        message = f"the engine for {scheme}: needs the package {error.name or engine.extra}, {fault}"
        hint = f"pip install 'mastractl[{engine.extra}]'"
        raise errors.ConfigError(message, hint=hint) from error
    opens: Factory = module.open_url
    return opens


def _installed(scheme: str) -> Factory | None:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, seldom needed

    for point in entry_points(group=GROUP, name=scheme):
        try:
            opens: Factory = point.load()
        except Exception as cause:
            package = point.dist.name if point.dist else point.module
            message = f"the engine for {scheme}: comes from {package}, which cannot be loaded: {cause}"
            raise errors.PluginError(message, hint=f"reinstall or remove {package}") from cause
        return opens
    return None


def _unknown(scheme: str, url: str) -> Factory:
    from mastractl import spelling  # noqa: PLC0415 - for mistakes only

    known = available()
    listed = ", ".join(f"{name}:" for name in known)
    message = f"no engine for {scheme}: in {mask(url)!r}"
    if advice := _advice(scheme, url):
        raise errors.ConfigError(message, hint=f"{advice}; available: {listed}; others come from {_ORIGIN}")
    near = spelling.nearest(scheme, known)
    raise errors.ConfigError(
        message + (f"; did you mean {near}:?" if near else ""),
        hint=f"available: {listed}; others come with {_ORIGIN}; "
        f"a path with a colon in it is written ./{scheme}:...",
    )


_ORIGIN = f"packages that provide the entry point group {GROUP}"


def _advice(scheme: str, url: str) -> str:
    """How to write a URL of another tool's: by SQLAlchemy's name of the database. "" where there is none."""
    rest = mask(url).partition(":")[2]
    if scheme in _BY_SQLALCHEMY:
        return f"SQL databases are reached through SQLAlchemy: write sql:{_BY_SQLALCHEMY[scheme]}:{rest}"
    if scheme.partition("+")[0] in {*_BY_SQLALCHEMY, "postgresql", "sqlite"}:
        return f"SQL databases are reached through SQLAlchemy: write sql:{scheme}:{rest}"
    if scheme != "prisma":
        return ""
    return f"Prisma's databases are reached through SQLAlchemy: write {_of_prisma(mask(url[7:]))}"


def _of_prisma(url: str) -> str:
    """The URL of a Prisma data source, as `sql:` takes it."""
    provider, colon, rest = url.partition(":")
    if provider in {"postgresql", "postgres"}:
        return f"sql:postgresql+psycopg:{rest.partition('?')[0]}"
    if provider == "mysql":
        return f"sql:mysql+pymysql:{rest.partition('?')[0]}"
    if provider == "file":
        return f"sql:sqlite:///{rest}"
    if provider == "sqlserver" and colon:
        host, *given = rest.removeprefix("//").split(";")
        said = dict(part.partition("=")[::2] for part in given)
        return f"sql:mssql+pyodbc://{said.get('user', 'user')}:***@{host}/{said.get('database', 'database')}"
    return "sql:<dialect>://user:password@host/database, for a file sql:sqlite:///dev.db"


_factories: dict[str, Factory] = {"file": open_file, "memory": open_memory}
