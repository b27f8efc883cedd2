"""`events`: what happened to resources, from the log of the store.

The latest come last, and of a long log only the latest are shown. With `-w` what happens then follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl import clock, errors
from mastractl.cli import happenings, options, selection
from mastractl.cli.printers.interface import PrintOptions, printer_for
from mastractl.cli.printers.layout import Layout
from mastractl.resources.resource import Resource
from mastractl.store import history, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.cli.happenings import Happening
    from mastractl.cli.invocation import Invocation
    from mastractl.store import Revision

For = Annotated[str, options.flag("--for", metavar="TYPE/NAME", help="Only what happened to this resource.")]
Types = Annotated[
    str,
    options.flag(
        "--types",
        metavar="TYPE,...",
        help="Only these types (Normal, Warning) or reasons (Created, Changed, StatusChanged, Deleted, "
        "EditedOutside).",
    ),
]
Watch = Annotated[bool, options.flag("--watch", "-w", help="Go on with what happens, until interrupted.")]
NoHeaders = Annotated[bool, options.flag("--no-headers", help="Leave out the header line.")]
Limit = Annotated[
    int,
    options.flag("--limit", metavar="NUMBER", help="How many of the latest to show, 100 by default; 0: all."),
]
ChunkSize = Annotated[int, options.flag("--chunk-size", hidden=True)]

EXAMPLES = """
# What happened lately in the namespace
mastractl events -n cooking

# What happened to one agent
mastractl events --for agent/recipe-assistant -n cooking

# What was deleted or edited behind the store's back, anywhere
mastractl events -A --types=Deleted,EditedOutside

# For programs
mastractl events -n cooking --limit=10 -o json
"""


@options.verb(examples=EXAMPLES)
def run(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    about: For = "",
    types: Types = "",
    all_namespaces: options.AllNamespaces = False,
    watch: Watch = False,
    no_headers: NoHeaders = False,
    limit: Limit = 100,
    output: options.Output = "",
    chunk_size: ChunkSize = 500,
) -> None:
    """Show what happened to resources, the latest last."""
    del chunk_size
    if limit < 0:
        message = "--limit must not be negative"
        raise errors.UsageError(message)
    words = _words(types)
    prefix, wanted = _scope(inv, about, all_namespaces=all_namespaces)
    show = _Shown(inv, output, words, namespaces=all_namespaces, headers=not no_headers)
    found = _found(inv, prefix, wanted, words, limit)
    show.first(found.revisions, watching=watch)
    if not found.revisions and not watch:
        where = "" if all_namespaces else f" in {inv.namespace} namespace"
        inv.note(f"No events found{where}.")
    if found.cut and found.revisions and not watch:
        inv.note(f"these are the latest {limit}; --limit shows more of them (0: all)")
    if found.compacted and (about or not found.revisions):
        inv.note("the log was compacted: what happened before is forgotten")
    if not watch:
        return
    for revisions in history.follow(inv.store.engine, prefix, wanted=wanted, since=found.revision):
        show.more(revisions)
    message = "the stream of events ended: the store was closed"
    raise errors.Unavailable(message, hint="ask again and go on from there")


def _scope(inv: Invocation, about: str, *, all_namespaces: bool) -> tuple[str, history.Wanted]:
    """Under which prefix of keys to look, and which of them are meant."""
    if not about:
        return keys.EVERYTHING, history.within(inv.scope(all_namespaces=all_namespaces))
    chosen = selection.choose(inv, selection.Asked([about]))
    if "/" not in about or not chosen.named:
        message = f"--for {about!r} is not of the form TYPE/NAME"
        raise errors.UsageError(message, hint="such as --for agent/recipe-assistant")
    (named,) = chosen.named
    key = keys.key(named.kind, named.namespace, named.name)
    return key, key.__eq__


def _words(types: str) -> frozenset[str]:
    """The types and reasons that were asked for, in lower case; none: all. Raises UsageError."""
    words = frozenset(word.strip().lower() for word in types.split(",") if word.strip())
    known = [*happenings.TYPES, *happenings.REASONS]
    for word in words - {name.lower() for name in known}:
        message = f"valid --types are {' or '.join(happenings.TYPES)}, or a reason; not {word!r}"
        raise errors.UsageError(message, hint=f"the reasons are {', '.join(happenings.REASONS)}")
    return words


def _found(
    inv: Invocation, prefix: str, wanted: history.Wanted, words: frozenset[str], limit: int
) -> history.Recent:
    """The latest that are meant. Where only some types are, all of the log may have to be read for them."""
    if not words:
        return history.recent(inv.store.engine, prefix, wanted=wanted, limit=limit)
    kinds = inv.kinds
    return history.recent(
        inv.store.engine,
        prefix,
        wanted=wanted,
        limit=limit,
        told=lambda revision: _passes(happenings.happening(revision, kinds), words),
    )


def _passes(happening: Happening, words: frozenset[str]) -> bool:
    return not words or not words.isdisjoint({happening.type.lower(), happening.reason.lower()})


class _Shown:
    """Prints happenings: as a table whose columns stay where they are, or in a form for programs."""

    def __init__(
        self, inv: Invocation, output: str, words: frozenset[str], *, namespaces: bool, headers: bool
    ) -> None:
        self._inv = inv
        self._words = words
        self._namespaces = namespaces
        self._wide = output == "wide"
        self._layout = Layout()
        self._headers = headers
        options_ = PrintOptions(out=inv.stdout, kinds=inv.kinds, clock=inv.clock, headers=headers)
        self._printer = printer_for(output, options_)
        self._table = output in {"", "table", "wide"}

    def first(self, revisions: list[Revision], *, watching: bool) -> None:
        """Print what there is: in a form for programs as one List, unless more is to follow."""
        if self._table or watching:
            self.more(revisions)
        else:
            self._printer.print_list([Resource(each.document()) for each in self._meant(revisions)])

    def more(self, revisions: list[Revision]) -> None:
        """Print what happened, and flush it. For programs it is an event of a watch, as all else is."""
        happened = self._meant(revisions)
        if self._table:
            self._rows(happened)
        else:
            self._printer.print_events([("ADDED", Resource(each.document())) for each in happened])
        self._inv.stdout.flush()

    def _meant(self, revisions: Iterable[Revision]) -> list[Happening]:
        kinds = self._inv.kinds
        happened = (happenings.happening(revision, kinds) for revision in revisions)
        return [each for each in happened if _passes(each, self._words)]

    def _rows(self, happened: list[Happening]) -> None:
        if not happened:
            return
        now = self._inv.clock.now()
        rows = [self._row(each, now) for each in happened]
        if self._headers:
            self._headers = False
            rows.insert(0, self._titles())
        self._inv.write(self._layout.lines(rows))

    def _titles(self) -> list[str]:
        before = ["NAMESPACE"] if self._namespaces else []
        more = ["REVISION", "TIME"] if self._wide else []
        return [*before, "LAST SEEN", "TYPE", "REASON", "OBJECT", *more, "MESSAGE"]

    def _row(self, each: Happening, now: float) -> list[str]:
        before = [each.revision.resource.namespace] if self._namespaces else []
        more = [str(each.revision.revision), each.time] if self._wide else []
        age = clock.age(now - each.revision.at)
        return [*before, age, each.type, each.reason, each.object, *more, each.message]
