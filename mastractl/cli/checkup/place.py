"""The place of a file store: its directory, filesystem, permissions, space, clock, and how it is watched."""

from __future__ import annotations

import os
import os.path
from typing import TYPE_CHECKING

from mastractl.cli.checkup.finding import fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl import errors
    from mastractl.cli.checkup.finding import Finding
    from mastractl.clock import Clock

# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH120 - what is looked at are modes, not paths

_LITTLE_SPACE = 100 * 2**20
_NO_SPACE = 2**20
_AHEAD = 300.0
"""How many seconds a file may be newer than now before the clock is to blame."""


def look(path: str, clock: Clock) -> Iterator[Finding]:
    """All that can be told of the directory of a store that is there."""
    yield from _filesystem(path)
    yield from _permissions(path)
    yield from _space(path)
    yield from _clock(path, clock)
    yield from _watching(path)


def missing(path: str) -> Finding:
    """What to say of a store that is not there: whether it could be made."""
    above = path
    while not os.path.exists(above) and os.path.dirname(above) != above:
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        return fail("store", f"{path} cannot be a store: {above} is no directory", "name another path")
    if not os.access(above, os.W_OK | os.X_OK):
        return fail(
            "store", f"there is no store at {path}, and {above} cannot be written", "name another path"
        )
    return warn("store", f"there is no store at {path} yet", "the first apply makes it")


def absent(error: errors.MastraError) -> Finding:
    """What to say of a store on a server that can be reached but holds none yet."""
    return warn("store", f"{error.message} yet", "the first apply makes it")


def _filesystem(path: str) -> Iterator[Finding]:
    from mastractl.engines.mounts import mount_of  # noqa: PLC0415 - only for a store of files

    mount = mount_of(path)
    if mount.shared:
        said = f"the store lies on {mount.kind}: slower, and changes by other machines are seen late"
        yield warn("filesystem", said, "put it on a local disk, or use a store made for several machines")
    else:
        yield ok("filesystem", f"{mount.kind or 'a local one, as far as can be told'}")


def _permissions(path: str) -> Iterator[Finding]:
    private = os.path.join(path, ".mastractl")
    needed = [where for where in (path, private, os.path.join(private, "state.db")) if os.path.exists(where)]
    closed = [where for where in needed if not os.access(where, os.W_OK)]
    if closed:
        remedy = f"check the owner and mode: ls -ld {closed[0]}"
        yield fail("permissions", f"not writable: {', '.join(closed)}", remedy)
    else:
        yield ok("permissions", "the store can be written")
    if os.path.exists(private) and os.stat(private).st_mode & 0o077:
        yield warn("permissions", f"others may look into {private}", f"chmod 700 {private}")


def _space(path: str) -> Iterator[Finding]:
    found = os.statvfs(path)
    free = found.f_bavail * found.f_frsize
    said = f"{size(free)} free"
    if free < _NO_SPACE or (found.f_files and not found.f_favail):
        yield fail("space", f"{said}, {found.f_favail} files may still be made", "make room on the disk")
    elif free < _LITTLE_SPACE:
        yield warn("space", said, "make room on the disk before it is full")
    else:
        yield ok("space", said)


def _clock(path: str, clock: Clock) -> Iterator[Finding]:
    newest = max((entry.stat().st_mtime for entry in _everything(path)), default=0.0)
    ahead = newest - clock.now()
    if ahead > _AHEAD:
        said = f"a file of the store is {ahead / 60:.0f} minutes newer than now"
        yield warn("clock", said, "set the clock of this machine, or of the one that wrote the file")
    else:
        yield ok("clock", "no file of the store is newer than now")


def _watching(path: str) -> Iterator[Finding]:
    from mastractl.engines.inotify import allowance  # noqa: PLC0415 - only for a store of files

    found = allowance()
    if found is None:
        return
    directories = 1 + sum(entry.is_dir(follow_symlinks=False) for entry in _everything(path))
    left = found.watches - found.watches_used
    counted = "1 directory" if directories == 1 else f"{directories} directories"
    said = (
        f"{counted} to watch; {found.watches_used} of {found.watches} watches "
        f"and {found.instances_used} of {found.instances} watchers are in use"
    )
    if directories > left:
        yield warn(
            "watching", said, "sudo sysctl fs.inotify.max_user_watches=524288; until then files are polled"
        )
    elif found.instances_used >= found.instances:
        yield warn(
            "watching", said, "sudo sysctl fs.inotify.max_user_instances=1024; until then files are polled"
        )
    else:
        yield ok("watching", said)


def _everything(path: str) -> Iterator[os.DirEntry[str]]:
    """The files and directories of a store, three levels deep."""
    levels = [path]
    for _ in range(3):
        below = []
        for directory in levels:
            try:
                with os.scandir(directory) as entries:
                    for entry in entries:
                        yield entry
                        if entry.is_dir(follow_symlinks=False):
                            below.append(entry.path)
            except OSError:
                continue
        levels = below


def size(count: int) -> str:
    """A number of bytes as people say it: `3.2 MiB`."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
