from __future__ import annotations

import pytest


@pytest.fixture
def one(store, make):
    store.apply(make.resource("x"))
    return store


def annotations(store):
    return store.require("agents", name="x").annotations


def test_annotations_are_set_replaced_and_taken_away(cli, one):
    said = [
        cli.ok("annotate", "agent", "x", "acme.io/note=any text: 你好 = ok", "b=1").out,
        cli.ok("annotate", "agent", "x", "b=1").out,
        cli.ok("annotate", "agent", "x", "b=2", "--overwrite").out,
        cli.ok("annotate", "agent", "x", "b-").out,
    ]
    assert said == [
        "agent.mastra.ai/x annotated\n",
        "agent.mastra.ai/x annotated (no change)\n",
        "agent.mastra.ai/x annotated\n",
        "agent.mastra.ai/x annotated\n",
    ]
    assert annotations(one) == {"acme.io/note": "any text: 你好 = ok"}


def test_another_value_is_left_alone_and_told(cli, one):
    cli.ok("annotate", "agent", "x", "b=1")
    result = cli("annotate", "agent", "x", "b=2")
    assert (result.code, result.out) == (1, "")
    assert "'b' already has a value (1), and --overwrite is false" in result.err
    assert "--overwrite to replace the annotation" in result.err


def test_list_and_dry_run(cli, one):
    assert cli.ok("annotate", "agents", "--all", "a=b", "--dry-run=server").lines == [
        "agent.mastra.ai/x annotated (server dry run)"
    ]
    assert annotations(one) == {}
    cli.ok("annotate", "agent", "x", "b=1\x1b[2J", "a=b")
    listed = cli.ok("annotate", "agent", "x", "--list")
    assert listed.lines[0] == "a=b"
    assert "\x1b" not in listed.out


def test_what_makes_no_sense(cli, one):
    assert "at least one annotation update is required" in cli("annotate", "agent", "x").err
    assert "invalid annotation key 'a b'" in cli("annotate", "agent", "x", "a b=c").err


def test_what_is_too_much_is_refused_by_the_store(cli, one):
    result = cli("annotate", "agent", "x", "a=" + "x" * 300_000)
    assert (result.code, result.out) == (4, "")
    assert "256 KiB" in result.err or "bytes" in result.err
    assert annotations(one) == {}


def test_who_did_it_is_in_the_history(cli, one):
    cli.ok("annotate", "agent", "x", "a=b")
    assert [r.manager for r in one.history("agents", name="x")][1:] == ["mastractl-annotate"]
