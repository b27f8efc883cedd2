"""What a store holds: how much, what in it needs a person, and whether it still fits the kinds there are."""

from __future__ import annotations

import os
import os.path
from collections import Counter
from typing import TYPE_CHECKING

from mastractl import errors, values
from mastractl.cli.checkup import place
from mastractl.cli.checkup.finding import fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.checkup.finding import Finding
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.resource import Resource
    from mastractl.store import StateStore

MOST = 2000
"""How many resources are checked against their schemas."""

_SHOWN = 5
"""How many of a sort are told one by one."""

_LONG_LOG = 1_000_000


def look(store: StateStore, path: str) -> Iterator[Finding]:
    """All that can be told of what is in a store; `path` is "" where it is no directory. Reads only."""
    health = store.engine.health()
    revisions = health.revision - health.compacted
    said = f"at revision {health.revision}; the log holds {revisions} revision{'' if revisions == 1 else 's'}"
    if path:
        said += f" in {place.size(database_bytes(path))}"
    if revisions > _LONG_LOG:
        yield warn("log", said, "compact it: its oldest revisions are of use to nobody")
    else:
        yield ok("log", said)
    yield from _problems(store)
    yield from _copies(store)
    yield from _resources(store)


def _problems(store: StateStore) -> Iterator[Finding]:
    found = store.problems()
    if not found:
        yield ok("problems", "none: every file and every definition can be used")
    for problem in found[:_SHOWN]:
        yield warn("problems", f"{problem.location}: {problem.message}", problem.hint)
    if len(found) > _SHOWN:
        yield warn("problems", f"and {len(found) - _SHOWN} more", "mend these first")


def _copies(store: StateStore) -> Iterator[Finding]:
    from mastractl.migrate.marker import unfinished  # noqa: PLC0415 - only with a store

    for copy in unfinished(store.engine):
        said = f"this is an unfinished copy of the store {copy.source}"
        yield warn("copies", said, "run that copy again; nobody may write here until it is finished")


def _resources(store: StateStore) -> Iterator[Finding]:
    from mastractl.store import documents, keys  # noqa: PLC0415 - only with a store

    kinds = store.kinds
    known = {kind.segment: kind for kind in kinds}
    counts: Counter[str] = Counter()
    unfit: list[tuple[str, str]] = []
    after = ""
    while True:
        page = store.engine.range(keys.EVERYTHING, limit=500, after=after)
        for entry in page.entries:
            segment = entry.key.split("/")[1]
            counts[segment] += 1
            if segment in known and sum(counts.values()) <= MOST:
                resource = documents.resource(entry)
                if fault := _fault(resource, kinds):
                    unfit.append((entry.key.partition("/")[2], fault))
        after = page.next
        if not after:
            break
    total = sum(counts.values())
    each = ", ".join(f"{known[s].plural if s in known else s} {count}" for s, count in sorted(counts.items()))
    yield ok("resources", f"{total}: {each}" if total else "none yet")
    for segment in sorted(counts.keys() - known.keys()):
        message = f"{counts[segment]} of the kind {segment}, which nothing defines any more"
        yield warn("schemas", message, "apply its CustomResourceDefinition again, or delete them")
    yield from _unfit(unfit, checked=min(total, MOST), total=total)


def _unfit(unfit: list[tuple[str, str]], *, checked: int, total: int) -> Iterator[Finding]:
    if not unfit:
        some = f"the first {checked} resources" if checked < total else "all resources"
        yield ok("schemas", f"{some} fit the schemas of their kinds")
    for where, fault in unfit[:_SHOWN]:
        remedy = "it can still be read; apply it again in a form that fits"
        yield warn("schemas", f"{where} does not fit its schema any more: {fault}", remedy)
    if len(unfit) > _SHOWN:
        yield warn("schemas", f"and {len(unfit) - _SHOWN} more do not fit")


def _fault(resource: Resource, kinds: KindRegistry) -> str:
    """Why a stored resource would not be let in today; "" if it would."""
    from mastractl.resources.admission import admit  # noqa: PLC0415 - only with a store

    admitted = admit(values.copy(resource.document), kinds, fields="strict", namespace=resource.namespace)
    if not admitted.causes:
        return ""
    cause = admitted.causes[0]
    return f"{errors.format_path(cause.path)}: {cause.message}" if cause.path else cause.message


def unopened(error: errors.MastraError) -> Finding:
    """What to say of a store that cannot be opened."""
    return fail("store", error.message, error.hint)


def database_bytes(path: str) -> int:
    """How many bytes the database of a store takes."""
    private = os.path.join(path, ".mastractl")  # noqa: PTH118 - as in `place`
    try:
        with os.scandir(private) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.name.startswith("state.db"))
    except OSError:
        return 0
