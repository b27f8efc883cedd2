"""A cache saves what it is for, and is never stale, bounded or not."""

from __future__ import annotations

import threading

import pytest

from mastractl.engines.contract import Delete, Put
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.wrappers.caching import CachingEngine
from mastractl.engines.wrappers.wrapper import Wrapper
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_tests.foundation import document


class Counting(Wrapper):
    """Counts the calls and the values that it hands out, as a network would carry them."""

    def __init__(self, inner):
        super().__init__(inner)
        self.calls = []
        self.carried = 0

    def get(self, key):
        self.calls.append("get")
        entry = super().get(key)
        self.carried += entry is not None
        return entry

    def range(self, prefix, *, limit=0, after=""):
        self.calls.append("range")
        page = super().range(prefix, limit=limit, after=after)
        self.carried += len(page.entries)
        return page

    def changes(self, since, prefix="", *, limit=1000):
        self.calls.append("changes")
        stretch = super().changes(since, prefix, limit=limit)
        self.carried += len(stretch.changes)
        return stretch

    def revision(self):
        self.calls.append("revision")
        return super().revision()

    def told(self):
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def memory(clock):
    return MemoryEngine(clock=clock)


@pytest.fixture
def far(memory):
    return Counting(memory)


@pytest.fixture
def cache(far, clock):
    return CachingEngine(far, clock=clock)


def put(name, number, **more):
    return Put(f"res/agent/{name}", document(number), **more)


def test_what_was_read_is_not_carried_again(cache, far, memory):
    memory.commit([put("a", 1)])
    first = cache.get("res/agent/a")
    far.told()
    assert cache.get("res/agent/a") is first
    assert far.told() == ["revision"]
    assert cache.get("res/agent/none") is cache.get("res/agent/none") is None
    assert far.told().count("get") == 1


def test_a_list_costs_what_changed_in_it(cache, far, memory):
    memory.commit([put(f"n{number:04}", number) for number in range(2000)])
    cache.range("res/")
    far.carried = 0
    for number in range(5):
        memory.commit(
            [put(f"n{number:04}", -1), Delete(f"res/agent/n{number + 100:04}"), put(f"x{number}", 1)]
        )
        assert cache.range("res/") == memory.range("res/")
    assert far.carried == 15
    far.told()
    assert cache.range("res/") == memory.range("res/")
    assert far.told() == ["revision"]


def test_a_change_elsewhere_leaves_a_page_alone(cache, far, memory):
    memory.commit([put(name, 1) for name in "abcdef"])
    pages = [cache.range("res/", limit=2, after=after) for after in ("", "res/agent/b", "res/agent/d")]
    memory.commit([Put("rec/x", document(1))])
    far.told()
    again = [cache.range("res/", limit=2, after=after) for after in ("", "res/agent/b", "res/agent/d")]
    assert [page.entries for page in again] == [page.entries for page in pages]
    assert "range" not in far.told()
    memory.commit([put("c", 2)])
    assert cache.range("res/", limit=2, after="res/agent/b") == memory.range(
        "res/", limit=2, after="res/agent/b"
    )
    assert cache.range("res/", limit=2, after="res/agent/d").entries == pages[2].entries


def test_what_this_process_commits_is_known_without_asking(cache, far, memory):
    cache.commit([put("a", 1)])
    cache.get("res/agent/a")
    far.told()
    made = cache.commit([put("a", 2)])
    assert cache.get("res/agent/a") == made.changes[0].entry
    assert far.told() == ["revision"]


def test_the_number_of_entries_is_bounded(memory, far, clock):
    cache = CachingEngine(far, entries=10, clock=clock)
    memory.commit([put(f"n{number:02}", number) for number in range(20)])
    for number in range(20):
        cache.get(f"res/agent/n{number:02}")
    far.told()
    cache.get("res/agent/n19")
    assert "get" not in far.told()
    cache.get("res/agent/n00")
    assert "get" in far.told()
    cache.range("res/")
    far.told()
    cache.range("res/")
    assert "range" in far.told(), "a list larger than the cache is not kept"


def test_the_bytes_are_bounded(memory, far, clock):
    cache = CachingEngine(far, size=3000, clock=clock)
    memory.commit([Put(f"res/agent/n{number}", b'{"x":"' + b"x" * 1500 + b'"}') for number in range(2)])
    cache.get("res/agent/n0")
    cache.get("res/agent/n1")
    far.told()
    cache.get("res/agent/n0")
    assert "get" in far.told()


def test_absent_keys_are_bounded_too(memory, far, clock):
    cache = CachingEngine(far, entries=5, clock=clock)
    memory.commit([put("a", 1)])
    for number in range(100):
        cache.get(f"res/agent/none{number}")
    far.told()
    cache.get("res/agent/none0")
    assert "get" in far.told()


class HidesOnly(Wrapper):
    """A store that cannot be written: what is due is hidden, and no revision says so."""

    def __init__(self, entry, clock):
        super().__init__(MemoryEngine())
        self.entry, self.clock = entry, clock

    def get(self, key):
        return self.entry if self.clock.now() < self.entry.expires_at else None

    def range(self, prefix, *, limit=0, after=""):
        shown = self.get("")
        return super().range(prefix)._replace(entries=(shown,) if shown else ())

    def revision(self):
        return 0


def test_what_is_due_is_not_answered_from_memory(clock):
    memory = MemoryEngine(clock=clock)
    entry = memory.commit([put("a", 1, expires_at=clock.now() + 5)]).changes[0].entry
    cache = CachingEngine(HidesOnly(entry, clock), clock=clock)
    for _ in range(2):
        assert cache.get("res/agent/a") == entry
        assert cache.range("res/").entries == (entry,)
    clock.advance(5)
    for _ in range(2):
        assert cache.get("res/agent/a") is None
        assert cache.range("res/").entries == ()


def test_too_much_news_or_a_log_that_is_gone_begins_anew(cache, far, memory):
    memory.commit([put("a", 1)])
    cache.range("res/")
    for number in range(3):
        memory.commit([put("a", number + 5)])
    memory.compact(3)
    assert cache.range("res/") == memory.range("res/")
    for number in range(1100):
        memory.commit([put("b", number)])
    far.carried = 0
    assert cache.range("res/") == memory.range("res/")
    assert far.carried < 1100


def test_another_store_is_not_answered_for(clock):
    class Replaced(Wrapper):
        @property
        def identity(self):
            return self.inner.identity

    one, two = MemoryEngine(clock=clock), MemoryEngine(clock=clock)
    one.commit([put("a", 1)])
    two.commit([put("a", 2)])
    inner = Replaced(one)
    cache = CachingEngine(inner, clock=clock)
    assert cache.get("res/agent/a") == one.get("res/agent/a")
    inner.inner = two
    assert cache.get("res/agent/a") == two.get("res/agent/a")


class Paused(Wrapper):
    """Holds an answer back until it is told to give it: what is read may be old when it arrives."""

    def __init__(self, inner):
        super().__init__(inner)
        self.read, self.go = threading.Event(), threading.Event()
        self.pausing = False

    def get(self, key):
        entry = super().get(key)
        if self.pausing:
            self.pausing = False
            self.read.set()
            self.go.wait(30)
        return entry


def test_an_answer_that_comes_late_is_not_kept(memory, clock):
    memory.commit([put("a", 1), put("b", 1)])
    inner = Paused(memory)
    cache = CachingEngine(inner, clock=clock)
    cache.get("res/agent/b")
    inner.pausing = True
    slow = threading.Thread(target=cache.get, args=("res/agent/a",))
    slow.start()
    inner.read.wait(30)
    memory.commit([put("a", 2)])
    cache.get("res/agent/b")
    inner.go.set()
    slow.join()
    assert cache.get("res/agent/a") == memory.get("res/agent/a")
