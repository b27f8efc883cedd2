"""kill -9 of clients at any moment, over every engine: nothing torn, nothing lost, and nobody held up.

What a store of files has besides, its files, is judged in `tests/crash`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

BLOCKED = 10.0
"""Seconds. A lock that the dead held until some timeout ends it would be held longer than that."""


def kill(place, directory, kills, seed):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.trust.killer",
            place.url,
            directory,
            "--kills",
            str(kills),
            "--seed",
            seed,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_clients_that_are_killed_leave_whole_commits_and_no_locks(place, tmp_path):
    counts = kill(place, tmp_path, 10, "1")
    assert counts["killed"] == 10
    assert counts["acknowledged"] > 10
    assert counts["longest wait"] < BLOCKED


@pytest.mark.soak
def test_many_clients_that_are_killed(place, tmp_path):
    counts = kill(place, tmp_path, 40, "2")
    assert counts["killed"] == 40
    assert counts["acknowledged"] > 40
    assert counts["longest wait"] < BLOCKED
