"""A resource and the record of who owns it are one commit: a kill at any moment leaves both or neither."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from contextlib import suppress

from mastractl.engines.filesystem import FileEngine
from mastractl.resources.adoption import adopt
from mastractl.store import keys, ownership
from mastractl.values import load

WRITER = """
import random, sys
import mastractl
from mastractl.testing.store_tests.foundation import agent

dice = random.Random(int(sys.argv[2]))
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


def run_and_kill(base, seed, seconds):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(base), str(seed)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)


def test_a_kill_parts_no_resource_from_its_owners(tmp_path):
    base, dice, seen = tmp_path / "store", random.Random(7), 0
    for seed in range(6):
        run_and_kill(base, seed, 0.05 + dice.random() / 4)
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
