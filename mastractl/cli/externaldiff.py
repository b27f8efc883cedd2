"""A diff program of the user's own: `MASTRACTL_EXTERNAL_DIFF`, or kubectl's `KUBECTL_EXTERNAL_DIFF`.

As with kubectl it is given two directories, `LIVE` and `MERGED`, with a file for each resource that
differs; what it prints is the output, and its exit code is the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mastractl.cli.invocation import Invocation

_VARIABLES = ("MASTRACTL_EXTERNAL_DIFF", "KUBECTL_EXTERNAL_DIFF")
_FAILED = 2
_LONGEST_NAME = 250


def program(environ: Mapping[str, str]) -> list[str]:
    """The program and its arguments, split as a shell would; empty if none is named. Raises UsageError."""
    import shlex  # noqa: PLC0415 - few name one

    name = next((name for name in _VARIABLES if environ.get(name)), "")
    try:
        return shlex.split(environ[name]) if name else []
    except ValueError as error:
        message = f"{name} cannot be understood: {str(error).lower()}"
        raise errors.UsageError(message) from error


def run(inv: Invocation, command: Sequence[str], sides: Sequence[tuple[str, str, str]]) -> int:
    """Run it on (name, text before, text after) of each resource; its exit code.

    A text that is "" has no file on its side. Raises UsageError if the program cannot be run.
    """
    import subprocess  # noqa: PLC0415 - as above
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="mastractl-diff-") as place:
        for number, side in enumerate(("LIVE", "MERGED"), 1):
            directory = Path(place, side)
            directory.mkdir()
            for each in sides:
                if each[number]:
                    (directory / each[0][-_LONGEST_NAME:]).write_text(each[number], encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603 - the user's own choice
                [*command, "LIVE", "MERGED"],
                cwd=place,
                env=dict(inv.process.environ),
                stdout=subprocess.PIPE,
                check=False,
            )
        except OSError as error:
            message = f"cannot run the diff program {command[0]!r}: {error.strerror}"
            raise errors.UsageError(message, hint=f"see {' and '.join(_VARIABLES)}") from error
    inv.write(done.stdout.decode(errors="replace"))
    return done.returncode if done.returncode >= 0 else _FAILED
