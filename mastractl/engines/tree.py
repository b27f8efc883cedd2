"""The JSON files that people see, and the system calls that read and place them.

`res/<a>/<b>/<name>` is `<base>/<a>/<b>/<name>.json`. Names are judged before the disk is touched, and
every path is walked from one descriptor of the base, a component at a time, without following a
symbolic link, so that nothing outside the base can be read or written, whatever stands in the tree.

A file is replaced by writing another beside it and renaming that. Errors are `OSError`s as they come;
`refusal` turns one into an error of ours for a person.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SPACE = "res/"
"""The keys that have files."""

PRIVATE = ".mastractl"
"""The directory of the engine's own files, in the base."""

BELL = f"{PRIVATE}/bell"
"""The file that rings at every commit: see `bell`."""

MAX_FILE_BYTES = 16 * 1024 * 1024
"""A larger file is not even read: indented, no legal value comes near."""

BOM = b"\xef\xbb\xbf"
"""What some editors put before UTF-8 text: it is no part of it."""

_TEMPORARY = f"{PRIVATE}-"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-."
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_MAX_NAME_BYTES = 250  # 255 less ".json"
_INO = (1 << 63) - 1
_ATTEMPTS = 10


Signature = tuple[int, int, int, int]
"""What `lstat` says of a file, of which something changes whenever its content does: inode, mtime, ctime
(in ns), size. ctime is among it because `touch -d`, `rsync -t` and `cp -p` forge the mtime, and nothing
forges that."""

ABSENT: Signature = (0, 0, 0, 0)
"""What stands for the signature where no file is."""


def signature_of(found: os.stat_result) -> Signature:
    """The signature in a stat result."""
    return found.st_ino & _INO, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def unreadable(error: OSError) -> Signature:
    """What stands for the signature of a file that cannot be looked at, as long as the reason lasts."""
    return 0, 0, 0, error.errno or errno.EIO


class Place:
    """Where the file of a key is: two directories and a file name; `path` is relative to the base."""

    __slots__ = ("directory", "file", "kind", "namespace", "path")

    def __init__(self, kind: str, namespace: str, file: str) -> None:
        self.kind = kind
        self.namespace = namespace
        self.file = file
        self.directory = f"{kind}/{namespace}"
        self.path = f"{kind}/{namespace}/{file}"


class NotRegular(OSError):
    """Something stands where a file should be, and is none."""


def legal_kind(name: str) -> bool:
    """Whether a directory in the base may be one of ours: a DNS-1123 subdomain that Windows can store."""
    return (
        0 < len(name) <= _MAX_NAME_BYTES
        and not name.strip(_LETTERS)
        and name[0] not in "-."
        and name[-1] not in "-."
        and not (".." in name or ".-" in name or "-." in name)
        and name.partition(".")[0] not in _RESERVED
    )


def legal_namespace(name: str) -> bool:
    """Whether a directory below a kind's may be one of ours."""
    return name == "_cluster" or legal_kind(name)


@lru_cache(1024)
def place(key: str) -> Place | None:
    """Where the file of a key is; None for a key that can have none."""
    parts = key.split("/")
    if len(parts) != 4 or parts[0] != "res":
        return None
    _, kind, namespace, name = parts
    if not (legal_kind(kind) and legal_namespace(namespace) and legal_kind(name)):
        return None
    return Place(kind, namespace, f"{name}.json")


def key_of(kind: str, namespace: str, file: str) -> str | None:
    """The key of a file name; None if it is not one of ours.

    Only names in `.json` that do not begin with a dot are looked at at all: see `foreign`.
    """
    name = file[:-5]
    return f"{SPACE}{kind}/{namespace}/{name}" if file.endswith(".json") and legal_kind(name) else None


def foreign(file: str) -> bool:
    """Whether a file name is nothing to us: an editor's backup, a README, our own temporary file."""
    return not file.endswith(".json") or file.startswith((".", "#", "~"))


class Staged:
    """A temporary file that is whole and waits to be renamed."""

    __slots__ = ("place", "temporary", "written")

    def __init__(self, where: Place, temporary: str, written: os.stat_result) -> None:
        self.place = where
        self.temporary = temporary
        self.written = written


class Tree:
    """The files under a base directory. Thread-safe: it holds nothing but the base's descriptor.

    That is given back with the last reference to the tree, and not before: in another thread a call may
    be under way, for which the number must not come to mean something else.
    """

    def __init__(self, base: str) -> None:
        self.base = os.path.realpath(base)
        self._fd = os.open(self.base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._serial = itertools.count()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it was never opened
            os.close(self._fd)

    def location(self, path: str) -> str:
        """A path that a person can open."""
        return f"{self.base.rstrip('/')}/{path}" if path else self.base

    def signature(self, where: Place) -> Signature:
        """The signature of whatever stands there, without walking the path; ABSENT if nothing does.

        One call, for comparing with what is known. It says nothing about symbolic links on the way, and
        of a file that cannot be looked at only why.
        """
        try:
            return signature_of(os.stat(where.path, dir_fd=self._fd, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT
        except OSError as error:
            return unreadable(error)

    def differing(self, rows: Iterable[tuple[str, int, int, int, int, int]]) -> list[str]:
        """Those keys whose files are not as the rows have them: key, then the fields of a `Signature`, then
        its trust, which must be 0. As `signature` for each of them, at half the cost.
        """
        stat_, fd, start = os.stat, self._fd, len(SPACE)
        found = []
        for key, ino, mtime, ctime, size, trust in rows:
            try:
                now = stat_(f"{key[start:]}.json", dir_fd=fd, follow_symlinks=False)
            except OSError:
                found.append(key)
                continue
            if (
                now.st_mtime_ns != mtime
                or now.st_ctime_ns != ctime
                or now.st_size != size
                or now.st_ino & _INO != ino
                or trust
            ):
                found.append(key)
        return found

    @contextlib.contextmanager
    def directory(self, *names: str, create: bool = False) -> Iterator[int]:
        """A descriptor of a directory below the base, reached without following symbolic links."""
        fd = _enter(self._fd, names[0], create=create) if names else os.dup(self._fd)
        try:
            for name in names[1:]:
                inner = _enter(fd, name, create=create)
                os.close(fd)
                fd = inner
            yield fd
        finally:
            os.close(fd)

    def read(self, where: Place) -> tuple[bytes, Signature]:
        """The whole content of a file and its signature at that moment.

        Raises OSError: FileNotFoundError, NotRegular, ELOOP for a symbolic link, EFBIG for too large a
        file, EAGAIN for one that keeps changing while it is read.
        """
        with self.directory(where.kind, where.namespace) as parent:
            # Without O_NONBLOCK, opening a FIFO would wait for its writer.
            fd = os.open(
                where.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent
            )
            try:
                return _read_still(fd)
            finally:
                os.close(fd)

    def stage(self, where: Place, data: bytes) -> Staged:
        """Write the content beside its place. Raises OSError for all that would hinder placing it.

        The mode of a file that stands there is kept; a new one is 0666 as the umask has it.
        """
        for _ in range(_ATTEMPTS):
            # Whoever removes the last file of a directory removes that too, perhaps just now.
            with (
                contextlib.suppress(FileNotFoundError),
                self.directory(where.kind, where.namespace, create=True) as parent,
            ):
                return self._stage_in(parent, where, data)
        raise FileNotFoundError(errno.ENOENT, "its directory is removed again and again")

    def _stage_in(self, parent: int, where: Place, data: bytes) -> Staged:
        present = _present(parent, where.file)
        temporary = f"{_TEMPORARY}{os.getpid()}-{next(self._serial)}-{os.urandom(3).hex()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(temporary, flags, 0o600 if present else 0o666, dir_fd=parent)
        try:
            if present:
                _dress(fd, present)
            _write_all(fd, data)
            return Staged(where, temporary, os.fstat(fd))
        except BaseException:
            os.unlink(temporary, dir_fd=parent)
            raise
        finally:
            os.close(fd)

    def put(self, staged: Staged) -> Signature:
        """Rename a staged file into place; its signature there.

        ABSENT, which fits no file, if somebody else's stands there by now: ours was overtaken.
        """
        where = staged.place
        with self.directory(where.kind, where.namespace) as parent:
            os.rename(staged.temporary, where.file, src_dir_fd=parent, dst_dir_fd=parent)
            found = os.stat(where.file, dir_fd=parent, follow_symlinks=False)
        was = staged.written
        same = (found.st_ino, found.st_mtime_ns, found.st_size) == (was.st_ino, was.st_mtime_ns, was.st_size)
        return signature_of(found) if same else ABSENT

    def discard(self, staged: Staged) -> None:
        """Remove a staged file that will not be needed, if it is still there."""
        where = staged.place
        with contextlib.suppress(OSError):
            with self.directory(where.kind, where.namespace) as parent:
                os.unlink(staged.temporary, dir_fd=parent)
            self._tidy(where)

    def remove(self, where: Place) -> None:
        """Remove a file, and its directories if they are empty then. No error if it is not there."""
        try:
            with self.directory(where.kind, where.namespace) as parent:
                os.unlink(where.file, dir_fd=parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        self._tidy(where)

    def check_removable(self, where: Place) -> None:
        """Raises OSError for what would hinder `remove`."""
        try:
            with self.directory(where.kind, where.namespace) as parent:
                found = os.stat(where.file, dir_fd=parent, follow_symlinks=False)
                writable = os.access(".", os.W_OK | os.X_OK, dir_fd=parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISDIR(found.st_mode):
            raise NotRegular(errno.EISDIR, "a directory stands in the place of the file")
        if not writable:
            raise PermissionError(errno.EACCES, "its directory may not be written")

    def _tidy(self, where: Place) -> None:
        """Remove the directories of a place, if they are empty."""
        with contextlib.suppress(OSError):
            os.rmdir(where.directory, dir_fd=self._fd)
            os.rmdir(where.kind, dir_fd=self._fd)


def namespaces(base: str) -> Iterator[tuple[str, str, int]]:
    """The directories that may hold files of keys, each with its inode; what cannot be read is left out."""
    for kind in _directories(base):
        if legal_kind(kind.name):
            for namespace in _directories(kind.path):
                if legal_namespace(namespace.name):
                    yield kind.name, namespace.name, namespace.inode()


def _directories(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def sweep(directory: int, file: str) -> None:
    """Remove a temporary file of a process that is dead.

    Should it live after all, in another container, it writes the file anew.
    """
    if not file.startswith(_TEMPORARY):
        return
    owner = file[len(_TEMPORARY) :].partition("-")[0]
    if owner.isdigit() and not _alive(int(owner)):
        with contextlib.suppress(OSError):
            os.unlink(file, dir_fd=directory)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def refusal(error: OSError, location: str) -> errors.MastraError:
    """The error of ours that says why a file cannot be written, and what to do."""
    message = f"{location} cannot be written: {reason(error)}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return errors.StorageFull(message, hint="free some space and try again")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return errors.Forbidden(message, hint="check its owner and mode")
    if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR}:
        return errors.Forbidden(
            message,
            hint="the store follows no symbolic links and replaces no directories: move it out of the way",
        )
    return errors.StorageTransactionError(message)


def reason(error: OSError) -> str:
    """What an OSError of this module means, in words."""
    if error.errno == errno.ELOOP and not isinstance(error, NotRegular):
        return "it is a symbolic link"
    text = error.strerror or str(error)
    return text[0].lower() + text[1:]


def _enter(parent: int, name: str, *, create: bool) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise NotRegular(errno.ELOOP, f"{name} is a symbolic link") from None
        raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)
    return os.open(name, flags, dir_fd=parent)


def _present(parent: int, file: str) -> os.stat_result | None:
    try:
        found = os.stat(file, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise NotRegular(errno.ELOOP, "a symbolic link stands in the place of the file")
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(errno.EISDIR, "something that is no file stands in its place")
    return found


def _dress(fd: int, like: os.stat_result) -> None:
    """Give a new file the owner, as far as we may, and the mode of the one it will replace."""
    if like.st_uid != os.geteuid():
        with contextlib.suppress(PermissionError):
            os.fchown(fd, like.st_uid, like.st_gid)
    os.fchmod(fd, stat.S_IMODE(like.st_mode))


def _read_still(fd: int) -> tuple[bytes, Signature]:
    """The content and the signature that belong together."""
    before = os.fstat(fd)
    for _ in range(3):
        if not stat.S_ISREG(before.st_mode):
            raise NotRegular(errno.EISDIR, "it is not a regular file")
        if before.st_size > MAX_FILE_BYTES:
            raise OSError(errno.EFBIG, f"it has {before.st_size} bytes; at most {MAX_FILE_BYTES} are read")
        data = _read_all(fd, before.st_size)
        after = os.fstat(fd)
        if signature_of(before) == signature_of(after) and len(data) == after.st_size:
            return data, signature_of(after)
        before = after
    raise OSError(errno.EAGAIN, "it keeps changing while it is read")


def _read_all(fd: int, size: int) -> bytes:
    pieces = []
    at = 0
    while piece := os.pread(fd, max(size + 1 - at, 4096), at):
        pieces.append(piece)
        at += len(piece)
        if at > MAX_FILE_BYTES:
            break
    return b"".join(pieces)


def _write_all(fd: int, data: bytes) -> None:
    """os.write may write less than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
