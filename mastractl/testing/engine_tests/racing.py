"""Races: whatever order the machine gives to clients at once, there is one story of each key."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from mastractl.testing.engine_tests.foundation import Foundation, fold, state_of
from mastractl.testing.histories import Client, race
from mastractl.testing.linearizability import violation

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine, Entry


class RacingTests(Foundation):
    """What a client may rely on when it is not alone."""

    def test_racing_clients_see_one_register_to_a_key(self, engine: Engine) -> None:
        race_and_judge(engine, [engine] * 4, self.home)


def race_and_judge(engine: Engine, handles: list[Engine], home: str) -> None:
    """Clients race over two keys: each key is linearizable, and the log is the story of both."""
    clients = [Client(handle, f"client-{number}") for number, handle in enumerate(handles)]
    history = race(clients, [home + "x", home + "y"], 30, random.Random(7))  # noqa: S311 - a test's dice
    found = violation(history)
    assert found is None, str(found)
    log = engine.changes(0, limit=0).changes
    state: dict[str, Entry] = {}
    fold(state, log)
    assert state == state_of(engine)
    assert [change.revision for change in log] == list(range(1, engine.revision() + 1))
    done = {operation.value for operation in history if operation.kind != "read" and operation.done}
    told = {change.entry.value for change in log if change.entry}
    assert len(told) == len(done - {None}), "as many changes as clients were told they made"
