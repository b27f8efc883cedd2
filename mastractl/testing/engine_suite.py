"""The conformance suite of engines: whoever passes it keeps the promises of `engines.contract`.

Inherit `EngineSuite` and one suite for each capability that the engine declares, and give the
fixtures they name; a test of the suite itself fails where the two do not match:

    class TestMyEngine(ByUrl, EngineSuite, DurableSuite, ExpirySuite):
        @pytest.fixture
        def url(self, tmp_path):
            return f"my-scheme:{tmp_path / 'store'}"

`mastractl.testing.by_url.ByUrl` makes all fixtures of the first table but `outside`, of a new store's URL.

| capability       | suite               | further fixture                                              |
|------------------|---------------------|--------------------------------------------------------------|
| `durable`        | `DurableSuite`      | `reopen`: closes the engine, opens its store again           |
| `multi_process`  | `SharedSuite`       | `open_another`: opens the same store once more               |
| `ttl`            | `ExpirySuite`       |                                                              |
| `push_watch`     | `PushSuite`         | `pusher`: another handle on the store, if there can be one   |
| `external_edits` | `ExternalEditSuite` | `outside`: writes and removes documents behind the engine    |

An engine that reaches its store over a connection takes one of these too:

| suite          | further fixtures                                                                        |
|----------------|-----------------------------------------------------------------------------------------|
| `RemoteSuite`  | `link`: a `Link`, by way of which `engine` is opened: it cuts, refuses, loses and stalls; |
|                | `beside`: a handle that does without it; `commit_marker`: bytes that only the request   |
|                | that makes a commit has                                                                 |
| `RestartSuite` | those, and `restart(hard=...)`: ends the server, gently or with kill -9, and starts it  |

`EngineMachine` in `mastractl.testing.engine_model` is the other half: random histories, compared with
the memory engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.testing.engine_tests.closing import ClosingTests
from mastractl.testing.engine_tests.commits import CommitTests
from mastractl.testing.engine_tests.declared import DurableSuite, ExpirySuite, PushSuite, SharedSuite
from mastractl.testing.engine_tests.external import ExternalEditSuite, Outside
from mastractl.testing.engine_tests.foundation import document
from mastractl.testing.engine_tests.log import LogTests
from mastractl.testing.engine_tests.racing import RacingTests
from mastractl.testing.engine_tests.reads import ReadTests
from mastractl.testing.engine_tests.remote import Link, RemoteSuite, RestartSuite
from mastractl.testing.engine_tests.watching import WatchTests

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.testing.clocks import FakeClock

__all__ = [
    "DurableSuite",
    "EngineSuite",
    "ExpirySuite",
    "ExternalEditSuite",
    "Link",
    "Outside",
    "PushSuite",
    "RemoteSuite",
    "RestartSuite",
    "SharedSuite",
]

DECLARED = (DurableSuite, SharedSuite, ExpirySuite, PushSuite, ExternalEditSuite)


class EngineSuite(ReadTests, CommitTests, LogTests, WatchTests, RacingTests, ClosingTests):
    """What every engine promises."""

    def test_what_is_declared_is_what_is_proven(self, engine: Engine) -> None:
        """An engine neither boasts of what its tests do not show, nor hides what they do."""
        declared = {suite.capability for suite in DECLARED if getattr(engine.capabilities, suite.capability)}
        assert {suite.capability for suite in DECLARED if isinstance(self, suite)} == declared

    def test_an_expiry_is_kept_or_refused(self, engine: Engine, clock: FakeClock) -> None:
        """Never taken and then forgotten."""
        fleeting = Put(self.home + "a", document(1), expires_at=clock.now() + 1)
        if engine.capabilities.ttl:
            engine.commit([fleeting])
            clock.advance(1)
        else:
            with pytest.raises(errors.BadRequest):
                engine.commit([fleeting])
        assert engine.get(self.home + "a") is None
