"""A copy that is killed at any point, in a process of its own, goes on and does nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine
from mastractl.migrate.copying import copy
from mastractl.migrate.replayclock import ReplayClock

KILLED_COPY = """
import os, signal, sys
from mastractl.engines import failpoints
from mastractl.engines.opening import open_engine
from mastractl.migrate.copying import How, copy
from mastractl.migrate.replayclock import ReplayClock

source, destination, wanted, count, history = sys.argv[1:]
left = int(count)

def pass_by(reached):
    global left
    if reached == wanted:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

clock = ReplayClock()
first = open_engine(source)
second = open_engine(destination, clock=clock)
failpoints.install(pass_by)
copy(first, second, clock, How(history=history == "with"))
"""
POINTS = ["staged", "logged", "committed", "placed", "settled"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = f"file:{tmp_path_factory.mktemp('source')}"
    engine = open_engine(path)
    engine.commit([Put(f"res/agent/default/a{n}", b'{"n":0}') for n in range(5)], origin="first")
    engine.compact(1)
    for number in range(1, 30):
        ops = [Put(f"res/agent/default/a{number % 7}", b'{"n":%d}' % number), Put(f"notes/n{number}", b"{}")]
        engine.commit(ops, origin="later")
    engine.close()
    return path


@pytest.mark.parametrize("history", ["with", "without"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_called_again(source, tmp_path, stores, seen, point, history):
    """Killed at the first, then each time at the seventh passing of a point, until it gets through."""
    url = f"file:{tmp_path}/copy"
    kills = 0
    for count in (1, *[7] * 20):
        done = subprocess.run(
            [sys.executable, "-c", KILLED_COPY, source, url, point, str(count), history],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=Path(__file__).resolve().parents[2],
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
    assert kills >= (3 if history == "with" else 1)
    first, second = stores.keep(open_engine(source)), stores.keep(open_engine(url))
    assert seen.state(second) == seen.state(first)
    if history == "with":
        assert seen.history(second) == seen.history(first)
    clock = ReplayClock()
    again = stores.keep(open_engine(url, clock=clock))
    assert copy(first, again, clock).same
