"""Values encrypted before they reach the store. Needs the extra `crypto`.

Keys, sizes, times, revisions and origins stay readable; values are envelopes (`envelope`), so that the
store still holds JSON objects and whoever has no keys is told so.

Equal values have different envelopes, and yet putting an equal value again is no change. So a commit reads
how its keys stand, and where the value there is the one to be put, puts the very envelope that stands
there. That holds only while nobody writes between, so every operation is pinned to the revision that was
read (`pinning`), and a commit that was outrun begins anew; conditions of the caller's stay what they are.
What stands must be readable before it is replaced or deleted, as the log has to tell it: a value that was
tampered with is removed by opening the store without `encrypt=`.

External edits: hand the inner engine `adopting(...)` as its `adopt`. A plain document that an editor
leaves is encrypted into the log; the file itself stays plain until the resource is next written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors, values
from mastractl.engines.checks import check_operations
from mastractl.engines.contract import Put
from mastractl.engines.wrappers import envelope
from mastractl.engines.wrappers.pinning import ROUNDS, outrun, pin
from mastractl.engines.wrappers.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.engines.contract import (
        Adopt,
        Capabilities,
        Change,
        Changes,
        Commit,
        Engine,
        Entry,
        Flaw,
        Health,
        Op,
        Page,
    )
    from mastractl.engines.wrappers.keyring import Keyring

_BATCH = 100
"""How many values are encrypted anew in one commit."""


class EncryptingEngine(Wrapper):
    """Encrypts the values of the named spaces (the first segment of keys); of all of them without names.

    Reading raises StorageValidationError for what cannot be decrypted, and says which key it would take.
    """

    def __init__(self, inner: Engine, ring: Keyring, *, spaces: Sequence[str] = ()) -> None:
        super().__init__(inner)
        self._sealer = envelope.Sealer(ring)
        self._spaces = frozenset(spaces)

    @property
    def capabilities(self) -> Capabilities:
        """The inner engine's, with room for envelopes."""
        inner = self.inner.capabilities
        return inner._replace(max_value=self._sealer.room(inner.max_value))

    def get(self, key: str) -> Entry | None:
        """The key as it stands now, or None."""
        entry = self.inner.get(key)
        return None if entry is None else self._opened(entry)

    def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As `get` of each key."""
        return [entry and self._opened(entry) for entry in super().get_many(keys)]

    def range(self, prefix: str, *, limit: int = 0, after: str = "") -> Page:
        """The keys that start with the prefix and sort after `after`; all of them if `limit` is 0."""
        page = self.inner.range(prefix, limit=limit, after=after)
        return page._replace(entries=tuple([self._opened(entry) for entry in page.entries]))

    def commit(self, ops: Sequence[Op], *, origin: str = "") -> Commit:
        """Apply all operations or none, as one revision."""
        check_operations(ops, self.capabilities)
        for _ in range(ROUNDS):
            pinned = pin(self.inner, ops, read_all=True)
            sealed = [self._sealed(op, pinned.standing.get(op.key)) for op in pinned.ops]
            try:
                made = self.inner.commit(sealed, origin=origin)
            except errors.Conflict as conflict:
                if conflict.key in pinned.own:
                    continue
                raise
            return made._replace(changes=tuple([self._told(change) for change in made.changes]))
        raise outrun()

    def changes(self, since: int, prefix: str = "", *, limit: int = 1000) -> Changes:
        """The log after revision `since`, for the keys under a prefix; all of it if `limit` is 0."""
        stretch = self.inner.changes(since, prefix, limit=limit)
        return stretch._replace(changes=tuple([self._told(change) for change in stretch.changes]))

    def health(self) -> Health:
        """The inner engine's; which keys are in use is among the details."""
        health = self.inner.health()
        ring = self._sealer.ring
        said = f"with the key {ring.newest}"
        if len(ring.keys) > 1:
            said += f"; also read: {', '.join(list(ring.keys)[1:])}"
        if self._spaces:
            said += f"; only in {', '.join(sorted(self._spaces))}"
        return health._replace(details=(*health.details, ("encrypted", said)))

    def check(self, *, repair: bool = False) -> Iterator[Flaw]:
        """The inner engine's flaws, and every value that cannot be decrypted."""
        from mastractl.engines.contract import Flaw  # noqa: PLC0415 - few ask for it

        yield from super().check(repair=repair)
        after = ""
        while True:
            page = self.inner.range("", limit=_BATCH, after=after)
            for entry in page.entries:
                try:
                    self._opened(entry)
                except errors.StorageValidationError as error:
                    yield Flaw(entry.key, entry.key, error.message, error.hint)
            after = page.next
            if not after:
                return

    def rotate(self) -> int:
        """Encrypt with the newest key whatever stands and is not; how many values that were.

        What others write meanwhile they encrypt themselves. The log keeps the old values until it is
        compacted, and with them the need for the old keys.
        """
        done = 0
        after = ""
        most = self.inner.capabilities.max_commit or _BATCH
        while True:
            page = self.inner.range("", limit=min(most, _BATCH), after=after)
            stale = [e for e in page.entries if self._covers(e.key) and not self._sealer.current(e.value)]
            done += self._renew(stale)
            after = page.next
            if not after:
                return done

    def _renew(self, entries: Sequence[Entry]) -> int:
        """Encrypt the entries anew; those that changed meanwhile are left, as they were written anew."""
        ops = []
        for entry in entries:
            plain = self._sealer.open(entry.key, entry.value)
            ops.append(Put(entry.key, self._sealer.seal(entry.key, plain), entry.revision, entry.expires_at))
        try:
            return len(self.inner.commit(ops, origin="rotate").changes) if ops else 0
        except errors.Conflict:
            if len(entries) == 1:
                return 0
            return sum(self._renew([entry]) for entry in entries)

    def _covers(self, key: str) -> bool:
        return not self._spaces or key.partition("/")[0] in self._spaces

    def _opened(self, entry: Entry) -> Entry:
        if not self._covers(entry.key):
            return entry
        return entry._replace(value=self._sealer.open(entry.key, entry.value))

    def _told(self, change: Change) -> Change:
        return change._replace(
            entry=change.entry and self._opened(change.entry),
            previous=change.previous and self._opened(change.previous),
        )

    def _sealed(self, op: Op, before: Entry | None) -> Op:
        """The operation for the store: with the envelope that stands there, if that holds the same."""
        if not self._covers(op.key):
            return op
        plain = None if before is None else self._opened(before).value
        if not isinstance(op, Put):
            return op
        if before is not None and plain == op.value:
            return op._replace(value=before.value)
        return op._replace(value=self._sealer.seal(op.key, op.value))


def rotate(engine: Engine) -> int:
    """`EncryptingEngine.rotate` of an engine with any wrappers around it. BadRequest if none encrypts."""
    within: object = engine
    while isinstance(within, Wrapper):
        if isinstance(within, EncryptingEngine):
            return within.rotate()
        within = within.inner
    message = "this store is not encrypted: there are no keys to change"
    raise errors.BadRequest(message, hint="open it with encrypt=env:NAME or encrypt=file:PATH")


def adopting(adopt: Adopt, ring: Keyring, *, spaces: Sequence[str] = ()) -> Adopt:
    """An `adopt` for the engine within: what it takes in is encrypted, and judged by the given `adopt`.

    An envelope that came from outside, as git or a copy brings it, is taken if it opens at that key.
    """
    sealer = envelope.Sealer(ring)
    covered = frozenset(spaces)

    def take_in(key: str, document: object, previous: bytes | None, now: float) -> bytes:
        if covered and key.partition("/")[0] not in covered:
            return adopt(key, document, previous, now)
        given = envelope.arranged(document)
        found = document if given is None else values.load(_admitted(sealer, key, given))
        before = None if previous is None else sealer.open(key, previous)
        value = adopt(key, found, before, now)
        if previous is not None and value == before:
            return previous
        if given is not None and value == sealer.open(key, given):
            return given
        return sealer.seal(key, value, settled=True)

    return take_in


def _admitted(sealer: envelope.Sealer, key: str, given: bytes) -> bytes:
    """The value in an envelope that came from outside. Raises Refused."""
    try:
        return sealer.open(key, given)
    except errors.StorageValidationError as error:
        raise errors.Refused(error.message, hint=error.hint) from error
