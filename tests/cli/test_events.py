from __future__ import annotations

import json

import pytest


@pytest.fixture
def story(store, make):
    store.apply_all([make.resource("x"), make.resource("z", namespace="cooking")])
    spec = {"instructions": "Two.", "role": "chef", "goal": "g", "backstory": "b"}
    store.modify("agents", name="x", change=lambda d: d | {"spec": spec}, manager="me")
    made = store.require("agents", name="x")
    store.update_status({**made.document, "status": {"phase": "Running"}})
    store.apply(make.resource("t", kind="Tool"))
    store.delete("tools", name="t")
    return store


def told(result):
    """The columns of each row but the first, which is the age."""
    return [line.split(maxsplit=4)[1:] for line in result.lines[1:]]


STORY = [
    ["Normal", "Created", "agent.mastra.ai/x", "created by mastractl"],
    [
        "Normal",
        "Changed",
        "agent.mastra.ai/x",
        "spec.instructions, spec.model, spec.role, 2 more changed by me",
    ],
    ["Normal", "StatusChanged", "agent.mastra.ai/x", "status changed by mastractl"],
    ["Normal", "Created", "tool.mastra.ai/t", "created by mastractl"],
    ["Normal", "Deleted", "tool.mastra.ai/t", "deleted by mastractl"],
]


def test_what_happened_in_the_namespace(cli, story):
    result = cli.ok("events")
    assert result.lines[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert (told(result), result.err) == (STORY, "")
    assert told(cli.ok("events", "-n", "cooking")) == [
        ["Normal", "Created", "agent.mastra.ai/z", "created by mastractl"]
    ]
    everywhere = cli.ok("events", "-A")
    assert len(everywhere.lines) == 7
    assert everywhere.lines[0].startswith("NAMESPACE   LAST SEEN")
    assert len(cli.ok("events", "--no-headers").lines) == 5


def test_what_happened_to_one(cli, story):
    assert told(cli.ok("events", "--for", "tool/t")) == STORY[3:]
    assert told(cli.ok("events", "--for", "agents/x")) == STORY[:3]
    assert told(cli.ok("events", "--for=agent/z", "-n", "cooking")) != []


@pytest.mark.parametrize(
    ("types", "rows"),
    [
        ("Normal", STORY),
        ("normal,WARNING", STORY),
        ("Deleted", STORY[4:]),
        ("created,StatusChanged", [STORY[0], STORY[2], STORY[3]]),
    ],
)
def test_types_and_reasons(cli, story, types, rows):
    assert told(cli.ok("events", "--types", types)) == rows


def test_the_latest_of_what_is_meant(cli, story):
    result = cli.ok("events", "--limit=2")
    assert told(result) == STORY[3:]
    assert result.err == "these are the latest 2; --limit shows more of them (0: all)\n"
    assert told(cli.ok("events", "--limit=1", "--types=StatusChanged")) == [STORY[2]]
    assert told(cli.ok("events", "--limit=0")) == STORY


def test_a_failure_is_a_warning(cli, story):
    made = story.require("agents", name="x")
    story.update_status({**made.document, "status": {"phase": "Failed"}})
    (row,) = told(cli.ok("events", "--types=Warning"))
    assert row == ["Warning", "StatusChanged", "agent.mastra.ai/x", "status.phase changed by mastractl"]


def test_edits_behind_the_stores_back(cli, story, tmp_path):
    path = tmp_path / "store" / "agent" / "default" / "x.json"
    path.write_text(path.read_text().replace("Two.", "Edited."))
    (row,) = told(cli.ok("events", "--types=EditedOutside"))
    assert row == [
        "Normal",
        "EditedOutside",
        "agent.mastra.ai/x",
        "spec.instructions changed outside mastractl",
    ]
    path.unlink()
    assert told(cli.ok("events", "--limit=1"))[0][3] == "deleted outside mastractl"


def test_a_deletion_that_waits(cli, store, make):
    store.apply(make.resource("x", finalizers=["acme.io/hold"]))
    store.delete("agents", name="x")
    assert told(cli.ok("events"))[-1][3] == "deletion begun, held by acme.io/hold, by mastractl"


def test_for_programs(cli, story):
    items = cli.ok("events", "-o", "json").json["items"]
    assert [item["reason"] for item in items] == [row[1] for row in STORY]
    second = items[1]
    assert second["involvedObject"]["name"] == "x"
    assert second["involvedObject"]["uid"] == story.require("agents", name="x").uid
    assert (second["kind"], second["source"]) == ("Event", {"component": "me"})
    assert second["lastTimestamp"] == second["metadata"]["creationTimestamp"]
    assert len({item["metadata"]["name"] for item in items}) == 5
    assert "reason: Deleted" in cli.ok("events", "-o", "yaml").out
    assert cli.ok("events", "-o", "jsonpath={.items[-1:].reason}").out == "Deleted"
    wide = cli.ok("events", "-o", "wide").lines
    assert wide[0].split()[-3:] == ["REVISION", "TIME", "MESSAGE"]


def test_cluster_scoped_resources_count_to_default(cli, store, make):
    store.apply(make.definition())
    assert len(cli.ok("events").lines) == 2
    assert cli.ok("events", "-n", "cooking").err == "No events found in cooking namespace.\n"


def test_where_nothing_happened_and_where_it_is_forgotten(cli, story):
    story.engine.compact(story.engine.revision())
    result = cli.ok("events")
    assert (result.out, result.err.splitlines()) == (
        "",
        ["No events found in default namespace.", "the log was compacted: what happened before is forgotten"],
    )
    assert cli.ok("events", "-o", "json").json["items"] == []


def test_what_happens_then_follows(cli, story, make, script):
    def change():
        story.apply(make.resource("x", instructions="New.", role="new"))

    def elsewhere_and_here():
        story.apply(make.resource("q", namespace="cooking"))
        story.delete("agents", name="x")

    out = script(change, elsewhere_and_here, lines=8)
    result = cli("events", "-w", stdout=out)
    assert result.code == 130
    rows = [line.split(maxsplit=4)[1:] for line in out.text().splitlines()[1:]]
    assert rows[:5] == STORY
    assert [row[1:3] for row in rows[5:]] == [
        ["Changed", "agent.mastra.ai/x"],
        ["Deleted", "agent.mastra.ai/x"],
    ]


def test_following_for_programs(cli, story, make, script):
    out = script(lambda: story.apply(make.resource("x", instructions="New.", role="new")), lines=0)
    assert cli("events", "--for=agent/x", "-w", "-o", "json", "--limit=1", stdout=out).code == 130
    first, second = map(json.loads, out.text().splitlines())
    assert [e["type"] for e in (first, second)] == ["ADDED", "ADDED"]
    assert (first["object"]["reason"], second["object"]["reason"]) == ("StatusChanged", "Changed")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--types=Nope"], 2, "valid --types are Normal or Warning"),
        (["--limit=-1"], 2, "must not be negative"),
        (["--for=agents"], 2, "not of the form TYPE/NAME"),
        (["--for=nope/x"], 3, "doesn't have a resource type"),
        (["-o", "nope"], 2, "unknown output format"),
    ],
)
def test_what_makes_no_sense(cli, story, arguments, code, said):
    result = cli("events", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
