"""What `-f` names: files, directories, glob patterns and standard input, each read once.

What cannot be used becomes a diagnostic in the stream, in the place where it was named, so that one run
tells about all of it.
"""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, NamedTuple

from mastractl import spelling
from mastractl.manifests.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

EXTENSIONS = (".json", ".yaml", ".yml")
"""What a file in a directory must end in to be a manifest (as kubectl has it)."""

STDIN = "<stdin>"


class Source(NamedTuple):
    """A place to read manifests from. `name` is for people, `order` its place in the run."""

    name: str
    order: int
    stream: IO[bytes] | None = None

    @property
    def json(self) -> bool:
        """Whether it must be JSON, by its name."""
        return self.name.lower().endswith(".json")

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """The source as a binary stream, closed at the end unless it is standard input. May raise OSError."""
        if self.stream is not None:
            return nullcontext(self.stream)
        return open(self.name, "rb", buffering=0)  # noqa: PTH123 - pathlib costs its import at every start

    def read(self) -> bytes:
        """All of it. May raise OSError."""
        with self.open() as stream:
            return stream.read()


def find(
    arguments: Sequence[str], *, recursive: bool = False, stdin: IO[bytes] | None = None
) -> Iterator[Source | Diagnostic]:
    """The sources that the arguments of `-f` name, in their order, and a diagnostic for each that is none.

    A directory stands for the manifests in it by name, and with `recursive` for those below it; hidden files
    and directories in it are left out. A pattern (`*`, `?`, `[...]`, `**`) that names no file stands for what
    it matches. `-` is `stdin`. A file that is named twice is read once.
    """
    return _Search(recursive=recursive, stdin=stdin).all(arguments)


class _Search:
    def __init__(self, *, recursive: bool, stdin: IO[bytes] | None) -> None:
        self._recursive = recursive
        self._stdin = stdin
        self._seen: set[object] = set()
        self._order = 0

    def all(self, arguments: Sequence[str]) -> Iterator[Source | Diagnostic]:
        for argument in arguments:
            if argument == "-":
                yield from self._standard_input()
            elif "://" in argument:
                yield self._fault(
                    argument,
                    "manifests are not read over the network",
                    f"fetch it yourself: curl -fsSL {argument} | mastractl ... -f -",
                )
            else:
                yield from self._path(argument)

    def _standard_input(self) -> Iterator[Source | Diagnostic]:
        if self._stdin is None:
            yield self._fault(STDIN, "there is no standard input", "name a file instead of `-`")
        elif self._first(STDIN):
            yield Source(name=STDIN, order=self._next(), stream=self._stdin)

    def _path(self, path: str) -> Iterator[Source | Diagnostic]:
        try:
            mode = os.stat(path)  # noqa: PTH116 - pathlib costs its import at every start
        except (OSError, ValueError) as error:
            matched = self._pattern(path) if any(c in path for c in "*?[") else None
            if matched is None:
                yield self._missing(path, error)
            else:
                yield from matched
            return
        if stat.S_ISDIR(mode.st_mode):
            yield from self._directory(path)
        else:
            yield from self._file(path, mode)

    def _file(self, path: str, mode: os.stat_result) -> Iterator[Source]:
        identity = (mode.st_dev, mode.st_ino) if stat.S_ISREG(mode.st_mode) else path
        if self._first(identity):
            yield Source(name=path, order=self._next())

    def _directory(self, path: str) -> Iterator[Source | Diagnostic]:
        found = False
        for each in self._manifests(path):
            found = True
            if isinstance(each, Diagnostic):
                yield each
            else:
                yield from self._path(each)
        if not found:
            kinds = ", ".join(EXTENSIONS)
            hint = f"manifests end in {kinds}" + ("" if self._recursive else "; -R looks below it, too")
            yield self._fault(path, "there is no manifest in this directory", hint)

    def _manifests(self, path: str) -> Iterator[str | Diagnostic]:
        try:
            entries = sorted(os.scandir(path), key=lambda e: e.name)
        except OSError as error:
            yield self._unreadable(path, error)
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if self._recursive:
                    yield from self._manifests(entry.path)
            elif entry.name.lower().endswith(EXTENSIONS) and not entry.is_dir():
                yield entry.path

    def _pattern(self, pattern: str) -> Iterator[Source | Diagnostic]:
        import glob  # noqa: PLC0415 - only patterns need it

        found = False
        extension = os.path.splitext(pattern)[1].lower()  # noqa: PTH122 - as above
        for path in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - as above
            if os.path.isdir(path):  # noqa: PTH112 - as above
                continue
            if path.lower().endswith((*EXTENSIONS, extension) if extension else EXTENSIONS):
                found = True
                yield from self._path(path)
        if not found:
            hint = "quote it, so that the shell leaves `**` alone"
            yield self._fault(pattern, "no manifest matches this pattern", hint)

    def _missing(self, path: str, error: OSError | ValueError) -> Diagnostic:
        if isinstance(error, FileNotFoundError):
            if not path:
                return self._fault('""', "the name of a file is empty", "name a file, a directory or `-`")
            return self._fault(path, "there is no such file or directory", _near(path))
        return self._unreadable(path, error)

    def _unreadable(self, path: str, error: OSError | ValueError) -> Diagnostic:
        return unreadable(path, self._next(), error)

    def _fault(self, name: str, message: str, hint: str) -> Diagnostic:
        return Diagnostic(code="MA001", message=message, source=name, order=self._next(), hint=hint)

    def _first(self, identity: object) -> bool:
        new = identity not in self._seen
        self._seen.add(identity)
        return new

    def _next(self) -> int:
        self._order += 1
        return self._order


def unreadable(name: str, order: int, error: OSError | ValueError) -> Diagnostic:
    """What to say of a source that cannot be opened or read to its end."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    hint = "check its permissions" if isinstance(error, PermissionError) else ""
    return Diagnostic(code="MA001", message=f"cannot be read: {reason}", source=name, order=order, hint=hint)


def _near(path: str) -> str:
    """What may have been meant by a path that does not exist."""
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208 - as above
    except OSError:
        return "look at the path again: its directory cannot be listed"
    near = spelling.nearest(name, names)
    return f"did you mean {os.path.join(folder, near)!r}?" if near else ""  # noqa: PTH118 - as above
