"""kubectl's flags that have nothing to act on here are answered, wherever they stand."""

from __future__ import annotations

import pytest

from mastractl.cli import foreign, main, strangers


@pytest.mark.parametrize("name", foreign.FLAGS)
def test_each_is_answered_with_what_to_do(cli, name):
    for spelling in foreign.FLAGS[name][0]:
        for arguments in ([spelling, "x", "get", "agents"], ["get", "agents", spelling, "x"]):
            result = cli(*arguments)
            assert (result.code, result.out) == (2, ""), arguments
            first, hint = result.err.splitlines()
            assert first == f"error: {foreign.FLAGS[name][0][0]}: {foreign.FLAGS[name][1]}"
            assert hint.startswith("hint: ")
            assert "{" not in hint
    assert not cli.store.exists()


def test_a_kustomization_is_answered_with_the_line_that_does_it(cli):
    result = cli("apply", "-k", "overlays/prod")
    assert "hint: `kubectl kustomize overlays/prod | mastractl apply -f -` does it" in result.err


def test_they_are_not_in_the_help(cli):
    out = cli.ok("get", "--help").out
    for spellings, _, _ in foreign.FLAGS.values():
        assert f" {spellings[0]} " not in out


def test_they_are_not_offered_for_a_flag_that_there_is_not(cli):
    assert "--token" not in cli("get", "--tokn").err


def test_a_request_timeout_is_taken(cli):
    for value in ("5s", "0", "1m"):
        assert cli.ok("get", "agents", f"--request-timeout={value}").code == 0
        assert cli.ok("--request-timeout", value, "get", "agents").code == 0
    result = cli("get", "agents", "--request-timeout=soon")
    assert result.code == 2
    assert 'invalid duration "soon" for --request-timeout' in result.err


@pytest.mark.parametrize("flag", foreign.UNKNOWN)
def test_a_flag_of_another_verb_is_answered_with_what_to_do(cli, flag):
    result = cli("get", "agents", flag)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"error: unknown flag: {flag}\nhint: {foreign.UNKNOWN[flag]}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (["get", "ns"], 3, "a namespace is there as soon as a resource is in it; -n names one, -A shows all"),
        (["create", "namespace", "x"], 2, "a namespace is there as soon as a resource is in it"),
        (["apply", "set-last-applied", "-f", "x"], 2, "the store itself remembers what was applied"),
        (["apply", "edit-last-applied", "agent", "x"], 2, "`mastractl edit` changes what is there"),
        (["apply", "x.yaml"], 2, "did you mean -f x.yaml?"),
        (["lint"], 2, "did you mean 'mastractl validate'?"),
        (["rollback"], 2, "did you mean 'mastractl rollout undo'?"),
    ],
)
def test_what_is_called_otherwise_here(cli, arguments, code, hint):
    result = cli(*arguments)
    assert (result.code, result.out) == (code, "")
    assert f"hint: {hint}" in result.err


def test_the_words_for_our_commands_lead_to_commands_and_hide_none():
    for word, meant in strangers.MEANT.items():
        assert word not in main.COMMANDS
        assert word not in strangers.INSTEAD
        first, _, second = meant.partition(" ")
        declared = main.load(first)
        assert not second or second in declared.verbs


def test_a_missing_argument_is_one_line(cli):
    result = cli("completion")
    assert result.err.splitlines() == [
        "error: missing argument 'bash|zsh|fish|powershell'",
        "hint: see 'mastractl completion --help'",
    ]
