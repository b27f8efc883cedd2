"""The machine around the store: Python, packages, locale, terminal, plugins, settings."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import mastractl
from mastractl import config, errors
from mastractl.cli import plugins
from mastractl.cli.checkup.finding import fail, ok, warn
from mastractl.cli.process import is_tty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.checkup.finding import Finding
    from mastractl.cli.invocation import Invocation

OLDEST_PYTHON = (3, 11)
PACKAGES = ("jsonschema", "platformdirs", "pyyaml", "rich", "typer", "watchdog")


def look(inv: Invocation) -> Iterator[Finding]:
    """All that can be told without a store."""
    yield from _python()
    yield from _packages()
    yield from _settings(inv)
    yield from _terminal(inv)
    yield from _plugins(inv)


def _python() -> Iterator[Finding]:
    import sqlite3  # noqa: PLC0415 - only its version

    versions = ("mastractl", mastractl.__version__), ("Python", platform.python_version())
    said = ", ".join(f"{name} {version}" for name, version in (*versions, ("SQLite", sqlite3.sqlite_version)))
    if sys.version_info < OLDEST_PYTHON:
        yield fail("versions", said, "install Python 3.11 or newer")
    else:
        yield ok("versions", said)


def _packages() -> Iterator[Finding]:
    from importlib import metadata  # noqa: PLC0415 - slow, and only here

    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = f"pip install {' '.join(missing)}"
        yield fail("packages", f"not installed: {', '.join(missing)}", remedy)
    else:
        yield ok("packages", ", ".join(found))
    from mastractl.manifests import parsers  # noqa: PLC0415 - yaml

    if not parsers.QUICK:
        remedy = "install a PyYAML that was built with libyaml"
        yield warn("packages", "PyYAML is without libyaml: manifests are read ten times as slowly", remedy)


def _settings(inv: Invocation) -> Iterator[Finding]:
    try:
        found = inv.settings
        user = config.read_user_config(inv.process.environ)
    except errors.MastraError as error:
        yield fail("settings", error.message, error.hint)
        return
    from mastractl.engines.opening import mask  # noqa: PLC0415 - engines are not needed to start

    named = [("store", mask(found.store.value), found.store.origin)]
    named += [(n, s.value, s.origin) for n, s in (("namespace", found.namespace), ("context", found.context))]
    for name, value, origin in named:
        if value:
            yield ok("settings", f"{name} {value} ({origin})")
    contexts = f"{len(user.contexts)} context{'' if len(user.contexts) == 1 else 's'}"
    yield ok("settings", f"{contexts} in {user.path}")
    if user.current and user.current not in user.contexts:
        remedy = "mastractl config use-context NAME, or mastractl config unset current-context"
        yield warn("settings", f"the current context {user.current!r} does not exist", remedy)


def _terminal(inv: Invocation) -> Iterator[Finding]:
    process = inv.process
    where = "a terminal" if is_tty(process.stdout) else "no terminal"
    colour = "in colour" if inv.color(process.stdout) else "without colour"
    yield ok("terminal", f"standard output is {where}, {process.columns()} columns wide, {colour}")
    environ = process.environ
    locale = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    if "utf-8" in locale.lower() or "utf8" in locale.lower():
        yield ok("terminal", f"the locale is {locale}")
    else:
        said = f"the locale is {locale or 'not set'}: mastractl writes UTF-8 all the same"
        yield warn("terminal", said, "if other languages look wrong: export LC_ALL=C.UTF-8")


def _plugins(inv: Invocation) -> Iterator[Finding]:
    found = list(plugins.on_path(inv.process))
    if found:
        useless = [plugin.path for plugin in found if not plugin.executable]
        yield ok("plugins", f"{len(found)} on PATH")
        if useless:
            yield warn("plugins", f"not executable: {', '.join(useless)}", "chmod +x, or remove them")
