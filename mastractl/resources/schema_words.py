"""The keywords that structural schemas have beyond OpenAPI's (apiextensions.k8s.io/v1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mastractl.values import JsonObject

INT_OR_STRING = "x-kubernetes-int-or-string"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
LIST_TYPE = "x-kubernetes-list-type"
MAP_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
RULES = "x-kubernetes-validations"

OWN = "x-mastra"
"""How the keywords that only mastractl knows begin. Kubernetes drops them."""

JUNCTORS = ("allOf", "anyOf", "oneOf")
"""OpenAPI's own keywords that join several schemas."""

META_FIELDS = ("apiVersion", "kind", "metadata")
"""What every resource has beside what its schema describes."""


def has_default(schema: JsonObject) -> bool:
    """Whether the schema has a default. As in Kubernetes, `default: null` is none."""
    return schema.get("default") is not None
