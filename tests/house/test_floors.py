"""The floors hold, and the check that says so can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).parent / "lint-imports"


def lint(directory):
    return subprocess.run(
        [LINT, "--no-cache"], cwd=directory, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_floors_hold():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("path", "line", "broken"),
    [
        ("engines/memory.py", "from mastractl.resources import kinds", "Engines know keys and JSON"),
        ("resources/kinds.py", "import asyncio", "Resources are pure"),
        ("store/__init__.py", "import rich", "Only the CLI knows the terminal"),
        ("values.py", "from mastractl.resources import kinds", "The floors"),
        ("manifests/load.py", "from mastractl.engines import memory", "The floors"),
        ("helpers/__init__.py", "", "The floors"),
    ],
)
def test_a_breach_is_found(tmp_path, path, line, broken):
    shutil.copytree(ROOT / "mastractl", tmp_path / "mastractl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / "mastractl" / path
    target.parent.mkdir(exist_ok=True)
    target.write_text((target.read_text() if target.exists() else "") + f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    assert broken in result.stdout
