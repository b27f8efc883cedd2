"""A store into one file and back, byte for byte; and no file that is not whole."""

from __future__ import annotations

import gzip
import io
import json
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.migrate import backup as backups
from mastractl.migrate.replayclock import ReplayClock
from mastractl.testing.clocks import FakeClock
from tests.migrate.conftest import ENGINES, history_of, lived, state_of


def restored(path, destination, replay, **more):
    return backups.restore(backups.opened(str(path)), destination, replay, **more)


@pytest.mark.parametrize("name", ["kitchen.backup", "kitchen.backup.gz"])
@pytest.mark.parametrize("compact_at", [None, 20])
def test_history_and_state_come_back(tmp_path, stores, clock, replay, live, seen, name, compact_at):
    source = live(stores.new(clock=clock), clock, compact_at=compact_at)
    path = tmp_path / name
    done = backups.backup(source, str(path))
    assert done.contents.standing == len(seen.state(source))
    destination = stores.new(clock=replay)
    came = restored(path, destination, replay)
    assert came.header.identity == source.identity
    assert seen.state(destination) == seen.state(source)
    assert seen.history(destination) == seen.history(source)
    assert destination.identity != source.identity
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_is_backed_up_and_restored(tmp_path, stores, clock, replay, live, seen, engine):
    source = live(stores.new(engine, clock=clock), clock)
    backups.backup(source, str(tmp_path / "b"))
    destination = stores.new(engine, clock=replay)
    restored(tmp_path / "b", destination, replay)
    assert seen.state(destination) == seen.state(source)
    assert seen.history(destination) == seen.history(source)


VALUES = [
    b'{"a":1}',
    b'{"a": 1}',
    b'{"a":1,"a":2}',
    b'{"a":1e3,"b":1E+3,"c":0.1,"d":-0.0,"e":123456789012345678901234567890}',
    b'{"a":"\\ud800 \\u00e9 \\/"}',
    '{"a":"é😀\u2028"}'.encode(),
    b'{"a":"\\n"}\n',
    b"\xff\x00 no text at all",
    b"",
    b"[]",
    b"NaN",
]


def test_values_come_back_byte_for_byte(tmp_path, stores, clock, replay):
    source = stores.new(clock=clock)
    source.commit([Put(f"v/{n}", value) for n, value in enumerate(VALUES)])
    source.commit([Put('v/",\\"value\\":é', b"{}"), Put("v/0", b'{"b":2}', expires_at=clock.now() + 0.1)])
    for history in (True, False):
        backups.backup(source, str(tmp_path / "b"), history=history)
        destination = stores.new(clock=(own := ReplayClock(clock)))
        restored(tmp_path / "b", destination, own)
        assert state_of(destination) == state_of(source)


def test_a_backup_can_be_read_by_any_tool(tmp_path, stores, clock, live):
    path = tmp_path / "b.gz"
    source = live(stores.new(clock=clock), clock, compact_at=20)
    backups.backup(source, str(path))
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    assert lines[0]["identity"] == source.identity
    assert lines[0]["revision"] == source.revision()
    assert {line["value"]["kind"] for line in lines if "value" in line} == {"Agent"}
    assert lines[-1]["changes"] == sum("commit" in line for line in lines)


def test_it_is_one_revision_whoever_writes_meanwhile(tmp_path, stores, clock, replay):
    source = stores.new(clock=clock)
    source.commit([Put(f"k/{n:04}", b'{"n":0}') for n in range(2000)])
    expected = state_of(source)

    def write_on(doing, done, total):
        source.commit([Put(f"k/{done - 1:04}", b'{"n":1}'), Put(f"k/{(done + 300) % 2000:04}", b'{"n":2}')])
        source.commit([Delete(f"k/{(done + 700) % 2000:04}"), Put(f"late/{done}", b"{}")])

    done = backups.backup(source, str(tmp_path / "b"), history=False, told=write_on)
    assert done.header.revision == 1
    assert source.revision() > 1
    destination = stores.new(clock=replay)
    restored(tmp_path / "b", destination, replay)
    assert state_of(destination) == expected


@pytest.fixture
def file(tmp_path, stores, clock, live):
    path = tmp_path / "good.backup"
    backups.backup(live(stores.new(clock=clock), clock, compact_at=20), str(path))
    return path


def cut(data):
    return data[: len(data) // 2]


def without_end(data):
    return b"".join(data.splitlines(keepends=True)[:-1])


def without_a_line(data):
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:-3] + lines[-2:])


DAMAGES = {
    "cut": cut,
    "without its end": without_end,
    "without a line": without_a_line,
    "edited": lambda data: data.replace(b'"n":1', b'"n":2', 1),
    "with something after it": lambda data: data + b'{"key":"x/y"}\n',
    "empty": lambda data: b"",
    "something else": lambda data: b"apiVersion: mastra.ai/v1\n",
    "a list": lambda data: b"[1]\n",
    "binary": lambda data: b"\xff\xfe\x00" + data,
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_whole_backup_is_refused(file, damage, compressed):
    data = DAMAGES[damage](file.read_bytes())
    file.write_bytes(gzip.compress(data) if compressed else data)
    with pytest.raises(errors.StorageValidationError, match="not a whole backup") as raised:
        backups.opened(str(file))
    assert "nothing was restored" in raised.value.hint


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_torn_gzip_file_is_refused(file, keep):
    data = gzip.compress(file.read_bytes())
    file.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(errors.StorageValidationError, match="not a whole backup"):
        backups.opened(str(file))


def test_a_newer_format_is_refused_with_the_remedy(file):
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(errors.StorageValidationError, match="written by a newer mastractl"):
        backups.opened(str(file))


def test_a_failed_backup_leaves_the_last_one(file, stores, clock, live):
    before = file.read_bytes()

    class Failing:
        def __init__(self, engine):
            self._engine = engine

        def __getattr__(self, name):
            return getattr(self._engine, name)

        def changes(self, since, *rest, **more):
            raise errors.Unavailable("gone")

    with pytest.raises(errors.Unavailable):
        backups.backup(Failing(live(stores.new(clock=clock), clock)), str(file))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_restoring_over_something_else_is_refused_and_forced(file, stores, clock, replay, seen):
    destination = stores.new(clock=replay)
    destination.commit([Put("other/thing", b"{}")])
    with pytest.raises(errors.Conflict, match="holds 1 entry already") as raised:
        restored(file, destination, replay)
    assert "--force" in raised.value.hint
    done = restored(file, destination, replay, force=True)
    assert not done.at_once
    assert destination.get("other/thing") is None
    assert restored(file, destination, replay).same


def test_without_history_what_is_there_is_replaced_in_one_commit(tmp_path, stores, clock, replay, live):
    source = live(stores.new(clock=clock), clock)
    backups.backup(source, str(tmp_path / "b"), history=False)
    destination = stores.new(clock=replay)
    destination.commit([Put("other/thing", b"{}")])
    done = restored(tmp_path / "b", destination, replay, force=True)
    assert done.at_once
    assert destination.revision() == 2
    assert state_of(destination) == state_of(source)


def test_where_an_engine_takes_less_at_once_it_is_replaced_in_steps(tmp_path, stores, clock, replay):
    source = stores.new(clock=clock)
    source.commit([Put(f"k/{n}", b"{}") for n in range(9)])
    backups.backup(source, str(tmp_path / "b"), history=False)
    destination = stores.new(clock=replay, max_commit=4)
    destination.commit([Put("other/thing", b"{}")])
    assert not restored(tmp_path / "b", destination, replay, force=True).at_once
    assert state_of(destination) == state_of(source)


def test_a_restore_that_was_interrupted_goes_on(file, stores, clock, replay):
    destination = stores.new(clock=replay)

    class Interrupted(Exception):
        pass

    def stop(doing, done, total):
        if doing == "replaying commits" and done == 7:
            raise Interrupted

    with pytest.raises(Interrupted):
        restored(file, destination, replay, told=stop)
    done = restored(file, destination, replay)
    assert done.went_on
    assert done.counts.entries == 0
    whole = stores.new(clock=(own := ReplayClock(clock)))
    restored(file, whole, own)
    assert history_of(destination) == history_of(whole)


def test_by_way_of_a_pipe(stores, clock, replay, live):
    source = live(stores.new(clock=clock), clock)
    pipe = io.BytesIO()
    backups.write(source, pipe)
    destination = stores.new(clock=replay)
    with backups.received(io.BytesIO(gzip.compress(pipe.getvalue()))) as account:
        backups.restore(account, destination, replay)
    assert state_of(destination) == state_of(source)
    with (
        pytest.raises(errors.StorageValidationError, match=r"^standard input is not a whole backup"),
        backups.received(io.BytesIO(pipe.getvalue()[:-9])),
    ):
        pass


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    steps=st.integers(0, 30),
    compact_at=st.none() | st.integers(0, 29),
    history=st.booleans(),
)
def test_whatever_the_history_it_comes_back(tmp_path_factory, seed, steps, compact_at, history):
    clock = FakeClock()
    replay = ReplayClock(clock)
    source = lived(MemoryEngine(clock=clock), clock, steps=steps, seed=seed, compact_at=compact_at)
    path = tmp_path_factory.mktemp("backup") / "b.gz"
    backups.backup(source, str(path), history=history)
    destination = MemoryEngine(clock=replay)
    restored(path, destination, replay)
    assert state_of(destination) == state_of(source)
    if history:
        assert history_of(destination) == history_of(source)
