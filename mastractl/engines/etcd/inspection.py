"""How a store in etcd is: what etcd says of itself, and whether the store's own accounts agree.

The accounts: `kv/` says what stands, `log/` how it came so, `due/` what expires, `head` where all that is.
They are compared as they were at one revision of etcd, a part at a time; only the revisions of the keys
are held in memory. A mend is written only if nobody has committed meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors
from mastractl.engines.contract import Flaw, Health, Problem
from mastractl.engines.etcd import records, txn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.engines.contract import Change, Entry
    from mastractl.engines.etcd.records import Head
    from mastractl.engines.etcd.store import Store
    from mastractl.engines.etcd.writing import Writer

_PART = 500


def health(store: Store, head: Head, *, read_only: bool) -> Health:
    """What etcd says of itself; never raises for what a user may not ask, or a member does not know."""
    status = _asked(store, "/v3/maintenance/status", "{}")
    alarms = _asked(store, "/v3/maintenance/alarm", '{"action":"GET"}')
    raised = [alarm.get("alarm", "NONE") for alarm in (alarms or {}).get("alarms", ())]
    problems = list(_problems(store, status, raised))
    return Health(
        writable=not read_only and not raised and (status is None or _led(status)),
        revision=head.revision,
        compacted=head.compacted,
        problems=tuple(problems),
        details=tuple(_details(store, status)),
    )


def _asked(store: Store, path: str, body: str) -> dict[str, Any] | None:
    try:
        return store.gateway.ask(path, body)
    except (errors.Forbidden, errors.Unavailable):
        return None


def _led(status: dict[str, Any]) -> bool:
    return str(status.get("leader", "0")) != "0"


def _problems(store: Store, status: dict[str, Any] | None, raised: Sequence[str]) -> Iterator[Problem]:
    if "NOSPACE" in raised:
        hint = (
            "etcdctl compact and defrag, then etcdctl alarm disarm; --auto-compaction-mode and "
            "--auto-compaction-retention keep it from filling, --quota-backend-bytes gives it more"
        )
        yield Problem("", store.shown, "etcd's quota is used up: it takes no writes", hint)
    if "CORRUPT" in raised:
        yield Problem("", store.shown, "etcd found that its members differ", "see etcdctl alarm list")
    if status is not None and not _led(status):
        yield Problem(
            "", store.shown, "etcd has no leader: it takes no writes", "see etcdctl endpoint status"
        )
    for error in (status or {}).get("errors", ()):
        if "NOSPACE" not in error and "no leader" not in error:
            yield Problem("", store.shown, f"etcd says: {error}", "see etcdctl endpoint status")


def _details(store: Store, status: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    yield "server", f"etcd {status.get('version', '?')}" if status else "etcd"
    yield "prefix", store.address.prefix
    yield "endpoints", ", ".join(f"{host}:{port}" for host, port in store.address.endpoints)
    yield "durability", "a commit is on the disk of a majority of members (unless run with --unsafe-no-fsync)"
    if status:
        header = status.get("header", {})
        yield "cluster", f"{int(header.get('cluster_id', 0)):x}"
        yield "member", f"{int(header.get('member_id', 0)):x}"
        yield "leader", f"{int(status.get('leader', 0)):x}"
        yield "database size", _size(int(status.get("dbSize", 0)))


def _size(count: int) -> str:
    """Roughly: the next power of two, for it changes with everything that anybody writes."""
    limit = 1
    while limit * 1048576 <= count:
        limit *= 2
    return f"under {limit} MiB"


def check(store: Store, writer: Writer, *, repair: bool) -> Iterator[Flaw]:
    """Compare the accounts, as `contract.Checkable` says."""
    look = _Look.at_present(store)
    last: dict[str, _Told] = {}
    yield from look.log(last, writer, repair=repair)
    dues: dict[str, float] = {}
    yield from look.entries(last, dues, repair=repair)
    yield from look.dues(last, dues, repair=repair)


class _Told(NamedTuple):
    """What the log says last of a key: at which revision, and whether it stands, and then expires."""

    revision: int
    stands: bool
    expires: bool


class _Look:
    """A store as it was at one revision of etcd."""

    def __init__(self, store: Store, head: Head, modified: int, moment: str) -> None:
        self._store = store
        self._names = store.names
        self._head = head
        self._modified = modified
        self._moment = moment
        self._soonest: float | None = None

    @classmethod
    def at_present(cls, store: Store) -> _Look:
        """As it is now."""
        (found,), moment = store.look(txn.span(store.names.head))
        head, modified = store.head_in(found)
        return cls(store, head, modified, moment)

    def log(self, last: dict[str, _Told], writer: Writer, *, repair: bool) -> Iterator[Flaw]:
        """The log has a line for each revision and none too many; what it says of each key goes to `last`."""
        expected = self._head.compacted + 1
        forgotten = False
        for pair in self._pairs(self._names.log):
            revision = int(txn.unb64(pair["key"])[len(self._names.log) :])
            if revision <= self._head.compacted:
                forgotten = True
                continue
            if revision > self._head.revision:
                yield self._flaw("", f"the log has a line for revision {revision}, which was never made")
                continue
            if revision != expected:
                yield self._missing(expected, revision - 1)
            expected = revision + 1
            self._take(records.load_changes(self._names, pair)[1], last)
        if expected <= self._head.revision:
            yield self._missing(expected, self._head.revision)
        if forgotten:
            mended = repair and writer.forget_below(self._head.compacted) > 0
            message = f"the log still has lines up to revision {self._head.compacted}, which are forgotten"
            yield self._flaw("", message, "a compaction was interrupted", repaired=mended)

    def entries(self, last: dict[str, _Told], dues: dict[str, float], *, repair: bool) -> Iterator[Flaw]:
        """What stands is what the log said last; what expires goes to `dues`."""
        missing = {key for key, told in last.items() if told.stands}
        for pair in self._pairs(self._names.entries):
            (entry,) = records.load_entries(self._names, [pair])
            missing.discard(entry.key)
            told = last.get(entry.key)
            if entry.expires_at is not None and records.expires(entry):
                dues[entry.key] = entry.expires_at
                self._soonest = records.soonest(self._soonest, entry.expires_at)
            if told is None and entry.revision <= self._head.compacted:
                continue  # all that could contradict it is forgotten
            if told is None or not told.stands or told.revision != entry.revision:
                says = "never mentions it" if told is None else _saying(told)
                message = f"it stands at revision {entry.revision}, and the log {says}"
                yield self._flaw(entry.key, message, repaired=repair and self._mend(entry.key, told))
        for key in sorted(missing):
            if not last[key].expires:  # those, a lease may have removed: `due` still has them
                message = f"it does not stand, and the log {_saying(last[key])}"
                yield self._flaw(key, message, repaired=repair and self._mend(key, last[key]))

    def dues(self, last: dict[str, _Told], dues: dict[str, float], *, repair: bool) -> Iterator[Flaw]:
        """What expires has a line that says so, nothing else has, and the head knows the first of them."""
        for pair in self._pairs(self._names.dues):
            (entry,) = records.load_dues(self._names, [pair])
            told = last.get(entry.key)
            self._soonest = records.soonest(self._soonest, entry.expires_at)
            if dues.get(entry.key) == entry.expires_at:
                del dues[entry.key]
            elif entry.key in dues or (told and not (told.stands and told.expires)):
                message = "it is due at a time at which it does not expire"
                gone = [txn.delete(txn.unb64(pair["key"]))]
                yield self._flaw(entry.key, message, repaired=repair and self._write(gone))
        for key in sorted(dues):
            message = "it expires, and nothing says when it is due"
            yield self._flaw(key, message, repaired=repair and self._remind(key))
        known = self._head.due
        if self._soonest is not None and (known is None or known > self._soonest):
            message = "something expires earlier than the head says"
            right = txn.put(self._names.head, self._head._replace(due=self._soonest).dump())
            yield self._flaw("", message, repaired=repair and self._write([right]))

    def _take(self, made: Sequence[Change], last: dict[str, _Told]) -> None:
        for change in made:
            entry = change.entry
            last[change.key] = _Told(change.revision, entry is not None, records.expires(entry))

    def _pairs(self, prefix: bytes) -> Iterator[dict[str, Any]]:
        """All under a prefix, a part at a time."""
        low, more = prefix, True
        while more:
            at = f',"revision":"{self._moment}"'
            asked = txn.span(low, records.end(prefix), limit=_PART, more=at)
            try:
                found = self._store.gateway.ask("/v3/kv/range", asked)
            except errors.Expired as error:
                message = f"etcd at {self._store.shown} compacted itself while the store was being checked"
                raise errors.Unavailable(message, hint="check again") from error
            pairs, more = found.get("kvs", ()), found.get("more", False)
            yield from pairs
            low = txn.unb64(pairs[-1]["key"]) + b"\0" if pairs else low

    def _mend(self, key: str, told: _Told | None) -> bool:
        """Make a key stand as the log says."""
        name = self._names.entry(key)
        entry = self._logged(key, told) if told and told.stands else None
        if entry is None:
            return self._write([txn.delete(name)])
        return self._write([txn.put(name, records.dump_entry(entry))])

    def _logged(self, key: str, told: _Told) -> Entry | None:
        line = self._store.gateway.ask("/v3/kv/range", txn.span(self._names.line(told.revision)))
        _, made = records.load_changes(self._names, line["kvs"][0])
        return next(change.entry for change in made if change.key == key)

    def _remind(self, key: str) -> bool:
        entry = self._store.standing([key]).entries.get(key)
        if entry is None or entry.expires_at is None:
            return False
        return self._write([txn.put(self._names.due(entry.expires_at, key), records.dump_due(entry))])

    def _write(self, operations: Sequence[str]) -> bool:
        """Write if nobody has committed since the look; then that is the head that later mends go by."""
        head = [] if any(txn.b64(self._names.head) in one for one in operations) else [self._same_head()]
        compare = [txn.modified(self._names.head, self._modified)]
        answer = self._store.txn([*operations, *head], (), compare, wrote=True)
        if not answer.get("succeeded"):
            return False
        self._modified = int(answer["header"]["revision"])
        self._store.seen.forget()
        return True

    def _same_head(self) -> str:
        """Written though it is the same, so that a commit planned before the mend is planned again."""
        return txn.put(self._names.head, self._head.dump())

    def _missing(self, first: int, last: int) -> Flaw:
        lost = f"{first}" if first == last else f"{first} to {last}"
        message = f"the log has no line for revision {lost}"
        return self._flaw("", message, "compact up to there; watchers list again")

    def _flaw(self, key: str, message: str, hint: str = "", *, repaired: bool = False) -> Flaw:
        return Flaw(key, self._store.shown, message, hint, repaired)


def _saying(told: _Told) -> str:
    return f"has it {'written' if told.stands else 'deleted'} at revision {told.revision}"
