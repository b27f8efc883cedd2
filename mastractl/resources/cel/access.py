"""Reaching into values: selections, indexes, presence tests, and their optional forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel import types
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.schema_types import ObjectType
from mastractl.resources.cel.types import DYN
from mastractl.resources.cel.values import MISSING, Maybe, UInt, key_of, no_overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.code import Code, Frame, Run
    from mastractl.resources.cel.types import Type

    Convert = Callable[[Any], Any]


class Member(NamedTuple):
    """A field that can be selected: its type, key and conversion. Null means absent if it is described."""

    type: Type
    key: str
    described: bool = False
    convert: Convert | None = None


def member(kind: Type, field: str, at: int) -> Member:
    """The field of that name in values of a type. Raises CelError where there can be none."""
    if isinstance(kind, ObjectType):
        found = kind.fields.get(field)
        if found is None:
            raise CelError(_unknown(kind, field), at)
        return Member(found.type, found.key, described=True, convert=found.convert)
    if kind.name == "map":
        if not types.fits(kind.args[0], types.STRING, {}):
            message = f"the keys of this map are of type {kind.args[0]}, so .{field} selects nothing"
            raise CelError(message, at)
        return Member(kind.args[1], field)
    if kind.name in types.OPEN:
        return Member(DYN, field)
    message = f"a value of type {kind} has no fields, so .{field} selects nothing"
    raise CelError(message, at)


def _unknown(kind: ObjectType, field: str) -> str:
    from mastractl.spelling import nearest  # noqa: PLC0415 - for messages only

    near = nearest(field, kind.fields)
    known = ", ".join(list(kind.fields)[:8]) + (", ..." if len(kind.fields) > 8 else "")
    hint = f'did you mean "{near}"?' if near else f"known fields: {known}" if known else "it describes none"
    return f'undefined field "{field}"; {hint}'


def missing(field: str) -> CelError:
    """What a selection that meets nothing is answered with."""
    return CelError(f"no such key: {field}")


def selection(operand: Code, field: Member) -> Run:
    """`operand.field`."""
    run = operand.run
    key = field.key
    if not field.described:
        return _select_dynamic(run, key) if operand.type.name in types.OPEN else _select_entry(run, key)
    convert = field.convert
    if convert is not None:
        return _select_converted(run, key, convert)
    slot = operand.slot
    return _select_slot(slot, key) if slot else _select_field(run, key)


def _select_slot(slot: int, key: str) -> Run:
    def select(f: Frame) -> Any:
        value = f[slot].get(key)
        if value is None:
            raise missing(key)
        return value

    return select


def _select_field(run: Run, key: str) -> Run:
    def select(f: Frame) -> Any:
        value = run(f).get(key)
        if value is None:
            raise missing(key)
        return value

    return select


def _select_converted(run: Run, key: str, convert: Convert) -> Run:
    def select(f: Frame) -> Any:
        value = run(f).get(key)
        if value is None:
            raise missing(key)
        return convert(value)

    return select


def _select_entry(run: Run, key: str) -> Run:
    def select(f: Frame) -> Any:
        try:
            return run(f)[key]
        except KeyError:
            raise missing(key) from None

    return select


def _select_dynamic(run: Run, key: str) -> Run:
    def select(f: Frame) -> Any:
        value = run(f)
        if type(value) is Maybe:
            return _in_maybe(value, key)
        if type(value) is not dict:
            raise no_overload()
        if key not in value:
            raise missing(key)
        return value[key]

    return select


def _in_maybe(value: Maybe, key: Any) -> Maybe:
    return looked_up(value.value, key) if value.found else MISSING


def presence(operand: Code, field: Member) -> Run:
    """`has(operand.field)`."""
    run, key = operand.run, field.key
    slot = operand.slot
    if field.described and slot:
        return lambda f: f[slot].get(key) is not None
    if field.described:
        return lambda f: run(f).get(key) is not None

    def has(f: Frame) -> bool:
        value = run(f)
        if type(value) is Maybe:
            return _in_maybe(value, key).found
        if type(value) is not dict:
            raise no_overload()
        return key in value

    return has


def optional_selection(operand: Code, field: Member) -> Run:
    """`operand.?field`, where the operand may itself be optional."""
    run, key, convert = operand.run, field.key, field.convert

    def select(f: Frame) -> Maybe:
        value = run(f)
        if type(value) is Maybe:
            if not value.found:
                return MISSING
            value = value.value
        if type(value) is not dict:
            raise no_overload()
        found = value.get(key, MISSING)
        if found is MISSING or (found is None and field.described):
            return MISSING
        return Maybe(found if convert is None else convert(found))

    return select


def looked_up(value: Any, key: Any) -> Maybe:
    """The item or entry, if there is one. Raises CelError for what has neither."""
    try:
        return Maybe(item_of(value, key))
    except IndexError:
        return MISSING


def item_of(value: Any, key: Any) -> Any:
    """The item or entry. Raises IndexError where there is none, CelError where there can be none."""
    kind = type(value)
    if kind is list:
        index = _index(key)
        if 0 <= index < len(value):
            return value[index]
        raise IndexError
    if kind is dict:
        key = key_of(key)
        if key not in value:
            raise IndexError
        return value[key]
    raise no_overload()


def _index(key: Any) -> int:
    if type(key) is int or type(key) is UInt:
        return int(key)
    if type(key) is float:
        if key.is_integer():
            return int(key)
        message = f"invalid index: {key}"
        raise CelError(message)
    raise no_overload()


def indexing(operand: Code, key: Code) -> Run:
    """`operand[key]`."""
    run, at = operand.run, key.run

    def index(f: Frame) -> Any:
        value = run(f)
        where = at(f)
        if type(value) is Maybe:
            return _in_maybe(value, where)
        try:
            return item_of(value, where)
        except IndexError:
            what = "index out of bounds" if type(value) is list else "no such key"
            message = f"{what}: {where}"
            raise CelError(message) from None

    return index


def optional_indexing(operand: Code, key: Code) -> Run:
    """`operand[?key]`, where the operand may itself be optional."""
    run, at = operand.run, key.run

    def index(f: Frame) -> Maybe:
        value = run(f)
        where = at(f)
        return _in_maybe(value, where) if type(value) is Maybe else looked_up(value, where)

    return index


def item_type(kind: Type, key: Type, at: int) -> Type:
    """The type of `value[key]`. Raises CelError where a value of the type has no items."""
    if kind.name in types.OPEN:
        return DYN
    if kind.name == "list":
        if key.name not in types.OPEN and key.name != "int":
            message = f"a list is indexed by int, not by {key}"
            raise CelError(message, at)
        return kind.args[0]
    if kind.name == "map":
        if not types.fits(kind.args[0], key, {}):
            message = f"the keys of this map are of type {kind.args[0]}, not {key}"
            raise CelError(message, at)
        return kind.args[1]
    message = f"a value of type {kind} cannot be indexed"
    raise CelError(message, at)
