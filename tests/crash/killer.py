"""Kills processes that use one store of files, and judges what they leave behind.

Run as a program of its own: it forks, which a process with threads should not. Each round forks one or
two children that commit, edit and read, writing down every commit before it is called and after it is
acknowledged; kills one of them, at a failpoint or at any moment; then opens the store and looks:

* no commit is torn: the log has all of its operations in one revision, or none;
* no acknowledged commit is lost; of the others, at most the one under way is there;
* revisions have no gap; every change follows on the one before;
* files, index and log agree; nothing is pending, no litter is left, nothing needs a person;
* every resource has the record that was committed with it, unless an edit from outside came after it.

Prints one JSON object: the counts, and the violations found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from pathlib import Path

from mastractl import values
from mastractl.engines import failpoints
from mastractl.engines.contract import EXTERNAL, Delete, Put
from mastractl.engines.filesystem import FileEngine
from mastractl.store import keys, ownership

HOME = "res/agent/default/"
NAMES = "abcdefgh"
ROUNDS_PER_STORE = 25


class Journal:
    """What a child says it did, in a file that outlives it."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, **line):
        os.write(self._fd, json.dumps(line).encode() + b"\n")


def key_of(name):
    return f"rec/run/{name}" if name == "h" else HOME + name


class Child:
    """Does one thing after another, until it is killed or told how many are enough."""

    def __init__(self, base, journal, seed, plan):
        self.base = base
        self.journal = Journal(journal)
        self.dice = random.Random(seed)
        self.plan = plan
        self.ids = (f"{seed}-{n}" for n in itertools.count())
        self.engine = FileEngine(base)

    def run(self):
        acts = itertools.cycle(self.plan) if self.plan else None
        for _ in range(200):
            act = (
                next(acts)
                if acts
                else self.dice.choice(["commit", "commit", "batch", "delete", "edit", "read"])
            )
            getattr(self, act)()

    def commit_all(self, wanted):
        """Commit, for each name, a put of a text or, for None, a delete; with the record, as a store does."""
        this = next(self.ids)
        ops = {
            key_of(name): None if wants is None else {"by": this, "text": wants}
            for name, wants in wanted.items()
        }
        for key in [key for key in ops if key.startswith(HOME)]:
            gone = ops[key] is None
            ops[keys.record(key)] = None if gone else {"value": ownership.digest(values.dump(ops[key]))}
        self.journal.note(called=this, ops=ops)
        made = self.engine.commit(
            [Delete(k) if v is None else Put(k, values.dump(v)) for k, v in ops.items()], origin=this
        )
        self.journal.note(acknowledged=this, revision=made.revision, changes=len(made.changes))

    def commit(self):
        self.commit_all({self.dice.choice(NAMES): "x" * self.dice.randrange(3000)})

    def batch(self):
        names = self.dice.sample(NAMES, self.dice.randint(2, 6))
        self.commit_all({name: self.dice.choice(["", "y" * 500, None]) for name in names})

    def delete(self):
        self.commit_all(dict.fromkeys(self.dice.sample(NAMES, 2)))

    def edit(self):
        """By hand: a new file, a changed one, or one that goes."""
        file = self.base / "agent" / "default" / f"{self.dice.choice(NAMES[:-1])}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            if self.dice.random() < 0.2:
                file.unlink(missing_ok=True)
                return
            this = next(self.ids)
            self.journal.note(edit=this)
            beside = file.with_name(f".{this}.swp")
            beside.write_text(json.dumps({"by": this}))
            beside.rename(file)
        except FileNotFoundError:
            pass  # the last resource of the directory was deleted meanwhile, and it with it

    def read(self):
        self.engine.range("res/")

    def edit_and_commit(self):
        self.edit()
        self.batch()

    def edit_and_read(self):
        self.edit()
        self.read()


def die_at(name, nth):
    """Kill this process when it reaches a failpoint for the nth time."""
    left = nth

    def hook(reached):
        nonlocal left
        if reached == name:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    failpoints.install(hook)


class Judge:
    """What is known of one store, and what of it was found wrong."""

    def __init__(self, base):
        self.base = base
        self.state = {}
        self.origins = {}
        self.told = 0
        self.called = {}
        self.acknowledged = {}
        self.edits = set()
        self.logged = {}
        self.wrong = []

    def read_journals(self, paths):
        """The commits under way when their writers ended, one for each at most."""
        under_way = set()
        for path in paths:
            last = None
            for text in path.read_text().splitlines(keepends=True) if path.exists() else ():
                if not text.endswith("\n"):
                    continue
                line = json.loads(text)
                if "called" in line:
                    last = line["called"]
                    self.called[last] = line["ops"]
                elif "acknowledged" in line:
                    self.acknowledged[line["acknowledged"]] = (line["revision"], line["changes"])
                else:
                    self.edits.add(line["edit"])
            if last and last not in self.acknowledged:
                under_way.add(last)
        return under_way

    def look(self, paths):
        under_way = self.read_journals(paths)
        engine = FileEngine(self.base)
        try:
            engine.range("res/")
            self.judge_log(engine.changes(self.told, limit=0).changes, engine.revision())
            self.judge_commits(under_way)
            self.judge_state(engine)
        finally:
            engine.close()

    def judge_log(self, changes, revision):
        for number, group in itertools.groupby(changes, lambda change: change.revision):
            if number != self.told + 1:
                self.wrong.append(f"revision {number} comes after {self.told}")
            self.told = number
            self.judge_revision(number, list(group))
        if self.told != revision:
            self.wrong.append(f"the log ends at {self.told}, the store is at {revision}")

    def judge_revision(self, number, changes):
        (origin,) = {change.origin for change in changes}
        if origin == EXTERNAL:
            by = {values.load(c.entry.value)["by"] for c in changes if c.entry}
            if len(changes) != 1 or not by <= self.edits:
                self.wrong.append(f"revision {number} is no edit: {changes}")
        else:
            wanted = {
                key: value
                for key, value in self.called[origin].items()
                if value is not None or key in self.state
            }
            got = {c.key: c.entry and values.load(c.entry.value) for c in changes}
            if got != wanted:
                self.wrong.append(f"{origin} is torn: {got} of {wanted}")
            if origin in self.logged:
                self.wrong.append(f"{origin} is logged twice")
            self.logged[origin] = number
        for change in changes:
            if change.previous != self.state.get(change.key):
                self.wrong.append(f"{change} does not follow on {self.state.get(change.key)}")
            if change.entry:
                self.state[change.key] = change.entry
            else:
                self.state.pop(change.key, None)
            self.origins[change.key] = change.origin

    def judge_commits(self, under_way):
        for this, (revision, changes) in self.acknowledged.items():
            if changes and self.logged.get(this) != revision:
                self.wrong.append(f"{this} was acknowledged at {revision}, and is at {self.logged.get(this)}")
        unasked = self.logged.keys() - self.acknowledged.keys() - under_way
        if unasked - getattr(self, "survived", set()):
            self.wrong.append(f"never acknowledged, and yet logged: {unasked}")
        self.survived = getattr(self, "survived", set()) | (self.logged.keys() & under_way)

    def judge_state(self, engine):
        if {entry.key: entry for entry in engine.range("").entries} != self.state:
            self.wrong.append("the index is not what the log adds up to")
        self.judge_files()
        self.judge_records()
        if problems := engine.health().problems:
            self.wrong.append(f"problems: {problems}")
        connection = sqlite3.connect(self.base / ".mastractl" / "state.db")
        if connection.execute("SELECT count(*) FROM pending").fetchone() != (0,):
            self.wrong.append("files are pending")
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            self.wrong.append("the database is damaged")
        connection.close()

    def judge_records(self):
        resources = {key: entry for key, entry in self.state.items() if key.startswith(HOME)}
        for key, entry in resources.items():
            record = self.state.get(keys.record(key))
            fits = record and values.load(record.value)["value"] == ownership.digest(entry.value)
            if self.origins[key] != EXTERNAL and not fits:
                self.wrong.append(f"the record of {key} is not that of its value: {record}")
        owned = {
            keys.record(key) for key in self.origins if self.origins[key] == EXTERNAL or key in resources
        }
        if left := {key for key in self.state if key.startswith(keys.OWNERSHIP)} - owned:
            self.wrong.append(f"records of what is not there: {left}")

    def judge_files(self):
        expected = {key: entry for key, entry in self.state.items() if key.startswith("res/")}
        found = {}
        for path in self.base.rglob("*"):
            relative = path.relative_to(self.base)
            if relative.parts[0] == ".mastractl" or path.is_dir() or path.name.endswith(".swp"):
                continue
            found[f"res/{relative}".removesuffix(".json")] = path.read_bytes()
        if found.keys() != expected.keys():
            self.wrong.append(f"files {sorted(found)}, index {sorted(expected)}")
        for key in found.keys() & expected.keys():
            document = values.load(expected[key].value)
            if values.load(found[key]) != document:
                self.wrong.append(f"the file of {key} differs")
            if self.origins[key] != EXTERNAL and found[key] != values.pretty(document).encode():
                self.wrong.append(f"the file of {key} was not written by the commit")


def spawn(base, journal, seed, plan, death):
    """A child that dies at a failpoint (`death` is its name and which time) or when it is killed."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if death:
            die_at(*death)
        Child(base, journal, seed, plan).run()
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
        os._exit(70)
    os._exit(0)


def one_round(base, seed, options, dice):
    """Fork, kill, wait: the journals, how many were killed, and whether a child failed by itself."""
    plan = options.plan.split(",") if options.plan else None
    point = options.point or dice.choice([*failpoints.NAMES, "", "", ""])
    death = (point, dice.randint(1, options.nth)) if point else None
    writers = dice.choice(options.writers)
    journals = [base.parent / f"{base.name}-{seed}-{n}.journal" for n in range(writers)]
    children = [
        spawn(base, journal, f"{seed}-{n}", plan, death if n == 0 else None)
        for n, journal in enumerate(journals)
    ]
    if not point or writers > 1:
        time.sleep(dice.uniform(0.002, 0.06))
        for child in children[: 1 if point else writers]:
            os.kill(child, signal.SIGKILL)
        if point:
            os.kill(children[0], signal.SIGKILL)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return journals, codes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--point", choices=failpoints.NAMES)
    parser.add_argument("--nth", type=int, default=3)
    parser.add_argument("--plan", help="what a child does, again and again; at random if not given")
    parser.add_argument("--writers", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    dice = random.Random(options.seed)
    killed, failed, wrong, acknowledged, survived = 0, 0, [], 0, 0
    for number in itertools.count():
        if killed >= options.kills or wrong or failed or number > 3 * options.kills + 10:
            break
        if number % ROUNDS_PER_STORE == 0:
            base = options.directory / f"store-{number}"
            judge = Judge(base)
        journals, codes = one_round(base, f"{options.seed}.{number}", options, dice)
        killed += codes.count(-signal.SIGKILL)
        failed += len([code for code in codes if code not in {0, -signal.SIGKILL}])
        judge.look(journals)
        wrong += [f"round {number} of seed {options.seed}: {text}" for text in judge.wrong]
        if (number + 1) % ROUNDS_PER_STORE == 0 and not wrong:
            acknowledged += len(judge.acknowledged)
            survived += len(judge.survived)
            shutil.rmtree(base)
            judge = None
    if judge:
        acknowledged += len(judge.acknowledged)
        survived += len(judge.survived)
    print(json.dumps({"killed": killed, "failed": failed, "acknowledged": acknowledged,
                      "logged though never acknowledged": survived, "wrong": wrong[:10]}))  # fmt: skip
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
