"""How old the log of a store is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.migrate import moments

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine


def last_before(engine: Engine, time: float) -> int:
    """The last revision before the first commit that was made at that time or later (epoch seconds).

    Where that is the first commit of the log, the compacted revision.
    """
    last = engine.health().compacted
    for step in moments.log(engine, last, upto=engine.revision()):
        if step.at >= time:
            break
        last = step.revision
    return last
