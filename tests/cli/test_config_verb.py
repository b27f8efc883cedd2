"""`config` and `version`: contexts made, used, shown and forgotten."""

from __future__ import annotations

import json
import platform

import pytest
import yaml

import mastractl


@pytest.fixture
def contexts(cli, tmp_path):
    """A command line without a store of its own, so that contexts decide."""
    del cli.environ["MASTRACTL_STORE"]
    cli.environ["MASTRACTL_CONFIG"] = str(tmp_path / "config.json")
    return cli


def test_a_context_is_a_store_and_a_namespace(contexts, make, tmp_path):
    contexts.write("agent.yaml", make.manifest("a"))
    made = contexts.ok("config", "set-context", "kitchen", "--store", "./kitchen", "-n", "cooking")
    assert made.out == 'Context "kitchen" created.\n'
    assert contexts.ok("config", "use-context", "kitchen").out == 'Switched to context "kitchen".\n'
    assert contexts.ok("config", "current-context").out == "kitchen\n"
    contexts.ok("apply", "-f", "agent.yaml")
    assert (tmp_path / "kitchen" / "agent" / "cooking" / "a.json").is_file()


def test_a_context_is_changed_in_part(contexts, tmp_path):
    contexts.ok("config", "set-context", "kitchen", "--store", "./kitchen", "-n", "cooking")
    contexts.ok("config", "use-context", "kitchen")
    assert contexts.ok("config", "set-context", "--current", "-n", "b").out == 'Context "kitchen" modified.\n'
    saved = json.loads((tmp_path / "config.json").read_text())
    assert saved["contexts"]["kitchen"] == {"store": str(tmp_path / "kitchen"), "namespace": "b"}


def test_a_context_has_options_for_its_store(contexts, make, tmp_path):
    contexts.write("agent.yaml", make.manifest("a"))
    contexts.ok(
        "config", "set-context", "k", "--store", "./k", "--option", "audit=a.jsonl", "--option", "retry=3"
    )
    contexts.ok("config", "use-context", "k")
    contexts.ok("apply", "-f", "agent.yaml")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert any(json.loads(line)["key"] == "res/agent/default/a" for line in lines)
    assert contexts.ok("get", "agents", "-o", "name").out == "agent.mastra.ai/a\n"
    saved = json.loads((tmp_path / "config.json").read_text())
    assert saved["contexts"]["k"]["options"] == {"audit": str(tmp_path / "a.jsonl"), "retry": "3"}
    assert f"file:{tmp_path}/k?audit={tmp_path}/a.jsonl&retry=3" in contexts.ok("config", "view").out
    contexts.ok("config", "set-context", "k", "--option", "audit-")
    assert f"file:{tmp_path}/k?retry=3" in contexts.ok("config", "get-contexts").out
    contexts.ok("config", "unset", "contexts.k.options")
    assert f"{tmp_path}/k " in contexts.ok("config", "get-contexts").out
    contexts.ok("config", "set-context", "k", "--option", "retry=3")
    contexts.ok("config", "unset", "contexts.k.store")
    assert contexts.ok("config", "get-contexts").out


@pytest.mark.parametrize("word", ["cash=1", "cache", "cache=", "-", ""])
def test_an_option_that_is_none_is_refused(contexts, word):
    refused = contexts("config", "set-context", "k", "--store", "./k", "--option", word)
    assert refused.code == 2
    assert "audit, cache, encrypt, metrics, retry" in refused.err


def test_options_need_a_store(contexts):
    assert "--store" in contexts("config", "set-context", "k", "--option", "retry=1").err


def test_a_context_that_something_stronger_hides_is_told(contexts):
    contexts.ok("config", "set-context", "a", "--store", "./a")
    contexts.ok("config", "set-context", "b", "--store", "./b")
    assert contexts.ok("config", "use-context", "a").err == ""
    assert contexts.ok("config", "use-context", "b").err == ""
    contexts.environ["MASTRACTL_STORE"] = "elsewhere"
    hidden = contexts.ok("config", "use-context", "a")
    assert hidden.out == 'Switched to context "a".\n'
    assert hidden.err.startswith("it is not in force here: MASTRACTL_STORE is stronger\nhint: ")


def test_get_contexts(contexts):
    contexts.ok("config", "set-context", "b", "--store", "postgresql://me:secret@db/x")
    contexts.ok("config", "set-context", "a", "-n", "cooking")
    contexts.ok("config", "use-context", "a")
    out = contexts.ok("config", "get-contexts").out
    assert "secret" not in out
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["CURRENT", "NAME", "STORE", "NAMESPACE"]
    assert rows[1] == ["*", "a", "<default>", "cooking"]
    assert rows[2][0] == "b"
    assert contexts.ok("config", "get-contexts", "-o", "name").out == "a\nb\n"


def test_view_says_what_is_in_force_and_who_said_so(contexts, tmp_path):
    contexts.ok("config", "set-context", "kitchen", "--store", "./kitchen", "-n", "cooking")
    contexts.ok("config", "use-context", "kitchen")
    shown = json.loads(contexts.ok("config", "view", "-o", "json").out)
    assert shown == {"store": str(tmp_path / "kitchen"), "namespace": "cooking", "context": "kitchen"}
    origins = json.loads(
        contexts.ok("config", "view", "--show-origin", "-o", "json", "-n", "x", MASTRACTL_STORE="y").out
    )
    assert origins["namespace"] == {"value": "x", "origin": "flag --namespace"}
    assert origins["store"]["origin"] == "MASTRACTL_STORE"
    assert yaml.safe_load(contexts.ok("config", "view", "-o", "yaml").out) == shown
    assert "(default)" in contexts.ok("config", "view", "--show-origin", "--store", "z").out


def test_a_forgotten_context(contexts):
    contexts.ok("config", "set-context", "kitchen", "-n", "cooking")
    contexts.ok("config", "use-context", "kitchen")
    gone = contexts.ok("config", "delete-context", "kitchen")
    assert gone.out.startswith('deleted context "kitchen"')
    assert "current context" in gone.err
    assert contexts.ok("config", "get-contexts", "-o", "name").out == ""
    assert contexts("config", "current-context").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["use-context", "kitchn"], "did you mean 'kitchen'?"),
        (["delete-context", "nope"], "get-contexts"),
        (["set-context"], "name a context or say --current"),
        (["set-context", "--current"], "no context is current"),
        (["set-context", "x", "-n", "Bad Name"], "namespace 'Bad Name'"),
        (["no-such"], "no-such"),
    ],
)
def test_what_makes_no_sense_is_refused(contexts, arguments, said):
    contexts.ok("config", "set-context", "kitchen", "-n", "cooking")
    result = contexts("config", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_version(cli):
    assert cli.ok("version").lines == [
        f"mastractl {mastractl.__version__}",
        f"python {platform.python_version()}",
        f"platform {platform.platform()}",
    ]
    assert cli.ok("version", "--client").out == f"mastractl {mastractl.__version__}\n"
    document = json.loads(cli.ok("version", "-o", "json").out)
    assert document["clientVersion"]["version"] == mastractl.__version__
    assert yaml.safe_load(cli.ok("version", "-o", "yaml").out) == document


@pytest.fixture
def config(contexts):
    """`config("view")` is `mastractl config view`."""
    return lambda *arguments: contexts("config", *arguments)


def test_a_context_gets_another_name(config):
    config("set-context", "a", "--store", "/srv/a", "-n", "x")
    config("set-context", "b", "--store", "/srv/b")
    config("use-context", "a")
    assert config("rename-context", "a", "c").out == 'Context "a" renamed to "c".\n'
    assert config("current-context").out == "c\n"
    assert config("get-contexts", "-o", "name").lines == ["b", "c"]
    assert config("view").lines[0].split() == ["store:", "/srv/a"]
    taken = config("rename-context", "c", "b")
    assert (taken.code, taken.err.splitlines()[0]) == (2, "error: there is a context named 'b' already")
    assert config("rename-context", "nope", "d").code == 2


def test_values_are_unset(config):
    config("set-context", "a.b", "--store", "/srv/a", "-n", "x")
    config("use-context", "a.b")
    assert config("unset", "contexts.a.b.namespace").out == 'Property "contexts.a.b.namespace" unset.\n'
    assert config("view").lines[1].split() == ["namespace:", "default"]
    config("unset", "contexts.a.b.store")
    assert config("get-contexts", "a.b", "--no-headers").out.split() == ["*", "a.b", "<default>", "default"]
    config("unset", "current-context")
    assert config("current-context").code == 2
    config("use-context", "a.b")
    config("unset", "contexts.a.b")
    assert config("get-contexts", "-o", "name").out == ""
    assert config("current-context").code == 2
    for wrong in ("users.x", "contexts", "contexts."):
        assert "is no property" in config("unset", wrong).err
    assert "no context named 'nope'" in config("unset", "contexts.nope").err


def test_only_some_contexts_are_listed(config):
    config("set-context", "a", "--store", "/srv/a")
    config("set-context", "b", "--store", "/srv/b")
    assert config("get-contexts", "b", "-o", "name").out == "b\n"
    assert config("get-contexts", "c").code == 2
