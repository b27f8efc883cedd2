"""Starting, holding and killing the processes of these tests."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from tests.servers.base import die_with_parent

HERE = Path(__file__).parent
PATIENCE = 60
"""Seconds within which anything that happens at all has happened."""


def start(program, *arguments):
    """Start one of the programs beside this file; it says when it is ready, and writers wait to be let go."""
    return subprocess.Popen(
        [sys.executable, HERE / program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )


def start_writer(url, journal, name, **plan):
    return start("writer.py", url, journal, name, json.dumps(plan))


def start_follower(url, notes, prefix, limit):
    return start("follower.py", url, notes, prefix, limit)


def ready(*processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n", f"{process.args} ended with {process.wait()}"


def let_go(*processes):
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def lines_in(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def until(condition, process):
    """Wait until something is so, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline, f"{process.args} has not come so far"
        time.sleep(0.001)


def kill_at(process, path, lines):
    """kill -9, as soon as there are so many lines in the file; wherever the process is by then."""
    until(lambda: lines_in(path) >= lines, process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    return process.returncode


def finish(*processes):
    """Wait until each has ended by itself, and well."""
    for process in processes:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, process.args


def kill(*processes):
    for process in processes:
        process.kill()
        process.communicate(timeout=PATIENCE)


@contextmanager
def stopped(process):
    """The process does nothing meanwhile, as one on a machine that sleeps or has lost its network."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
