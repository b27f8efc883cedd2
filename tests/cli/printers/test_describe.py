"""`describe` shows everything, in the order of the schema, and nothing that could harm a terminal."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl.cli.printers.describe import EventLine, ReferenceState, describe
from mastractl.clock import parse_rfc3339
from mastractl.resources.resource import Resource

NOW = parse_rfc3339("2026-11-21T09:00:00Z")
STRING = {"type": "string"}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "instructions": STRING,
                "model": {
                    "type": "object",
                    "properties": {"provider": STRING, "baseURL": STRING, "apiKey": STRING},
                },
                "maxSteps": {"type": "integer"},
                "tools": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": STRING, "inputSchema": {"type": "object"}},
                    },
                },
                "env": {"type": "object", "additionalProperties": STRING},
                "limits": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"maxTokens": {}}},
                },
            },
        },
        "status": {"type": "object", "properties": {"phase": STRING, "lastTaskId": STRING}},
    },
}
AGENT = {
    "apiVersion": "mastra.ai/v1",
    "kind": "Agent",
    "metadata": {
        "name": "cook",
        "namespace": "cooking",
        "labels": {"tier": "gold", "app": "kitchen"},
        "annotations": {"note": "first\nsecond"},
        "uid": "0b5c",
        "generation": 3,
        "creationTimestamp": "2026-11-21T08:30:00Z",
        "ownerReferences": [
            {
                "apiVersion": "mastra.ai/v1",
                "kind": "System",
                "name": "kitchen",
                "uid": "1",
                "controller": True,
            },
            {"apiVersion": "mastra.ai/v1", "kind": "Network", "name": "all", "uid": "2"},
        ],
    },
    "spec": {
        "extra": {"fooBar": [1.5, None]},
        "tools": [{"inputSchema": {"type": "object"}, "name": "find"}, {"name": "read"}],
        "maxSteps": 5,
        "env": {"someVar": "x", "厨": "y"},
        "limits": {"perDay": {"maxTokens": 9}},
        "model": {"apiKey": "${env.KEY}", "provider": "openai", "baseURL": ""},
        "instructions": "You cook.\n\n  - Be brief.\n",
    },
    "status": {
        "lastTaskId": "t-1",
        "phase": "Running",
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Resolved",
                "message": "all\ntools found",
                "lastTransitionTime": "2026-11-21T08:55:00Z",
            },
            {"type": "Synced", "status": "Unknown"},
        ],
    },
}


def test_everything_about_an_agent():
    references = [
        ReferenceState(path=("spec", "tools", 0), target="tool.mastra.ai/cooking/find", state="found"),
        ReferenceState(path=("spec", "tools", 1), target="tool.mastra.ai/cooking/read", state="missing"),
    ]
    text = describe(
        Resource(AGENT), now=NOW, schema=SCHEMA, references=references, notes=["an edit was not taken in"]
    )
    assert text == dedent("""\
        Name:         cook
        Namespace:    cooking
        Labels:       app=kitchen
                      tier=gold
        Annotations:  note: first\\nsecond
        API Version:  mastra.ai/v1
        Kind:         Agent
        UID:          0b5c
        Created:      2026-11-21T08:30:00Z (30m ago)
        Owned By:     System/kitchen (controller)
                      Network/all
        Generation:   3
        Spec:
          Instructions:
            You cook.

              - Be brief.
          Model:
            Provider:  openai
            Base URL:  ""
            API Key:   ${env.KEY}
          Max Steps:  5
          Tools:
            - Name:  find
              Input Schema:
                type:  object
            - Name:  read
          Env:
            someVar:  x
            厨:       y
          Limits:
            perDay:
              Max Tokens:  9
          extra:
            fooBar:
              - 1.5
              - null
        Status:
          Phase:         Running
          Last Task ID:  t-1
        Conditions:
          Type     Status    Reason     Age      Message
          ----     ------    ------     ---      -------
          Ready    True      Resolved   5m       all tools found
          Synced   Unknown   <none>     <none>
        References:
          Field            Target                        State
          -----            ------                        -----
          .spec.tools[0]   tool.mastra.ai/cooking/find   found
          .spec.tools[1]   tool.mastra.ai/cooking/read   missing
        Notes:
          an edit was not taken in
        """)


def test_the_least_there_can_be():
    text = describe(
        Resource({"apiVersion": "mastra.ai/v1", "kind": "System", "metadata": {"name": "x"}}), now=NOW
    )
    assert text == dedent("""\
        Name:         x
        Labels:       <none>
        Annotations:  <none>
        API Version:  mastra.ai/v1
        Kind:         System
        UID:          <unset>
        Created:      <unset>
        """)


def test_a_deletion_under_way_says_what_it_waits_for():
    metadata = {"name": "x", "deletionTimestamp": "2026-11-21T08:59:30Z", "finalizers": ["a/b", "c/d"]}
    text = describe(Resource({"metadata": metadata}), now=NOW)
    assert "Deleted:      2026-11-21T08:59:30Z (30s ago)\nFinalizers:   a/b\n              c/d\n" in text


def test_without_a_schema_the_fields_keep_their_names_and_order():
    document = {
        "metadata": {"name": "x"},
        "spec": {"bMax": 1, "a": {}, "list": [[1, 2], [], "t\nu"]},
        "data": {"k": "v"},
    }
    assert describe(Resource(document), now=NOW).partition("Spec:")[2] == dedent("""
          bMax:  1
          a:     <none>
          list:
            - - 1
              - 2
            - <none>
            - t
              u
        data:
          k:  v
        """)


def test_times_that_are_none():
    metadata = {"name": "x", "creationTimestamp": "soon"}
    status = {"conditions": [{"type": "A", "status": "True", "lastTransitionTime": 5}]}
    text = describe(Resource({"metadata": metadata, "status": status}), now=NOW)
    assert "Created:      soon (<invalid> ago)" in text
    assert "A      True     <none>   <invalid>" in text


@pytest.mark.parametrize("color", [True, False])
def test_colour_is_for_states_on_a_terminal(color):
    references = [ReferenceState(path=("spec",), target="t", state="missing")]
    text = describe(Resource(AGENT), now=NOW, references=references, color=color)
    assert ("\x1b[32mTrue\x1b[0m" in text) is color
    assert ("\x1b[31mmissing\x1b[0m" in text) is color


def test_what_happened_to_it():
    events = [
        EventLine(type="Normal", reason="Created", at=NOW - 600, message="created by mastractl"),
        EventLine(
            type="Warning", reason="StatusChanged", at=NOW - 5, message="status.phase changed\nby x\x1b"
        ),
    ]
    resource = Resource({"metadata": {"name": "x"}})
    assert describe(resource, now=NOW, events=events).partition("Events:")[2] == (
        "\n  Type      Reason          Age   Message\n"
        "  ----      ------          ---   -------\n"
        "  Normal    Created         10m   created by mastractl\n"
        "  Warning   StatusChanged   5s    status.phase changed by x\\x1b\n"
    )
    assert describe(resource, now=NOW, events=[]).endswith("\nEvents:  <none>\n")
    assert "Events" not in describe(resource, now=NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=15,
)
objects = st.dictionaries(st.text(), json_values, max_size=3)


@given(objects, objects, st.text(), st.dictionaries(st.text(), st.text(), max_size=2))
def test_nothing_a_resource_holds_reaches_the_terminal_as_a_control(spec, status, name, labels):
    document = {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status, name: spec}
    text = describe(Resource(document), now=NOW)
    assert all(c.isprintable() or c in "\n\u3000\u200c\u200d" for c in text)
    assert not any(
        line != line.rstrip() and not line.endswith("\u3000") for line in text.split("\n") if not line.strip()
    )


@given(objects)
def test_every_text_of_the_spec_is_shown(spec):
    def texts(value):
        if isinstance(value, dict):
            for item in value.values():
                yield from texts(item)
        elif isinstance(value, list):
            for item in value:
                yield from texts(item)
        elif isinstance(value, str) and value.isprintable():
            yield value

    text = describe(Resource({"metadata": {"name": "x"}, "spec": spec}), now=NOW)
    assert all(found in text for found in texts(spec))
