"""Drafts: what a commit will do, worked out before it does it.

A `Draft` reads through to the engine and remembers at which revision it read what; what is written stays
in it until it becomes one commit, each operation on the condition that nothing changed since it was
read. So several resources are written all or none, later steps see what earlier ones did, a dry run is
the same work without the last line, and a lost race is simply worked out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mastractl import errors, values
from mastractl.engines.contract import Check, Delete, Put, ReadsMany
from mastractl.resources.resource import Resource
from mastractl.store import documents, keys, ownership
from mastractl.store.owners import NOTHING, owners_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mastractl.clock import Clock
    from mastractl.engines.contract import Capabilities, Change, Commit, Engine, Entry, Op
    from mastractl.store.ownership import Ownership
    from mastractl.values import JsonObject

Outcome = TypeVar("Outcome")

ATTEMPTS = 30
"""How often a write is worked out anew when others get in between. Each time one of them got through."""

_FIRST_REST, _LONGEST_REST = 0.001, 0.05


class Draft:
    """One commit in the making; `commits` are those it has come to, several where one was not enough."""

    def __init__(self, engine: Engine) -> None:
        self.commits: list[Commit] = []
        self._engine = engine
        self._entries: dict[str, Entry | None] = {}
        self._documents: dict[str, JsonObject | None] = {}
        self._written: dict[str, None] = {}
        self._expected: dict[str, None] = {}
        self._revisions: dict[str, int] = {}
        self._owned: dict[str, Ownership] = {}
        self._news: set[str] = set()
        self._beside: dict[str, bytes | None] = {}
        self._lines: dict[str, dict[str, Op]] = {}

    def foresee(self, keys: Iterable[str]) -> None:
        """Read in one go what will be asked for, if the engine can; else each is read when it is."""
        if isinstance(self._engine, ReadsMany):
            wanted = [key for key in keys if key not in self._entries]
            self._entries |= zip(wanted, self._engine.get_many(wanted), strict=True)

    def entry(self, key: str) -> Entry | None:
        """What the engine holds at the key, read once."""
        if key not in self._entries:
            self._entries[key] = self._engine.get(key)
        return self._entries[key]

    def read(self, key: str) -> JsonObject | None:
        """The document at the key as it will stand. It must not be changed."""
        if key not in self._documents:
            entry = self.entry(key)
            self._documents[key] = None if entry is None else documents.decode(entry)
        return self._documents[key]

    def found(self, prefix: str) -> list[str]:
        """The keys under a prefix that will stand, as far as the engine and this draft know."""
        for entry in self._engine.range(prefix).entries:
            self._entries.setdefault(entry.key, entry)
        known = {key for key in (*self._entries, *self._written) if key.startswith(prefix)}
        return sorted(key for key in known if self.read(key) is not None)

    def write(self, key: str, document: JsonObject | None) -> None:
        """Let the document stand at the key; None removes it."""
        self.entry(key)
        self._documents[key] = document
        self._written[key] = None

    def is_written(self, key: str) -> bool:
        """Whether this draft has something to write or remove at the key."""
        return key in self._written

    def expect(self, key: str) -> None:
        """Let the commit fail if the key changed since it was read, even if it is not written."""
        self._expected[key] = None

    def own(self, key: str, ownership: Ownership, *, news: bool = True) -> None:
        """Let the fields of what will stand at the key belong to these managers.

        Without `news` the record only keeps what would be worked out anew whenever it is asked for.
        """
        self._owned[key] = ownership
        if news:
            self._news.add(key)

    def has_news(self, ops: dict[str, Op]) -> bool:
        """Whether anything would be lost if these operations of the draft were left undone."""
        idle = {keys.record(key) for key in self._owned if key not in self._news and key not in self._written}
        return any(key not in idle and not isinstance(op, Check) for key, op in ops.items())

    def ownership(self, key: str) -> Ownership | None:
        """Who will own what stands at the key, None if this draft has not said."""
        return self._owned.get(key)

    def touched(self, key: str) -> bool:
        """Whether this draft has already written at the key or said who owns what is there."""
        return key in self._written or key in self._owned

    def put(self, key: str, value: bytes | None) -> None:
        """Let a value that is no resource stand at the key; None removes it."""
        self.entry(key)
        self._beside[key] = value

    def beneath(self, prefix: str) -> list[Entry]:
        """What the engine holds under a prefix: values that are no resources."""
        return [*self._engine.range(prefix).entries]

    def history(self, key: str, since: int, until: int) -> list[Change]:
        """What happened to the key after one revision and up to another, as far back as the log reaches."""
        try:
            changes = self._engine.changes(since, key, limit=0).changes
        except errors.Expired as compacted:
            changes = self._engine.changes(compacted.floor, key, limit=0).changes
        return [change for change in changes if change.key == key and change.revision <= until]

    def operations(self) -> dict[str, Op]:
        """The operations of the commit by key, in the order they were asked for; {} if nothing changes.

        With each resource goes the record of who owns it.
        """
        ops: dict[str, Op] = {}
        for key in self._written | dict.fromkeys(self._owned):
            document = self._documents[key]
            value = None
            if document is not None:
                value = documents.encode(document) if key in self._written else self._present(key).value
            self._settle(ops, key, value)
            self._keep(ops, key, self._record(key, document, value))
            if key in self._written:
                self._lines[key] = self._index(key, document)
                ops |= self._lines[key]
        for key, value in self._beside.items():
            self._settle(ops, key, value)
        return ops and ops | {key: self.check(key) for key in self._expected if key not in ops}

    def lines(self, key: str) -> dict[str, Op]:
        """The operations on the index of dependents that go with those on the key."""
        return self._lines.get(key, {})

    def _index(self, key: str, document: JsonObject | None) -> dict[str, Op]:
        """What keeps the index of dependents true to what will stand at the key."""
        was = owners_of(self.entry(key))
        references = (document or {}).get("metadata", {}).get("ownerReferences", ())
        will = {uid for reference in references if (uid := reference.get("uid"))}
        rest = key.removeprefix(keys.EVERYTHING)
        ops: dict[str, Op] = {}
        for uid in sorted(was ^ will):
            line = keys.dependents(uid) + rest
            ops[line] = Put(line, NOTHING) if uid in will else Delete(line)
        return ops

    def _settle(self, ops: dict[str, Op], key: str, value: bytes | None) -> None:
        """Add what makes the value stand at the key, if it does not already."""
        entry = self.entry(key)
        if value is None:
            if entry is not None:
                ops[key] = Delete(key, entry.revision)
        elif entry is None or entry.value != value:
            ops[key] = Put(key, value, entry.revision if entry else 0)

    def _keep(self, ops: dict[str, Op], key: str, record: bytes | None) -> None:
        """Add what keeps the record. What is new has none that counts, so nobody needs to look."""
        if record is not None and self.entry(key) is None:
            ops[keys.record(key)] = Put(keys.record(key), record)
        else:
            self._settle(ops, keys.record(key), record)

    def _record(self, key: str, document: JsonObject | None, value: bytes | None) -> bytes | None:
        """The record of ownership that goes with a value; None if there is none to keep."""
        if document is None or value is None:
            return None
        owned = self._owned.get(key)
        if owned is not None and owned.uid == document["metadata"].get("uid"):
            return owned.record(ownership.digest(value))
        record, before = self.entry(keys.record(key)), self.entry(key)
        if record is None or before is None:
            return None
        return ownership.renewed(record, before, value, document)

    def _present(self, key: str) -> Entry:
        entry = self.entry(key)
        if entry is None:
            message = f"{key} is owned but not there"
            raise ValueError(message)
        return entry

    def check(self, key: str) -> Check:
        """The condition that the key stands as it was read."""
        entry = self.entry(key)
        return Check(key, entry.revision if entry else 0)

    def before(self, key: str) -> Resource | None:
        """The resource as it stands, apart from this draft."""
        entry = self.entry(key)
        return None if entry is None else documents.resource(entry)

    def commit(self, ops: dict[str, Op], *, origin: str) -> None:
        """Commit these operations of the draft; raises what the engine raises, Conflict above all."""
        commit = self._engine.commit(list(ops.values()), origin=origin)
        self.commits.append(commit)
        self._revisions |= {key: commit.revision for key, op in ops.items() if not isinstance(op, Check)}

    def revision(self, key: str) -> int:
        """The revision of the commit that wrote or removed the key, else of what stands there, else 0."""
        entry = self.entry(key)
        return self._revisions.get(key) or (entry.revision if entry else 0)

    def resource(self, key: str, document: JsonObject) -> Resource:
        """A copy of a document at the key, as it is now or was, with the revision the key has come to.

        Before the commit that is the one it had; a resource that is only a draft has none.
        """
        own = values.copy(document)
        revision = self.revision(key)
        if revision:
            own["metadata"]["resourceVersion"] = str(revision)
        return Resource(own)


def transact(
    engine: Engine,
    work: Callable[[Draft], Outcome],
    *,
    clock: Clock,
    origin: str,
    parts: Callable[[Draft, dict[str, Op], int], list[dict[str, Op]]] | None = None,
    dry_run: bool = False,
) -> tuple[Outcome, Draft]:
    """Do the work in a draft and commit it; again from the start whenever somebody got in between.

    `parts` may divide what is too much for one commit into several, in the order they are to be made.
    Returns what the work returned, and its draft, which knows the revisions. Raises what the work raises,
    TooLarge before anything is written, and Conflict when others got in between too often. A store that
    can only be read keeps no record that says nothing new; anything else it is to write raises Forbidden.
    """
    attempt = 0
    while True:
        attempt += 1
        draft = Draft(engine)
        outcome = work(draft)
        ops = draft.operations()
        most = engine.capabilities.max_commit
        commits = parts(draft, ops, most) if parts and 0 < most < len(ops) else [ops]
        for commit in commits:
            _refuse_too_large(commit, engine.capabilities)
        if dry_run or not ops:
            return outcome, draft
        try:
            for commit in commits:
                draft.commit(commit, origin=origin)
        except errors.Conflict as lost:
            _rest(clock, attempt, lost)
        except errors.Forbidden:  # the store can only be read
            if draft.commits or draft.has_news(ops):
                raise
            return outcome, draft
        else:
            return outcome, draft


def _refuse_too_large(ops: dict[str, Op], capabilities: Capabilities) -> None:
    """Raise TooLarge for a commit the engine will not take, as it would, but for a dry run too."""
    if 0 < capabilities.max_commit < len(ops):
        message = f"{len(ops)} changes at once; this store takes {capabilities.max_commit} in one commit"
        hint = (
            "write fewer at a time (each resource counts twice, with the record of who owns it); with "
            "--keep-going each is written on its own"
        )
        raise errors.TooLarge(message, hint=hint)
    for op in ops.values():
        if isinstance(op, Put) and len(op.value) > capabilities.max_value:
            message = f"{op.key} would have {len(op.value)} bytes; this store takes {capabilities.max_value}"
            raise errors.TooLarge(message, hint="keep large content elsewhere and refer to it")


def _rest(clock: Clock, attempt: int, lost: errors.Conflict) -> None:
    """Wait a little before the next attempt, except the first few; raises Conflict after the last."""
    if attempt == ATTEMPTS:
        message = f"{lost.message}; {ATTEMPTS} attempts were overtaken by other writers"
        hint = "try again when it is quieter"
        raise errors.Conflict(
            message, key=lost.key, expected=lost.expected, actual=lost.actual, hint=hint
        ) from lost
    if attempt > 3:
        clock.sleep(min(_FIRST_REST * 2 ** (attempt - 4), _LONGEST_REST))
