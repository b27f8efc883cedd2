"""The user's editor: which one it is, and a run of it.

The editor has the terminal; this process waits. What the editor prints goes to the terminal too and never
among the data: to standard output only if that is one.
"""

from __future__ import annotations

import contextlib
import shlex
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli.process import is_tty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.process import Process

VARIABLES = ("MASTRACTL_EDITOR", "KUBE_EDITOR", "VISUAL", "EDITOR")
"""Where the user says which editor to use; the first that says something counts."""

_USUAL = ("vi", "nano")
_ADVICE = f"say which editor to use in {VARIABLES[0]} or EDITOR, for example EDITOR='code --wait'"


class Editor(NamedTuple):
    """A command that is given the name of a file; `said` is where the user said so."""

    words: tuple[str, ...]
    said: str = ""

    @property
    def title(self) -> str:
        """What messages call it: `"code --wait" (EDITOR)`."""
        return f'"{shlex.join(self.words)}"' + (f" ({self.said})" if self.said else "")

    def run(self, path: str, process: Process) -> None:
        """Let the user edit the file. Raises MastraError if the editor cannot be run or says it failed.

        A Ctrl-C meanwhile is the editor's, not ours.
        """
        import subprocess  # noqa: PLC0415 - for this verb only

        try:
            with _left_to_the_editor():
                done = subprocess.run(  # noqa: S603 - the command is the user's own
                    [*self.words, path],
                    env=dict(process.environ),
                    cwd=process.directory,
                    stdout=None if is_tty(process.stdout) else _descriptor(process),
                    check=False,
                )
        except OSError as error:
            reason = "not found" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
            message = f"the editor {self.title} cannot be run: {reason}"
            raise errors.MastraError(message, hint=_ADVICE) from error
        if done.returncode < 0:
            message = f"the editor {self.title} was ended by signal {-done.returncode}"
            raise errors.MastraError(message)
        if done.returncode:
            message = f"the editor {self.title} failed: exit code {done.returncode}"
            raise errors.MastraError(message, hint=_ADVICE)


def chosen(process: Process) -> Editor:
    """The editor that the user has chosen, else a usual one. Raises ConfigError where there is none."""
    for name in VARIABLES:
        said = process.environ.get(name, "").strip()
        if not said:
            continue
        try:
            words = shlex.split(said)
        except ValueError as fault:
            message = f"{name} is {said!r}, which is no command: {fault}"
            raise errors.ConfigError(message) from fault
        return Editor(tuple(words), name)
    import shutil  # noqa: PLC0415 - as above

    for word in _USUAL:
        if shutil.which(word, path=process.environ.get("PATH")):
            return Editor((word,))
    message = f"there is no editor: neither {' nor '.join(_USUAL)} is installed"
    raise errors.ConfigError(message, hint=_ADVICE)


def _descriptor(process: Process) -> int | None:
    """Standard error, for an editor whose standard output would be among our data."""
    try:
        return process.stderr.fileno()
    except (OSError, ValueError):  # not a file: a test's
        import subprocess  # noqa: PLC0415 - as above

        return subprocess.DEVNULL


@contextlib.contextmanager
def _left_to_the_editor() -> Iterator[None]:
    """Let an interrupt from the keyboard pass this process by."""
    import signal  # noqa: PLC0415 - as above

    def ignore(_number: int, _frame: object) -> None:
        """Do nothing. Unlike SIG_IGN, the editor does not inherit it."""

    before = None
    with contextlib.suppress(ValueError):  # not in the main thread
        before = signal.signal(signal.SIGINT, ignore)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
