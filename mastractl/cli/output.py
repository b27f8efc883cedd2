"""Everything said on standard error, and the exit code it adds up to.

This is the one place of the command line that catches broadly. Whatever happens, a user sees one line
per failure in kubectl's shape, a `hint:` where there is something to do next, and never a traceback
(`MASTRACTL_DEBUG=1` shows it). Exit codes: 0 ok, 1 failure or several of different sorts, 2 usage,
3 not found, 4 invalid manifest, 5 conflict, 6 timed out, 130 interrupted, 141 the reader of standard
output has gone.

With `-o json` standard error is JSON as well: a warning is one line `{"kind":"Warning",...}`, and what
failed is one Kubernetes Status on the last line.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TextIO

from mastractl import config, errors, values
from mastractl.cli import foreign
from mastractl.cli.process import STDOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.cli.process import Process

INTERRUPTED = 130
READER_GONE = 141

_FROM_THE_STORE = (
    errors.NotFound,
    errors.AlreadyExists,
    errors.Conflict,
    errors.Expired,
    errors.Forbidden,
    errors.StorageNotFoundError,
)

_RED, _YELLOW, _CYAN, _PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[0m"


class Reporter:
    """What a run has to say beside its data.

    `data` is standard output: where both go to the same place, words come after the data they follow.
    `as_json` turns it into JSON, `quiet` drops notes and warnings (never errors), `color` decorates.
    `command` is the one whose help a usage error points at. `plain_failure` is the exit code of what has
    no better one, for a command to which 1 is no failure. `store` is the URL of the store in force, whose
    secrets are kept out of what others wrote: tracebacks and errors that are none of ours. `wrong_usage` is
    the exit code of a line that cannot be understood, for a command to which 2 says something else.
    """

    def __init__(self, stream: TextIO, *, data: TextIO) -> None:
        self._stream = stream
        self._data: TextIO | None = data
        self.color = False
        self.quiet = False
        self.as_json = False
        self.command = "mastractl"
        self.store = ""
        self.plain_failure = 1
        self.wrong_usage = errors.UsageError.exit_code
        self._failures: list[errors.MastraError] = []

    def note(self, text: str, *, hint: str = "") -> None:
        """Say something nobody need act on. Not said in JSON, where nobody reads it."""
        if not self.quiet and not self.as_json:
            self.raw(f"{text}\n{self._hint(hint)}")

    def warn(self, message: str, *, hint: str = "") -> None:
        """Say what is likely to be a mistake but does not stop the run."""
        if self.quiet:
            return
        if self.as_json:
            warning = {"kind": "Warning", "message": message} | ({"hint": hint} if hint else {})
            self.raw(values.dump(warning).decode() + "\n")
        else:
            self.raw(self._paint(_YELLOW, "Warning:") + f" {message}\n" + self._hint(hint))

    def fail(self, error: errors.MastraError) -> None:
        """Say that something failed and go on; the exit code will tell."""
        if isinstance(error, errors.UsageError) and not error.hint:
            error.hint = f"see '{self.command} --help'"
        self._failures.append(error)
        if not self.as_json:
            self.raw(self._paint(_RED, _lead(error)) + f" {error.message}\n" + self._hint(error.hint))

    def finish(self) -> int:
        """Say what is still unsaid. The exit code: that of the failures if they agree, else 1."""
        failures = self._failures
        if failures and self.as_json:
            self.raw(values.dump(_status(failures)).decode() + "\n")
        self._failures = []
        codes = {f.exit_code for f in failures}
        code = codes.pop() if len(codes) == 1 else min(len(codes), 1)
        return {1: self.plain_failure, errors.UsageError.exit_code: self.wrong_usage}.get(code, code)

    def raw(self, text: str) -> None:
        """Write text as it stands, after the data that came before it.

        A standard error that takes none is no reason to fail; a standard output that fails is.
        """
        if self._data is not None:
            self._data.flush()
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    def abandon_data(self) -> None:
        """Standard output failed: do not wait for it any more."""
        self._data = None

    def _hint(self, hint: str) -> str:
        return f"{self._paint(_CYAN, 'hint:')} {hint}\n" if hint else ""

    def _paint(self, color: str, text: str) -> str:
        return f"{color}{text}{_PLAIN}" if self.color else text


def guard(process: Process, reporter: Reporter, body: Callable[[], int]) -> int:
    """Run `body` and turn whatever it raises into words and an exit code."""
    try:
        return _answered(process, reporter, body)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        process.abandon_stdout()
        return READER_GONE
    except OSError as error:  # standard output failed while something else was told
        reporter.abandon_data()
        reporter.fail(_understand(process, error, reporter))
        return reporter.finish()


def _answered(process: Process, reporter: Reporter, body: Callable[[], int]) -> int:
    try:
        code = body()
        process.stdout.flush()
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - a user is shown a line, not a traceback
        code = 1
        if isinstance(error, OSError) and error.filename == STDOUT:
            reporter.abandon_data()
        if config.debugging(process.environ):
            import traceback  # noqa: PLC0415 - for developers only

            reporter.raw(_concealed(traceback.format_exc(), reporter))
        reporter.fail(_understand(process, error, reporter))
    return reporter.finish() or code


def _concealed(text: str, reporter: Reporter) -> str:
    from mastractl.engines.masking import concealed  # noqa: PLC0415 - when something went wrong

    return concealed(text, reporter.store)


def _understand(process: Process, error: Exception, reporter: Reporter) -> errors.MastraError:
    """Any exception as one of ours."""
    if isinstance(error, errors.MastraError):
        return error
    render = getattr(error, "format_message", None)
    if callable(render):  # what Typer raises for a command line it cannot parse
        return _usage_error(error, str(render()))
    if isinstance(error, OSError):
        if error.filename == STDOUT:
            process.abandon_stdout()
        where = f"{error.filename}: " if error.filename else ""
        return errors.MastraError(f"{where}{error.strerror or error}")
    if isinstance(error, RecursionError):
        return errors.MastraError("the data is nested too deeply")
    return errors.MastraError(
        _concealed(f"internal error: {type(error).__name__}: {error}", reporter).replace("\n", " "),
        hint="this is a bug, please report it; MASTRACTL_DEBUG=1 shows where it happened",
    )


def _usage_error(error: Exception, text: str) -> errors.UsageError:
    """Typer's complaint in kubectl's words."""
    option = getattr(error, "option_name", "")
    if option and "No such option" in text:
        if option in foreign.UNKNOWN:
            return errors.UsageError(f"unknown flag: {option}", hint=foreign.UNKNOWN[option])
        near = [n for n in getattr(error, "possibilities", None) or () if n not in foreign.SPELLINGS]
        return errors.UsageError(f"unknown flag: {option}", hint=f"did you mean {near[0]!r}?" if near else "")
    text = (
        text.partition(". Choose from")[0].rstrip(".").replace("one of '', ", "one of ")
    )  # "" is how a flag says it was not given
    return errors.UsageError(text[:1].lower() + text[1:])


def _lead(error: errors.MastraError) -> str:
    if isinstance(error, _FROM_THE_STORE) and not isinstance(error, errors.UnknownKind):
        return f"Error from server ({error.reason}):"
    return "error:"


def _status(failures: list[errors.MastraError]) -> dict[str, Any]:
    """One Status: the failure's own, or one that holds those of several."""
    if len(failures) == 1:
        return failures[0].to_status()
    reasons = {f.reason for f in failures}
    status = failures[0].to_status()
    status.pop("causes", None)
    status.pop("hint", None)
    return status | {
        "reason": reasons.pop() if len(reasons) == 1 else "Unknown",
        "message": f"{len(failures)} errors: " + "; ".join(f.message for f in failures),
        "errors": [f.to_status() for f in failures],
    }
