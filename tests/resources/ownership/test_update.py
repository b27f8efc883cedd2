"""Who owns what after a resource was changed in any other way than by an apply."""

from __future__ import annotations

import pytest

from tests.resources.ownership.stage import Stage, doc

A = {"name": "a"}
B = {"name": "b"}


def test_who_makes_a_resource_owns_all_of_it_objects_and_lists_included():
    stage = Stage().update("x", {"model": {"name": "m"}, "tools": [A], "free": {"a": {"b": 1}}, "names": []})
    assert stage.owns("x", "Update") == {
        ".": {},
        "f:model": {".": {}, "f:name": {}},
        "f:tools": {".": {}, 'k:{"name":"a"}': {".": {}, "f:name": {}}},
        "f:free": {".": {}, "f:a": {".": {}, "f:b": {}}},
        "f:names": {},
    }


@pytest.mark.parametrize(
    ("before", "after", "theirs", "mine"),
    [
        ({"text": "a", "count": 1}, {"text": "b", "count": 1}, {".": {}, "f:count": {}}, {"f:text": {}}),
        ({"text": "a", "count": 1}, {"count": 1}, {".": {}, "f:count": {}}, {}),
        ({"text": "a"}, {"text": "a", "count": 1}, {".": {}, "f:text": {}}, {"f:count": {}}),
        ({"whole": {"a": "1"}}, {"whole": {"a": "2"}}, {}, {"f:whole": {}}),
        ({"plain": ["a"]}, {"plain": ["a", "b"]}, {}, {"f:plain": {}}),
        (
            {"names": ["a", "b"]},
            {"names": ["b", "c"]},
            {".": {}, "f:names": {".": {}, 'v:"b"': {}}},
            {"f:names": {'v:"c"': {}}},
        ),
        (
            {"names": ["a", "b"]},
            {"names": ["b", "a"]},
            {".": {}, "f:names": {".": {}, 'v:"a"': {}, 'v:"b"': {}}},
            {},
        ),
        (
            {"tools": [A]},
            {"tools": [A | {"limit": 1}, B]},
            {".": {}, "f:tools": {".": {}, 'k:{"name":"a"}': {".": {}, "f:name": {}}}},
            {
                "f:tools": {
                    'k:{"name":"a"}': {"f:limit": {}},
                    'k:{"name":"b"}': {".": {}, "f:name": {}},
                }
            },
        ),
        ({"any": {"a": 1}}, {"any": [1]}, {}, {"f:any": {}}),
        ({"any": 1}, {"any": {"a": 1}}, {}, {"f:any": {".": {}, "f:a": {}}}),
        ({"any": {"a": 1}}, {"any": {}}, {".": {}, "f:any": {}}, {}),
        ({"words": {}}, {"words": None}, {}, {"f:words": {}}),
        ({"count": 1}, {"count": 1.0}, {".": {}, "f:count": {}}, {}),
        # what repeats is one field, whatever stands in it
        (
            {"tools": [A, A]},
            {"tools": [A]},
            {".": {}, "f:tools": {}},
            {"f:tools": {'k:{"name":"a"}': {".": {}, "f:name": {}}}},
        ),
        (
            {"tools": [A]},
            {"tools": [A, A]},
            {".": {}, "f:tools": {}},
            {"f:tools": {'k:{"name":"a"}': {}}},
        ),
        (
            {"tools": [A, A]},
            {"tools": [A, A | {"limit": 1}]},
            {".": {}, "f:tools": {}},
            {"f:tools": {'k:{"name":"a"}': {}}},
        ),
        ({"tools": [A, A]}, {"tools": [A, A]}, {".": {}, "f:tools": {".": {}, 'k:{"name":"a"}': {}}}, {}),
    ],
)
def test_what_changes_hands(before, after, theirs, mine):
    stage = Stage().update("x", before).update("y", after)
    assert stage.spec == after
    assert stage.owns("x", "Update") == theirs
    assert stage.owns("y", "Update") == mine


def test_an_updater_takes_from_appliers():
    stage = Stage().apply("x", {"text": "t", "count": 1}).update("y", {"text": "u", "count": 1})
    assert stage.owns("x") == {"f:count": {}}
    assert stage.owns("y", "Update") == {"f:text": {}}


def test_updates_of_one_manager_are_one_entry_and_versions_and_subresources_are_apart():
    stage = Stage().update("x", {"text": "t"}).update("x", {"text": "t", "count": 1})
    assert stage.owns("x", "Update") == {".": {}, "f:text": {}, "f:count": {}}
    assert stage.entry("x", "Update").time == "2026-01-01T00:00:02Z"
    stage.update("x", {"text": "u", "count": 1}, version="mastra.ai/v2")
    stage.update("x", {"text": "u", "count": 2}, version="mastra.ai/v2", subresource="scale")
    assert [(m.api_version, m.subresource, m.fields.to_json()["f:spec"]) for m in stage.managers] == [
        ("mastra.ai/v1", "", {}),
        ("mastra.ai/v2", "", {"f:text": {}}),
        ("mastra.ai/v2", "scale", {"f:count": {}}),
    ]


def test_nothing_changed_leaves_managers_and_times():
    stage = Stage().update("x", {"text": "t", "names": ["a", "b"]})
    managers = stage.managers
    assert stage.update("y", {"text": "t", "names": ["a", "b"]}).managers == managers
    assert stage.update("y", {"text": "t", "names": ["b", "a"]}).managers == managers


def test_who_owns_nothing_any_more_is_gone():
    stage = Stage().apply("x", {"text": "t"}).update("y", {"text": "u"})
    assert stage.entry("x") is None
    assert stage.update("y", None).managers == ()


def test_of_a_resource_made_anew_the_managers_of_an_earlier_one_own_nothing():
    stage = Stage().apply("x", {"text": "t"})
    stage.live = None
    assert [m.name for m in stage.update("y", {"text": "t"}).managers] == ["y"]
    stage.live = None
    assert [m.name for m in stage.apply("z", {"text": "t"}).managers] == ["z"]


class TestManyUpdaters:
    def stage(self, count, version="mastra.ai/v1"):
        stage = Stage().apply("applier", {"text": "t"})
        for number in range(count):
            words = {f"w{n:02}": str(n) for n in range(number + 1)}
            stage.update(f"m{number:02}", {"text": "t", "words": words}, version=version)
        return stage

    def test_ten_are_kept_apart(self):
        assert len(self.stage(10).managers) == 11

    def test_of_more_the_oldest_become_one(self):
        stage = self.stage(15)
        names = [m.name for m in stage.managers]
        assert names == ["applier", "ancient-changes", *(f"m{n:02}" for n in range(6, 15))]
        ancient = stage.entry("ancient-changes", "Update")
        assert ancient.fields.to_json()["f:spec"] == {
            "f:words": {".": {}, **{f"f:w{n:02}": {} for n in range(6)}}
        }
        assert ancient.time == "2026-01-01T00:00:07Z"

    def test_versions_are_not_mixed(self):
        stage = self.stage(6, version="mastra.ai/v1")
        for number in range(6, 12):
            words = {f"w{n:02}": str(n) for n in range(number + 1)}
            stage.update(f"m{number:02}", {"text": "t", "words": words}, version="mastra.ai/v2")
        assert [(m.name, m.api_version) for m in stage.managers][1] == ("ancient-changes", "mastra.ai/v1")
        assert len(stage.managers) == 11

    def test_what_another_called_ancient_is_one_of_the_oldest(self):
        stage = Stage().update("ancient-changes", {"text": "t"}, subresource="status")
        for number in range(12):
            words = {f"w{n:02}": str(n) for n in range(number + 1)}
            stage.update(f"m{number:02}", {"text": "t", "words": words})
        assert stage.entry("ancient-changes", "Update", "status") is None
        assert stage.owns("ancient-changes", "Update") == {
            ".": {},
            "f:text": {},
            "f:words": {".": {}, **{f"f:w{n:02}": {} for n in range(3)}},
        }
        assert len(stage.managers) == 10

    def test_nothing_is_lost(self):
        stage = self.stage(40)
        union = stage.managers[0].fields
        for manager in stage.managers:
            union |= manager.fields
        assert union.to_json()["f:spec"] == {
            "f:text": {},
            "f:words": {".": {}, **{f"f:w{n:02}": {} for n in range(40)}},
        }


def test_status_is_owned_under_its_subresource():
    stage = Stage().apply("x", {"text": "t"})
    stage.update("controller", doc({"text": "t"}, status={"phase": "Running"}), subresource="status")
    entry = stage.entry("controller", "Update", "status")
    assert entry.fields.to_json() == {"f:status": {".": {}, "f:phase": {}}}
    assert stage.apply("x", {"text": "u"}).live["status"] == {"phase": "Running"}
