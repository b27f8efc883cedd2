"""Realistic manifests in any number, for the benchmarks."""

from __future__ import annotations

_TEAMS = ("cooking", "support", "research", "billing", "travel")
_TOOLS = ("web-search", "recipe-finder", "calculator", "calendar", "mailer", "translator")
_METRICS = ("accuracy", "latency", "cost", "tone")


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
    temperature: 0.{number % 10}
    maxTokens: {1000 + number % 700}
  tools:
    - name: {first}
      enabled: true
    - name: {second}
      enabled: false
      config:
        limit: {number % 20}
        region: eu-west-1
  memory:
    enabled: true
    type: conversation
    maxMessages: {10 + number % 90}
  evaluation:
    metrics: [{_METRICS[number % 4]}, {_METRICS[(number + 1) % 4]}]
    threshold: 0.85
    samples: {5 + number % 15}
"""
