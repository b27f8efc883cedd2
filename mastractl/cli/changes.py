"""What a verb that changes something prints: one line for each resource, or the resources themselves.

The form is settled before anything is written, so that a mistyped `-o` changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli.printers.interface import PrintOptions, printer_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.resource import Resource

DRY_RUN_SUFFIX = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
"""What ends the line of something that was not done."""

_FOR_PEOPLE = frozenset({"table", "wide", "custom-columns", "custom-columns-file"})


class Change(NamedTuple):
    """One resource, and the line that says what happened to it."""

    resource: Resource
    line: str


class ChangePrinter:
    """Prints what happened: lines, or with `-o` the resources in that form.

    `kinds` are those of the store, unless others are given. Raises UsageError for a form that is none, or
    one that only a list has.
    """

    def __init__(self, inv: Invocation, output: str, *, kinds: KindRegistry | None = None) -> None:
        self._inv = inv
        if output.partition("=")[0] in _FOR_PEOPLE:
            message = f"unknown output format {output!r}; allowed formats are: name, json, yaml, jsonpath"
            raise errors.UsageError(message)
        if not output:
            self._printer = None
            return
        known = inv.kinds if kinds is None else kinds
        options = PrintOptions(out=inv.stdout, kinds=known, clock=inv.clock, secrets=inv.flags.show_secrets)
        self._printer = printer_for(output, options)

    def show(self, changes: Sequence[Change]) -> None:
        """Print them: a single resource by itself, several as a List."""
        if self._printer is None:
            for change in changes:
                self._inv.line(change.line)
        elif len(changes) == 1:
            self._printer.print_object(changes[0].resource)
        else:
            self._printer.print_list([change.resource for change in changes])
