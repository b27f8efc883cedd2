"""`api-resources`: the types there are, by every name they answer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import values
from mastractl.cli import options
from mastractl.cli.printers.layout import Layout

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.resources.kinds import Kind
    from mastractl.values import JsonObject

Group = Annotated[str, options.flag("--api-group", metavar="GROUP", help="Only the types of a group.")]
Namespaced = Annotated[
    bool | None,
    options.flag("--namespaced/--no-namespaced", help="Only types that live in namespaces, or only others."),
]
Categories = Annotated[
    list[str] | None,
    options.flag("--categories", metavar="CATEGORY", help="Only types of this category. May be repeated."),
]
Verbs = Annotated[
    list[str] | None,
    options.flag("--verbs", metavar="VERB", help="Only types that know these verbs. May be repeated."),
]
SortBy = Annotated[
    Literal["", "name", "kind"], options.flag("--sort-by", metavar="name|kind", help="The order of the rows.")
]
NoHeaders = Annotated[bool, options.flag("--no-headers", help="Leave out the header line.")]
Form = Annotated[
    Literal["", "table", "wide", "name", "json", "yaml"],
    options.flag("--output", "-o", metavar="FORMAT", help="table, wide, name, json or yaml."),
]

VERBS = ("create", "delete", "get", "list", "update", "watch")

EXAMPLES = """
# All types, with their short names
mastractl api-resources

# Their full names, for scripts
mastractl api-resources -o name

# The types of a group of one's own
mastractl api-resources --api-group example.com
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    api_group: Group = "",
    namespaced: Namespaced = None,
    categories: Categories = None,
    verbs: Verbs = None,
    sort_by: SortBy = "",
    no_headers: NoHeaders = False,
    output: Form = "",
) -> None:
    """List the types of resources there are."""
    wanted = {word for words in categories or () for word in words.split(",")}
    asked = {word for words in verbs or () for word in words.split(",")}
    found = [
        kind
        for kind in inv.kinds
        if (not api_group or kind.group == api_group)
        and (namespaced is None or kind.namespaced is namespaced)
        and wanted <= set(kind.categories)
        and asked <= set(VERBS)
    ]
    found.sort(key=lambda k: (k.kind.lower(), k.group) if sort_by == "kind" else (k.group, k.plural))
    if output == "name":
        inv.write("".join(f"{kind.qualified_plural}\n" for kind in found))
    elif output in {"json", "yaml"}:
        document = {"kind": "APIResourceList", "apiVersion": "v1", "resources": [_resource(k) for k in found]}
        inv.write(_text(document, output))
    else:
        inv.write(_table(found, wide=output == "wide", headers=not no_headers))


def _table(kinds: list[Kind], *, wide: bool, headers: bool) -> str:
    rows = [["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]] if headers else []
    if rows and wide:
        rows[0] += ["VERBS", "CATEGORIES"]
    for kind in kinds:
        row = [kind.plural, ",".join(kind.short_names), kind.api_version, str(kind.namespaced).lower()]
        row.append(kind.kind)
        rows.append([*row, ",".join(VERBS), ",".join(kind.categories)] if wide else row)
    return Layout().lines(rows)


def _resource(kind: Kind) -> JsonObject:
    """A type in the shape of Kubernetes' APIResource."""
    return {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "group": kind.group,
        "version": kind.storage_version.name,
        "kind": kind.kind,
        "verbs": list(VERBS),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
    }


def _text(document: JsonObject, output: str) -> str:
    if output == "json":
        return values.pretty(document)
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - few ask for it

    return yamltext.dump(document)
