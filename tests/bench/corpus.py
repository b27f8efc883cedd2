"""Realistic manifests in any number, for the benchmarks."""

from __future__ import annotations

import json

_TEAMS = ("cooking", "support", "research", "billing", "travel")
_TOOLS = ("web-search", "recipe-finder", "calculator", "calendar", "mailer", "translator")


def agents_yaml(count: int) -> str:
    """A stream of `count` valid Agents, each about 900 bytes on 40 lines, no two alike."""
    return "".join(agent_yaml(number) for number in range(count))


def agent_yaml(number: int) -> str:
    """One Agent document, with the `---` before it."""
    team = _TEAMS[number % len(_TEAMS)]
    first, second = _TOOLS[number % 6], _TOOLS[(number + 1) % 6]
    return f"""---
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: assistant-{number:05d}
  namespace: {team}
  labels:
    app.kubernetes.io/name: assistant-{number:05d}
    app.kubernetes.io/part-of: {team}
    tier: "{number % 3}"
  annotations:
    mastra.ai/description: Helps the {team} team with question {number}
spec:
  description: An assistant that answers what the {team} team asks
  instructions: |
    You are assistant {number} of the {team} team.
    Answer in short sentences, and cite your sources.

    Never invent a fact: say that you do not know.
  model:
    provider: openai
    name: gpt-4o-mini
  modelSettings:
    temperature: 0.{number % 10}
    maxTokens: {1000 + number % 700}
    stopSequences: [END, STOP]
  tools:
    - name: {first}
    - name: {second}
      ref:
        name: {second}-tool
        namespace: shared
  memory:
    enabled: true
    type: conversation
    config:
      maxMessages: {10 + number % 90}
  scaling:
    minReplicas: 1
    maxReplicas: {1 + number % 5}
"""


RULES = (
    "self.scaling.minReplicas <= self.scaling.maxReplicas",
    "size(self.instructions) <= 4096",
    "self.tools.all(tool, tool.name != '')",
)


def ruled_yaml(count: int, schema) -> str:
    """The same documents as resources of a kind of one's own, after its definition, which has CEL rules."""
    spec = schema["properties"]["spec"] | {"x-kubernetes-validations": [{"rule": rule} for rule in RULES]}
    whole = schema | {"properties": schema["properties"] | {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "assistants.acme.io"},
        "spec": {
            "group": "acme.io",
            "scope": "Namespaced",
            "names": {"kind": "Assistant", "plural": "assistants"},
            "versions": [version],
        },
    }
    written = "apiVersion: mastra.ai/v1\nkind: Agent\n", "apiVersion: acme.io/v1\nkind: Assistant\n"
    return "".join(("---\n", json.dumps(definition), "\n", agents_yaml(count).replace(*written)))


def agents(count, *, prefix="assistant-"):
    """`count` Agents as documents, all in the namespace `default`, named by `prefix` and a number."""
    return [
        {
            "apiVersion": "mastra.ai/v1",
            "kind": "Agent",
            "metadata": {
                "name": f"{prefix}{number:06d}",
                "namespace": "default",
                "labels": {"team": _TEAMS[number % len(_TEAMS)], "tier": str(number % 3)},
            },
            "spec": {
                "description": f"An assistant that answers what the {_TEAMS[number % 5]} team asks",
                "instructions": f"You are assistant {number}. Answer in short sentences. " * 8,
                "model": {"provider": "openai", "name": "gpt-4o-mini"},
                "tools": [
                    {"name": name, "ref": {"name": name}}
                    for name in (_TOOLS[number % 6], _TOOLS[(number + 1) % 6])
                ],
                "memory": {"enabled": True, "type": "vector"},
                "scaling": {"minReplicas": 1, "maxReplicas": 5},
            },
        }
        for number in range(count)
    ]
