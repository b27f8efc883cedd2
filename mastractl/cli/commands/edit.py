"""`edit`: resources in the user's editor, until they are in order or the user gives up.

What the user typed is in a file all the time, and stays there whenever it could not be saved: an editor
that fails, faults that are not mended, an interrupt. The file's name is told then.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors
from mastractl.cli import altering, changes, editing, editor, intake, options, selection
from mastractl.cli.printers.name import resource_name
from mastractl.cli.process import is_tty
from mastractl.manifests.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli.editing import Faulty, Subject
    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.store import Applied

Resources = Annotated[
    list[str] | None,
    options.argument(metavar="RESOURCE...", help="Types by plural, singular or short name; and names."),
]
Form = Annotated[
    Literal["yaml", "json"],
    options.flag("--output", "-o", metavar="yaml|json", help="The form in which to edit (yaml)."),
]
Subresource = Annotated[
    Literal["", "status"],
    options.flag("--subresource", metavar="status", help="Edit the status instead, as controllers do."),
]
SaveConfig = Annotated[bool, options.flag("--save-config", hidden=True)]

EXAMPLES = """
# One agent, in the editor that EDITOR names
mastractl edit agent recipe-assistant -n cooking

# ... or in another, which may be a command of its own
MASTRACTL_EDITOR='sed -i s/gpt-4-turbo/gpt-4o/' mastractl edit agent recipe-assistant -n cooking

# Several at once, as one List
EDITOR='sed -i s/kitchen-helper/kitchen/' mastractl edit agents,tools -n cooking -l app=kitchen-helper

# As JSON
EDITOR='sed -i s/gpt-4-turbo/gpt-4o/' mastractl edit agent/recipe-assistant -n cooking -o json
"""

_MOST_WITHOUT_A_PERSON = 10
"""How often a file is opened again where no person can be at the editor, but a script."""


@options.verb(examples=EXAMPLES, usage="(TYPE NAME... | TYPE/NAME... | TYPE -l SELECTOR | -f FILE...)")
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    selector: options.Selector = "",
    form: Form = "yaml",
    subresource: Subresource = "",
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl-edit",
    save_config: SaveConfig = False,
) -> None:
    """Edit resources in an editor.

    MASTRACTL_EDITOR, KUBE_EDITOR, VISUAL or EDITOR says which. What cannot be saved is opened again with
    the faults on top, each with its line. What somebody else changed meanwhile in other fields is kept; in
    the same fields it is told before it is overwritten. Saved without a change, nothing happens.
    """
    del save_config  # nothing is kept beside the resource
    tool = editor.chosen(inv.process)
    asked = selection.Asked(resources, filename, recursive, selector)
    found = altering.chosen(inv, asked, everything=False)
    if not found:
        return
    subjects = [editing.Subject(r, altering.kind_of(inv, r), subresource) for r in found]
    done = _Session(inv, tool, subjects, form).run(altering.How(field_manager, dry_run, subresource))
    suffix = changes.DRY_RUN_SUFFIX[dry_run]
    for each in done:
        if each.operation != "unchanged":
            inv.line(f"{resource_name(each.resource, inv.kinds)} edited{suffix}")


class _Session:
    """One file that is edited until it can be saved. Its name is told whenever it is left behind."""

    def __init__(
        self, inv: Invocation, tool: editor.Editor, subjects: Sequence[Subject], form: editing.Form
    ) -> None:
        import tempfile  # noqa: PLC0415 - for this verb only

        self._inv = inv
        self._tool = tool
        self._subjects = subjects
        descriptor, self._path = tempfile.mkstemp(prefix="mastractl-edit-", suffix=f".{form}")
        os.close(descriptor)
        self._shown = self._written = editing.text_of(subjects, form).encode()
        self._head: tuple[str, ...] = _GREETING if form == "yaml" else ()

    def run(self, how: altering.How) -> list[Applied]:
        """Edit and save. Returns what was changed; raises what keeps the user from going on."""
        self._write(self._shown)
        try:
            done = self._edited(how)
        except BaseException as error:
            self._leave(error)
            raise
        self._remove()
        return done

    def _edited(self, how: altering.How) -> list[Applied]:
        faulty: Faulty | None = None
        turns = 0
        while True:
            turns += 1
            self._tool.run(self._path, self._inv.process)
            text = self._read()
            if faulty is None and text == self._shown:
                return self._cancelled("no changes made")
            if faulty is not None and self._content() == self._written:
                raise self._given_up(faulty)
            if not _says_something(text):
                return self._cancelled("saved file was empty")
            done = self._saved(text, how)
            if done == []:
                return self._cancelled("no changes made")
            if isinstance(done, list):
                return done
            faulty = done
            self._head = _header(faulty)
            self._write(text)
            if self._is_futile(turns):
                raise self._given_up(faulty)

    def _saved(self, text: bytes, how: altering.How) -> list[Applied] | Faulty:
        """Write what the user made of it: [] if that is no change, or what is wrong with it."""
        read = editing.read(self._inv, text, self._subjects, self._path)
        if not isinstance(read, editing.Saved):
            return read
        done = editing.save(self._inv, read, how)
        if isinstance(done, list):
            intake.tell(self._inv, self._in_file(read.warnings))
        return done

    def _is_futile(self, turns: int) -> bool:
        return turns >= _MOST_WITHOUT_A_PERSON and not is_tty(self._inv.process.stdin)

    def _cancelled(self, why: str) -> list[Applied]:
        self._inv.note(f"Edit cancelled, {why}.")
        return []

    def _given_up(self, faulty: Faulty) -> errors.MastraError:
        """The error that ends an edit whose faults were not mended, after telling them."""
        found = self._in_file(faulty.found)
        intake.tell(self._inv, found)
        for message in faulty.others:
            self._inv.reporter.raw(f"{message}\n")
        error = faulty.error
        error.message = "Edit cancelled, no valid changes were saved."
        return error

    def _leave(self, error: BaseException) -> None:
        """Tell where the file is if the user typed anything that is not saved; else remove it."""
        text = self._read()
        if text in (self._shown, b""):
            self._remove()
            return
        where = f'A copy of your changes has been stored to "{self._path}"'
        if isinstance(error, errors.MastraError):
            error.message = f"{error.message}\n{where}"
        else:
            self._inv.reporter.raw(f"{where}\n")

    def _in_file(self, found: Sequence[Diagnostic]) -> list[Diagnostic]:
        """The findings with the lines that they have in the file, below what stands on top of it."""
        from dataclasses import replace  # noqa: PLC0415 - where something is found only

        return [replace(each, line=each.line + len(self._head)) if each.line else each for each in found]

    def _write(self, text: bytes) -> None:
        self._written = "".join(f"{line}\n" for line in self._head).encode() + text
        with open(self._path, "wb") as file:  # noqa: PTH123 - pathlib costs its import
            file.write(self._written)

    def _content(self) -> bytes:
        """What is in the file; b"" if it is gone."""
        try:
            with open(self._path, "rb") as file:  # noqa: PTH123 - as above
                return file.read()
        except FileNotFoundError:
            return b""

    def _read(self) -> bytes:
        """What is in the file below the lines that were put on top."""
        lines = self._content().splitlines(keepends=True)
        ours = {line.encode() for line in self._head}
        at = 0
        while at < len(lines) and lines[at].rstrip(b"\r\n") in ours:
            at += 1
        return b"".join(lines[at:])

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108 - as above


_GREETING = (
    "# Edit what is below. Lines at the top that begin with '#' are ignored, and an empty file gives up.",
    "# If something is wrong with it, the file is opened again and says what.",
    "#",
)


def _header(faulty: Faulty) -> tuple[str, ...]:
    """What stands on top of a file that is opened again: the faults, with the lines they are on."""
    count = len(faulty.found) + len(faulty.others)
    head = [
        "# This could not be saved. Mend it and save again; leave it as it is to give up.",
        f"# {count} problem{'' if count == 1 else 's'}:",
    ]
    size = len(head) + count + 1
    for each in faulty.found:
        where = f"line {each.line + size}, column {each.column}: " if each.line else ""
        hint = f" ({each.hint})" if each.hint else ""
        head.append(visible(f"# - {where}{each.message}{hint}").replace("\n", " "))
    head += [visible(f"# - {message}").replace("\n", " ") for message in faulty.others]
    return (*head, "#")


def _says_something(text: bytes) -> bool:
    """Whether there is more in it than comments."""
    return any(line.strip() and not line.lstrip().startswith(b"#") for line in text.splitlines())
