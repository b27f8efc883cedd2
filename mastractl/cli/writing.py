"""Manifests into the store under a condition: what `create` and `replace` share.

As with `apply`, everything is read and checked before anything is written, and then one commit takes all
of it. What does not meet the condition (it must not be there yet; it must be there) is told, each with its
place, and then nothing is written unless `--keep-going` is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.cli import changes, intake
from mastractl.cli.printers.name import resource_name
from mastractl.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.options import DryRunMode
    from mastractl.manifests.check import Checked
    from mastractl.resources.admission import Fields
    from mastractl.store import Applied

    Write = Callable[[list[Checked]], list[Applied]]


class Manifests(NamedTuple):
    """Which manifests are meant, and what to do if not all of them are in order."""

    filenames: Sequence[str]
    recursive: bool = False
    fields: Fields = "strict"
    strict_refs: bool = False
    keep_going: bool = False


class Saying(NamedTuple):
    """What becomes of a resource, in one word: `created`, `replaced`; and how it is said."""

    done: str
    output: str = ""
    dry_run: DryRunMode = "none"


def run(
    inv: Invocation,
    asked: Manifests,
    say: Saying,
    *,
    refusal: Callable[[Checked], errors.MastraError | None],
    write: Write,
) -> None:
    """Write what the manifests hold; `refusal` says what speaks against one of them.

    Raises Invalid where a manifest is not in order, and what `write` raises, with the manifest's place.
    """
    printer = changes.ChangePrinter(inv, say.output)
    taken = intake.take(
        inv,
        asked.filenames,
        recursive=asked.recursive,
        fields=asked.fields,
        strict_refs=asked.strict_refs,
    )
    intake.tell(inv, taken.found)
    if taken.faulty and not asked.keep_going:
        raise intake.refusal(taken.found, outcome=f"nothing was {say.done}")
    if not taken.checked and not taken.faulty:
        message = f"no objects passed to be {say.done}"
        raise errors.ManifestError(message)
    fitting = _fitting(inv, taken.checked, refusal)
    if len(fitting) < len(taken.checked) and not asked.keep_going:
        inv.note(f"nothing was {say.done}")
        return
    written = _written(fitting, write) if fitting else []
    suffix = changes.DRY_RUN_SUFFIX[say.dry_run]
    lines = [f"{resource_name(a.resource, inv.kinds)} {say.done}{suffix}" for a in written]
    shown = [changes.Change(a.resource, line) for a, line in zip(written, lines, strict=True)]
    if shown:
        printer.show(shown)
    if taken.faulty:
        inv.fail(intake.refusal(taken.found, outcome=f"{len(written)} {say.done}, but not the rest"))


def stands(inv: Invocation, each: Checked) -> bool:
    """Whether the store has a resource of that name."""
    resource = each.resource
    if inv.kinds.find(resource.group, resource.kind) is None:  # defined in this very run
        return False
    return inv.store.get(each.kind, namespace=resource.namespace, name=resource.name) is not None


def _fitting(
    inv: Invocation, checked: list[Checked], refusal: Callable[[Checked], errors.MastraError | None]
) -> list[Checked]:
    """The manifests that nothing speaks against; what speaks against the others is reported."""
    fitting = []
    for each in checked:
        error = refusal(each)
        if error is None:
            fitting.append(each)
        else:
            inv.fail(_placed(error, each))
    return fitting


def _written(checked: list[Checked], write: Write) -> list[Applied]:
    try:
        return write(checked)
    except errors.Conflict as conflict:
        for each in checked:
            resource = each.resource
            if keys.key(each.kind, resource.namespace, resource.name) == conflict.key:
                raise _placed(conflict, each) from None
        raise


def _placed(error: errors.MastraError, each: Checked) -> errors.MastraError:
    """The same error, with the place of the manifest it is about."""
    origin = each.manifest.origin
    error.message = f"{origin.source}:{origin.line}: {error.message}"
    return error
