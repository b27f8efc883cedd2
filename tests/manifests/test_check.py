"""Manifests to resources, one run at a time: definitions and their resources, names given twice, findings."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from mastractl.manifests import bundled
from mastractl.manifests.check import Checked, check
from mastractl.manifests.diagnostics import Diagnostic, in_order, summary
from mastractl.manifests.formats import text as show
from mastractl.manifests.load import load
from mastractl.manifests.sources import Source


def run(*texts, **options):
    sources = [
        Source(name=f"{n}.yaml", order=n, stream=io.BytesIO(text.encode())) for n, text in enumerate(texts, 1)
    ]
    found = list(check(load(sources), bundled.kinds(), **options))
    checked = [c for c in found if isinstance(c, Checked)]
    return checked, in_order(d for d in found if isinstance(d, Diagnostic))


def agent(name="a", extra="", metadata=""):
    return f"""---
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: {name}{metadata}
spec:
  instructions: Help.
  model: {{provider: openai, name: gpt-4o}}{extra}
"""


DEFINITION = """---
apiVersion: mastra.ai/v1
kind: CustomResourceDefinition
metadata:
  name: recipes.food.example.com
spec:
  group: food.example.com
  scope: Namespaced
  names: {plural: recipes, kind: Recipe}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [title]
            properties:
              title: {type: string}
              minutes: {type: integer, default: 10}
"""

RECIPE = """---
apiVersion: food.example.com/v1
kind: Recipe
metadata: {name: soup}
spec: {title: Soup}
"""


def test_a_valid_manifest_is_a_resource():
    [checked], found = run(agent())
    assert found == []
    assert (checked.resource.name, checked.resource.namespace) == ("a", "default")
    assert checked.kind.kind == "Agent"
    assert checked.manifest.origin.source == "1.yaml"


def test_the_namespace_is_given_by_the_caller():
    [checked], _ = run(agent(), namespace="cooking")
    assert checked.resource.namespace == "cooking"
    _, [found] = run(agent(metadata="\n  namespace: other"), namespace="cooking", namespace_given=True)
    assert (found.code, found.line) == ("MA013", 6)


def test_everything_wrong_in_all_files_is_told_in_one_run():
    checked, found = run(
        agent("a", "\n  tols: []") + "---\na: [\n" + agent("b", "\n  retries: many"),
        agent("c", "\n  description: NO\n  model2: x"),
        agent("d"),
    )
    assert [c.resource.name for c in checked] == ["d"]
    assert [(d.source, d.code, d.line, d.column) for d in found] == [
        ("1.yaml", "MA101", 9, 3),
        ("1.yaml", "MA002", 11, 4),
        ("1.yaml", "MA103", 20, 12),
        ("2.yaml", "MA006", 9, 16),
        ("2.yaml", "MA101", 10, 3),
    ]
    assert str(summary(found)) == "4 errors, 1 warning in 2 files"
    assert found[0].hint == 'did you mean "tools"?'


def test_a_missing_name_and_a_misspelt_one_are_one_finding():
    _, found = run(agent().replace("name: gpt-4o", "nmae: gpt-4o"))
    assert show(found, summary(found)) == (
        'error[unknown-field]: unknown field "nmae"\n'
        "  --> 1.yaml:8:29  (.spec.model.nmae)\n"
        " 8 |   model: {provider: openai, nmae: gpt-4o}\n"
        "   |                             ^^^^\n"
        '   = help: did you mean "name"? it is required\n'
    )


def test_unknown_fields_may_be_let_through():
    [checked], [found] = run(agent(extra="\n  tols: []"), fields="warn")
    assert (found.code, found.severity) == ("MA101", "warning")
    assert "tols" not in checked.resource.spec
    [_], found = run(agent(extra="\n  tols: []"), fields="ignore")
    assert found == []


def test_status_is_left_out_with_a_warning():
    [checked], [found] = run(agent(extra="\nstatus: {x: 1}"))
    assert (found.code, found.severity, found.line) == ("MA120", "warning", 9)
    assert "status" not in checked.resource.document


def test_an_unknown_kind_is_suggested():
    _, [found] = run(agent().replace("kind: Agent", "kind: Agnet"))
    assert (found.code, found.line, found.column, found.end_column) == ("MA010", 3, 7, 12)
    assert "Agent" in found.hint


# -- definitions and their resources


@pytest.mark.parametrize(
    "texts", [(DEFINITION + RECIPE,), (RECIPE + DEFINITION,), (RECIPE, DEFINITION), (DEFINITION, RECIPE)]
)
def test_a_definition_and_its_resources_come_in_one_run_in_any_order(texts):
    checked, found = run(*texts)
    assert found == []
    assert sorted(c.kind.kind for c in checked) == ["CustomResourceDefinition", "Recipe"]
    [recipe] = [c for c in checked if c.kind.kind == "Recipe"]
    assert recipe.resource.spec == {"title": "Soup", "minutes": 10}


def test_the_schema_of_a_definition_in_the_run_is_enforced():
    checked, [found] = run(RECIPE.replace("title", "titel"), DEFINITION)
    assert [c.kind.kind for c in checked] == ["CustomResourceDefinition"]
    assert (found.source, found.code, found.line) == ("1.yaml", "MA101", 5)
    assert "it is required" in found.hint


def test_definitions_are_known_to_the_run_only():
    kinds = bundled.kinds()
    source = Source(name="x", order=1, stream=io.BytesIO(DEFINITION.encode()))
    assert len(list(check(load([source]), kinds))) == 1
    assert kinds.find("food.example.com", "Recipe") is None


def test_resources_of_a_broken_definition_say_so():
    _, found = run(RECIPE + DEFINITION.replace("type: string", "type: strung"))
    codes = [(d.code, d.line) for d in found]
    assert codes[0] == ("MA010", 3)
    assert "its definition is in this run" in found[0].hint
    assert len(codes) > 1


def test_the_old_form_of_a_definition_is_taken():
    old = """
apiVersion: mastra.ai/v1alpha1
kind: CustomResourceDefinition
metadata: {name: recipes.food.example.com}
spec:
  group: food.example.com
  names: {plural: recipes, kind: Recipe}
  scope: Namespaced
  validation:
    openAPIV3Schema:
      properties:
        # none
"""
    checked, found = run(old + RECIPE)
    assert len(checked) == 2
    assert [(d.code, d.severity) for d in found] == [("MA121", "warning")]


# -- names given twice


def test_equal_resources_come_once_with_a_warning():
    checked, [found] = run(
        agent(),
        agent().replace("apiVersion: mastra.ai/v1\nkind: Agent", "kind: Agent\napiVersion: mastra.ai/v1"),
    )
    assert len(checked) == 1
    assert (found.code, found.severity, found.source, found.line) == ("MA012", "warning", "2.yaml", 5)
    assert 'agent.mastra.ai "a" is given twice' in found.message
    assert (found.related[0].source, found.related[0].line) == ("1.yaml", 2)


def test_different_resources_of_one_name_are_an_error():
    checked, [found] = run(agent() + agent(extra="\n  role: cook"))
    assert len(checked) == 1
    assert (found.code, found.severity, found.line) == ("MA012", "error", 13)
    assert "differently" in found.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (agent("a"), agent("b")),
        (agent("a"), agent("a", metadata="\n  namespace: other")),
    ],
)
def test_other_resources_are_no_repetition(one, other):
    assert run(one, other)[1] == []


def test_the_default_namespace_is_the_one_it_names():
    _, [found] = run(agent("a"), agent("a", metadata="\n  namespace: default"))
    assert (found.code, found.severity) == ("MA012", "warning")


def test_items_of_a_list_are_compared_one_by_one():
    item = agent().replace("---\n", "").strip().replace("\n", "\n  ")
    text = "kind: List\nitems:\n" + f"- {item}\n" * 300
    checked, found = run(text)
    assert len(checked) == 1
    assert {(d.code, d.severity) for d in found} == {("MA012", "warning")}
    assert len(found) == 299


# -- streams


def test_ten_thousand_documents_are_checked_in_little_memory():
    many = 10_000

    class Stream(io.RawIOBase):
        number = 0

        def read(self, size=-1):
            if self.number >= many:
                return b""
            self.number += 20
            return "".join(
                agent(f"a{n}", f"\n  description: {'x' * 600}") for n in range(self.number - 20, self.number)
            ).encode()

    tracemalloc.start()
    try:
        found = check(load([Source(name="x", order=1, stream=Stream())]), bundled.kinds())
        count = sum(isinstance(c, Checked) for c in found)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == many
    assert peak < 40 * 2**20


def test_resources_come_before_the_stream_ends():
    def manifests():
        yield from load([Source(name="x", order=1, stream=io.BytesIO(agent().encode()))])
        pytest.fail("the first resource should have come by now")

    assert isinstance(next(check(manifests(), bundled.kinds())), Checked)
