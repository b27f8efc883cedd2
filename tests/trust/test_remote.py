"""Lost connections and restarted servers: the shipped suite, run over every engine that has a server."""

from __future__ import annotations

import pytest

from mastractl.testing.engine_suite import RestartSuite
from tests.servers.proxy import Proxy
from tests.trust.stores import REMOTE

KINDS = REMOTE


class TestRemote(RestartSuite):
    @pytest.fixture(autouse=True)
    def marked(self, place, monkeypatch):
        monkeypatch.setattr(TestRemote, "commit_marker", place.kind.marker())

    @pytest.fixture
    def link(self, place):
        with Proxy(place.server.port) as proxy:
            yield proxy

    @pytest.fixture
    def engine(self, place, link, clock):
        engine = place.by_way_of(link).open(clock=clock)
        yield engine
        engine.close()

    @pytest.fixture
    def beside(self, place, clock):
        engine = place.open(clock=clock)
        yield engine
        engine.close()

    @pytest.fixture
    def restart(self, place):
        return place.server.restart
