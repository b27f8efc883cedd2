"""Parts of JSON Schemas that occur more than once are said once, under `definitions`, and referred to.

What fields mean stays where the fields are, in front of an editor's eyes: parts that differ in nothing but
their description are one part. Draft-07 looks at nothing beside a `$ref`, so that a reference with a
description is an `allOf` of one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.values import JsonObject

_ONE = frozenset(("items", "additionalProperties", "propertyNames", "not"))
_SEVERAL = frozenset(("anyOf", "allOf", "oneOf"))
_NAMED = frozenset(("properties",))
_BELOW = {"items": "item", "additionalProperties": "value"}
"""What a part is called after the place it was met at: `spec.tools.item`."""

_SHORT = 80
"""Characters up to which a part is not worth a reference."""


def shared(definitions: JsonObject) -> JsonObject:
    """Draft-07 schemas by their names, and those of their parts that they share: after them, by their places.

    What is valid by a schema is so by what is made of it here. The names depend on the schemas alone.
    """
    parts = _Parts()
    roots = {name: parts.known(schema, (name,)) for name, schema in definitions.items()}
    names: dict[int, str] = {}
    taken = set(definitions)
    for number in parts.worth_sharing():
        names[number] = _free(".".join(parts.met[number]), taken)
    whole = {name: parts.spelled(part, names, inline=True) for name, part in roots.items()}
    return whole | {name: parts.spelled(_Part("", n), names, inline=True) for n, name in names.items()}


class _Part(NamedTuple):
    """A schema: its description, and the number of all the rest, which is the same for equal ones."""

    description: Any
    number: int


class _Parts:
    """All parts of some schemas. `met` is the shortest place each was met at."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._bodies: list[JsonObject] = []
        self._used: list[int] = []
        self._sizes: list[int] = []
        self.met: list[tuple[str, ...]] = []

    def known(self, schema: JsonObject, place: tuple[str, ...]) -> _Part:
        """The part that a schema is, and with it all parts below it."""
        body: JsonObject = {}
        for word, value in schema.items():
            if word in _ONE and isinstance(value, dict):
                body[word] = self.known(value, (*place, _BELOW.get(word, word)))
            elif word in _SEVERAL:
                body[word] = [self.known(each, place) for each in value]
            elif word in _NAMED:
                body[word] = {name: self.known(each, (*place, _plain(name))) for name, each in value.items()}
            elif word != "description":
                body[word] = value
        key = json.dumps(body, sort_keys=True)
        number = self._numbers.setdefault(key, len(self._bodies))
        if number == len(self._bodies):
            self._bodies.append(body)
            self._used.append(0)
            self._sizes.append(len(key) + sum(self._sizes[below.number] for below in _below(body)))
            self.met.append(place)
            for below in _below(body):
                self._used[below.number] += 1
        elif len(place) < len(self.met[number]):
            self.met[number] = place
        return _Part(schema.get("description", ""), number)

    def worth_sharing(self) -> Iterator[int]:
        """The parts that occur more than once and are long, those first that were met first."""
        for number, used in enumerate(self._used):
            if used > 1 and self._sizes[number] > _SHORT:
                yield number

    def spelled(self, part: _Part, names: dict[int, str], *, inline: bool = False) -> JsonObject:
        """The schema of a part again, with references to those below it that have names."""
        about = {"description": part.description} if part.description else {}
        if part.number in names and not inline:
            reference = {"$ref": f"#/definitions/{names[part.number]}"}
            return {**about, "allOf": [reference]} if about else reference
        body = self._bodies[part.number]
        out: JsonObject = about
        for word, value in body.items():
            if isinstance(value, _Part):
                out[word] = self.spelled(value, names)
            elif word in _SEVERAL:
                out[word] = [self.spelled(each, names) for each in value]
            elif word in _NAMED:
                out[word] = {name: self.spelled(each, names) for name, each in value.items()}
            else:
                out[word] = value
        return out


def _below(body: JsonObject) -> Iterator[_Part]:
    for word, value in body.items():
        if isinstance(value, _Part):
            yield value
        elif word in _SEVERAL:
            yield from value
        elif word in _NAMED:
            yield from value.values()


def _plain(name: str) -> str:
    """A field's name as part of another name, without what a pointer or an address would need escaped."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def _free(name: str, taken: set[str]) -> str:
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free
