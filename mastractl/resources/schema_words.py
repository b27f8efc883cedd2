"""The keywords that structural schemas have beyond OpenAPI's (apiextensions.k8s.io/v1)."""

from __future__ import annotations

INT_OR_STRING = "x-kubernetes-int-or-string"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
LIST_TYPE = "x-kubernetes-list-type"
MAP_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
RULES = "x-kubernetes-validations"

JUNCTORS = ("allOf", "anyOf", "oneOf")
"""OpenAPI's own keywords that join several schemas."""
