"""kill -9 at every named point and at any moment: nothing torn, nothing lost, nothing different."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mastractl.engines import failpoints

KILLER = Path(__file__).with_name("killer.py")


def kill(directory, *arguments, timeout=60):
    """Run the killer; what it counted. It judges for itself, and says so with its exit code."""
    result = subprocess.run(
        [sys.executable, KILLER, directory, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


PLANS = ["batch", "commit,delete", "edit_and_commit"]
"""What is done when the process dies: several keys, puts and deletes, both with edits to be taken in."""

REACHED = [(point, plan) for point in failpoints.NAMES if point != "ingested" for plan in PLANS]


@pytest.mark.parametrize(("point", "plan"), [*REACHED, ("ingested", "edit_and_read")])
def test_killed_at_a_named_point(tmp_path, point, plan):
    counts = kill(tmp_path, "--kills", 2, "--point", point, "--plan", plan, "--nth", 4)
    assert counts["killed"] == 2


def test_a_commit_that_was_logged_stands_though_nobody_was_told(tmp_path):
    for point, survivors in (("logged", 0), ("committed", 3)):
        (tmp_path / point).mkdir()
        counts = kill(tmp_path / point, "--kills", 3, "--point", point, "--plan", "batch", "--nth", 1)
        assert counts["logged though never acknowledged"] == survivors


def test_killed_at_any_moment(tmp_path):
    assert kill(tmp_path, "--kills", 15)["killed"] >= 15


def test_killed_among_others(tmp_path):
    """One dies, the others go on, over the same keys."""
    assert kill(tmp_path, "--kills", 10, "--writers", 2, 3)["killed"] >= 10


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_killed_a_thousand_times(tmp_path):
    counts = kill(tmp_path, "--kills", 1000, "--seed", 7, "--writers", 1, 1, 1, 2, timeout=900)
    assert counts["killed"] >= 1000
    assert counts["acknowledged"] > 5000
