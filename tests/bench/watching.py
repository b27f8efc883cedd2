"""Watching: how long a change takes to be seen, what a burst loses, what idling costs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import mastractl
from mastractl.resources.resource import Resource
from tests.bench.corpus import agents
from tests.bench.stores import filled
from tests.bench.table import Row, quantile

WRITER = """
import sys, time
import mastractl
from mastractl.resources.resource import Resource
from tests.bench.corpus import agents
store = mastractl.create_state_store("file:" + sys.argv[1])
for document in agents(int(sys.argv[2]), prefix="own-"):
    document["metadata"]["annotations"] = {"sent": repr(time.time())}
    store.apply(Resource(document))
    time.sleep(0.01)
"""


def rows(directory):
    return [*latencies(directory), *burst(directory), *idle(directory)]


class Watcher:
    """Collects (arrival time, event) in a thread of its own."""

    def __init__(self, store):
        self.seen = []
        self._subscription = store.watch(["agents"], initial=False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        time.sleep(0.5)

    def _run(self):
        for event in self._subscription:
            self.seen.append((time.time(), event))

    def until(self, count, *, timeout):
        deadline = time.monotonic() + timeout
        while len(self.seen) < count and time.monotonic() < deadline:
            time.sleep(0.002)
        return len(self.seen)

    def close(self):
        self._subscription.close()
        self._thread.join(10)


def latencies(directory, *, own=200, edits=100):
    path = directory / "latency"
    with filled(path, 1_000) as store:
        watcher = Watcher(store)
        subprocess.run([sys.executable, "-c", WRITER, str(path), str(own)], check=True)
        watcher.until(own, timeout=10)
        own_taken = [
            arrived - float(event.resource.annotations["sent"])
            for arrived, event in watcher.seen
            if "sent" in event.resource.annotations
        ]
        watcher.close()
        watcher = Watcher(store)
        files = sorted((path / "agent" / "default").glob("a*.json"))[:edits]
        sent = {}
        for file in files:
            edit(file)
            sent[file.stem] = time.time()
            time.sleep(0.02)
        watcher.until(edits, timeout=10)
        external = [arrived - sent[event.resource.name] for arrived, event in watcher.seen]
        watcher.close()
    assert len(own_taken) == own
    assert len(external) == edits
    return [
        Row(
            "own change in another process -> event, p99",
            quantile(own_taken, 0.99) * 1000,
            "ms",
            10,
            f"p50 {quantile(own_taken, 0.5) * 1000:.2f} ms, from before the apply",
        ),
        Row(
            "external edit -> event (1k files), p99",
            quantile(external, 0.99) * 1000,
            "ms",
            50,
            f"p50 {quantile(external, 0.5) * 1000:.2f} ms",
        ),
    ]


def edit(file, mark="edited"):
    """Replace a file as editors do: a new file beside it, renamed over it."""
    document = json.loads(file.read_text(encoding="utf-8"))
    document["spec"]["instructions"] = f"{mark} {time.time()}"
    beside = file.with_name(f".{file.name}.swp")
    beside.write_text(json.dumps(document, indent=2), encoding="utf-8")
    beside.replace(file)


def burst(directory, *, count=10_000):
    path = directory / "burst"
    with filled(path, count) as store:
        watcher = Watcher(store)
        contents = []
        for file in sorted((path / "agent" / "default").glob("*.json")):
            document = json.loads(file.read_text(encoding="utf-8"))
            document["spec"]["instructions"] = "burst"
            contents.append((file, json.dumps(document)))
        start = time.monotonic()
        for file, text in contents:
            beside = Path(f"{file}.new")
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
        written = time.monotonic() - start
        seen = watcher.until(count, timeout=60)
        took = time.monotonic() - start
        watcher.close()
    return [
        Row("external burst of 10000 replaces: events lost", count - seen, "lost", 0),
        Row("  until the last event", took, "s", 5, f"writing them took {written:.1f} s of it"),
    ]


def idle(directory, *, span=30.0):
    path = directory / "latency"
    with mastractl.create_state_store(f"file:{path}") as store:
        watcher = Watcher(store)
        time.sleep(1)
        before = time.process_time()
        time.sleep(span)
        used = time.process_time() - before
        watcher.close()
        store.apply(Resource(agents(1, prefix="last-")[0]))
    return [Row("idle watch, CPU", used / span * 100, "%", 0.1, "1000 files, nothing happening")]
