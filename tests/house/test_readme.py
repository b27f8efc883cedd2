"""The README tells the truth: its blocks run, its commands are those CI runs, its verbs are all the verbs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mastractl.cli.main import COMMANDS
from tests.house import transcripts

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


@pytest.fixture
def world(tmp_path):
    """A directory with the examples, and an environment with a store of its own."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return {"cwd": tmp_path, "env": {**os.environ, "MASTRACTL_STORE": str(tmp_path / ".mastra-data")}}


def marked(name):
    """The one line of the block behind a comment."""
    return re.search(rf"<!-- {name} -->\n```sh\n(.+)\n```", TEXT).group(1)


def test_it_is_short():
    assert TEXT.count("\n") <= 150


def test_every_verb_is_in_it():
    rows = re.findall(r"^\| (`.+?) \|", TEXT, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", " ".join(rows))) == set(COMMANDS)


def test_the_transcript_is_what_is_printed(world):
    (body,) = transcripts.blocks(README, "console")
    transcripts.check_transcript(body, **world)


def test_the_commands_work(world):
    scripts = [b for b in transcripts.blocks(README, "sh") if "venv" not in b]
    assert scripts
    for script in scripts:
        assert transcripts.run_script(script, **world)


def test_the_python_works(world):
    subprocess.run(["mastractl", "apply", "-f", "examples/kitchen"], check=True, capture_output=True, **world)
    (code,) = transcripts.blocks(README, "python")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, **world
    )
    assert re.fullmatch(r"gpt-4-turbo \d+\nADDED recipe-assistant\n", done.stdout)


def test_ci_runs_the_line_for_the_tests(tmp_path):
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.rstrip().endswith('exec bash -euo pipefail -c "$line"')
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text(script.replace("exec bash", ": bash"), encoding="utf-8")
    shutil.copy(README, tmp_path)
    shown = subprocess.run(
        ["bash", tmp_path / ".ci" / "run"], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout == f"+ {marked('tests')}\n"


@pytest.mark.soak
def test_the_line_for_the_main_job_works_in_a_fresh_clone(tmp_path):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    done = subprocess.run(
        ["sh", "-c", marked("main job")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert "agent.mastra.ai/recipe-assistant created\n" in done.stdout
    assert re.search(r"^recipe-assistant +openai +gpt-4-turbo ", done.stdout, re.MULTILINE)
    assert (tmp_path / ".mastra-data" / "agent" / "cooking" / "recipe-assistant.json").is_file()
