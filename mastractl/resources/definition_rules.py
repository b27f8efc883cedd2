"""The rules a CustomResourceDefinition must obey beyond the schemas it holds.

Those of apiextensions.k8s.io/v1 (`apis/apiextensions/validation`), asked of the canonical form. `SHAPE` comes
first: every rule may rely on it. `update_causes` are those for a definition that takes the place of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.resources import names, path_reader, schema_rules, sensitive, webhook_rules
from mastractl.resources.astray import astray
from mastractl.resources.jsontypes import shown
from mastractl.resources.rule_forms import field_at
from mastractl.resources.schema_forms import broken, remark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mastractl.errors import Cause, FieldPath
    from mastractl.resources.kinds import Kind
    from mastractl.values import JsonObject

_TEXT: JsonObject = {"type": "string", "minLength": 1}
_WORDS: JsonObject = {"type": "array", "nullable": True, "items": {"type": "string"}}
_OPTIONAL: JsonObject = {"type": "string", "nullable": True}


def _shape(*required: str, **properties: JsonObject) -> JsonObject:
    return {"type": "object", "required": list(required), "properties": properties}


def _items(item: JsonObject) -> JsonObject:
    return {"type": "array", "nullable": True, "items": item}


_COLUMN = _shape(
    "name",
    "type",
    "jsonPath",
    name=_TEXT,
    type={"type": "string", "enum": ["boolean", "date", "integer", "number", "string"]},
    jsonPath=_TEXT,
    format={
        "type": "string",
        "enum": ["", "int32", "int64", "float", "double", "byte", "date", "date-time", "password"],
    },
    description=_OPTIONAL,
    priority={"type": "integer", "format": "int32"},
)
_SCALE = _shape(
    "specReplicasPath",
    "statusReplicasPath",
    specReplicasPath=_TEXT,
    statusReplicasPath=_TEXT,
    labelSelectorPath=_OPTIONAL,
)
_ANYTHING: JsonObject = {"x-kubernetes-preserve-unknown-fields": True}
_VERSION = _shape(
    "name",
    "served",
    "storage",
    "schema",
    name=_TEXT,
    served={"type": "boolean"},
    storage={"type": "boolean"},
    deprecated={"type": "boolean"},
    deprecationWarning={"type": "string", "nullable": True, "minLength": 1},
    schema=_shape("openAPIV3Schema", openAPIV3Schema={"type": "object", **_ANYTHING}),
    subresources={
        **_shape(status={"type": "object", "nullable": True, **_ANYTHING}, scale=_SCALE),
        "nullable": True,
    },
    additionalPrinterColumns=_items(_COLUMN),
    selectableFields=_items(_shape("jsonPath", jsonPath=_TEXT)),
)
SHAPE: JsonObject = _shape(
    "metadata",
    "spec",
    metadata={**_shape("name", name=_TEXT), **_ANYTHING},
    spec=_shape(
        "group",
        "names",
        "scope",
        "versions",
        group=_TEXT,
        names=_shape(
            "kind",
            "plural",
            kind=_TEXT,
            plural=_TEXT,
            singular=_TEXT,
            listKind=_TEXT,
            shortNames=_WORDS,
            categories=_WORDS,
        ),
        scope={"type": "string", "enum": ["Namespaced", "Cluster"]},
        versions={"type": "array", "minItems": 1, "items": _VERSION},
        conversion={
            "type": "object",
            "nullable": True,
            "properties": {"strategy": {"type": "string", "enum": ["None", "Webhook"]}},
            **_ANYTHING,
        },
        preserveUnknownFields={"type": "boolean"},
    ),
)
"""The form of a canonical definition; schemas are looked into by `schema_rules`."""


def causes(definition: JsonObject) -> list[Cause]:
    """Every rule that a canonical definition of the right shape breaks, as causes with canonical paths.

    Warnings stand among them: what Kubernetes takes although it does not do what it seems to.
    """
    spec = definition["spec"]
    return [
        *_identity(definition["metadata"], spec),
        *_names(spec["names"]),
        *_versions(spec["versions"]),
        *_switches(spec),
        *webhook_rules.conversion_causes(spec.get("conversion")),
        *_sensitive(definition["metadata"], spec["versions"]),
    ]


def update_causes(
    definition: JsonObject, old: JsonObject, in_use: Callable[[str], int] | None = None
) -> list[Cause]:
    """What keeps a canonical definition from taking the place of `old`, the canonical one that stands there.

    Resources that are stored need their kind and their scope, and every version in which some are stored.
    `in_use` says how many are stored in a version; without it each that status names counts.
    """
    spec, before = definition["spec"], old["spec"]
    found = []
    for *path, what in (("scope", "scope"), ("names", "kind", "kind"), ("names", "plural", "plural")):
        new, was = _at(spec, path), _at(before, path)
        if new != was:
            message = f"the {what} cannot change from {was} to {new}"
            hint = "delete the definition, with all resources of the kind, and define it anew"
            found.append(broken(message, ("spec", *path), hint=hint)._replace(reason="FieldValueForbidden"))
    there = {version["name"] for version in spec["versions"]}
    for name in stored_versions(old):
        count = in_use(name) if in_use and name not in there else 1
        if name not in there and count:
            many = f"{count} resource{'s are' if count > 1 else ' is'}" if in_use else "resources may be"
            message = f"the version {name} cannot go: {many} stored in it"
            hint = "keep it with served: false until each of them was applied again"
            found.append(
                broken(message, ("spec", "versions"), hint=hint)._replace(reason="FieldValueForbidden")
            )
    return found


def stored_versions(definition: JsonObject) -> list[str]:
    """The versions in which resources may be stored, as status says or else as the spec lets one think."""
    status = definition.get("status")
    found = status.get("storedVersions") if isinstance(status, dict) else None
    if isinstance(found, list) and found:
        return [name for name in found if isinstance(name, str)]
    return [version["name"] for version in definition["spec"]["versions"] if version.get("storage")]


def _at(spec: JsonObject, path: Sequence[str]) -> object:
    value: object = spec
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def clashes(kind: Kind, others: Iterable[Kind]) -> Iterator[Cause]:
    """What keeps a defined kind from standing beside the kinds of its group."""
    for other in others:
        if other.group != kind.group or (other.plural == kind.plural and not other.bundled):
            continue
        taken = {*other.names, other.list_kind.lower()} & {*kind.names, kind.list_kind.lower()}
        if other.bundled and (other.kind == kind.kind or other.plural == kind.plural):
            message = f"{other.kind} is a kind of mastractl itself and cannot be redefined"
            yield broken(message, ("spec", "names", "kind"), hint="choose another kind, or another group")
        elif taken:
            word = min(taken)
            message = f"the name {word!r} already belongs to {other.kind} ({other.qualified_plural})"
            yield broken(message, ("spec", "names", _field_of(kind, word)), hint="choose another name")


def _field_of(kind: Kind, word: str) -> str:
    fields = {kind.list_kind.lower(): "listKind", kind.singular: "singular", kind.kind.lower(): "kind"}
    return {**dict.fromkeys(kind.short_names, "shortNames"), **fields, kind.plural: "plural"}.get(
        word, "kind"
    )


APPROVAL = "api-approved.kubernetes.io"
"""The annotation by which a group of the Kubernetes community says who approved the API."""


def _identity(metadata: JsonObject, spec: JsonObject) -> Iterator[Cause]:
    name, group, plural = metadata["name"], spec["group"], spec["names"]["plural"]
    if problem := names.subdomain_problem(group):
        yield broken(problem, ("spec", "group"))
    elif "." not in group:
        yield broken(f"{group!r} needs at least one dot, as in {group}.example.com", ("spec", "group"))
    if name != f"{plural}.{group}":
        message = f"the name must be the plural and the group: {plural}.{group}"
        yield broken(
            message, ("metadata", "name"), hint=f"name it {plural}.{group}, or change plural or group"
        )
    if f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        yield from _approval(metadata.get("annotations"), group)


def _approval(annotations: object, group: str) -> Iterator[Cause]:
    at = ("metadata", "annotations", APPROVAL)
    hint = 'give the URL of the approval, or a text that begins with "unapproved"'
    found = annotations.get(APPROVAL) if isinstance(annotations, dict) else None
    if not found:
        message = f"{group} belongs to the Kubernetes community: the annotation {APPROVAL} is needed"
        yield broken(message, at, hint=hint)
    elif isinstance(found, str) and not found.startswith("unapproved"):
        scheme, colon, rest = found.partition("://")
        if not scheme or not colon or not rest.strip("/"):
            yield broken(f"{shown(found)} is no approval of an API", at, hint=hint)


def _names(found: JsonObject) -> Iterator[Cause]:
    at = ("spec", "names")
    for field in ("plural", "singular"):
        yield from _label(found[field], (*at, field))
    for field in ("kind", "listKind"):
        yield from _label(found[field].lower(), (*at, field))
    for field in ("shortNames", "categories"):
        for index, word in enumerate(found.get(field) or ()):
            yield from _label(word, (*at, field, index))
    if found["kind"] == found["listKind"]:
        yield broken("listKind must differ from kind", (*at, "listKind"), hint=f"usually {found['kind']}List")


def _label(text: str, path: FieldPath) -> Iterator[Cause]:
    if problem := names.dns_label_problem(text):
        yield broken(problem, path)


def _versions(versions: list[JsonObject]) -> Iterator[Cause]:
    at = ("spec", "versions")
    seen: dict[str, int] = {}
    for index, version in enumerate(versions):
        yield from _label(version["name"], (*at, index, "name"))
        first = seen.setdefault(version["name"], index)
        if first != index:
            message = f"the version {version['name']} is already described, at index {first}"
            yield broken(message, (*at, index, "name"))
        yield from _version(version, (*at, index))
    stored = [index for index, version in enumerate(versions) if version["storage"]]
    if not stored:
        yield broken("one version must have storage: true", at)
    for index in stored[1:]:
        message = f"only one version can have storage: true; {versions[stored[0]]['name']} has it already"
        yield broken(message, (*at, index, "storage"))


def _version(version: JsonObject, at: FieldPath) -> Iterator[Cause]:
    schema, subresources = version["schema"]["openAPIV3Schema"], version.get("subresources") or {}
    status = subresources.get("status") is not None
    found = schema_rules.schema_causes(schema, (*at, "schema", "openAPIV3Schema"), status=status)
    yield from found
    yield from _deprecation(version, (*at, "deprecationWarning"))
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        yield from _json_path(
            column["jsonPath"], schema, (*at, "additionalPrinterColumns", index, "jsonPath")
        )
    scale = subresources.get("scale") or {}
    for field, roots in _SCALE_ROOTS.items():
        yield from _scale_path(scale.get(field), roots, (*at, "subresources", "scale", field))
    if all(cause.warning for cause in found):
        yield from _selectable(version.get("selectableFields") or (), schema, (*at, "selectableFields"))


def _deprecation(version: JsonObject, at: FieldPath) -> Iterator[Cause]:
    text = version.get("deprecationWarning")
    if text is None:
        return
    if not version.get("deprecated"):
        yield broken("a deprecationWarning needs deprecated: true", at)
    if len(text.encode(errors="replace")) > 256:
        yield broken(f"must have at most 256 bytes, found {len(text.encode(errors='replace'))}", at)
    if not text.isprintable():
        yield broken("must be one line of printable characters", at)


_SCALE_ROOTS = {
    "specReplicasPath": (".spec.",),
    "statusReplicasPath": (".status.",),
    "labelSelectorPath": (".spec.", ".status."),
}


def _json_path(text: str, schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """Kubernetes asks for the dot alone, leaves out the column of a path that it then cannot read, and lets a
    column stay empty for ever.
    """
    if not text.startswith("."):
        yield broken(f"{text!r} must begin with a dot, as in .spec.field", path)
        return
    try:
        found = astray(path_reader.compile_path(text), schema)
    except errors.BadRequest as error:
        message = f"{text!r} is no JSONPath, so the column is not shown: {error.message}"
        yield remark(message, path, hint=error.hint)
        return
    if found:
        message = f"the column stays empty: the schema has no field {found.name!r} at {text}"
        yield remark(message, path, hint=found.hint or f"there are {', '.join(found.known[:8])}")


def _scale_path(text: str | None, roots: tuple[str, ...], path: FieldPath) -> Iterator[Cause]:
    if text and (not text.startswith(roots) or "[" in text):
        yield broken(f"{text!r} must be a plain path that begins with {' or '.join(roots)}", path)


_SELECTABLE_TYPES = ("string", "integer", "boolean")
_MOST_SELECTABLE = 8


def _selectable(fields: Sequence[JsonObject], schema: JsonObject, at: FieldPath) -> Iterator[Cause]:
    seen: dict[FieldPath, int] = {}
    for index, field in enumerate(fields):
        text, path = field["jsonPath"], (*at, index, "jsonPath")
        try:
            steps, found = field_at(text, schema, brackets=False)
        except ValueError as error:
            yield broken(f"{text!r} must be a plain path to a field that the schema describes: {error}", path)
            continue
        if steps[:1] == ("metadata",):
            yield broken("fields of metadata cannot be made selectable", path)
        elif found.get("type") not in _SELECTABLE_TYPES:
            yield broken(f"{text!r} must be a text, integer or boolean that the schema describes", path)
        if seen.setdefault(steps, index) != index:
            yield broken(f"{text!r} is already selectable, at index {seen[steps]}", path)
    if len(seen) > _MOST_SELECTABLE:
        yield broken(f"at most {_MOST_SELECTABLE} fields can be made selectable, found {len(seen)}", at)


def _switches(spec: JsonObject) -> Iterator[Cause]:
    if spec.get("preserveUnknownFields") is True:
        hint = "put x-kubernetes-preserve-unknown-fields: true where the schema is open"
        yield broken("preserveUnknownFields must be false", ("spec", "preserveUnknownFields"), hint=hint)


def _sensitive(metadata: JsonObject, versions: list[JsonObject]) -> Iterator[Cause]:
    """The annotation that names sensitive fields: one that leads nowhere would protect nothing."""
    annotations = metadata.get("annotations")
    text = annotations.get(sensitive.ANNOTATION) if isinstance(annotations, dict) else None
    if not isinstance(text, str):
        return
    path = ("metadata", "annotations", sensitive.ANNOTATION)
    schemas = [version["schema"]["openAPIV3Schema"] for version in versions]
    try:
        places = sensitive.named(text)
    except ValueError as error:
        hint = "write .spec.token, .spec.headers.* or .spec.accounts[*].password, with commas between"
        yield broken(f"{str(error)!r} is no path of a field", path, hint=hint)
        return
    for place in places:
        if not any(sensitive.leads_somewhere(place, schema) for schema in schemas):
            field = "".join("[*]" if step is None else f".{step}" for step in place)
            yield broken(f"no version of the schema describes {field}", path)
