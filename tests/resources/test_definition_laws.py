"""Laws for definitions that anybody may have written: nothing but Invalid ever comes of them."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastractl import errors
from mastractl.resources.definitions import kind_from_definition, upgrade
from mastractl.resources.schema_forms import KEYWORDS
from mastractl.resources.structural import version_program

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.just(0.5),
    st.sampled_from(["", "object", "string", "array", "v1", "a.b", "(", "map", "set", "Namespaced", "date"]),
)
KEYS = st.one_of(st.sampled_from([*KEYWORDS, "$ref", "name", "spec", "a"]), st.text(max_size=2))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["a"],
            "properties": {
                "a": {"type": "string", "pattern": "^a", "default": "a", "anyOf": [{"minLength": 1}]},
                "l": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k"],
                    "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}}},
                },
                "m": {"type": "object", "additionalProperties": {"x-kubernetes-int-or-string": True}},
            },
        }
    },
}
NEW = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things", "shortNames": ["th"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": SCHEMA},
                "additionalPrinterColumns": [{"name": "A", "type": "string", "jsonPath": ".spec.a"}],
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.a", "statusReplicasPath": ".status.a"},
                },
                "selectableFields": [{"jsonPath": ".spec.a"}],
            }
        ],
    },
}
OLD = {
    "apiVersion": "mastra.ai/v1alpha1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Thing", "plural": "things"},
        "version": "v1",
        "validation": {"openAPIV3Schema": SCHEMA},
        "additionalPrinterColumns": [{"name": "A", "type": "string", "JSONPath": ".spec.a"}],
    },
}


def places(value, path=()):
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, child in children:
        yield from places(child, (*path, step))


def replaced(value, path, new):
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


def damaged(definition):
    spots = [path for path in places(definition) if path and path[0] in ("metadata", "spec")]
    return st.builds(replaced, st.just(definition), st.sampled_from(spots), VALUES)


DEFINITIONS = st.one_of(damaged(NEW), damaged(OLD))


def understood(definition):
    """The kind and the remarks, or no kind and the causes."""
    try:
        return kind_from_definition(definition)
    except errors.Invalid as refused:
        return None, refused.causes


@settings(max_examples=750, suppress_health_check=[HealthCheck.too_slow])
@given(DEFINITIONS, VALUES)
def test_a_definition_is_a_usable_kind_or_invalid(definition, spec):
    before = copy.deepcopy(definition)
    kind, causes = understood(definition)
    assert definition == before
    assert all(cause.warning == (kind is not None) for cause in causes)
    assert causes or kind
    if kind:
        identity = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "a"}}
        version_program(kind.storage_version).run({**identity, "spec": spec})


@settings(max_examples=500)
@given(DEFINITIONS)
def test_the_canonical_form_of_a_canonical_form_is_itself(definition):
    try:
        once = upgrade(definition)
    except errors.Invalid:
        return
    assert upgrade(once) == once


def test_the_undamaged_definitions_are_fine():
    assert [kind_from_definition(definition)[0].kind for definition in (NEW, OLD)] == ["Thing", "Thing"]
