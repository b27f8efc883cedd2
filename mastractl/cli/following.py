"""Following changes: what `watch` and `get -w` share.

What stands is listed first, then every change comes as it happens, each line flushed so that a pipe sees
it at once. The stream ends by Ctrl-C, or with an error where the store is lost or no longer remembers
the revision to resume from; it never ends silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn, TextIO

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.printers.printer import Printer
    from mastractl.cli.selection import Selection
    from mastractl.store import Subscription, WatchEvent

    Show = Callable[[list[WatchEvent]], None]

_AT_ONCE = 500
"""How many events of a burst are laid out together."""


def follow(inv: Invocation, chosen: Selection, show: Show, *, listed: bool, since: str = "") -> NoReturn:
    """Show what was selected as it changes, after what stands if `listed`, or going on from `since`.

    Returns never: raises KeyboardInterrupt when interrupted, Expired below the log, Unavailable when the
    stream ends for any other reason.
    """
    with inv.store.watch(
        chosen.kinds,
        namespace=chosen.namespace,
        labels=chosen.labels,
        fields=chosen.fields,
        since=since or None,
        initial=listed,
    ) as stream:
        for batch in _batches(stream):
            if meant := [event for event in batch if chosen.means(event.resource)]:
                show(meant)
    message = "the stream of changes ended: the store was closed"
    raise errors.Unavailable(message, hint="list again and go on from there")


def as_events(printer: Printer) -> Show:
    """Show events with what happened."""
    return lambda batch: printer.print_events([(event.type, event.resource) for event in batch])


def as_resources(printer: Printer, out: TextIO, *, rows: bool) -> Show:
    """Show the resources of events alone: as `rows` of one table or list, or each by itself."""

    def show(batch: list[WatchEvent]) -> None:
        if rows:
            printer.print_list([event.resource for event in batch])
        else:
            for event in batch:
                printer.print_object(event.resource)
        out.flush()

    return show


def _batches(stream: Subscription) -> Iterator[list[WatchEvent]]:
    """The first list in one piece, then what comes, together where it comes at once."""
    first: list[WatchEvent] = []
    while not stream.resource_version:
        event = stream.next(timeout=0)
        if event is None:
            break
        first.append(event)
    yield first
    while (event := stream.next()) is not None:
        batch = [event]
        while len(batch) < _AT_ONCE and (event := stream.next(timeout=0)) is not None:
            batch.append(event)
        yield batch
