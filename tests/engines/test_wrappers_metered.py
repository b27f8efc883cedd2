"""What is counted, and how it is written down."""

from __future__ import annotations

import os
import re
import stat
import threading

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.opening import open_engine
from mastractl.engines.wrappers.metered import MeteredEngine
from mastractl.engines.wrappers.wrapper import Wrapper
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document


class Slow(Wrapper):
    """Takes a tenth of a second for a get, by the clock of the test."""

    def __init__(self, inner, clock):
        super().__init__(inner)
        self._clock = clock

    def get(self, key):
        self._clock.advance(0.1)
        return super().get(key)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def metered(clock):
    return MeteredEngine(Slow(MemoryEngine(clock=clock), clock), name="test", clock=clock)


def samples(text):
    """Every sample by its name and labels; the text must be well-formed to the last line."""
    assert text.endswith("\n")
    found, typed = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert kind in {"counter", "histogram"}
            typed.add(name)
        elif not line.startswith("# HELP "):
            match = re.fullmatch(r'([a-z_]+)\{((?:[a-z]+="[^"\\\n]*",?)+)\} ([0-9.e+-]+)', line)
            assert match, line
            assert re.sub("_(bucket|sum|count)$", "", match[1]) in typed or match[1] in typed
            key = match[1], *sorted(re.findall(r'([a-z]+)="([^"]*)"', match[2]))
            assert key not in found
            found[key] = float(match[3])
    return found


def call(name):
    return ("call", name), ("engine", "test")


def test_calls_are_timed_and_what_they_move_is_counted(metered):
    metered.commit([Put("res/a", document(1)), Put("res/b", document(1))])
    metered.get("res/a")
    metered.get("res/none")
    metered.range("")
    found = samples(metered.text())
    assert found["mastractl_engine_call_seconds_count", *call("get")] == 2
    assert found["mastractl_engine_call_seconds_sum", *call("get")] == pytest.approx(0.2)
    assert found["mastractl_engine_call_seconds_bucket", *call("get"), ("le", "0.05")] == 0
    assert found["mastractl_engine_call_seconds_bucket", *call("get"), ("le", "0.25")] == 2
    assert found["mastractl_engine_call_seconds_bucket", *call("get"), ("le", "+Inf")] == 2
    for name, entries in (("get", 1), ("range", 2), ("commit", 2), ("changes", 0)):
        assert found["mastractl_engine_entries_total", *call(name)] == entries
        assert found["mastractl_engine_bytes_total", *call(name)] == entries * len(document(1))


def test_buckets_only_grow_and_end_at_all(metered):
    metered.get("res/a")
    metered.revision()
    text = metered.text()
    for name in ("get", "revision", "wait"):
        counts = [
            int(n) for n in re.findall(rf'_bucket{{engine="test",call="{name}",le="[^"]*"}} (\d+)', text)
        ]
        assert counts == sorted(counts)
        assert len(counts) == 20


def test_errors_are_counted_by_their_class(metered):
    for _ in range(3):
        with pytest.raises(errors.Conflict):
            metered.commit([Put("res/secret", b'{"password":"hunter2"}', 7)])
    with pytest.raises(errors.FutureRevision):
        metered.changes(9)
    found = samples(metered.text())
    assert found["mastractl_engine_errors_total", *call("commit"), ("error", "Conflict")] == 3
    assert found["mastractl_engine_errors_total", *call("changes"), ("error", "FutureRevision")] == 1
    assert found["mastractl_engine_call_seconds_count", *call("commit")] == 3
    assert "secret" not in metered.text()
    assert "hunter2" not in metered.text()


def test_no_call_is_lost_between_threads(metered):
    def ask():
        for _ in range(500):
            metered.revision()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = samples(metered.text())
    assert found["mastractl_engine_call_seconds_count", *call("revision")] == 2000


def test_the_file_is_there_when_the_engine_is_closed(tmp_path):
    path = tmp_path / "m.prom"
    engine = open_engine(f"memory:?metrics={path}")
    engine.commit([Put("res/a", document(1))])
    engine.close()
    text = path.read_text()
    assert 'mastractl_engine_call_seconds_count{engine="memory",call="commit"} 1' in text
    samples(text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "another user's collector reads it"
    assert [found.name for found in tmp_path.iterdir()] == ["m.prom"]
    engine.close()


def test_the_file_is_written_now_and_then(tmp_path):
    path = tmp_path / "m.prom"
    engine = MeteredEngine(MemoryEngine(), path=str(path), every=0.01)
    for _ in range(3000):
        if path.exists():
            break
        engine.wait(0, 0.01)
    assert path.exists()
    engine.close()


def test_processes_can_have_files_of_their_own(tmp_path):
    open_engine(f"memory:?metrics={tmp_path}/m-{{pid}}.prom").close()
    assert [found.name for found in tmp_path.iterdir()] == [f"m-{os.getpid()}.prom"]


def test_a_file_that_cannot_be_written_is_a_problem_and_no_more(tmp_path):
    engine = MeteredEngine(MemoryEngine(), path=str(tmp_path / "none" / "m.prom"), every=0.01)
    engine.commit([Put("res/a", document(1))])
    for _ in range(3000):
        if engine.health().problems:
            break
        engine.wait(1, 0.01)
    (problem,) = engine.health().problems
    assert problem.location == str(tmp_path / "none" / "m.prom")
    assert problem.hint
    engine.close()
