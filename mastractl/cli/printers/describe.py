"""`describe`: everything about one resource, for people.

Generic over kinds: the fields come in the order of the kind's schema, and what the schema does not know
follows as it stands. Conditions are a table, references say what became of them, text of several lines
is a block. Nothing a resource holds can break a line or reach the terminal as a control sequence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mastractl import clock, errors, values
from mastractl.cli.printers.layout import Layout, display_width
from mastractl.cli.printers.palette import paint
from mastractl.resources import conditions as conditions_
from mastractl.resources.columns import INVALID, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject

_NONE = "<none>"
_UNSET = "<unset>"
_ACRONYMS = {"api": "API", "id": "ID", "mcp": "MCP", "uid": "UID", "uri": "URI", "url": "URL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceState:
    """A reference of the resource and what became of it: `state` is a word such as `found` or `missing`."""

    path: FieldPath
    target: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """Something that happened to the resource, `at` a time in epoch seconds."""

    type: str
    reason: str
    at: float
    message: str


def describe(  # noqa: PLR0913 - what a store knows of a resource
    resource: Resource,
    *,
    now: float,
    schema: JsonObject | None = None,
    references: Sequence[ReferenceState] = (),
    notes: Sequence[str] = (),
    events: Sequence[EventLine] | None = None,
    color: bool = False,
) -> str:
    """The text about a resource, with its final newline.

    `schema` is that of the whole document and gives the order and the names of the fields; `notes` are
    lines a store has to say about the resource, such as an edit it could not take in; `events` are what
    happened to it, the oldest first, None to leave them out; `now` is in epoch seconds.
    """
    shape = _properties(schema or {})
    status = {key: value for key, value in resource.status.items() if key != "conditions"}
    lines = [
        *_head(resource, now),
        *_section("Spec", resource.spec, shape.get("spec")),
        *_others(resource, shape),
        *_section("Status", status, shape.get("status")),
        *_conditions(resource, now, color=color),
        *_references(references, color=color),
    ]
    if notes:
        lines += ["Notes:", *(f"  {harmless(note)}" for note in notes)]
    if events is not None:
        lines += _events(events, now) or [f"Events:  {_NONE}"]
    return "\n".join(lines) + "\n"


def _head(resource: Resource, now: float) -> Iterator[str]:
    rows: list[tuple[str, list[str]]] = [("Name", [resource.name])]
    if resource.namespace:
        rows.append(("Namespace", [resource.namespace]))
    rows += [
        ("Labels", _pairs(resource.labels, "=")),
        ("Annotations", _pairs(resource.annotations, ": ")),
        ("API Version", [resource.api_version]),
        ("Kind", [resource.kind]),
        ("UID", [resource.uid or _UNSET]),
        ("Created", [_moment(resource.creation_timestamp, now)]),
    ]
    if resource.deletion_timestamp:
        rows.append(("Deleted", [_moment(resource.deletion_timestamp, now)]))
        rows.append(("Finalizers", [str(f) for f in resource.finalizers] or [_NONE]))
    if resource.owner_references:
        rows.append(("Owned By", [_owner(o) for o in resource.owner_references if isinstance(o, dict)]))
    if resource.generation:
        rows.append(("Generation", [str(resource.generation)]))
    width = max(len(label) for label, _ in rows) + 3
    for label, texts in rows:
        for number, text in enumerate(texts):
            yield (f"{label}:" if number == 0 else "").ljust(width) + harmless(text)


def _pairs(pairs: dict[str, Any], sign: str) -> list[str]:
    return [f"{key}{sign}{value}" for key, value in sorted(pairs.items())] or [_NONE]


def _owner(owner: JsonObject) -> str:
    return f"{owner.get('kind', '')}/{owner.get('name', '')}" + (
        " (controller)" if owner.get("controller") else ""
    )


def _moment(timestamp: str, now: float) -> str:
    """A time with its age: `2026-11-21T08:30:00Z (5m ago)`."""
    if not timestamp:
        return _UNSET
    return f"{timestamp} ({_age(timestamp, now)} ago)"


def _age(timestamp: Any, now: float) -> str:
    try:
        return clock.age(now - clock.parse_rfc3339(timestamp))
    except (ValueError, TypeError):
        return INVALID


def _others(resource: Resource, shape: JsonObject) -> Iterator[str]:
    """What a document holds beside metadata, spec and status; kinds without a spec live here."""
    known = {"apiVersion", "kind", "metadata", "spec", "status"}
    rest = {key: value for key, value in resource.document.items() if key not in known}
    return _object(rest, {"properties": shape}, "")


def _section(title: str, value: JsonObject, schema: Any) -> Iterator[str]:
    if value:
        yield f"{title}:"
        yield from _object(value, schema if isinstance(schema, dict) else {}, "  ")


def _properties(schema: JsonObject) -> JsonObject:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _ordered(value: JsonObject, properties: JsonObject) -> list[str]:
    """The keys of an object: those the schema names in its order, then the others in theirs."""
    return [key for key in properties if key in value] + [key for key in value if key not in properties]


def _object(value: JsonObject, schema: JsonObject, indent: str) -> Iterator[str]:
    """The fields of an object; the values of its plain ones stand in one column."""
    properties = _properties(schema)
    others = schema.get("additionalProperties")  # the schema of the values, where the object is a map
    labels = {key: _label(key, known=key in properties) for key in _ordered(value, properties)}
    width = max((display_width(labels[k]) for k in labels if not _is_block(value[k])), default=0)
    for key, label in labels.items():
        if _is_block(value[key]):
            yield f"{indent}{label}:"
            yield from _block(value[key], properties.get(key, others), indent + "  ")
        else:
            yield f"{indent}{label}: {' ' * (width - display_width(label))} {_plain(value[key])}"


def _block(value: Any, schema: Any, indent: str) -> Iterator[str]:
    """What takes lines of its own: an object, a list or a text of several lines."""
    shape: JsonObject = schema if isinstance(schema, dict) else {}
    if isinstance(value, dict):
        yield from _object(value, shape, indent)
    elif isinstance(value, list):
        for item in value:
            yield from _item(item, shape.get("items"), indent)
    else:
        yield from (f"{indent}{harmless(line)}".rstrip() for line in value.rstrip("\n").split("\n"))


def _item(item: Any, schema: Any, indent: str) -> Iterator[str]:
    """An entry of a list, a dash before it."""
    if not _is_block(item):
        yield f"{indent}- {_plain(item)}"
        return
    for number, line in enumerate(_block(item, schema, indent + "  ")):
        yield f"{indent}- {line[len(indent) + 2 :]}" if number == 0 else line


def _is_block(value: Any) -> bool:
    if isinstance(value, str):
        return "\n" in value.rstrip("\n")
    return isinstance(value, (dict, list)) and bool(value)


def _plain(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, str):
        return harmless(value.rstrip("\n")) if value else '""'
    if isinstance(value, (dict, list)):
        return _NONE
    return values.text(value)


def _label(key: str, *, known: bool) -> str:
    """A field's name as a heading, `maxReplicas` as `Max Replicas`; keys that users chose stay theirs."""
    if not known:
        return harmless(key)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^A-Za-z0-9]+", key)
    return harmless(" ".join(_ACRONYMS.get(w.lower(), w[:1].upper() + w[1:]) for w in words))


def _conditions(resource: Resource, now: float, *, color: bool) -> list[str]:
    rows = [
        [
            harmless(str(c.get("type"))),
            harmless(str(c.get("status", "Unknown"))),
            harmless(str(c.get("reason") or _NONE)),
            _age(c.get("lastTransitionTime"), now) if c.get("lastTransitionTime") else _NONE,
            harmless(" ".join(str(c.get("message") or "").split())),
        ]
        for c in conditions_.conditions(resource)
    ]
    return _table(
        "Conditions", ("Type", "Status", "Reason", "Age", "Message"), rows, painted=1 if color else -1
    )


def _events(events: Sequence[EventLine], now: float) -> list[str]:
    rows = [
        [harmless(e.type), harmless(e.reason), clock.age(now - e.at), harmless(" ".join(e.message.split()))]
        for e in events
    ]
    return _table("Events", ("Type", "Reason", "Age", "Message"), rows, painted=-1)


def _references(references: Sequence[ReferenceState], *, color: bool) -> list[str]:
    rows = [[harmless(errors.format_path(r.path)), harmless(r.target), harmless(r.state)] for r in references]
    return _table("References", ("Field", "Target", "State"), rows, painted=2 if color else -1)


def _table(title: str, header: Sequence[str], rows: list[list[str]], *, painted: int) -> list[str]:
    """A titled table, its header underlined; nothing if there are no rows."""
    if not rows:
        return []
    head = [list(header), ["-" * len(name) for name in header]]
    text = Layout().lines(head + rows, paint={painted: paint} if painted >= 0 else None)
    return [f"{title}:", *(f"  {line}" for line in text.splitlines())]
