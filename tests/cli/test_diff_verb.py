"""`diff`: exactly what an apply would change, and exit codes a script can trust."""

from __future__ import annotations


def test_nothing_differs(cli, make):
    cli.write("a.yaml", make.manifest("a"))
    cli.ok("apply", "-f", "a.yaml")
    assert cli("diff", "-f", "a.yaml") == type(cli("version"))(0, "", "")


def test_what_is_new_and_what_changes(cli, make):
    cli.write("a.yaml", make.manifest("a", instructions="One."))
    new = cli("diff", "-f", "a.yaml")
    assert new.code == 1
    assert new.lines[:2] == [
        "--- LIVE/mastra.ai.v1.Agent.default.a",
        "+++ MERGED/mastra.ai.v1.Agent.default.a",
    ]
    assert all(line.startswith("+") for line in new.lines[3:])
    assert "+  instructions: One." in new.lines
    cli.ok("apply", "-f", "a.yaml")
    cli.write("a.yaml", make.manifest("a", instructions="Two."))
    changed = cli("diff", "-f", "a.yaml")
    assert changed.code == 1
    assert [line for line in changed.lines[2:] if line[0] in "+-"] == [
        "-  instructions: One.",
        "+  instructions: Two.",
    ]


def test_it_writes_nothing_and_shows_nothing_of_the_stores_own(cli, make, store):
    cli.write("a.yaml", make.manifest("a"))
    out = cli("diff", "-f", "a.yaml").out
    assert store.get("agents", name="a") is None
    for field in ("uid", "generation", "resourceVersion", "creationTimestamp"):
        assert field not in out


def test_what_is_declared_by_default_or_shorthand_does_not_differ(cli, make):
    tool = make.manifest("finder", kind="Tool", description="Finds.", type="function")
    cli.write(
        "m.yaml",
        make.manifest("a", instructions="Help.", model="openai/gpt-4", tools=["finder"]) + "---\n" + tool,
    )
    cli.ok("apply", "-f", "m.yaml")
    assert cli("diff", "-f", "m.yaml").code == 0


def test_colour_on_a_terminal_only(cli, make):
    cli.write("a.yaml", make.manifest("a"))
    assert "\x1b[" not in cli("diff", "-f", "a.yaml").out
    assert "\x1b[32m+" in cli("diff", "-f", "a.yaml", "--color=always").out


def test_errors_are_more_than_1(cli, make):
    assert cli("diff", "-f", "missing.yaml").code == 4
    cli.write("bad.yaml", make.manifest("a", instuctions="x"))
    bad = cli("diff", "-f", "bad.yaml")
    assert bad.code == 4
    assert "instuctions" in bad.err
    assert cli("diff").code == 2
    cli.write("a.yaml", make.manifest("a"))
    cli.write("file", "no directory")
    assert cli("diff", "-f", "a.yaml", "--store", "file").code > 1
