"""What a command line names: kinds, and resources by name.

The grammar is kubectl's: `agents`, `agents,tools`, `agents x y`, `agent/x tool/y`, `agents.mastra.ai`, a
category such as `all`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.resources.kinds import Kind
    from mastractl.store import StateStore


class Targets(NamedTuple):
    """The kinds that were named, in that order, and the resources of them that were.

    `named` is empty where whole kinds are meant.
    """

    kinds: tuple[Kind, ...]
    named: tuple[tuple[Kind, str], ...] = ()


def parse(store: StateStore, arguments: Sequence[str]) -> Targets:
    """What the arguments name. Raises UnknownKind, and UsageError for what is no such grammar."""
    if any("/" in a for a in arguments):
        pairs = dict.fromkeys(_pair(store, a) for a in arguments)
        return Targets(kinds=tuple(dict.fromkeys(kind for kind, _ in pairs)), named=tuple(pairs))
    if not arguments:
        message = "you must say which type of resource"
        raise errors.UsageError(message, hint="`mastractl api-resources` lists the types there are")
    found = tuple(dict.fromkeys(k for word in arguments[0].split(",") for k in _kinds(store, word)))
    names = dict.fromkeys(arguments[1:])
    return Targets(kinds=found, named=tuple((kind, name) for kind in found for name in names))


def _kinds(store: StateStore, word: str) -> Sequence[Kind]:
    """The kinds of a word: one, or those of a category."""
    if not word:
        message = "a type of resource is missing between commas"
        raise errors.UsageError(message)
    try:
        return [store.resolve(word)]
    except errors.UnknownKind:
        if category := store.kinds.category(word):
            return category
        raise


def _pair(store: StateStore, argument: str) -> tuple[Kind, str]:
    word, slash, name = argument.partition("/")
    if not slash:
        message = f"{argument!r} has no TYPE/ before it, other arguments have"
        raise errors.UsageError(message, hint="write TYPE NAME... or TYPE/NAME..., not both")
    if "/" in name:
        message = f"{argument!r}: arguments of the form TYPE/NAME may not have more than one slash"
        raise errors.UsageError(message)
    if not word or not name:
        message = f"{argument!r} is not of the form TYPE/NAME"
        raise errors.UsageError(message)
    return store.resolve(word), name
