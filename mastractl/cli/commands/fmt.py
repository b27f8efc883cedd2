"""`fmt`: manifests written the one way they are written here, comments kept, meaning untouched."""

from __future__ import annotations

import os
import os.path
from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import intake, options, progress
from mastractl.cli.printers import difftext
from mastractl.manifests import diagnostics, sources
from mastractl.manifests.canonical import formatter
from mastractl.manifests.diagnostics import ERROR, Diagnostic
from mastractl.manifests.sources import STDIN, unreadable
from mastractl.resources import diff

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.canonical.formatter import Formatted
    from mastractl.manifests.sources import Source

Paths = Annotated[
    list[str] | None,
    options.argument(metavar="FILE...", help="Manifest files, directories, quoted globs, or -."),
]
Check = Annotated[
    bool, options.flag("--check", help="Write nothing; name the files that are written otherwise and exit 1.")
]
Diff = Annotated[bool, options.flag("--diff", help="Write nothing; show what would change and exit 1.")]

EXAMPLES = """
# A directory and those below it, in place
mastractl fmt manifests/ -R

# In CI: which files are not as they should be?
mastractl fmt --check manifests/ -R

# What would change
mastractl fmt --diff agent.yaml

# In an editor: from standard input to standard output
cat agent.yaml | mastractl fmt -
"""


@options.verb(examples=EXAMPLES)
def run(
    inv: Invocation,
    *,
    paths: Paths = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    check: Check = False,
    show: Diff = False,
) -> int:
    """Write manifests in their canonical form.

    apiVersion, kind, metadata and spec in this order, two blanks a level, items below their key, double
    quotes, and quotes around words that other readers of YAML take for something else. What a manifest says
    never changes, nor does a comment; the order of the fields below spec is yours. JSON stays JSON.

    The names of the files that are changed are printed; `-` is read and printed instead. A file that holds no
    manifest is left alone; one with an error stays as it is, and the exit code is 4.
    """
    named = [*(paths or ()), *(filename or ())]
    if not named:
        message = "you must say which manifests: a file, a directory, or - for standard input"
        raise errors.UsageError(message, hint="mastractl fmt . -R")
    work = _Work(inv, writes=not (check or show), shows=show)
    items = sources.find(named, recursive=recursive, stdin=inv.process.stdin_bytes)
    for item in progress.counted(inv, items, "formatting"):
        if isinstance(item, Diagnostic):
            work.found.append(item)
        else:
            work.file(item)
    return work.finish()


class _Work:
    """What was done so far, and what was found."""

    def __init__(self, inv: Invocation, *, writes: bool, shows: bool) -> None:
        self._inv = inv
        self._writes = writes
        self._shows = shows
        self._changed = self._same = 0
        self._told = False
        self.found: list[Diagnostic] = []

    def file(self, source: Source) -> None:
        """Format one source, or say that it would be changed."""
        try:
            done = formatter.reformat(source)
        except OSError as error:
            self.found.append(unreadable(source.name, source.order, error))
            return
        self.found += done.findings
        if any(d.severity == ERROR for d in done.findings):
            return
        if not done.manifests and source.name != STDIN:
            self._inv.verbose(f"{source.name}: there is no manifest in it, so it stays as it is")
            return
        changes = done.after != done.before
        self._changed, self._same = self._changed + changes, self._same + (not changes)
        if changes or (source.name == STDIN and self._writes):
            self._act(source, done)

    def _act(self, source: Source, done: Formatted) -> None:
        if self._shows:
            text = diff.unified(done.before, done.after, name=source.name, sides=("written/", "canonical/"))
            self._inv.write(difftext.colored(text) if self._inv.color(self._inv.stdout) else text)
        elif source.name == STDIN and self._writes:
            self._inv.write(done.after)
            self._told = True
        else:
            if self._writes:
                replace(source.name, done.after)
            self._inv.line(source.name)

    def finish(self) -> int:
        """Tell what was found and how much was done; the exit code."""
        intake.tell(self._inv, self.found)
        if any(d.severity == ERROR for d in self.found):
            total = diagnostics.summary(self.found)
            message = f"{total}: the files with errors are as they were"
            raise errors.ManifestError(message)
        if not self._told:
            self._inv.note(self._summary())
        return 0 if self._writes or not self._changed else 1

    def _summary(self) -> str:
        would = "" if self._writes else "would be "
        parts = [f"{_files(self._changed)} {would}formatted"] if self._changed else []
        parts += [f"{_files(self._same)} already formatted"] if self._same else []
        return ", ".join(parts) or "there is no manifest to format"


def replace(path: str, text: str) -> None:
    """Put a text in the place of a file: whole or not at all, with the mode it had, through a link."""
    import tempfile  # noqa: PLC0415 - nothing else needs it

    path = os.path.realpath(path)
    mode = os.stat(path).st_mode & 0o7777  # noqa: PTH116 - pathlib costs its import
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".fmt")  # noqa: PTH120
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108
        raise


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
