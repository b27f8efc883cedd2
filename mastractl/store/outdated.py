"""What a changed definition does to the resources there are: those that its schema forbids by now.

They stay as they are, readable, and what is wrong with them is tolerated until somebody changes it; but who
tightens a schema should hear of it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.errors import Cause, format_path
from mastractl.store import keys
from mastractl.store.kinds import DEFINITION, read_definition

if TYPE_CHECKING:
    from mastractl.engines.contract import Engine
    from mastractl.resources.kinds import Kind
    from mastractl.store.drafts import Draft

MOST = 1000
"""Resources that are looked at."""

_TOLD = 3


def remarks(engine: Engine, draft: Draft, kind: Kind, key: str) -> tuple[Cause, ...]:
    """A remark (MA132) if what was written at `key` is a definition that stored resources do not obey."""
    if kind.kind != DEFINITION or not kind.bundled or not draft.is_written(key):
        return ()
    before, after = draft.before(key), draft.read(key)
    if before is None or after is None:
        return ()
    try:
        was, now = read_definition(before.document), read_definition(after)
    except errors.Invalid:
        return ()
    if was.storage_version.schema == now.storage_version.schema:
        return ()
    found, looked = _forbidden(engine, draft, now)
    return (_remark(now, found, all_seen=looked < MOST),) if found else ()


def _forbidden(engine: Engine, draft: Draft, kind: Kind) -> tuple[list[str], int]:
    """What is wrong with each resource that its schema forbids, and how many were looked at."""
    from mastractl.resources import validation  # noqa: PLC0415 - schemas change seldom

    found: list[str] = []
    entries = engine.range(keys.prefix(kind), limit=MOST).entries
    for entry in entries:
        document = draft.read(entry.key)
        if document is None:
            continue
        document = {**document, "apiVersion": kind.api_version}
        if validation.is_valid(kind.storage_version, document):
            continue
        place = keys.place(entry.key)
        name = f"{place.namespace}/{place.name}" if place.namespace else place.name
        if len(found) >= _TOLD:
            found.append(name)
            continue
        _, causes = validation.result_causes(kind.storage_version, document)
        faults = [cause for cause in causes if not cause.warning]
        found.append(f"{name} ({format_path(faults[0].path).lstrip('.')}: {faults[0].message})")
    return found, len(entries)


def _remark(kind: Kind, found: list[str], *, all_seen: bool) -> Cause:
    count = f"{len(found)} stored {kind.plural if len(found) > 1 else kind.singular}"
    scope = "" if all_seen else f" among the first {MOST}"
    obey = "do" if len(found) > 1 else "does"
    listed = "; ".join(found[:_TOLD]) + (f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else "")
    return Cause(
        code="MA132",
        path=("spec", "versions"),
        message=f"{count}{scope} {obey} not obey the new schema: {listed}",
        hint="they stay as they are and can be read; what is wrong must be mended when it is changed",
        warning=True,
    )
