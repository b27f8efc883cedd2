"""`init`: a project to begin with, that validates, applies and is tidy from its first minute."""

from __future__ import annotations

import os
import os.path
import re
from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors
from mastractl.cli import options, scaffold
from mastractl.resources import names

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

# ruff: noqa: PTH103, PTH110, PTH118, PTH120, PTH123 - paths are written as they are shown

Directory = Annotated[
    str,
    options.argument(metavar="[DIR]", help="Where; made if it is not there. Without: the working directory."),
]
Template = Annotated[
    Literal["minimal", "kitchen"],
    options.flag(
        "--template",
        metavar="minimal|kitchen",
        help="An agent with a tool and a workflow (the default), or a kitchen of several with a network.",
    ),
]
Name = Annotated[
    str,
    options.flag("--name", metavar="NAME", help="The project's name and namespace; else the directory's."),
]
Force = Annotated[bool, options.flag("--force", help="Write over files that are there.")]

EXAMPLES = """
# A small project in a new directory
mastractl init demo

# A larger one, by another name
mastractl init demo --template kitchen --name galley
"""

_IGNORE = ".gitignore"
_STEPS = ("mastractl validate manifests/ -R", "mastractl apply -f manifests/ -R", "mastractl get all")


@options.verb(examples=EXAMPLES)
def run(
    inv: Invocation,
    *,
    directory: Directory = "",
    template: Template = "minimal",
    name: Name = "",
    force: Force = False,
) -> None:
    """Start a project: manifests, a store of its own, and what to do next.

    Nothing is written if one of the files is there already; a .gitignore that is there gets a line more.
    """
    where = os.path.normpath(os.path.join(inv.process.directory, directory))
    made = scaffold.files(template, _name(name, where))
    taken = [] if force else [p for p in made if p != _IGNORE and os.path.lexists(os.path.join(where, p))]
    if taken:
        message = f"there already: {', '.join(os.path.join(directory, path) for path in taken)}"
        raise errors.MastraError(message, hint="name another directory, or write over them with --force")
    for path, text in made.items():
        if _write(where, path, text):
            inv.line(f"{os.path.join(directory, path)} created")
    steps = [f"cd {directory}"] if directory else []
    inv.note("\n  ".join(["next:", *steps, *_STEPS]))


def _name(said: str, where: str) -> str:
    """The project's name: as it was said, or what can be made of the directory's. Raises UsageError."""
    name = said or re.sub(r"[^a-z0-9]+", "-", os.path.basename(where).lower()).strip("-")[:63] or "project"  # noqa: PTH119
    if problem := names.namespace_problem(name):
        message = f"--name {name!r}: {problem}" if said else f"{name!r} can be no name: {problem}"
        raise errors.UsageError(message, hint="say another with --name")
    return name


def _write(where: str, path: str, text: str) -> bool:
    """Write a file, its directory made; False if it says all that already."""
    target = os.path.join(where, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if path == _IGNORE and os.path.exists(target):
        with open(target, encoding="utf-8") as file:
            there = file.read()
        if text.strip() in there.split():
            return False
        text = there + ("\n" if there and not there.endswith("\n") else "") + text
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
    return True
