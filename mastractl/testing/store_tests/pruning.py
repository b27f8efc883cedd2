"""Pruning: sets and their members, what goes with an apply, and what never does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.resources.selectors import parse_label_selector
from mastractl.store import Pruning, StateStore
from mastractl.testing.store_tests.foundation import (
    Foundation,
    Meddling,
    agent,
    definition,
    owner,
    put,
    tool,
    widget,
)

if TYPE_CHECKING:
    from mastractl.store import Pruned
    from mastractl.values import JsonObject

RECORDED = Pruning("kitchen")
PRUNED = Pruning("kitchen", prune=True)
CONFIRMED = Pruning("kitchen", prune=True, confirmed=True)
ALL = Pruning(prune=True)


def names(store: StateStore) -> list[str]:
    """The names of the agents, wherever they are."""
    return [resource.name for resource in store.list("agents")]


def many(count: int) -> list[JsonObject]:
    """So many agents."""
    return [agent(f"a{number}") for number in range(count)]


def gone(done: Pruned) -> list[str]:
    """The names of what was pruned."""
    return [deleted.resource.name for deleted in done.pruned]


class PruningTests(Foundation):
    """What `apply_pruning` promises."""

    def test_a_set_records_its_members_and_prunes_when_asked(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b"), tool("t")], RECORDED)
        kept = store.apply_pruning([agent("a")], RECORDED)
        assert [place.name for place in kept.left] == ["b", "t"]
        assert [place.name for place in store.sets()["kitchen"]] == ["a", "b", "t"]
        done = store.apply_pruning([agent("a")], PRUNED)
        assert gone(done) == ["b", "t"]
        assert names(store) == ["a"]
        assert [place.name for place in store.sets()["kitchen"]] == ["a"]

    def test_it_is_one_commit(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b")], RECORDED)
        revision = store.engine.revision()
        store.apply_pruning([agent("a", says="new"), agent("c")], PRUNED)
        assert store.engine.revision() == revision + 1

    def test_the_same_again_makes_no_revision(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b")], PRUNED)
        revision = store.engine.revision()
        store.apply_pruning([agent("a"), agent("b")], PRUNED)
        assert store.engine.revision() == revision

    def test_a_dry_run_tells_and_writes_nothing(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b")], RECORDED)
        revision = store.engine.revision()
        done = store.apply_pruning([agent("a")], PRUNED, dry_run=True)
        assert gone(done) == ["b"]
        assert store.engine.revision() == revision
        assert names(store) == ["a", "b"]

    def test_after_an_error_nothing_is_pruned(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b")], RECORDED)
        broken = agent("a")
        broken["spec"] = {}
        with pytest.raises(errors.Invalid):
            store.apply_pruning([broken], PRUNED)
        with pytest.raises(errors.Conflict):
            store.apply_pruning([agent("a", says="x")], PRUNED, manager="other", force=False)
        assert names(store) == ["a", "b"]

    def test_only_members_go_in_their_own_namespaces(self, store: StateStore) -> None:
        store.apply_all([agent("b"), agent("b", namespace="other"), agent("stranger")])
        store.apply_pruning([agent("a"), agent("b", namespace="other")], RECORDED)
        assert gone(store.apply_pruning([agent("a")], PRUNED)) == ["b"]
        left = [(r.namespace, r.name) for r in store.list("agents")]
        assert left == [("default", "a"), ("default", "b"), ("default", "stranger")]

    def test_what_somebody_made_anew_is_no_member(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b"), agent("c")], RECORDED)
        store.delete("agents", name="b")
        store.create(agent("b"))
        store.delete("agents", name="c")
        done = store.apply_pruning([agent("a")], PRUNED)
        assert done.pruned == ()
        assert [place.name for place in done.lost] == ["b", "c"]
        assert names(store) == ["a", "b"]

    def test_what_another_set_holds_stays(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("shared")], RECORDED)
        store.apply_pruning([agent("shared")], Pruning("bakery"))
        done = store.apply_pruning([agent("a")], PRUNED)
        assert [place.name for place in done.lost] == ["shared"]
        assert names(store) == ["a", "shared"]
        assert gone(store.apply_pruning([agent("x")], Pruning("bakery", prune=True))) == ["shared"]

    def test_more_than_a_quarter_must_be_confirmed(self, store: StateStore) -> None:
        store.apply_pruning(many(8), RECORDED)
        for dry_run in (True, False):
            with pytest.raises(errors.Forbidden, match="3 of 8 members") as caught:
                store.apply_pruning(many(5), PRUNED, dry_run=dry_run)
            assert "agent.mastra.ai/default/a7" in caught.value.message
            assert "--yes" in caught.value.hint
        assert len(names(store)) == 8
        assert gone(store.apply_pruning(many(6), PRUNED)) == ["a6", "a7"]
        store.apply_pruning(many(8), RECORDED)
        assert len(gone(store.apply_pruning(many(1), CONFIRMED))) == 7

    def test_few_may_go_without(self, store: StateStore) -> None:
        store.apply_pruning(many(7), RECORDED)
        assert len(gone(store.apply_pruning(many(1), PRUNED))) == 6

    def test_what_nobody_named_must_be_confirmed(self, store: StateStore) -> None:
        store.apply_pruning([definition(), agent("a")], RECORDED)
        store.apply_all([widget("w1"), widget("w2")])
        with pytest.raises(errors.Forbidden, match="2 more that belong to them") as caught:
            store.apply_pruning([agent("a")], PRUNED)
        assert "widget.example.com/default/w1" in caught.value.message
        assert len(store.list("widgets")) == 2
        store.apply_pruning([agent("a")], CONFIRMED)
        with pytest.raises(errors.UnknownKind):
            store.list("widgets")

    def test_what_a_member_owns_goes_once_confirmed(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("boss")], RECORDED)
        store.create(tool("child", ownerReferences=[owner(store.require("agents", name="boss"))]))
        with pytest.raises(errors.Forbidden, match="1 more"):
            store.apply_pruning([agent("a")], PRUNED)
        store.apply_pruning([agent("a")], CONFIRMED)
        assert store.get("tools", name="child") is None

    def test_what_finalizers_hold_is_pending(self, store: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("held", finalizers=["example.com/f"])], RECORDED)
        (deleted,) = store.apply_pruning([agent("a")], PRUNED).pruned
        assert deleted.pending
        assert deleted.resource.deletion_timestamp

    def test_a_set_that_changed_meanwhile_is_read_again(self, store: StateStore, other: StateStore) -> None:
        store.apply_pruning([agent("a"), agent("b")], RECORDED)
        more = lambda: other.apply_pruning([agent("c")], RECORDED)  # noqa: E731 - the meddler
        meddled = StateStore(Meddling(store.engine, more))
        assert gone(meddled.apply_pruning([agent("a")], PRUNED)) == ["b", "c"]

    def test_a_broken_record_of_a_set_is_told(self, store: StateStore) -> None:
        put(store.engine, "set/kitchen", {"odd": 1})
        with pytest.raises(errors.StorageValidationError, match="no record of a set"):
            store.apply_pruning([agent("a")], RECORDED)

    def test_without_a_set_the_selector_and_the_manager_decide(self, store: StateStore) -> None:
        app = {"app": "kitchen"}
        store.apply_all(
            [agent("a", labels=app), agent("b", labels=app), agent("plain"), tool("t", labels=app)]
        )
        store.create(agent("made", labels=app))
        store.apply(agent("theirs", labels=app), manager="team")
        store.apply(agent("elsewhere", namespace="other", labels=app))
        store.apply_pruning([agent("member", labels=app)], RECORDED)
        by_label = Pruning(prune=True, labels=parse_label_selector("app=kitchen"))
        assert gone(store.apply_pruning([agent("a", labels=app)], by_label)) == ["b"]
        assert gone(store.apply_pruning([agent("a", labels=app)], ALL)) == ["plain"]
        assert names(store) == ["a", "made", "member", "theirs", "elsewhere"]
        tools = Pruning(prune=True, kinds=(store.resolve("tools"),))
        assert gone(store.apply_pruning([agent("a", labels=app)], tools)) == ["t"]

    def test_without_a_set_much_must_be_confirmed_as_well(self, store: StateStore) -> None:
        store.apply_all(many(8))
        with pytest.raises(errors.Forbidden, match="7 of 8 resources"):
            store.apply_pruning(many(1), ALL)
        assert len(names(store)) == 8
