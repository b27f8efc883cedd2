"""A process that watches a prefix of a store and notes what it is told, until it is told the end.

`python follower.py URL NOTES PREFIX LIMIT`. Each item is one line of NOTES, written at once: what was told,
and where to go on from. It goes on from the last line that is there, so it may be killed and started again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from mastractl import errors
from mastractl.engines.feed import watch
from mastractl.engines.opening import open_engine

END = "zz-end"


def main():
    url, notes, prefix, limit = sys.argv[1:]
    engine = open_engine(url)
    lines = read(notes)
    since, identity = (lines[-1]["revision"], lines[-1]["identity"]) if lines else (0, None)
    paper = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    print("ready", flush=True)
    with watch(engine, prefix=prefix, since=since, identity=identity, limit=int(limit), poll=0.02) as feed:
        while not follow(feed, engine.identity, paper, prefix + END):
            time.sleep(0.01)  # it cannot be reached: perhaps soon
    os.close(paper)
    engine.close()


def follow(feed, identity, paper, end):
    """Note what is told: whether up to the end, rather than until the store could not be reached."""
    try:
        for news in feed:
            told = [[change.revision, change.key, change.type] for change in news.changes]
            line = {"identity": identity, "revision": feed.revision, "told": told}
            os.write(paper, json.dumps(line).encode() + b"\n")
            if told and told[-1][1] == end:
                return True
    except (errors.Unavailable, errors.StorageConnectionError):
        pass
    return feed.closed


def read(notes):
    """The lines that are whole. One that a kill cut off was never noted: it is taken away."""
    path = Path(notes)
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        path.write_bytes(whole)
    return [json.loads(line) for line in whole.splitlines()]


if __name__ == "__main__":
    main()
