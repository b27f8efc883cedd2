"""The short and old spellings of the bundled kinds, added to their JSON Schemas for editors.

`shorthand` rewrites what users write into the canonical form before a schema sees it; an editor's schema
sees it as it is written. So each of its rules has its counterpart here, which lets that form pass as well.
A test holds that whatever `admit` takes, the widened schema takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.references import CHILD_KINDS, STEP_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.values import JsonObject

    Widen = Callable[[JsonObject], None]

_REF_KEYS = ("ref", "refName", "$ref")
_ID: JsonObject = {"type": "string", "minLength": 1}
_NAME = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_WORD: JsonObject = {"type": "string", "pattern": f"^([A-Za-z0-9][-A-Za-z0-9.]*/)?{_NAME}$"}
"""A reference as a text: a name, with its namespace or kind before it."""

_MODEL: JsonObject = {"type": "string", "pattern": r"^[^/:]+[/:][\s\S]"}
"""A model as a text: its provider and its name."""


def widen(kind: str, schema: JsonObject) -> None:
    """Let the schema of the documents of a bundled kind take every form that mastractl takes, in place."""
    change = _SPECS.get(kind)
    if change is not None:
        change(schema["properties"]["spec"])


def _or(schema: JsonObject, *others: JsonObject) -> JsonObject:
    """The schema, or one of others. The description stays outside, where an editor looks for it."""
    rest = {word: value for word, value in schema.items() if word != "description"}
    about = {"description": schema["description"]} if "description" in schema else {}
    return {**about, "anyOf": [rest, *others]}


def _reference(schema: JsonObject) -> JsonObject:
    """A reference: an object, a text, or one of these under a key of its own."""
    nested = [
        {
            "type": "object",
            "required": [key],
            "maxProperties": 1,
            "properties": {key: {"anyOf": [_WORD, schema]}},
        }
        for key in _REF_KEYS
    ]
    return _or(schema, _WORD, *nested)


def _entries(spec: JsonObject, field: str) -> None:
    """`tools` and `agents`: a list of entries, a map of name to entry, or one word."""
    listed = spec["properties"][field]
    entry = listed["items"]
    own = entry["properties"]
    reference = own["ref"]
    own.update({key: _reference(reference) for key in _REF_KEYS})
    own.update({name: reference["properties"][name] for name in ("namespace", "kind")})
    either = {**entry, "anyOf": [{"required": [key]} for key in ("name", *_REF_KEYS)]}
    del either["required"]
    listed["items"] = _or(either, _WORD)
    nameless = {word: value for word, value in either.items() if word != "anyOf"}
    map_of = {
        "type": "object",
        "minProperties": listed.get("minItems", 0),
        "additionalProperties": {"anyOf": [nameless, _WORD, {"type": "null"}]},
        "not": {"anyOf": [{"required": [key]} for key in ("name", *_REF_KEYS)]},
    }
    spec["properties"][field] = _or(listed, map_of, _WORD)


def _model(owner: JsonObject) -> None:
    owner["properties"]["model"] = _or(owner["properties"]["model"], _MODEL)


def _ids(owner: JsonObject, *fields: str) -> None:
    """Lists of step ids, each of which may be one id."""
    for field in fields:
        if field in owner["properties"]:
            owner["properties"][field] = _or(owner["properties"][field], _ID)


def _renamed(owner: JsonObject, old: str, new: str) -> None:
    """An older name of a field, instead of the one it has now."""
    owner["properties"][old] = owner["properties"][new]
    owner.setdefault("allOf", []).append({"not": {"required": [old, new]}})


def _step(step: JsonObject) -> None:
    own = step["properties"]
    if "agent" not in own:  # deep in branches of branches: any step is let through there
        return
    for field in STEP_KINDS:
        own[field] = _reference(own[field])
    _renamed(step, "agentId", "agent")
    _ids(step, "next")
    _ids(own["transitions"], "true", "false")
    own["transitions"]["properties"]["next"] = own["next"]
    for field in ("switch", "catch"):
        _ids(own[field]["items"], "next")
    branches = own.get("parallel", {}).get("properties", {}).get("branches")
    if branches is not None:
        steps = branches["items"]["properties"]["steps"]
        _step(steps["items"])
        own["steps"] = {**steps, "description": "The branches of a step of `type: parallel`, a step each."}


def _workflow(spec: JsonObject) -> None:
    _step(spec["properties"]["steps"]["items"])
    _ids(spec["properties"]["onError"], "next")


def _tool(spec: JsonObject) -> None:
    _renamed(spec, "parameters", "inputSchema")
    _renamed(spec, "url", "endpoint")
    _renamed(spec["properties"]["functions"]["items"], "parameters", "inputSchema")


def _agent(spec: JsonObject) -> None:
    _entries(spec, "tools")
    _model(spec)


def _network(spec: JsonObject) -> None:
    _entries(spec, "agents")
    _model(spec["properties"]["router"])


def _system(spec: JsonObject) -> None:
    own: dict[str, Any] = spec["properties"]
    _model(own["defaults"])
    for field, kind in CHILD_KINDS.items():
        child = own[field]["items"]
        _SPECS[kind](child["properties"]["spec"])
        nameless = {word: value for word, value in child.items() if word != "required"}
        map_of = {
            "type": "object",
            "propertyNames": {"pattern": f"^{_NAME}$"},
            "additionalProperties": {
                "anyOf": [child["properties"]["spec"], {**nameless, "required": ["spec"]}]
            },
            "not": {"required": ["name"]},
        }
        own[field] = _or(own[field], map_of)


def _definition(spec: JsonObject) -> None:
    """The older form of a definition lets its scope be guessed."""
    if "validation" in spec["properties"]:
        spec["required"] = [name for name in spec["required"] if name != "scope"]


_SPECS: dict[str, Widen] = {"Agent": _agent, "Tool": _tool, "Workflow": _workflow, "Network": _network}
_SPECS["System"] = _system
_SPECS["CustomResourceDefinition"] = _definition
