"""What is checked before a merge: no defaults are filled in, and of a part only what it has is checked."""

from __future__ import annotations

from mastractl.resources.admission import admit
from mastractl.resources.kinds import Kind, KindRegistry, Version
from mastractl.resources.parts import part_schema

SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size", "rules"],
            "minProperties": 2,
            "x-kubernetes-validations": [{"rule": "self.size > 0"}],
            "properties": {
                "size": {"type": "integer", "default": 5, "minimum": 1},
                "colour": {"type": "string", "enum": ["red", "blue"]},
                "rules": {
                    "type": "array",
                    "minItems": 2,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "port"],
                    "items": {
                        "type": "object",
                        "required": ["name", "to"],
                        "properties": {
                            "name": {"type": "string"},
                            "port": {"type": "integer", "default": 80},
                            "to": {"type": "string"},
                        },
                    },
                },
                "limits": {"type": "object", "additionalProperties": {"type": "object", "required": ["cpu"]}},
            },
        }
    },
}


def admitted(spec, extent):
    kind = Kind(
        group="example.com",
        kind="Widget",
        plural="widgets",
        singular="widget",
        list_kind="WidgetList",
        scope="Namespaced",
        versions=(Version(name="v1", schema=SCHEMA),),
    )
    kinds = KindRegistry()
    kinds.add(kind)
    document = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}
    return admit(document, kinds, extent=extent)


RULES = [{"name": "a", "to": "x"}, {"name": "b", "to": "y"}]


def test_the_whole_has_its_defaults_and_what_is_declared_has_not():
    given = {"colour": "red", "rules": RULES}
    assert admitted(given, "whole").resource.spec["size"] == 5
    declared = admitted(given, "declared")
    assert declared.resource.spec == given


def test_what_is_declared_must_be_whole_but_for_its_defaults():
    (cause, *_) = admitted({"colour": "red"}, "declared").causes
    assert (cause.code, cause.path) == ("MA102", ("spec", "rules"))


def test_a_part_may_lack_anything():
    for spec in ({}, {"colour": "red"}, {"rules": [{"name": "a"}]}, {"limits": {"a": {}}}):
        assert admitted(spec, "part").resource.spec == spec


def test_but_what_it_has_must_be_right():
    for spec in ({"size": "big"}, {"size": 0}, {"colour": "green"}, {"rules": [{"name": 1}]}, {"sise": 1}):
        assert admitted(spec, "part").causes, spec


def test_an_item_must_say_which_it_is():
    (cause,) = admitted({"rules": [{"to": "x"}]}, "part").causes
    assert (cause.code, cause.path) == ("MA102", ("spec", "rules", 0, "name"))


def test_unknown_fields_are_dropped_where_that_was_asked_for():
    kept = admitted({"rules": RULES, "colour": "red"}, "declared").resource.document
    odd = {**kept, "spec": {**kept["spec"], "odd": 1}}
    kinds = KindRegistry()
    kinds.add(admitted({}, "part").kind)
    assert admit(odd, kinds, fields="ignore", extent="declared").resource.document == kept


def test_the_schema_itself_stays_as_it_is():
    before = repr(SCHEMA)
    part_schema(SCHEMA)
    assert repr(SCHEMA) == before
