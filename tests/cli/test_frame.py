"""What holds for every verb: help, usage errors, global flags, streams, exit codes."""

from __future__ import annotations

import importlib
import io
import json
import re

import pytest

import mastractl
from mastractl import errors
from mastractl.cli.main import COMMANDS

VERBS = sorted(COMMANDS)


def module(name):
    return importlib.import_module(f"mastractl.cli.commands.{name.replace('-', '_')}")


def test_alone_it_shows_its_help(cli):
    alone = cli.ok()
    assert alone.out == cli.ok("--help").out == cli.ok("-h").out
    assert alone.err == ""
    assert alone.out.startswith("Usage: mastractl [OPTIONS] COMMAND [ARGS]...")
    for name, command in COMMANDS.items():
        assert f" {name} {command.help}" in re.sub(r"\s+", " ", alone.out)


def test_help_is_a_word_as_well(cli):
    assert cli.ok("help").out == cli.ok("--help").out
    assert cli.ok("help", "get").out == cli.ok("get", "--help").out
    assert cli.ok("help", "config", "view").out == cli.ok("config", "view", "--help").out
    assert cli("help", "gt").code == 2


def test_the_help_tells_the_exit_codes(cli):
    assert "3 not found, 4 invalid manifest" in cli.ok("--help").out


def test_the_help_shows_commands_by_panel(cli):
    out = cli.ok("--help").out
    order = ["Basic commands:", "apply", "Inspect:", "Settings:", "Global options:", "--store"]
    places = [out.index(word) for word in order if word in out]
    assert places == sorted(places)


def test_version(cli):
    assert cli.ok("--version").out == f"mastractl {mastractl.__version__}\n"
    assert cli.ok("--store", "x", "--version").out == f"mastractl {mastractl.__version__}\n"


@pytest.mark.parametrize("name", VERBS)
def test_the_table_tells_what_the_verb_tells(name):
    verb = module(name)
    summary = verb.run.__doc__ if hasattr(verb, "run") else verb.app.help
    assert summary.splitlines()[0] == COMMANDS[name].help


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_with_examples_and_global_options(name, cli):
    out = cli.ok(name, "--help").out
    assert out.startswith(f"Usage: mastractl {name}")
    assert "Global options:" in out or "Commands:" in out
    assert max(map(len, out.splitlines())) <= 110
    if hasattr(module(name), "run"):
        assert "\nExamples:\n  # " in out
        assert f"mastractl {name}" in out.partition("\nExamples:\n")[2]
        assert cli.ok(name, "-h").out == out


@pytest.mark.parametrize(
    ("typed", "meant"), [("gt", "get"), ("aply", "apply"), ("delte", "delete"), ("validat", "validate")]
)
def test_a_misspelt_command_is_answered_with_the_nearest(cli, typed, meant):
    result = cli(typed, "agents")
    assert (result.code, result.out) == (2, "")
    first, hint = result.err.splitlines()
    assert first == f'error: unknown command "{typed}" for "mastractl"'
    assert hint.startswith("hint: did you mean ")
    assert f"'{meant}'" in hint


def test_an_unknown_command_points_at_the_help(cli):
    result = cli("qqqqqq")
    assert result.code == 2
    assert result.err.splitlines()[1] == "hint: see 'mastractl --help'"


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (["get", "--nmaespace", "x"], "unknown flag: --nmaespace", "did you mean '--namespace'?"),
        (["get", "-z"], "unknown flag: -z", "see 'mastractl get --help'"),
        (["get", "agents", "-o"], "option '-o' requires an argument", "see 'mastractl get --help'"),
        (["--nope", "get"], "unknown flag: --nope", ""),
        (["version", "-o", "xml"], "'xml' is not one of 'json', 'yaml'", "see 'mastractl version --help'"),
        (["help", "all"], 'unknown command "all"', "the manual of all commands: mastractl help --all"),
        (["get", "agents", "--color", "red"], "'red' is not one of", "see 'mastractl get --help'"),
        (
            ["get", "agents", "-A=perhaps"],
            'invalid argument "perhaps" for "-A"',
            "see 'mastractl get --help'",
        ),
    ],
)
def test_usage_errors_are_plain_text_with_exit_2(cli, typed, message, hint):
    result = cli(*typed)
    assert (result.code, result.out) == (2, "")
    first, *rest = result.err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert not hint or rest == [f"hint: {hint}"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-n", "cooking", "get", "agents", "-o", "name"],
        ["get", "agents", "-n", "cooking", "-o", "name"],
        ["get", "-n=cooking", "agents", "-oname"],
        ["-n=cooking", "get", "-o=name", "agents"],
        ["--namespace", "default", "get", "agents", "--namespace=cooking", "--output", "name"],
        ["get", "-Aoname", "agents"],
    ],
)
def test_global_flags_stand_before_or_after_the_verb(cli, manifest, arguments):
    cli.ok("apply", "-f", cli.write("a.yaml", manifest("x", namespace="cooking")))
    assert cli.ok(*arguments).out == "agent.mastra.ai/x\n"


def test_the_store_is_named_by_flag_before_or_after_the_verb(cli, manifest, tmp_path):
    path = cli.write("a.yaml", manifest("x"))
    cli.ok("apply", "-f", path, "--store", tmp_path / "one")
    assert cli.ok("--store", tmp_path / "one", "get", "agents", "-o", "name").out == "agent.mastra.ai/x\n"
    assert cli.ok("get", "agents", "-o", "name").out == ""


def test_a_project_file_names_the_store_and_the_namespace(cli, manifest):
    cli.write(".mastractl.yaml", "store: data\nnamespace: cooking\n")
    path = cli.write("a.yaml", manifest("x"))
    assert cli.ok("apply", "-f", path, MASTRACTL_STORE="").out == "agent.mastra.ai/x created\n"
    assert (cli.directory / "data/agent/cooking/x.json").is_file()


def test_a_bad_project_file_is_an_error_with_file_and_line(cli):
    path = cli.write(".mastractl.yaml", "store: data\nnamespce: x\n")
    result = cli("get", "agents")
    assert result.code == 2
    assert result.err == f"error: {path}:2: unknown key 'namespce'\nhint: did you mean 'namespace'?\n"
    cli.write(".mastractl.yaml", "store: [\n")
    assert re.match(rf"error: {path}:\d: ", cli("get", "agents").err)
    cli.write(".mastractl.yaml", "store: a\n---\nstore: b\n")
    assert cli("get", "agents").err.startswith(f"error: {path}:2: only one document is expected here")


def test_a_namespace_that_cannot_be_one_is_refused(cli):
    result = cli("get", "agents", "-n", "Not_A_Namespace")
    assert result.code == 2
    assert "namespace 'Not_A_Namespace' (flag --namespace)" in result.err


def test_verbose_tells_where_settings_come_from_on_standard_error(cli):
    result = cli.ok("get", "agents", "-v", "-o", "name")
    assert result.out == ""
    assert f"store: {cli.store} (MASTRACTL_STORE)" in result.err
    assert "namespace: default (default)" in result.err


def test_more_verbose_tells_what_it_took(cli):
    for level in ("-vv", "-v=2"):
        told = cli.ok("get", "agents", level, "-o", "name").err.splitlines()[-1]
        assert re.fullmatch(r"store at revision \d+; \d+ ms", told)
    assert "revision" not in cli.ok("get", "agents", "-v", "-o", "name").err


def test_quiet_drops_talk_but_not_errors(cli):
    assert cli.ok("get", "agents").err == "No resources found in default namespace.\n"
    assert cli.ok("get", "agents", "-q").err == ""
    assert cli("get", "agents", "x", "-q").err.startswith("Error from server (NotFound)")


def test_with_json_an_error_is_one_json_object_on_standard_error(cli):
    result = cli("get", "agent", "x", "-o", "json")
    assert (result.code, result.out) == (3, "")
    status = json.loads(result.err)
    assert status["kind"] == "Status"
    assert (status["reason"], status["code"]) == ("NotFound", 404)
    assert status["message"] == 'agents.mastra.ai "x" not found'


def test_with_json_several_errors_are_one_object_too(cli):
    status = json.loads(cli("get", "agents", "x", "y", "-o", "json").err)
    assert status["reason"] == "NotFound"
    assert [e["message"] for e in status["errors"]] == [
        'agents.mastra.ai "x" not found',
        'agents.mastra.ai "y" not found',
    ]


def test_colour_goes_to_terminals_and_where_it_is_forced(cli):
    assert "\x1b[" not in cli("get", "nope").err
    assert "\x1b[" in cli("get", "nope", tty=True).err
    assert "\x1b[" not in cli("get", "nope", tty=True, NO_COLOR="1").err
    assert "\x1b[" not in cli("get", "nope", "--no-color", tty=True).err
    assert "\x1b[" in cli("get", "nope", "--color", "always").err
    assert "\x1b[" in cli("--color=always", "get", "nope").err
    assert "\x1b[" in cli("get", "nope", FORCE_COLOR="1").err
    assert "\x1b[" not in cli("get", "nope", tty=True, TERM="dumb").err


class Broken(io.TextIOBase):
    """A standard output whose every write fails."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def writable(self):
        return True

    def write(self, text):
        raise self.error


def test_a_reader_that_went_away_is_no_news(cli):
    result = cli("get", "agents", "-o", "json", stdout=Broken(BrokenPipeError()))
    assert (result.code, result.err) == (141, "")


def test_ctrl_c_is_quiet(cli):
    result = cli("get", "agents", "-o", "json", stdout=Broken(KeyboardInterrupt()))
    assert (result.code, result.err) == (130, "")


def test_a_bug_is_one_line_and_a_traceback_only_when_asked_for(cli):
    broken = Broken(ZeroDivisionError("what\nelse"))
    result = cli("get", "agents", "-o", "yaml", stdout=broken)
    assert result.code == 1
    assert result.err.splitlines()[0] == "error: internal error: ZeroDivisionError: what else"
    assert "please report" in result.err
    assert "Traceback" not in result.err
    assert "Traceback" in cli("get", "agents", "-o", "yaml", stdout=broken, MASTRACTL_DEBUG="1").err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (errors.Conflict("it changed"), "Error from server (Conflict): it changed"),
        (errors.StorageFull("no space"), "error: no space"),
        (errors.UnknownKind("no kind"), "error: no kind"),
        (RecursionError(), "error: the data is nested too deeply"),
        (PermissionError(13, "Permission denied", "/x"), "error: /x: Permission denied"),
    ],
)
def test_errors_are_told_in_kubectls_shape(cli, error, line):
    assert cli("get", "agents", "-o", "yaml", stdout=Broken(error)).err.splitlines()[0] == line


def test_standard_output_that_fails_while_an_error_is_told_is_told_too(cli):
    class Full(Broken):
        def write(self, text):
            return len(text)

        def flush(self):
            raise self.error

    result = cli("get", "agents", stdout=Full(OSError(28, "No space left on device", "standard output")))
    assert result.code == 1
    assert "Traceback" not in result.err
    assert cli("get", "nope", stdout=Full(BrokenPipeError())).code == 141
