"""Resources over an engine: admission, apply, watch, references, garbage.

Names are imported when they are first used: a list needs none of what a write needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mastractl.store.api import Applied, Deleted, Pruned, ResourceStore, WatchEvent
    from mastractl.store.faces import FileSystemStateStore, InMemoryStateStore, create_state_store
    from mastractl.store.history import Revision
    from mastractl.store.pruning import Pruning
    from mastractl.store.reads import ResourceList
    from mastractl.store.store import StateStore
    from mastractl.store.watch import Subscription

__all__ = [
    "Applied",
    "Deleted",
    "FileSystemStateStore",
    "InMemoryStateStore",
    "Pruned",
    "Pruning",
    "ResourceList",
    "ResourceStore",
    "Revision",
    "StateStore",
    "Subscription",
    "WatchEvent",
    "create_state_store",
]

_HOMES = {
    "Applied": "api",
    "Deleted": "api",
    "FileSystemStateStore": "faces",
    "InMemoryStateStore": "faces",
    "Pruned": "api",
    "Pruning": "pruning",
    "ResourceList": "reads",
    "ResourceStore": "api",
    "Revision": "history",
    "StateStore": "store",
    "Subscription": "watch",
    "WatchEvent": "api",
    "create_state_store": "faces",
}


def __getattr__(name: str) -> Any:
    """A public name, from the module it lives in."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
