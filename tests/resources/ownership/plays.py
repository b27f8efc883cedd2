"""Random plays: a schema, and acts of several managers on one resource of it."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from tests.resources.ownership.stage import doc

NAMES = st.sampled_from("abc")
KEYS = st.sampled_from("xyz")
SCALARS = {
    "string": st.sampled_from("tuv"),
    "integer": st.integers(0, 2),
    "boolean": st.booleans(),
}
OPEN = {"x-kubernetes-preserve-unknown-fields": True}
ATOMIC = {"x-kubernetes-map-type": "atomic"}


class Act(NamedTuple):
    """What a manager does: apply (with or without force), or update to a document."""

    operation: str
    manager: str
    document: dict
    force: bool


@st.composite
def schemas(draw, depth=3):
    kinds = [scalars, scalars]
    if depth:
        kinds += [objects, objects, words, opens, plain_lists, sets, keyed_lists, keyed_lists]
    return draw(draw(st.sampled_from(kinds))(depth))


def scalars(_depth):
    return st.sampled_from([*({"type": t} for t in SCALARS), {"x-kubernetes-int-or-string": True}])


def opens(_depth):
    return st.sampled_from([OPEN, OPEN | {"type": "object"}])


@st.composite
def objects(draw, depth):
    more = draw(st.sampled_from([{}, {}, {}, ATOMIC, OPEN]))
    fields = draw(st.dictionaries(NAMES, schemas(depth - 1), min_size=1))
    return {"type": "object", "properties": fields} | more


@st.composite
def words(draw, depth):
    more = draw(st.sampled_from([{}, {}, {}, ATOMIC]))
    return {"type": "object", "additionalProperties": draw(schemas(depth - 1))} | more


def plain_lists(depth):
    return st.builds(lambda items: {"type": "array", "items": items}, schemas(depth - 1))


def sets(_depth):
    kinds = st.sampled_from(["string", "integer"])
    return kinds.map(lambda t: {"type": "array", "items": {"type": t}, "x-kubernetes-list-type": "set"})


@st.composite
def keyed_lists(draw, depth):
    fields = draw(st.dictionaries(NAMES, schemas(depth - 1), max_size=2))
    keys = {"k": {"type": "string"}}
    keys |= draw(st.sampled_from([{}, {"l": {"type": "integer"}}, {"m": {"type": "integer", "default": 0}}]))
    return {
        "type": "array",
        "items": {"type": "object", "properties": fields | keys} | draw(st.sampled_from([{}, {}, ATOMIC])),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": sorted(keys),
    }


def unknown():
    return st.recursive(
        st.one_of(*SCALARS.values()),
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=3)),
        max_leaves=5,
    )


@st.composite
def values(draw, schema, *, repeats=False):
    """A value of a schema; with `repeats`, sets and map lists may hold an item twice."""
    if schema.get("x-kubernetes-int-or-string"):
        return draw(st.one_of(SCALARS["string"], SCALARS["integer"]))
    kind = schema.get("type")
    if kind in SCALARS:
        return draw(SCALARS[kind])
    if kind == "array":
        return draw(lists(schema, repeats=repeats))
    if kind is None:
        return draw(unknown())
    out = {}
    for name, child in schema.get("properties", {}).items():
        if draw(st.booleans()):
            out[name] = draw(values(child, repeats=repeats))
    others = schema.get("additionalProperties", {} if OPEN.keys() <= schema.keys() else None)
    if others is not None:
        inner = values(others, repeats=repeats) if others else unknown()
        out |= draw(st.dictionaries(KEYS, inner, max_size=3))
    return out


@st.composite
def lists(draw, schema, *, repeats):
    items = schema["items"]
    kind = schema.get("x-kubernetes-list-type")
    if kind is None:
        return draw(st.lists(values(items, repeats=repeats), max_size=2))
    if kind == "set":
        return draw(st.lists(SCALARS[items["type"]], max_size=4, unique=not repeats))
    keys = schema["x-kubernetes-list-map-keys"]
    fields = items["properties"]
    rest = {"type": "object", "properties": {n: s for n, s in fields.items() if n not in keys}}

    def identity(item):
        return tuple(item.get(k, fields[k].get("default")) for k in keys)

    second = {n: st.integers(0, 1) for n in ("l", "m") if n in keys}
    one = st.fixed_dictionaries({"k": SCALARS["string"]}, optional=second)
    item = st.builds(lambda a, b: a | b, one, values(rest, repeats=repeats))
    return draw(st.lists(item, max_size=3, unique_by=None if repeats else identity))


@st.composite
def plays(draw, acts=5, *, operations=("Apply", "Apply", "Update"), repeats=True):
    """A schema of a whole document, and the acts on it; the last can be applied."""
    spec = {"type": "object", "properties": draw(st.dictionaries(NAMES, schemas(), min_size=1))}
    schema = {"type": "object", "properties": {"spec": spec}}
    done = []
    count = draw(st.integers(1, acts))
    for number in range(count):
        operation = "Apply" if number == count - 1 else draw(st.sampled_from(operations))
        twice = repeats and operation == "Update" and draw(st.integers(0, 3)) == 0
        metadata = draw(
            st.fixed_dictionaries(
                {}, optional={"labels": st.dictionaries(KEYS, SCALARS["string"], max_size=2)}
            )
        )
        document = doc(draw(values(spec, repeats=twice)), metadata=metadata)
        manager = draw(st.sampled_from(["one", "two", "three"]))
        done.append(Act(operation, manager, document, draw(st.booleans())))
    return schema, done
