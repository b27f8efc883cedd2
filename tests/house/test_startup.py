"""What a command imports is what its start costs: guarded by name, not by stopwatch."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ALWAYS = {
    "pydantic",
    "jsonschema",
    "watchdog",
    "asyncio",
    "rich",
    "click",
    "importlib.metadata",
    "importlib.resources",
    "urllib.request",
    "email",
    "logging",
    "unittest",
}
READING = ALWAYS | {"typer", "yaml", "platformdirs", "tempfile", "difflib", "traceback"}

AGENT = "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: x}\nspec: {instructions: Help.}\n"

PROBE = """
import sys
from mastractl.__main__ import main
try:
    main()
except SystemExit as done:
    code = done.code or 0
else:
    code = 0
sys.stdout.flush()
print(code, *sys.modules, file=sys.stderr)
"""


@pytest.fixture
def loaded(tmp_path):
    """The modules a command has loaded when it ends well."""
    (tmp_path / "agent.yaml").write_text(AGENT)
    environ = {**os.environ, "MASTRACTL_STORE": str(tmp_path / "store")}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-c", PROBE, *arguments],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        code, *modules = done.stderr.splitlines()[-1].split()
        assert code == "0", done.stderr
        return set(modules)

    run("apply", "-f", "agent.yaml")
    return run


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--version"], READING | {"mastractl.cli", "json", "dataclasses"}),
        (["--help"], ALWAYS | {"yaml", "sqlite3", "mastractl.store", "mastractl.cli.commands.get"}),
        (["get", "--help"], ALWAYS | {"yaml", "sqlite3", "mastractl.store.store"}),
        (["get", "agents"], READING),
        (["get", "agents", "-A", "-o", "json"], READING),
        (["get", "agent", "x", "-o", "name"], READING),
        (["get", "agents", "-l", "a=b", "--sort-by", ".metadata.name"], READING),
        (["delete", "agent", "nope", "--ignore-not-found"], READING),
        (["apply", "-f", "agent.yaml"], ALWAYS | {"typer", "yaml", "platformdirs", "dataclasses"}),
        (
            ["validate", "agent.yaml"],
            ALWAYS | {"typer", "yaml", "platformdirs", "sqlite3", "mastractl.store"},
        ),
        (["fmt", "agent.yaml"], ALWAYS | {"typer", "platformdirs", "sqlite3", "mastractl.store"}),
        (["tree"], ALWAYS | {"typer", "platformdirs"}),
        (["graph", "-f", "agent.yaml"], ALWAYS | {"typer", "platformdirs", "sqlite3"}),
        (["help", "--all"], ALWAYS | {"typer", "yaml", "sqlite3"}),
        (["label", "agent", "x", "a=b"], READING),
        (["annotate", "agent", "x", "a=b"], READING),
        (["create", "agent", "y", "--instructions", "Help."], ALWAYS | {"typer", "platformdirs"}),
        (["replace", "-f", "agent.yaml"], ALWAYS | {"typer", "yaml", "platformdirs"}),
        (["plan", "-f", "agent.yaml"], ALWAYS | {"typer", "yaml", "platformdirs"}),
        (["diff", "-f", "agent.yaml"], ALWAYS | {"typer", "yaml", "platformdirs"}),
        (["describe", "agent", "x"], READING),
        (["wait", "agent", "x", "--for", "create"], READING),
        (["api-resources"], READING),
        (["explain", "agent.spec"], ALWAYS | {"typer", "yaml", "platformdirs"}),
        (["explain-error", "MA101"], ALWAYS | {"typer", "yaml", "platformdirs", "sqlite3"}),
        (["config", "view"], ALWAYS | {"typer", "yaml", "sqlite3"}),
        (["plugin", "list"], {"typer", "yaml", "sqlite3"}),
        (["options"], ALWAYS | {"yaml", "sqlite3"}),
        (["init", "demo"], ALWAYS | {"typer", "sqlite3", "mastractl.store.store"}),
        (["schema", "export"], ALWAYS | {"typer", "yaml", "platformdirs"}),
        (["rollout", "history", "agent", "x"], READING),
        (["events"], READING),
        (["patch", "agent", "x", "-p", "spec: {role: r}"], ALWAYS | {"typer", "platformdirs", "jsonpatch"}),
        (["version"], ALWAYS | {"typer", "yaml", "sqlite3"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_heavy_is_not_imported_for_nothing(loaded, arguments, forbidden):
    assert not loaded(*arguments) & forbidden
