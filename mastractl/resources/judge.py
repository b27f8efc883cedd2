"""The judge: jsonschema, with the words of structural schemas added to its vocabulary.

Nothing else imports jsonschema, and this module is only imported when a document is not plainly valid: the
import costs more than everything else a small command does. Where the compiled pass says no, the causes of
the rejection come from here; a property test holds that the two never disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import create, extend, validator_for

from mastractl.errors import Cause
from mastractl.resources import fault_limit, formats, metadata, patterns
from mastractl.resources.constraints import map_keys, repeated
from mastractl.resources.jsontypes import equal, has_type, is_multiple, is_number
from mastractl.resources.ratcheting import Correlation
from mastractl.resources.schema_words import EMBEDDED, INT_OR_STRING
from mastractl.resources.verdicts import Fault, causes_of
from mastractl.values import copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

    Keyword = Callable[[Any, Any, Any, JsonObject], Iterator[ValidationError]]


def judge(schema: JsonObject, document: Any, old: JsonObject | None = None) -> list[Cause]:
    """Everything that is wrong with a document, already pruned and defaulted, under a structural schema.

    The causes stand in the order of the document's fields as the schema names them. With `old`, what stood in
    its place, only those that speak of what changed (`ratcheting`); where that held an item twice already,
    items may be there twice, as Kubernetes has it.
    """
    if old is None:
        return _causes(_Judge(schema).iter_errors(document), ())
    if equal(document, old):
        return []
    own = copy(document)
    found = _causes(_Tolerant(Correlation(schema, own, old)).judge(schema).iter_errors(own), ())
    if any(cause.code == "MA107" for cause in found):
        repeated_before = any(cause.code == "MA107" for cause in judge(schema, old))
        found = [cause for cause in found if not (repeated_before and cause.code == "MA107")]
    return found


class _Tolerant:
    """The keywords that lead further down, passing over every part of a document that is what it was."""

    def __init__(self, correlation: Correlation) -> None:
        self._unchanged = correlation.unchanged

    def judge(self, schema: JsonObject) -> Any:
        """The judge of a schema."""
        words = {
            "properties": self._properties,
            "additionalProperties": self._additional,
            "items": self._items,
        }
        return extend(_Judge, words)(schema)  # type: ignore[no-untyped-call]  # the stubs leave it out

    def _properties(
        self, validator: Any, named: Any, instance: Any, _schema: JsonObject
    ) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for name in (name for name in named if name in instance):
                if not self._unchanged(instance, name):
                    yield from validator.descend(instance[name], named[name], path=name, schema_path=name)

    def _additional(
        self, validator: Any, rest: Any, instance: Any, schema: JsonObject
    ) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for name in (n for n in instance if n not in schema.get("properties", {})):
                if not self._unchanged(instance, name):
                    yield from _additional(validator, rest, {name: instance[name]}, schema)

    def _items(self, validator: Any, item: Any, instance: Any, _s: JsonObject) -> Iterator[ValidationError]:
        if isinstance(instance, list):
            for index, each in enumerate(instance):
                if not self._unchanged(instance, index):
                    yield from validator.descend(each, item, path=index)


def _causes(found: Iterable[ValidationError], path: FieldPath) -> list[Cause]:
    """Each cause once; a metaschema reaches the same place in several ways."""
    every = (cause for error in found for cause in causes_of(_fault(error), path))
    return list(dict.fromkeys(fault_limit.first(every)))


def _fault(error: ValidationError) -> Fault:
    """What jsonschema found, without jsonschema's types."""
    return Fault(
        keyword=str(error.validator),
        value=error.validator_value,
        instance=error.instance,
        schema=dict(error.schema) if isinstance(error.schema, Mapping) else {},
        path=tuple(error.relative_path),
        message=error.message,
        branches=_branches(error),
    )


def _branches(error: ValidationError) -> tuple[tuple[Fault, ...], ...]:
    """What speaks against each alternative of an anyOf or oneOf of which none fits."""
    grouped: dict[Any, list[Fault]] = {}
    for each in error.context:
        grouped.setdefault(each.relative_schema_path[0], []).append(_fault(each))
    return tuple(map(tuple, grouped.values()))


def check_json_schema(schema: Any, path: FieldPath = ()) -> list[Cause]:
    """What is wrong with a JSON Schema (MA140), of the draft its `$schema` names, or else of 2020-12."""
    if _depth(schema) > DEPTH_LIMIT:
        message = f"is no JSON Schema: nested deeper than {DEPTH_LIMIT} levels"
        return [Cause(code="MA140", path=path, message=message)]
    draft: Any = Draft202012Validator
    if isinstance(schema, dict):
        draft = validator_for(schema, default=draft)
    found = _causes(draft(draft.META_SCHEMA).iter_errors(schema), path)
    return [cause._replace(code="MA140", message=f"is no JSON Schema: {cause.message}") for cause in found]


DEPTH_LIMIT = 100
"""Levels of objects and lists in a tool's schema; the metaschema goes through about ten calls for each."""


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, children), default=0) if isinstance(value, (dict, list)) else 0


def _null(instance: Any, schema: JsonObject) -> bool:
    return instance is None and schema.get("nullable") is True


def _unless_null(keyword: Keyword) -> Keyword:
    """The keyword, not asked about a null that the schema allows: only `enum` has a say in that."""

    def check(validator: Any, value: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
        if not _null(instance, schema):
            yield from keyword(validator, value, instance, schema)

    return check


def _type(_v: Any, name: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    if schema.get(INT_OR_STRING) is not True and not has_type(instance, name):
        yield ValidationError(f"is not of type {name}")


def _int_or_string(_v: Any, on: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if on is True and not has_type(instance, "string") and not has_type(instance, "integer"):
        yield ValidationError("is neither an integer nor a string")


def _enum(_v: Any, allowed: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if not any(equal(instance, each) for each in allowed):
        yield ValidationError("is not in the enum")


def _minimum(_v: Any, low: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    if is_number(instance) and (
        instance < low or (instance == low and schema.get("exclusiveMinimum") is True)
    ):
        yield ValidationError("is too small")


def _maximum(_v: Any, high: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    if is_number(instance) and (
        instance > high or (instance == high and schema.get("exclusiveMaximum") is True)
    ):
        yield ValidationError("is too large")


def _multiple(_v: Any, step: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if is_number(instance) and not is_multiple(instance, step):
        yield ValidationError("is no multiple")


def _pattern(_v: Any, pattern: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not patterns.matcher(pattern).found(instance):
        yield ValidationError("does not match")


def _format(_v: Any, name: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    check = formats.check(name, _type_name(schema))
    if check is not None and not check(instance):
        yield ValidationError("is not of the format")


def _type_name(schema: JsonObject) -> str:
    return "" if schema.get(INT_OR_STRING) is True else schema.get("type") or ""


def _additional(validator: Any, rest: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        named = schema.get("properties", {})
        for key in (key for key in instance if key not in named):
            if isinstance(rest, dict):
                yield from validator.descend(instance[key], rest, path=key)
            elif rest is not True:
                yield ValidationError("is not allowed", path=(key,))


def _items(validator: Any, item: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if isinstance(instance, list):
        for index, each in enumerate(instance):
            yield from validator.descend(each, item, path=index)


def _list_type(_v: Any, word: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    if not isinstance(instance, list) or word not in ("set", "map"):
        return
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    yield from _repetitions(map_keys(instance, keys) if word == "map" else instance)


def _unique(_v: Any, on: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if on is True and isinstance(instance, list):
        yield from _repetitions(instance)


def _repetitions(items: list[Any]) -> Iterator[ValidationError]:
    for first, later in repeated(items):
        yield ValidationError("is repeated", validator="repeated", path=(later,), validator_value=first)


def _embedded(validator: Any, on: Any, instance: Any, schema: JsonObject) -> Iterator[ValidationError]:
    if on is True and isinstance(instance, dict):
        whole = metadata.resource_schema(schema, embedded=True)
        extra = {word: whole[word] for word in ("properties", "required")}
        yield from validator.descend(instance, extra)
        for field, problem in metadata.type_problems(instance):
            cause = Cause(code="MA110", path=(field,), message=problem)
            yield ValidationError(problem, validator="cause", path=cause.path, validator_value=cause)


def _object_meta(_v: Any, on: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if on is True and isinstance(instance, dict):
        for cause in metadata.metadata_causes(instance, ()):
            yield ValidationError(cause.message, validator="cause", path=cause.path, validator_value=cause)


def _required(_v: Any, names: Any, instance: Any, _schema: JsonObject) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("is missing", validator="missing", validator_value=name)


_standard: Mapping[str, Any] = Draft202012Validator.VALIDATORS
_SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_JUNCTORS = ("allOf", "anyOf", "oneOf", "not")

_VOCABULARY: dict[str, Any] = {
    **{word: _standard[word] for word in (*_SIZES, "properties")},
    **{word: _unless_null(_standard[word]) for word in _JUNCTORS},
    "type": _unless_null(_type),
    INT_OR_STRING: _unless_null(_int_or_string),
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple,
    "pattern": _pattern,
    "format": _format,
    "required": _required,
    "items": _items,
    "additionalProperties": _additional,
    "uniqueItems": _unique,
    "x-kubernetes-list-type": _list_type,
    EMBEDDED: _embedded,
    metadata.MARK: _object_meta,
}

_Judge = create(meta_schema=Draft202012Validator.META_SCHEMA, validators=_VOCABULARY)
