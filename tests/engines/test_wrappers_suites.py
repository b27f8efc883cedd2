"""Every wrapper keeps the promises of the engine it is around: alone, and all of them at once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from mastractl.engines import tree
from mastractl.engines.contract import adopt_as_is
from mastractl.engines.filesystem import FileEngine
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.wrappers import keyring
from mastractl.engines.wrappers.audited import AuditedEngine
from mastractl.engines.wrappers.caching import CachingEngine
from mastractl.engines.wrappers.encrypting import EncryptingEngine, adopting
from mastractl.engines.wrappers.metered import MeteredEngine
from mastractl.engines.wrappers.retrying import RetryingEngine
from mastractl.testing.engine_model import EngineMachine
from mastractl.testing.engine_suite import (
    DurableSuite,
    EngineSuite,
    ExpirySuite,
    ExternalEditSuite,
    PushSuite,
    SharedSuite,
)
from tests.engines.faulty import Handle

QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where audits go: what it costs to have them on a disk is not what is tested."""

RING = keyring.parse(keyring.new_key("one") + "," + keyring.new_key("two"), where="the test")


def all_five(engine, clock, directory):
    """In the order that a URL puts them."""
    engine = MeteredEngine(engine, name="test", clock=clock)
    engine = RetryingEngine(engine, clock=clock)
    engine = EncryptingEngine(engine, RING)
    engine = AuditedEngine(engine, f"{directory}/audit.jsonl", every=0.05, clock=clock)
    return CachingEngine(engine, entries=20, clock=clock)


def upside_down(engine, clock, directory):
    """In an order of one's own, which must hold as well."""
    engine = CachingEngine(engine, clock=clock)
    engine = AuditedEngine(engine, f"{directory}/audit.jsonl", clock=clock)
    engine = EncryptingEngine(engine, RING)
    engine = RetryingEngine(engine, clock=clock)
    return MeteredEngine(engine, name="test", clock=clock)


WRAPS = {
    "caching": lambda engine, clock, directory: CachingEngine(engine, clock=clock),
    "a small cache": lambda engine, clock, directory: CachingEngine(engine, entries=3, clock=clock),
    "encrypting": lambda engine, clock, directory: EncryptingEngine(engine, RING),
    "metered": lambda engine, clock, directory: MeteredEngine(engine, clock=clock),
    "retrying": lambda engine, clock, directory: RetryingEngine(engine, clock=clock),
    "audited": lambda engine, clock, directory: AuditedEngine(
        engine, f"{directory}/audit.jsonl", clock=clock
    ),
    "all five": all_five,
    "upside down": upside_down,
}
SEALED = {"encrypting", "all five", "upside down"}


class WrapFixtures:
    """`engine`, `open_another` and `reopen` by the fixture `bare`, which opens the inner engine."""

    @pytest.fixture(params=["caching", "encrypting", "metered", "retrying", "audited", "all five"])
    def wrap(self, request):
        return request.param

    @pytest.fixture
    def opened(self):
        return []

    @pytest.fixture
    def open_another(self, bare, wrap, opened, clock, tmp_path):
        with TemporaryDirectory(dir=QUICK) as directory:

            def open_another():
                opened.append(WRAPS[wrap](bare(), clock, directory))
                return opened[-1]

            yield open_another
            for engine in opened:
                engine.close()

    @pytest.fixture
    def engine(self, open_another):
        return open_another()

    @pytest.fixture
    def reopen(self, opened, open_another):
        def reopen():
            for engine in opened:
                engine.close()
            return open_another()

        return reopen

    @pytest.fixture
    def pusher(self, open_another):
        return open_another()


class TestAroundMemory(WrapFixtures, EngineSuite, SharedSuite, ExpirySuite, PushSuite):
    """Around several handles on one memory engine."""

    @pytest.fixture
    def bare(self, clock):
        with ExitStack() as stack:
            memory = MemoryEngine(clock=clock)
            stack.callback(memory.close)
            yield lambda: Handle(memory)


class TestAroundFiles(
    WrapFixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite, ExternalEditSuite
):
    """Around the engine of files, which takes in external edits."""

    @pytest.fixture(params=["encrypting", "all five"])
    def wrap(self, request):
        return request.param

    @pytest.fixture
    def bare(self, clock, tmp_path, wrap):
        adopt = adopting(adopt_as_is, RING) if wrap in SEALED else adopt_as_is
        return lambda: FileEngine(tmp_path / "store", adopt=adopt, clock=clock)

    @pytest.fixture
    def outside(self, tmp_path):
        return Hand(tmp_path / "store")


class Hand:
    """An editor that leaves plain documents."""

    def __init__(self, base):
        self._base = base

    def path(self, key):
        return self._base / tree.place(key).path

    def write(self, key, data):
        self.path(key).parent.mkdir(parents=True, exist_ok=True)
        self.path(key).write_bytes(data)

    def remove(self, key):
        self.path(key).unlink()


def machine(wrap):
    """Two handles on one memory engine, each in wrappers of its own."""

    class WrappedMachine(EngineMachine):
        @classmethod
        def make(cls, clock, stack):
            directory = stack.enter_context(TemporaryDirectory(dir=QUICK))
            memory = MemoryEngine(clock=clock)
            stack.callback(memory.close)
            return lambda: WRAPS[wrap](Handle(memory), clock, directory)

    case = WrappedMachine.TestCase
    case.settings = settings(
        max_examples=20, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
    )
    return case


TestCachingModel = machine("caching")
TestSmallCacheModel = machine("a small cache")
TestEncryptingModel = machine("encrypting")
TestRetryingModel = machine("retrying")
TestAllFiveModel = machine("all five")
TestUpsideDownModel = machine("upside down")
