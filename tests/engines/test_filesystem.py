"""The promises of every engine, kept by files: the shipped suites, and random histories."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from mastractl.engines import tree
from mastractl.engines.filesystem import FileEngine
from mastractl.testing.by_url import ByUrl
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import (
    DurableSuite,
    EngineSuite,
    ExpirySuite,
    ExternalEditSuite,
    PushSuite,
    SharedSuite,
)


class Hand:
    """Writes files as a careless program would: in place."""

    def __init__(self, base):
        self._base = base

    def path(self, key):
        return self._base / tree.place(key).path

    def write(self, key, data):
        self.path(key).parent.mkdir(parents=True, exist_ok=True)
        self.path(key).write_bytes(data)

    def remove(self, key):
        self.path(key).unlink()


class Files(ByUrl):
    @pytest.fixture
    def url(self, tmp_path):
        return f"file:{tmp_path / 'store'}"


class TestFiles(Files, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite, ExternalEditSuite):
    """With keys that have files."""

    @pytest.fixture
    def outside(self, tmp_path):
        return Hand(tmp_path / "store")


class TestRecords(Files, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    """With keys that live in the database alone: there is nothing to edit."""

    home = "rec/run/default/"
    test_what_is_declared_is_what_is_proven = None


class FileMachine(EngineMachine):
    """Two handles on one directory."""

    @classmethod
    def make(cls, clock, stack):
        path = stack.enter_context(TemporaryDirectory())
        return lambda: FileEngine(path, clock=clock)


TestFileModel = FileMachine.TestCase
TestFileModel.settings = settings(max_examples=30, stateful_step_count=25)
