"""Several processes on one store of files."""

from __future__ import annotations

import subprocess
import sys

from mastractl.store import FileSystemStateStore
from mastractl.testing.store_tests.foundation import agent, taken

COUNT = """
import sys
from mastractl import FileSystemStateStore, errors
with FileSystemStateStore(sys.argv[1]) as store:
    done = 0
    while done < 20:
        read = store.require("agents", name="cook")
        read.annotations["count"] = str(int(read.annotations["count"]) + 1)
        try:
            store.update(read)
        except errors.Conflict:
            continue
        done += 1
"""

MERGE = """
import sys
from mastractl import FileSystemStateStore
from mastractl.testing.store_tests.foundation import agent
with FileSystemStateStore(sys.argv[1]) as store:
    for number in range(20):
        store.apply_all([agent(name, says=f"{sys.argv[2]} {number}") for name in "ab"])
"""


def run(code, *arguments):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)])


def test_no_update_gets_lost_and_a_watch_sees_each(tmp_path):
    with FileSystemStateStore(tmp_path) as store:
        store.create(agent(annotations={"count": "0"}))
        with store.watch("agents", initial=False) as events:
            processes = [run(COUNT, tmp_path) for _ in range(3)]
            counts = [event.resource.annotations["count"] for event in taken(events, 60)]
            assert [process.wait(60) for process in processes] == [0, 0, 0]
        assert counts == [str(number) for number in range(1, 61)]


def test_whoever_applies_several_applies_all(tmp_path):
    with FileSystemStateStore(tmp_path) as store:
        processes = [run(MERGE, tmp_path, name) for name in ("one", "two")]
        assert [process.wait(60) for process in processes] == [0, 0]
        a, b = store.list("agents")
        assert a.spec == b.spec
        assert a.resource_version == b.resource_version
        assert a.generation == b.generation == 40
