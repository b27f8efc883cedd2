from __future__ import annotations

import pytest

from mastractl.manifests import yamldoc
from mastractl.manifests.documents import Document


@pytest.fixture(params=["libyaml", "python"])
def backend(request):
    """Each of the two parsers: what holds for one holds for the other."""
    return request.param


@pytest.fixture
def scan(backend):
    """A text to (values of its documents, its findings)."""

    def scan(text, **options):
        found = list(yamldoc.scan(text, backend=backend, source="m.yaml", **options))
        values = [d.value for d in found if isinstance(d, Document)]
        return values, [d for d in found if not isinstance(d, Document)]

    return scan
