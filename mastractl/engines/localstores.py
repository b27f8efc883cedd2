"""The two engines that need nothing installed and no server: `memory:`, and files by `file:` or a path."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.masking import mask

if TYPE_CHECKING:
    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine


def open_memory(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """A new, empty store for `memory:`. Raises ConfigError for one with a name, or to be read only."""
    from mastractl.engines.memory import MemoryEngine  # noqa: PLC0415 - only the engine in use is imported

    del adopt
    if url.partition(":")[2]:
        message = f"{mask(url)!r} names a memory store, and these have no names: each is new and empty"
        raise errors.ConfigError(message, hint="write memory:, or file:PATH for a store that stays")
    if read_only:
        message = "a memory store opened read-only would be empty for ever"
        raise errors.ConfigError(message, hint="write file:PATH for a store that stays")
    return MemoryEngine(clock=clock)


def open_file(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The store of a `file:` URL, percent-decoded. Raises ConfigError for what names none here."""
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
    return open_path(unquote(path), adopt=adopt, clock=clock, read_only=read_only or query == "mode=ro")


def open_path(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The store of files at a path, taken as it is but for `~`. Raises ConfigError for what is no path."""
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
