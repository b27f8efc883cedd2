"""What leases do for a store that nobody opens, and that nothing is lost or told wrong through them."""

from __future__ import annotations

import time

import pytest

from mastractl.engines.contract import EXPIRED, ChangeType, Put
from mastractl.engines.etcd import EtcdEngine
from mastractl.testing.clocks import FakeClock
from tests.servers.base import shared
from tests.servers.etcd import QuickEtcd


@pytest.fixture
def server():
    return shared(QuickEtcd)


@pytest.fixture
def store(server):
    return server.new_store()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def opening(server, store, clock):
    opened = []

    def opening(**more):
        opened.append(EtcdEngine(f"{server.url(store)}?grace=1", clock=clock, **more))
        return opened[-1]

    yield opening
    for engine in opened:
        engine.close()


def entries(server, store):
    return {key.removeprefix(f"/{store}/kv/") for key in server.keys(f"/{store}/kv/")}


def await_entries(server, store, expected):
    deadline = time.monotonic() + 20
    while entries(server, store) != expected:
        assert time.monotonic() < deadline, entries(server, store)
        time.sleep(0.05)  # the lease's own time has to pass: there is nothing else to wait for


def test_etcd_removes_what_expired_in_a_store_that_nobody_opens_and_the_log_is_told(
    server, store, opening, clock
):
    engine = opening()
    engine.commit(
        [
            Put("rec/a", b'{"a":1}', expires_at=clock.now() + 0.5),
            Put("rec/b", b'{"b":1}', expires_at=clock.now() + 0.5),
            Put("rec/kept", b"{}", expires_at=clock.now() + 0.5),
            Put("rec/longer", b"{}", expires_at=clock.now() + 0.5),
        ]
    )
    # These two leave the lease: for ever, and for another that ends later.
    engine.commit([Put("rec/kept", b"{}"), Put("rec/longer", b"{}", expires_at=clock.now() + 3600)])
    engine.close()
    await_entries(server, store, {"rec/kept", "rec/longer"})
    clock.advance(0.5)
    engine = opening()
    told = engine.changes(2)
    assert told.revision == 3
    assert [(c.key, c.type, c.origin, c.previous.value) for c in told.changes] == [
        ("rec/a", ChangeType.DELETED, EXPIRED, b'{"a":1}'),
        ("rec/b", ChangeType.DELETED, EXPIRED, b'{"b":1}'),
    ]
    assert [entry.key for entry in engine.range("").entries] == ["rec/kept", "rec/longer"]
    assert list(engine.check()) == []


def test_it_does_no_harm_if_only_some_of_what_is_due_is_gone_already(server, store, opening, clock):
    engine = opening()
    engine.commit([Put(f"rec/{name}", b"{}", expires_at=clock.now() + 60) for name in "abc"])
    server.delete(f"/{store}/kv/rec/b")
    clock.advance(60)
    assert [change.key for change in engine.changes(1).changes] == ["rec/a", "rec/b", "rec/c"]
    assert engine.range("") == engine.range("")._replace(revision=2, entries=())


def test_what_was_compacted_is_still_told_with_what_it_was(server, store, opening, clock):
    engine = opening()
    engine.commit([Put("rec/a", b'{"a":1}', expires_at=clock.now() + 60)])
    engine.compact(1)
    server.delete(f"/{store}/kv/rec/a")
    clock.advance(60)
    (change,) = engine.changes(1).changes
    assert change.previous.value == b'{"a":1}'


def test_a_key_made_anew_by_one_whose_clock_is_slow_is_not_removed(server, store, opening, clock):
    """It saw nothing there, for the lease had ended: what it wrote does not expire with the old."""
    engine = opening()
    engine.commit([Put("rec/a", b"{}", expires_at=clock.now() + 60)])
    server.delete(f"/{store}/kv/rec/a")
    slow = opening()
    assert slow.commit([Put("rec/a", b'{"new":1}')]).revision == 2
    clock.advance(60)
    assert engine.get("rec/a").value == b'{"new":1}'
    assert engine.revision() == 2
    assert [entry.key for entry in engine.range("").entries] == ["rec/a"]


def test_a_reader_hides_what_is_due_and_removes_nothing(server, store, opening, clock):
    engine = opening()
    engine.commit([Put("rec/a", b"{}", expires_at=clock.now() + 60), Put("rec/b", b"{}")])
    reader = opening(read_only=True)
    clock.advance(60)
    assert [entry.key for entry in reader.range("").entries] == ["rec/b"]
    assert reader.get("rec/a") is None
    assert reader.revision() == 1
    assert entries(server, store) == {"rec/a", "rec/b"}
    assert engine.revision() == 2


def test_times_of_all_sizes_sort(opening, clock):
    engine = opening()
    times = [float("-inf"), -1e300, -1.5, 0.0, 1e-9, clock.now(), clock.now() + 1e-3, 1e300, float("inf")]
    engine.commit([Put(f"rec/{n}", b"{}", expires_at=at) for n, at in enumerate(times)])
    assert [entry.key for entry in engine.range("").entries] == ["rec/6", "rec/7", "rec/8"]
    assert [change.key for change in engine.changes(1).changes] == [f"rec/{n}" for n in range(6)]
    assert [entry.expires_at for entry in engine.range("").entries] == times[6:]


def test_more_than_a_commit_holds_goes_in_several(opening, clock):
    engine = opening()
    for batch in range(3):
        puts = [Put(f"rec/{batch}-{n:03d}", b"{}", expires_at=clock.now() + 60) for n in range(500)]
        engine.commit(puts)
    clock.advance(60)
    assert engine.range("").entries == ()
    gone = engine.changes(3, limit=0)
    assert gone.revision == 5
    assert len(gone.changes) == 1500
    assert {change.type for change in gone.changes} == {ChangeType.DELETED}
