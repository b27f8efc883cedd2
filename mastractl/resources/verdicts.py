"""What the judge's findings say to people: each as causes with path, plain words and advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause, format_path
from mastractl.resources import formats, patterns
from mastractl.resources.jsontypes import shown, type_name
from mastractl.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.values import JsonObject

_MANY = 12
"""Values of an enum that a message lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One keyword of a schema that a value does not meet.

    `value` is the keyword's own; for the keyword `missing` it is the name of the field, for `repeated` the
    index of the first of two equal items, for `cause` a whole cause. `path` leads from the value that was
    judged to what is wrong in it; `instance` is the value that the keyword was asked about. `branches` are
    the faults of each alternative where none of several fits; `message` are the judge's own words, for
    keywords that have no better ones here.
    """

    keyword: str
    value: Any
    instance: Any
    schema: JsonObject
    path: FieldPath
    message: str
    branches: tuple[tuple[Fault, ...], ...] = ()


def causes_of(fault: Fault, at: FieldPath = ()) -> Iterator[Cause]:
    """The causes behind a fault. `at` is where the judged value stands in its document."""
    yield from _VERDICTS.get(fault.keyword, _other)(fault, (*at, *fault.path))


def _other(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    yield _form(path, fault.message)


def _type(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    types = ["integer", "string"] if fault.keyword == "x-kubernetes-int-or-string" else fault.value
    wanted = types if isinstance(types, str) else " or ".join(types)
    if fault.instance is None:
        message = f"null is not allowed here: expected {wanted}"
        yield Cause(code="MA109", path=path, message=message, hint="give it a value or remove the field")
        return
    yield Cause(
        code="MA103",
        path=path,
        message=f"expected {wanted}, found {type_name(fault.instance)}",
        reason="FieldValueTypeInvalid",
        hint=_type_advice(wanted, fault.instance),
    )


_BOOLEAN_WORDS = {
    "true": "true",
    "yes": "true",
    "on": "true",
    "false": "false",
    "no": "false",
    "off": "false",
}


def _type_advice(wanted: str, value: Any) -> str:
    if wanted == "array" and isinstance(value, dict):
        return 'write it as a list, each item after a "- "'
    if wanted == "array":
        return f"write it as a list: [{shown(value)}]"
    if wanted == "string" and not isinstance(value, (dict, list)):
        return f'quote it: "{shown(value)}"'
    if wanted in ("integer", "number") and isinstance(value, str) and value.lstrip("-").isdecimal():
        return f"remove the quotes: {value}"
    if wanted == "boolean" and isinstance(value, str) and value.lower() in _BOOLEAN_WORDS:
        return f"write {_BOOLEAN_WORDS[value.lower()]} without quotes"
    return ""


def _missing(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    message = f'missing required field "{fault.value}"'
    yield Cause(code="MA102", path=(*path, fault.value), message=message, reason="FieldValueRequired")


def _enum(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    allowed, value = fault.value, fault.instance
    listed = ", ".join(map(shown, allowed[:_MANY])) + (", ..." if len(allowed) > _MANY else "")
    only = f"must be {listed}" if len(allowed) == 1 else f"must be one of {listed}"
    near = (
        nearest(value, [each for each in allowed if isinstance(each, str)]) if isinstance(value, str) else ""
    )
    yield Cause(
        code="MA104",
        path=path,
        message=f"{shown(value)} is not allowed: {only}",
        reason="FieldValueNotSupported",
        hint=f'did you mean "{near}"?' if near else "",
    )


def _pattern(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    size, limit = len(fault.instance), patterns.matcher(fault.value).limit
    message = f"{shown(fault.instance)} does not match the pattern {fault.value}"
    if size > limit:
        message = f"has {size} characters, too many to try the pattern {fault.value} on (at most {limit})"
    yield Cause(code="MA105", path=path, message=message)


def _format(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    if not isinstance(fault.instance, str):
        yield _range(path, f"{shown(fault.instance)} does not fit into {fault.value}")
        return
    example = formats.EXAMPLES.get(fault.value.replace("-", ""))
    hint = f"write it like {example}" if example else ""
    message = f"{shown(fault.instance)} is not a valid {fault.value}"
    yield Cause(code="MA105", path=path, message=message, hint=hint)


def _range(path: FieldPath, message: str, reason: str = "FieldValueInvalid") -> Cause:
    return Cause(code="MA106", path=path, message=message, reason=reason)


def _minimum(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    least = "greater than" if fault.schema.get("exclusiveMinimum") is True else "at least"
    yield _range(path, f"must be {least} {fault.value}, found {shown(fault.instance)}")


def _maximum(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    most = "less than" if fault.schema.get("exclusiveMaximum") is True else "at most"
    yield _range(path, f"must be {most} {fault.value}, found {shown(fault.instance)}")


def _multiple(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    yield _range(path, f"must be a multiple of {fault.value}, found {shown(fault.instance)}")


_UNITS = {"Length": "character", "Items": "item", "Properties": "field"}
_TOO_LARGE = {"maxLength": "FieldValueTooLong", "maxItems": "FieldValueTooMany"}


def _size(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    side, unit = fault.keyword[:3], _UNITS[fault.keyword[3:]]
    if side == "min" and fault.value == 1:
        yield _range(path, f"must not be empty: needs at least one {unit}")
        return
    count = f"{fault.value} {unit}{'' if fault.value == 1 else 's'}"
    words = "at least" if side == "min" else "at most"
    reason = _TOO_LARGE.get(fault.keyword, "FieldValueInvalid")
    yield _range(path, f"must have {words} {count}, found {len(fault.instance)}", reason)


def _repeated(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    """`path` ends in the index of the later one, `instance` is the list."""
    item = fault.instance[fault.path[-1]]
    keys: list[str] = fault.schema.get("x-kubernetes-list-map-keys") or []
    by_key = fault.schema.get("x-kubernetes-list-type") == "map" and isinstance(item, dict)
    what, hint, at = shown(item), "", path
    if by_key:
        what = "an item with " + " and ".join(f"{key} {shown(item.get(key))}" for key in keys)
        hint = f"items of this list are told apart by {', '.join(keys)}"
        at = (*path, keys[0]) if len(keys) == 1 and keys[0] in item else path
    message = f"{what} is already in the list, at index {fault.value}"
    yield Cause(code="MA107", path=at, message=message, reason="FieldValueDuplicate", hint=hint)


def _own(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    cause: Cause = fault.value
    yield Cause(code=cause.code, path=path, message=cause.message, hint=cause.hint, at_key=cause.at_key)


def _additional(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    yield _form(path, f'the field "{fault.path[-1]}" is not allowed here', at_key=True)


def _form(path: FieldPath, message: str, *, at_key: bool = False) -> Cause:
    return Cause(code="MA108", path=path, message=message, at_key=at_key)


def _alternatives(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    """None of several forms fits, or more than one where only one may."""
    if not fault.branches:
        yield _several(fault, path)
        return
    missing = list(map(_only_missing, fault.branches))
    ranked = sorted(fault.branches, key=_distance)
    if all(missing):
        count = "exactly one" if fault.keyword == "oneOf" else "at least one"
        listed = ", ".join(" with ".join(fields) for fields in missing)
        yield _form(path, f"needs {count} of these fields: {listed}")
    elif len(ranked) == 1 or _distance(ranked[0]) < _distance(ranked[1]):
        for each in ranked[0]:
            yield from causes_of(each, path)
    else:
        said = dict.fromkeys(_said(branch, path) for branch in fault.branches)
        yield _form(path, f"fits none of the allowed forms: {' - or: '.join(said)}")


def _only_missing(branch: tuple[Fault, ...]) -> list[str]:
    """The fields a branch misses right here, if that is all it has against the value."""
    if all(each.keyword == "missing" and not each.path for each in branch):
        return [f'"{each.value}"' for each in branch]
    return []


def _distance(branch: tuple[Fault, ...]) -> tuple[int, int, int]:
    """How far a value is from a branch: a wrong type or tag at the top tells that another one was meant."""
    wrong_form = sum(_STRANGENESS.get((each.keyword, len(each.path)), 0) for each in branch)
    depth = max(len(each.path) for each in branch)
    return wrong_form, len(branch), -depth


_STRANGENESS = {("type", 0): 3, ("enum", 1): 2, ("enum", 0): 1, ("type", 1): 1}
"""How much a keyword at that depth speaks against a whole branch; an enum at depth 1 is a tag."""


def _said(branch: tuple[Fault, ...], path: FieldPath) -> str:
    """What a branch has against a value, in one line."""
    words = []
    for fault in branch:
        for cause in causes_of(fault, path):
            inner = "" if cause.code == "MA102" else format_path(cause.path[len(path) :])
            words.append(f"{inner} {cause.message}".strip())
    return "; ".join(dict.fromkeys(words))


def _several(fault: Fault, path: FieldPath) -> Cause:
    """More than one alternative of a oneOf fits."""
    names = dict.fromkeys(name for branch in fault.value for name in branch.get("required", ()))
    given = [f'"{name}"' for name in names if isinstance(fault.instance, dict) and name in fault.instance]
    if len(given) > 1:
        return _form(path, f"only one of these fields may be given: {', '.join(given)}")
    return _form(path, "fits more than one of the allowed forms; only one may fit")


def _not(fault: Fault, path: FieldPath) -> Iterator[Cause]:
    refused = fault.value
    fields: list[str] = refused["required"] if refused.keys() == {"required"} else []
    if len(fields) == 1:
        message = f'the field "{fields[0]}" is not allowed here'
    elif fields:
        message = "these fields must not stand together: " + ", ".join(f'"{field}"' for field in fields)
    elif refused.keys() == {"enum"}:
        message = f"must not be {' or '.join(map(shown, refused['enum']))}"
    else:
        message = f"must not match {shown(refused, limit=200)}"
    yield _form(path, message)


_VERDICTS: dict[str, Callable[[Fault, FieldPath], Iterator[Cause]]] = {
    "type": _type,
    "x-kubernetes-int-or-string": _type,
    "missing": _missing,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple,
    **{f"{side}{unit}": _size for side in ("min", "max") for unit in _UNITS},
    "repeated": _repeated,
    "cause": _own,
    "additionalProperties": _additional,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
    "not": _not,
}
