"""The audit has every change once, whoever made it and whatever interrupted the writing."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from hashlib import sha256

import pytest

from mastractl import errors
from mastractl.clock import rfc3339
from mastractl.engines.contract import Delete, Put
from mastractl.engines.filesystem import FileEngine
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.wrappers.audited import AuditedEngine
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document
from tests.engines.faulty import Handle

SELDOM = 1000.0


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def memory(clock):
    return MemoryEngine(clock=clock)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def audited(memory, path, clock):
    """Opens the store once more, with the audit in the same file."""
    opened = []

    def audited(every=SELDOM, store=memory):
        opened.append(AuditedEngine(Handle(store), str(path), every=every, clock=clock))
        return opened[-1]

    yield audited
    for engine in opened:
        engine.close()


def put(name, number):
    return Put(f"res/agent/{name}", document(number))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def digest(number):
    return sha256(document(number)).hexdigest()


def told(path):
    return [(line["revision"], line.get("part"), line.get("key")) for line in lines(path)]


def test_a_commit_is_in_the_file_when_it_returns(audited, memory, path, clock):
    engine = audited()
    engine.commit([put("a", 1)], origin="me")
    clock.advance(3)
    engine.commit([put("a", 2), Delete("res/agent/none"), put("b", 1)], origin="you")
    engine.commit([Delete("res/agent/a")])
    common = {"store": memory.identity, "at": rfc3339(clock.now())}
    assert lines(path)[1:] == [
        common
        | {"revision": 2, "part": 1, "parts": 2, "origin": "you", "type": "MODIFIED", "key": "res/agent/a"}
        | {"old": digest(1), "new": digest(2)},
        common
        | {"revision": 2, "part": 2, "parts": 2, "origin": "you", "type": "ADDED", "key": "res/agent/b"}
        | {"old": None, "new": digest(1)},
        common
        | {"revision": 3, "part": 1, "parts": 1, "origin": "", "type": "DELETED", "key": "res/agent/a"}
        | {"old": digest(2), "new": None},
    ]
    assert lines(path)[0]["at"] == rfc3339(clock.now() - 3)


def test_no_value_is_in_the_file_and_it_is_its_owners_alone(audited, path):
    path.touch(mode=0o644)
    audited().commit([Put("res/a", b'{"password":"hunter2"}')])
    assert "hunter2" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_others_did_is_there_too(audited, memory, path):
    memory.commit([put("a", 1)], origin="before")
    engine = audited(every=0.01)
    assert [line["origin"] for line in lines(path)] == ["before"]
    memory.commit([put("a", 2)], origin="meanwhile")
    for _ in range(3000):
        if len(lines(path)) == 2:
            break
        engine.wait(2, 0.01)
    assert [line["origin"] for line in lines(path)] == ["before", "meanwhile"]


def test_the_last_is_written_at_the_end(audited, memory, path):
    engine = audited()
    memory.commit([put("a", 1)], origin="they")
    engine.close()
    assert [line["origin"] for line in lines(path)] == ["they"]


def test_several_audits_of_one_store_do_not_repeat_each_other(audited, path):
    first, second = audited(), audited()
    for number in range(5):
        first.commit([put("a", number), put("b", number)])
        second.commit([put("a", -1 - number)])
    first.close()
    audited().close()
    assert told(path) == [
        line
        for revision in range(1, 11, 2)
        for line in (
            (revision, 1, "res/agent/a"),
            (revision, 2, "res/agent/b"),
            (revision + 1, 1, "res/agent/a"),
        )
    ]


def test_several_stores_may_share_a_file(audited, memory, path, clock):
    other = MemoryEngine(clock=clock)
    one, two = audited(), audited(store=other)
    for number in range(3):
        one.commit([put("a", number)])
        two.commit([put("b", number)])
    one.close()
    two.close()
    audited().close()
    audited(store=other).close()
    found = [(line["store"], line["revision"]) for line in lines(path)]
    assert len(found) == len(set(found)) == 6


@pytest.mark.parametrize("cut", [1, 5, 60, "all"])
def test_a_line_that_was_cut_off_is_written_anew(audited, path, cut):
    engine = audited()
    engine.commit([put("a", 1)])
    engine.commit([put("a", 2), put("b", 2), put("c", 2)])
    engine.close()
    whole = path.read_bytes()
    torn = whole.splitlines(keepends=True)
    last = b"" if cut == "all" else torn[-1][:-cut]
    path.write_bytes(b"".join(torn[:-1]) + last)
    audited().close()
    assert path.read_bytes() == whole
    path.write_bytes(whole + b"\0" * 20)
    audited().close()
    assert path.read_bytes() == whole


def test_a_commit_of_which_a_part_was_written_is_completed(audited, path):
    engine = audited()
    engine.commit([put(name, 1) for name in "abcd"])
    engine.close()
    whole = path.read_bytes()
    for kept in range(4):
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:kept]))
        audited().close()
        assert path.read_bytes() == whole


def test_what_was_compacted_away_is_said_to_be_missing(audited, memory, path):
    audited().close()
    for number in range(6):
        memory.commit([put("a", number)])
    memory.compact(4)
    engine = audited()
    gap, *rest = lines(path)
    assert (gap["type"], gap["after"], gap["revision"]) == ("GAP", 0, 4)
    assert "compacted" in gap["message"]
    assert [line["revision"] for line in rest] == [5, 6]
    engine.commit([put("a", 9)])
    assert [line["revision"] for line in lines(path)] == [4, 5, 6, 7]


def test_a_compaction_of_ours_leaves_no_gap(audited, memory, path):
    engine = audited()
    memory.commit([put("a", 1)])
    engine.compact(1)
    assert [line["type"] for line in lines(path)] == ["ADDED"]


def test_a_store_that_was_set_back_is_said_to_be(audited, path, clock):
    one = MemoryEngine(clock=clock, identity="same")
    engine = audited(store=one)
    for number in range(3):
        engine.commit([put("a", number)])
    engine.close()
    restored = MemoryEngine(clock=clock, identity="same")
    restored.commit([put("a", 0)])
    audited(store=restored).commit([put("b", 0)])
    assert [(line["type"], line["revision"]) for line in lines(path)][3:] == [("GAP", 1), ("ADDED", 2)]
    assert "set back" in lines(path)[3]["message"]


@pytest.mark.parametrize(
    "text", ['{"some": "json"}\n', "a diary\nwith lines", "a diary", "[1]\n", '{"store":"x"}\nno\n']
)
def test_a_file_that_is_something_else_is_left_alone(audited, path, text, memory):
    path.write_text(text)
    with pytest.raises(errors.StorageValidationError) as caught:
        audited()
    assert str(path) in caught.value.message + caught.value.hint or "audit" in caught.value.message
    assert path.read_text() == text


def test_without_its_file_nothing_is_committed(audited, memory, path, tmp_path):
    engine = audited()
    engine.commit([put("a", 1)])
    kept = path.read_text()
    path.unlink()
    path.mkdir()
    made = engine.commit([put("a", 2)])
    assert made.revision == 2, "what was committed is not reported as failed"
    (problem,) = engine.health().problems
    assert problem.location == str(path)
    with pytest.raises(errors.StorageTransactionError) as caught:
        engine.commit([put("a", 3)])
    assert str(path) in caught.value.message
    with pytest.raises(errors.StorageTransactionError):
        engine.compact(1)
    assert memory.revision() == 2
    path.rmdir()
    path.write_text(kept)
    engine.commit([put("a", 3)])
    assert engine.health().problems == ()
    assert [line["revision"] for line in lines(path)] == [1, 2, 3]


def test_a_file_that_was_moved_away_is_begun_anew_where_the_audit_was(audited, path):
    engine = audited()
    engine.commit([put("a", 1)])
    last = path.read_text()
    path.rename(path.with_suffix(".1"))
    path.write_text(last)
    engine.commit([put("a", 2)])
    assert [line["revision"] for line in lines(path)] == [1, 2]


WRITER = """
import sys
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine
engine = open_engine(sys.argv[1])
for number in range(20):
    name = f"{sys.argv[2]}/n{number}"
    engine.commit([Put(f"rec/run/{name}", b"{}"), Put(f"rec/x/{name}", b"{}")], origin=sys.argv[2])
engine.close()
"""


def test_processes_that_audit_into_one_file_write_each_change_once(tmp_path, path):
    url = f"file:{tmp_path}/store?audit={path}"
    command = [sys.executable, "-c", WRITER, url]
    writers = [subprocess.Popen([*command, name]) for name in ("one", "two", "three")]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    store = FileEngine(tmp_path / "store")
    log = store.changes(0, limit=0).changes
    store.close()
    assert [(line["revision"], line["key"], line["origin"]) for line in lines(path)] == [
        (change.revision, change.key, change.origin) for change in log
    ]
    assert len(log) == 120
