"""`explain`: the schema of a kind as a manual, in the layout of kubectl."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mastractl import errors, spelling, values
from mastractl.cli.printers import objectmeta
from mastractl.resources import sensitive
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.resources.kinds import Kind, KindRegistry, Version
    from mastractl.values import JsonObject

_INDENT = "    "
_NARROWEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What is to be explained: a kind in one version, or one field of it, as a path of names."""

    kind: Kind
    version: Version
    fields: tuple[str, ...] = ()


def topic(text: str, kinds: KindRegistry, *, api_version: str = "") -> Topic:
    """The topic of `agent`, `agents.mastra.ai`, `agent.spec.model` or `wf.spec.steps[].agent`.

    The longest beginning that names a kind is the kind. `api_version` chooses another version than that
    in which the kind is stored (`v1alpha1`, or with its group). Raises UnknownKind, and NotFound for a
    version that is not served.
    """
    parts = [part.partition("[")[0] for part in text.split(".")]
    for length in range(len(parts), 1, -1):
        if found := kinds.match(".".join(parts[:length])):
            kind = found[0]
            break
    else:
        length, kind = 1, kinds.resolve(parts[0])
    wanted = api_version.rpartition("/")[2]
    version = kind.version(wanted) if wanted else kind.storage_version
    if version is None:
        served = ", ".join(v.name for v in kind.versions if v.served)
        message = f"{kind.qualified_plural} has no version {wanted!r}"
        raise errors.NotFound(message, hint=f"served are: {served}")
    return Topic(kind=kind, version=version, fields=tuple(parts[length:]))


def explain(asked: Topic, *, recursive: bool = False, width: int = 80) -> str:
    """The manual of a kind or a field, wrapped to the width of the terminal.

    `recursive` lists all fields below with their types, without descriptions. Raises NotFound, with the
    nearest name, for a field there is not.
    """
    schema, required = _schema(asked)
    width = max(width, _NARROWEST)
    lines = [
        *([f"GROUP:      {asked.kind.group}"] if asked.kind.group else []),
        f"KIND:       {asked.kind.kind}",
        f"VERSION:    {asked.version.name}",
        "",
    ]
    if asked.fields:
        lines += [f"FIELD: {asked.fields[-1]} {_type_of(schema, required=required)}", *_heading(schema), ""]
    lines += ["DESCRIPTION:", *_paragraphs(schema.get("description"), _INDENT, width), ""]
    if _properties(_inner(schema)):
        below = _tree(_inner(schema), "  ") if recursive else _fields(_inner(schema), width)
        lines += ["FIELDS:", *below, ""]
    return "\n".join(lines)


def fields(asked: Topic) -> list[tuple[str, str]]:
    """The names of the fields directly below, each with its type. Raises NotFound as `explain` does."""
    return [(name, type_name(child)) for name, child in _properties(_inner(_schema(asked)[0])).items()]


def _schema(asked: Topic) -> tuple[JsonObject, bool]:
    """The schema of what is asked for, and whether it is a required field. Raises NotFound."""
    schema = _marked(_whole(asked.version.schema), asked.version.sensitive)
    required = False
    for depth, name in enumerate(asked.fields):
        parent = _inner(schema)
        schema = _child(parent, name, where=(asked.kind.singular, *asked.fields[:depth]))
        required = name in (parent.get("required") or ())
    return schema, required


def _whole(schema: JsonObject) -> JsonObject:
    """The schema of the document with metadata, which definitions leave out, described."""
    properties = dict(_properties(schema))
    metadata = objectmeta.described()
    own = properties.get("metadata", {})
    if own.get("description"):
        metadata["description"] = own["description"]
    properties["metadata"] = metadata
    return schema | {"properties": properties}


def _marked(schema: JsonObject, places: Iterable[tuple[str | None, ...]]) -> JsonObject:
    """The schema with the keyword at each sensitive field, however its definition names it."""
    if not places:
        return schema
    schema = values.copy(schema)
    for place in places:
        field = schema
        for name in place:
            inner = _inner(field)
            field = _properties(inner).get(name, inner) if name is not None else field
        field[sensitive.MARK] = True
    return schema


def _properties(schema: JsonObject) -> JsonObject:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _inner(schema: JsonObject) -> JsonObject:
    """What stands inside lists and maps: the schema whose fields can be asked for."""
    while not _properties(schema):
        for holder in ("items", "additionalProperties"):
            if isinstance(schema.get(holder), dict):
                schema = schema[holder]
                break
        else:
            break
    return schema


def _child(schema: JsonObject, name: str, *, where: Sequence[str]) -> JsonObject:
    properties = _properties(schema)
    if name in properties:
        child: JsonObject = properties[name]
        return child
    message = f"field {name!r} does not exist in {'.'.join(where)}"
    hint = spelling.hint(name, properties)
    if not hint:
        hint = f"its fields are: {', '.join(properties)}" if properties else "it has no fields described"
    raise errors.NotFound(message, hint=hint)


def type_name(schema: JsonObject) -> str:
    """A type as kubectl writes it: `string`, `[]Object`, `map[string]string`, `IntOrString`, `any`."""
    if schema.get("x-kubernetes-int-or-string"):
        return "IntOrString"
    kind = schema.get("type")
    if kind == "array":
        return f"[]{type_name(schema.get('items') or {})}"
    if kind == "object":
        values_of = schema.get("additionalProperties")
        if isinstance(values_of, dict) and not _properties(schema):
            return f"map[string]{type_name(values_of)}"
        return str(schema.get("x-mastractl-type", "Object"))
    return kind if isinstance(kind, str) else "any"


def _type_of(schema: JsonObject, *, required: bool) -> str:
    return f"<{type_name(schema)}>" + (" -required-" if required else "")


def _heading(schema: JsonObject) -> Iterator[str]:
    """What else binds the value of the field asked for, a line to each word it may be."""
    enum = _enum(schema)
    if enum:
        yield "ENUM:"
        yield from (harmless(_INDENT + _shown(word)) for word in enum)
    if "default" in schema:
        yield harmless(f"DEFAULT: {_shown(schema['default'])}")
    if schema.get(sensitive.MARK):
        yield f"SENSITIVE: shown as {sensitive.MASK}"


def _facts(schema: JsonObject, indent: str) -> Iterator[str]:
    """What else binds the value of a field in a list of fields."""
    enum = _enum(schema)
    if enum:
        yield harmless(f"{indent}enum: {', '.join(map(_shown, enum))}")
    if "default" in schema:
        yield harmless(f"{indent}default: {_shown(schema['default'])}")
    if schema.get(sensitive.MARK):
        yield f"{indent}sensitive: shown as {sensitive.MASK}"


def _enum(schema: JsonObject) -> list[Any]:
    """The values it, or what stands in its list, may have; empty if any."""
    found = schema.get("enum") or (schema.get("items") or {}).get("enum")
    return found if isinstance(found, list) else []


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else values.text(value)


def _fields(schema: JsonObject, width: int) -> Iterator[str]:
    required = schema.get("required") or ()
    for number, (name, child) in enumerate(_properties(schema).items()):
        if number:
            yield ""
        yield harmless(f"  {name}") + "\t" + _type_of(child, required=name in required)
        yield from _facts(child, "  ")
        yield from _paragraphs(child.get("description"), _INDENT, width)


def _tree(schema: JsonObject, indent: str) -> Iterator[str]:
    required = schema.get("required") or ()
    for name, child in _properties(schema).items():
        yield harmless(f"{indent}{name}") + "\t" + _type_of(child, required=name in required)
        yield from _facts(child, indent)
        yield from _tree(_inner(child), indent + "  ")


def _paragraphs(text: Any, indent: str, width: int) -> Iterator[str]:
    """A description wrapped to the width; its own line breaks stay."""
    for line in (text if isinstance(text, str) and text.strip() else "<empty>").strip().split("\n"):
        wrapped = textwrap.wrap(harmless(line), width, initial_indent=indent, subsequent_indent=indent)
        yield from wrapped or [""]
