"""Reads: entries as they were written, prefixes as plain text, pages of one moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mastractl import values
from mastractl.engines.contract import Delete, Entry, Page, Put, ReadsMany
from mastractl.testing.engine_tests.foundation import Foundation, document, number_of

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.testing.clocks import FakeClock

ODD_NAMES = (
    " ",
    "!bang",
    "%",
    "*",
    "A",
    "[a]",
    "a",
    "a b",
    "a%c",
    "a'b",
    'a"b',
    "a\\b",
    "a_c",
    "aXc",
    "abc",
    "b?d",
    "bXd",
    "naïve",
    "nai\u0308ve",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "菜谱",
    "😀",
    "\U0010ffff",
)
"""Names that are wildcards, quotes or escapes somewhere, and those at the edges of Unicode."""


class ReadTests(Foundation):
    """What `get` and `range` promise."""

    def test_many_keys_at_once_are_read_as_each_by_itself(self, engine: Engine) -> None:
        """Where an engine can: see `ReadsMany`."""
        for name in ("a", "b", "c"):
            self.write(engine, name, 1)
        engine.commit([Delete(self.home + "b")])
        asked = [self.home + name for name in ("c", "none", "a", "b", "c/d")]
        found = engine.get_many(asked) if isinstance(engine, ReadsMany) else [*map(engine.get, asked)]
        assert [entry and entry.key for entry in found] == [asked[0], None, asked[2], None, None]
        assert found == [engine.get(key) for key in asked]
        if isinstance(engine, ReadsMany):
            assert engine.get_many([]) == []
            assert engine.get_many([asked[2]] * 3 + asked * 100)[-1] is None

    def test_a_new_store_is_empty(self, engine: Engine) -> None:
        assert engine.revision() == 0
        assert engine.get(self.home + "a") is None
        assert engine.range("") == Page(0, ())

    def test_an_entry_says_what_when_and_since_when(self, engine: Engine, clock: FakeClock) -> None:
        began = clock.now()
        self.write(engine, "other", 0)
        self.write(engine, "a", 1)
        key = self.home + "a"
        assert engine.get(key) == Entry(key, document(1), 2, 2, began)
        clock.advance(10)
        self.write(engine, "a", 2)
        assert engine.get(key) == Entry(key, document(2), 3, 2, began)

    def test_a_key_that_was_deleted_begins_a_new_life(self, engine: Engine, clock: FakeClock) -> None:
        self.write(engine, "a", 1)
        engine.commit([Delete(self.home + "a")])
        assert engine.get(self.home + "a") is None
        clock.advance(10)
        self.write(engine, "a", 2)
        assert engine.get(self.home + "a") == Entry(self.home + "a", document(2), 3, 3, clock.now())

    def test_keys_that_cannot_be_written_are_not_there(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        for key in ("", "/", "res", self.home, "res/../secret", "\x00", "res/a\x00b", "x" * 5000):
            assert engine.get(key) is None

    @pytest.mark.parametrize(
        "value",
        [
            {},
            {"b": 1, "a": 2},
            {"text": "菜谱 \u2028 \U0001f600 \x7f \\ \" '"},
            {"escaped": "\x00\x1f\n\t"},
            {"number": [0, -1, 1.5, 1e300, 2**63, 12345678901234567890]},
            {"deep": {"a": [{"b": [None, True, False]}]}},
            {"": {"": ""}},
        ],
        ids=["empty", "order", "unicode", "control", "numbers", "deep", "empty-names"],
    )
    def test_a_value_comes_back_byte_for_byte(self, engine: Engine, value: dict[str, Any]) -> None:
        data = values.dump(value)
        engine.commit([Put(self.home + "a", data)])
        entry = engine.get(self.home + "a")
        assert entry is not None
        assert entry.value == data
        assert engine.range(self.home).entries == (entry,)

    def test_a_value_may_be_as_large_as_the_engine_says(self, engine: Engine) -> None:
        frame = len(values.dump({"text": ""}))
        data = values.dump({"text": "x" * (engine.capabilities.max_value - frame)})
        engine.commit([Put(self.home + "a", data)])
        entry = engine.get(self.home + "a")
        assert entry is not None
        assert entry.value == data

    def test_a_range_is_in_code_point_order(self, engine: Engine) -> None:
        keys = [f"rec/odd/{name}" for name in ODD_NAMES]
        engine.commit([Put(key, document(n)) for n, key in enumerate(reversed(keys))])
        assert [entry.key for entry in engine.range("").entries] == sorted(keys)
        for key in keys:
            assert engine.get(key) is not None

    def test_a_prefix_is_plain_text(self, engine: Engine) -> None:
        keys = sorted(f"rec/odd/{name}/{leaf}" for name in ODD_NAMES for leaf in ("x", "y"))
        engine.commit([Put(key, document(0)) for key in keys])
        for name in (*ODD_NAMES, "", "a", "b", "n", "a%", "a_", "b?"):
            prefix = f"rec/odd/{name}"
            found = [entry.key for entry in engine.range(prefix).entries]
            assert found == [key for key in keys if key.startswith(prefix)], prefix

    def test_a_prefix_ends_where_its_caller_ends_it(self, engine: Engine) -> None:
        engine.commit([Put(key, document(0)) for key in ("rec/a/x", "rec/ab/x", "rec/b/x", "recs/a/x")])
        assert [entry.key for entry in engine.range("rec/a/").entries] == ["rec/a/x"]
        assert [entry.key for entry in engine.range("rec/a").entries] == ["rec/a/x", "rec/ab/x"]
        assert len(engine.range("rec/").entries) == 3
        assert len(engine.range("rec").entries) == 4
        assert engine.range("rec/c").entries == ()

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 11])
    def test_pages_put_together_are_the_whole(self, engine: Engine, limit: int) -> None:
        engine.commit([self.put(f"n{n:02}", n) for n in range(10)] + [Put("rec/a/x", document(0))])
        whole = engine.range(self.home)
        assert whole.next == ""
        entries: list[Entry] = []
        page = engine.range(self.home, limit=limit)
        while page.next:
            assert len(page.entries) == limit
            assert page.next >= page.entries[-1].key, "the next page would repeat this one"
            assert page.revision == whole.revision
            entries += page.entries
            page = engine.range(self.home, limit=limit, after=page.next)
        assert (*entries, *page.entries) == whole.entries
        assert page.entries, "the last page is never empty: the one before says that it is the last"

    def test_a_page_may_begin_after_any_text(self, engine: Engine) -> None:
        engine.commit([self.put(name, 0) for name in ("b", "d", "f")])
        names = {
            "": "bdf",
            "a": "bdf",
            self.home: "bdf",
            self.home + "a": "bdf",
            self.home + "b": "df",
            self.home + "c": "df",
            self.home + "f": "",
            self.home + "z": "",
            "zzz": "",
        }
        for after, expected in names.items():
            found = engine.range(self.home, after=after).entries
            assert "".join(entry.key.removeprefix(self.home) for entry in found) == expected, after

    def test_paging_goes_on_though_its_last_key_is_gone(self, engine: Engine) -> None:
        engine.commit([self.put(name, 0) for name in ("a", "b", "c")])
        page = engine.range(self.home, limit=2)
        engine.commit([Delete(self.home + "b")])
        rest = engine.range(self.home, limit=2, after=page.next)
        assert [entry.key for entry in rest.entries] == [self.home + "c"]

    def test_a_range_is_one_moment(self, engine: Engine) -> None:
        """A reader beside a writer never sees half a commit, nor a revision that is not its entries'."""

        def write() -> None:
            for number in range(1, 101):
                engine.commit([self.put("a", number), self.put("z", number)])

        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(write)
            done = False
            while not done:
                done = writer.done()
                page = engine.range(self.home)
                if page.revision == 0:
                    assert page.entries == ()
                    continue
                assert [entry.revision for entry in page.entries] == [page.revision] * 2
                assert [number_of(entry) for entry in page.entries] == [page.revision] * 2
            writer.result()
