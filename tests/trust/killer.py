"""Kills processes that write to one store, whichever it is, and audits what they leave behind.

`python -m tests.trust.killer URL DIRECTORY --kills N`, as a program of its own: it forks, which a process
with threads should not. One writer lives through it all, and notes how long each of its commits took; beside
it others are forked, commit, and are killed with -9 at any moment. Every few kills the store is audited: no
commit is torn, none that was acknowledged is lost, none is there twice, the log is whole.

Prints one JSON object: the counts, the faults found, and the longest that the survivor had to wait.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from mastractl.engines.opening import open_engine
from mastractl.testing.ledgers import Ledger, audit, read_ledgers
from tests.servers.base import die_with_parent

KEYS = [f"{home}k{n}" for home in ("res/agent/default/", "rec/run/") for n in range(8)]
BETWEEN_AUDITS = 10


class Writer:
    """Commits to some keys, again and again. It ends when it is asked to, and then says how long it took."""

    def __init__(self, url, journal, name, rest):
        self.engine = open_engine(url)
        self.ledger = Ledger(self.engine, name, journal)
        self.dice = random.Random(name)
        self.rest = rest
        self.longest = 0.0
        self.over = False
        signal.signal(signal.SIGTERM, self.end)

    def end(self, *_):
        self.over = True

    def run(self):
        while not self.over:
            chosen = self.dice.sample(KEYS, self.dice.randint(1, 6))
            gone = self.dice.randint(0, len(chosen) - 1)
            began = time.monotonic()
            self.ledger.commit(chosen[gone:], chosen[:gone])
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(self.rest)
        self.ledger.close()
        self.engine.close()
        return self.longest


def fork(function):
    """Run it in a child: its pid, and where to read what it gave, as JSON."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        die_with_parent()
        os.close(reading)
        os.write(writing, json.dumps(function()).encode())
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
        os._exit(70)
    os._exit(0)


def given(pid, reading):
    """What a child gave that ended by itself."""
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise SystemExit(f"a child failed by itself, with {code}")
    return json.loads(text)


def write(url, journal, rest=0.0):
    return lambda: Writer(url, journal, journal.stem, rest).run()


def look(url, journals):
    """The faults found in the store. Whoever writes now would be found wanting."""
    engine = open_engine(url)
    try:
        return audit(engine, read_ledgers(journals))
    finally:
        engine.close()


def kill_one(url, journal, dice):
    """Let a child commit for a while, kill it, and be sure that it did not end before."""
    pid, reading = fork(write(url, journal))
    lines, deadline = dice.randint(1, 12), time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
        if time.monotonic() > deadline:
            raise SystemExit("the child does not come to write")
        time.sleep(0.0005)
    time.sleep(dice.uniform(0, 0.002))
    os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(reading)
    if code != -signal.SIGKILL:
        raise SystemExit(f"the child ended by itself, with {code}")


def stretch(url, directory, journals, number, kills, dice):
    """Some kills beside one survivor: the longest that it waited. At the end nobody writes."""
    survivor = directory / f"survivor-{number}.journal"
    journals.append(survivor)
    pid, reading = fork(write(url, survivor, rest=0.001))
    for nth in range(kills):
        journals.append(directory / f"victim-{number}-{nth}.journal")
        kill_one(url, journals[-1], dice)
    before = survivor.stat().st_size if survivor.exists() else 0
    deadline = time.monotonic() + 60
    while not survivor.exists() or survivor.stat().st_size < before + 500:
        if time.monotonic() > deadline:
            raise SystemExit("the survivor is blocked")
        time.sleep(0.001)
    os.kill(pid, signal.SIGTERM)
    return given(pid, reading)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    given(*fork(lambda: open_engine(options.url).close()))
    dice, journals, faults, killed, longest = random.Random(options.seed), [], [], 0, 0.0
    while killed < options.kills and not faults:
        kills = min(BETWEEN_AUDITS, options.kills - killed)
        waited = stretch(options.url, options.directory, journals, killed, kills, dice)
        killed, longest = killed + kills, max(longest, waited)
        faults = given(*fork(lambda: look(options.url, journals)))
    outcomes = [line.outcome for line in read_ledgers(journals)]
    print(json.dumps({"killed": killed, "acknowledged": outcomes.count("done"),
                      "refused": outcomes.count("refused"), "unknown": outcomes.count("unknown"),
                      "longest wait": longest, "faults": faults[:20]}))  # fmt: skip
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
