"""`schema`: the schemas as other programs take them. `explain` shows them to people."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mastractl import errors, values
from mastractl.cli import intake, options
from mastractl.resources import definition_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.resources.kinds import Kind, KindRegistry
    from mastractl.values import JsonObject

Types = Annotated[
    list[str] | None, options.argument(metavar="[TYPE...]", help="Only these types; all there are if none.")
]
ForEditor = Annotated[
    bool, options.flag("--for-editor", help="Accept what a user may write, short and old forms included.")
]
Form = Annotated[
    Literal["json-schema", "crd"],
    options.flag(
        "--format",
        metavar="json-schema|crd",
        help="One JSON Schema for all kinds, or CustomResourceDefinitions as Kubernetes takes them.",
    ),
]
FromStore = Annotated[bool, options.flag("--from-store", help="With the kinds that the store defines.")]
Where = Annotated[
    str, options.flag("--output", "-o", metavar="json|yaml|FILE", help="The form, or the file to write to.")
]

EXAMPLES = """
# For the YAML language server: name the file in a first line of each manifest, as in
#   # yaml-language-server: $schema=mastractl.schema.json
mastractl schema export --for-editor -o mastractl.schema.json

# Two kinds only, as the store keeps them
mastractl schema export agents workflows

# With kinds of one's own: from a directory of definitions, or those of the store
mastractl schema export --for-editor --schema-dir crds/
mastractl schema export --for-editor --from-store

# The definitions, for a Kubernetes cluster
mastractl schema export --format crd -o crds.yaml
"""


@options.verb(examples=EXAMPLES)
def export(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    types: Types = None,
    for_editor: ForEditor = False,
    form: Form = "json-schema",
    schema_dir: options.SchemaDirectories = None,
    from_store: FromStore = False,
    output: Where = "",
) -> None:
    """Write the schemas of all kinds, or of some.

    The JSON Schema (draft-07) is one for all documents: it goes by their apiVersion and kind, and lets those
    of unknown kinds pass, so that it can stand over any file.
    """
    if for_editor and form == "crd":
        message = "--for-editor is of JSON Schema: a definition has no short forms"
        raise errors.UsageError(message)
    kinds = _kinds(inv, schema_dir or (), from_store=from_store)
    chosen = [kinds.resolve(word) for word in types] if types else list(kinds)
    writes = _writer(output, form)
    if form == "crd":
        text = writes(_definitions(dict.fromkeys(chosen)))
    else:
        from mastractl.cli.printers import objectmeta  # noqa: PLC0415 - this form alone needs it
        from mastractl.resources import json_schema  # noqa: PLC0415 - as above

        about = objectmeta.described()
        text = writes(json_schema.combined(dict.fromkeys(chosen), forms=for_editor, metadata=about))
    if output in {"", "json", "yaml"}:
        inv.write(text)
    else:
        _save(inv, output, text)


def _kinds(inv: Invocation, directories: Sequence[str], *, from_store: bool) -> KindRegistry:
    """The bundled kinds, those defined in the directories, and those of the store if it is asked for."""
    kinds, found = intake.bundled_and(directories)
    if found:
        intake.tell(inv, found)
        if any(each.severity == "error" for each in found):
            raise intake.refusal(found, outcome="nothing was written")
    if from_store:
        for kind in inv.kinds:
            if not kind.bundled:
                kinds.add(kind)
    return kinds


def _writer(output: str, form: str) -> Any:
    """How the text is made: as the format says, as the file's name ends, or as is usual for it."""
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - this verb alone needs it

    def as_yaml(value: Any) -> str:
        documents = value["items"] if form == "crd" else [value]
        return "---\n".join(map(yamltext.dump, documents))

    wanted = os.path.splitext(output)[1].lstrip(".") or output  # noqa: PTH122 - no paths at start-up
    if wanted not in {"", "json", "yaml", "yml"}:
        message = f"-o is json, yaml, or a file that ends in .json or .yaml, not {output!r}"
        raise errors.UsageError(message)
    return as_yaml if wanted in {"yaml", "yml"} or (form == "crd" and not wanted) else values.pretty


def _definitions(kinds: Iterable[Kind]) -> JsonObject:
    """The definitions of kinds in the form of Kubernetes, as a List."""
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [definition_documents.definition_of(kind) for kind in kinds],
    }


def _save(inv: Invocation, path: str, text: str) -> None:
    place = os.path.join(inv.process.directory, path)  # noqa: PTH118 - as above
    try:
        with open(place, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
            file.write(text)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise errors.Forbidden(message) from error
    inv.note(f"wrote {path}")


app = options.group(
    help="Write the schemas out: for editors, other programs, or Kubernetes.", verbs={"export": export}
)
