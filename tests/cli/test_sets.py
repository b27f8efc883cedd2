"""`apply --set` and `--prune`: what goes, what is said, and what is refused."""

from __future__ import annotations

import pytest


@pytest.fixture
def kitchen(cli, manifest):
    """Ten tools applied as the set `kitchen`, each from a file of its own."""
    for number in range(10):
        cli.write(f"m/t{number}.yaml", manifest(f"t{number}", kind="Tool", description="It."))
    cli.ok("apply", "-f", "m", "--set", "kitchen")
    return cli


def drop(cli, *numbers):
    for number in numbers:
        (cli.directory / "m" / f"t{number}.yaml").unlink()


def names(cli):
    return [line.rpartition("/")[2] for line in cli.ok("get", "tools", "-o", "name").lines]


def test_without_prune_nothing_goes_but_it_is_said(kitchen):
    drop(kitchen, 8, 9)
    result = kitchen.ok("apply", "-f", "m", "--set", "kitchen")
    assert "pruned" not in result.out
    assert result.err == (
        "set kitchen: 2 members are not in these manifests (tool.mastra.ai/t8, tool.mastra.ai/t9); "
        "--prune would remove them\n"
    )
    assert len(names(kitchen)) == 10


def test_members_that_are_not_in_the_manifests_are_pruned(kitchen, manifest):
    drop(kitchen, 8, 9)
    kitchen.ok("create", "-f", kitchen.write("x.yaml", manifest("stranger", kind="Tool", description="It.")))
    dry = kitchen.ok("apply", "-f", "m", "--set", "kitchen", "--prune", "--dry-run=server")
    assert dry.lines[-2:] == [f"tool.mastra.ai/{name} pruned (server dry run)" for name in ("t8", "t9")]
    done = kitchen.ok("apply", "-f", "m", "--set", "kitchen", "--prune")
    assert done.lines[-2:] == ["tool.mastra.ai/t8 pruned", "tool.mastra.ai/t9 pruned"]
    assert names(kitchen) == ["stranger", *(f"t{n}" for n in range(8))]
    assert "pruned" not in kitchen.ok("apply", "-f", "m", "--set", "kitchen", "--prune").out


def test_much_is_refused_until_confirmed(kitchen):
    drop(kitchen, 5, 6, 7, 8, 9)
    result = kitchen("apply", "-f", "m", "--set", "kitchen", "--prune")
    assert (result.code, result.out) == (1, "")
    assert "Error from server (Forbidden): pruning would remove 5 of 10 members" in result.err
    assert "  tool.mastra.ai/default/t5\n" in result.err
    assert "--yes" in result.err
    assert len(names(kitchen)) == 10
    kitchen.ok("apply", "-f", "m", "--set", "kitchen", "--prune", "--yes")
    assert len(names(kitchen)) == 5


def test_nothing_is_pruned_after_an_error(kitchen, manifest):
    drop(kitchen, 9)
    kitchen.write("m/broken.yaml", manifest("broken", kind="Tool", descriptoin="It."))
    assert kitchen("apply", "-f", "m", "--set", "kitchen", "--prune").code == 4
    assert len(names(kitchen)) == 10


def test_one_that_somebody_made_anew_stays(kitchen, manifest):
    kitchen.ok("delete", "tool", "t9")
    kitchen.ok("create", "-f", "m/t9.yaml")
    drop(kitchen, 9)
    result = kitchen.ok("apply", "-f", "m", "--set", "kitchen", "--prune")
    assert "no longer in it: tool.mastra.ai/t9" in result.err
    assert "t9" in names(kitchen)


def test_json_holds_what_was_pruned_too(kitchen):
    drop(kitchen, 9)
    listed = kitchen.ok("apply", "-f", "m", "--set", "kitchen", "--prune", "-o", "json").json
    assert [item["metadata"]["name"] for item in listed["items"]][-1] == "t9"


def test_by_selector_and_by_all(cli, manifest):
    both = {"app": "x"}
    cli.write("m/a.yaml", manifest("a", labels=both) + "---\n" + manifest("b", labels=both))
    cli.write("m/c.yaml", manifest("c"))
    cli.ok("apply", "-f", "m")
    cli.write("m/a.yaml", manifest("a", labels=both))
    by_label = cli.ok("apply", "-f", "m", "--prune", "-l", "app=x")
    assert by_label.lines == ["agent.mastra.ai/a unchanged", "agent.mastra.ai/b pruned"]
    one = cli.ok("apply", "-f", "m/a.yaml", "--prune", "--all", "--prune-allowlist", "mastra.ai/v1/Agent")
    assert one.lines == ["agent.mastra.ai/a unchanged", "agent.mastra.ai/c pruned"]


def test_waiting_for_what_finalizers_hold(cli, make, store):
    store.apply(make.resource("a"))
    store.apply(make.resource("held", finalizers=["example.com/f"]))
    path = cli.write("a.yaml", make.manifest("a"))
    result = cli("apply", "-f", path, "--prune", "--all", "--wait", "--timeout", "1ms")
    assert result.code == 6
    assert "agent.mastra.ai/held pruned" in result.out
    assert "timed out waiting for the deletion of agent.mastra.ai/held" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prune"], "--prune needs to know what belongs together"),
        (["--all"], "--all only works with --prune"),
        (["--prune-allowlist", "tools"], "--prune-allowlist only works with --prune"),
        (["--prune", "--all", "-l", "a=b"], "--all contradicts a selector"),
        (["--set", "kitchen", "-l", "a=b"], "-l does not go with --set"),
        (["--set", "kitchen", "--prune", "--all"], "--all does not go with --set"),
        (["--set", "Not A Name"], "did you mean 'not-a-name'?"),
        (["--set", "kitchen", "--keep-going"], "--keep-going does not go with --set"),
        (["--prune", "--all", "--keep-going"], "--keep-going does not go with --prune"),
    ],
)
def test_what_makes_no_sense(cli, manifest, arguments, said):
    result = cli("apply", "-f", cli.write("a.yaml", manifest("a")), *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_diff_shows_what_would_go(kitchen):
    drop(kitchen, 9)
    result = kitchen("diff", "-f", "m", "--set", "kitchen", "--prune")
    assert result.code == 1
    assert result.lines[0] == "--- LIVE/mastra.ai.v1.Tool.default.t9"
    assert "-  description: It." in result.lines
