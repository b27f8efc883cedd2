"""What the operating system hands one run: streams, environment, working directory, clock.

Everything the command line reads or writes goes through a `Process`, so a test runs the real entry
with streams of its own. The real one writes UTF-8 whatever the locale says, because manifests hold
any language, and never lets a file opened later take the place of a standard stream that the caller
had closed.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import IO, TYPE_CHECKING, NamedTuple, TextIO, cast

from mastractl import config
from mastractl.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mastractl.clock import Clock


STDOUT = "standard output"
"""What an OSError of standard output has as its file name."""


class Process(NamedTuple):
    """One run's surroundings."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    directory: str
    clock: Clock = SystemClock()

    @classmethod
    def real(cls) -> Process:
        """The process we are in, its streams made ready."""
        _hold_closed_descriptors()
        return cls(
            stdin=sys.stdin or io.TextIOWrapper(io.BytesIO()),
            stdout=_standard_output() or cast("TextIO", ClosedStream()),
            stderr=_utf8(sys.stderr) or io.StringIO(),
            environ=config.environment(),
            directory=_directory(),
        )

    @property
    def stdin_bytes(self) -> IO[bytes]:
        """Standard input before any decoding."""
        return self.stdin.buffer

    def columns(self) -> int:
        """The width of the terminal; 80 where there is none to ask."""
        try:
            return max(int(self.environ.get("COLUMNS", "")), 20)
        except ValueError:
            with contextlib.suppress(OSError, ValueError):
                return os.get_terminal_size(self.stdout.fileno()).columns or 80
            return 80

    def abandon_stdout(self) -> None:
        """Point standard output at nothing, so that what is still buffered cannot fail at exit."""
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(os.devnull, os.O_WRONLY)
            os.dup2(descriptor, self.stdout.fileno())
            os.close(descriptor)


class StandardOutput(io.TextIOWrapper):
    """Standard output, whose failures say that it was standard output that failed."""

    def write(self, text: str, /) -> int:
        """Write text; an OSError has the file name STDOUT."""
        try:
            return super().write(text)
        except OSError as error:
            error.filename = STDOUT
            raise

    def flush(self) -> None:
        """Write what is buffered; an OSError has the file name STDOUT."""
        try:
            super().flush()
        except OSError as error:
            error.filename = STDOUT
            raise


class ClosedStream(io.TextIOBase):
    """Stands for a standard output that the caller closed: writing to it fails as it would in C."""

    def writable(self) -> bool:
        """It is there to be written to, and to fail then."""
        return True

    def write(self, text: str, /) -> int:
        """Raise the OSError that writing to a closed descriptor is."""
        del text
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), STDOUT)


def is_tty(stream: IO[str]) -> bool:
    """Whether a person is at the other end of a stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _utf8(stream: TextIO | None) -> TextIO | None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return stream


def _standard_output() -> TextIO | None:
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        buffered = stream.line_buffering
        sys.stdout = StandardOutput(
            stream.detach(), encoding="utf-8", errors="backslashreplace", line_buffering=buffered
        )
    return sys.stdout


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib costs its import on every start
    except FileNotFoundError:  # it was removed under us: absolute paths still work
        return os.sep


def _hold_closed_descriptors() -> None:
    """Occupy descriptors 0 to 2 where the caller closed them: the store must not become "standard output"."""
    if os.name != "posix":
        return
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
