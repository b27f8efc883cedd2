"""`describe`: one resource or several, with what they refer to."""

from __future__ import annotations


def test_a_resource_with_its_references(cli, store, make):
    store.apply(make.resource("finder", kind="Tool"))
    tools = [{"name": "finder", "ref": {"name": "finder"}}, {"name": "gone", "ref": {"name": "gone"}}]
    store.apply(make.resource("a", labels={"app": "x"}, instructions="Help.", tools=tools))
    out = cli.ok("describe", "agent", "a").out
    assert out.startswith("Name:")
    assert "app=x" in out
    assert "Instructions:" in out
    found, missing = (
        next(line for line in out.splitlines() if word in line) for word in ("found", "missing")
    )
    assert "tool.mastra.ai/default/finder" in found
    assert "tool.mastra.ai/default/gone" in missing


def test_a_name_may_be_the_beginning_of_names(cli, store, make):
    for name in ("chef-one", "chef-two", "waiter"):
        store.apply(make.resource(name))
    out = cli.ok("describe", "agents", "chef").out
    assert out.count("UID:") == 2
    assert "waiter" not in out


def test_all_of_a_type_and_by_label(cli, store, make):
    store.apply(make.resource("a", labels={"app": "x"}))
    store.apply(make.resource("b"))
    assert cli.ok("describe", "agents").out.count("\nKind:") == 2
    assert cli.ok("describe", "agents", "-l", "app=x").out.count("\nKind:") == 1


def test_a_missing_name_fails_and_the_others_are_shown(cli, store, make):
    store.apply(make.resource("a"))
    result = cli("describe", "agents", "a", "zzz")
    assert result.code == 3
    assert result.out.startswith("Name:")
    assert 'agents.mastra.ai "zzz" not found' in result.err


def test_nothing_there_is_said_on_standard_error(cli):
    result = cli.ok("describe", "agents")
    assert (result.out, result.err) == ("", "No resources found in default namespace.\n")


def test_a_file_that_could_not_be_read_is_told_of(cli, store, make):
    store.apply(make.resource("a"))
    (cli.store / "agent" / "default" / "a.json").write_text('{"spec": ', encoding="utf-8")
    result = cli.ok("describe", "agent", "a")
    assert "Notes:" in result.out
    assert "a.json" in result.err
