"""`patch`: some fields of resources become others.

The default is a JSON merge patch for every kind, since every kind here is what Kubernetes calls a custom
resource: strategic merge, kubectl's default, is not defined for those.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mastractl import errors
from mastractl.cli import altering, changes, options, parts, selection
from mastractl.resources import patches

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.cli.invocation import Invocation
    from mastractl.manifests.documents import Document
    from mastractl.resources.resource import Resource
    from mastractl.store import Applied
    from mastractl.values import JsonObject

Resources = Annotated[
    list[str] | None,
    options.argument(metavar="RESOURCE...", help="Types by plural, singular or short name; and names."),
]
Patch = Annotated[
    str | None, options.flag("--patch", "-p", metavar="PATCH", help="The patch, as JSON or YAML.")
]
PatchFile = Annotated[
    str, options.flag("--patch-file", metavar="FILE", help="A file with the patch; - is standard input.")
]
Type = Annotated[
    Literal["merge", "json", "apply", "strategic"],
    options.flag(
        "--type",
        metavar="merge|json|apply",
        help="merge (the default): an object of the fields to change, null removes one (RFC 7386). "
        "json: a list of operations (RFC 6902). apply: the fields that the --field-manager applies.",
    ),
]
Subresource = Annotated[
    Literal["", "status", "scale"],
    options.flag("--subresource", metavar="status|scale", help="Patch this part of the resource instead."),
]
Force = Annotated[
    bool, options.flag("--force-conflicts", help="With --type=apply: take over what others own.")
]

EXAMPLES = """
# Another model
mastractl patch agent recipe-assistant -n cooking -p '{"spec":{"model":{"name":"gpt-4o"}}}'

# In YAML; null takes a field away
mastractl patch agent recipe-assistant -n cooking -p 'spec: {description: null, model: {name: gpt-4o}}'

# One more tool at the end of the list
mastractl patch agent/recipe-assistant -n cooking --type=json --patch-file tools.json

# What a script wants of it, and owns from then on; what it leaves out the next time goes away again
mastractl patch agent recipe-assistant -n cooking --type=apply --field-manager=tuner -p 'spec: {role: cook}'

# What a controller would write
mastractl patch agent recipe-assistant -n cooking --subresource=status -p '{"status":{"phase":"Running"}}'
"""


@options.verb(
    examples=EXAMPLES, usage="(TYPE NAME... | TYPE/NAME... | -f FILE...) (-p PATCH | --patch-file FILE)"
)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    resources: Resources = None,
    filename: options.Filenames = None,
    recursive: options.Recursive = False,
    patch: Patch = None,
    patch_file: PatchFile = "",
    how: Type = "merge",
    subresource: Subresource = "",
    force_conflicts: Force = False,
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl-patch",
    output: options.ChangeOutput = "",
) -> None:
    """Change fields of resources.

    The patch says what is to change, and everything else stays. It is worked out anew if somebody else
    changes the resource at the same moment; to have that refused, put the resourceVersion you read into
    the patch's metadata. With --type=apply it is all that its --field-manager wants of the resource, as with
    `apply --server-side`: what another manager owns with another value is a conflict (exit 5).
    """
    _check(how, subresource, field_manager, force=force_conflicts)
    printer = changes.ChangePrinter(inv, output)
    document = _read(inv, patch, patch_file)
    write: Callable[[Resource], Applied]
    if document is not None and how == "apply":
        fields = _object(document.value, "an applied patch")
        part = parts.Part(document, fields, field_manager, dry_run, force=force_conflicts)
        write = partial(parts.apply, inv, part=part)
    else:
        change = _change(document, how)
        alteration = altering.How(field_manager, dry_run, subresource)
        write = partial(altering.modify, inv, change=change, how=alteration)
    found = altering.chosen(inv, selection.Asked(resources, filename, recursive), everything=False)
    altering.show(
        inv.kinds,
        printer,
        list(altering.each(inv, found, write)),
        lambda each: "patched" + (" (no change)" if each.operation == "unchanged" else ""),
        dry_run,
    )


def _check(how: str, subresource: str, manager: str, *, force: bool) -> None:
    """Raise UsageError for flags that do not go together."""
    if how == "strategic":
        message = "strategic merge patches are not defined for these kinds, only for some of Kubernetes' own"
        raise errors.UsageError(message, hint="use --type=merge, which is the default here, or --type=json")
    if force and how != "apply":
        message = "--force-conflicts only works with --type=apply"
        raise errors.UsageError(message, hint="any other patch takes over the fields that it changes")
    if how == "apply" and subresource:
        message = "--type=apply does not go with --subresource"
        raise errors.UsageError(message, hint="use --type=merge, which is the default")
    if how == "apply" and not manager:
        message = "--field-manager needs a name"
        raise errors.UsageError(message)


def _change(document: Document | None, how: Type) -> Callable[[JsonObject], JsonObject]:
    """What the patch does to a document. Raises ManifestError for one that is none."""
    patch: Any = None if document is None else document.value
    if how == "json":
        patches.check_json_patch(patch)
        return lambda before: patches.json_patch(before, patch)
    merge = _object(patch, "an applied patch" if how == "apply" else "a merge patch")
    return lambda before: patches.merge_patch(before, merge)


def _object(patch: Any, title: str) -> JsonObject:
    if isinstance(patch, dict):
        return patch
    what = "a list" if isinstance(patch, list) else "no object"
    hint = "a list of operations needs --type=json" if isinstance(patch, list) else ""
    message = f"{title} is an object of the fields to change; this is {what}"
    raise errors.ManifestError(message, hint=hint or 'write \'{"spec":{"field":"value"}}\'')


def _read(inv: Invocation, text: str | None, file: str) -> Document | None:
    """The patch that was given; None if it is empty."""
    from mastractl.manifests import yamldoc  # noqa: PLC0415 - reads YAML

    if (text is None) == (not file):
        message = "must specify --patch or --patch-file" + (", and not both" if file else "")
        raise errors.UsageError(message, hint='such as -p \'{"spec":{"description":"..."}}\'')
    source = "the patch" if text is not None else file
    given: str | bytes = _content(inv, file) if text is None else text
    try:
        document = yamldoc.one(given)
    except errors.ManifestError as fault:
        where = f", line {fault.line}, column {fault.column}" if fault.line else ""
        fault.message = f"{source}{where}: {fault.message}"
        raise
    if document is not None:
        document.source = source
    return document


def _content(inv: Invocation, file: str) -> bytes:
    if file == "-":
        return inv.process.stdin_bytes.read()
    from pathlib import Path  # noqa: PLC0415 - costs its import

    return Path(file).read_bytes()
