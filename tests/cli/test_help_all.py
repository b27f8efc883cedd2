"""The manual has every verb, flag and example; words of kubectl's are answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.cli import options, reference, strangers
from mastractl.cli.main import COMMANDS, load

ROOT = Path(__file__).resolve().parents[2]


def verbs():
    for name in COMMANDS:
        declared = load(name)
        yield from ((f"{name} {word}", verb) for word, verb in declared.verbs.items())
        if isinstance(declared, options.Verb):
            yield name, declared


VERBS = dict(verbs())
UNFOLDED = re.compile(r"(?: \\\n +|(?<=\w)\n +# )")
"""A command that goes on in the next line, and a comment that does."""
SHOWN = [parameter for parameter in options.GLOBALS if not parameter.declared.hidden]


@pytest.fixture
def manual(cli):
    return {form: cli.ok("help", "--all", "-o", form).out for form in ("text", "markdown", "man")}


def test_every_verb_flag_argument_and_example_is_in_the_manual(cli):
    text = cli.ok("help", "--all", COLUMNS="100").out
    markdown = cli.ok("help", "--all", "-o", "markdown").out
    for name, verb in VERBS.items():
        section = markdown.split(f"\n### mastractl {name}\n")[1].split("\n### ")[0]
        assert f"\n  mastractl {name}" in text or f" mastractl {name}" in text
        for parameter in verb.parameters:
            if parameter.declared.hidden or parameter in options.GLOBALS:
                continue
            spelt = [parameter.declared.metavar] if parameter.positional else parameter.declared.names
            for word in spelt:
                assert word in section, (name, word)
                assert word in text
        told = UNFOLDED.sub(" ", text)
        for line in verb.examples.strip().splitlines():
            assert line in section
            assert line in told or line in text
    for parameter in SHOWN:
        assert all(word in text for word in parameter.declared.names)


def test_the_manual_tells_the_environment_the_files_and_the_exit_codes(manual):
    for form in manual.values():
        assert "MASTRACTL_STORE" in form
        assert ".mastractl.yaml" in form
        assert "5 conflict" in form


def test_it_fits_the_terminal(cli):
    for columns in ("80", "100"):
        lines = cli.ok("help", "--all", COLUMNS=columns).lines
        prose = [
            line for line in lines if not re.match(r" +(#|mastractl|cat|MASTRACTL_EDITOR|EDITOR|--)", line)
        ]
        assert max(map(len, prose)) <= int(columns)


def test_every_parameter_has_words_of_help():
    silent = [
        (name, p.name)
        for name, verb in VERBS.items()
        for p in verb.parameters
        if not p.declared.hidden and not p.declared.help
    ]
    assert not silent


@pytest.mark.parametrize("name", VERBS)
def test_every_help_has_its_usage_examples_options_and_exit_codes(cli, name):
    out = cli.ok(*name.split(), "--help").out
    for section in ("Usage: ", "Examples:\n  #", "Global options:\n", "Exit codes: 0 ok"):
        assert section in out
    assert f" mastractl {name}" in out.split("Examples:")[1]


def test_the_page_for_man_hides_no_line_from_roff(manual):
    requests = {line.split()[0] for line in manual["man"].splitlines() if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".RS", ".RE", ".nf", ".fi"}


def test_a_form_is_of_the_whole(cli):
    assert cli("help", "-o", "man").code == 2
    assert cli("help", "get", "--all").code == 2


def test_the_readme_points_at_it():
    assert "mastractl help --all" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", sorted(strangers.INSTEAD))
def test_a_verb_of_kubectls_that_makes_no_sense_here_is_answered(cli, word):
    result = cli(word, "x", "--whatever")
    assert (result.code, result.out) == (2, "")
    first, hint = result.err.splitlines()
    assert first == f'error: kubectl\'s "{word}" is no command of mastractl'
    assert hint == f"hint: {strangers.INSTEAD[word]}"
    assert cli("-n", "y", word).err == result.err
    assert set(re.findall(r"mastractl ([a-z-]+)", hint)) <= set(COMMANDS)
    assert word not in COMMANDS


def test_the_options_of_every_command(cli):
    out = cli.ok("options").out
    assert all(name in out for parameter in SHOWN for name in parameter.declared.names)


def test_the_versions_of_the_kinds_there_are(cli, store, make):
    assert cli.ok("api-versions").lines == ["mastra.ai/v1", "mastra.ai/v1alpha1"]
    store.apply(make.definition())
    assert cli.ok("api-versions").lines[0] == "acme.io/v1"


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["help", "appl"], "apply"),
        (["help", "config", "vi"], "view"),
        (["fmt", ""], ":files"),
        (["api-v"], "api-versions"),
    ],
)
def test_completion(cli, words, offers):
    assert offers in [line.partition("\t")[0] for line in cli.ok("__complete", *words).lines]


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_fits_80_columns(cli, name):
    cli.environ["COLUMNS"] = "80"
    help_text = cli.ok(*name.split(), "--help").out
    assert [line for line in help_text.splitlines() if len(line) > 80] == []
    assert "Examples:\n" in help_text


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(["get", "-n", "x", "'a -b | c'", '"it\'s -x"', "--for=a", "|", "jq", "-r"])),
    st.integers(min_value=20, max_value=90),
)
def test_a_folded_command_is_the_same_command(words, width):
    command = " ".join(["EDITOR='sed -i s/a/b/'", "mastractl", *words])
    folded = list(reference.folded(command, width))
    joined = " ".join(line.removesuffix("\\").strip() for line in folded)
    assert joined == command
    assert all(line.endswith(" \\") for line in folded[:-1])
