"""mastractl: the control plane for AI agents that needs no cluster."""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mastractl import errors
    from mastractl.engines.opening import open_engine
    from mastractl.resources.resource import Resource
    from mastractl.store import FileSystemStateStore, InMemoryStateStore, StateStore, create_state_store

__all__ = [
    "FileSystemStateStore",
    "InMemoryStateStore",
    "Resource",
    "StateStore",
    "__version__",
    "create_state_store",
    "errors",
    "open_engine",
]

_HOMES = {
    "FileSystemStateStore": "mastractl.store",
    "InMemoryStateStore": "mastractl.store",
    "Resource": "mastractl.resources.resource",
    "StateStore": "mastractl.store",
    "create_state_store": "mastractl.store",
    "open_engine": "mastractl.engines.opening",
}


def __getattr__(name: str) -> object:
    """A public name, imported when it is first used: the version alone must cost nothing."""
    from importlib import import_module  # noqa: PLC0415 - as above

    if name == "errors":
        return import_module("mastractl.errors")
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
