"""Stores of files, what stands in them, and the ways in which a disk says no."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from mastractl.engines import failpoints, tree
from mastractl.engines.filesystem import FileEngine


class Place:
    """A directory with a store in it, and hands that reach in from outside."""

    def __init__(self, base):
        self.base = base
        self.engines = []

    def open(self, **more):
        self.engines.append(FileEngine(self.base, **more))
        return self.engines[-1]

    def file(self, name, directory="agent/default"):
        return self.base / directory / f"{name}.json"

    def write(self, name, text, directory="agent/default"):
        """In place, as a careless program does."""
        file = self.file(name, directory)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return file

    def replace(self, name, document, directory="agent/default"):
        """By a new file renamed over the old one, as editors do."""
        beside = self.file(name, directory).with_name(f".{name}.swp")
        beside.write_text(json.dumps(document), encoding="utf-8")
        beside.replace(self.file(name, directory))

    def files(self):
        """Every visible file, by path: its document."""
        found = {}
        for path in self.base.rglob("*"):
            relative = path.relative_to(self.base)
            if relative.parts[0] != ".mastractl" and path.is_file():
                found[str(relative)] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def sql(self, statement, *values):
        """What another program sees in the database."""
        connection = sqlite3.connect(self.base / ".mastractl" / "state.db")
        try:
            found = connection.execute(statement, values).fetchall()
            connection.commit()
        finally:
            connection.close()
        return found


@pytest.fixture
def store(tmp_path):
    place = Place(tmp_path / "store")
    yield place
    for engine in place.engines:
        engine.close()


@pytest.fixture
def engine(store):
    return store.open()


@pytest.fixture
def at_failpoint():
    """Have something happen at a named failpoint, once; what it raises is raised there."""

    def arm(name, act):
        def hook(reached):
            if reached == name:
                failpoints.install(None)
                act()

        failpoints.install(hook)

    yield arm
    failpoints.install(None)


@pytest.fixture
def failing(monkeypatch):
    """Have a system call fail for the paths that a test picks: for root, no mode forbids anything."""

    def fail(call, number, when=lambda *arguments: True):
        original = getattr(os, call)

        def broken(*arguments, **more):
            if when(*arguments):
                raise OSError(number, os.strerror(number))
            return original(*arguments, **more)

        monkeypatch.setattr(tree.os, call, broken)

    return fail


@pytest.fixture
def elsewhere(tmp_path):
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    return Path(directory)
