"""Moving what takes long: a bar on a terminal, and an interrupt after which the same command goes on."""

from __future__ import annotations

import os
import subprocess

import pexpect
import pytest

from mastractl.engines.contract import Change, Entry
from mastractl.migrate.backupfile import Writer, header_of

COMMITS = 2500


@pytest.fixture
def large(tmp_path):
    """A directory with a backup that takes some seconds to restore, and an environment."""
    standing = {}
    with (tmp_path / "large.backup").open("wb") as file:
        writer = Writer(file, header_of("a" * 32, 0, COMMITS, history=True, now=1e9))
        for revision in range(1, COMMITS + 1):
            key = f"res/agent/default/a{revision % 50}"
            entry = Entry(key, b'{"n":%d}' % revision, revision, revision, 1e9)
            writer.change(Change(revision, key, entry, standing.get(key), "test", 1e9 + revision))
            standing[key] = entry
        writer.end()
    return {"cwd": str(tmp_path), "env": {**os.environ, "MASTRACTL_STORE": str(tmp_path / "store")}}


def test_interrupted_on_a_terminal_it_goes_on_in_a_pipe(large):
    child = pexpect.spawn(
        "mastractl",
        ["store", "restore", "large.backup"],
        encoding="utf-8",
        timeout=60,
        dimensions=(30, 200),
        **large,
    )
    child.expect("replaying commits .*━")
    child.expect(rf"[1-9][0-9]*/{COMMITS}")
    child.sendintr()
    text = child.read()
    child.close()
    assert "interrupted: what was written stays; the same command goes on where it was" in text
    assert "Traceback" not in text
    assert child.exitstatus == 130
    told = subprocess.run(
        ["mastractl", "store", "info"], capture_output=True, text=True, check=True, timeout=60, **large
    )
    assert "Unfinished copy of the store aaaa" in told.stdout
    done = subprocess.run(
        ["mastractl", "store", "restore", "large.backup"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **large,
    )
    assert done.returncode == 0, done.stderr
    assert "going on with an earlier run: " in done.stdout
    assert "50 entries" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    checked = subprocess.run(
        ["mastractl", "store", "check"], capture_output=True, text=True, check=False, timeout=60, **large
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
