"""The store in process: structural check, durable apply, lists."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import time

import mastractl
from mastractl.manifests import bundled
from mastractl.resources.admission import admit
from mastractl.resources.resource import Resource
from mastractl.resources.structural import version_program
from tests.bench.corpus import agents
from tests.bench.table import Row, quantile, seconds


def rows(directory):
    return [*structural(), *applies(directory), *lists(directory)]


def structural():
    registry = bundled.kinds()
    (agent,) = agents(1)
    admitted = admit(agent, registry)
    assert admitted.resource is not None
    assert not admitted.causes
    program = version_program(admitted.kind.storage_version)
    document = admitted.resource.document

    def thousand():
        for _ in range(1000):
            program.run(document, unknown="report")

    return [Row("structural check of a valid Agent", seconds(thousand, times=21) * 1000, "us", 20)]


def raw_commit(directory):
    """The least a durable store can do on this disk: one row, one fsynced SQLite commit."""
    connection = sqlite3.connect(directory / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB)")
    body = json.dumps(agents(1)[0]).encode()
    taken = []
    for _ in range(300):
        start = time.perf_counter()
        connection.execute("INSERT INTO t(v) VALUES (?)", (body,))
        taken.append(time.perf_counter() - start)
    connection.close()
    return statistics.median(taken)


def applies(directory):
    raw = raw_commit(directory)
    with mastractl.create_state_store(f"file:{directory / 'applies'}") as store:
        singles = []
        for document in agents(300):
            start = time.perf_counter()
            store.apply(Resource(document))
            singles.append(time.perf_counter() - start)
        batches = []
        for batch in range(15):
            resources = [Resource(d) for d in agents(100, prefix=f"batch{batch}-")]
            start = time.perf_counter()
            store.apply_all(resources)
            batches.append(time.perf_counter() - start)
    one = statistics.median(singles)
    return [
        Row("raw SQLite commit, fsynced", raw * 1000, "ms"),
        Row(
            "durable apply of one resource, p50",
            one * 1000,
            "ms",
            1,
            f"p99 {quantile(singles, 0.99) * 1000:.2f} ms, {one / raw:.1f}x raw",
        ),
        Row("durable apply of 100, atomically, p50", statistics.median(batches) * 1000, "ms", 25),
    ]


def lists(directory):
    result = []
    for count, bar in ((1_000, 25), (10_000, 250)):
        with filled(directory / f"list{count}", count) as store:
            took = seconds(lambda s=store: s.list("agents"), times=7)
            result.append(Row(f"list {count}", took * 1000, "ms", bar))
    with filled(directory / "list100000", 100_000) as store:
        store.list("agents", limit=500)
        took = seconds(lambda: store.list("agents", limit=500, after=""), times=11)
        result.append(Row("a page of 500 out of 100000", took * 1000, "ms", 10))
    return result


def filled(path, count, *, batch=2000):
    store = mastractl.create_state_store(f"file:{path}")
    for start in range(0, count, batch):
        store.apply_all([Resource(d) for d in agents(min(batch, count - start), prefix=f"a{start:06d}-")])
    os.sync()
    return store
