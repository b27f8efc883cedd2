"""`patch`: some fields of resources become others.

The default is a JSON merge patch for every kind, since every kind here is what Kubernetes calls a custom
resource: strategic merge, kubectl's default, is not defined for those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from mastractl import errors
from mastractl.cli import altering, changes, options, selection
from mastractl.resources import patches

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.cli.invocation import Invocation
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
    Literal["merge", "json", "strategic"],
    options.flag(
        "--type",
        metavar="merge|json",
        help="merge (the default): an object of the fields to change, null removes one (RFC 7386). "
        "json: a list of operations (RFC 6902).",
    ),
]
Subresource = Annotated[
    Literal["", "status", "scale"],
    options.flag("--subresource", metavar="status|scale", help="Patch this part of the resource instead."),
]

EXAMPLES = """
# Another model
mastractl patch agent recipe-assistant -n cooking -p '{"spec":{"model":{"name":"gpt-4o"}}}'

# In YAML; null takes a field away
mastractl patch agent recipe-assistant -n cooking -p 'spec: {description: null, model: {name: gpt-4o}}'

# One more tool at the end of the list
mastractl patch agent/recipe-assistant -n cooking --type=json --patch-file tools.json

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
    dry_run: options.DryRun = "none",
    field_manager: options.FieldManager = "mastractl-patch",
    output: options.ChangeOutput = "",
) -> None:
    """Change fields of resources.

    The patch says what is to change, and everything else stays. It is worked out anew if somebody else
    changes the resource at the same moment; to have that refused, put the resourceVersion you read into
    the patch's metadata.
    """
    change = _change(inv, patch, patch_file, how)
    printer = changes.ChangePrinter(inv, output)
    asked = selection.Asked(resources, filename, recursive)
    found = altering.chosen(inv, asked, everything=False)
    alteration = altering.How(field_manager, dry_run, subresource)
    done = altering.alter(inv, found, change, alteration)
    altering.show(
        inv.kinds,
        printer,
        list(done),
        lambda each: "patched" + (" (no change)" if each.operation == "unchanged" else ""),
        dry_run,
    )


def _change(
    inv: Invocation, text: str | None, file: str, how: Literal["merge", "json", "strategic"]
) -> Callable[[JsonObject], JsonObject]:
    """What the patch does to a document. Raises UsageError and ManifestError for one that is none."""
    if how == "strategic":
        message = "strategic merge patches are not defined for these kinds, only for some of Kubernetes' own"
        raise errors.UsageError(message, hint="use --type=merge, which is the default here, or --type=json")
    patch = _read(inv, text, file)
    if how == "json":
        patches.check_json_patch(patch)
        return lambda document: patches.json_patch(document, patch)
    if not isinstance(patch, dict):
        what = "a list" if isinstance(patch, list) else "no object"
        hint = "a list of operations needs --type=json" if isinstance(patch, list) else ""
        message = f"a merge patch is an object of the fields to change; this is {what}"
        raise errors.ManifestError(message, hint=hint or 'write \'{"spec":{"field":"value"}}\'')
    return lambda document: patches.merge_patch(document, patch)


def _read(inv: Invocation, text: str | None, file: str) -> Any:
    """The patch that was given, as a JSON value."""
    from mastractl.manifests import yamldoc  # noqa: PLC0415 - reads YAML

    if (text is None) == (not file):
        message = "must specify --patch or --patch-file" + (", and not both" if file else "")
        raise errors.UsageError(message, hint='such as -p \'{"spec":{"description":"..."}}\'')
    source = "the patch" if text is not None else file
    given: str | bytes = _content(inv, file) if text is None else text
    try:
        return yamldoc.load_one(given)
    except errors.ManifestError as fault:
        where = f", line {fault.line}, column {fault.column}" if fault.line else ""
        fault.message = f"{source}{where}: {fault.message}"
        raise


def _content(inv: Invocation, file: str) -> bytes:
    if file == "-":
        return inv.process.stdin_bytes.read()
    from pathlib import Path  # noqa: PLC0415 - costs its import

    return Path(file).read_bytes()
