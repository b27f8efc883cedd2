"""Diagnostics as text, in every form there is a reader for: people, grep, programs and the forges' CI.

One file a format, imported when it is asked for. Each gives its text in pieces, so that the text of ten
thousand findings never stands in memory as a whole.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal, get_args

from mastractl.manifests.formats import people

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.manifests.diagnostics import Diagnostic, Run, Summary

Name = Literal["text", "concise", "json", "github", "gitlab", "sarif", "junit"]
"""A format by its name on the command line."""

NAMES: tuple[Name, ...] = get_args(Name)


def write(name: Name, found: Sequence[Diagnostic], run: Run, *, colour: bool = False) -> Iterator[str]:
    """The findings, which are in order, in a format: pieces of text that end in a newline, or are none.

    `run` is what formats for programs say beside the findings. `colour` permits ANSI colours; only formats
    for people use them.
    """
    if name == "text":
        return people.text(found, colour=colour)
    if name == "concise":
        return people.concise(found, colour=colour)
    module = importlib.import_module(f"{__name__}.{'plainjson' if name == 'json' else name}")
    pieces: Iterator[str] = module.write(found, run)
    return pieces


def text(found: Iterable[Diagnostic], total: Summary | None = None, *, colour: bool = False) -> str:  # noqa: ARG001 - callers have it at hand, and other formats need it
    """The findings for people, as one text."""
    return "".join(people.text(found, colour=colour))
