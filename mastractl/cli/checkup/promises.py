"""What a store that is no directory promises: its server, whether it can be written, whether it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.cli.checkup.finding import fail, ok, warn
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.checkup.finding import Finding
    from mastractl.cli.invocation import Invocation
    from mastractl.engines.contract import Engine


def look(inv: Invocation, store: str) -> Iterator[Finding]:
    """All that can be told of a store that is there and can be read. Nothing is written to it.

    It is opened as a writer would open it, at a time when nothing has expired, so that nothing is removed.
    """
    from mastractl.engines.opening import open_engine  # noqa: PLC0415 - not every verb has a store
    from mastractl.migrate.replayclock import ReplayClock  # noqa: PLC0415 - as above

    try:
        engine = open_engine(store, clock=ReplayClock(inv.clock))
    except errors.MastraError as error:
        yield fail("permissions", error.message, error.hint)
        return
    try:
        yield from _of(engine)
    except errors.MastraError as error:
        yield fail("server", error.message, error.hint)
    finally:
        engine.close()


def _of(engine: Engine) -> Iterator[Finding]:
    health = engine.health()
    for name, value in health.details:
        yield ok("server", f"{harmless(name)}: {harmless(value)}")
    if health.writable:
        yield ok("permissions", "the store can be written")
    else:
        remedy = "it needs the right to write: of the user on the server, or on the file"
        yield fail("permissions", "the store can be read and not written", remedy)
    promised = engine.capabilities
    if promised.durable:
        yield ok("durability", "what was acknowledged survives a crash and a loss of power")
    else:
        said = "what was acknowledged may be lost in a crash"
        remedy = "; ".join(p.hint for p in health.problems if p.hint) or "choose a durable engine"
        yield warn("durability", said, remedy)
    if not promised.push_watch:
        yield ok("watching", "other processes' changes are looked for about once a second")
