"""The kinds a store knows: the bundled ones, and those defined by CustomResourceDefinitions in it.

A definition that was applied is usable at once, in this process and in every other: before the kinds are
used they are compared with the log, which costs one look at the revision and, if that moved, one at the
changes of definitions alone. Nothing is read for the bundled kinds, which no definition can replace.

A definition that cannot be understood (a file edited by hand) is reported and left out; it never keeps
the others from working. Resources whose definition is gone stay readable: `resolve` finds their kind
from what they say of themselves.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, NamedTuple

from mastractl import errors
from mastractl.engines.contract import Problem
from mastractl.resources.kinds import CLUSTER, NAMESPACED, Kind, KindRegistry, Version
from mastractl.store import documents, keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.contract import Engine, Entry
    from mastractl.resources.resource import ResourceKey
    from mastractl.values import JsonObject

DEFINITION = "CustomResourceDefinition"
"""The kind whose resources define kinds."""


class _Known(NamedTuple):
    """What the definitions in the store said at one revision, and when each was last written."""

    revision: int
    defined: dict[str, Kind]
    written: dict[str, int]
    problems: dict[str, Problem]
    registry: KindRegistry


_NOTHING = _Known(0, {}, {}, {}, KindRegistry())


class StoreKinds:
    """The kinds of one store. Thread-safe: what it hands out is never changed afterwards."""

    def __init__(self, engine: Engine, bundled: KindRegistry) -> None:
        self.bundled = bundled
        self._engine = engine
        self._lock = allocate_lock()
        self._known: _Known | None = None
        self._words: dict[str, Kind] = {}
        """Words met before that name bundled kinds."""

    def current(self) -> KindRegistry:
        """Every kind there is now."""
        return self._fresh().registry

    def defined(self) -> dict[str, Kind]:
        """The kinds defined in the store, by the engine key of their definitions."""
        return self._fresh().defined

    def problems(self) -> tuple[Problem, ...]:
        """The definitions that cannot be understood."""
        return tuple(self._fresh().problems.values())

    def resolve(self, word: str) -> Kind:
        """The kind that answers to a word; raises UnknownKind.

        A kind nothing defines any more answers to `<kind>` and `<kind>.<group>` while the store still
        holds resources of it.
        """
        known = self._words.get(word)
        if known is not None:
            return known
        found = self.bundled.match(word)
        if found:
            self._words[word] = found[0]
            return found[0]
        registry = self.current()
        if not registry.match(word):
            orphan = next((k for k in self._orphans() if _answers(k, word)), None)
            if orphan is not None:
                return orphan
        return registry.resolve(word)

    def of_key(self, key: ResourceKey) -> Kind:
        """The kind a key names; raises UnknownKind. Kinds that nothing defines any more are found too."""
        found = self.bundled.find(key.group, key.kind) or self.current().find(key.group, key.kind)
        return found or self.resolve(f"{key.kind}.{key.group}")

    def find(self, document: JsonObject, registry: KindRegistry | None = None) -> Kind:
        """The kind of a document; raises UnknownKind."""
        api_version, kind = document.get("apiVersion", ""), document.get("kind", "")
        found = self.bundled.find_api(api_version, kind) or (registry or self.current()).find_api(
            api_version, kind
        )
        if found is None:
            message = f'no kind "{kind}" in apiVersion "{api_version}" is known here'
            raise errors.UnknownKind(message, hint="apply its CustomResourceDefinition first, or with it")
        return found

    def is_given(self, kind: Kind) -> bool:
        """Whether the kind is known without the store; then no definition in it can change the kind."""
        return self.bundled.find(kind.group, kind.kind) is not None

    def of_segment(self, segment: str) -> Kind | None:
        """The kind, defined in the store, whose resources stand in this segment."""
        if any(k.segment == segment for k in self.bundled):
            return None
        return next((k for k in self.defined().values() if k.segment == segment), None)

    def defined_at(self, kind: Kind) -> int:
        """The revision at which the definition of a kind was last written, 0 if nothing defines it."""
        return self._fresh().written.get(keys.definition(kind), 0)

    def stored(self, key: str) -> JsonObject | None:
        """The document that the engine has at a key, to check another against it."""
        entry = self._engine.get(key)
        return None if entry is None else documents.decode(entry)

    def in_version(self, kind: Kind, name: str) -> int:
        """How many resources of the kind are stored in that version."""
        wanted = f"{kind.group}/{name}"
        entries = self._engine.range(keys.prefix(kind)).entries
        return sum(documents.decode(entry).get("apiVersion") == wanted for entry in entries)

    def _fresh(self) -> _Known:
        known = self._known
        if known is not None and known.revision == self._engine.revision():
            return known
        with self._lock:
            self._known = known = self._read() if self._known is None else self._caught_up(self._known)
            return known

    def _read(self) -> _Known:
        page = self._engine.range(keys.DEFINITIONS)
        return self._changed(_NOTHING, page.revision, {entry.key: entry for entry in page.entries})

    def _caught_up(self, known: _Known) -> _Known:
        try:
            stretch = self._engine.changes(known.revision, keys.DEFINITIONS, limit=0)
        except errors.Expired:
            return self._read()
        touched = {change.key: change.entry for change in stretch.changes}
        if not touched:
            return known._replace(revision=stretch.revision)
        return self._changed(known, stretch.revision, touched)

    def _changed(self, known: _Known, revision: int, touched: dict[str, Entry | None]) -> _Known:
        defined = {key: kind for key, kind in known.defined.items() if key not in touched}
        problems = {key: problem for key, problem in known.problems.items() if key not in touched}
        written = known.written | {key: entry.revision for key, entry in touched.items() if entry}
        for key, entry in touched.items():
            if entry is None:
                continue
            try:
                kind = read_definition(documents.decode(entry))
            except (errors.Invalid, errors.StorageValidationError) as fault:
                problems[key] = Problem(key=key, location=key, message=fault.message, hint=fault.hint)
            else:
                if not self.is_given(kind):
                    defined[key] = kind
        registry = KindRegistry(parent=self.bundled)
        for key in sorted(defined):
            registry.add(defined[key])
        return _Known(revision, defined, written, problems, registry)

    def _orphans(self) -> Iterator[Kind]:
        """The kinds that resources in the store have and nothing defines."""
        known = {k.segment for k in self.current()}
        after = ""
        while entries := self._engine.range(keys.EVERYTHING, limit=1, after=after).entries:
            segment = keys.place(entries[0].key).segment
            after = f"{keys.EVERYTHING}{segment}0"  # the first string after every key of the segment
            if segment not in known:
                yield undefined(documents.decode(entries[0]))


def read_definition(document: JsonObject) -> Kind:
    """The kind a definition describes that was let in; raises Invalid for what makes no kind at all."""
    from mastractl.resources import definitions  # noqa: PLC0415 - most stores define no kinds

    return definitions.stored_kind(document)


def undefined(document: JsonObject) -> Kind:
    """The kind of a resource that nothing defines, as far as the resource itself tells."""
    group, _, version = document["apiVersion"].rpartition("/")
    kind = document["kind"]
    low = kind.lower()
    return Kind(
        group=group,
        kind=kind,
        plural=low,
        singular=low,
        list_kind=f"{kind}List",
        scope=NAMESPACED if document["metadata"].get("namespace") else CLUSTER,
        versions=(Version(name=version, schema={"x-kubernetes-preserve-unknown-fields": True}),),
    )


def _answers(kind: Kind, word: str) -> bool:
    return word.lower() in (kind.singular, kind.qualified_singular)
