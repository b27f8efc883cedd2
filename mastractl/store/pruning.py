"""Pruning: what was applied once and is in the manifests no more, and goes so that nothing else does.

There are two ways to say what belongs together. A *set* has a name, and its members are recorded at
`set/<name>` in the commit that applies them: each by its place, its namespace included, and by its uid. Only
members go, and only as the very resources that were applied: what somebody made anew under the same name
is not a member, and what another set holds too stays. The other way is kubectl's: everything of the
manifests' kinds, in their namespaces, that passes a selector and was applied by the same manager.

Either way it happens in the draft that applies the rest, so that it is one commit, and after any error
nothing is applied and nothing pruned. Where much would go, or something that nobody named, it is refused
until it is confirmed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors, values
from mastractl.resources.resource import Resource
from mastractl.store import holders, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.engines.contract import Engine
    from mastractl.resources.adoption import Place
    from mastractl.resources.kinds import Kind
    from mastractl.resources.selectors import LabelSelector
    from mastractl.store.apply import Incoming
    from mastractl.store.drafts import Draft
    from mastractl.store.garbage import Removal
    from mastractl.values import JsonObject

SETS = "set/"
"""The prefix of the records of sets."""

FEW = 8
"""From so many members on it is refused, unless confirmed, to prune more than a quarter of them."""


class Pruning(NamedTuple):
    """What belongs together, and whether what is no longer applied goes.

    `name` is that of a set; without `prune` its members are recorded and none goes. Without a name, what
    passes `labels` (None: all) belongs together, of the kinds that are applied or of `kinds` if there are
    any. `confirmed` says that it may be much.
    """

    name: str = ""
    prune: bool = False
    labels: LabelSelector | None = None
    kinds: tuple[Kind, ...] = ()
    confirmed: bool = False


class Left(NamedTuple):
    """What becomes of those that are not applied any more: keys of the engine, in order.

    `gone` are pruned, `kept` stay members. `foreign` are no members any more: they were deleted or made anew
    by somebody else, or (with `pruned`) another set holds them.
    """

    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def prune(draft: Draft, asked: Pruning, applied: Sequence[Incoming], removal: Removal) -> Left:
    """Record the set, and let go what is no longer applied; raises Forbidden where that is too much."""
    now = {each.key: document for each in applied if (document := draft.read(each.key)) is not None}
    if not asked.name:
        candidates = tuple(_matching(draft, asked, applied)) if asked.prune else ()
        _remove(draft, asked, candidates, total=len(candidates) + len(now), removal=removal)
        return Left(gone=candidates)
    known = members(draft, asked.name)
    present = [key for key, uid in known.items() if _uid(draft.read(key)) == uid]
    absent = [key for key in present if key not in now]
    elsewhere = _held_by_others(draft, asked.name) if asked.prune and absent else set()
    gone = tuple(key for key in absent if asked.prune and key not in elsewhere)
    kept = tuple(key for key in absent if not asked.prune)
    listed = {key: known[key] for key in kept} | {key: _uid(document) for key, document in now.items()}
    _remove(draft, asked, gone, total=len(present), removal=removal)
    record = {"members": {key: listed[key] for key in sorted(listed)}}
    draft.put(f"{SETS}{asked.name}", values.dump(record) if listed else None)
    foreign = tuple(key for key in known if key not in now and key not in gone and key not in kept)
    return Left(gone, kept, foreign)


def sets(engine: Engine) -> dict[str, list[Place]]:
    """The sets there are, by name, with the places of their members."""
    return {
        entry.key.removeprefix(SETS): [keys.place(key) for key in _members(entry.key, entry.value)]
        for entry in engine.range(SETS).entries
    }


def members(draft: Draft, name: str) -> dict[str, str]:
    """The members of a set: their uids by their keys."""
    entry = draft.entry(f"{SETS}{name}")
    return {} if entry is None else _members(entry.key, entry.value)


def _members(key: str, value: bytes) -> dict[str, str]:
    try:
        found: dict[str, str] = values.load(value)["members"]
        return dict(found)
    except (ValueError, TypeError, KeyError) as fault:
        message = f"what the store holds at {key} is no record of a set: {fault}"
        raise errors.StorageValidationError(message, hint="choose another name for the set") from fault


def _held_by_others(draft: Draft, name: str) -> set[str]:
    """The keys of the members of all other sets, as far as they are still those."""
    held: set[str] = set()
    for entry in draft.beneath(SETS):
        if entry.key != f"{SETS}{name}":
            draft.expect(entry.key)
            others = _members(entry.key, entry.value)
            held |= {key for key, uid in others.items() if _uid(draft.read(key)) == uid}
    return held


def _matching(draft: Draft, asked: Pruning, applied: Sequence[Incoming]) -> Iterator[str]:
    """What the same manager applied once, beside what is applied now."""
    now = {each.key for each in applied}
    sets = _held_by_others(draft, "")
    for kind, prefix in _places(asked, applied):
        for key in draft.found(prefix):
            document = draft.read(key)
            if document is None or key in now or key in sets:
                continue
            if document["metadata"].get("deletionTimestamp"):
                continue
            if asked.labels is not None and not asked.labels.matches(Resource(document).labels):
                continue
            if _applied_by(applied[0].manager, draft, key, document, kind.storage_version.schema):
                yield key


def _places(asked: Pruning, applied: Sequence[Incoming]) -> Iterator[tuple[Kind, str]]:
    """Where to look: the kinds, and of those that live in namespaces only the namespaces of the manifests."""
    namespaces = dict.fromkeys(each.document["metadata"].get("namespace", "") for each in applied)
    for kind in dict.fromkeys(asked.kinds or [each.kind for each in applied]):
        if not kind.namespaced:
            yield kind, keys.prefix(kind)
        for namespace in filter(None, namespaces if kind.namespaced else ()):
            yield kind, keys.prefix(kind, namespace)


def _applied_by(manager: str, draft: Draft, key: str, document: JsonObject, schema: JsonObject) -> bool:
    """Whether the manager applied anything of what is wanted."""
    for each in holders.held(draft, key, document, schema).managers:
        if (each.name, each.operation, each.subresource) == (manager, "Apply", ""):
            return any(path[0] != "f:metadata" for path in each.fields)
    return False


def _remove(draft: Draft, asked: Pruning, gone: Sequence[str], *, total: int, removal: Removal) -> None:
    """Remove them with what they own; raises Forbidden for too many, and for what nobody named."""
    titles = {key: _title(draft.read(key)) for key in gone}
    earlier = set(removal.removed)
    for key in gone:
        removal.remove(key)
    if asked.confirmed:
        return
    whose = f'members of the set "{asked.name}"' if asked.name else "resources"
    if total >= FEW and len(gone) * 4 > total:
        message = f"pruning would remove {len(gone)} of {total} {whose}, more than a quarter"
        raise _too_much(message, titles.values())
    with_them = [_title(d) for key, d in removal.removed.items() if key not in titles and key not in earlier]
    if with_them:
        message = f"pruning {len(gone)} {whose} would delete {len(with_them)} more that belong to them"
        raise _too_much(message, with_them)


def _too_much(message: str, listed: Iterable[str]) -> errors.Forbidden:
    shown = [*listed]
    more = [f"and {len(shown) - 20} more"] if len(shown) > 20 else []
    text = "".join(f"\n  {line}" for line in (*shown[:20], *more))
    hint = "look whether manifests are missing; if all of this is meant to go, say so with --yes"
    return errors.Forbidden(f"{message}; nothing was applied:{text}", hint=hint)


def _title(document: JsonObject | None) -> str:
    return str(Resource(document or {}).key)


def _uid(document: JsonObject | None) -> str:
    return "" if document is None else document["metadata"].get("uid", "")
