"""A resource and the record of who owns it are one commit: a kill at any moment leaves both or neither."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from contextlib import suppress

from mastractl.engines import failpoints
from mastractl.engines.filesystem import FileEngine
from mastractl.resources.adoption import adopt
from mastractl.store import keys, ownership
from mastractl.values import load

WRITER = """
import os, random, signal, sys
import mastractl
from mastractl.engines import failpoints
from mastractl.testing.store_tests.foundation import agent

dice = random.Random(int(sys.argv[2]))
left = dice.randrange(1, 12)

def reached(point):
    global left
    left -= point == sys.argv[3]
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

failpoints.install(reached)
with mastractl.create_state_store(f"file:{sys.argv[1]}") as store:
    print("ready", flush=True)
    while True:
        name = f"a{dice.randrange(4)}"
        if dice.random() < 0.2:
            store.delete_resource("Agent", "default", name)
        elif dice.random() < 0.5:
            store.apply(agent(name, says=str(dice.random())), manager=dice.choice(["one", "two"]))
        else:
            store.save_resource(agent(name, says=str(dice.random())))
"""


POINTS = [name for name in failpoints.NAMES if name != "ingested"]
"""Where it dies by itself; with "" it is killed at any moment."""


def run_and_kill(base, seed, point, seconds):
    command = [sys.executable, "-c", WRITER, str(base), str(seed), point]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)


def test_a_kill_parts_no_resource_from_its_owners(tmp_path):
    base, dice, seen = tmp_path / "store", random.Random(7), 0
    for seed, point in enumerate([*POINTS, "", *POINTS, "", "", "", ""]):
        run_and_kill(base, seed, point, 5 if point else 0.05 + dice.random() / 4)
        engine = FileEngine(base, adopt=adopt)
        resources = engine.range("res/").entries
        for entry in resources:
            record = load(engine.get(keys.record(entry.key)).value)
            assert record["value"] == ownership.digest(entry.value)
            assert record["uid"] == load(entry.value)["metadata"]["uid"]
        assert {e.key for e in engine.range("own/").entries} == {keys.record(e.key) for e in resources}
        seen += engine.revision()
        engine.close()
    assert seen > 20
