"""Labels and annotations from the command line: what `label` and `annotate` share.

`KEY=VALUE` sets one, `KEY-` takes one away. What has a value keeps it unless `--overwrite` is said. The
words are kubectl's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from mastractl import errors
from mastractl.cli import altering, changes, options
from mastractl.resources import names
from mastractl.resources.columns import harmless
from mastractl.resources.resource import Resource
from mastractl.store.api import Applied

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.cli import selection
    from mastractl.cli.invocation import Invocation
    from mastractl.values import JsonObject

Arguments = Annotated[
    list[str] | None,
    options.argument(
        metavar="RESOURCE... KEY=VALUE... KEY-...",
        help="Types by plural, singular or short name, and names; then what to set and what to remove.",
    ),
]
Overwrite = Annotated[bool, options.flag("--overwrite", help="Replace the value of a key that has one.")]
Local = Annotated[
    bool, options.flag("--local", help="Change the manifests of -f and print them; no store is asked.")
]
USAGE = "(TYPE NAME... | TYPE/NAME... | TYPE (-l SELECTOR | --all) | -f FILE...) KEY=VALUE... KEY-..."

Field = Literal["labels", "annotations"]

_ONE = {"labels": "label", "annotations": "annotation"}


class Marks(NamedTuple):
    """What is to be set, and which keys are to be taken away."""

    field: Field
    given: dict[str, str]
    removed: tuple[str, ...]
    overwrite: bool = False

    @property
    def none(self) -> bool:
        """Whether nothing is to be done."""
        return not self.given and not self.removed

    def on(self, document: JsonObject) -> JsonObject:
        """The document with the marks. Raises BadRequest for one that has another value already."""
        metadata = document.get("metadata") or {}
        present = metadata.get(self.field) or {}
        if not self.overwrite:
            for key, value in self.given.items():
                if present.get(key, value) != value:
                    message = f"{key!r} already has a value ({present[key]}), and --overwrite is false"
                    raise errors.BadRequest(
                        message, hint=f"say --overwrite to replace the {_ONE[self.field]}"
                    )
        left = {key: value for key, value in present.items() if key not in self.removed} | self.given
        return {**document, "metadata": {**metadata, self.field: left}}


class Asked(NamedTuple):
    """What the command line asks for, beside the marks."""

    resources: selection.Asked
    how: altering.How
    everything: bool = False
    listed: bool = False
    local: bool = False


def split(arguments: Sequence[str], field: Field, *, overwrite: bool) -> tuple[list[str], Marks]:
    """The arguments that name resources, and the marks behind them. Raises UsageError."""
    at = next((i for i, a in enumerate(arguments) if _is_mark(a)), len(arguments))
    given: dict[str, str] = {}
    removed: list[str] = []
    for argument in arguments[at:]:
        if not _is_mark(argument):
            message = f"all resources must be specified before {_ONE[field]} changes: {argument}"
            raise errors.UsageError(message)
        key, equals, value = argument.partition("=")
        key = key if equals else argument.removesuffix("-")
        _check(field, key, value)
        if equals:
            given[key] = value
        else:
            removed.append(key)
    if both := sorted(given.keys() & set(removed)):
        message = f"cannot modify and remove the same {_ONE[field]} {both[0]!r} in one command"
        raise errors.UsageError(message)
    return list(arguments[:at]), Marks(field, given, tuple(removed), overwrite)


def run(inv: Invocation, asked: Asked, marks: Marks, output: str) -> None:
    """Set and take away, or list. Raises UsageError where it is not clear what is to be done."""
    if marks.none and not asked.listed:
        message = f"at least one {_ONE[marks.field]} update is required"
        raise errors.UsageError(message, hint="write KEY=VALUE to set one, KEY- to remove one, or --list")
    if asked.local:
        _local(inv, asked, marks, output)
        return
    printer = changes.ChangePrinter(inv, output)
    found = altering.chosen(inv, asked.resources, everything=asked.everything)
    altering.refuse_several(found, asked.how)
    if asked.listed and marks.none:
        _list(inv, found, marks.field)
        return
    done = list(altering.alter(inv, found, marks.on, asked.how))
    for each in done:
        _note_absent(inv, each.before, marks)
    if asked.listed:
        _list(inv, [each.resource for each in done], marks.field)
    else:
        dry_run = asked.how.dry_run
        altering.show(inv.kinds, printer, done, lambda each: word(each, marks), dry_run)


def word(applied: Applied, marks: Marks) -> str:
    """What happened, in kubectl's words."""
    if marks.field == "annotations":
        return "annotated" + (" (no change)" if applied.operation == "unchanged" else "")
    if applied.operation == "unchanged":
        return "not labeled"
    return "labeled" if marks.given else "unlabeled"


def _is_mark(argument: str) -> bool:
    return "=" in argument or (len(argument) > 1 and argument.endswith("-"))


def _check(field: Field, key: str, value: str) -> None:
    """Raise UsageError for a key or value that no resource can have."""
    if problem := names.label_key_problem(key if field == "labels" else key.lower()):
        message = f"invalid {_ONE[field]} key {key!r}: {problem}"
        raise errors.UsageError(message)
    if field == "labels" and (problem := names.label_value_problem(value)):
        message = f"invalid label value {value!r} of {key!r}: {problem}"
        raise errors.UsageError(message)


def _local(inv: Invocation, asked: Asked, marks: Marks, output: str) -> None:
    """Work on the manifests of -f and print them; no store is opened."""
    from mastractl.cli import intake  # noqa: PLC0415 - reads YAML, as few calls do
    from mastractl.manifests import bundled  # noqa: PLC0415 - the store knows the kinds otherwise

    if not asked.resources.filenames or asked.resources.resources:
        message = "--local works on manifests: name them with -f, and no resources"
        raise errors.UsageError(message)
    kinds = bundled.kinds()
    printer = changes.ChangePrinter(inv, output, kinds=kinds)
    named = asked.resources
    done = []
    for document in intake.documents(inv, named.filenames or (), recursive=named.recursive):
        before, after = Resource(document), Resource(marks.on(document))
        _note_absent(inv, before, marks)
        same = (before.metadata.get(marks.field) or {}) == after.metadata.get(marks.field)
        done.append(Applied(after, "unchanged" if same else "configured", before))
    if asked.listed:
        _list(inv, [each.resource for each in done], marks.field)
    else:
        altering.show(kinds, printer, done, lambda each: word(each, marks))


def _note_absent(inv: Invocation, before: Resource | None, marks: Marks) -> None:
    """Say which of the keys to be taken away were not there."""
    present = (before.metadata.get(marks.field) if before is not None else None) or {}
    for key in marks.removed:
        if key not in present:
            inv.note(f'{_ONE[marks.field]} "{key}" not found.')


def _list(inv: Invocation, found: Iterable[Resource], field: Field) -> None:
    """Print what there is: `key=value` a line, in order; of several resources each under its name."""
    several = list(found)
    for resource in several:
        if len(several) > 1:
            inv.note(f"Listing {field} for {resource.kind}.{resource.group}/{resource.name}:")
        indent = " " if len(several) > 1 else ""
        for key, value in sorted((resource.metadata.get(field) or {}).items()):
            inv.line(f"{indent}{key}={harmless(str(value))}")
