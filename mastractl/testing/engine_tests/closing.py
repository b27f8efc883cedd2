"""Closing: whoever waits goes on, whoever comes later is told why there is nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mastractl import errors
from mastractl.testing.engine_tests.foundation import SOON, Foundation

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.engines.contract import Engine


class ClosingTests(Foundation):
    """What `close` and `health` promise."""

    @pytest.mark.parametrize(
        "call",
        [
            lambda engine: engine.get("res/a"),
            lambda engine: engine.range(""),
            lambda engine: engine.commit([]),
            lambda engine: engine.changes(0),
            lambda engine: engine.wait(0, 0),
            lambda engine: engine.revision(),
            lambda engine: engine.compact(0),
            lambda engine: engine.health(),
        ],
        ids=["get", "range", "commit", "changes", "wait", "revision", "compact", "health"],
    )
    def test_a_closed_engine_says_so(self, engine: Engine, call: Callable[[Engine], object]) -> None:
        self.write(engine, "a", 1)
        engine.close()
        with pytest.raises(errors.StorageClosed):
            call(engine)

    def test_closing_twice_is_no_error(self, engine: Engine) -> None:
        engine.close()
        engine.close()

    def test_a_wait_returns_when_the_engine_is_closed(self, engine: Engine) -> None:
        def wait() -> bool:
            try:
                return engine.wait(0, 10 * SOON)
            except errors.StorageClosed:  # it was closed before the wait began
                return False

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait)
            engine.close()
            assert waiting.result(SOON) in {True, False}

    def test_a_healthy_store_has_no_problems(self, engine: Engine) -> None:
        self.write(engine, "a", 1)
        self.write(engine, "a", 2)
        engine.compact(1)
        health = engine.health()
        assert health.writable
        assert (health.compacted, health.revision) == (1, 2)
        assert health.problems == ()

    def test_a_store_has_one_lasting_name(self, engine: Engine) -> None:
        identity = engine.identity
        assert identity
        self.write(engine, "a", 1)
        engine.compact(1)
        assert engine.identity == identity
