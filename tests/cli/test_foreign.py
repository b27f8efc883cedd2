"""kubectl's flags that have nothing to act on here are answered, wherever they stand."""

from __future__ import annotations

import pytest

from mastractl.cli import foreign


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
