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

    from rich.status import Status

    from mastractl.cli.invocation import Invocation

T = TypeVar("T")

MANY = 500
"""From how many resources on a commit takes long enough to be told of."""

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
                    show = stack.enter_context(_status(inv, doing))
                if show is not None:
                    show.update(f"{doing}: {number}")
            yield item


@contextlib.contextmanager
def during(inv: Invocation, doing: str, *, count: int) -> Iterator[None]:
    """Show `doing` and the number while the body runs, if there are many: `writing resources: 5000`."""
    if count < MANY or inv.flags.quiet or not is_tty(inv.process.stderr):
        yield
    else:
        with _status(inv, f"{doing}: {count}"):
            yield


def _status(inv: Invocation, text: str) -> Status:
    """A line on standard error that is gone when its context is left."""
    from rich.console import Console  # noqa: PLC0415 - see above

    console = Console(file=inv.process.stderr, no_color=not inv.color(inv.process.stderr))
    return console.status(text)
