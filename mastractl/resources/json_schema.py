"""Structural schemas as JSON Schema draft-07, for editors and other programs that know no Kubernetes.

The words of apiextensions.k8s.io/v1 that draft-07 lacks are put in its own: `nullable` and int-or-string as
several types, a boolean `exclusiveMinimum` as a number, a list that is a set as `uniqueItems`. A field that
the schema does not know is refused, as `mastractl validate` does, except where the schema keeps unknown
fields. What draft-07 cannot say is left out and so accepted: the keys of map-lists, CEL rules, and patterns
that are no ECMA 262.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import definition_forms, editor_forms, names, schema_sharing
from mastractl.resources.metadata import SERVER_OWNED, resource_schema
from mastractl.resources.schema_words import EMBEDDED, INT_OR_STRING, JUNCTORS, LIST_TYPE, PRESERVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.resources.kinds import Kind, Version
    from mastractl.values import JsonObject

DRAFT = "http://json-schema.org/draft-07/schema#"

_KEPT = (
    *("title", "description", "default", "format", "enum", "pattern", "required", "multipleOf"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties"),
    *("maxProperties", "uniqueItems"),
)
"""The words that mean the same in both."""

_ANY_KIND = "A kind that is not known here is not looked into."
_OF_KUBERNETES = {"v1": ("v1",), "v1alpha1": ("v1beta1",)}
"""What the versions of a CustomResourceDefinition are called in the group of Kubernetes."""


def combined(kinds: Iterable[Kind], *, forms: bool = False, metadata: JsonObject | None = None) -> JsonObject:
    """One schema for a document of any of the kinds, chosen by its apiVersion and kind, or a List of them.

    Documents of other kinds pass. With `forms` the short and old spellings of the bundled kinds are
    accepted too, as a user writes them; without only the canonical form is. `metadata` is the schema of
    metadata, with descriptions.
    """
    definitions: JsonObject = {}
    choices: list[JsonObject] = []
    words: list[str] = []
    for kind in kinds:
        words.append(kind.kind)
        meant: dict[str, JsonObject] = {}
        for version in kind.versions:
            if version.served:
                name = f"{kind.group}.{version.name}.{kind.kind}"
                definitions[name] = json_schema(kind, version, forms=forms, metadata=metadata)
                then = {"$ref": f"#/definitions/{name}"}
                meant |= dict.fromkeys(_api_versions(kind, version), then)
        if forms and kind.bundled and kind.kind == definition_forms.KIND:  # either form, in each of them
            either = list({then["$ref"]: then for then in meant.values()}.values())
            meant = {each: {"anyOf": either} for each in meant}
        choices += [_choice(api_version, kind.kind, then) for api_version, then in meant.items()]
    items = {"properties": {"items": {"type": "array", "items": {"$ref": "#"}}}}
    choices.append(_choice("v1", "List", items))
    return {
        "$schema": DRAFT,
        "title": "Manifests of mastractl",
        "description": "A document of one of these kinds, by its apiVersion and kind.",
        "type": ["object", "null"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The group and version of the kind."},
            "kind": {
                "description": f"The kind of resource. {_ANY_KIND}",
                "anyOf": [{"enum": sorted({*words, "List"})}, {"type": "string"}],
            },
        },
        "allOf": choices,
        "definitions": schema_sharing.shared(definitions),
    }


def json_schema(
    kind: Kind, version: Version, *, forms: bool = False, metadata: JsonObject | None = None
) -> JsonObject:
    """The schema of the documents of one kind in one version; the arguments are those of `combined`."""
    whole = resource_schema(version.schema)
    if metadata is not None:
        own = whole["properties"]["metadata"]
        described = {n: s | own["properties"].get(n, {}) for n, s in metadata["properties"].items()}
        whole["properties"]["metadata"] = {
            **metadata,
            **own,
            "properties": {**own["properties"], **described},
        }
    schema = _converted(whole)
    properties = schema["properties"]
    properties.setdefault(
        "status", {"description": "What is the case. Controllers write it; manifests do not."}
    )
    fields = properties["metadata"]["properties"]
    fields["name"] = {"pattern": _NAME, **fields["name"], "maxLength": names.NAME_LIMIT}
    fields["namespace"] = {**fields["namespace"], "maxLength": names.LABEL_LIMIT, "pattern": _LABEL}
    if not kind.namespaced:
        del fields["namespace"]
    if forms:
        _let_pass_what_is_ignored(properties, status=version.status)
    if forms and kind.bundled:
        editor_forms.widen(kind.kind, schema)
    return schema


def _let_pass_what_is_ignored(properties: JsonObject, *, status: bool) -> None:
    """What a store or a controller writes may be anything in a manifest: it is dropped."""
    fields = properties["metadata"]["properties"]
    for name, field in fields.items():
        about = {"description": field["description"]} if "description" in field else {}
        if name in SERVER_OWNED:
            fields[name] = about
        elif name != "name" and isinstance(field.get("type"), str):
            fields[name] = {**field, "type": [field["type"], "null"]}
    if status:
        properties["status"] = {"description": properties["status"].get("description", _STATUS)}


_STATUS = "What is the case: controllers write it, and manifests do not."
_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"


def _api_versions(kind: Kind, version: Version) -> list[str]:
    own = [f"{kind.group}/{version.name}"]
    if kind.bundled and kind.kind == definition_forms.KIND:
        names_there = _OF_KUBERNETES.get(version.name, ())
        own += [f"{definition_forms.KUBERNETES_GROUP}/{name}" for name in names_there]
    return own


def _choice(api_version: str, kind: str, then: JsonObject) -> JsonObject:
    said = {"apiVersion": {"const": api_version}, "kind": {"const": kind}}
    meant = {"type": "object", "properties": said, "required": ["apiVersion", "kind"]}
    return {"if": meant, "then": then}


def _converted(schema: JsonObject, *, closed: bool = True) -> JsonObject:
    """One schema and all below it. `closed` refuses unknown fields: not within a junctor, which names few."""
    if schema.get(EMBEDDED) is True:
        schema = resource_schema(schema, embedded=True)
    out: JsonObject = {word: schema[word] for word in _KEPT if word in schema}
    types = (
        ["integer", "string"] if schema.get(INT_OR_STRING) else [schema["type"]] if "type" in schema else []
    )
    if schema.get("nullable") is True:
        types += ["null"] if types else []
        if "enum" in out and None not in out["enum"]:
            out["enum"] = [*out["enum"], None]
    if types:
        out["type"] = types[0] if len(types) == 1 else types
    if not _portable(out.get("pattern", "")):
        del out["pattern"]
    if out.get("format") in _OF_GO:
        del out["format"]
    if schema.get(LIST_TYPE) == "set":
        out["uniqueItems"] = True
    for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(word) is True and bound in out:
            out[word] = out.pop(bound)
    _convert_below(schema, out, closed=closed)
    return out


def _convert_below(schema: JsonObject, out: JsonObject, *, closed: bool) -> None:
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        out["additionalProperties"] = _converted(more, closed=closed)
    elif schema.get("type") == "object" and closed and not schema.get(PRESERVE) and more is not True:
        out["additionalProperties"] = False
    if "properties" in schema:
        out["properties"] = {name: _converted(s, closed=closed) for name, s in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        out["items"] = _converted(schema["items"], closed=closed)
    for word in JUNCTORS:
        if word in schema:
            out[word] = [_converted(each, closed=False) for each in schema[word]]
    if "not" in schema:
        out["not"] = _converted(schema["not"], closed=False)


def _portable(pattern: str) -> bool:
    """Whether a pattern in the syntax of RE2 means the same in that of ECMA 262, as far as looks go."""
    return not any(sign in pattern for sign in _OF_RE2)


_OF_GO = frozenset(("int32", "int64", "float", "double", "byte", "password", "binary"))
"""Formats that OpenAPI has beyond JSON Schema: strict validators stop at those they do not know."""

_OF_RE2 = ("(?i", "(?s", "(?m", "(?U", "(?P", "(?-", "\\A", "\\z", "\\Q", "\\C", "\\p", "\\P", "\\x{", "[[:")
"""What ECMA 262 does not know, or only in another mode."""
