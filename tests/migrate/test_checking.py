"""A store that agrees with itself is found whole, and whatever does not agree is found."""

from __future__ import annotations

import dataclasses

import pytest

from mastractl import errors
from mastractl.engines.contract import Delete, Flaw, Health, Problem, Put
from mastractl.migrate.checking import Looked, check
from tests.migrate.conftest import ENGINES


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("compact_at", [None, 20])
def test_a_store_that_lived_is_whole(stores, clock, live, engine, compact_at):
    looked = Looked()
    source = live(stores.new(engine, clock=clock), clock, compact_at=compact_at)
    assert list(check(source, looked=looked)) == []
    assert looked.revision == source.revision()
    assert looked.compacted == source.health().compacted
    assert looked.entries == len(source.range("").entries)
    assert looked.commits == looked.revision - looked.compacted
    assert looked.changes == len(source.changes(looked.compacted, limit=0).changes)


@dataclasses.dataclass
class Lying:
    """An engine that tells some things otherwise than they are."""

    engine: object
    change: object = lambda change: change
    entry: object = lambda entry: entry

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def changes(self, since, prefix="", *, limit=1000):
        stretch = self.engine.changes(since, prefix, limit=limit)
        told = [self.change(change) for change in stretch.changes]
        return stretch._replace(changes=tuple(c for c in told if c is not None))

    def range(self, prefix, *, limit=0, after=""):
        page = self.engine.range(prefix, limit=limit, after=after)
        told = [self.entry(entry) for entry in page.entries]
        return page._replace(entries=tuple(e for e in told if e is not None))


@pytest.fixture
def engine(stores, clock):
    found = stores.new(clock=clock)
    for number in range(1, 6):
        found.commit([Put("a/x", b'{"n":%d}' % number), Put(f"a/y{number}", b"{}")])
    found.commit([Delete("a/y1")])
    return found


def of_commit(revision, key, **changed):
    def tell(change):
        hit = (change.revision, change.key) == (revision, key)
        if hit and "entry" in changed and isinstance(changed["entry"], dict):
            return change._replace(entry=change.entry._replace(**changed["entry"]))
        return change._replace(**changed) if hit else change

    return tell


def found(engine):
    return [(flaw.key, flaw.message) for flaw in check(engine)]


def test_a_value_that_stands_otherwise_than_the_log_says(engine):
    lying = Lying(engine, entry=lambda e: e._replace(value=b'{"n":0}') if e.key == "a/x" else e)
    assert found(lying) == [
        ("a/x", "its state of revision 5 stands, and the log ends with its state of revision 5")
    ]


def test_a_key_that_is_missing_among_what_stands(engine):
    lying = Lying(engine, entry=lambda e: None if e.key == "a/y3" else e)
    assert found(lying) == [("a/y3", "nothing stands of its state of revision 3, with which the log ends")]


def test_a_key_that_stands_although_the_log_deleted_it(engine):
    (gone,) = [c.previous for c in engine.changes(5).changes]
    lying = Lying(engine, entry=lambda e: e._replace(key="a/y1", revision=1) if e.key == "a/y2" else e)
    assert ("a/y1", "its state of revision 1 stands, and the log ends with nothing") in found(lying)
    assert gone.key == "a/y1"


def test_a_change_that_replaced_what_was_not_there(engine):
    previous = engine.changes(2).changes[0].previous._replace(value=b'{"n":7}')
    lying = Lying(engine, change=of_commit(3, "a/x", previous=previous))
    assert found(lying) == [
        ("a/x", "revision 3 replaced its state of revision 2, and the log had its state of revision 2")
    ]


def test_a_commit_that_is_missing_from_the_log(engine):
    lying = Lying(engine, change=lambda c: None if c.revision == 3 else c)
    assert ("", "the log goes from revision 2 to 4") in found(lying)


def test_a_log_that_ends_too_soon(engine):
    lying = Lying(engine, change=lambda c: None if c.revision == 6 else c)
    assert ("", "the log ends at revision 5, and the store is at 6") in found(lying)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"entry": {"revision": 2}}, "revision 3: it tells of its state of revision 2"),
        ({"entry": {"created_revision": 3}}, "revision 3: its key was made in revision 3, not in 1"),
        ({"entry": {"value": b"[]"}}, "its value of revision 3 is no JSON object"),
        ({"entry": {"value": b"{"}}, "its value of revision 3 is no JSON object"),
        ({"entry": None, "previous": None}, "revision 3: it deletes what was not there"),
    ],
)
def test_a_change_that_cannot_be(engine, changed, message):
    lying = Lying(engine, change=of_commit(3, "a/x", **changed))
    assert ("a/x", message) in found(lying)


def test_a_key_that_is_ahead_of_its_store(engine):
    lying = Lying(engine, entry=lambda e: e._replace(revision=9) if e.key == "a/x" else e)
    assert ("a/x", "its state of revision 9 stands, and the store is at 6") in found(lying)


def test_a_key_that_no_engine_takes(engine):
    engine.compact(engine.revision())
    lying = Lying(engine, entry=lambda e: e._replace(key="a//x") if e.key == "a/x" else e)
    assert [message for key, message in found(lying) if key == "a//x"] == [
        "'a//x' is no key: a segment is empty"
    ]


def test_what_an_engine_says_of_itself_is_told_too(engine):
    class Own(Lying):
        def check(self, *, repair=False):
            yield Flaw("a/x", "row 7", "the index is behind", repaired=repair)

        def health(self):
            return Health(writable=True, revision=6, compacted=0, problems=(Problem("", "disk", "is full"),))

    looked = Looked()
    flaws = list(check(Own(engine), repair=True, looked=looked))
    assert [(f.location, f.repaired) for f in flaws] == [("row 7", True), ("disk", False)]
    assert looked.own


def test_writers_do_not_disturb_it(engine):
    def write_on(doing, done, total):
        engine.commit([Put("a/x", b'{"late":%d}' % engine.revision()), Put(f"late/{done}", b"{}")])

    assert list(check(engine, told=write_on)) == []
    assert engine.revision() > 6


def test_a_log_that_is_compacted_beneath_it_is_read_anew(engine):
    times = []

    def compact_once(doing, done, total):
        if not times:
            times.append(done)
            engine.commit([Put("a/x", b'{"late":1}')])
            engine.compact(engine.revision())

    class Slow(Lying):
        def changes(self, since, prefix="", *, limit=1000):
            return self.engine.changes(since, prefix, limit=1)

    looked = Looked()
    assert list(check(Slow(engine), looked=looked, told=compact_once)) == []
    assert looked.compacted == engine.revision()

    def compact_always(doing, done, total):
        engine.commit([Put("a/x", b'{"late":%d}' % engine.revision()), Put("a/z", b"{}")])
        engine.commit([Put("a/x", b'{"late":%d}' % engine.revision())])
        engine.compact(engine.revision() - 1)

    class Ever(Slow):
        def changes(self, since, prefix="", *, limit=1000):
            compact_always("", 0, 0)
            return super().changes(since, prefix, limit=limit)

    engine.commit([Put("a/x", b'{"late":2}')])
    with pytest.raises(errors.Expired):
        list(check(Ever(engine)))
