"""Processes that race over a few keys of one store, some of them killed; what they noted, and the verdict."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from mastractl import values
from mastractl.testing.engine_tests.foundation import fold, state_of
from mastractl.testing.histories import read_journals
from mastractl.testing.linearizability import violation

CLIENT = Path(__file__).parent.parent / "crash" / "client.py"
KEYS = ("res/agent/default/x", "rec/run/y")
PATIENCE = 60


def start(url, journal, name, steps, keys=KEYS):
    return subprocess.Popen(
        [sys.executable, CLIENT, url, journal, name, str(steps), *keys],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def history_of(url, directory, *, processes, steps, kills, seed, keys=KEYS):
    """Let processes race, kill some of them on the way; what all of them noted."""
    dice = random.Random(seed)
    journals = [directory / f"{seed}-{n}.journal" for n in range(processes)]
    # Who is to be killed has more to do than it will live to see.
    plans = [steps * 100 if n < kills else steps for n in range(processes)]
    racing = [start(url, *args, keys) for args in zip(journals, _names(seed), plans, strict=False)]
    for process in racing:
        assert process.stdout.readline() == "ready\n"
    for process in racing:
        process.stdin.write("\n")
        process.stdin.flush()
    for process, journal in zip(racing[:kills], journals, strict=False):
        kill_when(process, journal, lines=dice.randint(1, 2 * steps))
    for n, process in enumerate(racing):
        process.communicate(timeout=PATIENCE)
        assert process.returncode == (-9 if n < kills else 0)
    return read_journals(journals)


def kill_when(process, journal, *, lines):
    """kill -9, as soon as the process has noted so many lines; wherever it is by then."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            break
        time.sleep(0.001)
    process.kill()


def faults(engine, history):
    """What is wrong with what clients saw, and with the log they left behind."""
    found = violation(history)
    wrong = [str(found)] if found else []
    log = engine.changes(0, limit=0).changes
    state = {}
    fold(state, log)
    if state != state_of(engine):
        wrong.append("the log does not add up to what is there")
    if [change.revision for change in log] != list(range(1, engine.revision() + 1)):
        wrong.append("the revisions have gaps")
    return wrong + _miscounted(history, log)


def _miscounted(history, log):
    """Writes that are not in the log as often as they should be: once, or at most once, or never."""
    told = Counter(values.load(change.entry.value)["value"] for change in log if change.entry)
    wrong = []
    for operation in history:
        if operation.kind == "read" or operation.value is None:
            continue
        right = {0, 1} if operation.returned is None else {1 if operation.done else 0}
        if told[operation.value] not in right:
            wrong.append(f"{operation} is {told[operation.value]} times in the log")
    asked = {operation.value for operation in history if operation.kind != "read"}
    return wrong + [f"nobody wrote {value}" for value in told.keys() - asked]


def _names(seed):
    n = 0
    while True:
        yield f"{seed}-{n}"
        n += 1
