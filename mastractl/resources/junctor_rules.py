"""What may stand inside allOf, anyOf, oneOf and not: the other half of what makes a schema structural.

A junctor holds conditions on values and nothing else: what a field is, is said once, outside of it. The rules
are those of apiextensions.k8s.io/v1 (`schema/validation.go`, `schema/complete.go`). Where Kubernetes itself
looks only at the junctors of the root (that every field is also described outside), a junctor further in
gets a warning for what it names in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import patterns
from mastractl.resources.schema_forms import broken, remark
from mastractl.resources.schema_words import JUNCTORS, PRESERVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.values import JsonObject

_ONLY_OUTSIDE = frozenset(("additionalProperties", "default", "title", "description", "nullable", "type"))
_ANYTHING: JsonObject = {PRESERVE: True}
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]


def junctor_causes(schema: JsonObject, path: FieldPath, *, root: bool) -> Iterator[Cause]:
    """The rules that the junctors of a schema node break. `root` says that it is that of the document."""
    for at, branch in _branches(schema, path):
        if not _is_int_or_string_form(schema, at[len(path) :]):
            yield from _branch(branch, schema, at, root=root)


def value_causes(schema: JsonObject, path: FieldPath) -> Iterator[Cause]:
    """The rules for conditions on values, inside junctors and outside."""
    if schema.get("uniqueItems") is True:
        yield broken(
            "uniqueItems: true is not allowed",
            (*path, "uniqueItems"),
            hint="use x-kubernetes-list-type: set",
        )
    if "pattern" in schema:
        try:
            patterns.matcher(schema["pattern"])
        except ValueError as error:
            yield broken(f"is no regular expression: {error}", (*path, "pattern"))
    if schema.get("multipleOf", 1) <= 0:
        yield broken("must be greater than 0", (*path, "multipleOf"))


def _branches(schema: JsonObject, path: FieldPath) -> Iterator[tuple[FieldPath, JsonObject]]:
    for word in JUNCTORS:
        for index, branch in enumerate(schema.get(word, ())):
            yield (*path, word, index), branch
    if "not" in schema:
        yield (*path, "not"), schema["not"]


def _is_int_or_string_form(schema: JsonObject, at: FieldPath) -> bool:
    """Whether this is a branch of `anyOf: [{type: integer}, {type: string}]`, where types may be named."""
    return at[0] == "anyOf" and schema["anyOf"] == _INT_OR_STRING


def _branch(branch: JsonObject, outside: JsonObject, path: FieldPath, *, root: bool) -> Iterator[Cause]:
    for word, value in branch.items():
        if _says_what_it_is(word, value):
            message = f"{word} is not allowed inside allOf, anyOf, oneOf and not"
            yield broken(message, (*path, word), hint="write it outside")
    yield from value_causes(branch, path)
    if "additionalProperties" in branch and branch.get("properties"):
        message = "additionalProperties and properties exclude each other"
        yield broken(message, (*path, "additionalProperties"))
    yield from _fields(branch, outside, path, root=root)
    if "items" in branch:
        at = (*path, "items")
        if "items" not in outside:
            yield from _undescribed("items", outside, at, root=root)
        inner = outside.get("items", _ANYTHING)
        yield from _branch(branch["items"], inner, at, root=root and "items" in outside)
    first = path[-2:] == ("allOf", 0)
    for at, nested in _branches(branch, path):
        if not (first and _is_int_or_string_form(branch, at[len(path) :])):
            yield from _branch(nested, outside, at, root=root)


def _says_what_it_is(word: str, value: object) -> bool:
    """Whether a keyword says what a field is. What says nothing (`nullable: false`) may stand anywhere."""
    if word == "additionalProperties":
        return value is not False
    if word in ("default", PRESERVE):
        return value is not None
    return bool(value) and (word in _ONLY_OUTSIDE or word.startswith("x-kubernetes-"))


def _fields(branch: JsonObject, outside: JsonObject, path: FieldPath, *, root: bool) -> Iterator[Cause]:
    for name, child in branch.get("properties", {}).items():
        at = (*path, "properties", name)
        if name == "metadata":
            yield broken("metadata cannot be restricted inside allOf, anyOf, oneOf and not", at)
            continue
        described = outside.get("properties", {}).get(name)
        if described is None:
            yield from _undescribed(name, outside, at, root=root)
            others = outside.get("additionalProperties")
            yield from _branch(child, others if isinstance(others, dict) else _ANYTHING, at, root=False)
        else:
            yield from _branch(child, described, at, root=root)


def _undescribed(name: str, outside: JsonObject, path: FieldPath, *, root: bool) -> Iterator[Cause]:
    if root:
        yield broken(f"{name} must also be described outside", path)
    elif not outside.get(PRESERVE) and not outside.get("additionalProperties"):
        message = f"{name} is not described outside: no value can stand there, so the condition says nothing"
        yield remark(message, path, hint="describe it outside, or leave it out here")
