"""What a person sees while much is being done: a counter on standard error.

Only on a terminal, and only once the work has taken longer than a moment, so that neither a pipe nor a
short run ever sees it, and rich is not imported for them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from mastractl.cli.process import is_tty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.cli.invocation import Invocation

T = TypeVar("T")

_MOMENT = 0.7
_EVERY = 64


def counted(inv: Invocation, items: Iterable[T], doing: str) -> Iterator[T]:
    """The items, with `doing` and their number shown while they come: `checking manifests: 4096`."""
    if not is_tty(inv.process.stderr) or inv.flags.quiet:
        yield from items
        return
    began = inv.clock.monotonic()
    with contextlib.ExitStack() as stack:
        show = None
        for number, item in enumerate(items, 1):
            if number % _EVERY == 0:
                if show is None and inv.clock.monotonic() - began > _MOMENT:
                    from rich.console import Console  # noqa: PLC0415 - see above

                    console = Console(file=inv.process.stderr, no_color=not inv.color(inv.process.stderr))
                    show = stack.enter_context(console.status(doing))
                if show is not None:
                    show.update(f"{doing}: {number}")
            yield item
