"""`init`: a project that is right from its first minute, and nothing of yours is written over."""

from __future__ import annotations

import re

import pytest

from mastractl.cli import scaffold


@pytest.fixture(params=scaffold.TEMPLATES)
def project(request, cli, monkeypatch):
    """A command line in a new project, with the settings of its own file."""
    cli.ok("init", "demo", "--template", request.param)
    cli.directory = cli.directory / "demo"
    monkeypatch.chdir(cli.directory)
    del cli.environ["MASTRACTL_STORE"]
    return cli


def test_a_new_project_validates_is_tidy_and_applies(project):
    validated = project.ok("validate", "manifests/", "-R", "--strict-refs")
    assert "warning" not in validated.err
    assert project.ok("fmt", "--check", "manifests/", "-R").out == ""
    applied = project.ok("apply", "-f", "manifests/", "-R", "--strict-refs")
    assert applied.err == ""
    assert {line.split()[1] for line in applied.lines} == {"created"}
    assert project("diff", "-f", "manifests/", "-R").code == 0
    assert (project.directory / ".mastra-data/agent/demo").is_dir()
    assert project.ok("get", "all", "-o", "name").lines


def test_the_commands_of_its_readme_work(project):
    text = (project.directory / "README.md").read_text(encoding="utf-8")
    assert "PROJECT" not in text
    (block,) = re.findall(r"```sh\n(.+?)```", text, re.DOTALL)
    commands = [line.split()[1:] for line in block.splitlines()]
    assert len(commands) == 5
    for arguments in commands:
        assert project(*arguments).code == (arguments[0] == "diff"), arguments


def test_what_is_made_is_told_and_what_to_do_next(cli):
    made = cli.ok("init", "demo")
    assert made.lines == [
        f"demo/{path} created"
        for path in (
            ".mastractl.yaml",
            ".gitignore",
            "README.md",
            ".mastractl/schema.json",
            "manifests/agents.yaml",
            "manifests/tools.yaml",
            "manifests/workflows.yaml",
        )
    ]
    assert made.err.splitlines()[:2] == ["next:", "  cd demo"]
    assert cli.ok("init", "other", "-q").err == ""


def test_the_working_directory_gives_its_name(cli):
    cli.directory = cli.directory / "My Kitchen"
    cli.directory.mkdir()
    assert "cd " not in cli.ok("init").err
    assert (cli.directory / ".mastractl.yaml").read_text() == "store: .mastra-data\nnamespace: my-kitchen\n"
    assert "app: my-kitchen" in (cli.directory / "manifests/agents.yaml").read_text()


def test_a_name_may_be_said_and_must_be_one(cli):
    cli.ok("init", "demo", "--name", "galley")
    assert "namespace: galley" in (cli.directory / "demo/.mastractl.yaml").read_text()
    wrong = cli("init", "other", "--name", "Not A Name")
    assert wrong.code == 2
    assert not (cli.directory / "other").exists()


def test_nothing_is_written_over_unless_forced(cli):
    path = cli.write("demo/README.md", "mine\n")
    result = cli("init", "demo")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        "error: there already: demo/README.md",
        "hint: name another directory, or write over them with --force",
    ]
    assert path.read_text() == "mine\n"
    assert [p.name for p in (cli.directory / "demo").iterdir()] == ["README.md"]
    cli.ok("init", "demo", "--force")
    assert path.read_text().startswith("# demo\n")


def test_what_git_ignores_already_stays(cli):
    path = cli.write("demo/.gitignore", "*.pyc")
    assert "demo/.gitignore created" in cli.ok("init", "demo").lines
    assert path.read_text() == "*.pyc\n.mastra-data/\n"
    cli.ok("init", "demo", "--force")
    assert path.read_text() == "*.pyc\n.mastra-data/\n"


def test_an_unknown_template_is_a_mistake(cli):
    assert cli("init", "demo", "--template", "nope").code == 2
