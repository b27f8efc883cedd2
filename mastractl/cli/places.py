"""Stores that a command line names: by a context, a URL or a path; and how they are opened to be moved.

A word that is the name of a context means its store; anything else is a URL or a path, and `./NAME` is a
path whatever contexts there are.
"""

from __future__ import annotations

import os.path
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mastractl import config, errors
from mastractl.cli.whereabouts import directory_of

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.clock import Clock
    from mastractl.engines.contract import Engine

# ruff: noqa: PTH110, PTH112, PTH118 - paths are text here, as in config
# ruff: noqa: PLC0415 - engines are not needed to start


class Place(NamedTuple):
    """A store: what opens it, how it may be shown, and the context that named it ("": none did)."""

    store: str
    shown: str
    context: str = ""


def in_force(inv: Invocation) -> Place:
    """The store that every other verb would work on."""
    return _place(inv.settings.store.value)


def named(inv: Invocation, word: str) -> Place:
    """The store that a word means. Raises ConfigError for a word that cannot be one."""
    user = config.read_user_config(inv.process.environ)
    if word in user.contexts:
        return _place(user.contexts[word].url or config.default_store(), context=word)
    if not word:
        message = "a store is named by a context, a URL or a path, and not by nothing"
        raise errors.UsageError(message)
    return _place(config.absolute_store(word, inv.process.directory))


def open_existing(inv: Invocation, place: Place, *, write: bool = False) -> Engine:
    """The engine of a store that is there; none is made. Without `write` it is opened for reading only.

    Where people may edit behind the store's back it is opened for writing all the same: their edits are
    taken in. Raises StorageConnectionError where there is no store, naming contexts like the word.
    """
    try:
        engine = _open(place.store, clock=inv.clock, read_only=True)
    except errors.StorageConnectionError as error:
        raise _missing(inv, place, error) from error
    takes_in = engine.capabilities.external_edits
    empty = takes_in and not _has_log(place.store) and not engine.range("", limit=1).entries
    if not write and not takes_in:
        return engine
    engine.close()
    if empty:
        message = f"there is no store at {place.shown}: the directory holds nothing of one"
        raise errors.StorageConnectionError(message, hint="name the directory of a store")
    return _open(place.store, clock=inv.clock, read_only=False)


def open_as_usual(inv: Invocation, place: Place) -> Engine:
    """The engine of a store that is there, for writing where that is permitted, as most verbs open it."""
    try:
        return open_existing(inv, place, write=True)
    except errors.Forbidden:
        return open_existing(inv, place)


def open_new(place: Place, clock: Clock) -> Engine:
    """The engine of a store that is made if it is missing, with a clock of the caller's.

    Raises UsageError for one that would be gone with this process.
    """
    if place.store.startswith("memory:"):
        message = "what is put into memory: is gone when the command ends"
        raise errors.UsageError(message, hint="name a URL or a path of a store that stays")
    return _open(place.store, clock=clock, read_only=False)


def is_absent(error: errors.MastraError) -> bool:
    """Whether a store that was opened for reading is not there, rather than out of reach."""
    return isinstance(error, errors.StorageConnectionError) and error.message.startswith("there is no store")


def look_at(inv: Invocation, place: Place, clock: Clock) -> Engine:
    """The engine of a store that is only looked at; an empty one in its place if there is none yet."""
    try:
        return _open(place.store, clock=clock, read_only=not place.store.startswith("memory:"))
    except errors.StorageConnectionError as error:
        if not is_absent(error):
            raise
    from mastractl.engines.memory import MemoryEngine

    inv.note(f"{place.shown} is not there yet: what it takes at once will be known when it is made")
    return MemoryEngine(clock=clock)


def _open(store: str, *, clock: Clock, read_only: bool) -> Engine:
    from mastractl.engines.opening import open_engine
    from mastractl.manifests import bundled
    from mastractl.resources.adoption import adopt
    from mastractl.store import StateStore

    kinds = bundled.kinds()
    engine = open_engine(store, adopt=partial(adopt, kinds=kinds), clock=clock, read_only=read_only)
    if not read_only and engine.capabilities.external_edits:
        _ = StateStore(engine, kinds=kinds, clock=clock).kinds  # an edit may be of a kind defined here
    return engine


def _has_log(store: str) -> bool:
    """Whether a directory was used as a store already, and is not merely full of files."""
    path = directory_of(store)
    return not path or os.path.isdir(os.path.join(path, ".mastractl"))


def _place(store: str, context: str = "") -> Place:
    from mastractl.engines.opening import mask

    return Place(store, mask(store), context)


def _missing(inv: Invocation, place: Place, error: errors.StorageConnectionError) -> errors.MastraError:
    """The error, with what may have been meant in place of "a first write makes it"."""
    path = directory_of(place.store)
    if not path or os.path.exists(path):
        return error
    from mastractl import spelling

    contexts = config.read_user_config(inv.process.environ).contexts
    near = spelling.hint(os.path.basename(path), contexts)  # noqa: PTH119 - as above
    return errors.StorageConnectionError(
        error.message, hint=near or "name a context, a URL, or the path of a store that is there"
    )
