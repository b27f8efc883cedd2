"""What all wrappers are made of: an engine that hands every call on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.engines.several import get_many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.engines.contract import (
        Capabilities,
        Changes,
        Commit,
        Engine,
        Entry,
        Flaw,
        Health,
        Op,
        Page,
    )


class Wrapper:
    """An `Engine` that is another one; `inner` is that one. Closing it closes that one."""

    def __init__(self, inner: Engine) -> None:
        self.inner = inner

    @property
    def capabilities(self) -> Capabilities:
        """What the engine within can do."""
        return self.inner.capabilities

    @property
    def identity(self) -> str:
        """The uid of the store."""
        return self.inner.identity

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        return self.inner.get(key)

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key, in as few calls as the engine within can."""
        return get_many(self.inner, keys)

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        return self.inner.range(prefix, limit=limit, after=after)

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        return self.inner.commit(ops, origin=origin)

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        return self.inner.changes(since, prefix, limit=limit)

    def wait(self, since: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a revision beyond `since`."""
        return self.inner.wait(since, timeout)

    def revision(self) -> int:
        """The present revision; 0 for a new store."""
        return self.inner.revision()

    def compact(self, before: int) -> None:
        """Forget the log up to and including revision `before`; what stands is not touched."""
        self.inner.compact(before)

    def health(self) -> Health:
        """Whether the store can be written, and what in it needs a person."""
        return self.inner.health()

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """As `Checkable.check`; nothing if the engine within keeps but one account."""
        check = getattr(self.inner, "check", None)
        if check is not None:
            yield from check(repair=repair)

    def close(self) -> None:
        """Close the engine within."""
        self.inner.close()
