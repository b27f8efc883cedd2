"""`store copy`: from anywhere to anywhere, told to people and to programs, and nothing taken for granted."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def kitchen(cli, manifest):
    """A store with a little history, in force."""
    cli.ok("apply", "-f", "-", stdin=manifest("cook") + "---\n" + manifest("waiter"))
    cli.ok("patch", "agent", "cook", "-p", '{"spec":{"instructions":"Cook."}}')
    return cli


def test_it_comes_over_with_its_history(kitchen):
    done = kitchen.ok("store", "copy", "store", "other")
    assert re.fullmatch(
        r"copied \S+/store to \S+/other: 4 entries \(sum [0-9a-f]{12}\), the same in both\n"
        r"2 commits replayed\n",
        done.out,
    )
    assert done.err.splitlines() == [
        f"what was written to {kitchen.store} after revision 2 is not in the copy",
        f"to use it from now on: mastractl config set-context NAME --store {kitchen.directory}/other",
    ]
    history = kitchen.ok("rollout", "history", "agent/cook", "--store", "other").lines
    assert [line.split()[-1] for line in history[2:]] == ["created", "spec.instructions"]
    kitchen.ok("rollout", "undo", "agent/cook", "--store", "other")
    shown = kitchen.ok("get", "agent", "cook", "-o", "jsonpath={.spec.instructions}", "--store", "other")
    assert shown.out == "Help."


def test_again_there_is_nothing_to_do(kitchen):
    kitchen.ok("store", "copy", "store", "other")
    done = kitchen.ok("store", "copy", "store", "other")
    assert done.out.startswith("nothing to copy: 4 entries (sum ")
    assert done.err == ""


def test_for_programs(kitchen):
    done = kitchen.ok("store", "copy", "store", "other", "-o", "json")
    assert done.json["wrote"] == {"entries": 0, "commits": 2, "removed": 0}
    assert done.json["revision"] == 2
    assert done.json["entries"] == 4
    assert done.json["finished"]
    assert done.err == ""


def test_without_history(kitchen):
    done = kitchen.ok("store", "copy", "store", "other", "--no-history")
    assert "4 entries written\n" in done.out
    history = kitchen.ok("rollout", "history", "agent/cook", "--store", "other")
    assert "the log was compacted" in history.err


def test_contexts_are_named_before_paths(kitchen):
    kitchen.ok("config", "set-context", "prod", "--store", "./elsewhere")
    (kitchen.directory / "prod").mkdir()
    done = kitchen.ok("store", "copy", "store", "prod")
    assert f"to {kitchen.directory}/elsewhere: " in done.out
    assert "set-context" not in done.err
    assert f"to {kitchen.directory}/prod: " in kitchen.ok("store", "copy", "prod", "./prod").out


def test_a_source_that_is_not_there_is_not_made(kitchen):
    kitchen.ok("config", "set-context", "kitchen", "--store", "./store")
    done = kitchen("store", "copy", "kitchn", "other")
    assert done.code == 1
    assert f"there is no store at {kitchen.directory}/kitchn" in done.err
    assert "hint: did you mean 'kitchen'?" in done.err
    assert sorted(p.name for p in kitchen.directory.iterdir() if p.is_dir()) == ["store"]


def test_a_directory_of_mere_files_is_taken_in_and_copied(kitchen):
    kitchen.ok("store", "copy", "store", "other")
    state = kitchen.directory / "other" / ".mastractl"
    for file in state.iterdir():
        file.unlink()
    state.rmdir()
    kitchen.ok("store", "copy", "other", "third")
    assert kitchen.ok("get", "agents", "-o", "name", "--store", "third").lines == [
        "agent.mastra.ai/cook",
        "agent.mastra.ai/waiter",
    ]


def test_a_directory_of_something_else_is_no_store(kitchen):
    kitchen.write("src/a.txt", "x")
    done = kitchen("store", "copy", "src", "other")
    assert done.code == 1
    assert f"there is no store at {kitchen.directory}/src: the directory holds nothing of one" in done.err
    assert [p.name for p in (kitchen.directory / "src").iterdir()] == ["a.txt"]


def test_what_was_edited_by_hand_comes_with_it(kitchen):
    path = kitchen.store / "agent" / "default" / "cook.json"
    path.write_text(path.read_text().replace("Cook.", "Cook well."))
    kitchen.ok("store", "copy", "store", "other")
    shown = kitchen.ok("get", "agent", "cook", "-o", "jsonpath={.spec.instructions}", "--store", "other")
    assert shown.out == "Cook well."


def test_the_same_store_twice_is_wrong_usage(kitchen):
    done = kitchen("store", "copy", "store", f"file:{kitchen.store}")
    assert "same store" in done.err
    assert kitchen("store", "copy", "store", "./store").code == 2


def test_a_store_that_would_be_gone_is_no_destination(kitchen):
    done = kitchen("store", "copy", "store", "memory:")
    assert done.code == 2
    assert "gone when the command ends" in done.err


def test_something_else_is_removed_only_on_request(kitchen, manifest):
    kitchen.ok("apply", "-f", "-", "--store", "other", stdin=manifest("guest"))
    done = kitchen("store", "copy", "store", "other")
    assert done.code == 5
    assert "the destination holds 2 entries of its own" in done.err
    assert "hint: name an empty store, or remove what is there with --replace" in done.err
    done = kitchen("store", "copy", "store", "other", "--replace")
    assert done.code == 2
    assert "hint: say --yes as well" in done.err
    asked = kitchen("store", "copy", "store", "other", "--replace", stdin="n\n", tty=True)
    assert asked.code == 1
    assert f"This is to remove all that {kitchen.directory}/other holds. Go on? (y/n): " in asked.err
    assert kitchen("get", "agent", "guest", "--store", "other").code == 0
    done = kitchen.ok("store", "copy", "store", "other", "--replace", "--yes")
    assert "2 entries removed, 2 commits replayed" in done.out
    assert kitchen("get", "agent", "guest", "--store", "other").code == 3


def test_a_dry_run_says_what_there_is_and_makes_nothing(kitchen):
    done = kitchen.ok("store", "copy", "store", "other", "--dry-run")
    assert re.search(r"^commits: +2 after that, up to revision 2$", done.out, re.MULTILINE)
    assert done.lines[-1] == "it fits; nothing was written (dry run)"
    assert not (kitchen.directory / "other").exists()
    assert kitchen.ok("store", "copy", "store", "other", "--dry-run", "-o", "json").json["commits"] == 2


def test_in_two_steps(kitchen, manifest):
    left = kitchen.ok("store", "copy", "store", "other", "--leave-open")
    assert "left open at revision 2" in left.err
    told = kitchen.ok("store", "info", "--store", "other")
    assert "Unfinished copy of the store " in told.out
    assert "this is an unfinished copy of the store " in kitchen.ok("doctor", "--store", "other").out
    kitchen.ok("apply", "-f", "-", stdin=manifest("guest"))
    done = kitchen.ok("store", "copy", "store", "other")
    assert "going on with an earlier run: 1 commit replayed" in done.out
    assert "Unfinished" not in kitchen.ok("store", "info", "--store", "other").out


def test_secrets_in_urls_are_shown_nowhere(kitchen):
    url = "nowhere://app:hunter2@db:5432/kitchen"
    for line in (
        ["store", "copy", "store", url],
        ["store", "copy", url, "other"],
        ["store", "info", "--store", url],
        ["store", "backup", "b", "--store", url],
        ["store", "check", "--store", url],
        ["doctor", "--store", url],
    ):
        done = kitchen(*line, "-v")
        assert done.code != 0
        assert "hunter2" not in done.out + done.err
        assert "nowhere" in done.out + done.err
    kitchen.ok("config", "set-context", "far", "--store", url)
    assert "hunter2" not in kitchen.ok("config", "get-contexts").out
    assert "hunter2" not in kitchen.ok("__complete", "store", "copy", "").out


def test_completion_offers_contexts_and_paths(kitchen):
    kitchen.ok("config", "set-context", "prod", "--store", "./elsewhere")
    offered = kitchen.ok("__complete", "store", "copy", "pr").out
    assert offered.startswith("prod\t")
    assert kitchen.ok("__complete", "store", "backup", "").lines


def test_errors_are_json_where_data_is(kitchen):
    done = kitchen("store", "copy", "missing", "other", "-o", "json")
    assert done.problem["reason"] == "ServiceUnavailable"
    assert json.loads(done.err)["hint"]
