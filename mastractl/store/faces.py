"""Stores by the names of seed 000, and the factory for all of them.

An unknown type or scheme is an error: a store that quietly forgets everything is worse than none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.resources.adoption import adopt
from mastractl.store.store import StateStore

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from mastractl.clock import Clock
    from mastractl.engines.contract import Engine
    from mastractl.resources.kinds import KindRegistry

TYPES = ("filesystem", "memory")
"""The types of seed 000 that need nothing but a path. Every other store is named by its URL."""


class InMemoryStateStore(StateStore):
    """A store that is gone when it is closed: no I/O, for development and tests (seed 000)."""

    def __init__(self, *, kinds: KindRegistry | None = None, clock: Clock | None = None) -> None:
        from mastractl.engines.memory import MemoryEngine  # noqa: PLC0415 - only this store needs it

        super().__init__(MemoryEngine(clock=clock), kinds=kinds, clock=clock)


class FileSystemStateStore(StateStore):
    """A store of JSON files, `<base_path>/<kind>/<namespace>/<name>.json` (seed 000).

    Directories are made as they are needed, and every file may be read and edited with any tool.
    """

    def __init__(
        self,
        base_path: str | os.PathLike[str],
        *,
        kinds: KindRegistry | None = None,
        clock: Clock | None = None,
    ) -> None:
        from pathlib import Path  # noqa: PLC0415 - only this store needs it

        kinds = kinds if kinds is not None else _bundled()
        super().__init__(_engine(Path(base_path), kinds=kinds, clock=clock), kinds=kinds, clock=clock)


def create_state_store(
    config: str | Mapping[str, str], *, kinds: KindRegistry | None = None, clock: Clock | None = None
) -> StateStore:
    """The store of a URL, or of seed 000's `{"type": "memory"}` and `{"type": "filesystem", "path": ...}`.

    A URL is `memory:`, `file:PATH`, a bare path, or what an installed engine answers to
    (`engines.opening`). Raises ConfigError for anything else, and what the engine raises on opening.
    """
    if isinstance(config, str):
        kinds = kinds if kinds is not None else _bundled()
        return StateStore(_engine(config, kinds=kinds, clock=clock), kinds=kinds, clock=clock)
    kind = config.get("type", "")
    unknown = sorted(set(config) - {"type", "path"})
    if kind not in TYPES:
        raise _unknown_type(kind)
    if unknown or (kind == "memory" and "path" in config):
        message = f"a store of type {kind!r} has no option {(unknown or ['path'])[0]!r}"
        raise errors.ConfigError(message, hint='{"type": "memory"} or {"type": "filesystem", "path": ...}')
    if kind == "memory":
        return InMemoryStateStore(kinds=kinds, clock=clock)
    if not config.get("path"):
        message = "a store of type 'filesystem' needs a path"
        raise errors.ConfigError(message, hint='for example {"type": "filesystem", "path": ".mastra-data"}')
    return FileSystemStateStore(config["path"], kinds=kinds, clock=clock)


def _engine(where: str | os.PathLike[str], *, kinds: KindRegistry, clock: Clock | None) -> Engine:
    from mastractl.engines.opening import open_engine  # noqa: PLC0415 - a caller may bring an engine

    return open_engine(where, adopt=partial(adopt, kinds=kinds), clock=clock or SystemClock())


def _bundled() -> KindRegistry:
    from mastractl.manifests import bundled  # noqa: PLC0415 - a caller may bring its own

    return bundled.kinds()


def _unknown_type(kind: str) -> errors.ConfigError:
    message = f"there is no store of type {kind!r}; there are {', '.join(TYPES)}"
    hint = 'name other stores by their URL: create_state_store("<scheme>:...")'
    return errors.ConfigError(message, hint=hint)
