"""Commands that are programs of their own: `mastractl-foo` on PATH is `mastractl foo`, as kubectl has it.

The longest name wins: `mastractl foo bar baz` is `mastractl-foo-bar` with the argument `baz` if there is no
`mastractl-foo-bar-baz`. A dash within a word is an underscore in the file's name. What is built in is
never replaced. The program takes the place of this process, so that its exit code, its signals and its
terminal are its own.
"""

from __future__ import annotations

import os
import os.path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.cli import options
    from mastractl.cli.process import Process

# ruff: noqa: PTH113, PTH118, PTH208 - a directory of PATH may be anything, and pathlib costs its import

PREFIX = "mastractl-"
COMPLETER = "mastractl_complete-"
"""How the program is called that completes the arguments of a plugin: this and the plugin's name."""

GROUP = "mastractl.commands"
"""The entry point group of commands that come with installed packages: name = command, value = a `Verb`."""


class Plugin(NamedTuple):
    """A file on PATH that is called like a plugin: the words that run it, its path, whether it can be run."""

    words: tuple[str, ...]
    path: str
    executable: bool


def find(words: Sequence[str], process: Process, *, prefix: str = PREFIX) -> tuple[str, int] | None:
    """The program for a command line, and how many of its words are its name; None if there is none.

    Words are taken up to the first flag.
    """
    plain = []
    for word in words:
        if word.startswith("-") or not word or "/" in word or os.sep in word:
            break
        plain.append(word.replace("-", "_"))
    import shutil  # noqa: PLC0415 - for words that are no command

    for count in range(len(plain), 0, -1):
        name = prefix + "-".join(plain[:count])
        for directory in _directories(process):
            if path := shutil.which(name, path=directory):
                return path, count
    return None


def on_path(process: Process) -> Iterator[Plugin]:
    """Every file on PATH that is called like a plugin, in the order in which they are looked for."""
    for directory in _directories(process):
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        for name in names:
            path = os.path.join(directory, name)
            if name.startswith(PREFIX) and len(name) > len(PREFIX) and os.path.isfile(path):
                words = _without_suffix(name.removeprefix(PREFIX)).split("-")
                if all(words):
                    named = tuple(word.replace("_", "-") for word in words)
                    yield Plugin(named, path, os.access(path, os.X_OK))


def installed() -> dict[str, str]:
    """The commands of installed packages, each with the package it comes from."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, seldom needed

    return {
        point.name: point.dist.name if point.dist else point.module for point in entry_points(group=GROUP)
    }


def load_installed(name: str) -> options.Verb | options.Group | None:
    """The command of that name from an installed package; None if there is none. Raises PluginError."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - as above

    from mastractl.cli import options  # noqa: PLC0415 - as above

    for point in entry_points(group=GROUP, name=name):
        package = point.dist.name if point.dist else point.module
        try:
            declared = point.load()
        except Exception as cause:
            message = f"the command {name} comes from {package}, which cannot be loaded: {cause}"
            raise errors.PluginError(message, hint=f"reinstall or remove {package}") from cause
        if isinstance(declared, options.Verb | options.Group):
            return declared
        message = f"the command {name} of {package} is no verb: declare it with mastractl.cli.options.verb"
        raise errors.PluginError(message)
    return None


def execute(path: str, arguments: Sequence[str], process: Process) -> NoReturn:
    """Become the program. Raises MastraError if the system refuses to run it."""
    process.stdout.flush()
    process.stderr.flush()
    environ = dict(process.environ)
    try:
        if os.name == "posix":
            import signal  # noqa: PLC0415 - only a plugin needs it

            # Python ignores SIGPIPE, and what is ignored stays so in the program that takes our place.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execve(path, [path, *arguments], environ)  # noqa: S606 - what a plugin is
        import subprocess  # noqa: PLC0415 - where there is no exec

        raise SystemExit(subprocess.run([path, *arguments], env=environ, check=False).returncode)  # noqa: S603
    except OSError as error:
        hint = "a script begins with a line such as #!/bin/sh" if error.errno == 8 else ""
        message = f"the plugin {path} cannot be run: {error.strerror}"
        raise errors.PluginError(message, hint=hint) from error


def _directories(process: Process) -> list[str]:
    """The directories of PATH, each once."""
    named = process.environ.get("PATH", os.defpath).split(os.pathsep)
    return list(dict.fromkeys(os.path.join(process.directory, name) for name in named if name))


def _without_suffix(name: str) -> str:
    """The name without the suffix that makes it a program on Windows."""
    if os.name == "nt":  # pragma: no cover - not on this system
        return os.path.splitext(name)[0]  # noqa: PTH122
    return name
