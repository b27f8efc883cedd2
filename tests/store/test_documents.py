from __future__ import annotations

import gc

import pytest

from mastractl import values
from mastractl.engines.contract import Entry
from mastractl.store import documents
from mastractl.testing.store_tests.foundation import agent

MANY = [Entry(f"res/agent/default/a{i}", values.dump(agent(f"a{i}")), i + 1, i + 1, 0.0) for i in range(200)]


@pytest.fixture
def no_collector():
    gc.disable()
    yield
    gc.enable()


def test_the_cycle_collector_works_on_after_a_big_list():
    assert gc.isenabled()
    assert [r.name for r in documents.resources(MANY)] == [f"a{i}" for i in range(200)]
    assert gc.isenabled()


def test_and_after_one_that_broke_off():
    with pytest.raises(documents.errors.StorageValidationError):
        documents.resources([*MANY, Entry("res/agent/default/odd", b"[]", 1, 1, 0.0)])
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off(no_collector):
    documents.resources(MANY)
    assert not gc.isenabled()
