from __future__ import annotations

import pytest

from tests.trust.stores import STORES


def pytest_generate_tests(metafunc):
    """A test that asks for `place` runs over every kind of store; with `kinds`, over those alone."""
    if "place" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "KINDS", STORES)
        metafunc.parametrize("place", kinds, ids=[kind.name for kind in kinds], indirect=True)


@pytest.fixture
def place(request, tmp_path):
    return request.param.new(tmp_path)
