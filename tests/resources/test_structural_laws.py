"""Laws for every structural schema and every document, the first being that the pass and the judge agree."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastractl import values
from mastractl.resources.acceptor import acceptor
from mastractl.resources.judge import judge
from mastractl.resources.schema_rules import schema_causes
from mastractl.resources.structural import compile_schema

NAMES = st.sampled_from(["a", "b", "c", "name", "kind"])
WORDS = st.sampled_from(["", "a", "b", "ab", "Ab", "a.b", "10", "x" * 12, "2026-11-21", "你好", "a\n"])
NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([0.5, 1.0, 2.5, -0.0, 1e20, 2**31, 2**63, 0.3]),
)
SCALARS = st.one_of(WORDS, NUMBERS, st.booleans(), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
PATTERNS = st.sampled_from(
    ["^a", "b$", "^[a-z]+$", "(?i)AB", r"\d", "^(a+)+$", "", "[[:upper:]]", r"^\w{2,3}\z"]
)
FORMATS = st.sampled_from(["date", "byte", "int32", "int64", "float", "ipv4", "no-such-format", "duration"])
PRESERVE = "x-kubernetes-preserve-unknown-fields"


@st.composite
def value_rules(draw, depth, outside):
    """Keywords that constrain a value: allowed at a field and inside a junctor."""
    kind = outside.get("type")
    rules = {}

    def add(name, strategy):
        if draw(st.integers(0, 5)) == 0:
            rules[name] = draw(strategy)

    add("enum", st.lists(VALUES, min_size=1, max_size=3))
    if kind in ("integer", "number", None):
        bound = draw(NUMBERS)
        for word, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            add(word, st.just(bound))
            if word in rules:
                rules[exclusive] = draw(st.booleans())
        add("multipleOf", st.sampled_from([1, 2, 0.1, 0.5, 3]))
        add("format", FORMATS)
    if kind in ("string", None):
        add("minLength", st.integers(0, 3))
        add("maxLength", st.integers(0, 4))
        add("pattern", PATTERNS)
        add("format", FORMATS)
    if kind in ("array", None):
        add("minItems", st.integers(0, 2))
        add("maxItems", st.integers(0, 3))
    if kind in ("object", None):
        add("minProperties", st.integers(0, 2))
        add("maxProperties", st.integers(0, 3))
        add("required", st.lists(NAMES, max_size=2, unique=True))
    if depth > 0:
        add("allOf", st.lists(branches(depth - 1, outside), min_size=1, max_size=2))
        add("anyOf", st.lists(branches(depth - 1, outside), min_size=1, max_size=3))
        add("oneOf", st.lists(branches(depth - 1, outside), min_size=1, max_size=3))
        add("not", branches(depth - 1, outside))
    return rules


@st.composite
def branches(draw, depth, outside):
    rules = draw(value_rules(depth, outside))
    described = outside.get("properties", {})
    if described and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(described)))
        rules["properties"] = {name: draw(branches(0, described[name]))}
    if "items" in outside and draw(st.integers(0, 3)) == 0:
        rules["items"] = draw(branches(0, outside["items"]))
    return rules


@st.composite
def schemas(draw, depth=3):
    """A structural schema; that it is one is checked by the rules for definitions, below."""
    kinds = ["string", "integer", "number", "boolean", "int-or-string", "any"]
    if depth > 0:
        kinds += ["object", "object", "object", "map", "array", "set", "map-list"]
    schema = draw(shapes(draw(st.sampled_from(kinds)), depth))
    schema |= draw(value_rules(1 if depth > 0 else 0, schema))
    if draw(st.integers(0, 3)) == 0:
        schema["nullable"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        schema["default"] = draw(st.one_of(VALUES, documents(schema)))
    return schema


@st.composite
def shapes(draw, kind, depth):
    """A schema that says of what sort its values are, and no more."""
    make = {
        "map": maps,
        "array": arrays,
        "set": sets,
        "map-list": map_lists,
        "object": objects,
    }.get(kind)
    plain = {"int-or-string": {"x-kubernetes-int-or-string": True}, "any": {PRESERVE: True}}
    return draw(make(depth - 1)) if make else plain.get(kind, {"type": kind})


def maps(depth):
    return st.builds(lambda item: {"type": "object", "additionalProperties": item}, schemas(depth))


def arrays(depth):
    return st.builds(lambda item: {"type": "array", "items": item}, schemas(depth))


def sets(_depth):
    items = st.sampled_from(["string", "number", "boolean"])
    return st.builds(
        lambda kind: {"type": "array", "items": {"type": kind}, "x-kubernetes-list-type": "set"}, items
    )


def map_lists(depth):
    keys = st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "string", "default": "a"}])
    return st.builds(
        lambda key, other: {
            "type": "array",
            "items": {"type": "object", "properties": {"name": key, "b": other}, "required": ["name"]},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        keys,
        schemas(depth),
    )


@st.composite
def objects(draw, depth):
    schema = {"type": "object", "properties": draw(st.dictionaries(NAMES, schemas(depth), max_size=4))}
    if draw(st.integers(0, 3)) == 0:
        schema[PRESERVE] = True
    return schema


@st.composite
def documents(draw, schema):
    """A value that follows the schema roughly: most of it fits, anything may be off."""
    whim = draw(st.integers(0, 15))
    if whim < 2:
        return draw(VALUES) if whim else None
    edges = [*schema.get("enum", ()), *(schema[word] for word in ("minimum", "maximum") if word in schema)]
    if edges and draw(st.booleans()):
        return draw(st.sampled_from(edges))
    if schema.get("type") == "array":
        return draw(st.lists(documents(schema["items"]), max_size=3))
    if schema.get("type") == "object":
        return draw(filled(schema))
    plain = {"string": WORDS, "integer": NUMBERS, "number": NUMBERS, "boolean": st.booleans()}
    return draw(plain.get(schema.get("type"), VALUES))


@st.composite
def filled(draw, schema):
    document = {}
    for name, child in schema.get("properties", {}).items():
        if draw(st.integers(0, 3)) > 0:
            document[name] = draw(documents(child))
    if draw(st.integers(0, 2)) == 0 or "additionalProperties" in schema:
        others = schema.get("additionalProperties")
        extra = documents(others) if isinstance(others, dict) else VALUES
        for name in draw(st.lists(NAMES, max_size=2)):
            document.setdefault(name, draw(extra))
    return document


@st.composite
def cases(draw):
    """A schema and a document that follows it roughly; mostly objects, where there is most to go wrong."""
    if draw(st.integers(0, 3)) == 0:
        schema = draw(schemas())
    else:
        schema = draw(shapes(draw(st.sampled_from(["object", "object", "map-list"])), 3))
    return schema, draw(documents(schema))


CASES = cases()
QUICK = settings(
    max_examples=250,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""The number of examples is what one law takes; the first takes more."""


def agree(schema, document):
    scan = compile_schema(schema, resource=False).scan(document)
    causes = judge(schema, scan.document)
    assert scan.plain == (not causes), causes
    if acceptor(schema)(document):
        assert scan.document is document
        assert scan.plain
        assert not scan.unknown


@settings(QUICK, max_examples=500)
@given(CASES)
def test_pass_and_judge_agree(case):
    agree(*case)


@pytest.mark.soak
@settings(QUICK, max_examples=4_000)
@given(CASES)
def test_pass_and_judge_agree_at_length(case):
    agree(*case)


@QUICK
@given(CASES)
def test_what_needs_no_change_and_holds_no_null_is_accepted(case):
    schema, document = case
    scan = compile_schema(schema, resource=False).scan(document)
    in_order = scan.plain and not scan.unknown and scan.document is document
    if in_order and "null" not in values.canonical(scan.document).decode():
        assert acceptor(schema)(document) or any_unusual(document)


def any_unusual(value):
    """Whole numbers written as floats are left to the visitor."""
    if isinstance(value, dict):
        return any(map(any_unusual, value.values()))
    if isinstance(value, list):
        return any(map(any_unusual, value))
    return isinstance(value, float)


@QUICK
@given(CASES)
def test_the_schemas_of_these_laws_are_structural(case):
    schema = {"type": "object", "properties": {"spec": case[0]}}
    broken = [cause.message for cause in schema_causes(schema, ())]
    assert [message for message in broken if not message.startswith("the default does not fit")] == []


@QUICK
@given(CASES)
def test_what_is_accepted_at_once_passes_unchanged(case):
    schema, document = case
    scan = compile_schema(schema, resource=False).scan(document)
    if acceptor(schema)(document):
        assert scan.document is document
        assert (scan.unknown, scan.plain) == ((), True)


def whole(value):
    """Whether there is no null and no float in a value: those are left to the closer look."""
    if isinstance(value, dict | list):
        return all(map(whole, value.values() if isinstance(value, dict) else value))
    return value is not None and not isinstance(value, float)


@QUICK
@given(CASES)
def test_what_passes_unchanged_is_accepted_at_once(case):
    schema, document = case
    scan = compile_schema(schema, resource=False).scan(document)
    if whole(document) and scan.document is document and scan.plain and not scan.unknown:
        assert acceptor(schema)(document)


@QUICK
@given(CASES, st.sampled_from(["report", "prune", "keep"]))
def test_the_input_is_never_mutated(case, unknown):
    schema, document = case
    before = copy.deepcopy(document)
    compile_schema(schema, resource=False).run(document, unknown=unknown)
    assert document == before


@QUICK
@given(CASES, st.sampled_from(["prune", "keep"]))
def test_a_second_pass_changes_nothing(case, unknown):
    schema, document = case
    program = compile_schema(schema, resource=False)
    once, causes = program.run(document, unknown=unknown)
    twice, again = program.run(once, unknown=unknown)
    assert twice == once
    faults = [cause for cause in causes if not cause.warning and cause.code != "MA109"]
    assert [str(cause) for cause in again if cause.code not in ("MA102", "MA109")] == [
        str(cause) for cause in faults if cause.code != "MA102"
    ]
    assert bool(again) == any(not cause.warning for cause in causes)


@QUICK
@given(CASES)
def test_a_document_that_needs_no_change_is_returned_itself(case):
    schema, document = case
    program = compile_schema(schema, resource=False)
    settled = program.scan(document).document
    assert program.scan(settled).document is settled


@QUICK
@given(CASES)
def test_what_is_reported_as_unknown_is_exactly_what_is_pruned(case):
    schema, document = case
    program = compile_schema(schema, resource=False)
    kept = program.scan(document, unknown="keep")
    pruned = program.scan(document, unknown="report")
    assert kept.unknown == ()
    expected = copy.deepcopy(kept.document)
    for cause in pruned.unknown:
        parent = expected
        for step in cause.path[:-1]:
            parent = parent[step]
        del parent[cause.path[-1]]
    assert pruned.document == expected


def visited(schema, value, path=()):
    """Every place of a document that a schema speaks of, and the unknown fields (schema None)."""
    yield path, schema, value
    if isinstance(value, dict) and schema.get("type") == "object":
        others = schema.get("additionalProperties", schema.get(PRESERVE, False))
        for key, child in value.items():
            known = schema.get("properties", {}).get(key, others)
            if isinstance(known, dict):
                yield from visited(known, child, (*path, key))
            elif not known:
                yield (*path, key), None, child
    if isinstance(value, list) and schema.get("type") == "array":
        for index, item in enumerate(value):
            yield from visited(schema["items"], item, (*path, index))


@QUICK
@given(CASES)
def test_unknown_are_the_fields_no_schema_speaks_of(case):
    schema, document = case
    scan = compile_schema(schema, resource=False).scan(document)
    found = {path for path, known, _ in visited(schema, document) if known is None}
    assert {cause.path for cause in scan.unknown} == found


@QUICK
@given(CASES)
def test_after_a_pass_no_default_is_missing(case):
    schema, document = case
    result = compile_schema(schema, resource=False).scan(document, unknown="keep").document
    for path, known, value in visited(schema, result):
        if known is None:
            continue
        for name, field in known.get("properties", {}).items() if isinstance(value, dict) else ():
            assert field.get("default") is None or name in value
        if value is None and not known.get("nullable"):
            assert not path or isinstance(path[-1], int)  # the document itself, or the item of a list


@QUICK
@given(CASES)
def test_reporting_and_pruning_differ_in_the_report_only(case):
    schema, document = case
    program = compile_schema(schema, resource=False)
    reported = program.scan(document, unknown="report")
    pruned = program.scan(document, unknown="prune")
    assert (reported.document, reported.plain) == (pruned.document, pruned.plain)
    assert pruned.unknown == ()


@QUICK
@given(CASES)
def test_causes_point_into_the_document_or_at_a_field_missing_from_it(case):
    schema, document = case
    result, causes = compile_schema(schema, resource=False).run(document)
    for cause in causes:
        path = cause.path[:-1] if cause.code == "MA102" else cause.path
        # What is dropped stands in the document as it was, what came by a default in the result alone.
        places = (document, result) if cause.code in ("MA101", "MA109") else (result,)
        assert any(leads_into(place, path) for place in places), cause


def leads_into(place, path):
    for step in path:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


@QUICK
@given(CASES)
def test_a_schema_whose_defaults_fit_fills_in_nothing_that_is_wrong(case):
    schema, _ = case
    root = {"type": "object", "properties": {"a": schema}}
    if schema_causes({"type": "object", "properties": {"spec": schema}}, ()):
        return  # remarks included: defaults in maps may be wrong
    document, causes = compile_schema(root, resource=False).run({})
    assert causes == []
    assert ("a" in document) == (schema.get("default") is not None)
