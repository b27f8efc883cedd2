"""`tree` and `graph`: what a terminal shows, and what other programs draw."""

from __future__ import annotations

import json
import re

import pytest

from mastractl.cli.printers import graphtext, treetext
from mastractl.resources.graph import END, Edge, Graph, Vertex


@pytest.fixture
def kitchen(cli, store, make):
    tools = [{"name": "finder"}, {"name": "knife", "ref": {"name": "knife", "namespace": "tools"}}]
    store.apply(make.resource("chef", instructions="x", tools=tools, labels={"app": "k"}))
    store.apply(make.resource("cook", namespace="other"))
    store.apply(make.resource("finder", kind="Tool"))
    return cli


def test_a_tree_of_everything_in_the_namespace(kitchen):
    assert kitchen.ok("tree").out == (
        "agent/chef\n├── tool/finder\n└── tool/knife  (namespace tools, missing)\n"
    )
    assert kitchen.ok("tree", "all").out == kitchen.ok("tree").out
    assert kitchen.ok("tree", "-n", "other").out == "agent/cook\n"


def test_across_namespaces_and_by_selector_and_name(kitchen):
    assert kitchen.ok("tree", "-A").lines[::3] == ["agent/chef  (namespace default)", ""]
    assert kitchen.ok("tree", "agents", "-A", "-l", "app=k").lines[0] == "agent/chef  (namespace default)"
    assert kitchen.ok("tree", "tool/finder").out == "tool/finder\n"
    assert kitchen.ok("tree", "tools,agents").lines[0] == "agent/chef"
    missing = kitchen("tree", "agent/chef", "agent/nope")
    assert (missing.code, missing.lines[0]) == (3, "agent/chef")
    assert 'agents.mastra.ai "nope" not found' in missing.err


def test_nothing_is_said_to_be_nothing(cli):
    for verb in ("tree", "graph"):
        assert cli.ok(verb).err == "No resources found in default namespace.\n"
        assert cli.ok(verb, "-A").err == "No resources found\n"


def test_what_is_shown_twice_is_unfolded_once_and_a_ring_is_cut(cli):
    steps = [{"id": "again", "workflow": "a"}, {"id": "other", "workflow": "b"}]
    text = "---\n".join(
        f"apiVersion: mastra.ai/v1\nkind: Workflow\nmetadata: {{name: {name}}}\n"
        f"spec: {{steps: {json.dumps(s)}}}\n"
        for name, s in (("a", steps), ("b", steps[:1]), ("c", [{"id": "x", "workflow": "a"}, steps[1]]))
    )
    cli.ok("apply", "-f", cli.write("w.yaml", text))
    assert cli.ok("tree").out == (
        "workflow/c\n├── workflow/a\n│   ├── workflow/a  (a ring: see above)\n"
        "│   └── workflow/b\n│       └── workflow/a  (a ring: see above)\n└── workflow/b  (see above)\n"
    )


def test_owners_and_phases_are_told(kitchen, store, make):
    chef = store.require("agents", name="chef")
    store.apply(make.resource("helper", owner=chef))
    store.update_status({**store.require("agents", name="helper").document, "status": {"phase": "Running"}})
    line = kitchen.ok("tree", "agent/chef").lines[-1]
    assert line == "└── agent/helper  (Running, owned)"
    assert "\x1b[32mRunning\x1b[0m" in kitchen.ok("tree", "agent/chef", tty=True).out
    assert "\x1b[31mmissing\x1b[0m" in kitchen.ok("tree", "agent/chef", tty=True).out
    assert "\x1b" not in kitchen.ok("tree", "agent/chef").out


def test_a_system_is_a_tree_of_its_children(cli):
    text = """\
apiVersion: mastra.ai/v1
kind: System
metadata: {name: support}
spec:
  agents: [{name: first, spec: {instructions: Help., tools: [phone]}}]
  workflows: [{name: flow, spec: {steps: [{id: a, agent: first}]}}]
"""
    path = cli.write("s.yaml", text)
    shown = cli.ok("tree", "-f", path).out
    assert shown == (
        "system/support\n├── agent/first\n│   └── tool/phone  (missing)\n"
        "└── workflow/flow\n    └── agent/first  (see above)\n"
    )
    assert not cli.store.exists()
    cli.ok("apply", "-f", path)
    assert cli.ok("tree").out == shown


def test_manifests_with_errors_are_not_drawn(cli, manifest):
    path = cli.write("a.yaml", manifest("a").replace("instructions", "instuctions"))
    for verb in ("tree", "graph"):
        result = cli(verb, "-f", path)
        assert (result.code, result.out) == (4, "")
        assert "nothing was drawn: 1 error" in result.err
    assert cli("tree", "agents", "-f", path).code == 2


def test_strokes_are_plain_where_the_stream_holds_no_others():
    assert treetext.pen_for("utf-8") is treetext.BOX
    assert (
        treetext.pen_for("latin-1") is treetext.pen_for("") is treetext.pen_for("nonsense") is treetext.ASCII
    )
    graph = Graph()
    for name in "abc":
        graph.add(Vertex(name, "resource", "Agent", "", name))
    graph.join(Edge("a", "b", "refers"))
    graph.join(Edge("b", "c", "refers"))
    drawn = treetext.tree(graph, ["a"], namespace="", pen=treetext.ASCII)
    assert drawn == "agent/a\n`-- agent/b\n    `-- agent/c\n"


FLOW = """\
apiVersion: mastra.ai/v1
kind: Workflow
metadata: {name: w}
spec:
  steps:
    - {id: a, agent: chef, switch: [{when: 'x == "<b>" # 1', next: b}, {default: true, next: END}]}
    - {id: b, tool: finder}
"""


def test_mermaid(cli):
    out = cli.ok("graph", "-f", cli.write("w.yaml", FLOW)).out
    assert (
        out
        == """\
flowchart LR
  subgraph n0["workflow/w"]
    n1("a")
    n2("b")
    n3(["END"])
    n6(["start"])
  end
  n4["agent/chef (missing)"]
  n5["tool/finder (missing)"]
  n1 -->|"x == #quot;#lt;b#gt;#quot; #35; 1"| n2
  n1 -->|"else"| n3
  n2 --> n3
  n1 -.->|"agent"| n4
  n2 -.->|"tool"| n5
  n6 --> n1
  classDef missing stroke-dasharray:5 5,color:#b00
  class n4,n5 missing
"""
    )


def test_dot(cli):
    out = cli.ok("graph", "-f", cli.write("w.yaml", FLOW), "-o", "dot").out
    assert out.startswith("digraph mastractl {\n")
    assert '  subgraph cluster_n0 {\n    label="workflow/w"\n' in out
    assert '  n1 -> n2 [label="x == \\"<b>\\" # 1", style=solid]\n' in out
    assert '  n4 [label="agent/chef (missing)", style="rounded,dashed"]\n' in out
    assert out.endswith("}\n")
    assert out.count("{") == out.count("}")


def test_an_arrow_to_a_frame_ends_at_the_frame(cli):
    outer = FLOW.replace("name: w", "name: v").replace("agent: chef", "workflow: w")
    out = cli.ok("graph", "-f", cli.write("w.yaml", f"{FLOW}---\n{outer}"), "-o", "dot").out
    assert re.search(r'label="workflow", style=dashed, lhead=cluster_n0\]', out)


def test_json_and_no_steps(kitchen):
    found = kitchen.ok("graph", "-o", "json").json
    assert {n["name"]: n.get("missing", False) for n in found["nodes"]} == {
        "chef": False,
        "finder": False,
        "knife": True,
    }
    assert {(e["type"], e["label"]) for e in found["edges"]} == {("refers", "tools")}
    path = kitchen.write("w.yaml", FLOW)
    plain = kitchen.ok("graph", "-f", path, "-o", "json", "--no-steps").json
    assert [n["name"] for n in plain["nodes"]] == ["w", "chef", "finder"]


def test_no_name_breaks_out_of_its_label():
    nasty = 'a"]; end\n`x` <script> \\" & # é你'
    graph = Graph()
    graph.add(Vertex("a", "resource", "Agent", "", nasty, state='"bad"'))
    graph.add(Vertex("b", "end", "", "", END))
    graph.join(Edge("a", "b", "next", nasty))
    lines = graphtext.mermaid(graph).splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r'  n0\["[^"\]`<>\\]*\]?[^"`<>\\]*"\]', lines[1])
    assert re.fullmatch(r'  n0 -->\|"[^"`<>\\]*"\| n1', lines[3])
    lines = graphtext.dot(graph).splitlines()
    assert len(lines) == 8
    assert all(re.sub(r'\\[\\"]', "", line).count('"') % 2 == 0 for line in lines)
    assert json.loads(graphtext.json(graph))["nodes"][0]["name"] == nasty


def test_completion(kitchen):
    def offered(*words):
        return [line.partition("\t")[0] for line in kitchen.ok("__complete", *words).lines]

    assert offered("tree", "agents", "") == ["chef"]
    assert offered("graph", "agent/") == ["agent/chef"]
    assert offered("graph", "-o", "") == ["mermaid", "dot", "json"]
    assert offered("init", "--template", "") == ["minimal", "kitchen"]
