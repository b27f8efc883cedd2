"""The fixtures of the engine suites for an engine that is opened by a URL: only the URL is left to be given.

class TestMyEngine(ByUrl, EngineSuite, DurableSuite, SharedSuite):
@pytest.fixture
def url(self, tmp_path):
return f"my-scheme:{tmp_path / 'store'}"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mastractl.engines.opening import open_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.engines.contract import Engine
    from mastractl.testing.clocks import FakeClock


class ByUrl:
    """Gives `engine`, `reopen`, `open_another` and `pusher`. To be named before the suites."""

    @pytest.fixture
    def url(self) -> str:
        """The URL of a store that is new and empty."""
        message = f"{type(self).__name__} has to give a fixture `url`"
        raise NotImplementedError(message)

    @pytest.fixture
    def opened(self) -> Iterator[list[Engine]]:
        """Whatever was opened; closed at the end."""
        opened: list[Engine] = []
        yield opened
        for engine in opened:
            engine.close()

    @pytest.fixture
    def open_another(self, url: str, clock: FakeClock, opened: list[Engine]) -> Callable[[], Engine]:
        """Open the store once more."""

        def open_another() -> Engine:
            opened.append(open_engine(url, clock=clock))
            return opened[-1]

        return open_another

    @pytest.fixture
    def engine(self, open_another: Callable[[], Engine]) -> Engine:
        """The engine under test."""
        return open_another()

    @pytest.fixture
    def reopen(self, opened: list[Engine], open_another: Callable[[], Engine]) -> Callable[[], Engine]:
        """Close all handles and open the store again."""

        def reopen() -> Engine:
            for engine in opened:
                engine.close()
            return open_another()

        return reopen

    @pytest.fixture
    def pusher(self, open_another: Callable[[], Engine]) -> Engine:
        """Another handle on the store."""
        return open_another()
