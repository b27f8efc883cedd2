"""For the codes that an example explains best: a manifest that has the fault, and the same put right.

`mastractl explain-error` shows them, and tests hold them to it: the one is found to have exactly this fault,
the other to have none.
"""

from __future__ import annotations

from typing import NamedTuple

_AGENT = "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: greeter}\n"
_WORKFLOW = "apiVersion: mastra.ai/v1\nkind: Workflow\nmetadata: {name: order}\nspec:\n"
_TOOL = "apiVersion: mastra.ai/v1\nkind: Tool\nmetadata: {name: finder}\n"
_SOURCE = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sources.acme.io}
spec:
  group: acme.io
  names: {kind: Source, plural: sources}
  scope: Namespaced
  versions:
  - name: v1
    served: true
"""


class Example(NamedTuple):
    """A manifest with a fault, and the same without it."""

    wrong: str
    right: str


def _in(before: str, wrong: str, right: str) -> Example:
    return Example(before + wrong, before + right)


EXAMPLES: dict[str, Example] = {
    "MA002": _in(_AGENT, "spec: {instructions: Greet.\n", "spec: {instructions: Greet.}\n"),
    "MA003": _in(
        _AGENT,
        "spec:\n  instructions: Greet.\n  instructions: Greet in French.\n",
        "spec:\n  instructions: Greet in French.\n",
    ),
    "MA005": _in(
        _AGENT,
        "spec:\n  instructions: Greet.\n  modelSettings: {temperature: .nan}\n",
        "spec:\n  instructions: Greet.\n  modelSettings: {temperature: 0.5}\n",
    ),
    "MA006": _in(
        _AGENT,
        "spec:\n  instructions: Greet.\n  role: No\n",
        'spec:\n  instructions: Greet.\n  role: "No"\n',
    ),
    "MA007": Example(
        f"- {_AGENT}".replace("\n", "\n  ") + "spec: {instructions: Greet.}\n",
        _AGENT + "spec: {instructions: Greet.}\n",
    ),
    "MA010": Example(
        _AGENT.replace("kind: Agent", "kind: Agnet") + "spec: {instructions: Greet.}\n",
        _AGENT + "spec: {instructions: Greet.}\n",
    ),
    "MA011": Example(
        _AGENT.replace("mastra.ai/v1", "mastra/v1") + "spec: {instructions: Greet.}\n",
        _AGENT + "spec: {instructions: Greet.}\n",
    ),
    "MA012": Example(
        f"{_AGENT}spec: {{instructions: Greet.}}\n---\n{_AGENT}spec: {{instructions: Part.}}\n",
        f"{_AGENT}spec: {{instructions: Greet.}}\n---\n{_AGENT.replace('greeter', 'parter')}"
        "spec: {instructions: Part.}\n",
    ),
    "MA013": Example(
        _SOURCE.replace("sources.acme.io}", "sources.acme.io, namespace: x}")
        + "    storage: true\n    schema: {openAPIV3Schema: {type: object}}\n",
        _SOURCE + "    storage: true\n    schema: {openAPIV3Schema: {type: object}}\n",
    ),
    "MA101": _in(
        _AGENT,
        "spec:\n  instructions: Greet.\n  modelsettings: {temperature: 0.5}\n",
        "spec:\n  instructions: Greet.\n  modelSettings: {temperature: 0.5}\n",
    ),
    "MA102": _in(_TOOL, "spec: {type: function}\n", "spec: {type: function, description: Finds.}\n"),
    "MA103": _in(_AGENT, "spec: {instructions: 5}\n", 'spec: {instructions: "5"}\n'),
    "MA104": _in(
        _TOOL,
        "spec: {description: Finds., endpoint: https://acme.io, method: GETT}\n",
        "spec: {description: Finds., endpoint: https://acme.io, method: GET}\n",
    ),
    "MA105": _in(
        _AGENT,
        "spec:\n  instructions: Greet.\n  toolTimeout: five minutes\n",
        "spec:\n  instructions: Greet.\n  toolTimeout: 5m\n",
    ),
    "MA106": _in(
        _AGENT,
        "spec:\n  instructions: Greet.\n  modelSettings: {temperature: 9}\n",
        "spec:\n  instructions: Greet.\n  modelSettings: {temperature: 0.9}\n",
    ),
    "MA107": _in(
        _WORKFLOW,
        "  steps:\n  - {id: ask, function: f, next: tell}\n  - {id: tell, function: g}\n"
        "  - {id: tell, function: h}\n",
        "  steps:\n  - {id: ask, function: f, next: tell}\n  - {id: tell, function: g, next: show}\n"
        "  - {id: show, function: h}\n",
    ),
    "MA109": _in(_AGENT, "spec:\n  instructions: Greet.\n  role:\n", "spec:\n  instructions: Greet.\n"),
    "MA110": Example(
        _AGENT.replace("greeter", "The Greeter") + "spec: {instructions: Greet.}\n",
        _AGENT + "spec: {instructions: Greet.}\n",
    ),
    "MA120": _in(
        _AGENT,
        "spec: {instructions: Greet.}\nstatus: {phase: Running}\n",
        "spec: {instructions: Greet.}\n",
    ),
    "MA122": _in(
        _AGENT,
        "spec: {instructions: Greet., tools: [finder]}\n",
        f"spec: {{instructions: Greet., tools: [finder]}}\n---\n{_TOOL}spec: {{description: Finds.}}\n",
    ),
    "MA123": _in(
        _WORKFLOW,
        "  steps:\n  - {id: a, function: f, next: b}\n  - {id: b, agent: a/b/c}\n",
        "  steps:\n  - {id: a, function: f, next: b}\n  - {id: b, function: g}\n",
    ),
    "MA130": _in(
        _SOURCE,
        "    storage: false\n    schema: {openAPIV3Schema: {type: object}}\n",
        "    storage: true\n    schema: {openAPIV3Schema: {type: object}}\n",
    ),
    "MA140": _in(
        _TOOL,
        "spec: {description: Finds., inputSchema: {type: text}}\n",
        "spec: {description: Finds., inputSchema: {type: string}}\n",
    ),
    "MA170": _in(
        _WORKFLOW,
        "  steps:\n  - {id: check, function: f, next: shpi}\n  - {id: ship, function: g}\n",
        "  steps:\n  - {id: check, function: f, next: ship}\n  - {id: ship, function: g}\n",
    ),
    "MA171": _in(
        _WORKFLOW,
        "  steps:\n  - id: check\n    parallel: {branches: [{steps: [{id: check, function: f}]}]}\n",
        "  steps:\n  - id: check\n    parallel: {branches: [{steps: [{id: stock, function: f}]}]}\n",
    ),
    "MA172": _in(
        _WORKFLOW,
        "  steps:\n  - {id: check, function: f}\n  - {id: ship, function: g}\n",
        "  steps:\n  - {id: check, function: f, next: ship}\n  - {id: ship, function: g}\n",
    ),
    "MA173": _in(
        _WORKFLOW,
        "  steps:\n  - {id: check, function: f, next: ship}\n  - {id: ship, function: g, next: check}\n",
        "  steps:\n  - {id: check, function: f, next: ship}\n  - {id: ship, function: g, next: END}\n",
    ),
    "MA174": _in(
        _WORKFLOW,
        "  steps:\n  - {id: ask, function: f, switch: [{when: output.again, next: ask}]}\n",
        "  steps:\n  - {id: ask, function: f, loop: {while: output.again, maxIterations: 9}}\n",
    ),
    "MA175": _in(
        _WORKFLOW,
        """\
  steps:
  - {id: draft, function: f, output: {type: text}, next: mend}
  - {id: mend, function: g, input: {from: text}, output: {type: text}, next: send}
  - {id: send, function: h, input: {from: text}}
""",
        """\
  steps:
  - {id: draft, function: f, output: {type: text}, next: mend}
  - {id: mend, function: g, input: {from: text}, output: {type: mended}, next: send}
  - {id: send, function: h, input: {from: mended}}
""",
    ),
    "MA176": _in(
        _WORKFLOW,
        "  steps:\n  - {id: draft, function: f, output: {type: text}, next: send}\n"
        "  - {id: send, function: h, input: {from: txt}}\n",
        "  steps:\n  - {id: draft, function: f, output: {type: text}, next: send}\n"
        "  - {id: send, function: h, input: {from: text}}\n",
    ),
    "MA177": _in(
        _WORKFLOW,
        "  steps:\n  - {id: again, workflow: order}\n",
        "  steps:\n  - {id: again, function: f, loop: {while: output.more, maxIterations: 9}}\n",
    ),
    "MA178": Example(
        f"""\
{_AGENT}spec: {{instructions: Greet., tools: [finder, seeker]}}
---
{_TOOL}spec: {{description: Finds., functions: [{{name: search}}]}}
---
{_TOOL.replace("finder", "seeker")}spec: {{description: Seeks., functions: [{{name: search}}]}}
""",
        f"""\
{_AGENT}spec: {{instructions: Greet., tools: [finder, seeker]}}
---
{_TOOL}spec: {{description: Finds., functions: [{{name: find}}]}}
---
{_TOOL.replace("finder", "seeker")}spec: {{description: Seeks., functions: [{{name: seek}}]}}
""",
    ),
    "MA179": Example(
        f"""\
{_AGENT}spec: {{instructions: Greet.}}
---
apiVersion: mastra.ai/v1
kind: System
metadata: {{name: shop}}
spec:
  agents: [{{name: greeter, spec: {{instructions: Greet.}}}}]
""",
        f"""\
{_AGENT}spec: {{instructions: Greet.}}
---
apiVersion: mastra.ai/v1
kind: System
metadata: {{name: shop}}
spec:
  agents: [{{name: seller, spec: {{instructions: Sell.}}}}]
""",
    ),
}
"""What is not here needs no example, or a whole directory for one."""
