"""A process that does random things to some keys of a store, noting what it was told. It may be killed."""

from __future__ import annotations

import random
import sys

from mastractl.engines.opening import open_engine
from mastractl.testing.histories import Client, race


def main():
    url, journal, name, steps, *keys = sys.argv[1:]
    engine = open_engine(url)
    client = Client(engine, name, journal)
    print("ready", flush=True)
    sys.stdin.readline()
    race([client], keys, int(steps), random.Random(name))
    client.close()
    engine.close()


if __name__ == "__main__":
    main()
