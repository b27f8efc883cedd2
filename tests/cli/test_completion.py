"""Completion: the candidates for any line, and a real bash that shows them."""

from __future__ import annotations

import json
import os
import subprocess

import pytest


@pytest.fixture
def offered(cli):
    """`offered("get", "ag")`: the candidates for the last word, without their help."""

    def ask(*words):
        return [line.partition("\t")[0] for line in cli.ok("__complete", *words).lines]

    return ask


def test_commands_and_subcommands(offered):
    assert {"apply", "get", "watch", "config"} <= set(offered(""))
    assert offered("des") == ["describe"]
    assert "use-context" in offered("config", "")
    assert offered("-n", "x", "des") == ["describe"]


def test_flags_those_of_the_command_and_the_global_ones(offered):
    flags = offered("get", "agents", "--")
    assert {"--selector=", "--all-namespaces", "--store=", "--color=", "--help"} <= set(flags)
    assert "--filename=" not in offered("explain", "agents", "--")


def test_types_names_and_pairs(offered, store, make):
    store.apply(make.resource("chef"))
    store.apply(make.resource("cook", namespace="cooking"))
    store.apply(make.resource("finder", kind="Tool"))
    store.apply(make.definition())
    assert offered("get", "ag") == ["agents"]
    assert "datasources" in offered("get", "")
    assert offered("get", "agents,to") == ["agents,tools"]
    assert offered("get", "agents", "") == ["chef"]
    assert offered("get", "ag", "-n", "cooking", "") == ["cook"]
    assert offered("delete", "agents", "chef", "") == []
    assert offered("describe", "agent/") == ["agent/chef"]
    assert "tools/" in offered("get", "agent/chef", "to")
    assert offered("get", "agents,tools", "") == ["chef", "finder"]


def test_types_and_names_for_the_verbs_that_change(offered, store, make):
    store.apply(make.resource("chef"))
    for verb in (["edit"], ["patch"], ["label"], ["annotate"], ["scale"], ["rollout", "undo"]):
        assert offered(*verb, "ag") == ["agents"]
        assert offered(*verb, "agent", "") == ["chef"]
    assert offered("rollout", "u") == ["undo"]
    assert "agents/" in offered("events", "--for", "")
    assert offered("patch", "agent", "chef", "--type", "") == ["merge", "json", "apply", "strategic"]


def test_values_of_flags(offered, cli, store, make, tmp_path):
    store.apply(make.resource("cook", namespace="cooking"))
    cli.environ["MASTRACTL_CONFIG"] = str(tmp_path / "c.json")
    (tmp_path / "c.json").write_text(json.dumps({"contexts": {"kitchen": {"store": "/x"}}}))
    assert offered("get", "agents", "-n", "") == ["cooking"]
    assert offered("get", "agents", "--namespace=co") == ["--namespace=cooking"]
    assert offered("get", "agents", "-o", "j") == ["json", "jsonpath="]
    assert offered("get", "--color", "") == ["auto", "always", "never"]
    assert offered("--context", "") == ["kitchen"]
    assert offered("config", "use-context", "") == ["kitchen"]
    assert offered("apply", "-f", "") == [":files"]
    assert offered("wait", "--for", "c") == ["condition=", "create"]
    assert offered("completion", "z") == ["zsh"]


def test_fields_for_explain(offered):
    assert offered("explain", "ag") == ["agents"]
    assert offered("explain", "agent.spec.mo") == ["agent.spec.model", "agent.spec.modelSettings"]
    assert offered("explain", "agent.nope.") == []


def test_a_store_that_cannot_be_opened_offers_nothing_and_says_nothing(cli, tmp_path):
    (tmp_path / "file").write_text("no directory")
    result = cli.ok("__complete", "get", "agents", "", MASTRACTL_STORE=str(tmp_path / "file"))
    assert (result.out, result.err) == ("", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_there_is_a_script_for_each_shell(cli, shell):
    out = cli.ok("completion", shell).out
    assert "mastractl" in out
    assert "__complete" in out


def test_an_unknown_shell_is_a_usage_error(cli):
    assert cli("completion", "tcsh").code == 2


def bash(cli, *words):
    script = (
        'source <(mastractl completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        "_mastractl 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    env = {**os.environ, "MASTRACTL_STORE": str(cli.store)}
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", "mastractl", *words],
        env=env,
        cwd=cli.directory,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_a_real_bash_completes(cli, store, make):
    store.apply(make.resource("chef"))
    assert bash(cli, "get", "ag") == ["agents"]
    assert bash(cli, "get", "agents", "") == ["chef"]
    cli.write("manifest.yaml", "")
    assert bash(cli, "apply", "-f", "mani") == ["manifest.yaml"]
