"""What only all manifests of a run together show, with both places."""

from __future__ import annotations

import io
import json
import sys

from mastractl.manifests import bundled
from mastractl.manifests.check import check
from mastractl.manifests.diagnostics import Diagnostic
from mastractl.manifests.load import load
from mastractl.manifests.sources import Source
from mastractl.manifests.together import Together


def together(*texts, exists=(), strict_refs=False):
    """The findings over several files, `0.yaml` and so on, each as (place, code, severity, hint, notes)."""
    sources = [Source(name=f"{n}.yaml", order=n, stream=io.BytesIO(t.encode())) for n, t in enumerate(texts)]
    seen = Together()
    for item in check(load(sources), bundled.kinds()):
        assert not isinstance(item, Diagnostic), item
        seen.see(item)
    found = seen.findings(lambda key: str(key) in exists, strict_refs=strict_refs)
    assert all(each.excerpt is not None for each in found)
    return [(d.place, d.code, d.severity, d.hint, [(r.place, r.message) for r in d.related]) for d in found]


def resource(kind, name, spec, namespace="default"):
    metadata = {"name": name, "namespace": namespace}
    return json.dumps(
        {"apiVersion": "mastra.ai/v1", "kind": kind, "metadata": metadata, "spec": spec}, indent=1
    )


def agent(name, *tools, **options):
    return resource("Agent", name, {"instructions": "Help.", "tools": list(tools)}, **options)


def tool(name, *functions, **options):
    listed = {"functions": [{"name": each} for each in functions]} if functions else {}
    return resource("Tool", name, {"description": "Does it.", **listed}, **options)


def workflow(name, *called, **options):
    steps = [{"id": f"s{n}", "workflow": each, "next": f"s{n + 1}"} for n, each in enumerate(called)]
    return resource("Workflow", name, {"steps": [*steps, {"id": f"s{len(called)}"}]}, **options)


class TestDangling:
    def test_a_like_name_is_offered_with_its_place(self):
        assert together(agent("a", "recipe-findr"), "\n\n" + tool("recipe-finder")) == [
            (
                "0.yaml:11:4",
                "MA122",
                "warning",
                "did you mean recipe-finder?",
                [("1.yaml:3:1", "tool.mastra.ai/default/recipe-finder is here")],
            )
        ]

    def test_so_is_the_name_in_another_namespace(self):
        ((_, _, severity, hint, notes),) = together(
            agent("a", "finder"), tool("finder", namespace="cooking"), strict_refs=True
        )
        assert (severity, hint) == ("error", "did you mean cooking.finder?")
        assert notes == [("1.yaml:1:1", "tool.mastra.ai/cooking/finder is here")]

    def test_nothing_alike_may_come_later(self):
        assert [each[3:] for each in together(agent("a", "finder"), tool("xyz"))] == [
            ("it may be applied later", [])
        ]

    def test_what_exists_elsewhere_is_not_missed(self):
        assert together(agent("a", "finder"), exists={"tool.mastra.ai/default/finder"}) == []

    def test_an_item_of_a_list_is_found_in_it(self):
        items = ",".join([tool("t"), agent("a", "t"), agent("b", "t", "gone")])
        text = f'{{"apiVersion": "v1", "kind": "List", "items": [\n{items}]}}'
        ((place, *_),) = together(text)
        line = next(n for n, each in enumerate(text.splitlines(), 1) if '"gone"' in each)
        assert place == f"0.yaml:{line}:4"


class TestCircles:
    def test_over_several_files(self):
        assert together(workflow("a", "b"), workflow("b", "c"), workflow("c", "a")) == [
            (
                "2.yaml:12:17",
                "MA177",
                "warning",
                "make sure that a condition ends this, or repeat the steps with `loop`",
                [("0.yaml:12:17", "by way of this step"), ("1.yaml:12:17", "by way of this step")],
            )
        ]

    def test_of_one_workflow(self):
        assert [each[:2] for each in together(workflow("a", "a"))] == [("0.yaml:12:17", "MA177")]

    def test_shared_workflows_are_no_circle(self):
        texts = workflow("a", "b", "c"), workflow("b", "d"), workflow("c", "d"), workflow("d")
        assert together(*texts) == []

    def test_within_a_system(self):
        steps = {"steps": [{"id": "x", "workflow": "w"}]}
        ((_, code, *_),) = together(resource("System", "s", {"workflows": [{"name": "w", "spec": steps}]}))
        assert code == "MA177"

    def test_other_namespaces_are_other_workflows(self):
        assert together(workflow("a", "x.a"), workflow("a", namespace="x")) == []


class TestFunctions:
    def test_of_two_tools_by_one_name(self):
        found = together(tool("t", "search", "find"), tool("u", "search"), agent("a", "t", "u"))
        assert [each[:3] for each in found] == [("2.yaml:12:4", "MA178", "error")]
        assert found[0][4] == [
            ("0.yaml:1:1", "tool.mastra.ai/default/t offers search"),
            ("1.yaml:1:1", "tool.mastra.ai/default/u offers search"),
        ]

    def test_a_tool_by_the_name_of_a_function(self):
        found = together(agent("a", "t", "search"), tool("t", "search"), tool("search"))
        assert [each[1] for each in found] == ["MA178"]

    def test_names_of_their_own_are_well(self):
        assert together(tool("t", "f"), tool("u", "g"), agent("a", "t", "u"), agent("b", "t")) == []


CHILD = {"agents": [{"name": "x", "spec": {"instructions": "Help."}}]}


class TestTwins:
    def test_a_child_and_a_resource(self):
        found = together(resource("System", "s", CHILD), agent("x"))
        assert [(each[0], each[1], each[2], each[4]) for each in found] == [
            (
                "0.yaml:11:13",
                "MA179",
                "warning",
                [("1.yaml:1:1", "agent.mastra.ai/default/x is here")],
            )
        ]

    def test_children_of_two_systems(self):
        found = together(resource("System", "s", CHILD), resource("System", "t", CHILD))
        assert [(each[0], each[4]) for each in found] == [
            ("1.yaml:11:13", [("0.yaml:11:13", "the other child")])
        ]

    def test_elsewhere_is_another_one(self):
        assert together(resource("System", "s", CHILD), agent("x", namespace="other")) == []


def test_the_values_of_manifests_are_let_go():
    """What is kept of ten thousand agents is their keys and places: the text is shared, no value is held."""
    seen = Together()
    for name in ("a", "b"):  # the document met last is held until the next one is
        source = Source(name="a.yaml", order=0, stream=io.BytesIO(agent(name, "gone", "lost").encode()))
        (item,) = check(load([source]), bundled.kinds())
        seen.see(item)
        if name == "a":
            value = item.manifest.document
    del item, source
    assert sys.getrefcount(value) == 2  # by `value`, and as an argument
    assert len(seen.findings(lambda _key: False, strict_refs=False)) == 2
