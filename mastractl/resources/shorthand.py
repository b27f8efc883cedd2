"""Shorthand: the short and old spellings of the bundled kinds, rewritten into the one canonical form.

A structural schema gives each field one type, yet people write a reference as a text or an object and a
list of tools as a list, a map or a word (seed 001, and the forms of its implementation). So a document
takes its canonical form before a schema sees it:

| written                                                   | canonical                              |
|-----------------------------------------------------------|----------------------------------------|
| Agent `tools`, Network `agents`: an item with `ref`,      | a list of `{name, ref}`, `ref` an      |
|   `refName` or `$ref`; an item `{name, namespace}`; a     |   object `{kind?, namespace?, name}`   |
|   word; a map of name to any of these; one word alone     |                                        |
| `model: openai/gpt-4o`, `model: openai:gpt-4o`            | `{provider, name}`                     |
| a step's `agent`, `tool`, `workflow`, `network` as a text | an object, as `ref` above              |
| a step's `agentId`                                        | `agent`                                |
| `next` as a text; `transitions.next`                      | `next` as a list                       |
| a step of `type: parallel` with `steps`                   | `parallel.branches`, a step each       |
| a Tool's `parameters`, `url`; a function's `parameters`   | `inputSchema`, `endpoint`              |
| a System's `agents` and the like as a map of name to spec | a list of `{name, spec}`               |

Children of a System follow the rules of their kinds. What the texts of references mean is written in
`references`.

Promises. The document given is never changed; a canonical one is given back as it is, the same object.
Applying the rules twice is applying them once. No field gets lost: where two spellings of one field
meet (`agent` and `agentId`), and where a form makes no sense, the value stays as it stands and the
schema, or `references.faults`, reports it.

A fault found in the canonical form has to be shown where the user wrote it: `written_paths` says where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.references import CHILD_KINDS, STEP_KINDS, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

    Rewrite = Callable[[Any, "Trail | None"], Any]

_REF_KEYS = ("ref", "refName", "$ref")
_REFERENCE_FIELDS = {"kind", "namespace", "name"}


def canonical_form(kind: str, document: JsonObject) -> JsonObject:
    """The document in the canonical form of its bundled kind; itself where nothing is to be rewritten.

    `kind` is the CamelCase kind; the documents of kinds that are not listed here are returned as they are.
    A CustomResourceDefinition has forms of its own: `definitions.upgrade`.
    """
    return _canonical(kind, document, None)


def written_paths(kind: str, document: JsonObject) -> Callable[[FieldPath], FieldPath]:
    """The way back: a function from a path in `canonical_form(kind, document)` to one in `document`.

    Give it the document as the user wrote it, once there is a fault to report; it is the canonical form
    made again, keeping book. A path inside something made from one text is the path of that text: for
    `tools: [cooking.finder]`, `.spec.tools[0].ref.name` is `.spec.tools[0]`. A path that does not exist in
    the canonical form (a missing field) keeps its last parts.
    """
    moves: _Moves = {}
    _canonical(kind, document, Trail((), (), moves))

    def written(path: FieldPath) -> FieldPath:
        for n in range(len(path), 0, -1):
            found = moves.get(path[:n])
            if found is not None:
                origin, whole = found
                return origin if whole else origin + path[n:]
        return path

    return written


_Moves = dict["FieldPath", tuple["FieldPath", bool]]


class Trail:
    """Where a rewrite stands, in the canonical document and in the written one, and what moved so far.

    Rewrites are given None instead when nobody will ask, so that nothing is paid for it.
    """

    __slots__ = ("_canonical", "_moves", "_written")

    def __init__(self, canonical: FieldPath, written: FieldPath, moves: _Moves) -> None:
        self._canonical = canonical
        self._written = written
        self._moves = moves

    def at(self, key: str | int) -> Trail:
        """The trail of a child; it stands where it moved to, and under the same key where it did not."""
        canonical = (*self._canonical, key)
        origin = self._moves.get(canonical)
        return Trail(canonical, origin[0] if origin else (*self._written, key), self._moves)

    def moved(self, *canonical: str | int, written: FieldPath) -> None:
        """What is at that canonical path was written at another; both are seen from here."""
        self._moves[(*self._canonical, *canonical)] = (*self._written, *written), False

    def made(self, *canonical: str | int) -> None:
        """Whatever is at or under that canonical path was made from the one value that stands here."""
        self._moves[(*self._canonical, *canonical)] = self._written, True


def _canonical(kind: str, document: JsonObject, at: Trail | None) -> JsonObject:
    rewrite = _SPECS.get(kind)
    spec = document.get("spec")
    if rewrite is None or not isinstance(spec, dict):
        return document
    new = rewrite(spec, at and at.at("spec"))
    return document if new is spec else {**document, "spec": new}


def _object_of(*fields: tuple[str, Rewrite]) -> Rewrite:
    """A rewrite of an object by its fields; an object of which none changes is given back itself."""

    def rewrite(value: Any, at: Trail | None) -> Any:
        if not isinstance(value, dict):
            return value
        out = value
        for name, rewrite_field in fields:
            old = value.get(name)
            if old is None:
                continue
            new = rewrite_field(old, at and at.at(name))
            if new is not old:
                if out is value:
                    out = dict(value)
                out[name] = new
        return out

    return rewrite


def _list_of(rewrite_item: Rewrite) -> Rewrite:
    """A rewrite of a list by its items; a list of which none changes is given back itself."""

    def rewrite(value: Any, at: Trail | None) -> Any:
        if not isinstance(value, list):
            return value
        out = value
        for i, old in enumerate(value):
            new = rewrite_item(old, at and at.at(i))
            if new is not old:
                if out is value:
                    out = list(value)
                out[i] = new
        return out

    return rewrite


def _renamed(value: JsonObject, old: str, new: str, at: Trail | None) -> JsonObject:
    """An object with a key renamed where it stands; itself if it lacks the old one or has the new one."""
    if old not in value or new in value:
        return value
    if at:
        at.moved(new, written=(old,))
    return {new if key == old else key: item for key, item in value.items()}


def _reference(value: Any, at: Trail | None) -> Any:
    """One reference as an object: a text is read; `{ref: ...}` and its like stand for what they hold."""
    if isinstance(value, dict):
        if len(value) != 1 or "name" in value:
            return value
        ((key, inner),) = value.items()
        wrapped = isinstance(inner, dict) and not inner.keys().isdisjoint(_REF_KEYS)  # once is enough
        found = _reference(inner, None) if key in _REF_KEYS and not wrapped else None
    else:
        found = read(value) if isinstance(value, str) else None
    if not isinstance(found, dict):
        return value
    if at:
        at.made()
    return found


def _entries(value: Any, at: Trail | None) -> Any:
    """A list of named references, from a list, a map of name to reference, or one word.

    A map with the keys of one entry is an entry whose dash was forgotten, not a map of entries.
    """
    if isinstance(value, str) and read(value) is not None:
        if at:
            at.made(0)
        value = [value]
    elif isinstance(value, dict) and value.keys().isdisjoint(("name", *_REF_KEYS)):
        return [
            _named_entry(name, item, _map_item(at, i, name)) for i, (name, item) in enumerate(value.items())
        ]
    return _entry_list(value, at)


def _map_item(at: Trail | None, index: int, name: str) -> Trail | None:
    """The trail of a list item that was written under a name."""
    if at is None:
        return None
    at.moved(index, written=(name,))
    item = at.at(index)
    item.made("name")
    return item


def _named_entry(name: str, item: Any, at: Trail | None) -> JsonObject:
    if item is None:
        return {"name": name}
    if isinstance(item, dict) and "name" not in item:
        if at and item.keys().isdisjoint(_REF_KEYS):
            at.made("ref", "name")
        entry: JsonObject = _entry({"name": name, **item}, at)
        return entry
    if at:
        at.moved("ref", written=())
    return {"name": name, "ref": _reference(item, at and at.at("ref"))}


def _entry(item: Any, at: Trail | None) -> Any:
    if isinstance(item, str):
        ref = read(item)
        if ref is not None and at:
            at.made()
        return item if ref is None else {"name": ref["name"], "ref": ref}
    if not isinstance(item, dict):
        return item
    keys = [key for key in _REF_KEYS if key in item]
    if len(keys) == 1:
        return _referring_entry(item, keys[0], at)
    if not keys and len(item) > 1 and "name" in item and _REFERENCE_FIELDS.issuperset(item):
        if at:
            at.moved("ref", written=())
        return {"name": item["name"], "ref": item}
    return item


def _referring_entry(item: JsonObject, key: str, at: Trail | None) -> JsonObject:
    """An entry with its reference under `ref` as an object, and named for it if it has no name."""
    entry = item if key == "ref" else _renamed(item, key, "ref", at)
    old = entry["ref"]
    ref = _reference(old, at and at.at("ref"))
    if ref is not old:
        entry = {**entry, "ref": ref}
    if "name" in entry or not isinstance(ref, dict) or not isinstance(ref.get("name"), str):
        return entry
    if at:
        at.made("name")
    return {"name": ref["name"], **entry}


def _model(value: Any, at: Trail | None) -> Any:
    """`provider/name` and `provider:name` as an object; the name may hold more of either sign."""
    if not isinstance(value, str):
        return value
    signs = [n for n in (value.find("/"), value.find(":")) if n >= 0]
    provider, name = (value[: min(signs)], value[min(signs) + 1 :]) if signs else ("", value)
    if not name or (signs and not provider):
        return value
    if at:
        at.made()
    return {"provider": provider, "name": name} if signs else {"name": name}


def _texts(value: Any, at: Trail | None) -> Any:
    if not isinstance(value, str):
        return value
    if at:
        at.made()
    return [value]


def _step(value: Any, at: Trail | None) -> Any:
    if not isinstance(value, dict):
        return value
    step = value
    if "agentId" in step:
        step = _renamed(step, "agentId", "agent", at)
    if "transitions" in step:
        step = _own_next(step, at)
    if step.get("type") == "parallel" and "steps" in step:
        step = _own_branches(step, at)
    return _step_fields(step, at)


def _own_next(step: JsonObject, at: Trail | None) -> JsonObject:
    """`transitions.next` as the step's own `next`, unless it has one."""
    transitions = step["transitions"]
    if "next" in step or not isinstance(transitions, dict) or "next" not in transitions:
        return step
    if at:
        at.moved("next", written=("transitions", "next"))
    others = {key: item for key, item in transitions.items() if key != "next"}
    out = {key: others if key == "transitions" else item for key, item in step.items()}
    if not others:
        del out["transitions"]
    out["next"] = transitions["next"]
    return out


def _own_branches(step: JsonObject, at: Trail | None) -> JsonObject:
    """The nested `steps` of a parallel step as branches of one step each, unless it has branches."""
    steps = step["steps"]
    if "parallel" in step or not isinstance(steps, list):
        return step
    if at:
        at.moved("parallel", written=("steps",))
        at.moved("parallel", "branches", written=("steps",))
        for i in range(len(steps)):
            at.moved("parallel", "branches", i, "steps", written=("steps", i))
            at.moved("parallel", "branches", i, "steps", 0, written=("steps", i))
    out = {key: item for key, item in step.items() if key != "steps"}
    out["parallel"] = {"branches": [{"steps": [nested]} for nested in steps]}
    return out


def _tool(spec: Any, at: Trail | None) -> Any:
    if not isinstance(spec, dict):
        return spec
    spec = _renamed(_function(spec, at), "url", "endpoint", at)
    return _tool_fields(spec, at)


def _function(value: Any, at: Trail | None) -> Any:
    return _renamed(value, "parameters", "inputSchema", at) if isinstance(value, dict) else value


def _children_of(kind: str) -> Rewrite:
    """A rewrite of a System's children of one kind: a list of `{name, spec}`, or a map of name to spec."""
    rewrite_list = _list_of(_object_of(("spec", _SPECS[kind])))

    def rewrite(value: Any, at: Trail | None) -> Any:
        if isinstance(value, dict) and "name" not in value:
            value = [
                _child(name, item, _map_item(at, i, name)) for i, (name, item) in enumerate(value.items())
            ]
        return rewrite_list(value, at)

    return rewrite


def _child(name: str, item: Any, at: Trail | None) -> JsonObject:
    """A child from a map: its value is the spec, or an object that holds the spec."""
    if isinstance(item, dict) and "spec" in item and "name" not in item:
        return {"name": name, **item}
    if at:
        at.moved("spec", written=())
    return {"name": name, "spec": item}


_entry_list = _list_of(_entry)
_next = ("next", _texts)
_branches = _list_of(_object_of(("steps", _list_of(_step))))
_step_fields = _object_of(
    *((field, _reference) for field in STEP_KINDS),
    _next,
    ("transitions", _object_of(("true", _texts), ("false", _texts))),
    ("switch", _list_of(_object_of(_next))),
    ("catch", _list_of(_object_of(_next))),
    ("parallel", _object_of(("branches", _branches))),
)
_tool_fields = _object_of(("functions", _list_of(_function)))

_SPECS: dict[str, Rewrite] = {
    "Agent": _object_of(("tools", _entries), ("model", _model)),
    "Tool": _tool,
    "Workflow": _object_of(("steps", _list_of(_step)), ("onError", _object_of(_next))),
    "Network": _object_of(("agents", _entries), ("router", _object_of(("model", _model)))),
}
_SPECS["System"] = _object_of(
    *((field, _children_of(kind)) for field, kind in CHILD_KINDS.items()),
    ("defaults", _object_of(("model", _model))),
)
