"""Every engine beside its raw client, on the same server, in the same run: the ratio is the figure.

The raw client (`tests.bench.raw`) does the least that is as durable: one row or key written, read, listed.
"""

from __future__ import annotations

import importlib
import statistics
import subprocess
import sys
import time

from mastractl.engines.contract import Put
from mastractl.engines.feed import watch
from mastractl.engines.opening import open_engine
from mastractl.values import dump, load
from tests.bench.corpus import agents
from tests.bench.table import Row, quantile, seconds

NAMES = ("sqlite", "libsql", "postgresql", "redis", "etcd", "sql")

EVENT_BARS = {"file": 10, "sqlite": 10, "postgresql": 5, "redis": 5, "etcd": 5}
"""Milliseconds from before a commit in another process to its event here, p99."""

HOME = "res/agent/default/"

WRITER = """
import sys, time
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine
from mastractl.values import dump
engine = open_engine(sys.argv[1])
for number in range(int(sys.argv[2])):
    time.sleep(0.01)
    engine.commit([Put(f"res/agent/sent/a{number}", dump({"sent": time.time()}))])
engine.close()
"""


def rows(directory):
    found = []
    for name in NAMES:
        plug = importlib.import_module(f"tests.bench.raw.{name}")
        place = directory / name
        place.mkdir()
        with plug.opened(place) as (url, raw):
            engine = open_engine(url)
            try:
                found += [*puts(name, engine, raw), *gets(name, engine, raw), *lists(name, engine, raw)]
                found += events(name, engine, url)
            finally:
                engine.close()
        print(f"... {name} measured", file=sys.stderr)
    url = f"file:{directory / 'files'}"
    engine = open_engine(url)
    try:
        return [*found, *events("file", engine, url)]
    finally:
        engine.close()


def values(count):
    return [dump(document) for document in agents(count)]


def puts(name, engine, raw, *, times=400):
    """One at a time, by turns, each a new key and then the same keys anew."""
    theirs, ours = [], []
    for turn in range(2):
        for number, value in enumerate(values(times // 2)):
            body = value[:-1] + b',"turn":%d}' % turn
            start = time.perf_counter()
            raw.put(f"{HOME}p{number}", body)
            middle = time.perf_counter()
            engine.commit([Put(f"{HOME}p{number}", body)])
            ours.append(time.perf_counter() - middle)
            theirs.append(middle - start)
    one, other = statistics.median(ours), statistics.median(theirs)
    note = f"{one * 1e6:.0f} us, raw {other * 1e6:.0f} us; p99 {quantile(ours, 0.99) * 1e3:.1f} ms"
    yield Row(f"{name}: put against raw", one / other, "x", 1.5 if name != "sql" else None, note)


def gets(name, engine, raw, *, times=400):
    theirs, ours = [], []
    for number in range(times):
        key = f"{HOME}p{number % 200}"
        start = time.perf_counter()
        raw.get(key)
        middle = time.perf_counter()
        load(engine.get(key).value)
        ours.append(time.perf_counter() - middle)
        theirs.append(middle - start)
    one, other = statistics.median(ours) * 1e6, statistics.median(theirs) * 1e6
    yield Row(f"{name}: get beyond raw", one - other, "us", 15, f"{one:.0f} us, raw {other:.0f} us")


def lists(name, engine, raw, *, count=10_000):
    prefix = "res/agent/list/"
    bodies = values(count)
    step = min(engine.capabilities.max_commit or 500, 500)
    for start in range(0, count, step):
        ops = [Put(f"{prefix}{n:06d}", body) for n, body in enumerate(bodies[start : start + step], start)]
        engine.commit(ops)
    for number, body in enumerate(bodies):
        raw.put(f"{prefix}{number:06d}", body)
    assert len(raw.list(prefix)) == len(engine.range(prefix).entries) == count
    theirs, ours = [], []
    for _ in range(5):
        theirs.append(seconds(lambda: raw.list(prefix), times=1))
        ours.append(seconds(lambda: [load(entry.value) for entry in engine.range(prefix).entries], times=1))
    one, other = statistics.median(ours), statistics.median(theirs)
    note = f"{one * 1e3:.0f} ms, raw {other * 1e3:.0f} ms"
    yield Row(f"{name}: list of {count} against raw", one / other, "x", 1.3, note)
    page = seconds(lambda: engine.range(prefix, limit=500, after=f"{prefix}005000"), times=11)
    yield Row(f"{name}: a page of 500", page * 1e3, "ms", 10)


def events(name, engine, url, *, count=200):
    """Commits of another process, watched here."""
    taken = []
    with watch(engine, prefix="res/agent/sent/") as feed:
        feed.take(0.6)  # whoever listens has begun to
        writer = subprocess.Popen([sys.executable, "-c", WRITER, url, str(count)])
        while len(taken) < count:
            news = feed.take(30)
            arrived = time.time()
            assert news is not None, f"{name}: no event for 30 s"
            taken += [arrived - load(change.entry.value)["sent"] for change in news.changes]
        assert writer.wait(30) == 0
    note = f"p50 {quantile(taken, 0.5) * 1e3:.2f} ms, another process, from before its commit"
    yield Row(f"{name}: commit -> event, p99", quantile(taken, 0.99) * 1e3, "ms", EVENT_BARS.get(name), note)
