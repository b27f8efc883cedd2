"""A hundred thousand resources in each store: pages, lists, selectors and watches, in little memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

import mastractl
from mastractl.engines.contract import Put
from mastractl.engines.feed import watch
from mastractl.engines.opening import open_engine
from mastractl.resources.resource import Resource
from mastractl.resources.selectors import parse_label_selector
from mastractl.values import dump, load
from tests.trust.stores import STORES

COUNT = 100_000
PREFIX = "res/agent/default/"
COMMIT_BYTES = 300_000

AGENT = {
    "apiVersion": "mastra.ai/v1",
    "kind": "Agent",
    "metadata": {"name": "model", "labels": {"tier": "0"}},
    "spec": {"instructions": "Answer in short sentences."},
}


def stored_agent():
    """An agent as a store keeps it."""
    with mastractl.create_state_store("memory:") as store:
        store.apply(Resource(AGENT))
        return load(store.engine.get(f"{PREFIX}model").value)


def fill(url):
    """A hundred thousand agents, in commits as large as any store takes them; how many those were."""
    engine = open_engine(url)
    document = stored_agent()
    commits, ops, size = 0, [], 0
    most = engine.capabilities.max_commit or 2000
    for number in range(COUNT):
        document["metadata"] |= {"name": f"a{number:06d}", "labels": {"tier": str(number % 1000)}}
        value = dump(document)
        ops.append(Put(f"{PREFIX}a{number:06d}", value))
        size += len(value)
        if size > COMMIT_BYTES or len(ops) == most or number == COUNT - 1:
            engine.commit(ops)
            commits, ops, size = commits + 1, [], 0
    engine.close()
    return commits


PEAK = """
import resource, sys
from mastractl.__main__ import main
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


def run(url, *arguments):
    """The lines that a command prints, and the most memory that its process had, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "--store", url, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), int(done.stderr.splitlines()[-1])


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", STORES, ids=lambda kind: kind.name)
def test_a_hundred_thousand_resources(kind, tmp_path):
    url = kind.new(tmp_path).url
    commits = fill(url)
    _, idle = run(url, "get", "agent", "a000000", "-o", "name")

    names, streamed = run(url, "get", "agents", "-o", "name", "--chunk-size=500")
    assert len(names) == len(set(names)) == COUNT
    assert names[::50_000] == ["agent.mastra.ai/a000000", "agent.mastra.ai/a050000"]
    assert streamed < idle + 24, f"{streamed} MiB to stream what one takes {idle} MiB for"

    chosen, _ = run(url, "get", "agents", "-l", "tier=7", "-o", "name", "--chunk-size=30")
    assert chosen == [f"agent.mastra.ai/a{number:06d}" for number in range(7, COUNT, 1000)]

    with mastractl.create_state_store(url) as opened:
        page = opened.list("agents", limit=500, after=f"{PREFIX}a049999")
        assert [found.name for found in page] == [f"a{n:06d}" for n in range(50_000, 50_500)]
        tier = opened.list("agents", labels=parse_label_selector("tier=999"), limit=100)
        assert [found.name for found in tier][-1] == "a099999"
        assert follow(opened.engine, commits) == COUNT


def follow(engine, commits):
    """Watch from the first revision, a stretch at a time, in memory that does not grow; how much was told."""
    told, revision = 0, 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with watch(engine, prefix=PREFIX, since=0, limit=500) as feed:
        while revision < commits:
            news = feed.take(30)
            assert news is not None, f"told {told} up to revision {revision} of {commits}"
            assert news.revision > revision
            revision, told = news.revision, told + len(news.changes)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert grown < 64, f"{grown} MiB more, to be told {told} changes ({os.getpid()})"
    return told
