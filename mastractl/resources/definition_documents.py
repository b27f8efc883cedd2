"""The way back from a kind to the CustomResourceDefinition that describes it, as Kubernetes takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import sensitive
from mastractl.resources.definition_forms import KIND, KUBERNETES_GROUP

if TYPE_CHECKING:
    from mastractl.resources.kinds import Column, Kind, Version
    from mastractl.values import JsonObject


def definition_of(kind: Kind) -> JsonObject:
    """A kind as a CustomResourceDefinition of apiextensions.k8s.io/v1."""
    names: JsonObject = {
        "kind": kind.kind,
        "listKind": kind.list_kind,
        "plural": kind.plural,
        "singular": kind.singular,
    }
    names |= {"shortNames": list(kind.short_names)} if kind.short_names else {}
    names |= {"categories": list(kind.categories)} if kind.categories else {}
    metadata: JsonObject = {"name": kind.qualified_plural}
    version = kind.storage_version
    marked = set(sensitive.marked(version.schema))
    if unmarked := [place for place in version.sensitive if place not in marked]:
        metadata["annotations"] = {sensitive.ANNOTATION: sensitive.spelled(unmarked, version.schema)}
    return {
        "apiVersion": f"{KUBERNETES_GROUP}/v1",
        "kind": KIND,
        "metadata": metadata,
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": kind.scope,
            "versions": [_version(version) for version in kind.versions],
        },
    }


def _version(version: Version) -> JsonObject:
    subresources: JsonObject = {"status": {}} if version.status else {}
    subresources |= {"scale": version.scale} if version.scale else {}
    optional: JsonObject = {
        "deprecated": bool(version.deprecation),
        "deprecationWarning": version.deprecation,
        "subresources": subresources,
        "additionalPrinterColumns": [_column(column) for column in version.columns],
        "selectableFields": [{"jsonPath": path} for path in version.selectable_fields],
    }
    return {
        "name": version.name,
        "served": version.served,
        "storage": version.storage,
        **{word: value for word, value in optional.items() if value},
        "schema": {"openAPIV3Schema": version.schema},
    }


def _column(column: Column) -> JsonObject:
    optional = {"format": column.format, "description": column.description, "priority": column.priority}
    return {"name": column.name, "type": column.type, "jsonPath": column.json_path} | {
        word: value for word, value in optional.items() if value
    }
