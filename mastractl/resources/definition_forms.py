"""The spellings of a CustomResourceDefinition, rewritten into the canonical one.

Accepted are apiextensions.k8s.io/v1 (`versions[]`), the same under mastra.ai/v1, and the older form with one
schema for all versions in `spec.validation` (seed 001 §3.2 under mastra.ai/v1alpha1, and
apiextensions.k8s.io/v1beta1). The canonical form is mastra.ai/v1 with `versions[]` and every name filled in.

The older form keeps its older meaning: unless it says `preserveUnknownFields: false`, fields that its schema
does not name are kept, and an empty `properties:` (nothing but a comment below it) describes nothing, so that
everything is allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.resources.resource import GROUP, split_api_version
from mastractl.resources.schema_words import JUNCTORS, PRESERVE

if TYPE_CHECKING:
    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

KIND = "CustomResourceDefinition"
API_VERSION = f"{GROUP}/v1"
KUBERNETES_GROUP = "apiextensions.k8s.io"

_OLD_VERSIONS = (f"{GROUP}/v1alpha1", f"{KUBERNETES_GROUP}/v1beta1")
_SHARED = ("validation", "subresources", "additionalPrinterColumns")
"""What the older form says once for all versions."""

_OLD_WEBHOOK = {"webhookClientConfig": "clientConfig", "conversionReviewVersions": "conversionReviewVersions"}
"""What the older form says of a conversion beside its strategy, and the name it has in `webhook` now."""


def is_definition(document: JsonObject) -> bool:
    """Whether the document is a CustomResourceDefinition, in whichever group."""
    api_version = document.get("apiVersion")
    if document.get("kind") != KIND or not isinstance(api_version, str):
        return False
    return split_api_version(api_version)[0] in (GROUP, KUBERNETES_GROUP)


def is_old(document: JsonObject) -> bool:
    """Whether the definition is written in the older form, with what all versions share outside of them."""
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return False
    return any(word in spec for word in _SHARED) or document.get("apiVersion") in _OLD_VERSIONS


def upgrade(document: JsonObject) -> JsonObject:
    """The definition in its canonical form; itself where it has it already.

    Raises Invalid where it cannot be told what the definition means: no spec, or the older and the newer
    form at once. Everything else that is wrong stays as it is, for the rules to report.
    """
    spec = document.get("spec")
    if not isinstance(spec, dict):
        message = "spec must be an object that describes the kind"
        code = "MA102" if spec is None else "MA103"
        raise errors.Invalid(message, causes=[errors.Cause(code=code, path=("spec",), message=message)])
    if clash := _clash(spec):
        raise errors.Invalid(clash.message, hint=clash.hint, causes=[clash])
    new = _old_spec(spec) if is_old(document) else spec
    new = _without_null_words(_with_names(new, document))
    if new == spec and document.get("apiVersion") == API_VERSION:
        return document
    return {**document, "apiVersion": API_VERSION, "kind": KIND, "spec": new}


def written_path(document: JsonObject, path: FieldPath) -> FieldPath:
    """Where the user wrote what stands at a path of the canonical form."""
    if not is_old(document) or path[:2] != ("spec", "versions"):
        return path
    spec = document["spec"]
    index, word = path[2] if len(path) > 2 else None, path[3] if len(path) > 3 else ""
    if _has_own(spec, index, word):
        return path
    if word == "schema" and "validation" in spec:
        return ("spec", "validation", *path[4:])
    if word in ("subresources", "additionalPrinterColumns") and word in spec:
        return ("spec", word, *("JSONPath" if part == "jsonPath" else part for part in path[4:]))
    if spec.get("versions"):
        return path
    return ("spec", "version") if word == "name" and "version" in spec else ("spec",)


def _has_own(spec: JsonObject, index: Any, word: Any) -> bool:
    """Whether a version says for itself what the older form may say for all."""
    versions = spec.get("versions")
    if not isinstance(versions, list) or not isinstance(index, int) or index >= len(versions):
        return False
    return isinstance(versions[index], dict) and word in versions[index]


def _clash(spec: JsonObject) -> errors.Cause | None:
    versions = spec.get("versions")
    for index, version in enumerate(versions if isinstance(versions, list) else ()):
        for word, inner in zip(_SHARED, ("schema", *_SHARED[1:]), strict=True):
            if word in spec and isinstance(version, dict) and inner in version:
                message = f"spec.{word} holds for all versions, so no version can have a {inner} of its own"
                hint = f"write it into each version and remove spec.{word}"
                return errors.Cause(
                    code="MA130", path=("spec", "versions", index, inner), message=message, hint=hint
                )
    return None


def _old_spec(spec: JsonObject) -> JsonObject:
    """The spec with what all versions share written into each of them."""
    preserve = spec.get("preserveUnknownFields") is not False
    shared: JsonObject = {
        "schema": {"openAPIV3Schema": _old_schema(_old_validation(spec), preserve=preserve, root=True)}
    }
    if isinstance(spec.get("subresources"), dict):
        shared["subresources"] = spec["subresources"]
    if isinstance(spec.get("additionalPrinterColumns"), list):
        shared["additionalPrinterColumns"] = _old_columns(spec["additionalPrinterColumns"])
    versions = spec.get("versions") or [{"name": spec.get("version", "v1"), "served": True, "storage": True}]
    dropped = (*_SHARED, "version", "versions", "preserveUnknownFields")
    new = {word: value for word, value in spec.items() if word not in dropped}
    new.setdefault("scope", "Namespaced")
    if isinstance(new.get("conversion"), dict):
        new["conversion"] = _old_conversion(new["conversion"])
    if isinstance(versions, list):
        versions = [_old_version(each, shared, preserve=preserve) for each in versions]
    return new | {"versions": versions}


def _old_version(version: Any, shared: JsonObject, *, preserve: bool) -> Any:
    """A version of the older form: what it does not say for itself it shares with the others."""
    if not isinstance(version, dict):
        return version
    new = {**shared, **version}
    own = version.get("schema")
    if isinstance(own, dict) and isinstance(own.get("openAPIV3Schema"), dict):
        schema = _old_schema(own["openAPIV3Schema"], preserve=preserve, root=True)
        new["schema"] = {**own, "openAPIV3Schema": schema}
    if isinstance(version.get("additionalPrinterColumns"), list):
        new["additionalPrinterColumns"] = _old_columns(version["additionalPrinterColumns"])
    return {word: new[word] for word in dict.fromkeys((*version, *new))}


def _old_columns(columns: list[Any]) -> list[Any]:
    return [_column(each) for each in columns]


def _old_conversion(conversion: JsonObject) -> JsonObject:
    """A conversion with what belongs to its webhook in `webhook`."""
    moved = {new: conversion[old] for old, new in _OLD_WEBHOOK.items() if conversion.get(old) is not None}
    rest = {word: value for word, value in conversion.items() if word not in _OLD_WEBHOOK}
    if conversion.get("strategy") != "Webhook" or not moved:
        return rest
    return {**rest, "webhook": {**moved, **(rest.get("webhook") or {})}}


def _old_validation(spec: JsonObject) -> Any:
    validation = spec.get("validation")
    return validation.get("openAPIV3Schema") if isinstance(validation, dict) else validation


def _column(column: Any) -> Any:
    if not isinstance(column, dict) or "JSONPath" not in column:
        return column
    return {("jsonPath" if word == "JSONPath" else word): value for word, value in column.items()}


def _old_schema(schema: Any, *, preserve: bool, root: bool = False) -> Any:
    """A schema of the older form as a structural one: types that go without saying are said."""
    if schema is None and root:
        return {"type": "object", PRESERVE: True}
    if not isinstance(schema, dict):
        return schema
    new = dict(schema)
    empty = "properties" in new and new["properties"] is None
    if empty:
        del new["properties"]
    if isinstance(new.get("properties"), dict):
        new["properties"] = {
            n: _old_schema(child, preserve=preserve) for n, child in new["properties"].items()
        }
    for word in ("items", "additionalProperties"):
        if isinstance(new.get(word), dict):
            new[word] = _old_schema(new[word], preserve=preserve)
    if "type" not in new and (root or "properties" in new or empty):
        new["type"] = "object"
    if new.get("type") == "object" and "additionalProperties" not in new and (preserve or empty):
        new[PRESERVE] = True
    return new


def _with_names(spec: JsonObject, document: JsonObject) -> JsonObject:
    """The spec with the names that follow from its kind."""
    names = spec.get("names")
    kind = names.get("kind") if isinstance(names, dict) else None
    if not isinstance(names, dict) or not isinstance(kind, str) or not kind:
        return spec
    full = dict(names)
    if not full.get("plural"):
        full["plural"] = _plural(document) or f"{kind.lower()}s"
    full["singular"] = full.get("singular") or kind.lower()
    full["listKind"] = full.get("listKind") or f"{kind}List"
    return spec if full == names else spec | {"names": full}


def _plural(document: JsonObject) -> str:
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name.partition(".")[0] if isinstance(name, str) else ""


def _without_null_words(spec: JsonObject) -> JsonObject:
    """The spec with no null where a schema has a keyword: a key above nothing but comments says nothing."""
    versions = spec.get("versions")
    if not isinstance(versions, list):
        return spec
    new = [_version_without_nulls(version) for version in versions]
    return spec if new == versions else spec | {"versions": new}


def _version_without_nulls(version: Any) -> Any:
    schema = version.get("schema") if isinstance(version, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("openAPIV3Schema"), dict):
        return version
    clean = schema | {"openAPIV3Schema": _clean(schema["openAPIV3Schema"])}
    return version | {"schema": clean}


def _clean(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    new = {word: value for word, value in schema.items() if value is not None or word == "example"}
    if isinstance(new.get("properties"), dict):
        new["properties"] = {name: _clean(child) for name, child in new["properties"].items()}
    for word in ("items", "additionalProperties", "not"):
        if word in new:
            new[word] = _clean(new[word])
    for word in JUNCTORS:
        if isinstance(new.get(word), list):
            new[word] = [_clean(each) for each in new[word]]
    return new
