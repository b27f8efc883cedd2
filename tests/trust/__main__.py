"""Prints how far each engine may be trusted: `python -m tests.trust [--rounds N] [file|sqlite|redis|...]`.

A round is: three races of processes over three keys, of which some are killed, judged for linearizability;
ten kills -9 of clients in mid-commit; and, where there is a server, three kills -9 of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.trust import outages, races
from tests.trust.stores import STORES, named

KEYS = ("res/agent/default/x", "rec/run/y", "rec/run/z")
ROOT = Path(__file__).parent.parent.parent
KILLS, OUTAGES = 10, 3


@dataclass
class Row:
    """What one engine went through."""

    engine: str
    histories: int = 0
    operations: int = 0
    kills: int = 0
    commits: int = 0
    unknown: int = 0
    outages: int = 0
    longest_wait: float = 0.0
    violations: list[str] = field(default_factory=list)

    def race(self, kind, directory, seed):
        for number in range(3):
            place = kind.new(directory)
            history = races.history_of(
                place.url, directory, processes=4, steps=60, kills=number, seed=f"{seed}.{number}", keys=KEYS
            )
            engine = place.open()
            self.violations += races.faults(engine, history)
            engine.close()
            self.histories += 1
            self.operations += len(history)
            self.kills += number

    def kill_clients(self, kind, directory, seed):
        command = [sys.executable, "-m", "tests.trust.killer", kind.new(directory).url, directory]
        done = subprocess.run(
            [*command, "--kills", str(KILLS), "--seed", str(seed)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.stdout:
            self.violations.append(done.stderr[-200:])
            return
        counts = json.loads(done.stdout)
        self.kills += counts["killed"]
        self.commits += counts["acknowledged"]
        self.unknown += counts["unknown"]
        self.longest_wait = max(self.longest_wait, counts["longest wait"])
        self.violations += counts["faults"]

    def kill_server(self, kind, directory, seed):
        if kind.server:
            verdict = outages.survive(kind.new(directory), directory, outages=OUTAGES, hard=True, seed=seed)
            self.outages += verdict.outages
            self.commits += verdict.acknowledged
            self.unknown += verdict.unknown
            self.violations += verdict.faults

    def __str__(self):
        return (
            f"{self.engine:<14} {self.histories:>9} {self.operations:>10} {self.commits:>8} {self.kills:>6}"
            f" {self.outages:>8} {self.unknown:>8} {self.longest_wait * 1000:>10.0f} ms"
            f" {len(self.violations):>10}"
        )


HEADING = (
    f"{'engine':<14} {'histories':>9} {'operations':>10} {'commits':>8} {'kills':>6} {'server':>8}"
    f" {'unknown':>8} {'longest':>13} {'violations':>10}\n"
    f"{'':<14} {'':>9} {'':>10} {'acked':>8} {'':>6} {'kills':>8} {'outcomes':>8} {'wait':>13}"
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=[kind.name for kind in STORES])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    rows = [through_it_all(named(name), options) for name in options.kinds]
    print(f"{options.rounds} rounds from seed {options.seed}\n{HEADING}")
    for row in rows:
        print(row, *row.violations[:5], sep="\n  ")
    return int(any(row.violations for row in rows))


def through_it_all(kind, options):
    row = Row(kind.name)
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="mastractl-trust-") as directory:
            for ordeal in (row.race, row.kill_clients, row.kill_server):
                ordeal(kind, Path(directory), options.seed + number)
        print(f"... {kind.name} round {number + 1}", file=sys.stderr)
    return row


if __name__ == "__main__":
    sys.exit(main())
