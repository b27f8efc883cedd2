"""References: how one resource names another, read in one place.

The seeds write a reference in five ways, and this module is the only reader of them all:

| written                       | means                                                                |
|-------------------------------|----------------------------------------------------------------------|
| `{name, namespace?, kind?}`   | what it says                                                         |
| `recipe-finder`               | that name in the referrer's namespace                                |
| `cooking.recipe-finder`       | namespace and name, split at the first dot: a namespace has none     |
| `agents/greeter`              | kind and name, if what is before the slash names a kind ...          |
| `default/weather-tool`        | ... and namespace and name if it does not                            |

The canonical form is the object; `shorthand` rewrites the others into it with `read`. What is none of
these is a malformed reference (MA123), and so is one whose kind is not the kind its place asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors
from mastractl.resources.jsontypes import objects
from mastractl.resources.resource import DEFAULT_NAMESPACE, GROUP, ResourceKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject

_NAMES = {
    "Agent": ("agents", "agent", "ag"),
    "Tool": ("tools", "tool"),
    "Workflow": ("workflows", "workflow", "wf"),
    "Network": ("networks", "network", "net"),
    "System": ("systems", "system", "sys"),
    "CustomResourceDefinition": ("customresourcedefinitions", "customresourcedefinition", "crd"),
}
_KIND_OF = {name: kind for kind, names in _NAMES.items() for name in names}

CHILD_KINDS = {"agents": "Agent", "tools": "Tool", "workflows": "Workflow", "networks": "Network"}
"""The lists of a System's spec that hold children, and the kind of each."""

STEP_KINDS = {"agent": "Agent", "tool": "Tool", "workflow": "Workflow", "network": "Network"}
"""The fields of a Workflow step that hold a reference, and the kind each asks for."""


class Reference(NamedTuple):
    """What a reference means at the place where it stands: nothing is left implicit."""

    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> ResourceKey:
        """The key of the resource it names."""
        return ResourceKey(GROUP, self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        """`agent.mastra.ai/cooking/recipe-assistant`."""
        return str(self.key)


def kind_named(word: str) -> str:
    """The bundled kind that a plural, singular or short name means, in any case; "" for other words.

    A name may carry the group: `agents.mastra.ai`.
    """
    name, _, group = word.lower().partition(".")
    return _KIND_OF.get(name, "") if group in {"", GROUP} else ""


def read(text: str) -> JsonObject | None:
    """A reference text as its canonical object; None where it is malformed.

    Only what the text says is in the object: `agents/greeter` has a kind and no namespace.
    """
    head, slash, tail = text.partition("/")
    if slash:
        if not head or not tail or "/" in tail:
            return None
        if kind := kind_named(head):
            return {"kind": kind, "name": tail}
        return None if "." in head else {"namespace": head, "name": tail}
    head, dot, tail = text.partition(".")
    if dot:
        return {"namespace": head, "name": tail} if head and tail else None
    return {"name": text} if text else None


def parse_reference(value: Any, *, slot_kind: str, namespace: str) -> Reference:
    """What a reference means in a place that asks for `slot_kind`, in a resource of `namespace`.

    `value` is a text or an object `{name, namespace?, kind?}`. A kind that the reference states is kept
    even where the place asks for another: `faults` reports that. Raises Invalid with one cause (MA123,
    empty path) for anything else.
    """
    found = read(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not _well_formed(found):
        cause = _malformed(value, slot_kind, ())
        raise errors.Invalid(cause.message, hint=cause.hint, causes=[cause])
    stated = found.get("kind") or slot_kind
    return Reference(
        kind=kind_named(stated) or stated,
        namespace=found.get("namespace") or namespace or DEFAULT_NAMESPACE,
        name=found["name"],
    )


def references_of(resource: Resource) -> list[tuple[FieldPath, Reference]]:
    """Every reference of a resource in its canonical form, with the path of the value that holds it.

    An entry of `tools` or `agents` without a `ref` refers to the resource of its own name; its path is
    that of `name`. Names inside a System are looked for among its children first, so a reference that
    a child satisfies is left out: nothing outside the System is meant. Malformed references are left
    out too; `faults` reports them.
    """
    namespace = resource.namespace or DEFAULT_NAMESPACE
    children = _children(resource)
    found = []
    for path, slot_kind, value in _slots(resource.kind, resource.document):
        if _bare(value):
            reference = Reference(slot_kind, value.get("namespace") or namespace, value["name"])
        elif _is_reference(value):
            reference = parse_reference(value, slot_kind=slot_kind, namespace=namespace)
        else:
            continue
        if reference not in children:
            found.append((path, reference))
    return found


def calls_of(resource: Resource) -> list[tuple[ResourceKey, FieldPath, ResourceKey]]:
    """Which workflow runs which: (the one, the path of the reference, the other), a System's included.

    A child of a System counts as a Workflow of its name in the System's namespace: it is looked for first.
    """
    if resource.kind not in {"Workflow", "System"}:
        return []
    namespace = resource.namespace or DEFAULT_NAMESPACE
    found = []
    for path, slot_kind, value in _slots(resource.kind, resource.document):
        if slot_kind != "Workflow" or not _is_reference(value):
            continue
        child = resource.kind == "System"
        name = resource.spec["workflows"][path[2]].get("name", "") if child else resource.name
        caller = ResourceKey(GROUP, "Workflow", namespace, str(name))
        found.append((caller, path, parse_reference(value, slot_kind=slot_kind, namespace=namespace).key))
    return found


def children_of(resource: Resource) -> list[tuple[FieldPath, ResourceKey]]:
    """The children of a System as resources, each with the path of its name; empty for other kinds."""
    if resource.kind != "System":
        return []
    namespace = resource.namespace or DEFAULT_NAMESPACE
    return [
        (("spec", field, i, "name"), ResourceKey(GROUP, kind, namespace, name))
        for field, kind in CHILD_KINDS.items()
        for i, child in objects(resource.spec.get(field))
        if isinstance(name := child.get("name"), str)
    ]


def faults(kind: str, document: JsonObject) -> list[errors.Cause]:
    """The malformed references of a document in its canonical form (MA123); empty where all is well.

    A text that `shorthand` could not read still stands where the object should be; so does a reference
    whose stated kind is not the kind its place asks for. Values that are neither text nor object are
    left to the schema.
    """
    causes = []
    for path, slot_kind, value in _slots(kind, document):
        if _bare(value):
            continue
        if isinstance(value, str) and not _is_reference(value):
            causes.append(_malformed(value, slot_kind, path))
        elif _is_reference(value):
            stated = parse_reference(value, slot_kind=slot_kind, namespace="").kind
            if stated != slot_kind:
                causes.append(_other_kind(stated, slot_kind, path))
    return causes


def _well_formed(value: JsonObject) -> bool:
    name, others = value.get("name"), (value.get("namespace", ""), value.get("kind", ""))
    return isinstance(name, str) and bool(name) and all(isinstance(o, str) for o in others)


def _bare(value: Any) -> bool:
    """Whether a reference is an object that states no kind: nearly all are, and are quickly understood."""
    return (
        type(value) is dict
        and "kind" not in value
        and type(value.get("name")) is str
        and value["name"] != ""
        and type(value.get("namespace", "")) is str
    )


def _is_reference(value: Any) -> bool:
    if isinstance(value, str):
        value = read(value)
    return isinstance(value, dict) and _well_formed(value)


def _malformed(value: Any, slot_kind: str, path: FieldPath) -> errors.Cause:
    low = slot_kind.lower()
    return errors.Cause(
        code="MA123",
        path=path,
        message=f"{value!r} is no reference to {_article(slot_kind)}",
        hint=f"write `name`, `namespace.name`, `{low}s/name` or an object with `name` and `namespace`",
    )


def _other_kind(stated: str, slot_kind: str, path: FieldPath) -> errors.Cause:
    return errors.Cause(
        code="MA123",
        path=path,
        message=f"the reference names {_article(stated)}, but {_article(slot_kind)} belongs here",
        hint=f"refer to {_article(slot_kind)}, or move the reference to where {_article(stated)} belongs",
    )


def _article(kind: str) -> str:
    return f"{'an' if kind[:1] in 'AEIOU' else 'a'} {kind}"


def _slots(kind: str, document: JsonObject) -> Iterable[tuple[FieldPath, str, Any]]:
    """Each place of a document that holds a reference: (path, the kind it asks for, the value there)."""
    walk = _WALKS.get(kind)
    return () if walk is None else walk(_object(document.get("spec")), ("spec",))


def _agent_slots(spec: JsonObject, at: FieldPath) -> Iterable[tuple[FieldPath, str, Any]]:
    return _entry_slots(spec["tools"], (*at, "tools"), "Tool") if "tools" in spec else ()


def _network_slots(spec: JsonObject, at: FieldPath) -> Iterable[tuple[FieldPath, str, Any]]:
    return _entry_slots(spec["agents"], (*at, "agents"), "Agent") if "agents" in spec else ()


def _workflow_slots(spec: JsonObject, at: FieldPath) -> Iterable[tuple[FieldPath, str, Any]]:
    return _step_slots(spec.get("steps"), (*at, "steps"))


def _system_slots(spec: JsonObject, at: FieldPath) -> Iterator[tuple[FieldPath, str, Any]]:
    for field, kind in CHILD_KINDS.items():
        walk = _WALKS.get(kind)
        for i, child in objects(spec.get(field)):
            if walk is not None:
                yield from walk(_object(child.get("spec")), (*at, field, i, "spec"))


def _entry_slots(entries: Any, at: FieldPath, kind: str) -> Iterator[tuple[FieldPath, str, Any]]:
    for i, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, str):
            yield (*at, i), kind, entry
        elif isinstance(entry, dict) and "ref" in entry:
            yield (*at, i, "ref"), kind, entry["ref"]
        elif isinstance(entry, dict) and "name" in entry:
            yield (*at, i, "name"), kind, {"name": entry["name"]}


def _step_slots(steps: Any, at: FieldPath) -> Iterator[tuple[FieldPath, str, Any]]:
    for i, step in objects(steps):
        for field, kind in STEP_KINDS.items():
            if field in step:
                yield (*at, i, field), kind, step[field]
        for j, branch in objects(_object(step.get("parallel")).get("branches")):
            yield from _step_slots(branch.get("steps"), (*at, i, "parallel", "branches", j, "steps"))


_WALKS = {
    "Agent": _agent_slots,
    "Network": _network_slots,
    "Workflow": _workflow_slots,
    "System": _system_slots,
}


def _children(resource: Resource) -> Collection[Reference]:
    if resource.kind != "System":
        return ()
    namespace = resource.namespace or DEFAULT_NAMESPACE
    return {
        Reference(kind, namespace, name)
        for field, kind in CHILD_KINDS.items()
        for _, child in objects(resource.spec.get(field))
        if isinstance(name := child.get("name"), str)
    }


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
