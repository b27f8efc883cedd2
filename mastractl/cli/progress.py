"""What a person sees while much is being done: a counter or a bar on standard error.

Only on a terminal, and only once the work has taken longer than a moment, so that neither a pipe nor a
short run ever sees it, and rich is not imported for them. What may take minutes (`Meter`) writes a line
now and then where there is no terminal, so that a log shows that it goes on.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self, TypeVar

from mastractl.cli.process import is_tty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from rich.progress import Progress, TaskID
    from rich.status import Status

    from mastractl.cli.invocation import Invocation

T = TypeVar("T")

MANY = 500
"""From how many resources on a commit takes long enough to be told of."""

_MOMENT = 0.7
_EVERY = 64
_SELDOM = 5.0


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


class Meter:
    """Shows how far long work is: called with what is being done, how much is done, and of how much.

    A bar on a terminal (a counter, where nobody knows how much there is), a line every few seconds
    elsewhere, nothing with `-q` or where programs read. A context manager: leaving it takes the bar away.
    """

    def __init__(self, inv: Invocation) -> None:
        self._inv = inv
        self._silent = inv.flags.quiet or inv.reporter.as_json
        self._person = is_tty(inv.process.stderr)
        self._next = inv.clock.monotonic() + (_MOMENT if self._person else _SELDOM)
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, doing: str, done: int, total: int) -> None:
        """So much is done; a `total` of 0 is not known."""
        if self._silent:
            return
        now = self._inv.clock.monotonic()
        if now < self._next:
            return
        if not self._person:
            self._next = now + _SELDOM
            amount = f": {done} of {total}" if total else f": {done}" if done else ""
            self._inv.note(f"{doing}{amount}")
            return
        self._next = now + 0.1
        if self._progress is None:
            self._progress = _bar(self._inv)
            self._task = self._progress.add_task(doing, total=None)
            self._progress.start()
        if self._task is not None:
            self._progress.update(self._task, description=doing, completed=done, total=total or None)


def _bar(inv: Invocation) -> Progress:
    """A bar on standard error that is gone when it is stopped."""
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(file=inv.process.stderr, no_color=not inv.color(inv.process.stderr))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def _status(inv: Invocation, text: str) -> Status:
    """A line on standard error that is gone when its context is left."""
    from rich.console import Console  # noqa: PLC0415 - see above

    console = Console(file=inv.process.stderr, no_color=not inv.color(inv.process.stderr))
    return console.status(text)
