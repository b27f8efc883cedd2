"""What kind of filesystem a store lies on, and what can be relied on there.

On a network or a host's shared filesystem SQLite's shared memory is unsafe (its documents say so of
WAL), and no kernel tells of what another machine changes.
"""

from __future__ import annotations

import os

_SHARED = {
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.glusterfs", "fuse.sshfs", "gfs2", "glusterfs",
    "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs",
}  # fmt: skip

_FINE_GRAINED = {"btrfs", "ext4", "tmpfs", "xfs"}
_FINE_GRAINED_SINCE = (6, 13)

TICK_NS = 20_000_000
"""The coarsest timestamp of a local filesystem: git's "racily clean" rule needs to know it."""


class Mount:
    """The filesystem of a directory. `kind` is "" where it is not known, and then taken for a local one.

    `tick_ns`: two changes of a file within this time may leave the same signature; 0 if that cannot be.
    """

    __slots__ = ("kind", "tick_ns")

    def __init__(self, kind: str, tick_ns: int) -> None:
        self.kind = kind
        self.tick_ns = tick_ns

    @property
    def shared(self) -> bool:
        """Whether other machines may write to it."""
        return self.kind in _SHARED or self.kind.startswith("fuse.")


def mount_of(path: str) -> Mount:
    """The filesystem that holds a directory."""
    kind = _kind_of(path)
    fine = kind in _FINE_GRAINED and _kernel() >= _FINE_GRAINED_SINCE
    return Mount(kind, 0 if fine else TICK_NS)


def boot_id() -> str:
    """What changes whenever the machine starts anew; "" where the system does not tell."""
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()


def _kind_of(path: str) -> str:
    """Its type as Linux names it: by the device or, as btrfs numbers its own, by the longest mount point."""
    table = _read("/proc/self/mountinfo")
    device = os.stat(path).st_dev  # noqa: PTH116
    number = f"{os.major(device)}:{os.minor(device)}".encode()
    inside = os.fsencode(path) + b"/"
    best, kind = -1, b""
    for line in table.splitlines():
        fields = line.split(b" ")
        found = fields[fields.index(b"-") + 1]
        if fields[2] == number:
            return found.decode()
        point = fields[4].rstrip(b"/") + b"/"
        if inside.startswith(point) and len(point) > best:
            best, kind = len(point), found
    return kind.decode()


def _kernel() -> tuple[int, int]:
    """The version of the kernel; since 6.13 a timestamp that was looked at is never given twice."""
    system = os.uname()
    parts = system.release.split(".")
    if system.sysname != "Linux" or len(parts) < 2 or not (parts[0].isdigit() and parts[1].isdigit()):
        return (0, 0)
    return int(parts[0]), int(parts[1])


def _read(path: str) -> bytes:
    """A file of the kernel's, which text files are slow to open; nothing where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        pieces = []
        while piece := os.read(fd, 65536):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(fd)
