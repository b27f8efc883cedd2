from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.manifests import bundled
from mastractl.manifests.compile_schemas import COPIES
from mastractl.resources import definitions, sensitive
from mastractl.resources.admission import admit
from mastractl.resources.kinds import KindRegistry

SECRET = "s3cr3t-value"


def definition(properties, annotation=None, **spec):
    metadata = {"name": "vaults.acme.io"}
    if annotation is not None:
        metadata["annotations"] = {sensitive.ANNOTATION: annotation}
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties, **spec}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": "acme.io",
            "scope": "Namespaced",
            "names": {"kind": "Vault", "plural": "vaults"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }


TEXT = {"type": "string"}
HIDDEN = {"type": "string", "x-mastra-sensitive": True}
PROPERTIES = {
    "user": TEXT,
    "password": HIDDEN,
    "pin": {"type": "integer", "x-mastra-sensitive": True},
    "tokens": {"type": "object", "additionalProperties": HIDDEN},
    "accounts": {
        "type": "array",
        "items": {"type": "object", "properties": {"name": TEXT, "key": HIDDEN}},
    },
    "keys": {"type": "array", "items": TEXT, "x-mastra-sensitive": True},
}
ANNOTATION = ".spec.password, .spec.pin .spec.tokens.*,.spec.accounts[*].key\n.spec.keys"


def unmarked(schema):
    if isinstance(schema, dict):
        return {k: unmarked(v) for k, v in schema.items() if k != sensitive.MARK}
    return schema


@pytest.fixture(params=["keyword", "annotation"])
def vault(request):
    """The same kind, its sensitive fields said in either way."""
    if request.param == "keyword":
        return definitions.kind_from_definition(definition(PROPERTIES))[0]
    return definitions.kind_from_definition(definition(unmarked(PROPERTIES), ANNOTATION))[0]


def document(**spec):
    return {"apiVersion": "acme.io/v1", "kind": "Vault", "metadata": {"name": "x"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ({"user": "ann"}, {"user": "ann"}),
        ({"user": "ann", "password": SECRET}, {"user": "ann", "password": "***"}),
        ({"password": ""}, {"password": "***"}),
        ({"password": None}, {"password": None}),
        ({"pin": 1234}, {"pin": "***"}),
        ({"tokens": {"a": SECRET, "b": SECRET}}, {"tokens": {"a": "***", "b": "***"}}),
        ({"tokens": {}}, {"tokens": {}}),
        (
            {"accounts": [{"name": "a", "key": SECRET}, {"name": "b"}]},
            {"accounts": [{"name": "a", "key": "***"}, {"name": "b"}]},
        ),
        ({"tokens": SECRET}, {"tokens": "***"}),
        ({"keys": [SECRET, SECRET]}, {"keys": ["***", "***"]}),
        ({"password": {"deep": [SECRET]}}, {"password": {"deep": ["***"]}}),
        ({"password": "${env.PASSWORD}"}, {"password": "${env.PASSWORD}"}),
        ({"tokens": {"a": "Bearer ${env.TOKEN}"}}, {"tokens": {"a": "Bearer ${env.TOKEN}"}}),
        ({"password": "x${env.PASSWORD}"}, {"password": "***"}),
        ({"password": "${env.PASSWORD} or s3cr3t"}, {"password": "***"}),
        ({"password": "s3cr3t ${env.PASSWORD}"}, {"password": "***"}),
    ],
)
def test_what_is_shown(vault, spec, shown):
    assert sensitive.masked(vault, document(**spec)) == document(**shown)


def test_a_document_without_sensitive_values_is_given_back_as_it_is(vault):
    plain = document(user="ann")
    assert sensitive.masked(vault, plain) is plain
    workflows = bundled.kinds().resolve("workflows")
    assert sensitive.masked(workflows, plain) is plain


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"password": "a"}, {"password": "a"}, ({"password": "***"}, {"password": "***"})),
        ({"password": "a"}, {"password": "b"}, ({"password": "*** (before)"}, {"password": "*** (after)"})),
        ({"pin": 1}, {"pin": True}, ({"pin": "*** (before)"}, {"pin": "*** (after)"})),
        ({}, {"password": "b"}, ({}, {"password": "***"})),
        ({"password": "a"}, {}, ({"password": "***"}, {})),
        (
            {"password": "a"},
            {"password": "${env.P}"},
            ({"password": "*** (before)"}, {"password": "${env.P}"}),
        ),
        (
            {"tokens": {"a": "1", "b": "2"}},
            {"tokens": {"b": "3", "a": "1"}},
            ({"tokens": {"a": "***", "b": "*** (before)"}}, {"tokens": {"b": "*** (after)", "a": "***"}}),
        ),
        (
            {"accounts": [{"name": "b", "key": "2"}]},
            {"accounts": [{"name": "a", "key": "1"}, {"name": "b", "key": "2"}]},
            (
                {"accounts": [{"name": "b", "key": "***"}]},
                {"accounts": [{"name": "a", "key": "***"}, {"name": "b", "key": "***"}]},
            ),
        ),
        (
            {"keys": ["1", "2"]},
            {"keys": ["1", "3", "4"]},
            ({"keys": ["***", "*** (before)"]}, {"keys": ["***", "*** (after)", "***"]}),
        ),
        (
            {"password": ["a"]},
            {"password": "a"},
            ({"password": ["*** (before)"]}, {"password": "*** (after)"}),
        ),
    ],
)
def test_what_is_shown_of_two_states(vault, before, after, shown):
    pair = sensitive.masked_pair(vault, document(**before), document(**after))
    assert pair == (document(**shown[0]), document(**shown[1]))


@pytest.mark.parametrize("mask", ["***", "*** (before)", "*** (after)"])
def test_a_mask_in_place_of_a_value_is_refused(vault, mask):
    kinds = KindRegistry()
    kinds.add(vault)
    spec = {"user": mask, "password": mask, "accounts": [{"name": mask, "key": mask}], "tokens": {"a": mask}}
    found = admit(document(**spec), kinds)
    assert {(c.code, errors.format_path(c.path)) for c in found.causes} == {
        ("MA114", ".spec.password"),
        ("MA114", ".spec.accounts[0].key"),
        ("MA114", ".spec.tokens.a"),
    }
    assert "--show-secrets" in found.causes[0].hint
    assert admit(document(user=mask), kinds).causes == ()


def test_what_is_wrong_with_a_sensitive_value_does_not_show_it():
    hidden = HIDDEN | {"pattern": "^a$"}
    kinds = KindRegistry()
    properties = {"password": hidden, "user": {"type": "string", "pattern": "^a$"}, "pin": PROPERTIES["pin"]}
    kinds.add(definitions.kind_from_definition(definition(properties))[0])
    found = admit(document(user="ann", password=SECRET, pin=SECRET), kinds)
    told = {errors.format_path(c.path): c for c in found.causes}
    assert '"ann"' in told[".spec.user"].message
    assert told[".spec.password"].message == '"***" does not match the pattern ^a$'
    assert told[".spec.password"].secret
    assert not told[".spec.user"].secret
    assert SECRET not in str(found.causes)


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("spec.password", "'spec.password' is no path"),
        (".spec.password,.spec.[x]", "'.spec.[x]' is no path"),
        (".spec.passwrod", "no version of the schema describes .spec.passwrod"),
        (".spec.user.deeper", "no version of the schema describes .spec.user.deeper"),
        (".spec.accounts.key", "no version of the schema describes .spec.accounts.key"),
    ],
)
def test_an_annotation_that_would_protect_nothing_is_refused(annotation, message):
    with pytest.raises(errors.Invalid) as caught:
        definitions.kind_from_definition(definition(PROPERTIES, annotation))
    assert message in caught.value.message
    assert caught.value.causes[0].path == ("metadata", "annotations", sensitive.ANNOTATION)


def test_an_annotation_may_name_what_the_schema_leaves_open():
    opened = {"x-kubernetes-preserve-unknown-fields": True}
    kind, _ = definitions.kind_from_definition(definition({}, ".spec.any[*].thing", **opened))
    assert sensitive.masked(kind, document(any=[{"thing": 1}])) == document(any=[{"thing": "***"}])


def test_the_keyword_must_be_a_boolean():
    with pytest.raises(errors.Invalid, match="boolean"):
        definitions.kind_from_definition(definition({"a": {"type": "string", sensitive.MARK: "yes"}}))


def test_the_bundled_definitions_can_be_installed_in_kubernetes():
    for path in bundled.schema_directory().glob("*.yaml"):
        assert sensitive.MARK not in path.read_text(encoding="utf-8")


def places(plural):
    return set(bundled.kinds().resolve(plural).storage_version.sensitive)


@pytest.mark.parametrize(
    "copy", [c for c in COPIES if "conditions" not in c.target], ids=lambda copy: copy.target
)
def test_what_is_sensitive_in_a_schema_is_so_in_its_copies(copy):
    def below(place):
        head, *fields = place.split(".")
        steps = tuple(None if field == "*" else field for field in fields)
        return {
            found[len(steps) :] for found in places(head.partition("@")[0]) if found[: len(steps)] == steps
        }

    assert below(copy.target) == below(copy.source)


# Laws

values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from([SECRET, "b", "${env.A}", "***"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "key", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
specs = st.dictionaries(st.sampled_from(sorted(PROPERTIES)), values, max_size=6)
KIND = definitions.kind_from_definition(definition(PROPERTIES))[0]


@given(specs)
def test_masking_shows_no_secret_keeps_the_shape_and_is_done_once(spec):
    given_ = document(**spec)
    text = json.dumps(given_)
    once = sensitive.masked(KIND, given_)
    assert json.dumps(given_) == text
    assert sensitive.masked(KIND, once) == once
    assert set(once["spec"]) == set(spec)
    for name in ("password", "pin", "tokens", "keys"):
        assert SECRET not in json.dumps(once["spec"].get(name))


@given(specs, specs)
def test_two_masked_states_are_equal_just_if_the_states_are(before, after):
    first, second = sensitive.masked_pair(KIND, document(**before), document(**after))
    assert (json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)) is (
        json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    )
    for name in ("password", "pin", "tokens", "keys"):
        assert SECRET not in json.dumps([first["spec"].get(name), second["spec"].get(name)])


@given(specs)
def test_a_state_beside_itself_is_shown_as_it_is_alone(spec):
    alone = sensitive.masked(KIND, document(**spec))
    assert sensitive.masked_pair(KIND, document(**spec), document(**spec)) == (alone, alone)
