"""Applying manifests: what `apply` does, `diff` and `plan` only look at, and all three are told the same way.

The flags are kubectl's. Who applies owns what the manifests name; plain apply takes over what others own,
`--server-side` asks first. What goes with it (`--prune`) is worked out by the store in the same commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from mastractl import errors
from mastractl.cli import intake, options, progress
from mastractl.manifests.causes import from_cause
from mastractl.resources import sensitive, shorthand
from mastractl.store import keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.cli.intake import Intake
    from mastractl.cli.invocation import Invocation
    from mastractl.errors import Cause
    from mastractl.manifests.check import Checked
    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.resources.admission import Fields
    from mastractl.resources.adoption import Place
    from mastractl.resources.selectors import LabelSelector
    from mastractl.store import Applied, Pruned, Pruning

MANAGER = "mastractl"
"""Who applies, unless --field-manager says otherwise."""

ServerSide = Annotated[
    bool,
    options.flag(
        "--server-side",
        help="Stop at fields that another manager owns with another value; manifests may be partial.",
    ),
]
ForceConflicts = Annotated[
    bool, options.flag("--force-conflicts", help="With --server-side: take over what others own.")
]
Set = Annotated[
    str,
    options.flag(
        "--set",
        metavar="NAME",
        help="What is applied belongs to the set NAME, and is remembered; with --prune, only members go.",
    ),
]
Prune = Annotated[
    bool,
    options.flag("--prune", help="Delete what is in the manifests no more: of the --set, or by -l or --all."),
]
All = Annotated[
    bool,
    options.flag(
        "--all", help="With --prune: all that was applied, of the types and namespaces of the manifests."
    ),
]
Allowlist = Annotated[
    list[str] | None,
    options.flag(
        "--prune-allowlist", metavar="TYPE", help="With --prune: of these types instead. May be repeated."
    ),
]


class Asked(NamedTuple):
    """Which manifests are applied, by whom and how, and what goes with them: the flags as typed."""

    filenames: Sequence[str]
    recursive: bool = False
    selector: str = ""
    fields: Fields = "strict"
    strict_refs: bool = False
    server_side: bool = False
    manager: str = MANAGER
    force_conflicts: bool = False
    overwrite: bool = True
    set_name: str = ""
    prune: bool = False
    everything: bool = False
    allowlist: Sequence[str] = ()
    yes: bool = False

    @property
    def force(self) -> bool:
        """Whether fields of other managers are taken over."""
        return self.force_conflicts if self.server_side else self.overwrite


def check(asked: Asked) -> None:
    """Raise UsageError for flags that do not go together."""
    if asked.force_conflicts and not asked.server_side:
        message = "--force-conflicts only works with --server-side"
        raise errors.UsageError(message, hint="without --server-side conflicts are always taken over")
    if not asked.manager:
        message = "--field-manager needs a name"
        raise errors.UsageError(message)
    if asked.set_name:
        _check_set(asked)
    elif asked.prune and not (asked.selector or asked.everything):
        message = "--prune needs to know what belongs together"
        hint = (
            "--set NAME remembers it; or select with -l, or say --all for all of these types and namespaces"
        )
        raise errors.UsageError(message, hint=hint)
    if not asked.prune and (asked.everything or asked.allowlist):
        message = f"{'--all' if asked.everything else '--prune-allowlist'} only works with --prune"
        raise errors.UsageError(message)
    if asked.everything and asked.selector:
        message = "--all contradicts a selector: give one of them"
        raise errors.UsageError(message)


def _check_set(asked: Asked) -> None:
    from mastractl.resources.names import name_problem  # noqa: PLC0415 - few name a set

    if problem := name_problem(asked.set_name):
        message = f"--set {asked.set_name!r}: {problem}"
        raise errors.UsageError(message)
    flags = {"-l": asked.selector, "--all": asked.everything, "--prune-allowlist": asked.allowlist}
    for flag, said in flags.items():
        if said:
            message = f"{flag} does not go with --set: its members are known"
            raise errors.UsageError(message, hint="leave one of the two out")


def take(inv: Invocation, asked: Asked, *, verb: str, undone: str, keep_going: bool = False) -> Intake:
    """The manifests that are meant, all checked, with everything that is wrong told.

    `undone` says what the verb has not done if anything is: "applied", "compared". Raises Invalid then,
    unless `keep_going`; ManifestError if there is nothing; and UsageError as `check`.
    """
    check(asked)
    labels = _labels(asked.selector)
    taken = intake.take(
        inv,
        asked.filenames,
        recursive=asked.recursive,
        fields=asked.fields,
        strict_refs=asked.strict_refs,
        extent="part" if asked.server_side else "declared",
    )
    intake.tell(inv, taken.found)
    if taken.faulty and not keep_going:
        raise intake.refusal(taken.found, outcome=f"nothing was {undone}")
    if labels is not None:
        taken.checked = [each for each in taken.checked if labels.matches(each.resource.labels)]
    if not taken.checked and not taken.faulty and labels is not None and verb != "apply":
        inv.note("No manifest has the labels that -l asks for.")
    elif not taken.checked and not taken.faulty:
        message = f"no objects passed to {verb}"
        hint = "no manifest has the labels that -l asks for" if labels is not None else ""
        raise errors.ManifestError(message, hint=hint)
    return taken


def run(inv: Invocation, asked: Asked, checked: Sequence[Checked], *, dry_run: bool) -> Pruned:
    """Apply everything in one commit, and prune with it; remarks are told with their places.

    Raises FieldConflict for all of the manifests, told one by one; and what the store raises.
    """
    resources = [each.resource for each in checked]
    pruning = _pruning(inv, asked)
    try:
        with progress.during(inv, "comparing" if dry_run else "writing resources", count=len(resources)):
            done = inv.store.apply_pruning(
                resources,
                pruning,
                dry_run=dry_run,
                admitted=True,
                manager=asked.manager,
                force=asked.force,
                partial=asked.server_side,
            )
    except errors.FieldConflict as conflict:
        raise _all_conflicts(inv, asked, checked, conflict) from None
    except errors.Conflict as conflict:
        for each in checked:
            if _key(each) == conflict.key:
                raise placed(conflict, each) from None
        raise
    except errors.Invalid as invalid:  # each is in order by itself: it is what the merge came to
        raise _all_refusals(inv, asked, checked, invalid) from None
    if not asked.server_side:  # there it was asked for
        _tell_remarks(inv, zip(checked, done.applied, strict=True))
    return done


def preview(inv: Invocation, asked: Asked, checked: Sequence[Checked]) -> Pruned:
    """What `run` would do, all of it: what it would refuse to prune is a warning here."""
    try:
        return run(inv, asked, checked, dry_run=True)
    except errors.Forbidden as refused:
        inv.warn(refused.message.partition(";")[0], hint="apply does it only with --yes")
    return run(inv, asked._replace(yes=True), checked, dry_run=True)


def one(inv: Invocation, asked: Asked, each: Checked, *, dry_run: bool) -> Applied:
    """Apply one manifest alone, with its place in whatever is raised."""
    try:
        return run(inv, asked._replace(prune=False, set_name=""), [each], dry_run=dry_run).applied[0]
    except errors.FieldConflict:
        raise
    except errors.MastraError as error:
        raise placed(error, each) from None


def placed(error: errors.MastraError, each: Checked) -> errors.MastraError:
    """The same error, with the place of the manifest it is about."""
    origin = each.manifest.origin
    where = f"{origin.source}:{origin.line}: "
    if not error.message.startswith(where):
        error.message = where + error.message
    return error


def tell_of_the_set(inv: Invocation, asked: Asked, done: Pruned) -> None:
    """Say which members of the set are not in the manifests, and which are members no more."""
    if done.left:
        count = "1 member is" if len(done.left) == 1 else f"{len(done.left)} members are"
        names = _listed(done.left)
        inv.note(f"set {asked.set_name}: {count} not in these manifests ({names}); --prune would remove them")
    if done.lost:
        why = "deleted or made anew by somebody else, or in another set too"
        inv.note(f"set {asked.set_name}: no longer in it: {_listed(done.lost)} ({why})")


def _listed(places: Sequence[Place]) -> str:
    names = [f"{place.kind}.{place.group}/{place.name}" for place in places[:5]]
    return ", ".join(names) + (f" and {len(places) - 5} more" if len(places) > 5 else "")


def _labels(selector: str) -> LabelSelector | None:
    if not selector:
        return None
    from mastractl.resources import selectors  # noqa: PLC0415 - few applies select

    return selectors.parse_label_selector(selector)


def _pruning(inv: Invocation, asked: Asked) -> Pruning | None:
    if not asked.set_name and not asked.prune:
        return None
    from mastractl.store.pruning import Pruning  # noqa: PLC0415 - few applies prune

    return Pruning(
        name=asked.set_name,
        prune=asked.prune,
        labels=_labels(asked.selector),
        kinds=tuple(inv.store.resolve(_type(word)) for word in asked.allowlist),
        confirmed=asked.yes,
    )


def _type(word: str) -> str:
    """Kubectl's `GROUP/VERSION/KIND` as `kind.version.group`; any other name of a type as it is."""
    group, _, rest = word.partition("/")
    version, _, kind = rest.partition("/")
    return f"{kind}.{version}.{group}" if kind else word


def _key(each: Checked) -> str:
    return keys.key(each.kind, each.resource.namespace, each.resource.name)


_WITHOUT = "by leaving out --no-overwrite"
"""What an apply that is not server-side does in the place of --force-conflicts."""


def _all_conflicts(
    inv: Invocation, asked: Asked, checked: Sequence[Checked], first: errors.FieldConflict
) -> errors.FieldConflict:
    """The conflicts of all manifests as one error, once they are told with their places."""
    refused = [(each, _refusal_of(inv, asked, each)) for each in checked]
    met = [(each, error) for each, error in refused if isinstance(error, errors.FieldConflict)]
    met = met or [(each, first) for each in checked if _key(each) == first.key]
    found = [_diagnostic(each, cause) for each, conflict in met for cause in conflict.causes]
    intake.tell(inv, found)
    causes = [
        cause._replace(place=diagnostic.place)
        for cause, diagnostic in zip((c for _, m in met for c in m.causes), found, strict=True)
    ]
    message = f"Apply failed with {len(causes)} conflicts in {len(met)} resources; nothing was applied"
    if len(met) == 1:
        message = met[0][1].message
    hint = first.hint if asked.server_side else first.hint.replace("with --force-conflicts", _WITHOUT)
    error = errors.FieldConflict(message, hint=hint, causes=causes)
    if len(met) == 1:
        placed(error, met[0][0])
    return error


def _all_refusals(
    inv: Invocation, asked: Asked, checked: Sequence[Checked], first: errors.Invalid
) -> errors.Invalid:
    """What the merge of any manifest came to that is not in order, told with its places, as one error."""
    refused = [(each, _refusal_of(inv, asked, each)) for each in checked]
    met = [(each, error) for each, error in refused if isinstance(error, errors.Invalid)]
    found = [_diagnostic(each, cause) for each, error in met for cause in error.causes]
    intake.tell(inv, found)
    if len(met) > 1 and found:
        return intake.refusal(found, outcome="nothing was applied")
    for each, error in met:
        placed(error, each)
        return error
    return first


def _refusal_of(inv: Invocation, asked: Asked, each: Checked) -> errors.MastraError | None:
    """What speaks against a manifest by itself; None if nothing does."""
    try:
        inv.store.apply(
            each.resource,
            dry_run=True,
            admitted=True,
            manager=asked.manager,
            force=asked.force,
            partial=asked.server_side,
        )
    except errors.MastraError as refused:
        return refused
    return None


def _diagnostic(each: Checked, cause: Cause) -> Diagnostic:
    """What a cause about the canonical form says of the manifest; a secret in that line is not shown."""
    cause = sensitive.guarded(each.kind.storage_version, each.resource.document, cause)
    written = shorthand.written_paths(each.kind.kind, each.manifest.document)
    return from_cause(cause._replace(path=written(cause.path)), each.manifest)


def _tell_remarks(inv: Invocation, applied: Iterator[tuple[Checked, Applied]]) -> None:
    found = [_diagnostic(each, cause) for each, result in applied for cause in result.warnings]
    if found:
        intake.tell(inv, found)
