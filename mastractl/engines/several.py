"""Reading several keys: in few calls where an engine can, else one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.engines.contract import ReadsMany

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.engines.contract import Engine, Entry


def get_many(engine: Engine, keys: Sequence[str]) -> list[Entry | None]:
    """As `engine.get` of each key; not all as of the same moment."""
    if isinstance(engine, ReadsMany):
        return engine.get_many(keys)
    return [engine.get(key) for key in keys]
