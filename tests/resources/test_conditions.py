"""Conditions are read as the Kubernetes API conventions have them."""

from __future__ import annotations

import pytest

from mastractl.resources.conditions import condition, conditions, holds
from mastractl.resources.resource import Resource

READY = {"type": "Ready", "status": "True", "reason": "Resolved"}


def resource(*found, generation=1, observed=None):
    status = {"conditions": list(found)} | ({"observedGeneration": observed} if observed else {})
    return Resource({"metadata": {"generation": generation}, "status": status})


def test_a_condition_is_found_by_its_type_in_any_case():
    one = resource({"type": "Degraded", "status": "False"}, READY)
    assert condition(one, "Ready") == READY
    assert condition(one, "ready") == READY
    assert condition(one, "Nope") is None


@pytest.mark.parametrize("status", [{}, {"conditions": None}, {"conditions": "x"}, {"conditions": ["x", {}]}])
def test_what_is_no_condition_is_left_out(status):
    assert conditions(Resource({"status": status})) == []


@pytest.mark.parametrize(
    ("found", "generation", "observed", "met"),
    [
        (READY, 1, None, True),
        (READY | {"status": "true"}, 1, None, True),
        (READY | {"status": "False"}, 1, None, False),
        (READY | {"status": "Unknown"}, 1, None, False),
        (READY | {"observedGeneration": 2}, 2, None, True),
        (READY | {"observedGeneration": 1}, 2, None, False),
        (READY, 2, 1, False),
        (READY, 2, 2, True),
        (READY | {"observedGeneration": 2}, 2, 1, True),
        ({"type": "Other", "status": "True"}, 1, None, False),
        ({"type": "Ready"}, 1, None, False),
    ],
)
def test_a_condition_holds_for_the_present_spec_only(found, generation, observed, met):
    assert holds(resource(found, generation=generation, observed=observed), "Ready") is met


def test_other_states_can_be_waited_for():
    assert holds(resource(READY | {"status": "False"}), "Ready", "False")
