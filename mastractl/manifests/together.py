"""What can be said of the manifests of a run only when all of them were seen.

References to what is not there, workflows that run each other in a circle, tools whose functions an agent
cannot tell apart, children of a System that are there twice. It streams as `check` does: what is kept of a
resource in order is its key and its place, not its value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.errors import Cause
from mastractl.manifests import yamldoc
from mastractl.manifests.causes import from_cause
from mastractl.manifests.diagnostics import Related
from mastractl.manifests.documents import Document
from mastractl.manifests.manifest import Manifest, Origin
from mastractl.resources import references, shorthand
from mastractl.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.manifests.check import Checked
    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.resources.resource import Resource, ResourceKey
    from mastractl.values import JsonObject

    Toolset = tuple[tuple[str, ResourceKey], ...]

_REFERRED_TO = frozenset(references.STEP_KINDS.values())

GUESSES = 20
"""For how many missing resources it is guessed which was meant: a guess looks at every name there is."""


class _Place(NamedTuple):
    source: str
    line: int

    def related(self, message: str) -> Related:
        return Related(message=message, source=self.source, line=self.line, column=1)


class _Spot(NamedTuple):
    """A field of a manifest that something may have to be said of; its path is that of the canonical form.

    It holds the text of the manifest, which `check` holds anyway, and not its value.
    """

    kind: str
    origin: Origin
    path: FieldPath

    def tell(self, cause: Cause, *related: Related) -> Diagnostic:
        """The cause, at the field."""
        document: Any = next(yamldoc.load(self.origin.document.text)).value
        for part in self.origin.prefix:
            document = document[part]
        written = shorthand.written_paths(self.kind, document)
        found = from_cause(cause._replace(path=written(self.path)), Manifest(document, self.origin))
        return found._replace(related=related)

    def related(self, message: str) -> Related:
        """The field, as another place that a finding speaks of."""
        found = self.tell(Cause(code="", path=(), message=message))
        return Related(message=message, source=found.source, line=found.line, column=found.column)


class Together:
    """The manifests of a run. `see` each that is in order, then ask for `findings`."""

    def __init__(self) -> None:
        self._there: dict[ResourceKey, _Place] = {}
        self._mentioned: set[tuple[str, str, str]] = set()
        self._wanted: dict[ResourceKey, tuple[_Spot, int]] = {}
        self._calls: dict[ResourceKey, list[tuple[ResourceKey, _Spot]]] = {}
        self._children: dict[ResourceKey, list[_Spot]] = {}
        self._functions: dict[ResourceKey, tuple[str, ...]] = {}
        self._bearers: list[tuple[_Spot, Toolset]] = []
        self._toolsets: dict[Toolset, Toolset] = {}
        self._light: tuple[Document, Document] | None = None

    def reading(
        self, items: Iterable[Manifest | Diagnostic], *, namespace: str
    ) -> Iterator[Manifest | Diagnostic]:
        """The same items, while note is taken of what each manifest names.

        A resource with faults is not seen, but it is no missing one either: its own faults are told.
        """
        for item in items:
            if isinstance(item, Manifest):
                self._mention(item.document, namespace)
            yield item

    def _mention(self, document: JsonObject, namespace: str) -> None:
        kind, metadata = document.get("kind"), document.get("metadata")
        if isinstance(kind, str) and kind in _REFERRED_TO:
            fields = metadata if isinstance(metadata, dict) else {}
            self._mentioned.add((kind, str(fields.get("namespace") or namespace), str(fields.get("name"))))

    def see(self, item: Checked) -> None:
        """Take note of one resource and of what it refers to.

        Of several references to the same missing resource the first is kept, so what this holds does not
        grow with the manifests but with what is missing from them.
        """
        resource, origin = item.resource, item.manifest.origin
        key = item.key
        self._there[key] = _Place(origin.source, origin.line)
        self._mentioned.discard((key.kind, key.namespace, key.name))
        self._wanted.pop(key, None)
        targets = [(path, reference.key) for path, reference in references.references_of(resource)]
        for path, target in targets:
            if target not in self._there:
                first, count = self._wanted.get(target, (None, 0))
                self._wanted[target] = first or self._spot(item, path), count + 1
        if key.kind == "Tool":
            self._note_functions(resource)
        elif key.kind == "Agent":
            self._note_bearer(item, [target for _, target in targets])
        elif key.kind in {"Workflow", "System"}:
            for caller, path, called in references.calls_of(resource):
                self._calls.setdefault(caller, []).append((called, self._spot(item, path)))
            for path, child in references.children_of(resource):
                self._children.setdefault(child, []).append(self._spot(item, path))

    def findings(self, exists: Callable[[ResourceKey], bool], *, strict_refs: bool) -> list[Diagnostic]:
        """All there is to say. `exists` answers for what is not among the manifests: is it elsewhere?"""
        return [
            *self._dangling(exists, strict=strict_refs),
            *self._circles(),
            *self._twins(),
            *self._confused(),
        ]

    def _spot(self, item: Checked, path: FieldPath) -> _Spot:
        origin = item.manifest.origin
        whole = origin.document
        if self._light is None or self._light[0] is not whole:  # the items of one list share their document
            light = Document(
                whole.text, whole.first_line, whole.parse, whole.source, whole.order, whole.index
            )
            light.first_column = whole.first_column
            self._light = whole, light
        return _Spot(item.kind.kind, Origin(self._light[1], origin.prefix), path)

    def _dangling(self, exists: Callable[[ResourceKey], bool], *, strict: bool) -> Iterator[Diagnostic]:
        """A finding for each resource that is referred to and is nowhere (MA122)."""
        guesses = 0
        for target, (spot, count) in self._wanted.items():
            if (target.kind, target.namespace, target.name) in self._mentioned or exists(target):
                continue
            more = f" (and {count - 1} more reference{'s' if count > 2 else ''} to it)" if count > 1 else ""
            guesses += 1
            meant = self._meant(target) if guesses <= GUESSES else None
            hint = "" if strict else "it may be applied later"
            related: tuple[Related, ...] = ()
            if meant is not None:
                same = meant.name == target.name
                hint = f"did you mean {meant.namespace + '.' if same else ''}{meant.name}?"
                related = (self._there[meant].related(f"{meant} is here"),)
            message = f"{target} does not exist{more}"
            cause = Cause(code="MA122", path=(), message=message, hint=hint, warning=not strict)
            yield spot.tell(cause, *related)

    def _meant(self, target: ResourceKey) -> ResourceKey | None:
        """What a reference to nothing may be meant for: its name in another namespace, or a name like it."""
        alike = [key for key in self._there if key.kind == target.kind and key.group == target.group]
        if found := next((key for key in alike if key.name == target.name), None):
            return found
        near = nearest(target.name, (key.name for key in alike if key.namespace == target.namespace))
        return target._replace(name=near) if near else None

    def _circles(self) -> Iterator[Diagnostic]:
        """A finding for each place in which a workflow comes to run itself (MA177)."""
        done: set[ResourceKey] = set()
        for start in self._calls:
            way: list[tuple[ResourceKey, _Spot | None, Iterator[tuple[ResourceKey, _Spot]]]] = []
            if start not in done:
                done.add(start)
                way.append((start, None, iter(self._calls[start])))
            while way:
                called, spot = next(way[-1][2], (None, None))
                if called is None or spot is None:
                    way.pop()
                    continue
                at = next((n for n, (key, _, _) in enumerate(way) if key == called), None)
                if at is not None:
                    yield _circle(
                        [key for key, _, _ in way[at:]], spot, [s for _, s, _ in way[at + 1 :] if s]
                    )
                elif called in self._calls and called not in done:
                    done.add(called)
                    way.append((called, spot, iter(self._calls[called])))

    def _twins(self) -> Iterator[Diagnostic]:
        """A finding for each child of a System that is also a resource, or another System's child (MA179)."""
        for key, spots in self._children.items():
            for number, spot in enumerate(spots):
                if key in self._there:
                    other = self._there[key].related(f"{key} is here")
                elif number:
                    other = spots[0].related("the other child")
                else:
                    continue
                message = f"{key} is there twice: as this child and by another manifest"
                hint = (
                    "a System's children become resources of its namespace: rename or remove one of the two"
                )
                yield spot.tell(Cause(code="MA179", path=(), message=message, hint=hint, warning=True), other)

    def _note_functions(self, resource: Resource) -> None:
        listed = resource.spec.get("functions")
        names = [each.get("name") for each in listed if isinstance(each, dict)] if listed else []
        if names:
            self._functions[resource.key] = tuple(name for name in names if isinstance(name, str))

    def _note_bearer(self, item: Checked, targets: list[ResourceKey]) -> None:
        entries = item.resource.spec.get("tools")
        if isinstance(entries, list) and len(entries) == len(targets) > 1:
            named = tuple(zip((each["name"] for each in entries), targets, strict=True))
            named = self._toolsets.setdefault(named, named)  # many agents have the same
            self._bearers.append((self._spot(item, ("spec", "tools")), named))

    def _confused(self) -> Iterator[Diagnostic]:
        """A finding for each function that an agent would be offered twice by one name (MA178)."""
        for spot, entries in self._bearers if self._functions else ():
            taken: dict[str, ResourceKey] = {}
            for index, (name, tool) in enumerate(entries):
                for offered in self._functions.get(tool, (name,)):
                    other = taken.setdefault(offered, tool)
                    if other is tool:
                        continue
                    where = spot._replace(path=(*spot.path, index))
                    yield where.tell(
                        _offered_twice(offered, tool, other), *self._places(offered, (other, tool))
                    )

    def _places(self, name: str, tools: Iterable[ResourceKey]) -> Iterator[Related]:
        for tool in tools:
            if tool in self._there:
                yield self._there[tool].related(f"{tool} offers {name}")


def _circle(keys: list[ResourceKey], spot: _Spot, before: list[_Spot]) -> Diagnostic:
    names = " → ".join([*(key.name for key in keys), keys[0].name])
    cause = Cause(
        code="MA177",
        path=(),
        message=f"the workflow {keys[0].name} comes to run itself: {names}",
        hint="make sure that a condition ends this, or repeat the steps with `loop`",
        warning=True,
    )
    return spot.tell(cause, *(each.related("by way of this step") for each in before))


def _offered_twice(name: str, tool: ResourceKey, other: ResourceKey) -> Cause:
    return Cause(
        code="MA178",
        path=(),
        message=f"the agent is offered two functions called {name}: by {other.name} and by {tool.name}",
        hint="a model calls a function by its name alone: rename one, or leave one of the tools out",
    )
