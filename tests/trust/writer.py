"""A process that commits to a store until it is killed or has done what it was asked, and keeps a ledger.

`python writer.py URL JOURNAL NAME PLAN`, where PLAN is a JSON object: `commits` how many (0: until killed),
`keys` over how many keys, `keep` the most revisions to leave when it compacts now and then (0: it
never does), `rest` seconds between commits.
"""

from __future__ import annotations

import json
import random
import sys
import time

from mastractl.engines.opening import open_engine
from mastractl.testing.ledgers import Ledger

HOME = "res/agent/default/"
ELSEWHERE = "rec/run/"


def main():
    url, journal, name, plan = sys.argv[1:]
    plan = {"commits": 0, "keys": 8, "keep": 0, "rest": 0.0} | json.loads(plan)
    engine = open_engine(url)
    ledger = Ledger(engine, name, journal)
    dice = random.Random(name)
    names = [f"k{n}" for n in range(plan["keys"])]
    keys = [HOME + n for n in names] + [ELSEWHERE + n for n in names]
    print("ready", flush=True)
    sys.stdin.readline()
    done = 0
    while not plan["commits"] or done < plan["commits"]:
        done += one(engine, ledger, dice, keys, plan)
        time.sleep(plan["rest"])
    ledger.close()
    engine.close()


def one(engine, ledger, dice, keys, plan):
    """One commit of some keys, puts and deletes, and now and then a compaction: whether it was acknowledged.

    One in three has nothing under `HOME`, so that who watches that alone is given bookmarks.
    """
    among = keys if dice.random() < 0.67 else [key for key in keys if key.startswith(ELSEWHERE)]
    chosen = dice.sample(among, dice.randint(1, min(6, len(among))))
    gone = dice.randint(0, len(chosen) - 1)
    line = ledger.commit(chosen[gone:], chosen[:gone])
    if plan["keep"] and line.revision > plan["keep"] and dice.random() < 0.2:
        engine.compact(line.revision - dice.randint(0, plan["keep"]))
    return line.outcome == "done"


if __name__ == "__main__":
    main()
