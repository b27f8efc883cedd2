"""`explain` is the manual of a kind, in kubectl's layout."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from mastractl.cli.printers.explain import explain, fields, topic, type_name
from mastractl.errors import NotFound, UnknownKind
from mastractl.manifests.bundled import kinds as bundled
from mastractl.resources.kinds import NAMESPACED, Kind, KindRegistry, Version

SCHEMA = {
    "type": "object",
    "description": "A recipe is what a cook follows.",
    "properties": {
        "apiVersion": {"type": "string", "description": "The version."},
        "spec": {
            "type": "object",
            "description": "What is cooked.",
            "required": ["title"],
            "properties": {
                "title": {"type": "string", "description": "What it is called."},
                "level": {
                    "type": "string",
                    "enum": ["easy", "hard"],
                    "default": "easy",
                    "description": (
                        "How hard it is. This text is long enough to be wrapped at the width that was "
                        "asked for.\nA second paragraph stays one."
                    ),
                },
                "steps": {
                    "type": "array",
                    "description": "What to do.",
                    "items": {
                        "type": "object",
                        "required": ["text"],
                        "properties": {
                            "text": {"type": "string"},
                            "after": {"type": "array", "items": {"type": "string", "enum": ["boil", "bake"]}},
                            "minutes": {"type": "integer", "default": 5},
                        },
                    },
                },
                "notes": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "Notes.",
                },
                "by": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"name": {"type": "string"}}},
                },
            },
        },
    },
}


@pytest.fixture
def kinds():
    registry = KindRegistry()
    registry.add(
        Kind(
            group="example.com",
            kind="Recipe",
            plural="recipes",
            singular="recipe",
            short_names=("rc",),
            list_kind="RecipeList",
            scope=NAMESPACED,
            versions=(
                Version(name="v1", schema=SCHEMA),
                Version(name="v1beta1", schema={"type": "object"}, storage=False),
                Version(name="v0", schema={"type": "object"}, storage=False, served=False),
            ),
        )
    )
    return registry


def test_a_kind(kinds):
    assert explain(topic("recipe", kinds)) == dedent("""\
        GROUP:      example.com
        KIND:       Recipe
        VERSION:    v1

        DESCRIPTION:
            A recipe is what a cook follows.

        FIELDS:
          apiVersion\t<string>
            The version.

          spec\t<Object>
            What is cooked.

          metadata\t<ObjectMeta>
            What names the resource, and what is known of it whatever its kind.
        """)


def test_a_field_with_fields(kinds):
    assert explain(topic("recipes.spec", kinds), width=50) == dedent("""\
        GROUP:      example.com
        KIND:       Recipe
        VERSION:    v1

        FIELD: spec <Object>

        DESCRIPTION:
            What is cooked.

        FIELDS:
          title\t<string> -required-
            What it is called.

          level\t<string>
          enum: easy, hard
          default: easy
            How hard it is. This text is long enough to be
            wrapped at the width that was asked for.
            A second paragraph stays one.

          steps\t<[]Object>
            What to do.

          notes\t<map[string]string>
            Notes.

          by\t<map[string]Object>
            <empty>
        """)


def test_a_field_without_fields(kinds):
    assert explain(topic("rc.spec.level", kinds), width=200) == dedent("""\
        GROUP:      example.com
        KIND:       Recipe
        VERSION:    v1

        FIELD: level <string>
        ENUM:
            easy
            hard
        DEFAULT: easy

        DESCRIPTION:
            How hard it is. This text is long enough to be wrapped at the width that was asked for.
            A second paragraph stays one.
        """)


@pytest.mark.parametrize(
    "path",
    [
        "recipe.spec.steps.text",
        "recipe.spec.steps[].text",
        "recipe.spec.steps[*].text",
        "rc.spec.steps[0].text",
    ],
)
def test_lists_are_walked_through(kinds, path):
    assert "FIELD: text <string> -required-\n" in explain(topic(path, kinds))


def test_maps_are_walked_through(kinds):
    assert "FIELD: name <string>\n" in explain(topic("recipe.spec.by.name", kinds))


def test_recursive(kinds):
    fields = """\
        title\t<string> -required-
        level\t<string>
        enum: easy, hard
        default: easy
        steps\t<[]Object>
          text\t<string> -required-
          after\t<[]string>
          enum: boil, bake
          minutes\t<integer>
          default: 5
        notes\t<map[string]string>
        by\t<map[string]Object>
          name\t<string>
        """
    text = explain(topic("recipe.spec", kinds), recursive=True)
    assert text.partition("FIELDS:\n")[2] == indent(dedent(fields), "  ")


def test_the_fields_below(kinds):
    assert fields(topic("recipe.spec.steps", kinds)) == [
        ("text", "string"),
        ("after", "[]string"),
        ("minutes", "integer"),
    ]
    assert fields(topic("recipe.spec.title", kinds)) == []
    with pytest.raises(NotFound):
        fields(topic("recipe.spec.nope", kinds))


def test_metadata_is_described_for_every_kind(kinds):
    text = explain(topic("recipe.metadata", kinds))
    assert "FIELD: metadata <ObjectMeta>" in text
    assert "  labels\t<map[string]string>\n    Short keys and values" in text
    assert "managedFields" not in text
    assert "FIELD: controller <boolean>" in explain(
        topic("recipe.metadata.ownerReferences.controller", kinds)
    )


@pytest.mark.parametrize(
    ("text", "api_version", "kind", "version", "fields"),
    [
        ("recipe", "", "Recipe", "v1", ()),
        ("Recipe.spec.title", "", "Recipe", "v1", ("spec", "title")),
        ("recipes.example.com", "", "Recipe", "v1", ()),
        ("recipes.example.com.spec", "", "Recipe", "v1", ("spec",)),
        ("recipes.v1.example.com.spec", "", "Recipe", "v1", ("spec",)),
        ("recipe", "v1beta1", "Recipe", "v1beta1", ()),
        ("recipe", "example.com/v1beta1", "Recipe", "v1beta1", ()),
    ],
)
def test_topics(kinds, text, api_version, kind, version, fields):
    found = topic(text, kinds, api_version=api_version)
    assert (found.kind.kind, found.version.name, found.fields) == (kind, version, fields)


def test_an_unknown_kind(kinds):
    with pytest.raises(UnknownKind) as caught:
        topic("recipie.spec", kinds)
    assert caught.value.hint == "did you mean 'recipe'?"


@pytest.mark.parametrize("version", ["v2", "v0"])
def test_an_unknown_version(kinds, version):
    with pytest.raises(NotFound, match=f"recipes.example.com has no version '{version}'") as caught:
        topic("recipe", kinds, api_version=version)
    assert caught.value.hint == "served are: v1, v1beta1"


@pytest.mark.parametrize(
    ("path", "where", "hint"),
    [
        ("recipe.spec.titel", "recipe.spec", "did you mean 'title'?"),
        ("recipe.spec.TITLE", "recipe.spec", "did you mean 'title'?"),
        ("recipe.spec.steps.zz", "recipe.spec.steps", "its fields are: text, after, minutes"),
        ("recipe.spec.title.zz", "recipe.spec.title", "it has no fields described"),
    ],
)
def test_an_unknown_field(kinds, path, where, hint):
    asked = topic(path, kinds)
    with pytest.raises(NotFound, match=f"field '{asked.fields[-1]}' does not exist in {where}") as caught:
        explain(asked)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"type": "string"}, "string"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}, "[][]number"),
        ({"type": "array"}, "[]any"),
        ({"type": "object"}, "Object"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map[string]integer"),
        ({"type": "object", "additionalProperties": True}, "Object"),
        ({"x-kubernetes-int-or-string": True}, "IntOrString"),
        ({"x-kubernetes-preserve-unknown-fields": True}, "any"),
        ({}, "any"),
    ],
)
def test_type_names(schema, name):
    assert type_name(schema) == name


def test_descriptions_are_harmless(kinds):
    (kind,) = kinds
    schema = {
        "type": "object",
        "description": "a\x1b[31m\tb",
        "properties": {"x\x07": {"enum": ["\x1b"], "default": "\x9b"}},
    }
    kinds.add(kind._replace(versions=(Version(name="v1", schema=schema),)))
    for recursive in (True, False):
        text = explain(topic("recipe", kinds), recursive=recursive)
        assert all(c.isprintable() or c in "\n\t" for c in text)


def test_every_field_of_every_bundled_kind_can_be_explained():
    registry = bundled()

    def walk(schema, path):
        yield path
        for key in ("items", "additionalProperties"):
            while isinstance(schema.get(key), dict):
                schema = schema[key]
        for name, child in schema.get("properties", {}).items():
            yield from walk(child, (*path, name))

    asked = 0
    for kind in registry:
        for path in walk(kind.storage_version.schema, ()):
            text = explain(topic(".".join((kind.qualified_plural, *path)), registry))
            assert "<empty>" not in text, path
            asked += 1
    assert asked > 300


def test_what_is_sensitive_is_said(kinds):
    kind = kinds.resolve("recipe")
    places = (("spec", "title"), ("spec", "steps", None, "text"), ("spec", "notes", None))
    kinds.add(kind._replace(versions=(Version(name="v1", schema=SCHEMA, sensitive=places),)))
    assert "SENSITIVE: shown as ***" in explain(topic("recipe.spec.title", kinds))
    assert "SENSITIVE: shown as ***" in explain(topic("recipe.spec.notes", kinds))
    assert "sensitive" not in explain(topic("recipe.spec.level", kinds)).lower()
    listed = explain(topic("recipe.spec", kinds))
    assert listed.count("  sensitive: shown as ***\n") == 2
    assert explain(topic("recipe", kinds), recursive=True).count("sensitive: shown as ***") == 3
    assert "x-mastra-sensitive" not in str(SCHEMA)
