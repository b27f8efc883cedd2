"""What Linux lets a user watch: the limits of inotify, and how much of them is taken."""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

# ruff: noqa: PTH123, PTH208 - files of the kernel's


class Allowance(NamedTuple):
    """How many directories may be watched, by how many watchers, and how much of both is in use.

    Processes of other users are not counted; nor does the system count them.
    """

    watches: int
    instances: int
    watches_used: int
    instances_used: int


def allowance() -> Allowance | None:
    """What the user of this process may watch; None where there is no inotify."""
    watches, instances = _limit("max_user_watches"), _limit("max_user_instances")
    if watches is None or instances is None:
        return None
    used = [_watches(descriptor) for descriptor in _descriptors()]
    return Allowance(watches, instances, sum(used), len(used))


def _limit(name: str) -> int | None:
    try:
        with open(f"/proc/sys/fs/inotify/{name}", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _descriptors() -> list[str]:
    """The inotify descriptors of this user's processes, as paths of what tells about them."""
    found = []
    for process in _names("/proc"):
        if not process.isdecimal():
            continue
        for descriptor in _names(f"/proc/{process}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{process}/fd/{descriptor}") == "anon_inode:inotify":  # noqa: PTH115
                    found.append(f"/proc/{process}/fdinfo/{descriptor}")
    return found


def _watches(path: str) -> int:
    with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
        return sum(line.startswith("inotify ") for line in file)
    return 0


def _names(path: str) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(path)
    return []
